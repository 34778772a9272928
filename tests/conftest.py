"""What the tests share: no user folder, no key, no network; real components on small data."""

import gc
import hashlib
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import model_server
import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from model_server import ModelServer
from page_visit import Served, Watch

from benchmarks.chromium import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Before anything of the project is imported: the caller's settings and folders are not the tests'.
for _name in [name for name in os.environ if name.startswith(("OPENAI_", "ASKPAPERS_"))]:
    del os.environ[_name]
_home = tempfile.TemporaryDirectory(prefix="askpapers-tests-")
os.environ |= {"HOME": _home.name, "XDG_DATA_HOME": f"{_home.name}/data", "HF_HUB_OFFLINE": "1"}
os.environ["XDG_CONFIG_HOME"] = f"{_home.name}/config"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Each client of a server reads all certificates, which takes longer than most tests: one will do.
_certificate, _end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
os.environ["SSL_CERT_FILE"] = f"{_home.name}/certificates.pem"
Path(os.environ["SSL_CERT_FILE"]).write_text(_certificate + _end)

# A slow machine is no failure. CI tries the same examples every time, a developer fewer and new ones.
settings.register_profile(
    "askpapers",
    max_examples=60 if "CI" in os.environ else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("askpapers")

from encoders import remember_what_is_encoded  # noqa: E402
from trials import trial  # noqa: E402

from ingest.bundled import BundledSource  # noqa: E402
from ingest.pipeline import ingest  # noqa: E402
from ingest.sources.base import Rejection  # noqa: E402
from ingest.sources.files import FileSource, open_path  # noqa: E402
from rag.checking.trial import register  # noqa: E402
from rag.embedding import embedded_encoder  # noqa: E402
from rag.embedding.base import Encoder  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.library.merge import merge_records  # noqa: E402
from rag.types import Paper  # noqa: E402

remember_what_is_encoded()
ROOT = Path(__file__).parents[1]
PAGES = ROOT.parent / "shared" / "pages"
needs_pages = pytest.mark.skipif(not PAGES.is_dir(), reason="the saved pages are not beside the project")


RUN = 12  # words in a row that nothing of ours shares with an abstract


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1)}


class Halved:
    """Another encoder: the first half of the real one's vectors."""

    name, dimension = "halved", 192

    def __init__(self, encoder):
        self.encoder = encoder

    def encode(self, texts):
        half = self.encoder.encode(texts)[:, : self.dimension]
        return half / np.linalg.norm(half, axis=1, keepdims=True)


@dataclass(frozen=True)
class Listed:
    """A source of papers that are at hand."""

    papers: tuple[Paper | Rejection, ...]
    name: str = "listed"

    def read(self):
        yield from self.papers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tests go first, so that what is broken shows soon."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it again and again."""
    gc.freeze()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real encoder, loaded once."""
    return embedded_encoder()


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Library]:
    """The bundled library; tests only read it. It is built once, and kept for the next run."""
    kept = ROOT / ".pytest_cache" / "bundled"
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / hash_of_what_makes_a_library()
    with FileLock(kept / "lock"):
        if not folder.exists():
            for old in filter(Path.is_dir, kept.iterdir()):
                shutil.rmtree(old)
            building = kept / "building"
            with Library.create(building, encoder) as library:
                ingest(library, [BundledSource()])
            building.rename(folder)
        copy = shutil.copytree(folder, tmp_path_factory.mktemp("bundled") / "library")
    with Library(copy, encoder) as library:
        yield library


def hash_of_what_makes_a_library() -> str:
    """Of the bundled papers, the code that makes a library of them, and the engines that store it."""
    places = ("ingest", "rag/library", "rag/embedding")
    files = [path for place in places for path in (ROOT / place).rglob("*.*") if path.suffix != ".pyc"]
    made_by = hashlib.sha256("".join(map(version, ("chromadb", "onnxruntime", "tantivy"))).encode())
    for path in sorted([*files, *(ROOT / "rag").glob("*.py")]):
        made_by.update(path.read_bytes())
    return made_by.hexdigest()[:16]


@pytest.fixture(scope="session")
def pages() -> dict[str, Paper]:
    """What the five saved pages say of each paper, together."""
    records: dict[str, list[Paper]] = {}
    for page in sorted(PAGES.glob("*.txt")):
        for entry in FileSource(page).read():
            if isinstance(entry, Paper):
                records.setdefault(entry.title, []).append(entry)
    return {title: merge_records(found) for title, found in records.items()}


def write_lines(path: Path, records: Iterable[object]) -> Path:
    """A file with a record a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@contextmanager
def library_of(records: Iterable[object], folder: Path, encoder: Encoder) -> Iterator[Library]:
    """A library below a folder, made of a file there with these records."""
    source = write_lines(folder / "papers.jsonl", records)
    with Library.create(folder / "library", encoder) as library:
        ingest(library, open_path(source))
        yield library


def ledgers(topics: Sequence[str]) -> list[dict[str, str]]:
    """A paper on each topic that says how many entries its ledger holds; the first is of 2011."""
    return [
        {
            "title": f"A Study of {topic}",
            "abstract": f"We count {topic} in the field. A ledger of {topic} holds {number}31 entries. "
            "It cost 12% less.",
            "published": f"{2010 + number}-05-06",
        }
        for number, topic in enumerate(topics, start=1)
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, which is the test's own and not there yet, like that of the configuration."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "home" / "askpapers"


@pytest.fixture
def library(tmp_path: Path, encoder: Encoder) -> Iterator[Library]:
    """An empty library of the test's own."""
    with Library.create(tmp_path / "library", encoder) as library:
        yield library


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Commands that the test starts can be interrupted, though whoever started the tests ignores SIGINT,
    as a shell does in the background: processes inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """A scripted model server; each test says what it plays. Its models have passed the trial of judges."""
    kept = register.trial_of
    with pytest.MonkeyPatch.context() as patch, model_server.running() as server:
        patch.setattr(
            register,
            "trial_of",
            lambda identity: trial(identity) if identity.endswith(server.url) else kept(identity),
        )
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium without a window; playwright keeps an event loop in this thread while it runs."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens pages, each in a browser of its own unless one is given; sees at the end that nothing of
    others has run, nothing was asked for elsewhere and nothing complained."""
    watch = Watch()

    def visit(served: Served, context=None, width: int = 1280, **options) -> "Page":
        context = context or browser.new_context(viewport={"width": width, "height": 900}, **options)
        if context not in watch.contexts:
            watch.contexts.append(context)
        return watch.open(context, served.address)

    visit.forgive, visit.reload = watch.forgive, watch.reload
    yield visit
    hacked = watch.hacked()
    for context in watch.contexts:
        context.close()
    assert not hacked
    watch.check()


@pytest.fixture
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports of runs hold no charts: they take longer to draw than a few questions to answer."""
    for name in ("chart_by_tag", "chart_recall", "chart_seconds"):
        monkeypatch.setattr(f"eval.report.html.{name}", lambda *_: None)


def is_one_line_of_error(done: tuple[int, str, str], *words: str, code: int = 1) -> bool:
    """Whether a command that `run` ran failed with one line that holds these words."""
    ended, out, err = done
    is_line = err.startswith("askpapers: ") and err.endswith("\n") and err.count("\n") == 1
    return (ended, out) == (code, "") and is_line and all(word in err for word in words)


@pytest.fixture
def run(capsys):
    """Run a command in this process: exit code, stdout, stderr."""
    from ui.cli import main

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run

"""What the tests share: no user folder, no key, no network; real components on small data."""

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import model_server
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from model_server import ModelServer

from benchmarks.chromium import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Before anything of the project is imported: the caller's settings and folders are not the tests'.
for _name in [name for name in os.environ if name.startswith(("OPENAI_", "ASKPAPERS_"))]:
    del os.environ[_name]
_home = tempfile.TemporaryDirectory(prefix="askpapers-tests-")
os.environ |= {"HOME": _home.name, "XDG_DATA_HOME": f"{_home.name}/data", "HF_HUB_OFFLINE": "1"}
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# A slow or busy machine is no failure; CI tries the same examples every time, a developer's run new ones.
settings.register_profile(
    "askpapers",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("askpapers")

from ingest.bundled import BundledSource  # noqa: E402
from ingest.pipeline import ingest  # noqa: E402
from ingest.sources.base import Rejection  # noqa: E402
from ingest.sources.files import FileSource  # noqa: E402
from rag.embedding import embedded_encoder  # noqa: E402
from rag.embedding.base import Encoder  # noqa: E402
from rag.library import Library  # noqa: E402
from rag.library.merge import merge_records  # noqa: E402
from rag.types import Paper  # noqa: E402

PAGES = Path(__file__).parents[2] / "shared" / "pages"
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


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real encoder, loaded once."""
    return embedded_encoder()


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Library]:
    """The bundled library, built for real; tests only read it."""
    with Library.create(tmp_path_factory.mktemp("bundled"), encoder) as library:
        ingest(library, [BundledSource()])
        yield library


@pytest.fixture(scope="session")
def pages() -> dict[str, Paper]:
    """What the five saved pages say of each paper, together."""
    records: dict[str, list[Paper]] = {}
    for page in sorted(PAGES.glob("*.txt")):
        for entry in FileSource(page).read():
            if isinstance(entry, Paper):
                records.setdefault(entry.title, []).append(entry)
    return {title: merge_records(found) for title, found in records.items()}


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
    """A scripted model server; each test says what it plays."""
    with model_server.running() as server:
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
def run(capsys):
    """Run a command in this process: exit code, stdout, stderr."""
    from ui.cli import main

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run

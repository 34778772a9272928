"""The shape of the project: who imports whom, what the public face shows, what is never committed."""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import rag

ROOT = Path(__file__).parents[1]
OURS = ("rag", "ingest", "eval", "ui", "benchmarks", "tests")
MAY_IMPORT = {
    "rag": {"rag"},
    "ingest": {"rag", "ingest"},
    "eval": {"rag", "eval"},
    "ui": {"rag", "ingest", "eval", "ui"},
}
HOMES = {
    "chromadb": ["rag/library/"],
    "tantivy": ["rag/library/"],
    "filelock": [
        "rag/library/",
        "rag/cache_file.py",
        "rag/register.py",
        "rag/model/",
        "eval/folder.py",
        "ui/web/feedback.py",
    ],
    "onnx": ["rag/embedding/"],
    "onnxruntime": ["rag/embedding/", "rag/checking/entailment_model.py"],
    "safetensors": ["rag/embedding/"],
    "tokenizers": ["rag/embedding/", "rag/checking/entailment_model.py"],
    "huggingface_hub": ["rag/embedding/", "rag/model/pulling.py", "ingest/sources/hugging_face.py"],
    "arxiv": ["ingest/sources/arxiv_api.py"],
    "requests": ["ingest/sources/arxiv_api.py"],
    "bibtexparser": ["ingest/sources/bibtex_entries.py", "ingest/sources/bibtex_names.py"],
    "defusedxml": ["ingest/sources/xml_records.py"],
    "pylatexenc": ["rag/latex.py"],
    "PIL": ["ingest/pdf/rendering.py"],
    "pyarrow": ["ingest/sources/parquet.py"],
    "pypdfium2": ["ingest/pdf/"],
    "openai": ["rag/model/", "rag/embedding/"],
    "httpx": ["rag/model/", "rag/library/chroma_api.py", "ingest/sources/web_service.py"],
    "tenacity": ["rag/library/"],
    "llama_index": [
        "rag/model/",
        "rag/llamaindex.py",
        "rag/assistant.py",
        "eval/judging/llamaindex.py",
    ],
    "xllamacpp": ["rag/model/local/serve.py"],
    "tiktoken": ["rag/tokens.py"],
    "sentencex": ["rag/sentences.py"],
    "snowballstemmer": ["rag/words.py"],
    "platformdirs": ["rag/settings.py", "rag/configuration.py"],
    "tomlkit": ["rag/configuring.py"],
    "pydantic": ["eval/cases.py", "eval/labelled.py", "ui/web/stored.py"],
    "yaml": ["eval/cases.py"],
    "gradio": ["ui/web/"],
    "jinja2": ["eval/report/", "ui/web/"],
    "matplotlib": ["eval/report/"],
    "pandas": ["eval/frames.py", "eval/run.py", "eval/comparison/compare.py", "ui/web/"],
    "mcp": ["ui/mcp.py"],
    "rapidfuzz": ["rag/library/"],
    "rich": ["ui/"],
    "watchfiles": ["ingest/syncing/watching.py"],
}
LATE = (
    "llama_index",
    "chromadb",
    "openai",
    "gradio",
    "onnxruntime",
    "tantivy",
    "tiktoken",
    "matplotlib",
    "pandas",
    "mcp",
    "pyarrow",
    "pypdfium2",
    "PIL",
    "xllamacpp",
)
# What is loaded late is a whole module, imported in a function of one other module.
LOADED_LATE = {
    ("eval.comparison.compare", "eval.frames"),  # pandas
    ("eval.judging", "eval.judging.opening"),  # llama_index, openai
    ("eval.report", "eval.report.html"),  # matplotlib
    ("eval.run", "eval.frames"),  # pandas
    ("ingest.sources.formats", "ingest.sources.bibtex"),
    ("ingest.sources.formats", "ingest.sources.endnote_xml"),  # defusedxml
    ("ingest.sources.formats", "ingest.sources.parquet"),  # an extra
    ("ingest.sources.formats", "ingest.sources.pubmed_xml"),  # defusedxml
    ("ingest.sources.named", "ingest.sources.arxiv_api"),
    ("ingest.sources.named", "ingest.sources.hugging_face"),
    ("ingest.sources.named", "ingest.sources.pubmed_api"),
    ("ingest.sources.zotero.opening", "ingest.sources.zotero.web"),  # httpx
    ("rag.assistant", "rag.llamaindex"),
    ("rag.assistant", "rag.model.chat"),  # llama_index, openai
    ("rag.checking.by_entailment", "rag.checking.entailment_model"),  # onnxruntime
    ("rag.embedding", "rag.embedding.openai"),
    ("rag.embedding.minilm", "rag.embedding.minilm_session"),  # onnxruntime
    ("rag.library.dense", "rag.library.chroma"),  # chromadb
    ("rag.library.dense", "rag.library.server_collection"),
    ("ui.checkup.services", "rag.library.chroma_api"),  # where a server is set
    ("ui.checkup.services", "rag.model.client"),
    ("ui.cli.chat", "readline"),  # on a terminal
    ("ui.cli.completing", "ingest.completing.services"),  # httpx
    ("ui.cli.hint", "rag.model.running"),  # httpx
    ("ui.cli.pulling", "rag.model.pulling"),  # huggingface_hub
    ("ui.cli.setup", "rag.embedding.fetching"),
    ("ui.cli.ui", "ui.web.app"),  # gradio
}


@cache
def modules() -> dict[str, tuple[str, ast.Module]]:
    """The path and the source of each module of ours, by its dotted name."""
    paths = [path for package in (*MAY_IMPORT, "benchmarks") for path in (ROOT / package).rglob("*.py")]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            str(path.relative_to(ROOT)),
            ast.parse(path.read_text(encoding="utf-8")),
        )
        for path in paths
    }


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that these statements import; `from package import module` imports the module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules() else node.module for name in names)


def imports() -> Iterator[tuple[str, str]]:
    """Each module of ours but the benchmarks, as a path, with the modules that it imports anywhere."""
    for path, source in modules().values():
        if path.split("/")[0] in MAY_IMPORT:
            yield from ((path, name) for name in imported(ast.walk(source)))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_imports_go_one_way():
    wrong = [
        (path, name)
        for path, name in imports()
        if (top := name.split(".")[0]) in OURS and top not in MAY_IMPORT[path.split("/")[0]]
    ]
    assert not wrong


def test_each_vendor_stays_at_home():
    wrong = [
        (path, name)
        for path, name in imports()
        if (homes := HOMES.get(name.split(".")[0])) and not path.startswith(tuple(homes))
    ]
    assert not wrong


def test_no_modules_import_each_other_in_a_circle():
    """Imports for types alone and imports in functions count too."""
    graph = {name: set(imported(ast.walk(source))) - {name} for name, (_, source) in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' imports '.join(reversed(error.args[1]))}")


def test_only_what_must_load_late_is_imported_in_a_function():
    late = {
        (name, target)
        for name, (path, source) in modules().items()
        if path.split("/")[0] in MAY_IMPORT
        for function in ast.walk(source)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for target in imported(ast.walk(function))
    }
    unlisted, obsolete = sorted(late - LOADED_LATE), sorted(LOADED_LATE - late)
    assert not unlisted, f"import at the top, or add to LOADED_LATE: {unlisted}"
    assert not obsolete, f"no longer loaded late, so remove from LOADED_LATE: {obsolete}"


def test_pdfs_are_read_and_drawn_in_processes_of_their_own():
    """These load the modules that do it by name: no other module imports them, not even through others."""
    graph = {name: set(imported(ast.walk(source))) for name, (_, source) in modules().items()}
    reading = {
        name for name, names in graph.items() if {"pypdfium2", "PIL"} & {n.split(".")[0] for n in names}
    }
    assert reading
    while more := {name for name, names in graph.items() if names & reading} - reading:
        reading |= more
    own = ("ingest.pdf.", "benchmarks.")
    assert not [name for name in reading if not name.startswith(own)]


def test_importing_rag_loads_no_vendor():
    program = f"import rag, sys; print([name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_loads_nothing_of_rag_but_its_errors():
    program = "import sys; from ui.cli import build_parser; build_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "rich", *LATE} & set(done.stdout.split())


def test_the_public_face_is_what_is_visible():
    assert sorted(rag.__all__) == rag.__all__ == dir(rag)
    assert all(inspect.getdoc(getattr(rag, name)) for name in rag.__all__)
    with pytest.raises(AttributeError):
        _ = rag.something_else


def test_every_dependency_is_pinned_and_justified():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in needed}
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in pinned)
    known = {line.split("==")[0].lower().replace("_", "-") for line in pinned}
    assert not names - known
    told = (ROOT / "docs" / "architecture.md").read_text()
    assert not [name for name in names if f"`{name}`" not in told]


def test_no_lock_file_registry_or_machine_is_committed():
    names = {path.name for path in tracked()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "package-lock.json"}
    folders = "|".join(("root", "work", "farm", "opt", "home", "Users"))
    machine = re.compile(rf"(?<![\w.-])/(?:{folders})/[a-z]|/simple/|pypi\.")
    found = [
        (path.name, match[0])
        for path in tracked()
        if path.suffix != ".png" and (path.suffix != ".py" or path.parts[-2] != "tests")
        for match in machine.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found

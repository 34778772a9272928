"""Answers from the bodies of real papers, without a language model: figures with 95 % intervals.

    python -m benchmarks.papers.fetch FOLDER
    python -m benchmarks.papers.run FOLDER [--library DIR] [--beside DIR] [--words N] [--out DIR] [--json]
    python -m benchmarks.papers.run FOLDER --check

`askpapers ingest` brings the PDFs of FOLDER into a new library: DIR of `--library`, else a temporary one.
`--beside` names a library whose papers are in the new one too: it is copied, and stays as it is. Facts
count where they stand in the first N words. Quotes are looked up on their pages in the text of poppler's
`pdftotext`, white space, dashes and ligatures aside. `--check` asks nothing: it compares the questions
with the papers, and exits 1 where something does not fit.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.commands import parser
from benchmarks.papers.check import problems
from benchmarks.papers.collection import QUESTIONS, whole_papers
from benchmarks.papers.scores import summarise_answers
from benchmarks.papers.titles import ids_of, with_ids
from eval.cases import read_cases
from eval.runner import evaluate
from ingest.pdf.parsing import parse
from rag.assistant import Assistant
from rag.library import Library
from rag.settings import Settings
from rag.types import Request
from ui.terminal import tell, track


def ingest_folder(folder: Path, library: Path) -> dict[str, Any]:
    """What `askpapers ingest --json` reports. Raises RuntimeError with its last line."""
    command = [sys.executable, "-m", "ui.cli", "ingest", str(folder), "--library", str(library), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    report: dict[str, Any] = json.loads(done.stdout)
    for rejection in report["rejected"]:
        tell(f"rejected: {rejection}")
    return report


def sizes(library: Path) -> dict[str, int]:
    """The bytes of each file and folder of a library."""
    return {
        entry.name: sum(file.stat().st_size for file in [entry, *entry.rglob("*")] if file.is_file())
        for entry in (library.iterdir() if library.is_dir() else ())
    }


def pages_a_second(pdfs: Sequence[Path], pages: int) -> float:
    """Pages parsed in a second of this process's own time."""
    started = time.process_time()
    for pdf in pdfs:
        parse(pdf)
    return pages / (time.process_time() - started)


def measure(arguments: argparse.Namespace, library_folder: Path) -> dict[str, Any]:
    """All figures. Raises RuntimeError where the papers cannot be ingested."""
    collection, folder = whole_papers(), arguments.folder
    pdfs = [paper.in_folder(folder) for paper in collection]
    pages = sum(paper.pages for paper in collection)
    if arguments.beside:
        shutil.copytree(arguments.beside, library_folder)
    before = sizes(library_folder)
    report = ingest_folder(folder, library_folder)
    grown = {name: size - before.get(name, 0) for name, size in sizes(library_folder).items()}
    with Library.open(library_folder) as library:
        ids, wrong = ids_of(collection, library.catalog.browse(most=library.catalog.count()))
        cases = [with_ids(case, ids) for case in read_cases([str(QUESTIONS)])]
        assistant = Assistant(library, settings=Settings(), writer="extractive")
        request = Request(words=arguments.words)
        run = evaluate(assistant, cases, request=request, out=arguments.out, fresh=True, track=track)
    files = {
        ids[paper.titles[0]]: paper.in_folder(folder) for paper in collection if paper.titles[0] in ids
    }
    evidence = {case.id: case.turns[0].evidence for case in cases}
    return {
        "papers": len(collection),
        "pages": pages,
        "titles_right": len(collection) - len(wrong),
        "titles_wrong": wrong,
        "ingest_seconds": report["seconds"],
        "parsed_pages_a_second": round(pages_a_second(pdfs, pages), 1),
        "bytes_a_page": {name: round(size / pages) for name, size in grown.items() if size > 0},
        **summarise_answers(run, evidence, files, arguments.words),
    }


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as text."""
    heads = ("papers", "pages", "ingest_seconds", "parsed_pages_a_second")
    yield ", ".join(f"{name.replace('_', ' ')} {figures[name]}" for name in heads)
    yield f"titles right {figures['titles_right']} of {figures['papers']}"
    yield from (f"  {title}" for title in figures["titles_wrong"])
    indexes = ", ".join(f"{name} {size:,}" for name, size in figures["bytes_a_page"].items())
    yield f"bytes a page {sum(figures['bytes_a_page'].values()):,}: {indexes}"
    yield ""
    for name, figure in figures["metrics"].items():
        yield f"{name:22}{_cell(figure)}"
    for tag, metrics in figures["by_tag"].items():
        yield f"\n{tag}"
        yield from (f"  {name:20}{_cell(figure)}" for name, figure in metrics.items() if figure["n"])


def _cell(figure: Mapping[str, Any]) -> str:
    if figure["mean"] is None:
        return "–"
    low, high = (f"{end:.2f}" if end is not None else "–" for end in figure["ci95"])
    return f"{figure['mean']:6.3f}   {low} to {high}   {figure['n']} questions"


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds the PDFs (benchmarks.papers.fetch)"
    )
    options.add_argument(
        "--check", action="store_true", help="compare the questions with the papers, and ask none"
    )
    options.add_argument("--library", type=Path, metavar="DIR", help="a new library, which is kept")
    options.add_argument("--beside", type=Path, metavar="DIR", help="a library whose papers compete")
    options.add_argument(
        "--words", type=int, default=100, metavar="N", help="the length of an answer (100)"
    )
    options.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the run, as `askpapers eval --out` does"
    )
    options.add_argument("--json", action="store_true", help="the figures as JSON")
    arguments = options.parse_args()
    found = list(problems(read_cases([str(QUESTIONS)]), whole_papers(), arguments.folder))
    for problem in found:
        tell(problem)
    if arguments.check or any("fetch" in problem for problem in found):
        sys.exit(1 if found else 0)
    if arguments.library and arguments.library.exists():
        options.error(
            f"{arguments.library} is there already: name a new folder, as papers are ingested anew"
        )
    with TemporaryDirectory() as temporary:
        try:
            figures = measure(arguments, arguments.library or Path(temporary) / "library")
        except RuntimeError as error:
            sys.exit(str(error))
    print(json.dumps(figures, indent=2) if arguments.json else "\n".join(lines(figures)))


if __name__ == "__main__":
    main()

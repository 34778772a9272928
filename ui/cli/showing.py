"""All that is known of a paper, as `library show` prints it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from rich.text import Text

from ingest.annotating import OwnWords
from rag.body import Block, Body
from rag.library import Library
from rag.library.own_words import OWN
from rag.library.paper_files import PaperFile
from rag.plain import in_a_line, plain
from rag.readable import readable, without_markup
from rag.types import Paper, Passage
from ui.particulars import journal, particulars
from ui.terminal import print_fields, print_text, tell

_NAMES = (
    *("paper_id", "key", "title", "published", "organization", "author_count", "authors", "arxiv_id"),
    *("doi", "tags", "collections", "retracted"),
)


@dataclass(frozen=True)
class ShownPaper:
    """A paper with its body, its sources, the sources of each field, its passages, notes, and its file.

    `path` is where the file stands now; None if it is gone.
    """

    paper: Paper
    sources: list[str]
    origins: dict[str, list[str]]
    passages: list[Passage]
    notes: OwnWords
    file: PaperFile | None = None
    path: Path | None = None

    @classmethod
    def of(cls, library: Library, paper: Paper) -> Self:
        catalog, paper_id = library.catalog, paper.paper_id
        (paper,) = catalog.with_bodies([paper])
        return cls(
            paper,
            catalog.sources(paper_id),
            catalog.origins(paper_id),
            catalog.passages([paper_id])[paper_id] + catalog.files.passages([paper_id]).get(paper_id, []),
            OwnWords.of(library, paper_id),
            catalog.files.known([paper.file]).get(paper.file) if paper.file else None,
            library.file_of(paper),
        )

    @property
    def title_of_file(self) -> list[str]:
        """Where the title and the like were read in the file: "title: first page"."""
        origins = self.file.front.get("origins", {}) if self.file else {}
        return [f"{name.replace('_', ' ')}: {place}" for name, place in origins.items()]

    def to_dict(self) -> dict[str, Any]:
        """What is known as JSON types, with the texts."""
        paper, body = self.paper, self.paper.body
        spans = [
            {"start": passage.start, "end": passage.end}
            | ({"part": passage.part} if passage.part != "abstract" else {})
            for passage in self.passages
        ]
        return fields_of(paper) | {
            "is_digest": paper.is_digest,
            "sources": self.sources,
            "origins": self.origins,
            "passages": spans,
            "file": str(self.path) if self.path else None,
            "read_from": self.file.path if self.file else None,
            "is_kept": bool(self.file and self.file.is_kept),
            "file_origins": dict(self.file.front.get("origins", {})) if self.file else {},
            "pages": len(body.pages) if body else None,
            "sections": list(_sections(body)) if body else [],
            "abstract": paper.abstract,
            "note": paper.note,
            "csl": dict(paper.csl),
            "body": body.text if body else None,
        }


def fields_of(paper: Paper) -> dict[str, Any]:
    """What is known of a paper, without its text."""
    return {name: getattr(paper, name) for name in _NAMES} | {"journal": journal(paper)}


def print_paper(shown: ShownPaper, *, is_whole: bool) -> None:
    """A line for each field, with the sources that give it where not all do; then the abstract, or the
    whole text."""
    paper = shown.paper
    known = {name: value for name, value in fields_of(paper).items() if value not in (None, ())}
    known |= {name: ", ".join(value) for name, value in known.items() if isinstance(value, tuple)}
    known.pop("journal", None)
    for name, givers in shown.origins.items():
        if name in known and _is_partly(givers, shown):
            known[name] = f"{known[name]} ({', '.join(givers)})"
    known |= particulars(paper)
    if (givers := shown.origins.get("csl", [])) and _is_partly(givers, shown):
        known["details_from"] = ", ".join(givers)
    known |= {"sources": ", ".join(shown.sources), "passages": _passages(shown.passages)}
    known |= _file_fields(shown)
    known |= {"text": "a digest in other words than the abstract's"} if paper.is_digest else {}
    known["title"] = without_markup(str(known["title"]))
    print_fields({name.replace("_", " "): in_a_line(str(value)) for name, value in known.items()})
    if paper.abstract:
        print_text(Text(f"\n{plain(readable(paper.abstract))}"))
    _print_notes(shown.notes)
    if is_whole and paper.body:
        _print_body(paper.body)
    elif is_whole:
        tell("There is no whole text of this paper: bring in its PDF with `askpapers ingest PDF`.")


def _is_partly(givers: Collection[str], shown: ShownPaper) -> bool:
    """Whether only some of the sources give a field; the user's own words are no source of the others."""
    return {*givers, OWN} != {*shown.sources, OWN}


def _print_notes(own: OwnWords) -> None:
    """The user's notes, apart from the paper's words."""
    for source, note in own.notes:
        heading = f"Your note ({in_a_line(source)}):" if source else "Your note:"
        print_text(Text(f"\n{heading}", "dim"))
        print_text(Text(plain(note)))


def _passages(passages: list[Passage]) -> str:
    """How many there are, with the spans of those of the abstract; without one, the title is a passage."""
    spans = [
        f"{passage.start}-{passage.end}" if passage.end else "the title"
        for passage in passages
        if passage.part == "abstract"
    ]
    others = {"of the whole text": "body", "of your note": "note"}
    counts = {what: sum(passage.part == part for passage in passages) for what, part in others.items()}
    spans += [f"{count} {what}" for what, count in counts.items() if count]
    return f"{len(passages)} ({', '.join(spans)})"


def _file_fields(shown: ShownPaper) -> dict[str, str]:
    if not shown.file or not shown.paper.body:
        return {}
    if not shown.path:
        place = f"{shown.file.path} (not there any more; its text is)"
    elif shown.file.is_kept:
        place = f"{shown.path} (kept, from {shown.file.path})"
    else:
        place = str(shown.path)
    fields = {"file": place, "pdf_pages": str(len(shown.paper.body.pages))}
    return fields | ({"in_the_file": ", ".join(shown.title_of_file)} if shown.title_of_file else {})


def _sections(body: Body) -> Iterator[dict[str, Any]]:
    """The sections in order: heading, page, and offsets in the text."""
    for section, blocks in groupby(body.blocks, key=lambda block: block.section):
        first, *rest = blocks
        end = rest[-1].end if rest else first.end
        page = body.page_of(first.start, end)
        yield {"section": section, "page": page, "start": first.start, "end": end}


def _print_body(body: Body) -> None:
    """The text by its blocks, each page number where the page begins."""
    page = None
    for block in body.blocks:
        begins_on = body.page_of(block.start, block.end)
        if begins_on and begins_on != page:
            page, label = begins_on, body.label_of(begins_on)
            printed = f" (printed {in_a_line(label)})" if label and label != str(page) else ""
            print_text(Text(f"\n— page {page}{printed} —", "dim"))
        _print_block(block, plain(body.text[block.start : block.end]))


def _print_block(block: Block, text: str) -> None:
    if block.kind == "row":
        print_text(Text(text.replace("\t", "  ")))
    else:
        print_text(Text(f"\n{text}", "bold" if block.kind == "heading" else ""))

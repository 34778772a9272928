"""Papers and passages to rows of the catalog's tables, and back."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from rag.plain import in_a_line
from rag.types import Paper, Passage

# Left out where they are not known, as older libraries do.
_LATER_FIELDS = ("authors", "file", "key", "tags", "collections", "note", "retracted", "csl")
_WORD = re.compile(r"[^\W_]+")


def paper_row(paper: Paper, passages: Sequence[Passage], in_body: int) -> dict[str, Any]:
    """The row of a paper in the table of papers; `in_body` passages are those of its file."""
    return {
        "paper_id": paper.paper_id,
        "paper": dump(paper),
        "passages": dump_passages(passages),
        "passage_count": len(passages) + in_body,
        "file": paper.file,
        "year": paper.year,
        **selectable(paper),
    }


def selectable(paper: Paper) -> dict[str, Any]:
    """The columns that papers are listed and filtered by, except the year."""
    return {
        "published": paper.published,
        "author_count": paper.author_count,
        "organization": None if paper.organization is None else folded(paper.organization),
        # The title comes first, as lists are sorted by this column.
        "words": folded(
            *(paper.title, paper.organization, paper.arxiv_id, paper.doi, paper.year, paper.key),
            *(*paper.authors, *paper.tags, *paper.collections),
        ),
    }


def folded(*texts: str | int | None) -> str:
    """Texts in lower case, each on its own line, so that no match reaches from one into the next."""
    return "\n".join(str(text) for text in texts if text is not None).casefold().replace("\0", " ")


def label_rows(paper: Paper) -> Iterator[dict[str, Any]]:
    """The rows of a paper in the table of labels.

    A name of an author has a row for each word. A collection has one for itself, one for each of those
    around it, and one for its own name alone.
    """
    shown: dict[tuple[str, str, int], str | None] = {}
    for place, name in enumerate(paper.authors):
        shown |= {("author", word, place): None for word in name_words(name)}
    for tag in paper.tags:
        shown.setdefault(("tag", folded_label(tag), 0), in_a_line(tag))
    for collection in paper.collections:
        names = in_a_line(collection).split("/")
        for depth in range(1, len(names) + 1):
            path = "/".join(names[:depth])
            shown[("collection", folded_label(path), 0)] = path
    for collection in paper.collections:
        shown.setdefault(("collection", folded_label(collection.rpartition("/")[2]), 0), None)
    for (kind, value, place), text in shown.items():
        yield {"paper_id": paper.paper_id, "kind": kind, "value": value, "place": place, "shown": text}


def folded_label(text: str) -> str:
    """A tag or collection in one line and lower case, as it is compared."""
    return in_a_line(text).casefold()


def name_words(name: str) -> list[str]:
    """The words of a name, each once, in lower case and without accents: "Várady" is "varady"."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return list(dict.fromkeys(_WORD.findall(bare)))


def dump(paper: Paper) -> str:
    """The paper as JSON, without what older libraries had no place for where that is not known."""
    known = {name: value for name, value in paper.to_dict().items() if value or name not in _LATER_FIELDS}
    return json.dumps(known, ensure_ascii=False)


def load(dumped: str) -> Paper:
    """The inverse of `dump`."""
    return Paper(**json.loads(dumped))


def dump_passages(passages: Sequence[Passage]) -> str:
    """The inverse of `load_passages`."""
    return json.dumps([_span(passage) for passage in passages])


def load_passages(paper_id: str, dumped: str) -> list[Passage]:
    """The passages of a paper; one without a part belongs to the abstract."""
    return [Passage(paper_id, *span) for span in json.loads(dumped)]


def _span(passage: Passage) -> tuple[int | str, ...]:
    """Start and end, and the part unless it is the abstract, the only one in older libraries."""
    span = passage.start, passage.end
    return span if passage.part == "abstract" else (*span, passage.part)

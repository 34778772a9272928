"""Papers and passages to rows of the catalog's tables, and back."""

import json
from collections.abc import Sequence
from typing import Any

from rag.types import Paper, Passage

_LATER_FIELDS = ("authors", "file")  # left out where they are not known, as older libraries do


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
        "words": folded(paper.title, paper.organization, paper.arxiv_id, paper.doi, paper.year),
    }


def folded(*texts: str | int | None) -> str:
    """Texts in lower case, each on its own line, so that no match reaches from one into the next."""
    return "\n".join(str(text) for text in texts if text is not None).casefold().replace("\0", " ")


def dump(paper: Paper) -> str:
    """The paper as JSON, without authors and file where none are known."""
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

"""Which papers of the catalog are meant, as conditions in SQL on its table of papers."""

import json
from collections.abc import Iterable

from rag.plain import encodable
from rag.types import Filters

Condition = tuple[str, list[str | int]]
"""What stands behind WHERE, and its values."""


def fulfilling(filters: Filters) -> Condition:
    """The papers that fulfil what only the catalog knows: authors, organisation and source.

    Without values where the filters say nothing of these.
    """
    conditions: list[str] = []
    values: list[str | int] = []
    for condition, value in (
        ("json_extract(paper, '$.author_count') >= ?", filters.min_authors),
        ("json_extract(paper, '$.author_count') <= ?", filters.max_authors),
        ("lower(json_extract(paper, '$.organization')) = lower(?)", filters.organization),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if filters.source is not None:
        conditions.append(
            "paper_id IN (SELECT paper_id FROM records WHERE source = ? OR source LIKE ? ESCAPE '\\')"
        )
        values += [filters.source, f"%/{_literally(filters.source)}"]
    return " AND ".join(conditions) or "1", values


def of_years(filters: Filters) -> Condition:
    """The papers of the years that the filters let through."""
    ends = [("year >= ?", filters.from_year), ("year <= ?", filters.to_year)]
    told = [(condition, value) for condition, value in ends if value is not None]
    return " AND ".join(condition for condition, _ in told) or "1", [value for _, value in told]


def among(paper_ids: Iterable[str] | None) -> Condition:
    """The papers of these ids; all, where None are given."""
    if paper_ids is None:
        return "1", []
    return "paper_id IN (SELECT value FROM json_each(?))", [json.dumps(list(paper_ids))]


def together(*conditions: Condition) -> Condition:
    """The papers that fulfil each condition."""
    return " AND ".join(text for text, _ in conditions), [
        value for _, several in conditions for value in several
    ]


_HAS_WORDS = (
    "has_words(?, json_extract(paper, '$.title'), json_extract(paper, '$.organization'),"
    " json_extract(paper, '$.arxiv_id'), json_extract(paper, '$.doi'), year)"
)


def matching(words: str) -> Condition:
    """The papers whose title, organisation, arXiv id, DOI or year has each of these words in it.

    In any case, and to the letter: no character stands for another.
    """
    wanted = dict.fromkeys(folded(encodable(words)).split())
    return (_HAS_WORDS, [" ".join(wanted)]) if wanted else ("1", [])


def has_words(words: str, *texts: str | int | None) -> bool:
    """Whether each of these words, folded already, is in one of the texts; for SQL."""
    text = folded(*texts)
    return all(word in text for word in words.split())


def folded(*texts: str | int | None) -> str:
    """Texts without regard to case, for SQL, whose own knows no letter beyond ASCII.

    No word reaches from one into the next: they stand on lines of their own.
    """
    return "\n".join(str(text) for text in texts if text is not None).casefold()


def _literally(text: str) -> str:
    """For LIKE, with a backslash as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

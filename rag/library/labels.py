"""Labels to select papers by: words of authors' names, tags and collections."""

from collections.abc import Collection
from typing import Any, Literal

import sqlalchemy as sa

from rag.library.catalog_rows import label_rows, name_words
from rag.library.catalog_tables import labels, papers
from rag.library.sql import Database, each_text, one_of, texts
from rag.types import Paper

LabelKind = Literal["author", "tag", "collection"]

_DELETE = sa.delete(labels).where(one_of(labels.c.paper_id))
_INSERT = sa.insert(labels)
_COUNT = (
    sa.select(sa.func.min(labels.c.shown), sa.func.count(sa.distinct(labels.c.paper_id)))
    .where(labels.c.kind == sa.bindparam("kind"), labels.c.shown.is_not(None))
    .group_by(labels.c.value)
    .order_by(labels.c.value)
)
_AUTHOR_WORDS = (
    sa.select(labels.c.value, sa.func.count(sa.distinct(labels.c.paper_id)))
    .where(labels.c.kind == "author", labels.c.value.in_(sa.select(each_text("words").c.value)))
    .group_by(labels.c.value)
)
BY_AUTHOR = papers.c.paper_id.in_(
    sa.select(labels.c.paper_id)
    .where(labels.c.kind == "author", labels.c.value.in_(sa.select(each_text("author").c.value)))
    .group_by(labels.c.paper_id, labels.c.place)
    .having(sa.func.count(sa.distinct(labels.c.value)) == sa.bindparam("author_words"))
)
"""Has an author whose name contains all words of the parameter `author`, `author_words` in number."""


def author_words(database: Database, words: Collection[str]) -> dict[str, int]:
    """Those of these words, in lower case and without accents, that are in names of authors, each with its
    number of papers."""
    return dict(database.rows(_AUTHOR_WORDS, words=texts(words)))


def by_label(kind: LabelKind) -> sa.ColumnElement[bool]:
    """Has the tag or collection that the parameter of this name holds, folded."""
    return papers.c.paper_id.in_(
        sa.select(labels.c.paper_id).where(labels.c.kind == kind, labels.c.value == sa.bindparam(kind))
    )


def author_values(name: str) -> dict[str, Any]:
    """The values of the parameters of `BY_AUTHOR`."""
    words = name_words(name)
    return {"author": texts(words), "author_words": len(words)}


def store_labels(database: Database, paper: Paper) -> None:
    """Replace the labels of a paper, within a transaction."""
    delete_labels(database, [paper.paper_id])
    if rows := list(label_rows(paper)):
        database.run_all(_INSERT, rows)


def delete_labels(database: Database, paper_ids: Collection[str]) -> None:
    """Delete the labels of papers, within a transaction."""
    database.run(_DELETE, ids=texts(paper_ids))


def count_labels(database: Database, kind: LabelKind) -> dict[str, int]:
    """The tags or collections as a user wrote them, in order, each with its number of papers."""
    return dict(database.rows(_COUNT, kind=kind))

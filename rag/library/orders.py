"""The orders in which papers are listed."""

from typing import Any, Literal, get_args

import sqlalchemy as sa

from rag.library.catalog_tables import changes, papers
from rag.library.sql import text_at

Order = Literal["published", "title", "authors", "journal", "organization", "key", "changed"]
"""What papers are listed by: their dates, titles, first authors' family names, ..., last changes."""
ORDERS: tuple[Order, ...] = get_args(Order)


def _held(path: str) -> sa.ColumnElement[Any]:
    """What the JSON of a paper holds there, in lower case."""
    return sa.func.lower(text_at(papers.c.paper, path))


_name = _held("authors[0]")
# SQLite has no function for the last word: without all letters of the name at its end, the others stay.
_others = sa.func.rtrim(_name, sa.func.replace(_name, " ", ""))
_family = sa.case((_name.contains(","), _name), else_=sa.func.substr(_name, sa.func.length(_others) + 1))
_changed = (
    sa.select(changes.c.sequence).where(changes.c.paper_id == papers.c.paper_id).correlate(papers)
).scalar_subquery()
_BY: dict[Order, sa.ColumnElement[Any]] = {
    "published": papers.c.published,
    "title": papers.c.words,
    "authors": _family,
    "journal": _held('csl."container-title"'),
    "organization": papers.c.organization,
    "key": _held("key"),
    "changed": _changed,
}
_page = sa.select(papers.c.paper_id).limit(sa.bindparam("most")).offset(sa.bindparam("offset"))


def _statement(order: Order, *, is_descending: bool) -> sa.Select[Any]:
    """Papers without what they are listed by come last; then titles decide."""
    by = _BY[order].desc() if is_descending else _BY[order]
    return _page.order_by(by.nulls_last(), papers.c.words, papers.c.paper_id)


LISTED = {
    (order, is_descending): _statement(order, is_descending=is_descending)
    for order in ORDERS
    for is_descending in (False, True)
}
"""Statements that list papers, by their order."""

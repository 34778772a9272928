"""The tables of the catalog, and how a catalog of an older format becomes one of this."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)

from rag.library.catalog_rows import load, selectable
from rag.library.faults import MEND_CATALOG
from rag.library.sql import Database

_AT_A_TIME = 500  # papers
TABLES = MetaData()
records = Table(
    "records",
    TABLES,
    Column("paper_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("mention", Integer, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
    sqlite_with_rowid=False,
)
papers = Table(
    "papers",
    TABLES,
    Column("paper_id", Text, primary_key=True),
    Column("paper", Text, nullable=False),
    Column("passages", Text, nullable=False),
    Column("passage_count", Integer, nullable=False),
    # What papers are listed and filtered by; `paper` says it all.
    Column("year", Integer),
    Column("published", Text),
    Column("author_count", Integer),
    Column("organization", Text),
    Column("words", Text),
    Index("papers_by", "author_count", "organization", "year"),
    sqlite_with_rowid=False,
)
keys = Table(
    "keys",
    TABLES,
    Column("key", Text, primary_key=True),
    Column("paper_id", Text, primary_key=True),
    Index("keys_of", "paper_id"),
    sqlite_with_rowid=False,
)
changes = Table(
    "changes",
    TABLES,
    Column("paper_id", Text, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    sqlite_with_rowid=False,
)
kind = Table("kind", TABLES, Column("is_digest", Boolean, nullable=False))

_NEXT_PAPERS = (
    select(papers.c.paper_id, papers.c.paper)
    .where(papers.c.paper_id > bindparam("after"))
    .order_by(papers.c.paper_id)
    .limit(_AT_A_TIME)
)
_FILL = (
    update(papers)
    .where(papers.c.paper_id == bindparam("id"))
    .values({name: bindparam(name) for name in ("published", "author_count", "organization", "words")})
)


def open_catalog(path: Path) -> Database:
    """Open the file of a catalog, or make it. Raises DamagedError."""
    database = Database(path, f"the catalog {path}", MEND_CATALOG)
    try:
        database.prepare(TABLES, MIGRATIONS)
    except BaseException:
        database.close()
        raise
    return database


def _let_papers_share_a_key(database: Database) -> None:
    """From format 1 to 2."""
    for statement in (
        "ALTER TABLE keys RENAME TO older",
        "CREATE TABLE keys (key TEXT, paper_id TEXT, PRIMARY KEY (key, paper_id)) WITHOUT ROWID",
        "CREATE INDEX keys_of ON keys (paper_id)",
        "INSERT INTO keys SELECT key, paper_id FROM older",
        "DROP TABLE older",
    ):
        database.run(text(statement))


def _add_columns_to_filter_by(database: Database) -> None:
    """From format 2 to 3."""
    for column in ("published TEXT", "author_count INTEGER", "organization TEXT", "words TEXT"):
        database.run(text(f"ALTER TABLE papers ADD COLUMN {column}"))
    database.run(text("CREATE INDEX papers_by ON papers (author_count, organization, year)"))
    for rows in _all_papers(database):
        database.run_all(_FILL, ({"id": paper_id, **selectable(load(paper))} for paper_id, paper in rows))


def _all_papers(database: Database) -> Iterator[list[tuple[str, str]]]:
    after = ""
    while rows := database.rows(_NEXT_PAPERS, after=after):
        yield rows
        after = rows[-1][0]


MIGRATIONS = (_let_papers_share_a_key, _add_columns_to_filter_by)
FORMAT = len(MIGRATIONS) + 1

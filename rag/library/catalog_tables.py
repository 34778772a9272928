"""The tables of the catalog, statements that several modules run, and migrations of older formats."""

from pathlib import Path

import sqlalchemy as sa

from rag.closing import closing_on_error
from rag.library.catalog_rows import load, selectable
from rag.library.faults import MEND_CATALOG
from rag.library.sql import Database, one_of

_AT_A_TIME = 500  # papers
TABLES = sa.MetaData()
records = sa.Table(
    "records",
    TABLES,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("mention", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("file", sa.Text),  # a copy of what `record` holds
    sa.Index("records_by_file", "file"),
    sqlite_with_rowid=False,
)
papers = sa.Table(
    "papers",
    TABLES,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("paper", sa.Text, nullable=False),
    sa.Column("passages", sa.Text, nullable=False),
    sa.Column("passage_count", sa.Integer, nullable=False),
    # Copies of what `paper` holds, to list and filter by.
    sa.Column("year", sa.Integer),
    sa.Column("published", sa.Text),
    sa.Column("author_count", sa.Integer),
    sa.Column("organization", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("file", sa.Text),
    sa.Index("papers_by", "author_count", "organization", "year"),
    sa.Index("papers_by_file", "file"),
    sqlite_with_rowid=False,
)
files = sa.Table(  # with the whole texts of papers, by the SHA-256 of their content
    "files",
    TABLES,
    sa.Column("file", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("is_kept", sa.Boolean, nullable=False),
    sa.Column("reader", sa.Integer, nullable=False),  # the version of the program that read it
    sa.Column("front", sa.Text, nullable=False),
    sa.Column("passages", sa.Text, nullable=False),
    sa.Column("passage_count", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
keys = sa.Table(
    "keys",
    TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Index("keys_of", "paper_id"),
    sqlite_with_rowid=False,
)
changes = sa.Table(
    "changes",
    TABLES,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.Integer, nullable=False, unique=True),
    sqlite_with_rowid=False,
)
kind = sa.Table("kind", TABLES, sa.Column("is_digest", sa.Boolean, nullable=False))

KIND = sa.select(kind.c.is_digest)
PAPER_IDS_BY_KEY = sa.select(keys.c.key, keys.c.paper_id).where(one_of(keys.c.key, "keys"))
RECORDS_OF_PAPER = (
    sa.select(records.c.source, records.c.mention, records.c.record)
    .where(records.c.paper_id == sa.bindparam("id"))
    .order_by(records.c.source, records.c.mention)
)
_NEXT_PAPERS = (
    sa.select(papers.c.paper_id, papers.c.paper)
    .where(papers.c.paper_id > sa.bindparam("after"))
    .order_by(papers.c.paper_id)
    .limit(_AT_A_TIME)
)
_FILL = (
    sa.update(papers)
    .where(papers.c.paper_id == sa.bindparam("id"))
    .values({name: sa.bindparam(name) for name in ("published", "author_count", "organization", "words")})
)


def open_catalog(path: Path) -> Database:
    """Open the file of a catalog, or create it. Raises DamagedError."""
    database = Database(path, f"the catalog {path}", MEND_CATALOG)
    with closing_on_error(database):
        database.prepare(TABLES, MIGRATIONS)
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
        database.run(sa.text(statement))


def _add_columns_to_filter_by(database: Database) -> None:
    """From format 2 to 3."""
    for column in ("published TEXT", "author_count INTEGER", "organization TEXT", "words TEXT"):
        database.run(sa.text(f"ALTER TABLE papers ADD COLUMN {column}"))
    database.run(sa.text("CREATE INDEX papers_by ON papers (author_count, organization, year)"))
    after = ""
    while rows := database.rows(_NEXT_PAPERS, after=after):
        database.run_all(_FILL, ({"id": paper_id, **selectable(load(paper))} for paper_id, paper in rows))
        after = rows[-1][0]


def _add_files(database: Database) -> None:
    """From format 3 to 4."""
    for table in (records, papers):
        database.run(sa.text(f"ALTER TABLE {table.name} ADD COLUMN file TEXT"))
        database.run(sa.text(f"CREATE INDEX {table.name}_by_file ON {table.name} (file)"))
    database.create(files)


MIGRATIONS = (_let_papers_share_a_key, _add_columns_to_filter_by, _add_files)
FORMAT = len(MIGRATIONS) + 1

"""The tables of the catalog, statements that several modules run, and migrations of older formats."""

from itertools import chain
from pathlib import Path

import sqlalchemy as sa

from rag.closing import closing_on_error
from rag.library.catalog_rows import label_rows, load, selectable
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
    sa.Index("records_by_source", "source"),
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
labels = sa.Table(  # copies of what `papers` holds, to select papers by (rag/library/labels.py)
    "labels",
    TABLES,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),  # folded
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),  # of an author in the list
    sa.Column("shown", sa.Text),  # the tag or collection as its user wrote it
    sa.Index("labels_of", "paper_id"),
    sqlite_with_rowid=False,
)
origins = sa.Table(  # what a user named for the library to be made of: a folder, a file, a query
    "origins",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("synced", sa.Text),
    sqlite_with_rowid=False,
)
sources = sa.Table(  # the files and services that origins led to; `name` is that of records
    "sources",
    TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("stamp", sa.Text),  # by which an unchanged file is known
    sa.Column("read", sa.Text, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("unnamed", sa.Integer, nullable=False),  # papers that it had and no longer names
    sa.Column("rejected", sa.Integer, nullable=False),  # entries, when it last named all its papers
    sa.Column("is_gone", sa.Boolean, nullable=False, default=False),
    sqlite_with_rowid=False,
)
unnamed = sa.Table(  # the papers that a source had and no longer names
    "unnamed",
    TABLES,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Index("unnamed_by_paper", "paper_id"),
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
_INSERT_LABEL = sa.insert(labels)


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


def _add_files(database: Database) -> None:
    """From format 3 to 4."""
    for table in (records, papers):
        database.run(sa.text(f"ALTER TABLE {table.name} ADD COLUMN file TEXT"))
        database.run(sa.text(f"CREATE INDEX {table.name}_by_file ON {table.name} (file)"))
    database.create(files)


def _add_labels(database: Database) -> None:
    """From format 4 to 5."""
    for table in (labels, origins, sources, unnamed):
        database.create(table)
    database.run(sa.text("CREATE INDEX IF NOT EXISTS records_by_source ON records (source)"))
    _fill(database)


def _fill(database: Database) -> None:
    """Fill in the copies of what papers hold."""
    after = ""
    while rows := database.rows(_NEXT_PAPERS, after=after):
        held = [load(paper) for _, paper in rows]
        database.run_all(_FILL, ({"id": paper.paper_id, **selectable(paper)} for paper in held))
        if of_papers := list(chain.from_iterable(map(label_rows, held))):
            database.run_all(_INSERT_LABEL, of_papers)
        after = rows[-1][0]


MIGRATIONS = (_let_papers_share_a_key, _add_columns_to_filter_by, _add_files, _add_labels)
FORMAT = len(MIGRATIONS) + 1

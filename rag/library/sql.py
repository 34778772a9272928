"""SQL for SQLite and PostgreSQL alike: statements of SQLAlchemy Core, run on an SQLite file.

Statements are constants, so that each is compiled once. They run on the driver's own connection: a small
statement takes three times as long through SQLAlchemy's.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.selectable import TableValuedAlias

from rag.closing import closing_on_error
from rag.errors import LibraryError
from rag.library.faults import newer, unusable
from rag.private import make_file

T = TypeVar("T")
Migration = Callable[["Database"], None]
"""Changes the tables of one format into those of the next, within a transaction."""

_PATIENCE = 30  # seconds to wait for another process that writes
_KEPT_OPEN = 5  # connections for readers; more are opened when more threads read at a time
_SETTINGS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
_SHRINK = "PRAGMA auto_vacuum = FULL"
_VERSION = sa.text("PRAGMA user_version")
_DIALECT = sqlite.dialect(paramstyle="qmark")


class Database:
    """An SQLite file. Safe to use from several threads and processes, of which one writes at a time.

    Readers have their own connections, so nobody waits for a transaction. Everything that a thread does
    inside `transaction` or `snapshot` goes through one connection and sees what was written there.
    """

    def __init__(self, path: Path, name: str, remedy: str, *, shrinks: bool = False) -> None:
        """`name` and `remedy` go into errors: what cannot be used, and what to do about it.

        `shrinks` makes deletions free disk space; it matters only when the file is new.
        """
        self.path = path
        make_file(path)
        self._name, self._remedy = name, remedy
        self._settings = (_SHRINK, *_SETTINGS) if shrinks else _SETTINGS
        self._readers = QueuePool(
            self._connect, pool_size=_KEPT_OPEN, max_overflow=-1, use_lifo=True, reset_on_return=None
        )
        self._writer: sqlite3.Connection | None = None
        self._writing = threading.RLock()
        self._own = _Own()
        self._is_closed = False

    def close(self) -> None:
        """Close all connections; one in use is closed when its thread is done."""
        self._is_closed = True
        self._readers.dispose()
        with self._writing:
            if self._writer:
                self._writer.close()

    def rows(self, statement: sa.Executable, **values: object) -> list[Any]:
        """All rows of a statement. This and the methods below raise DamagedError."""
        return self._result(sqlite3.Cursor.fetchall, statement, values)

    def value(self, statement: sa.Executable, **values: object) -> Any:
        """The only value of a statement's only row."""
        return self.rows(statement, **values)[0][0]

    def run(self, statement: sa.Executable, **values: object) -> int:
        """Run a statement within a transaction; return how many rows it changed."""
        return self._result(lambda cursor: cursor.rowcount, statement, values)

    def run_all(self, statement: sa.Executable, rows: Iterable[Mapping[str, object]]) -> None:
        """Run a statement once for each row of values, within a transaction."""
        sql, names, known = _compiled(statement)
        with self._connected() as connection:
            connection.executemany(sql, ([{**known, **row}[name] for name in names] for row in rows))

    def stream(self, statement: sa.Executable, **values: object) -> Iterator[Any]:
        """The rows of a statement one by one, as they were when it began."""
        with self._connected() as connection:
            yield from execute(connection, statement, values)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that this thread reads inside is from one moment."""
        with self._connected() as connection, self._bound(connection):
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything that this thread writes inside, or nothing."""
        with self._writing:
            try:
                writer: sqlite3.Connection = self._writer or self._connect()
                self._writer = writer
                writer.execute("BEGIN IMMEDIATE")
                try:
                    with self._bound(writer):
                        yield
                except BaseException:
                    if writer.in_transaction:  # a full disk has ended it already
                        writer.execute("ROLLBACK")
                    raise
                writer.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                raise self._unusable(error) from error

    def create(self, tables: sa.MetaData | sa.Table) -> None:
        """Create tables and their indexes, within a transaction."""
        for table in tables.sorted_tables if isinstance(tables, sa.MetaData) else [tables]:
            self.run(CreateTable(table))
            for index in table.indexes:
                self.run(CreateIndex(index))

    def prepare(self, tables: sa.MetaData, migrations: Sequence[Migration]) -> None:
        """Create the tables, or migrate older ones; the first migration leads from format 1 to 2.

        SQLite keeps the format's number in the file. Raises DamagedError for a newer format.
        """
        newest = len(migrations) + 1
        version = self.value(_VERSION)
        if version > newest:
            raise newer(self.path, version, newest)
        if version == newest:
            return
        with self.transaction():
            version = self.value(_VERSION)  # another process may have been first
            if not version:
                self.create(tables)
            for migrate in migrations[version - 1 :] if version else ():
                migrate(self)
            self.run(sa.text(f"PRAGMA user_version = {newest}"))

    def _connect(self) -> Any:
        if self._is_closed:
            raise sqlite3.ProgrammingError(f"{self.path} was closed")
        connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        with closing_on_error(connection):
            for setting in self._settings:
                connection.execute(setting)
        return connection

    def _result(
        self, result: Callable[[sqlite3.Cursor], T], statement: sa.Executable, values: Mapping[str, object]
    ) -> T:
        if own := self._own.connection:  # not through `_connected`, which takes as long as the statement
            try:
                return result(execute(own, statement, values))
            except sqlite3.DatabaseError as error:
                raise self._unusable(error) from error
        with self._connected() as connection:
            return result(execute(connection, statement, values))

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The connection of this thread's transaction or snapshot, or else a reader's."""
        lease = None
        try:
            if not self._own.connection:
                lease = self._readers.connect()
            yield lease.driver_connection if lease else self._own.connection  # type: ignore[misc]
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        finally:
            if lease:
                lease.close()
                if self._is_closed:
                    self._readers.dispose()

    @contextmanager
    def _bound(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Make this thread use the connection for everything."""
        self._own.connection = connection
        try:
            yield
        finally:
            self._own.connection = None

    def _unusable(self, error: Exception) -> LibraryError:
        return unusable(self._name, self.path.parent, error, self._remedy)


class _Own(threading.local):
    """The connection of the transaction or snapshot that a thread is in."""

    connection: sqlite3.Connection | None = None


def execute(
    connection: sqlite3.Connection, statement: sa.Executable, values: Mapping[str, object] = {}
) -> sqlite3.Cursor:
    """Run a Core statement with the values of its parameters."""
    sql, names, known = _compiled(statement)
    if known:
        values = {**known, **values}
    return connection.execute(sql, [values[name] for name in names])


@lru_cache(maxsize=256)
def _compiled(statement: sa.Executable) -> tuple[str, Sequence[str], dict[str, object]]:
    """SQL for the driver, the names of its parameters in order, and the values that Core has added."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    names = getattr(compiled, "positiontup", None) or ()
    given = {name: value for name, value in (compiled.params or {}).items() if value is not None}
    return str(compiled), names, given


def texts(values: Iterable[str]) -> str:
    """The value for a parameter of `one_of`. Texts with a NUL are left out: no table has any."""
    return json.dumps([value for value in values if "\0" not in value])


def one_of(column: sa.ColumnElement[Any], parameter: str = "ids") -> sa.ColumnElement[bool]:
    """Whether a column has one of any number of texts, which are passed as one parameter."""
    return column.in_(sa.select(each_text(parameter).c.value))


def each_text(parameter: str) -> TableValuedAlias:
    """The texts of a parameter, as a table with the column `value`."""
    return _TextsIn(sa.bindparam(parameter, type_=sa.Text)).table_valued(sa.column("value", sa.Text))


class _TextsIn(GenericFunction[str]):
    """The rows of a JSON array."""

    inherit_cache = True


@compiles(_TextsIn, "sqlite")
def _texts_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_TextsIn, "postgresql")
def _texts_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSONB))"


def text_at(column: sa.ColumnElement[Any], path: str) -> sa.ColumnElement[str]:
    """What the JSON of a column holds at a path such as "authors[0]", as text."""
    return _TextAt(column, sa.literal_column(f"'$.{path}'"))


class _TextAt(GenericFunction[str]):
    """A value of a JSON object, by its path."""

    type = sa.Text()
    inherit_cache = True


@compiles(_TextAt, "sqlite")
def _text_at_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **options)})"


@compiles(_TextAt, "postgresql")
def _text_at_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, path = (compiler.process(clause, **options) for clause in element.clauses)
    return f"jsonb_path_query_first(CAST({column} AS JSONB), CAST({path} AS JSONPATH)) #>> '{{}}'"

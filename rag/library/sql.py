"""SQL for SQLite and PostgreSQL alike: tables and statements of SQLAlchemy's Core, run on a file of SQLite.

Statements are built once, as constants, and compiled once. They run on the driver's own connection, as a
small statement takes three times as long through SQLAlchemy's.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Executable,
    MetaData,
    Table,
    Text,
    bindparam,
    column,
    exists,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.selectable import TableValuedAlias

from rag.errors import LibraryError
from rag.library.faults import newer, unusable
from rag.private import make_file

T = TypeVar("T")
Migration = Callable[["Database"], None]
"""Brings the tables of one format to the next, within a transaction."""

_PATIENCE = 30  # seconds to wait for another process that writes
_KEPT_OPEN = 5  # connections for readers; more are opened when more threads read at a time
_SETTINGS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
_SHRINK = "PRAGMA auto_vacuum = FULL"
_VERSION = text("PRAGMA user_version")
_DIALECT = sqlite.dialect(paramstyle="qmark")


class Database:
    """A file of SQLite. Safe to use from several threads and processes, of which one writes at a time.

    Readers have connections of their own, so that nobody waits for a transaction. All that a thread does
    inside `transaction` or `snapshot` goes through one connection, and sees what was written there.
    """

    def __init__(self, path: Path, name: str, remedy: str, *, shrinks: bool = False) -> None:
        """`name` and `remedy` are for errors: what cannot be used, and what to do then. A file that
        shrinks gives the disk back what is deleted: to be said where it is made, and not again."""
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
        """Close all connections; one that a thread is using is closed when that is done."""
        self._is_closed = True
        self._readers.dispose()
        with self._writing:
            if self._writer:
                self._writer.close()

    def rows(self, statement: Executable, **values: object) -> list[Any]:
        """All rows of a statement. Raises DamagedError, as all that follow."""
        return self._result(sqlite3.Cursor.fetchall, statement, values)

    def value(self, statement: Executable, **values: object) -> Any:
        """The one value that a statement gives."""
        return self.rows(statement, **values)[0][0]

    def run(self, statement: Executable, **values: object) -> int:
        """Change rows, within a transaction; how many there were."""
        return self._result(_row_count, statement, values)

    def run_all(self, statement: Executable, rows: Iterable[Mapping[str, object]]) -> None:
        """Run a statement once for each of these rows of values, within a transaction."""
        sql, names, known = _compiled(statement)
        with self._connected() as connection:
            connection.executemany(sql, ([{**known, **row}[name] for name in names] for row in rows))

    def stream(self, statement: Executable, **values: object) -> Iterator[Any]:
        """The rows of a statement one by one, as they were when it began."""
        with self._connected() as connection:
            yield from execute(connection, statement, values)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that this thread reads inside is as it was at one moment."""
        with self._connected() as connection, self._bound(connection):
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that this thread writes inside is written, or nothing of it."""
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

    def create(self, tables: MetaData | Table) -> None:
        """Make tables with their indexes, within a transaction."""
        for table in tables.sorted_tables if isinstance(tables, MetaData) else [tables]:
            self.run(CreateTable(table))
            for index in table.indexes:
                self.run(CreateIndex(index))

    def prepare(self, tables: MetaData, migrations: Sequence[Migration]) -> None:
        """Make the tables, or bring older ones up to date: the first migration is that from format 1 to 2.

        SQLite keeps the format's number in the file. Raises DamagedError for a newer one.
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
            self.run(text(f"PRAGMA user_version = {newest}"))

    def _connect(self) -> Any:
        if self._is_closed:
            raise sqlite3.ProgrammingError(f"{self.path} was closed")
        connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            for setting in self._settings:
                connection.execute(setting)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _result(
        self, result: Callable[[sqlite3.Cursor], T], statement: Executable, values: Mapping[str, object]
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
        """The connection of what this thread is inside of, else one that nobody else uses meanwhile."""
        lease = None
        try:
            if own := self._own.connection:
                yield own
            else:
                lease = self._readers.connect()
                yield lease.driver_connection  # type: ignore[misc]  # of whatever driver
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        finally:
            if lease:
                lease.close()
                if self._is_closed:
                    self._readers.dispose()

    @contextmanager
    def _bound(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Let this thread use the connection for all that it does."""
        self._own.connection = connection
        try:
            yield
        finally:
            self._own.connection = None

    def _unusable(self, error: Exception) -> LibraryError:
        return unusable(self._name, self.path.parent, error, self._remedy)


class _Own(threading.local):
    """The connection of what a thread is inside of."""

    connection: sqlite3.Connection | None = None


def _row_count(cursor: sqlite3.Cursor) -> int:
    return cursor.rowcount


def execute(
    connection: sqlite3.Connection, statement: Executable, values: Mapping[str, object] = {}
) -> sqlite3.Cursor:
    """Run a statement of Core with the values of its parameters."""
    sql, names, known = _compiled(statement)
    if known:
        values = {**known, **values}
    return connection.execute(sql, [values[name] for name in names])


@lru_cache(maxsize=256)
def _compiled(statement: Executable) -> tuple[str, Sequence[str], dict[str, object]]:
    """SQL for the driver, the names of its parameters in order, and the values that Core has put in."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    names = getattr(compiled, "positiontup", None) or ()
    given = {name: value for name, value in (compiled.params or {}).items() if value is not None}
    return str(compiled), names, given


def insert_missing(table: Table) -> Executable:
    """Insert a row, unless there is one with its key."""
    row = {column.name: bindparam(column.name, type_=column.type) for column in table.columns}
    is_there = exists().where(*(column == row[column.name] for column in table.primary_key))
    return insert(table).from_select(list(row), select(*row.values()).where(~is_there))


def texts(values: Iterable[str]) -> str:
    """The value of a parameter of `one_of`. Texts with a NUL, which no table has, are left out."""
    return json.dumps([value for value in values if "\0" not in value])


def one_of(wanted: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """Whether a column has one of any number of texts, which are given as one parameter."""
    return wanted.in_(select(each_text(parameter).c.value))


def each_text(parameter: str) -> TableValuedAlias:
    """The texts of a parameter as a table with the column `value`."""
    return _TextsIn(bindparam(parameter, type_=Text)).table_valued(column("value", Text))


class _TextsIn(GenericFunction[str]):
    """The rows of a JSON array."""

    inherit_cache = True


@compiles(_TextsIn, "sqlite")
def _texts_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_TextsIn, "postgresql")
def _texts_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSONB))"

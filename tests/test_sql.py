"""Connections of readers and of the writer, and statements that PostgreSQL understands too."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ingest.chunking import split_abstract
from rag.errors import DamagedError
from rag.library import catalog as catalog_module
from rag.library import (
    catalog_tables,
    labels,
    names,
    orders,
    origins,
    recorder_statements,
    selecting,
    token_tables,
)
from rag.library.catalog import Catalog
from rag.types import Paper

OWLS, BEES = Paper("Owls", "Owls sleep at noon."), Paper("Bees", "Bees dance.")


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.recorder(split_abstract).put([OWLS], "a.txt")
    yield catalog
    catalog.close()


def in_a_thread(function, *values):
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *values).result(timeout=10)


def handles(folder):
    """The open files of this process in a folder."""
    links = []
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(handle.readlink()))
    return [link for link in links if link.startswith(str(folder))]


def test_readers_do_not_wait_for_a_transaction_and_see_nothing_of_it_before_its_end(catalog):
    read = []

    def split(text):  # in the middle of the transaction that adds a paper
        read.append(in_a_thread(catalog.count))
        read.append(in_a_thread(lambda: [paper.title for paper in catalog.browse()]))
        return split_abstract(text)

    catalog.recorder(split).put([BEES], "a.txt")
    assert read == [1, ["Owls"]] * 2  # of the abstract and the note
    assert catalog.count() == 2


def test_what_fails_within_a_transaction_leaves_nothing_and_the_next_one_works(catalog):
    def split(abstract):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        catalog.recorder(split).put([BEES], "a.txt")
    assert (catalog.count(), catalog.last_sequence()) == (1, 1)
    catalog.recorder(split_abstract).put([BEES], "a.txt")
    assert catalog.count() == 2


def test_a_snapshot_stays_as_it_was_while_others_write(catalog):
    with catalog.unchanging():
        assert catalog.count() == 1
        in_a_thread(lambda: catalog.recorder(split_abstract).put([BEES], "a.txt"))
        assert (catalog.count(), len(list(catalog.records()))) == (1, 1)
        assert in_a_thread(catalog.count) == 2
    assert catalog.count() == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are listed on Linux alone")
def test_threads_leave_no_file_open_behind_them(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.recorder(split_abstract).put([OWLS], "a.txt")
    together = threading.Barrier(12)

    def read():
        together.wait()
        for _ in catalog.records():  # all have a connection at the same time
            together.wait()

    for _ in range(10):
        threads = [threading.Thread(target=read) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # SQLite keeps the handles of closed connections for the next ones while others have the file open.
    assert len(handles(tmp_path)) <= 3 * 12
    records = catalog.records()
    next(records)
    catalog.close()
    with pytest.raises(DamagedError, match="closed"):
        catalog.count()
    records.close()  # was being read while the catalog was closed
    gc.collect()
    assert handles(tmp_path) == []


def statements():
    for module in (
        catalog_module,
        recorder_statements,
        catalog_tables,
        token_tables,
        labels,
        names,
        orders,
        origins,
    ):
        for value in vars(module).values():
            values = value.values() if isinstance(value, dict) else [value]
            for one in values:
                yield from one if type(one) in (list, tuple) else [one]
    yield selecting.fulfilling(orders.LISTED["published", True], selecting.CONDITIONS)


def test_postgresql_understands_all_tables_and_statements():
    dialect = postgresql.dialect()
    for tables in (catalog_tables.TABLES, token_tables.TABLES):
        for table in tables.sorted_tables:
            assert "WITHOUT ROWID" not in str(CreateTable(table).compile(dialect=dialect))
            for index in table.indexes:
                CreateIndex(index).compile(dialect=dialect)
    known = [each for each in statements() if isinstance(each, Executable)]
    compiled = [str(each.compile(dialect=dialect)) for each in known if "PRAGMA" not in str(each)]
    assert len(compiled) > 40
    assert any("jsonb_array_elements_text" in statement for statement in compiled)
    assert not any("json_e" in statement for statement in compiled)  # of SQLite

"""The cache of vectors: nothing is lost among processes, and no damage breaks an answer."""

import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest

from rag.embedding.cache import VectorCache

ROWS = {"bees": np.float32([0.6, 0.8, 0]), "owls": np.float32([0, 1, 0])}


@pytest.fixture
def cache(tmp_path) -> VectorCache:
    cache = VectorCache(tmp_path / "folder" / "vectors.sqlite")
    cache.put("counts", ROWS)
    return cache


def spoil(path, damage):
    if damage == "no database":
        path.write_bytes(b"damaged " * 1000)
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def test_the_cache_gives_what_was_put(cache):
    found = cache.get("counts", ["owls", "foxes", "bees"])
    assert list(found) == ["owls", "bees"]
    assert all(np.array_equal(found[text], ROWS[text]) for text in found)
    assert (cache.dimension("counts"), cache.dimension("others"), cache.get("others", ["bees"])) == (
        3,
        None,
        {},
    )


@pytest.mark.parametrize("damage", ["no database", "cut off", "overwritten"])
def test_a_damaged_cache_is_made_anew(cache, damage):
    spoil(cache.path, damage)
    assert cache.get("counts", ROWS) == {}
    cache.put("counts", ROWS)
    assert set(cache.get("counts", ROWS)) == set(ROWS)


@pytest.mark.parametrize("damage", ["no database", "cut off", "overwritten"])
def test_a_damaged_cache_keeps_what_is_put_at_once(cache, damage):
    spoil(cache.path, damage)
    cache.put("counts", ROWS)
    assert set(cache.get("counts", ROWS)) == set(ROWS)


def test_a_cache_that_cannot_be_used_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "file" / "vectors.sqlite"):
        cache = VectorCache(path)
        cache.put("counts", ROWS)
        assert (cache.get("counts", ROWS), cache.dimension("counts")) == ({}, None)


@pytest.mark.parametrize("blob", [b"", b"\0" * 12, b"\xff" * 12, np.float32([1, 0]).tobytes()])
def test_a_row_that_is_no_unit_vector_is_asked_anew(cache, blob):
    with sqlite3.connect(cache.path) as connection:
        connection.execute("UPDATE vectors SET vector = ? WHERE vector = ?", (blob, ROWS["owls"].tobytes()))
    connection.close()
    assert list(cache.get("counts", ROWS)) == ["bees"]


def test_a_write_waits_for_another_process_that_writes_to_a_new_file(cache):
    """SQLite itself does not wait: a new file is no WAL yet, and it changes at once or not at all."""
    with sqlite3.connect(cache.path, check_same_thread=False) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        writing = threading.Timer(0.3, other.commit)
        writing.start()
        cache.put("counts", {"foxes": np.float32([1, 0, 0])})
        writing.join()
    other.close()
    assert "foxes" in cache.get("counts", ["foxes"])


def test_several_processes_and_threads_write_to_one_cache(tmp_path):
    program = """
import sys, threading
from pathlib import Path
import numpy as np
from rag.embedding.cache import VectorCache
cache, name = VectorCache(Path(sys.argv[1])), sys.argv[2]
def write(thread):
    for number in range(10):
        cache.put("counts", {f"{name} {thread} {number}": np.float32([0, 1])})
threads = [threading.Thread(target=write, args=(thread,)) for thread in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    path = tmp_path / "vectors.sqlite"
    started = [subprocess.Popen([sys.executable, "-c", program, path, name]) for name in "ab"]
    assert [process.wait() for process in started] == [0, 0]
    texts = [f"{name} {thread} {number}" for name in "ab" for thread in range(2) for number in range(10)]
    assert len(VectorCache(path).get("counts", texts)) == 40

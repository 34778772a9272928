"""Files that are written whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.private import atomic_write, private_umask


def write(path, content, **options):
    with atomic_write(path, **options) as file:
        file.write(content)


def names(folder):
    return [path.name for path in folder.iterdir()]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_at_the_end_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "owls"
    write(path, b"first")
    with atomic_write(path) as file:
        file.write(b"second")
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert names(tmp_path) == ["owls"]


@pytest.mark.parametrize("failure", [OSError, ValueError, KeyboardInterrupt])
def test_where_writing_fails_the_old_file_stays_alone(tmp_path, failure):
    path = tmp_path / "owls"
    write(path, b"first")
    with pytest.raises(failure), atomic_write(path) as file:
        file.write(b"second")
        raise failure
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["owls"]


def test_a_folder_in_the_way_is_an_error_that_leaves_nothing_behind(tmp_path):
    (tmp_path / "owls").mkdir()
    with pytest.raises(OSError, match=r"directory|denied"):
        write(tmp_path / "owls", b"")
    assert names(tmp_path) == ["owls"]


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
def test_it_is_private_unless_another_mode_or_the_users_umask_is_asked_for(tmp_path):
    path, before = tmp_path / "owls", os.umask(0o022)
    try:
        write(path, b"")
        assert mode(path) == 0o600
        write(path, b"", mode=0o660)
        assert mode(path) == 0o660
        with private_umask():
            write(path, b"", mode=None)
            assert mode(path) == 0o644
            (tmp_path / "bees").touch()
        assert mode(tmp_path / "bees") == 0o600  # the private umask was back
    finally:
        os.umask(before)


def test_of_several_writers_at_once_one_wins_whole(tmp_path):
    path = tmp_path / "owls"
    texts = [bytes([65 + number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write(path, text), texts))
    assert path.read_bytes() in texts
    assert names(tmp_path) == ["owls"]

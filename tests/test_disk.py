"""A disk that is full, and a folder that cannot be written: one line each, and nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import DamagedError, DiskFullError, NotWritableError
from rag.library.faults import unusable

ROOT = Path(__file__).parents[1]
WHOLE, SMALL = "size=200m", "size=2m"
PAPERS = 300


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """A disk of its own in memory, where the machine allows it."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        not sys.platform.startswith("linux")
        or os.geteuid()
        or not mounted(place, "-t", "tmpfs", "-o", WHOLE)
    ):
        pytest.skip("no disk of its own can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def mounted(place, *options):
    done = subprocess.run(["mount", *options, "tmpfs", place], capture_output=True, check=False)
    return done.returncode == 0


def run_apart(*arguments):
    """A command in a process of its own, which a full disk cuts short, or which leaves nothing open."""
    command = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def lines(path, numbers):
    with path.open("w") as file:
        for number in numbers:
            said = f"We count owls in field {number}. They sleep until {number * 31}. " * 4
            file.write(json.dumps({"title": f"Owls of field {number}", "abstract": said}) + "\n")
    return path


def fill(disk, left):
    """Leave so many bytes of a disk."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with (disk / "filler").open("wb") as file:
        file.write(b"x" * (free - left))


def last_line(done):
    code, out, err = done
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    return err.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("left", [200_000, 1_500_000, 3_000_000])
def test_a_disk_that_fills_up_costs_nothing_that_was_written(small, tmp_path, run, left):
    place, first = small / "library", lines(tmp_path / "first.jsonl", range(5))
    assert run("ingest", first, "--library", place)[0] == 0
    fill(small, left)
    more = lines(tmp_path / "more.jsonl", range(5, PAPERS))
    line = last_line(run_apart("ingest", more, "--library", place))
    assert line.startswith("askpapers: ")
    assert "make room, then run the same command again" in line
    (small / "filler").unlink()
    listed = json.loads(run("library", "list", "--json", "--library", place)[1])
    assert listed["matching"] >= 5
    done = run("ingest", more, "--library", place)
    if done[0]:  # Chroma's files were cut short: the line names the cure
        assert "askpapers library reindex" in last_line(done)
        assert run("library", "reindex", "--library", place)[0] == 0
        assert run("ingest", more, "--library", place)[0] == 0
    verified = run("library", "verify", "--json", "--library", place)
    assert json.loads(verified[1]) == {"papers": PAPERS, "problems": []}


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_line(small, tmp_path, run):
    place, source = small / "library", lines(tmp_path / "owls.jsonl", range(3))
    assert run_apart("ingest", source, "--library", place)[0] == 0  # nothing of it is open any more
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    for command in (
        ("ingest", source),
        ("library", "list"),
        ("library", "verify"),
        ("library", "remove", "Owls of field 1", "--yes"),
        ("search", "owls"),
        ("ask", "What do owls do?"),
    ):
        line = last_line(run(*command, "--library", place))
        assert "cannot be written" in line
        assert line.endswith("--library")
    subprocess.run(["mount", "-o", "remount,rw", small], check=True)
    assert run("library", "verify", "--library", place)[0] == 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(28, "No space left on device"), DiskFullError),
        (ValueError("Io error: No space left on device (os error 28)"), DiskFullError),
        (RuntimeError("database or disk is full"), DiskFullError),
        (ValueError("Bad file"), DamagedError),
    ],
)
def test_a_full_disk_is_told_from_damage(tmp_path, error, kind):
    found = unusable("the catalog", tmp_path / "not" / "there", error, "run this")
    assert type(found) is kind
    assert "\n" not in str(found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_told_from_damage(tmp_path):
    tmp_path.chmod(0o500)
    found = unusable("the catalog", tmp_path, ValueError("unable to open"), "run this")
    assert type(found) is NotWritableError

"""Stamps by which an unchanged source is known without reading it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.library.paper_files import file_id


def file_stamp(path: Path) -> str | None:
    """Size, time of change in ns and SHA-256 of a file; None if it cannot be read.

    Size and time are from before the content is read, so that a change in the meantime shows later.
    """
    before = size_and_time(path)
    with suppress(OSError):
        return f"{before} {file_id(path)}" if before else None
    return None


def same_content(path: Path, stamp: str) -> str | None:
    """The stamp of a file whose content is still that of an earlier stamp; None if it is not.

    A file of the same size and time is not read.
    """
    before, _, content = stamp.rpartition(" ")
    current = size_and_time(path)
    if current == before:
        return stamp
    if current is None or current.split(" ")[0] != before.split(" ")[0]:
        return None
    with suppress(OSError):
        return f"{current} {content}" if file_id(path) == content else None
    return None


def kept_stamp(own: str | None) -> str | None:
    """What is kept of a source's own stamp; None where it has none."""
    return None if own is None else json.dumps({"own": own, "linked": {}})


def with_linked(kept: str | None, paths: Iterable[Path]) -> str | None:
    """The same with size and time of the files that the source names."""
    if kept is None:
        return None
    linked = {str(path): size_and_time(path) for path in paths}
    return json.dumps(json.loads(kept) | {"linked": linked})


def own_stamp(kept: str | None) -> str | None:
    """The source's own stamp in what is kept of it."""
    return str(json.loads(kept)["own"]) if kept else None


def stamp_of(source: Any) -> str | None:
    """The stamp of a source; None where nothing tells whether it has changed."""
    stamp: str | None = getattr(source, "stamp", None)
    return stamp


def unchanged(source: Any, kept: str | None) -> str | None:
    """What to keep of a source and the files that it names if all are as they were; None if not."""
    if kept is None:
        return None
    known = json.loads(kept)
    if any(size_and_time(Path(file)) != before for file, before in known["linked"].items()):
        return None
    if again := getattr(source, "same_content", None):
        own = again(known["own"])
    else:
        own = known["own"] if stamp_of(source) == known["own"] else None
    return json.dumps(known | {"own": own}) if own else None


def looks_unchanged(path: Path, kept: str | None) -> bool:
    """Whether a file, and those that it names, have the size and time that they had; none is read."""
    if kept is None:
        return False
    known = json.loads(kept)
    files = {**known["linked"], str(path): known["own"].rpartition(" ")[0]}
    return all(size_and_time(Path(file)) == before for file, before in files.items())


def size_of(path: Path) -> str:
    """The size of a file as a stamp begins with it; empty if it is not there."""
    return (size_and_time(path) or "").partition(" ")[0]


def size_and_time(path: Path) -> str | None:
    """Size and time of change of a file, as its stamp begins with them; None for one that is not there."""
    with suppress(OSError):
        status = path.stat()
        return f"{status.st_size} {status.st_mtime_ns}"
    return None

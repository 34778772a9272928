"""A library as one file of JSON lines, and back: every record of every source, from which all else follows.

The first line tells what the file holds; each that follows is a record with its source. `ingest` reads
such a file too, as papers of one source.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ingest.chunking import split_abstract
from ingest.pipeline import TRANSACTION, grouped
from ingest.sources.base import paper_from
from rag.errors import LibraryError, SourceError
from rag.library.catalog import Catalog
from rag.library.folders import make_folder
from rag.library.library import catalog_path, forget_indexes, holds_papers
from rag.library.lock import WriteLock
from rag.library.progress import Track, untracked
from rag.library.recorder import Splitter
from rag.types import Paper

_FORMAT = 1  # raise it with every change of the lines
_MARK = "askpapers_backup"
_LONGEST_LINE = 4_000_000  # bytes

Record = tuple[str, int, Paper]
"""Source, mention and record, as the catalog keeps them."""


@dataclass(frozen=True)
class Counts:
    """What a backup holds."""

    papers: int
    records: int


def write_backup(catalog: Catalog, file: BinaryIO, track: Track = untracked) -> Counts:
    """Write all that sources said, as it is at one moment; how much it is. Raises OSError, DamagedError."""
    with catalog.unchanging():
        counts = Counts(catalog.count(), catalog.count_records())
        head = {_MARK: _FORMAT, "papers": counts.papers, "records": counts.records}
        file.write(_line(head))
        for records in track(grouped(catalog.records(), TRANSACTION), "writing a backup", counts.records):
            file.writelines(_line(_told(*record)) for record in records)
    return counts


def restore(folder: Path, path: Path, track: Track = untracked, split: Splitter = split_abstract) -> Counts:
    """Make the catalog of a folder from a backup; whatever stops it, there is all of it or nothing.

    The indexes are then behind, as after an ingest. Raises SourceError where the file is no whole
    backup, LibraryError where the folder holds papers already, LibraryBusyError.
    """
    place = folder.expanduser().absolute()
    counts = _checked(path)
    make_folder(place)
    with WriteLock(place).held():
        if holds_papers(place):
            raise LibraryError(
                f"the library in {place} holds papers already: restore into another folder with --library, "
                f"or bring the papers of the backup in with `askpapers ingest {path}`"
            )
        new = place / "catalog.new"
        _remove(new)
        catalog = Catalog(new)
        try:
            recorder = catalog.recorder(split)
            of_papers = (
                list(of_one) for _, of_one in groupby(_records(path), lambda each: each[2].paper_id)
            )
            for batch in track(grouped(of_papers, TRANSACTION), "restoring papers", counts.papers):
                recorder.restore([record for of_one in batch for record in of_one])
        except BaseException:
            catalog.close()
            _remove(new)
            raise
        catalog.close()
        forget_indexes(place)  # they followed another catalog, and its numbers
        _remove(catalog_path(place))
        new.replace(catalog_path(place))
    return counts


def _checked(path: Path) -> Counts:
    """What the file says that it holds. Raises SourceError unless all of that is there."""
    try:
        with path.open("rb") as file:
            head = _head(file.readline(_LONGEST_LINE))
            found = sum(1 for line in file if line.strip()) if head else 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): name another backup") from error
    if not head:
        raise SourceError(
            f"{path} is no backup: make one with `askpapers library export --all -o FILE`, or bring its "
            f"papers in with `askpapers ingest {path}`"
        )
    if head[_MARK] > _FORMAT:
        raise SourceError(
            f"{path} was written by a newer askpapers: upgrade with `pip install --upgrade askpapers`"
        )
    if found != head["records"]:
        why = "it was cut short" if found < head["records"] else "it was changed"
        raise SourceError(
            f"{path} holds {found} of its {head['records']} records, as {why}: restore an older "
            f"backup, or bring in what is there with `askpapers ingest {path}`"
        )
    return Counts(head["papers"], head["records"])


def _head(line: bytes) -> dict[str, Any] | None:
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return None
    names = (_MARK, "papers", "records")
    is_head = isinstance(head, dict) and all(isinstance(head.get(name), int) for name in names)
    return head if is_head else None


def _records(path: Path) -> Iterator[Record]:
    """Raises SourceError, which names the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number > 1 and line.strip():
                try:
                    yield _record(json.loads(line))
                except (ValueError, RecursionError, KeyError, TypeError) as error:
                    raise SourceError(
                        f"{path}:{number} is no record of a backup ({error}): restore an older backup, or "
                        f"bring in what can be read with `askpapers ingest {path}`"
                    ) from error


def _told(source: str, mention: int, record: Paper) -> dict[str, Any]:
    """A line: what a source said."""
    told = {"source": source, "mention": mention, **asdict(record)}
    return {name: value for name, value in told.items() if value not in (None, ()) and value is not False}


def _record(told: Any) -> Record:
    """Raises KeyError, TypeError, ValueError."""
    kinds = {"paper_id": str, "source": str, "mention": int, "title": str, "abstract": str}
    wrong = [name for name, kind in kinds.items() if not isinstance(told[name], kind)]
    wrong += ["published"] if not str(told.get("published") or "0000")[:4].isdecimal() else []
    if wrong or not told["paper_id"]:
        raise ValueError(f"`{(wrong or ['paper_id'])[0]}` is not what it should be")
    paper_from({**told, "arxiv_id": None, "doi": None, "published": None})  # the kinds of the others
    names = {each.name for each in fields(Paper)}
    return told["source"], told["mention"], Paper(**{name: told[name] for name in names & told.keys()})


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _remove(catalog: Path) -> None:
    """A catalog's file, and what SQLite keeps beside it."""
    for name in ("", "-wal", "-shm"):
        catalog.with_name(catalog.name + name).unlink(missing_ok=True)

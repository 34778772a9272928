"""A backup: every record of every source in one file of JSON lines, from which a library can be restored.

The first line counts the records; each further line is a record with its source. `ingest` reads such a file
too, as the papers of one source.
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

_FORMAT = 1  # raised with every change to the lines
_MARK = "askpapers_backup"
_LONGEST_LINE = 4_000_000  # bytes

Record = tuple[str, int, Paper]
"""Source, place within the source, and record, as the catalog keeps them."""


@dataclass(frozen=True)
class Counts:
    """What a backup holds."""

    papers: int
    records: int


def write_backup(catalog: Catalog, file: BinaryIO, track: Track = untracked) -> Counts:
    """Write a consistent snapshot of all records; return their counts. Raises OSError, DamagedError."""
    with catalog.unchanging():
        counts = Counts(catalog.count(), catalog.count_records())
        file.write(_json_line({_MARK: _FORMAT, **asdict(counts)}))
        for records in track(grouped(catalog.records(), TRANSACTION), "writing a backup", counts.records):
            file.writelines(_json_line(_fields(*record)) for record in records)
    return counts


def restore(folder: Path, path: Path, track: Track = untracked, split: Splitter = split_abstract) -> Counts:
    """Restore the catalog of a folder from a backup, completely or not at all.

    Its indexes still have to be synced. Raises SourceError if the file is not a complete backup,
    LibraryError if the folder already holds papers, LibraryBusyError.
    """
    place = folder.expanduser().absolute()
    counts = _check(path)
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
            papers = (
                list(group) for _, group in groupby(_records(path), lambda record: record[2].paper_id)
            )
            for batch in track(grouped(papers, TRANSACTION), "restoring papers", counts.papers):
                recorder.restore([record for records in batch for record in records])
        except BaseException:
            catalog.close()
            _remove(new)
            raise
        catalog.close()
        forget_indexes(place)  # they follow the old catalog's sequence numbers
        _remove(catalog_path(place))
        new.replace(catalog_path(place))
    return counts


def _check(path: Path) -> Counts:
    """The counts of the file's header. Raises SourceError unless all records are there."""
    try:
        with path.open("rb") as file:
            header = _header(file.readline(_LONGEST_LINE))
            records = sum(1 for line in file if line.strip()) if header else 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): name another backup") from error
    if not header:
        raise SourceError(
            f"{path} is no backup: make one with `askpapers library export --all -o FILE`, or bring its "
            f"papers in with `askpapers ingest {path}`"
        )
    if header[_MARK] > _FORMAT:
        raise SourceError(
            f"{path} was written by a newer askpapers: upgrade with `pip install --upgrade askpapers`"
        )
    if records != header["records"]:
        why = "it was cut short" if records < header["records"] else "it was changed"
        raise SourceError(
            f"{path} holds {records} of its {header['records']} records, as {why}: restore an older "
            f"backup, or bring in what is there with `askpapers ingest {path}`"
        )
    return Counts(header["papers"], header["records"])


def _header(line: bytes) -> dict[str, Any] | None:
    """The first line of a backup; None for another file."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return None
    names = (_MARK, "papers", "records")
    is_header = isinstance(header, dict) and all(isinstance(header.get(name), int) for name in names)
    return header if is_header else None


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


def _fields(source: str, mention: int, record: Paper) -> dict[str, Any]:
    """The known fields of a line."""
    values = {"source": source, "mention": mention, **asdict(record)}
    return {name: value for name, value in values.items() if value not in (None, ()) and value is not False}


def _record(values: Any) -> Record:
    """The record of a line's fields. Raises KeyError, TypeError, ValueError."""
    kinds = {"paper_id": str, "source": str, "mention": int, "title": str, "abstract": str}
    wrong = [name for name, kind in kinds.items() if not isinstance(values[name], kind)]
    wrong += ["published"] if not str(values.get("published") or "0000")[:4].isdecimal() else []
    if wrong or not values["paper_id"]:
        raise ValueError(f"`{(wrong or ['paper_id'])[0]}` is not what it should be")
    paper_from({**values, "arxiv_id": None, "doi": None, "published": None})  # checks the other fields
    known = {field.name for field in fields(Paper)} & values.keys()
    return values["source"], values["mention"], Paper(**{name: values[name] for name in known})


def _json_line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _remove(catalog: Path) -> None:
    """Delete a catalog's file and the two that SQLite keeps beside it."""
    for name in ("", "-wal", "-shm"):
        catalog.with_name(catalog.name + name).unlink(missing_ok=True)

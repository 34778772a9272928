"""A backup: every record of every source in one file of JSON lines, from which a library can be restored.

The first line counts what follows: the whole texts of files, then the records, each in a line with its
source. The files themselves are not in it, nor the library's copies of them. `ingest` reads such a file,
too, as the papers of one source.
"""

import json
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from ingest.backup_files import file_lines, read_files
from ingest.chunking import split_abstract
from ingest.pipeline import TRANSACTION, grouped
from ingest.sources.base import paper_from
from ingest.sources.jsonl import BACKUP_MARK
from rag.errors import LibraryError, SourceError
from rag.library.catalog import Catalog
from rag.library.folders import make_folder
from rag.library.library import catalog_path, forget_indexes, holds_papers
from rag.library.lock import WriteLock
from rag.library.progress import Track, untracked
from rag.library.recorder import Recorder, Splitter
from rag.types import Paper

_FORMAT = 3  # raised with every change to the lines; the first had no files, the second no labels
_ALWAYS = ("mention", "abstract")  # fields that each line has
_MARKED = json.dumps({BACKUP_MARK: 0}).encode()[:-2]  # how each line begins that is no record
_LONGEST_LINE = 4_000_000  # bytes

Record = tuple[str, int, Paper]
"""Source, place within the source, and record, as the catalog keeps them."""


@dataclass(frozen=True)
class Counts:
    """What a backup holds."""

    papers: int
    records: int
    whole_texts: int = 0


def write_backup(catalog: Catalog, file: BinaryIO, track: Track = untracked) -> Counts:
    """Write a consistent snapshot of all records and whole texts; return their counts.

    Raises OSError, DamagedError.
    """
    with catalog.unchanging():
        files = catalog.files.ids()
        counts = Counts(catalog.count(), catalog.count_records(), len(files))
        file.write(_marked_line(asdict(counts)))
        for (file_id,) in (
            track(grouped(files, 1), "writing whole texts", counts.whole_texts) if files else ()
        ):
            file.writelines(map(_marked_line, file_lines(catalog.files, file_id)))
        known = set(files)
        for records in track(grouped(catalog.records(), TRANSACTION), "writing a backup", counts.records):
            file.writelines(_json_line(_fields(*record, known)) for record in records)
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
            _restore_files(path, counts.whole_texts, recorder, track)
            known = set(catalog.files.ids())
            papers = (
                list(group)
                for _, group in groupby(_records(path, known), lambda record: record[2].paper_id)
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
            records = sum(_is_record(line) for line in file) if header else 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): name another backup") from error
    if not header:
        raise SourceError(
            f"{path} is no backup: make one with `askpapers library export --all -o FILE`, or bring its "
            f"papers in with `askpapers ingest {path}`"
        )
    if header[BACKUP_MARK] > _FORMAT:
        raise SourceError(
            f"{path} was written by a newer askpapers: upgrade with `pip install --upgrade askpapers`"
        )
    if records != header["records"]:
        why = "it was cut short" if records < header["records"] else "it was changed"
        raise SourceError(
            f"{path} holds {records} of its {header['records']} records, as {why}: restore an older "
            f"backup, or bring in what is there with `askpapers ingest {path}`"
        )
    return Counts(header["papers"], header["records"], header.get("whole_texts", 0))


def _header(line: bytes) -> dict[str, Any] | None:
    """The first line of a backup; None for another file."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return None
    counts = (BACKUP_MARK, "papers", "records")
    is_header = (
        isinstance(header, dict)
        and all(isinstance(header.get(name), int) for name in counts)
        and isinstance(header.get("whole_texts", 0), int)
    )
    return header if is_header else None


def _is_record(line: bytes) -> bool:
    return bool(line.strip()) and not line.startswith(_MARKED)


def _restore_files(path: Path, count: int, recorder: Recorder, track: Track) -> None:
    """Write the whole texts of a backup, of which there should be so many. Raises SourceError."""
    place = [1]  # the line that is read
    files = read_files(_marked_lines(path, place))
    restored = 0
    try:
        for (file,) in track(grouped(files, 1), "restoring whole texts", count) if count else ():
            recorder.put_file(file.row, file.document.body, file.spans)
            restored += 1
    except (ValueError, RecursionError) as error:
        raise _broken(path, place[0], "whole text", error) from error
    if restored != count:
        raise SourceError(
            f"{path} holds {restored} of its {count} whole texts, as it was changed: restore an older "
            f"backup, or bring in what is there with `askpapers ingest {path}`"
        )


def _marked_lines(path: Path, place: list[int]) -> Iterator[dict[str, Any]]:
    """The lines of whole texts; `place` is that of the last one. Raises ValueError."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number > 1 and line.strip() and not _is_record(line):
                place[0] = number
                if len(line) > _LONGEST_LINE or not isinstance(value := json.loads(line), dict):
                    raise ValueError("the line is too long, or no object")
                yield value


def _records(path: Path, files: Set[str]) -> Iterator[Record]:
    """The records, whose files must be among these. Raises SourceError, which names the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number > 1 and _is_record(line):
                try:
                    yield _record(json.loads(line), files)
                except (ValueError, RecursionError, KeyError, TypeError) as error:
                    raise _broken(path, number, "record", error) from error


def _broken(path: Path, line: int, what: str, error: Exception) -> SourceError:
    return SourceError(
        f"{path}:{line} is no {what} of a backup ({error}): restore an older backup, or "
        f"bring in what can be read with `askpapers ingest {path}`"
    )


def _fields(source: str, mention: int, record: Paper, files: Set[str]) -> dict[str, Any]:
    """The known fields of a line; a file that is not among `files` is lost."""
    record = record if record.file in files else replace(record, file=None)
    values = {"source": source, "mention": mention, **asdict(record)}
    return {name: value for name, value in values.items() if value or name in _ALWAYS}


def _record(values: Any, files: Set[str]) -> Record:
    """The record of a line's fields. Raises KeyError, TypeError, ValueError."""
    kinds = {"paper_id": str, "source": str, "mention": int, "title": str, "abstract": str}
    wrong = [name for name, kind in kinds.items() if not isinstance(values[name], kind)]
    wrong += ["published"] if not str(values.get("published") or "0000")[:4].isdecimal() else []
    if wrong or not values["paper_id"]:
        raise ValueError(f"`{(wrong or ['paper_id'])[0]}` is not what it should be")
    paper_from({**values, "arxiv_id": None, "doi": None, "published": None})  # checks the other fields
    if (file := values.get("file")) is not None and file not in files:
        raise ValueError("its whole text is not there")
    known = {field.name for field in fields(Paper) if field.compare} & values.keys()
    return values["source"], values["mention"], Paper(**{name: values[name] for name in known})


def _marked_line(values: dict[str, Any]) -> bytes:
    return _json_line({BACKUP_MARK: _FORMAT, **values})


def _json_line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _remove(catalog: Path) -> None:
    """Delete a catalog's file and the two that SQLite keeps beside it."""
    for name in ("", "-wal", "-shm"):
        catalog.with_name(catalog.name + name).unlink(missing_ok=True)

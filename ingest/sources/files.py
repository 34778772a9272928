"""Files and folders on disk: which source reads which, and what cannot be read at all."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.sources.base import Entry, Rejection, Source
from ingest.sources.jsonl import read_jsonl
from ingest.sources.saved_page import is_saved_page, read_saved_page
from rag.errors import SourceError

SUFFIXES = (".txt", ".jsonl")
_READABLE = "a saved page (.txt) or papers as JSON lines (.jsonl)"


@dataclass(frozen=True)
class FileSource:
    """The papers of one file. `saved` is the day on which a page was saved, where it is known.

    `label` names a file whose path says nothing, such as one that was uploaded: ingested from
    another path under the same label, it is the same source.
    """

    path: Path
    saved: date | None = None
    label: str | None = None

    @property
    def name(self) -> str:
        return shown_path(self.path) if self.label is None else self.label

    def read(self) -> Iterator[Entry]:
        """Yield each entry once. Raises SourceError."""
        check_readable(self.path, self.label)
        if self.path.suffix.lower() == ".jsonl":
            yield from read_jsonl(self.path, self.name)
        else:
            text = self.path.read_bytes().decode("utf-8-sig")
            yield from read_saved_page(text, self.name, self.saved)


@dataclass(frozen=True)
class UnreadableFile:
    """A file inside a folder that cannot be read: it is listed, and the others go on."""

    path: Path
    problem: str

    @property
    def name(self) -> str:
        return shown_path(self.path)

    def read(self) -> Iterator[Entry]:
        yield Rejection(self.name, None, self.problem)


def open_path(path: Path, saved: date | None) -> list[Source]:
    """The source of a file, or one source for each file that a folder holds at any depth,
    hidden ones left out.

    Raises SourceError for a file that cannot be read, and for a folder without one that can.
    """
    if not path.is_dir():
        check_readable(path)
        return [FileSource(path, saved)]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise SourceError(f"{path} holds no file that can be read: name a folder with {_READABLE}")
    return [_open_inside(file, saved) for file in files]


def _open_inside(path: Path, saved: date | None) -> Source:
    try:
        check_readable(path)
    except SourceError as error:
        return UnreadableFile(path, str(error))
    return FileSource(path, saved)


def shown_path(path: Path) -> str:
    """The path as text; a name in another encoding than the system's gets replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")


def check_readable(path: Path, label: str | None = None) -> None:
    """Raises SourceError unless this is a saved page, or a file of JSON lines with text in it.

    The error names the file by its label, where it has one.
    """
    name = path if label is None else label
    is_stream = path.suffix.lower() == ".jsonl"  # read line by line later, a page as a whole
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
            rest = file.read(1 if is_stream or b"\0" in start else -1)
            is_text = _is_text(start + rest, is_whole=not (is_stream and rest))
    except FileNotFoundError as error:
        raise SourceError(f"{name} does not exist: check the spelling of the path") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from error
    if start.startswith(b"%PDF-"):
        raise SourceError(
            f"{name} is a PDF, and askpapers reads titles and abstracts only: give it {_READABLE} "
            "with the abstract of this paper"
        )
    if not start.strip():
        raise SourceError(f"{name} is empty: save the page again and ingest the new file")
    if not is_text:
        raise SourceError(f"{name} is not a text file: give it {_READABLE}")
    if not is_stream and not is_saved_page((start + rest).decode("utf-8-sig")):
        raise SourceError(f"{name} is not a saved page of Daily Papers: give it {_READABLE}")


def _is_text(start: bytes, is_whole: bool) -> bool:
    if b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return not is_whole and error.start > len(start) - 4  # a character cut at the end
    return True


def names_to_sources(names: Sequence[str], saved: date | None) -> list[Source]:
    """The sources that a command line names, all checked before any is read. Raises SourceError."""
    if not all(name.strip() for name in names):
        raise SourceError("a source has no name: say which file or folder to ingest")
    return [source for name in names for source in open_path(Path(name).expanduser().absolute(), saved)]

"""The sources in files, folders and patterns on disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from ingest.sources.base import Entry, ReadOptions, Rejection, Source, shown_path
from ingest.sources.formats import READABLE, SUFFIXES
from ingest.sources.recognition import DAMAGED, recognise, suffix_of
from rag.errors import SourceError
from rag.plain import in_a_line


@dataclass(frozen=True)
class FileSource:
    """The papers of one file.

    `label` names a file whose path means nothing, such as an upload. Under the same label, a file at
    another path is the same source.
    """

    path: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    label: str | None = None

    @property
    def name(self) -> str:
        return shown_path(self.path) if self.label is None else self.label

    def read(self) -> Iterator[Entry]:
        """Yield each entry once. Raises SourceError where the file cannot be read at all; a file that
        breaks off later ends in a rejection.
        """
        form = recognise(self.path, self.name, self.options)
        try:
            yield from form.read(self.path, self.name, self.options)
        except DAMAGED as error:
            yield Rejection(self.name, None, f"the file cannot be read further ({in_a_line(str(error))})")


@dataclass(frozen=True)
class UnreadableFile:
    """A file in a folder that cannot be read. It is listed, and the others are read."""

    path: Path
    problem: str

    @property
    def name(self) -> str:
        return shown_path(self.path)

    def read(self) -> Iterator[Entry]:
        yield Rejection(self.name, None, self.problem)


def open_path(path: Path, options: ReadOptions = ReadOptions()) -> list[Source]:
    """The source of a file; or a source for each file that a pattern such as `papers/**/*.bib` matches,
    or that a folder holds at any depth, hidden ones left out.

    Raises SourceError for a file that cannot be read, and where a folder or a pattern has none that can.
    """
    if path.is_dir():
        return _open_all(_inside(path), path, options)
    if has_magic(str(path)) and not path.exists():
        return _open_all(_matching(path), path, options)
    source = FileSource(path, options)
    recognise(path, source.name, options)
    return [source]


def _inside(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield file


def _matching(pattern: Path) -> Iterator[Path]:
    """Raises SourceError where the pattern names no file."""
    paths = [Path(name) for name in glob(str(pattern), recursive=True)]  # noqa: PTH207
    if not any(path.is_file() for path in paths):
        raise SourceError(f"{shown_path(pattern)} names no file: check the spelling of the pattern")
    yield from paths


def _open_all(paths: Iterable[Path], name: Path, options: ReadOptions) -> list[Source]:
    """The sources of the files whose suffix can be read; of all of them, where the format is given."""
    files = sorted(
        path for path in paths if (options.format or suffix_of(path) in SUFFIXES) and path.is_file()
    )
    if not files:
        raise SourceError(
            f"{shown_path(name)} holds no file that can be read: name a folder with {READABLE}"
        )
    return [_open_inside(file, options) for file in files]


def _open_inside(path: Path, options: ReadOptions) -> Source:
    source = FileSource(path, options)
    try:
        recognise(path, source.name, options)
    except SourceError as error:
        return UnreadableFile(path, str(error))
    return source

"""The sources in files, folders and patterns on disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from ingest.sources.base import Entry, ReadOptions, Rejection, Skipped, Source, shown_path
from ingest.sources.formats import PDF, READABLE, SUFFIXES
from ingest.sources.recognition import DAMAGED, damage, recognise, suffix_of
from ingest.sources.stamps import file_stamp, same_content
from rag.errors import SourceError


@dataclass(frozen=True)
class FileSource:
    """The papers of one file.

    `label` names a file whose path means nothing, such as an upload. Under the same label, a file at
    another path is the same source. One of many that cannot be read is listed, and the others are read.
    """

    path: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    label: str | None = None
    is_one_of_many: bool = False

    @property
    def name(self) -> str:
        return shown_path(self.path) if self.label is None else self.label

    @property
    def stamp(self) -> str | None:
        """Size, time of change and SHA-256 of the file; None for an upload or if it cannot be read."""
        return file_stamp(self.path) if self.label is None else None

    def same_content(self, stamp: str) -> str | None:
        """The stamp now, if the content is that of an earlier stamp; a file of its time is not read."""
        return same_content(self.path, stamp)

    def read(self) -> Iterator[Entry]:
        """Yield each entry once. Raises SourceError where the file cannot be read at all, unless it is one
        of many; a file that breaks off later ends in a rejection.
        """
        try:
            form = recognise(self.path, self.name, self.options)
        except SourceError as error:
            if not self.is_one_of_many:
                raise
            yield Rejection(self.name, None, str(error).removeprefix(f"{self.name} "))
            return
        try:
            yield from form.read(self.path, self.name, self.options)
        except DAMAGED as error:
            yield Rejection(self.name, None, f"the file cannot be read further ({damage(error)})")


def open_path(
    path: Path, options: ReadOptions = ReadOptions(), *, is_one_of_many: bool = False
) -> list[Source]:
    """The source of a file; or a source for each file that a pattern such as `papers/**/*.bib` matches,
    or that a folder holds at any depth, hidden ones left out.

    Raises SourceError for a file that cannot be read, and where a folder or a pattern has none that can.
    A PDF that is one of many which were named is listed instead: a shell's `*.pdf` names all of a folder.
    """
    if path.is_dir():
        return _open_all(_inside(path), path, options)
    if is_pattern(path):
        return _open_all(_matching(path), path, options)
    is_listed = is_one_of_many and path.suffix.lower() in PDF.suffixes and path.is_file()
    source = FileSource(path, options, is_one_of_many=is_listed)
    if not is_listed:
        recognise(path, source.name, options)
    return [source]


def skipped_files(path: Path, options: ReadOptions = ReadOptions()) -> Iterator[Skipped]:
    """The files of a folder or a pattern that `open_path` leaves out, except hidden ones."""
    if path.is_dir():
        files = _inside(path)
    elif is_pattern(path):
        files = (Path(name) for name in glob(str(path), recursive=True))  # noqa: PTH207
    else:
        return
    for file in sorted(file for file in files if not _is_readable(file, options) and file.is_file()):
        kind = f" ({file.suffix})" if file.suffix else ""
        yield Skipped(shown_path(file), f"is of no kind that can be read{kind}")


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern of files, and not the name of one that is there."""
    return has_magic(str(path)) and not path.exists()


def _is_readable(file: Path, options: ReadOptions) -> bool:
    """Whether the suffix of a file in a folder says that it can be read, or the user has said so."""
    return bool(options.format) or suffix_of(file) in SUFFIXES


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
    files = sorted(path for path in paths if _is_readable(path, options) and path.is_file())
    if not files:
        raise SourceError(
            f"{shown_path(name)} holds no file that can be read: name a folder with {READABLE}"
        )
    return [FileSource(file, options, is_one_of_many=True) for file in files]

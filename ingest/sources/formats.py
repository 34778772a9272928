"""The formats that files of papers come in: which file is in which, by its name and what it holds."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.base import Entry, Reading, one_line
from ingest.sources.jsonl import read_jsonl
from ingest.sources.saved_page import is_saved_page, read_saved_page
from ingest.sources.texts import marked_encoding, open_bytes, read_whole
from rag.errors import SourceError

Read = Callable[[Path, str, Reading], Iterator[Entry]]
Check = Callable[[Path, str, Reading], None]
_START = 1 << 18  # bytes, and then characters, that a format is told by
_NAMED = 1 << 16  # bytes in which a file that is no text shows it
DAMAGED = (OSError, EOFError, zlib.error)  # what reading a file raises, packed ones too


@dataclass(frozen=True)
class Format:
    """`name` is what `--format` calls it, `told` how it is told of. `read` yields the entries of a file
    under the name of its source. `check` raises ValueError, with what is wrong and what to do,
    where a file is surely not in this format or cannot be read as it is wanted.
    """

    name: str
    told: str
    suffixes: tuple[str, ...]
    read: Read
    check: Check


def _no_check(path: Path, name: str, reading: Reading) -> None:
    """Any text can be read."""


def _read_page(path: Path, name: str, reading: Reading) -> Iterator[Entry]:
    yield from read_saved_page(read_whole(path), name, reading.saved)


def _check_page(path: Path, name: str, reading: Reading) -> None:
    try:
        text = read_whole(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not a text file: give it {READABLE}") from error
    if not is_saved_page(text):
        raise ValueError(f"is not a saved page of Daily Papers: give it {READABLE}")


PAGE = Format("page", "a saved page of Daily Papers", (".txt",), _read_page, _check_page)
JSONL = Format("jsonl", "papers as JSON lines", (".jsonl", ".ndjson"), read_jsonl, _no_check)
FORMATS = (PAGE, JSONL)
PACKED_SUFFIX = ".gz"
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)
READABLE = ", ".join(f"{each.told} ({', '.join(each.suffixes)})" for each in FORMATS[:-1]) + (
    f" or {FORMATS[-1].told} ({', '.join(FORMATS[-1].suffixes)})"
)


def suffix_of(path: Path) -> str:
    """The suffix that tells the format: of `owls.bib.gz`, `.bib`."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == PACKED_SUFFIX else suffix


def recognise(path: Path, name: str, reading: Reading) -> Format:
    """The format of a file, which is checked to be readable. Raises SourceError, which says `name`."""
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{name} is no file: save what it gives to one, or pipe it to `-`")
        start = _start(path)
        found = _named(reading.format) if reading.format else _format(path, start)
        found.check(path, name, reading)
    except FileNotFoundError as error:
        raise SourceError(f"{name} does not exist: check the spelling of the path") from error
    except PermissionError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from error
    except DAMAGED as error:
        raise SourceError(f"{name} cannot be read ({one_line(str(error))}): copy it again") from error
    except ValueError as error:
        raise SourceError(f"{name} {error}") from error
    return found


def _start(path: Path) -> bytes:
    """What a file begins with. Raises OSError, and ValueError where nothing is in it that can be read."""
    with open_bytes(path) as file:
        start = file.read(_START)
    if start.startswith(b"%PDF-"):
        raise ValueError(
            "is a PDF, and askpapers reads titles and abstracts only: "
            f"give it {READABLE} with the abstract of this paper"
        )
    if not start.strip():
        raise ValueError("is empty: save or export the papers again and ingest the new file")
    return start


def _format(path: Path, start: bytes) -> Format:
    """The format that name and content tell. Raises OSError, and ValueError where they tell none."""
    if not marked_encoding(start) and b"\0" in start[:_NAMED]:
        raise ValueError(f"is not a text file: give it {READABLE}")
    by_suffix = [each for each in FORMATS if suffix_of(path) in each.suffixes]
    return by_suffix[0] if by_suffix else PAGE


def _named(name: str) -> Format:
    """Raises SourceError."""
    for each in FORMATS:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in FORMATS)
    raise SourceError(f"{name} is no format: it is one of {names}")

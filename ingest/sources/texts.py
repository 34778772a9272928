"""The content of a file as bytes or text: unpacked, decoded, in bounded memory."""

import codecs
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from rag.closing import closing_on_error

LONGEST_LINE = 8 << 20  # characters; a record of a paper has thousands
LARGEST_WHOLE = 64 << 20  # characters of a file that is read as a whole
PACKED = b"\x1f\x8b"  # how gzip begins
BIBTEX_ENTRY = re.compile(r"[ \t]*@[ \t]*\w+[ \t]*[{(]")  # how an entry of BibTeX begins
_MOST_RATIO, _UNCHECKED = 200, 4 << 20  # text packs to a third or a tenth; bytes before that is looked at
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NEVER_FIRST = re.compile(rb"[\x80-\xc1\xf5-\xff]*")  # of a character's bytes in UTF-8
WINDOWS = "askpapers.windows"  # for `errors`: reads bytes that are not UTF-8 as Windows-1252


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if gzipped. Raises OSError, also while it is read."""
    with path.open("rb") as file:
        is_packed = file.read(2) == PACKED
    return io.BufferedReader(_Unpacked(path), 1 << 16) if is_packed else path.open("rb")


def open_text(path: Path, errors: str = "replace", newline: str | None = None) -> TextIO:
    """The text of a file, in UTF-8 or as its byte order mark says. Raises OSError, as `open_bytes`."""
    file = open_bytes(path)
    with closing_on_error(file):
        encoding = marked_encoding(file.read(4)) or "utf-8"
        file.seek(0)
    return io.TextIOWrapper(file, encoding, errors, newline)


def marked_encoding(start: bytes) -> str | None:
    """The encoding that a byte order mark stands for; None without a mark."""
    return next((name for mark, name in _BOMS if start.startswith(mark)), None)


def read_whole(path: Path, errors: str = "strict") -> str:
    """All of a file's text. Raises UnicodeDecodeError, and OSError, also for a file that is too large."""
    with open_text(path, errors) as file:
        text = file.read(LARGEST_WHOLE + 1)
    if len(text) > LARGEST_WHOLE:
        raise OSError(f"it has more than {LARGEST_WHOLE:,} characters")
    return text


def numbered_lines(path: Path, errors: str = "replace") -> Iterator[tuple[int, str | None]]:
    """Each line with its number, from 1; None in place of a line that is too long for a record."""
    with open_text(path, errors) as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            is_whole = len(line) < LONGEST_LINE or line.endswith("\n")
            yield number, line if is_whole else None
            while not is_whole:
                line = file.readline(LONGEST_LINE)
                is_whole = not line or line.endswith("\n")


class _Unpacked(io.RawIOBase):
    """A gzipped file, which must not unpack to much more than texts do."""

    def __init__(self, path: Path) -> None:
        self._packed = path.open("rb")
        self._file = gzip.GzipFile(fileobj=self._packed)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Raises OSError, EOFError, zlib.error where the file is damaged."""
        count = self._file.readinto(buffer)
        done = self._file.tell()
        if done > _UNCHECKED and done > _MOST_RATIO * self._packed.tell():
            raise OSError(f"it unpacks to more than {_MOST_RATIO} times its size")
        return count

    def close(self) -> None:
        self._file.close()
        self._packed.close()
        super().close()


def _from_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if not error.encoding.lower().replace("_", "-").startswith("utf-8"):
        return "\ufffd", error.end
    further = _NEVER_FIRST.match(error.object, error.end)  # at once, as there may be thousands
    end = further.end() if further else error.end
    return error.object[error.start : end].decode("cp1252", "replace"), end


codecs.register_error(WINDOWS, _from_windows)

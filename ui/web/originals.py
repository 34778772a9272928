"""The files of papers as the library read them: a file that has changed since, or is gone, is not shown."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import AskpapersError
from rag.library import Library
from rag.library.paper_files import file_id
from rag.types import Paper

GONE = "The PDF of this paper is no longer where it was. Here is the text that was read from it."
CHANGED = "The PDF of this paper has changed since it was read. Here is the text that was read from it."
_REMEMBERED = 1_000  # files

_State = tuple[int, int, int]
"""The inode, size and time of change of a file."""


class OriginalError(AskpapersError):
    """The file of a paper cannot be shown; the text says why."""


@dataclass
class Originals:
    """Finds the files of papers. A file is hashed again only when its size or time of change differ."""

    _hashes: OrderedDict[Path, tuple[_State, str]] = field(default_factory=OrderedDict)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def path_of(self, library: Library, paper: Paper) -> Path:
        """The file of a paper, with the content that was read. Raises OriginalError."""
        path = library.file_of(paper)
        if path is None:
            raise OriginalError(GONE)
        try:
            content_hash = self._hash(path)
        except OSError as error:
            raise OriginalError(GONE) from error
        if content_hash != paper.file:
            raise OriginalError(CHANGED)
        return path

    def _hash(self, path: Path) -> str:
        """The SHA-256 of a file in hexadecimal digits. Raises OSError."""
        status = path.stat()
        state = status.st_ino, status.st_size, status.st_mtime_ns
        with self._changing:
            known = self._hashes.get(path)
        if known and known[0] == state:
            return known[1]
        content_hash = file_id(path)
        with self._changing:
            self._hashes[path] = state, content_hash
            while len(self._hashes) > _REMEMBERED:
                self._hashes.popitem(last=False)
        return content_hash

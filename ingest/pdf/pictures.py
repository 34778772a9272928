"""Pictures of the pages of PDFs, made in processes of their own."""

import atexit
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits
from ingest.pdf.messages import MalformedError
from ingest.pdf.reader import Reader

NARROWEST, WIDEST = 400, 2400  # pixels
TASK = "ingest.pdf.rendering:render"
_LIMITS = Limits(seconds=10, seconds_a_page=0, memory=1 << 30, pages=100_000)
_PROCESSES = 2
_PATIENCE = 60.0  # seconds until one of them is free
_KEPT = 32 << 20  # bytes of pictures that are kept for the next who asks
_MARKS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

_Key = tuple[Path, int, int, int, int, int]


@dataclass(frozen=True)
class Picture:
    """A picture of a page: the bytes of a file, its size in pixels, and the page's in points."""

    content: bytes
    media_type: str
    width: int
    height: int
    page_width: float
    page_height: float


def picture(path: Path, page: int, width: int) -> Picture:
    """The picture of a page, from 1, as a reader sees it, about `width` pixels wide; from any thread.

    The width is between NARROWEST and WIDEST, and less for a page that is very long. Raises PdfError.
    """
    return _pictures.get(path, page, max(NARROWEST, min(width, WIDEST)))


def unpack(header: dict[str, Any], content: bytes) -> Picture:
    """The picture in a message. Raises MalformedError unless it is one."""
    media_type, size, page_size = (header.get(name) for name in ("media_type", "size", "page_size"))
    if not isinstance(media_type, str) or not content.startswith(_MARKS.get(media_type, b"no picture")):
        raise MalformedError
    width, height = _pair(size, int)
    return Picture(content, media_type, width, height, *_pair(page_size, float))


def _pair(value: Any, kind: type) -> tuple[Any, Any]:
    """Two positive numbers of this type. Raises MalformedError."""
    if not isinstance(value, list) or len(value) != 2 or {type(side) for side in value} != {kind}:
        raise MalformedError
    if not all(0 < side < float("inf") for side in value):
        raise MalformedError
    return value[0], value[1]


class _Pictures:
    """Processes that are kept for the next picture, and the pictures that were asked for last."""

    def __init__(self) -> None:
        self._readers: LifoQueue[Reader[Picture]] = LifoQueue()
        self._all = [Reader(TASK, _LIMITS, unpack) for _ in range(_PROCESSES)]
        for reader in self._all:
            self._readers.put(reader)
        self._kept: OrderedDict[_Key, Picture] = OrderedDict()
        self._size = 0
        self._guard = threading.Lock()

    def get(self, path: Path, page: int, width: int) -> Picture:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise PdfError("cannot be opened: it has been moved or deleted") from error
        key = (path.absolute(), status.st_ino, status.st_mtime_ns, status.st_size, page, width)
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._reader() as reader:
            new = reader.read(path, page=page, width=width)
        self._keep(key, new)
        return new

    def close(self) -> None:
        for reader in self._all:
            reader.close()

    @contextmanager
    def _reader(self) -> Iterator[Reader[Picture]]:
        try:
            reader = self._readers.get(timeout=_PATIENCE)
        except Empty as error:
            raise PdfError("cannot be shown now, as many pages are asked for: try again") from error
        try:
            yield reader
        finally:
            self._readers.put(reader)

    def _keep(self, key: _Key, new: Picture) -> None:
        with self._guard:
            if old := self._kept.pop(key, None):
                self._size -= len(old.content)
            self._kept[key] = new
            self._size += len(new.content)
            while self._size > _KEPT:
                self._size -= len(self._kept.popitem(last=False)[1].content)


_pictures = _Pictures()
atexit.register(_pictures.close)

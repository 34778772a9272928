"""Documents as messages, which are checked when they are read: the sender may have been taken over."""

import zlib
from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise
from typing import Any, get_args

import numpy as np

from ingest.pdf.document import Document, Front
from ingest.pdf.messages import MalformedError, Message
from rag.body import BlockKind, Body

_LONGEST_SIDE = 15_000.0  # points; PDF allows 14,400
_LARGEST = 512 << 20  # bytes of a body that is not packed
_KINDS = frozenset(get_args(BlockKind))
_FRONT = ("title", "abstract", "doi", "arxiv_id", "published")


def pack(document: Document) -> Message:
    """The message that holds a document."""
    return {"front": asdict(document.front)}, document.body.to_bytes()


def unpack(header: dict[str, Any], payload: bytes) -> Document:
    """The document in a message. Raises MalformedError unless everything in it is what it should be."""
    try:
        _check_size(payload)
        document = Document(_front(header["front"]), Body.from_bytes(payload))
        is_right = _is_right(document.body)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, zlib.error) as error:
        raise MalformedError from error
    if not is_right:
        raise MalformedError
    return document


def _check_size(packed: bytes) -> None:
    """Raise ValueError where the bytes would unpack to far more than a body."""
    unpacker, size = zlib.decompressobj(), 0
    while packed and size <= _LARGEST:
        size += len(unpacker.decompress(packed, 1 << 20))
        packed = unpacker.unconsumed_tail
    if size > _LARGEST:
        raise ValueError


def _front(fields: Any) -> Front:
    """Raises TypeError, ValueError, LookupError."""
    authors, origins = fields["authors"], fields["origins"]
    texts = {name: fields[name] for name in _FRONT}
    if not isinstance(authors, list) or not isinstance(origins, dict):
        raise TypeError
    _check_texts(*authors, *origins, *origins.values(), *_known(texts.values()))
    return Front(**texts, authors=tuple(authors), origins=origins)


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _check_texts(*texts: Any) -> None:
    """Raise TypeError, or ValueError for texts that no encoding holds."""
    for text in texts:
        if not isinstance(text, str):
            raise TypeError
        text.encode()


def _is_right(body: Body) -> bool:
    """Whether spans lie in the text, in order, and runs on its pages. Raises as `_check_texts`."""
    labels = [page.label for page in body.pages] + [block.section for block in body.blocks]
    _check_texts(body.text, *_known(labels))
    offsets = [offset for block in body.blocks for offset in (block.start, block.end)]
    sides = [side for page in body.pages for side in (page.width, page.height)]
    return (
        {type(offset) for offset in offsets} <= {int}
        and {type(side) for side in sides} <= {int, float}
        and all(block.kind in _KINDS for block in body.blocks)
        and all(0 <= side <= _LONGEST_SIDE for side in sides)  # 0 where a page is damaged; never NaN
        and all(first <= second for first, second in pairwise([0, *offsets, len(body.text)]))
        and _are_right_runs(body)
    )


def _are_right_runs(body: Body) -> bool:
    runs = body.runs
    return bool(
        (np.diff(runs.starts, prepend=0) >= 0).all()
        and (np.diff(runs.ends, prepend=0) >= 0).all()
        and (runs.starts <= runs.ends).all()
        and runs.ends.max(initial=0) <= len(body.text)
        and ((runs.pages >= 1) & (runs.pages <= len(body.pages))).all()
        and ((runs.boxes >= 0) & (runs.boxes <= _LONGEST_SIDE)).all()
    )

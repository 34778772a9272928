"""What a process that reads PDFs and its parent say to each other over pipes.

The parent sends orders, one a line of JSON. The process answers with messages: two lengths, a header of
JSON, and bytes. Reading a message executes nothing, and each has bounds, as a damaged PDF may have taken
over the process that sends it.
"""

import json
import struct
from typing import IO, Any

from ingest.pdf.faults import PdfError

Message = tuple[dict[str, Any], bytes]

_LENGTHS = struct.Struct("<II")
_LONGEST_HEADER, _LONGEST_PAYLOAD = 4 << 20, 64 << 20  # bytes


class MalformedError(Exception):
    """A message is not what it should be."""


def send(stream: IO[bytes], header: dict[str, Any], payload: bytes = b"") -> None:
    """Raises PdfError where the message is longer than those that are read."""
    packed = json.dumps(header).encode()
    if len(packed) > _LONGEST_HEADER or len(payload) > _LONGEST_PAYLOAD:
        raise PdfError("holds more text than a paper: split it")
    stream.write(_LENGTHS.pack(len(packed), len(payload)) + packed + payload)
    stream.flush()


def receive(stream: IO[bytes]) -> Message:
    """The next message. Raises MalformedError, EOFError where the stream ends."""
    header_length, length = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    if header_length > _LONGEST_HEADER or length > _LONGEST_PAYLOAD:
        raise MalformedError
    packed, payload = _read(stream, header_length), _read(stream, length)
    try:
        header = json.loads(packed)
    except (ValueError, RecursionError) as error:
        raise MalformedError from error
    if not isinstance(header, dict):
        raise MalformedError
    return header, payload


def _read(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content

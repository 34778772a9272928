"""Reads from the head of a GGUF file what its model needs."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 24  # bytes of a string, numbers in an array; more is damage
_BYTES = 2  # of a number in the context


@dataclass(frozen=True)
class ModelShape:
    """What the size of a model's context follows from."""

    context: int | None  # the longest it was trained with, in tokens
    token_bytes: int | None  # memory that a token of context takes, at most


def read_shape(path: Path) -> ModelShape:
    """The shape of the model in a file. Raises ValueError if it is no GGUF file, and OSError."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError("not a GGUF file")
        _, _, count = _unpack("IQQ", file)
        values: dict[str, object] = {}
        for _ in range(count):
            name = _string(file).decode(errors="replace")
            if name.startswith("tokenizer."):  # long lists, which come last
                break
            values[name.partition(".")[2]] = _value(_unpack("I", file)[0], file)

    def number(name: str) -> int:
        value = values.get(name)
        return value if isinstance(value, int) else 0

    heads = number("attention.head_count")
    size = number("attention.key_length") or number("embedding_length") // max(heads, 1)
    shared = number("attention.head_count_kv") or heads
    keys = number("block_count") * shared * size
    return ModelShape(number("context_length") or None, 2 * _BYTES * keys or None)


def _value(kind: int, file: BinaryIO) -> object:
    """A value; None for a list, which is passed over."""
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _unpack(_number(kind), file)[0]
    kind, length = _unpack("IQ", file)
    if length > _LONGEST:
        raise ValueError("a list of impossible length")
    if kind == _STRING:
        for _ in range(length):
            _string(file)
    else:
        file.seek(length * struct.calcsize(f"<{_number(kind)}"), 1)
    return None


def _string(file: BinaryIO) -> bytes:
    length = _unpack("Q", file)[0]
    if length > _LONGEST:
        raise ValueError("a text of impossible length")
    return file.read(length)


def _number(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError("a value of an unknown kind")
    return _NUMBERS[kind]


def _unpack(layout: str, file: BinaryIO) -> tuple[int, ...]:
    layout = f"<{layout}"
    data = file.read(struct.calcsize(layout))
    try:
        return struct.unpack(layout, data)
    except struct.error:
        raise ValueError("the file ends too soon") from None

"""Reads the JSON that a model was asked for; whatever it sends is data of unknown form."""

import json
from collections.abc import Mapping
from typing import Any

from rag.plain import cut, in_a_line

Fields = Mapping[str, Any]
LINE = 300  # characters of a text, such as a reason
PASSAGE = 2000  # of a sentence, or of the words of a paper


def read_object(reply: str) -> Fields:
    """The one JSON object that a reply holds; an empty one where there is none, or a name stands twice."""
    start, end = reply.find("{"), reply.rfind("}")
    try:
        return json.loads(reply[start : end + 1], object_pairs_hook=_once) if 0 <= start < end else {}
    except (ValueError, RecursionError):
        return {}


def read_numbered(reply: str, name: str) -> dict[int, Fields]:
    """The objects in the list of this name, by number; none where a number stands twice."""
    rows: dict[int, list[Fields]] = {}
    for row in read_rows(read_object(reply), name):
        if (number := read_number(row, "number")) is not None:
            rows.setdefault(number, []).append(row)
    return {number: same[0] for number, same in rows.items() if len(same) == 1}


def read_rows(fields: Fields, name: str) -> list[Fields]:
    """The objects in the list of this name."""
    return [row for row in _list(fields, name) if isinstance(row, Mapping)]


def read_texts(fields: Fields, name: str) -> list[str]:
    """The texts in the list of this name."""
    return [text for text in _list(fields, name) if isinstance(text, str)]


def read_line(fields: Fields, name: str, longest: int = LINE) -> str:
    """The text of this name in one line, cut; "" where there is none."""
    text = fields.get(name)
    return cut(in_a_line(text), longest).strip() if isinstance(text, str) else ""


def read_number(fields: Fields, name: str) -> int | None:
    """The whole number of this name, also as digits; None where there is none."""
    number = fields.get(name)
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 10:
        return int(number)
    return number if type(number) is int else None


def _list(fields: Fields, name: str) -> list[Any]:
    values = fields.get(name)
    return values if isinstance(values, list) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: it is unknown which of the two is meant."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields

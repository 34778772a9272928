"""Reads the JSON that a model was asked for; whatever it sends is data of unknown form."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rag.plain import cut, in_a_line


def read_object(reply: str) -> Mapping[str, Any]:
    """The one JSON object that a reply holds; an empty one where there is none, or a name stands twice."""
    start, end = reply.find("{"), reply.rfind("}")
    try:
        return json.loads(reply[start : end + 1], object_pairs_hook=_once) if 0 <= start < end else {}
    except (ValueError, RecursionError):
        return {}


def read_rows(data: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The objects in the list of this name."""
    rows = data.get(name)
    return (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, Mapping))


def read_line(data: Mapping[str, Any], name: str, longest: int) -> str:
    """The text of this name in one line, cut; "" where there is none."""
    text = data.get(name)
    return cut(in_a_line(text), longest).strip() if isinstance(text, str) else ""


def read_number(data: Mapping[str, Any], name: str) -> int | None:
    """The whole number of this name, also as digits; None where there is none."""
    number = data.get(name)
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 10:
        return int(number)
    return number if type(number) is int else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: it is unknown which of the two is meant."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields

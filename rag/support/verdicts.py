"""Verdicts of a language model on claims: how they are asked for and read, in answers and evaluations."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from rag.model.base import Message
from rag.plain import cut, in_a_line

LABELS = ("supported", "partly", "contradicted", "not mentioned")

_LONGEST_REASON = 300  # characters


def verdict_prompt(claims: Sequence[tuple[str, Sequence[str]]]) -> list[Message]:
    """The messages that ask for a verdict on each claim by its passages; the first one has the key 1."""
    rows = [
        {"key": key, "claim": claim, "passages": list(passages)}
        for key, (claim, passages) in enumerate(claims, start=1)
    ]
    return [("system", verdict_rules()), ("user", json.dumps({"claims": rows}, ensure_ascii=False))]


@cache
def verdict_rules() -> str:
    return resources.files(__package__).joinpath("verdicts.txt").read_text(encoding="utf-8")


def read_verdicts(reply: str) -> dict[int, tuple[str, str]]:
    """The label and reason of each verdict that can be read, by key; a key with two verdicts has none."""
    rows = read_object(reply).get("verdicts")
    verdicts: dict[int, tuple[str, str]] = {}
    seen: set[int] = set()
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping) or type(key := row.get("key")) is not int:
            continue
        label = row.get("verdict")
        if key in seen:
            verdicts.pop(key, None)
        elif isinstance(label, str) and label.lower() in LABELS:
            verdicts[key] = label.lower(), read_reason(row)
        seen.add(key)
    return verdicts


def read_object(reply: str) -> Mapping[str, Any]:
    """The one JSON object that a reply holds; an empty one where there is none, or a name stands twice."""
    start, end = reply.find("{"), reply.rfind("}")
    try:
        return json.loads(reply[start : end + 1], object_pairs_hook=_once) if 0 <= start < end else {}
    except (ValueError, RecursionError):
        return {}


def read_reason(row: Mapping[str, Any]) -> str:
    """The reason of a verdict in one line, "" where there is none."""
    reason = row.get("reason")
    return cut(in_a_line(reason), _LONGEST_REASON) if isinstance(reason, str) else ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: it is unknown which of the two is meant."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields

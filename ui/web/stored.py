"""Conversations as a browser keeps them, one text, and how such a text is read.

Everything read from a browser is somebody's data: what does not read as a conversation is left out, and
so is what is more than this program writes.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from rag.plain import plain
from rag.types import Answer, Filters
from ui.web.chats import MOST_EXCHANGES, STOPPED, Chat, Exchange

FORMAT = 2  # a JSON text; before it the same as an object, which Gradio walked value by value
_READ = (1, FORMAT)
MOST_CHATS = 30
MOST_CHARACTERS = 3_000_000  # in the browser, which gives a page some 5 million
# What is read from a browser, far above what an answer of ours has: its model is stopped at 20,000
# characters, and cites sentences of the eight papers that it was shown.
MOST_PARTS = {"citations": 200, "claims": 1000, "papers": 200, "notes": 100}
LONGEST_EXCHANGE = 200_000  # characters as JSON
LONGEST_TEXT = MOST_CHARACTERS * 5 // 4
MOST_BRACKETS = 100_000  # lists and objects: each takes some 100 bytes while it is read
_OURS = re.compile(r"[0-9a-f]{32}")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def write(visitor: str, chats: Sequence[Chat]) -> str:
    """What a browser is given to keep; where all is too much, the last conversations stay away."""
    kept: list[str] = []
    left = MOST_CHARACTERS
    for chat in chats:
        dumped = _json({"id": chat.id, "exchanges": chat.exchanges})
        left -= len(dumped) + dumped.count('"') + dumped.count("\\")  # the browser keeps JSON of it
        if left < 0:
            break
        kept.append(dumped)
    head = _json({"format": FORMAT, "visitor": visitor, "chats": []})
    return f"{head[:-2]}{','.join(kept)}]}}"


class Stored:
    """What a browser kept: whose it is, and the conversations, which are read when they are asked for."""

    def __init__(self, stored: Any) -> None:
        self._told = _told(stored)
        self.visitor = _id(self._told, "visitor")

    def chats(self) -> list[Chat]:
        """The conversations that can be read, in order."""
        found = (_chat(each) for each in _list(self._told.get("chats"))[:MOST_CHATS])
        return [chat for chat in found if chat]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_parts)


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, Filters):
        return value.to_dict()
    if not is_dataclass(value):
        raise TypeError(f"{type(value)} is not plain data")
    told = vars(value)
    return {name: told[name] for name in told if name != "size"} if isinstance(value, Exchange) else told


def _told(stored: Any) -> Mapping[str, Any]:
    """What a browser kept as JSON types; nothing where it is none of ours, or more than it was given."""
    try:
        text = stored if isinstance(stored, str) else _json(stored)
        if len(text) > LONGEST_TEXT or _brackets(text) > MOST_BRACKETS:
            return {}
        told = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, Mapping) and told.get("format") in _READ else {}


def _brackets(text: str) -> int:
    """How many lists and objects some JSON has; those in its strings count where they are few."""
    count = text.count("[") + text.count("{")
    if count <= MOST_BRACKETS:
        return count
    bare = _STRING.sub("", text)
    return bare.count("[") + bare.count("{")


def _chat(told: Any) -> Chat | None:
    if not isinstance(told, Mapping):
        return None
    last = _list(told.get("exchanges"))[-MOST_EXCHANGES:]
    exchanges = [found for each in last if (found := _exchange(each))]
    return Chat(tuple(exchanges), _id(told)) if exchanges else None


def _exchange(told: Any) -> Exchange | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("question"), str):
        return None
    if len(_json(told)) > LONGEST_EXCHANGE:
        return None
    answer, error, liked = told.get("answer"), told.get("error"), told.get("is_liked")
    try:
        return Exchange(
            question=plain(told["question"]),
            written=plain(str(told.get("written") or "")),
            answer=_answer(answer) if answer else None,
            error=plain(str(error)) if error else None if answer else STOPPED,
            is_liked=liked if isinstance(liked, bool) else None,
            is_alone=told.get("is_alone") is True,
            id=_id(told),
        )
    except (TypeError, ValueError, RecursionError):
        return None


def _answer(told: Any) -> Answer:
    """An answer whose every field is of its kind, and bounded. Raises ValueError, TypeError."""
    if not isinstance(told, Mapping) or any(
        len(_list(told.get(name))) > most for name, most in MOST_PARTS.items()
    ):
        raise ValueError("no answer, or more than one has")
    told = {**told, "claims": [_with_check(claim) for claim in _list(told.get("claims"))]}
    found = _answers().validate_json(json.dumps(told, allow_nan=False), strict=True)
    json.dumps(found, default=_parts, allow_nan=False)  # a number with 400 digits has become infinite
    return found


def _with_check(claim: Any) -> Any:
    """A claim with its verdict; before there were these it said whether it is supported."""
    if not isinstance(claim, Mapping) or "check" in claim or "supported" not in claim:
        return claim
    return {**claim, "check": "supported" if claim["supported"] else "not found"}


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _id(told: Mapping[str, Any], name: str = "id") -> str:
    """The id that was given, if it looks like one of ours, else a new one; it becomes part of markup."""
    known = told.get(name)
    return known if isinstance(known, str) and _OURS.fullmatch(known) else secrets.token_hex(16)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []

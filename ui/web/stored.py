"""Conversations as a browser keeps them, in one text.

A browser's text is not trusted: whatever is not a conversation, or is larger than this program writes, is
left out.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from rag.plain import plain
from rag.types import Answer, Filters
from ui.web.chats import MOST_EXCHANGES, STOPPED, Chat, Exchange

FORMAT = 2  # a JSON text; format 1 was the same as an object, which Gradio walked value by value
_READ = (1, FORMAT)
MOST_CHATS = 30
MOST_CHARACTERS = 3_000_000  # in the browser, which gives a page some 5 million
# Bounds of what is read from a browser, far above our answers: a model is stopped at 20,000 characters, and
# cites sentences of the ten papers that it was shown.
MOST_PARTS = {"citations": 200, "claims": 1000, "papers": 200, "notes": 100}
MOST_QUOTES = 50  # of a claim
LONGEST_EXCHANGE = 200_000  # characters as JSON
LONGEST_TEXT = MOST_CHARACTERS * 5 // 4
MOST_BRACKETS = 100_000  # lists and objects: each takes some 100 bytes while it is read
_OURS = re.compile(r"[0-9a-f]{32}")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def write(visitor: str, chats: Sequence[Chat]) -> str:
    """The text for a browser, without the last conversations if they do not fit."""
    texts: list[str] = []
    left = MOST_CHARACTERS
    for chat in chats:
        text = _json({"id": chat.id, "exchanges": chat.exchanges})
        left -= len(text) + text.count('"') + text.count("\\")  # the browser encodes it as JSON again
        if left < 0:
            break
        texts.append(text)
    head = _json({"format": FORMAT, "visitor": visitor, "chats": []})
    return f"{head[:-2]}{','.join(texts)}]}}"


def read(stored: Any) -> tuple[str, Iterator[Chat]]:
    """The visitor, and the readable conversations in order, each read when it is iterated over."""
    content = _content(stored)
    chats = map(_chat, _list(content.get("chats"))[:MOST_CHATS])
    return _id(content, "visitor"), filter(None, chats)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_parts)


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, Filters):
        return value.to_dict()
    if not is_dataclass(value):
        raise TypeError(f"{type(value)} is not plain data")
    parts = vars(value)
    return {name: parts[name] for name in parts if name != "size"} if isinstance(value, Exchange) else parts


def _content(stored: Any) -> Mapping[str, Any]:
    """A browser's text as JSON types; empty if it is not ours, or larger than ours."""
    try:
        text = stored if isinstance(stored, str) else _json(stored)
        if len(text) > LONGEST_TEXT or _brackets(text) > MOST_BRACKETS:
            return {}
        content = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, Mapping) and content.get("format") in _READ else {}


def _brackets(text: str) -> int:
    """The number of lists and objects in JSON; brackets in strings count too if there are few in all."""
    count = text.count("[") + text.count("{")
    if count <= MOST_BRACKETS:
        return count
    bare = _STRING.sub("", text)
    return bare.count("[") + bare.count("{")


def _chat(fields: Any) -> Chat | None:
    if not isinstance(fields, Mapping):
        return None
    last = map(_exchange, _list(fields.get("exchanges"))[-MOST_EXCHANGES:])
    exchanges = tuple(exchange for exchange in last if exchange)
    return Chat(exchanges, _id(fields)) if exchanges else None


def _exchange(fields: Any) -> Exchange | None:
    if not isinstance(fields, Mapping) or not isinstance(fields.get("question"), str):
        return None
    if len(_json(fields)) > LONGEST_EXCHANGE:
        return None
    answer, error, liked = fields.get("answer"), fields.get("error"), fields.get("is_liked")
    try:
        return Exchange(
            question=plain(fields["question"]),
            written=plain(str(fields.get("written") or "")),
            answer=_answer(answer) if answer else None,
            error=plain(str(error)) if error else None if answer else STOPPED,
            is_liked=liked if isinstance(liked, bool) else None,
            is_alone=fields.get("is_alone") is True,
            id=_id(fields),
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def _answer(fields: Any) -> Answer:
    """An answer with bounded fields of the right types. Raises KeyError, ValueError, TypeError."""
    if not isinstance(fields, Mapping) or any(
        len(_list(fields.get(name))) > most for name, most in MOST_PARTS.items()
    ):
        raise ValueError("no answer, or more than one has")
    answer = _answers().validate_json(json.dumps(fields, allow_nan=False), strict=True)
    json.dumps(answer, default=_parts, allow_nan=False)  # a number of 400 digits has become infinite
    if any(len(claim.quotes) > MOST_QUOTES for claim in answer.claims):
        raise ValueError("more quotes than a claim has")
    return Answer.from_dict(fields)  # reads older ones


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _id(fields: Mapping[str, Any], name: str = "id") -> str:
    """The id, if it looks like one of ours, else a new one. Ids become part of markup."""
    id_ = fields.get(name)
    return id_ if isinstance(id_, str) and _OURS.fullmatch(id_) else secrets.token_hex(16)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []

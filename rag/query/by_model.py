"""Lets a language model understand a request in one short exchange, and checks its reply."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from rag.about import Topic
from rag.errors import KeyRefusedError, ModelError, QuestionError
from rag.model.base import Message, Usage, read_prompt
from rag.model.replies import LINE, Fields, read_line, read_number, read_object, read_texts
from rag.plain import in_a_line
from rag.query.checks import LONGEST_QUESTION, check_filters
from rag.query.history import newest, turns_of
from rag.query.understanding import Understanding
from rag.query.years import describe
from rag.types import Filters, Kind, Request

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_KINDS: tuple[Kind, ...] = get_args(Kind)
_TOPICS: tuple[Topic, ...] = get_args(Topic)
_HISTORY_TOKENS = 1000  # of turns that the model sees
_MOST_QUERIES = 4
_MOST_NAMES = 5
_STRING = r'"(?:[^"\\]|\\.)*"'
_HAS_QUERIES = re.compile(rf'"queries"\s*:\s*\[\s*{_STRING}(?:\s*,\s*{_STRING}){{{_MOST_QUERIES - 1}}}')
_LONGEST_REPLY = 1500  # characters in addition to the question


def understand_by_model(model: "ChatModel", request: Request, usage: Usage) -> Understanding | None:
    """What a checked request asks for, as the model says; None if it fails or its reply is unusable.

    Raises KeyRefusedError.
    """
    try:
        longest = len(request.question) + _LONGEST_REPLY
        reply = model.ask(_messages(request), usage, longest, enough=_HAS_QUERIES.search)
    except KeyRefusedError:
        raise
    except ModelError:  # the writer will meet and report it
        return None
    if enough := _HAS_QUERIES.search(reply):  # small models never end the list
        reply = f"{reply[: enough.end()]}]}}"
    return _read(read_object(reply), request)


def _read(reply: Fields, request: Request) -> Understanding | None:
    """What a reply says; what is unusable in it is left out."""
    word = read_line(reply, "kind").lower()
    kind = next((kind for kind in _KINDS if kind == word), None)
    topic = next((topic for topic in _TOPICS if topic == word), None)
    if not kind and not topic:
        return None
    whole = read_line(reply, "question", LONGEST_QUESTION) if request.history else ""
    is_new = bool(whole) and _bare(whole) != _bare(request.question)
    understanding = Understanding(
        request,
        resolved=whole if is_new else None,
        query=request.question,
        queries=_queries(reply, whole or request.question),
        kind=kind or "single",
        topic=topic,
        is_from_model=True,
        authors=_names(reply),
    )
    years = _years(reply, request)
    if not years.has_years:
        return understanding
    note = f"Only papers {describe(years)}, as the question asks."
    return replace(understanding, request=request.within(years), note=note)


def _bare(question: str) -> str:
    """The question without what does not change it."""
    return in_a_line(question).casefold().rstrip(".?! ")


def _queries(reply: Fields, question: str) -> tuple[str, ...]:
    """The queries that can be read, else the question; none where the model says that there is none."""
    lines = (in_a_line(text)[:LINE].strip() for text in read_texts(reply, "queries"))
    queries = tuple(dict.fromkeys(filter(None, lines)))[:_MOST_QUERIES]
    return queries or (() if reply.get("queries") == [] else (question,))


def _names(reply: Fields) -> tuple[str, ...]:
    """The authors whose papers the model finds asked for."""
    return tuple(in_a_line(name)[:LINE] for name in read_texts(reply, "authors")[:_MOST_NAMES])


def _years(reply: Fields, request: Request) -> Filters:
    """The years that the model read in the question, where the request allows it."""
    if request.filters.has_years or not request.years_from_question:
        return Filters()
    try:
        return check_filters(Filters(read_number(reply, "from_year"), read_number(reply, "to_year")))
    except QuestionError:
        return Filters()


def _messages(request: Request) -> list[Message]:
    turns = newest(turns_of(request.history), _HISTORY_TOKENS)
    lines: list[dict[str, str]] = [{"question": turn.question, "answer": turn.answer} for turn in turns]
    lines.append({"latest question": request.question, "today": request.day.isoformat()})
    dumped = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return [("system", read_prompt(__package__, "understanding.txt")), ("user", dumped)]

"""`ask`, `aask` and `stream` in one line: they find the library, open it once and keep it open."""

import asyncio
import atexit
from functools import cache
from typing import Unpack

from rag.library.library import Place
from rag.open_assistants import OpenAssistants
from rag.settings import Settings
from rag.streams import AnswerStream, read_answer
from rag.types import Answer, Request, RequestOptions


def ask(question: str | Request, *, library: Place = None, **options: Unpack[RequestOptions]) -> Answer:
    """The cited, checked answer to a question.

    `library` is a Library or its folder; the default is ASKPAPERS_LIBRARY, then the user's own library,
    then the bundled one. It stays open until the program ends. The other options are those of `Request`,
    which documents them, and `from_year` and `to_year`. Works inside a running event loop.
    Raises AskpapersError, whose text ends in the next step.
    """
    return read_answer(stream(question, library=library, **options))


async def aask(
    question: str | Request, *, library: Place = None, **options: Unpack[RequestOptions]
) -> Answer:
    """`ask` for a running event loop, with the same options."""
    return await asyncio.to_thread(ask, question, library=library, **options)


def stream(
    question: str | Request, *, library: Place = None, **options: Unpack[RequestOptions]
) -> AnswerStream:
    """`ask` as an iterable of text that holds the Answer in `.answer` at its end."""
    with _assistants().using(library, Settings.read()) as assistant:
        return assistant.stream(question, **options)


@cache
def _assistants() -> OpenAssistants:
    assistants = OpenAssistants()
    atexit.register(assistants.close)
    return assistants

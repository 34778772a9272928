"""Any callable that answers questions, as the system of a run."""

import functools
import inspect
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from eval.cases import CaseTurn
from eval.errors import ProgramError
from eval.shelf import Papers, Shelf
from eval.systems.answers import Refuses, answer_of, find_refusal, take_answer
from eval.systems.base import Answered, library_record, request_of
from eval.systems.loop import OwnLoop
from eval.systems.replies import read_reply
from rag.errors import AskpapersError
from rag.library import Library
from rag.plain import in_a_line
from rag.types import Answer, Filters, History, Request

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_LONGEST = 300  # characters of somebody else's error message
_KEY = re.compile(r"\b(?:sk-|Bearer )[\w.-]{8,}")


class FunctionSystem:
    """A function, method or callable object, also an async one, from a question to a reply.

    A reply is a text, a pair of a text and its sources, a Reply, or an Answer of ours. Of these the
    function is given those that its signature names: `history`, the earlier turns as OpenAI-style
    messages; `filters`, a `rag.Filters`; `words`, the length that is asked for, or None.

    A reply is a refusal where it says so, where it is empty, or where `refuses` says so of its text; no
    words are guessed at. Papers that `library` holds have its ids. Whatever the function raises is an
    error of that question; only errors of askpapers pass as they are. It is called from several
    threads where a run has several workers.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        library: Library | None = None,
        options: Request | None = None,
        name: str | None = None,
        kind: str = "function",
        refuses: Refuses | None = None,
    ) -> None:
        self._function = function
        self._takes = _named(function)
        _check(function)
        self._library = library
        self._options = options or Request()
        self._name = name or _name(function)
        self._kind = kind
        self._refuses = refuses
        self._loop: OwnLoop | None = None
        self._opening = threading.Lock()  # the loop

    @property
    def name(self) -> str:
        return self._name

    @property
    def record(self) -> dict[str, Any]:
        library = {"library": library_record(self._library)} if self._library else {}
        return {"kind": self._kind, "writer": self.name, **library, "options": self._options.to_dict()}

    @property
    def shelf(self) -> Shelf:
        return self._library.catalog if self._library else Papers(())

    def answer(self, turn: CaseTurn, history: History) -> Answered:
        """Raises ProgramError; AskpapersError where the function does."""
        request = request_of(turn, self._options, history)
        given = {name: value for name, value in _offer(request).items() if name in self._takes}
        started = time.perf_counter()
        with self._blamed():
            replied = self._settled(self._function(turn.question, **given))
        seconds = time.perf_counter() - started
        if isinstance(replied, Answer):
            return take_answer(replied, self.shelf if self._library else None, seconds)
        with self._blamed():
            reply = read_reply(replied)
            refusal = find_refusal(reply, self._refuses)
        return answer_of(
            request if "filters" in given else replace(request, filters=Filters()),
            reply,
            refusal,
            shelf=self.shelf,
            writer=self.name,
            seconds=seconds,
        )

    def _settled(self, replied: Any) -> Any:
        """What an async function comes to."""
        if not inspect.isawaitable(replied):
            return replied
        with self._opening:
            self._loop = self._loop or OwnLoop()
        return self._loop.run(replied)

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Around what is the program's own. Raises ProgramError."""
        try:
            yield
        except AskpapersError:
            raise
        except Exception as error:
            message = _KEY.sub("…", in_a_line(str(error)))[:_LONGEST]  # without what looks like a key
            reason = f"{type(error).__name__}: {message}"
            raise ProgramError(f"{self.name} failed ({reason}): mend it, and run again") from error


def _offer(request: Request) -> dict[str, Any]:
    """What a function is given where it names it, beside the question."""
    history = [dict(message) for message in request.history]
    return {"history": history, "filters": request.filters, "words": request.words}


def _check(function: Callable[..., Any]) -> None:
    """Raises TypeError where a function needs more than it is given."""
    offered = _offer(Request())
    lacking = [
        parameter.name
        for parameter in _parameters(function)[1:]
        if parameter.default is parameter.empty
        and parameter.kind in _BY_NAME
        and parameter.name not in offered
    ]
    if lacking:
        raise TypeError(
            f"{_name(function)} needs {', '.join(lacking)}: it is given the question and, where it names "
            f"them, {', '.join(offered)}"
        )


def _named(function: Callable[..., Any]) -> set[str]:
    """The arguments that a function names and that are not bound already."""
    bound = function.keywords if isinstance(function, functools.partial) else {}
    names = {parameter.name for parameter in _parameters(function) if parameter.kind in _BY_NAME}
    return names - bound.keys()


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some that are written in C have none
        return []


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))

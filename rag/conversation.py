"""A conversation: the turns so far, as many as its memory holds, and the answer to the next question."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Unpack

from rag.answering import AnswerStream, read_answer
from rag.assistant import Assistant
from rag.query import Turn, check_request, newest
from rag.types import Answer, Request, RequestOptions

MEMORY_TOKENS = 1500  # of turns; writers see the resolved question alone, so passages lose no room
_PATIENCE = 300.0  # seconds that a question waits for those before it


class Conversation:
    """Questions that may lean on those before them. Safe to use from several threads.

    Questions that are asked at once are answered one after the other, each knowing those before.
    """

    def __init__(
        self, assistant: Assistant, *, memory: int = MEMORY_TOKENS, patience: float = _PATIENCE
    ) -> None:
        """`memory` bounds the tokens of the turns that are kept; the last turn always is.

        `patience` is how many seconds a question waits for the one before it to be answered.
        """
        self._assistant = assistant
        self._memory = memory
        self._patience = patience
        self._turns: tuple[Turn, ...] = ()
        self._answering = threading.Lock()

    @property
    def history(self) -> list[dict[str, str]]:
        """The turns that are remembered, as OpenAI-style messages."""
        return [message for turn in self._turns for message in turn.messages]

    def ask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """The answer to the next question, with the options and the errors of `Assistant.ask`.

        The history of the request is that of the conversation. A question that raises is not remembered.
        """
        return read_answer(self.stream(question, **options))

    def stream(self, question: str | Request, **options: Unpack[RequestOptions]) -> AnswerStream:
        """`ask`, with the text as it is written; remembered when it has been read to its end.

        The next question waits for that, so do not ask it while this one is being read.
        """
        return AnswerStream(self._run(check_request(Request.of(question, **options))))

    def clear(self) -> None:
        """Forget the turns."""
        with self._turn():
            self._turns = ()

    def _run(self, request: Request) -> Generator[str, None, Answer]:
        with self._turn():
            stream = self._assistant.stream(request, history=self.history)
            yield from stream
            turn = Turn(request.question, stream.answer.text)
            self._turns = tuple(newest([*self._turns, turn], self._memory))
        return stream.answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time. Raises RuntimeError where the one before does not come to its end."""
        if not self._answering.acquire(timeout=self._patience):
            raise RuntimeError("this conversation is still answering: read its stream to the end first")
        try:
            yield
        finally:
            self._answering.release()

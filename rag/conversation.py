"""A conversation: remembers turns, and answers the next question with them."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Unpack

from rag.assistant import Assistant
from rag.model.leaving import Leaving
from rag.query import Turn, check_request, newest
from rag.streams import AnswerStream, Steps, read_answer
from rag.types import Answer, Request, RequestOptions

MEMORY_TOKENS = 1500  # of turns; writers see only the resolved question, so papers lose no room
_PATIENCE = 300.0  # seconds that a question waits for those before it


class Conversation:
    """Questions that may depend on earlier ones. Safe to use from several threads.

    Simultaneous questions are answered one after the other, each with those before it as history.
    """

    def __init__(
        self, assistant: Assistant, *, memory: int = MEMORY_TOKENS, patience: float = _PATIENCE
    ) -> None:
        """`memory` bounds the tokens of the turns that are kept; the last turn always stays.

        `patience` is how many seconds a question waits for the one before it.
        """
        self._assistant = assistant
        self._memory = memory
        self._patience = patience
        self._turns: tuple[Turn, ...] = ()
        self._answering = threading.Lock()

    @property
    def history(self) -> list[dict[str, str]]:
        """The remembered turns as OpenAI-style messages."""
        return [message for turn in self._turns for message in turn.messages]

    def ask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """The answer to the next question; options and errors are those of `Assistant.ask`.

        The conversation is the history, whatever the request has. A question that fails is not remembered.
        """
        return read_answer(self.stream(question, **options))

    def stream(self, question: str | Request, **options: Unpack[RequestOptions]) -> AnswerStream:
        """`ask` with the text as it is written. Read it to its end before asking the next question."""
        steps, leaving = Steps(), Leaving()
        run = self._run(check_request(Request.of(question, **options)), steps, leaving)
        return AnswerStream(run, steps=steps, leave=leaving.leave)

    def clear(self) -> None:
        """Forget the turns."""
        with self._turn():
            self._turns = ()

    def _run(self, request: Request, steps: Steps, leaving: Leaving) -> Generator[str, None, Answer]:
        with self._turn():
            stream = self._assistant.stream(request, leaving=leaving, history=self.history)
            for piece in stream.with_steps():
                steps.now, steps.papers = stream.step, stream.papers
                yield piece
            turn = Turn(request.question, stream.answer.text)
            self._turns = tuple(newest([*self._turns, turn], self._memory))
        return stream.answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time. Raises RuntimeError if the one before does not end in time."""
        if not self._answering.acquire(timeout=self._patience):
            raise RuntimeError("this conversation is still answering: read its stream to the end first")
        try:
            yield
        finally:
            self._answering.release()

"""A conversation: the turns that were said, as far as memory holds them, and the next answer."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from rag.answering import AnswerStream, read_answer
from rag.options import AskOptions
from rag.query import Turn, check_question, newest
from rag.types import Answer

if TYPE_CHECKING:
    from rag.assistant import Assistant

MEMORY_TOKENS = 1500  # of turns; writers are shown the resolved question alone, so passages lose no room
_PATIENCE = 300.0  # seconds that a question waits for those before it


class Conversation:
    """Questions that may lean on those before them. Safe to use from several threads.

    Questions that are asked at once are answered one after the other, each knowing those before.
    """

    def __init__(
        self, assistant: "Assistant", *, memory: int = MEMORY_TOKENS, patience: float = _PATIENCE
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
        """What is remembered, as OpenAI-style messages."""
        return [message for turn in self._turns for message in turn.messages]

    def ask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """The answer to the next question, with the options of `Assistant.ask` and its errors.

        A question that raises is not remembered.
        """
        return read_answer(self.stream(question, **options))

    def stream(self, question: str, **options: Unpack[AskOptions]) -> AnswerStream:
        """`ask`, with the text as it is written; remembered when it has been read to its end.

        The next question waits for that, so do not ask it while this one is being read.
        """
        return AnswerStream(self._run(check_question(question), options))

    def clear(self) -> None:
        """Forget what was said."""
        with self._turn():
            self._turns = ()

    def _run(self, question: str, options: AskOptions) -> Generator[str, None, Answer]:
        with self._turn():
            stream = self._assistant.stream(question, history=self.history, **options)
            yield from stream
            said = Turn(question, stream.answer.text)
            self._turns = tuple(newest([*self._turns, said], self._memory))
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

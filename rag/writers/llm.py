"""The writer with a language model: any OpenAI-compatible chat model, through LlamaIndex."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from rag.chat_model import ChatModel, Message
from rag.citations import Piece, Sentence
from rag.errors import ModelFailedError
from rag.markers import Marker, find_markers
from rag.model_client import WRITING, BrokenStreamError, open_client
from rag.settings import Settings
from rag.types import Hit
from rag.usage import Prices
from rag.writers.base import Log, Task
from rag.writers.model_text import NOT_SAID, readable, without_control_lines
from rag.writers.prompting import fitting, read_repair, repair_prompt, write_prompt

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

WINDOW = 8192  # tokens of context that a model is taken to have where nobody says
_LONGEST_REMARK = 2000  # characters of an uncited answer that the model is shown again
_TRIES = 2  # that an answer broke off, was empty or cited nothing; the client has its own retries
_PAUSE = 0.3  # seconds before a stream that broke is asked for again


def open_model(settings: Settings) -> "LLM":
    """The model that the settings name. Nothing is sent before the first question."""
    from llama_index.llms.openai_like import OpenAILike

    llm: LLM = OpenAILike(
        model=settings.model,
        api_key="unused",  # the client has it; left out, LlamaIndex would read and show it
        openai_client=open_client(settings),
        max_retries=0,  # the client retries
        is_chat_model=True,
        context_window=settings.context_window or known_window(settings.model) or WINDOW,
        temperature=0.0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return llm


def known_window(model: str) -> int | None:
    """The context of a model in tokens, by LlamaIndex's table; None for one that it does not know."""
    from llama_index.llms.openai.utils import openai_modelname_to_contextsize

    try:
        return openai_modelname_to_contextsize(model)
    except ValueError:
        return None


class _UnusableError(ModelFailedError):
    """An answer came and is none; `remark` tells the model why."""

    def __init__(self, text: str, remark: Sequence[Message]) -> None:
        super().__init__(text)
        self.remark = remark


class LLMWriter:
    """Shows a model the question and the papers, and reads the markers in what it streams."""

    def __init__(self, llm: "LLM", prices: Prices | None = None) -> None:
        """`prices` are dollars per million tokens that are sent and that are written."""
        self._model = ChatModel(llm, WRITING, prices)

    @property
    def name(self) -> str:
        return self._model.name

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The model's answer as it comes. An answer that broke off before its first citation, is
        empty or cites nothing is asked for once more. Raises ModelError."""
        papers = fitting(write_prompt(task, ()), hits, self._model.window)
        messages = write_prompt(task, papers)
        for tries_left in reversed(range(_TRIES)):
            log.missing = log.refusal = None
            has_begun = False
            try:
                for piece in self._cited(messages, len(papers), log):
                    has_begun = True
                    yield piece
                return
            except (BrokenStreamError, _UnusableError) as error:
                if has_begun or not tries_left:
                    raise
                if isinstance(error, _UnusableError):
                    messages += error.remark
                else:
                    time.sleep(_PAUSE)

    def mend(
        self, task: Task, hits: Sequence[Hit], doubts: Sequence[Sentence], log: Log
    ) -> list[list[Piece]]:
        """The model's other words for sentences in doubt, in one request. Raises ModelError."""
        messages = repair_prompt(task, (), doubts)
        papers = fitting(messages, hits, self._model.window)
        stream = self._stream(repair_prompt(task, papers, doubts), Log(usage=log.usage))
        reply = "".join(readable(stream))
        return [
            [_among(len(papers), piece) for piece in find_markers([line])]
            for line in read_repair(reply, len(doubts))
        ]

    def _cited(self, messages: list[Message], count: int, log: Log) -> Iterator[Piece]:
        """An answer from its first citation on, with what stands before it."""
        held: list[Piece] = []
        pieces = find_markers(without_control_lines(readable(self._stream(messages, log)), log))
        for piece in (_among(count, piece) for piece in pieces):
            held.append(piece)
            if isinstance(piece, Marker) and any(piece.keys):
                yield from chain(held, (_among(count, piece) for piece in pieces))
                return
        text = "".join(piece for piece in held if isinstance(piece, str)).strip()
        if not text and not log.refusal and not log.missing:
            raise _UnusableError(
                f"the model {self.name} wrote nothing: ask again",
                [("user", "Your reply was empty. Answer the question by the rules.")],
            )
        if log.refusal != NOT_SAID and (text or log.refusal):  # what a paper contradicts is shown by it
            raise _UnusableError(
                f"the answer of the model {self.name} cites no paper: ask again",
                [
                    ("assistant", text[:_LONGEST_REMARK] or "-"),
                    ("user", "Your answer cites none of the papers. Write it anew by the rules."),
                ],
            )
        yield from held

    def _stream(self, messages: Sequence[Message], log: Log) -> Iterator[str]:
        """The text of one request. Raises ModelError, BrokenStreamError where it ends before its end."""

        def note(reason: str) -> None:
            log.notes.append(f"The model {self.name} stopped before its end ({reason}).")

        return self._model.stream(messages, log.usage, note)


def _among(count: int, piece: str | Marker) -> str | Marker:
    """A marker with 0, which names no paper, for each key that the model was not shown."""
    if isinstance(piece, str):
        return piece
    return Marker(tuple(key if key <= count else 0 for key in piece.keys))

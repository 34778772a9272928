"""The writer with a language model: any OpenAI-compatible chat model, through LlamaIndex."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rag.citations import Marker, Piece, find_markers
from rag.errors import ModelFailedError
from rag.model_client import WRITING, open_client, translated
from rag.settings import Settings
from rag.tokens import count_tokens
from rag.types import Hit
from rag.writers.base import Log, Task

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import LLM

_PAPER_TOKENS = 6000  # the most that the abstracts may take of the model's context
_SHORTEST_WINDOW = 8192  # tokens of context that a model is taken to have
_LONGEST_ANSWER = 20_000  # characters; a model that goes on is stopped
_CUT = ("length", "content_filter")  # reasons to stop that leave an answer unfinished
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def open_model(settings: Settings) -> "LLM":
    """The model that the settings name. Nothing is sent before the first question."""
    from llama_index.llms.openai_like import OpenAILike

    llm: LLM = OpenAILike(
        model=settings.model,
        api_key="unused",  # the client has it; left out, LlamaIndex would read and show it
        openai_client=open_client(settings),
        max_retries=0,  # the client retries
        is_chat_model=True,
        context_window=_SHORTEST_WINDOW,
        temperature=0.0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return llm


class LLMWriter:
    """Shows the model the question and the papers, and reads the markers in what it streams."""

    def __init__(self, llm: "LLM") -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        return self._llm.metadata.model_name

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The model's answer as it comes. Raises ModelError."""
        shown = list(_fitting(hits))
        for piece in find_markers(self._stream(_messages(task, shown), log)):
            yield _among(len(shown), piece) if isinstance(piece, Marker) else piece

    def _stream(self, messages: "list[ChatMessage]", log: Log) -> Iterator[str]:
        wrote, length = False, 0
        finished: str | bool | None = None
        with translated(self.name, WRITING):
            for response in self._llm.stream_chat(messages):
                reason = _finish_reason(response)
                finished = finished if reason is None else finished or reason
                log.usage |= {
                    name: response.additional_kwargs[name]
                    for name in _COUNTS
                    if name in response.additional_kwargs
                }
                if response.delta:
                    wrote = wrote or not response.delta.isspace()
                    length += len(response.delta)
                    yield response.delta.encode("utf-8", "replace").decode()  # half a character
                if length > _LONGEST_ANSWER:
                    finished = "length"
                    break
        if not wrote:
            raise ModelFailedError(f"the model {self.name} wrote nothing: ask again")
        if finished is False:
            raise ModelFailedError(f"the answer of the model {self.name} broke off: ask again")
        if finished in _CUT:
            log.notes.append(f"The model {self.name} stopped before its end ({finished}).")


def _finish_reason(response: "ChatResponse") -> str | bool | None:
    """Why the model stopped; False where it goes on, None where the model does not tell."""
    choices = getattr(response.raw, "choices", None)
    if choices is None:
        return None
    return choices[0].finish_reason or False if choices else None


def _among(count: int, marker: Marker) -> Marker:
    """The marker with 0, which names no paper, for each key that the model was not shown."""
    return Marker(tuple(key if key <= count else 0 for key in marker.keys))


def _messages(task: Task, shown: Sequence[str]) -> "list[ChatMessage]":
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    wishes = "\nName every paper that fits, best first, in a line each." if task.kind == "list" else ""
    wishes += f"\nAnswer in at most {task.words} words." if task.words else ""
    papers = "\n".join(shown)
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=_prompt()),
        ChatMessage(role=MessageRole.USER, content=f"{papers}\n\nQuestion: {task.question}{wishes}"),
    ]


def _fitting(hits: Sequence[Hit]) -> Iterator[str]:
    """The papers as JSON lines, best first, as many as the budget of tokens holds."""
    used = 0
    for key, hit in enumerate(hits, start=1):
        paper = hit.paper
        line = json.dumps(
            {"key": key, "title": paper.title, "date": paper.published, "abstract": paper.abstract},
            ensure_ascii=False,
        )
        used += count_tokens(line)
        if used > _PAPER_TOKENS and key > 1:
            return
        yield line


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("prompt.txt").read_text(encoding="utf-8")

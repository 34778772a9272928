"""A chat model asked for a text: the stream as it comes, errors as ours, what it took counted."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from rag.model_client import UNFINISHED, BrokenStreamError, Use, attended, stop_reason, translated
from rag.usage import Prices, add_usage, counts

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.llms import LLM

Message = tuple[str, str]
"""A role and what is said."""

LONGEST = 20_000  # characters, or chunks; a model that goes on is stopped
_LONGEST_WAIT = 300.0  # seconds until a text is whole


class ChatModel:
    """Any LlamaIndex model. Safe to use from several threads."""

    def __init__(self, llm: "LLM", use: Use, prices: Prices | None = None) -> None:
        """`prices` are dollars per million tokens that are sent and that are written."""
        self._llm = llm
        self._use = use
        self._prices = prices

    @property
    def name(self) -> str:
        return self._llm.metadata.model_name

    @property
    def window(self) -> int:
        """The context in tokens."""
        return self._llm.metadata.context_window

    def stream(
        self, messages: Sequence[Message], usage: dict[str, float], cut: Callable[[str], None]
    ) -> Iterator[str]:
        """The text of one request; what it took is added to `usage`, also where it fails.

        `cut` is told why a text stopped before its end. Raises ModelError, BrokenStreamError where the
        stream ends before the model does.
        """
        length, ends = 0, time.monotonic() + _LONGEST_WAIT
        finished: str | bool | None = None
        used: dict[str, int] = {}
        try:
            with translated(self.name, self._use), closing(self._responses(messages)) as responses:
                for response in responses:
                    reason = stop_reason(response.raw)
                    finished = finished if reason is None else finished or reason
                    used |= counts(response.additional_kwargs)
                    text = (response.delta or "")[: LONGEST - length]
                    if text:
                        yield text
                    length += max(1, len(text))
                    if length >= LONGEST or time.monotonic() > ends:
                        finished = "length"
                        break
        finally:
            add_usage(usage, used, self._prices)
        if finished is False:
            raise BrokenStreamError(f"the answer of the model {self.name} broke off: ask again")
        if isinstance(finished, str) and finished in UNFINISHED:
            cut(finished)

    def _responses(self, messages: Sequence[Message]) -> "Generator[ChatResponse, None, None]":
        from llama_index.core.base.llms.types import ChatMessage

        sent = [ChatMessage(role=role, content=text) for role, text in messages]
        yield from attended(self._llm.stream_chat(sent))

"""A chat model that streams its replies within limits and counts its usage."""

import math
import time
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from openai import OpenAI

from rag.errors import BrokenStreamError, UnusableReplyError
from rag.model.address import is_near, server_name
from rag.model.base import WINDOW, WRITING, Message, Usage, Use, reply_tokens
from rag.model.client import open_client, translated
from rag.model.description import Description, describe, named_parameters
from rag.model.files import find_model, identity_of
from rag.model.leaving import Leaving, leaving_by
from rag.model.llm import closed_promptly, open_llm, stop_reason
from rag.model.local.client import LocalClient
from rag.model.local.server import LocalServer
from rag.model.patience import Patience, PatientClient, notified_after
from rag.model.reasoning import after_reasoning, without_reasoning
from rag.model.usage import Prices, add_usage, token_counts
from rag.plain import encodable
from rag.settings import Settings
from rag.types import Prompts

_BYTES = 0.6  # of a parameter in a model file, quantised as most are
_SMALL = 7e9  # parameters, from which on a model gets the full prompts
LONGEST = 20_000  # characters, or chunks, of a reply with its reasoning; then the model is stopped
_FEWEST_CHARACTERS = 3  # of a token, on average
_UNFINISHED = ("length", "content_filter")  # stop reasons that leave a reply unfinished

Tell = Callable[[str], None]
Texts = Generator[str, None, None]


@dataclass(frozen=True, eq=False)
class ChatModel:
    """Any LlamaIndex model. Safe to use from several threads.

    `client` and `address` belong to a model that we opened; one that was passed in has its own timeouts.
    One on this computer has a client but no address. `identity` is what a trial of it is kept under.
    `on_wait` gets, from another thread, the line that says what the program waits for.
    """

    llm: LLM
    use: Use = WRITING
    prices: Prices | None = None
    client: OpenAI | None = None
    address: str | None = None
    patience: Patience = field(default_factory=Patience)
    on_wait: Tell | None = None
    identity: str = ""
    parameters: float | None = None  # about, by the size of its file
    prompts: Prompts = "auto"
    leaving: Leaving = field(default_factory=Leaving)
    _descriptions: list[Description] = field(default_factory=list)  # at most one, kept by copies too

    @classmethod
    def open(
        cls,
        settings: Settings,
        use: Use = WRITING,
        patience: Patience | None = None,
        on_wait: Tell | None = None,
    ) -> "ChatModel":
        """The model that the settings name. Sends nothing, and starts nothing, yet. Raises ModelError."""
        address, parameters = None, None
        if settings.local_name:
            file = find_model(settings.local_name)
            parameters = file.bytes / _BYTES
            server = LocalServer(file.path, settings.context_window or WINDOW)
            settings = replace(settings, base_url=None, api_key=None)  # those of another model
            patience = patience or Patience.on_this_computer()
            http_client: PatientClient = LocalClient(server, patience)
        else:
            address = server_name(settings)
            patience = patience or Patience.with_server(address)
            http_client = PatientClient(patience)
        client = open_client(settings, http_client)
        llm = open_llm(settings, client)
        weakref.finalize(llm, client.close)  # before the garbage collector takes its sockets one by one
        identity, prompts = identity_of(settings), settings.prompts
        return cls(
            llm, use, settings.prices, client, address, patience, on_wait, identity, parameters, prompts
        )

    @property
    def name(self) -> str:
        return self.llm.metadata.model_name

    @property
    def window(self) -> int:
        """The context in tokens."""
        window = self.llm.metadata.context_window
        return min(window, self.description.window or window)

    @property
    def is_near(self) -> bool:
        """Whether it is on this computer or its own network."""
        return self.client is not None and (self.address is None or is_near(self.address))

    @property
    def description(self) -> Description:
        """What its server says of it, asked once; only a near server is asked."""
        if not self._descriptions and self.client and self.is_near:
            self._descriptions.extend(filter(None, [describe(self.client, self.name)]))
        return next(iter(self._descriptions), Description(named_parameters(self.name)))

    @property
    def is_small(self) -> bool:
        """Whether it gets the short prompts: by the setting, else by its size."""
        if self.prompts != "auto":
            return self.prompts == "short"
        return (self.description.parameters or self.parameters or _SMALL) < _SMALL

    @property
    def wait_line(self) -> str | None:
        """The line to show while a model on one's own machine is silent; None for any other model."""
        if not self.is_near:
            return None
        place = f"at {self.address}" if self.address else "on this computer"
        return f"Waiting for the model {self.name} {place}, which may take minutes."

    def close(self) -> None:
        """Close the connections of a model that we opened."""
        if self.client:
            self.client.close()

    def ask(
        self,
        messages: Sequence[Message],
        usage: Usage,
        longest: int = LONGEST,
        most_tokens: int | None = None,
        enough: Callable[[str], object] | None = None,
    ) -> str:
        """A whole reply of at most `longest` characters; adds to `usage`.

        `most_tokens` is what the server may write; by default as much as is reserved for replies. Reading
        stops once `enough` is true of the reply so far.

        Raises ModelError, also if the reply is empty, too long or stops before its end.
        """
        reply = ""
        most_tokens = most_tokens or min(reply_tokens(self.window), longest // _FEWEST_CHARACTERS)
        with closing(self.stream(messages, usage, most_tokens=most_tokens)) as pieces:
            for piece in pieces:
                reply += piece
                if enough and enough(reply):
                    break
                if len(reply.strip()) > longest:
                    raise UnusableReplyError(f"the model {self.name} wrote more than it was asked for")
        if not (answer := after_reasoning(reply).strip()):
            raise UnusableReplyError(f"the model {self.name} wrote nothing: ask again")
        return answer

    def stream(
        self,
        messages: Sequence[Message],
        usage: Usage,
        cut: Tell | None = None,
        most_tokens: int = 0,
        grammar: str | None = None,
    ) -> Texts:
        """The text of one reply as it comes; adds to `usage`, even if the reply fails.

        `cut` gets the reason if a text stops before its end; without `cut` that is an error. `most_tokens`
        is for short replies: some servers refuse a request if prompt and reply might not fit together.
        `grammar` (GBNF) is what the text must follow where llama.cpp runs the model, else it counts not.
        Raises ModelError, BrokenStreamError if the stream ends before the model does, and StoppedError if
        it is left.
        """
        # Models that are passed in may not know these options.
        options: dict[str, Any] = {"max_tokens": most_tokens} if most_tokens and self.client else {}
        if grammar and self.description.is_llama_cpp:
            options["extra_body"] = {"grammar": grammar}
        with closing(self._texts(messages, usage, cut, options)) as texts:
            yield from without_reasoning(texts)

    def _texts(
        self, messages: Sequence[Message], usage: Usage, cut: Tell | None, options: Mapping[str, Any]
    ) -> Texts:
        """The text that the model sends, with its reasoning."""
        length, ends = 0, math.inf
        finished: str | bool | None = None
        used: dict[str, int] = {}
        chat = [ChatMessage(role=role, content=encodable(text)) for role, text in messages]
        notify = partial(self.on_wait, self.wait_line) if self.on_wait and self.wait_line else None
        try:
            with (
                leaving_by(self.leaving),
                translated(self.name, self.use),
                notified_after(self.patience.quiet, notify) as begin,
                closing(closed_promptly(self.llm.stream_chat(chat, **options))) as responses,
            ):
                for response in responses:
                    reason = stop_reason(response.raw)
                    finished = finished if reason is None else finished or reason
                    used |= token_counts(response.additional_kwargs)
                    text = (response.delta or "")[: LONGEST - length]
                    if ends == math.inf and (text or length):  # the first chunk may only name the role
                        ends = time.monotonic() + self.patience.text
                        begin()
                    if text:
                        yield text
                    length += max(1, len(text))
                    if length >= LONGEST or time.monotonic() > ends:
                        finished = "length"
                        break
        finally:
            add_usage(usage, used, self.prices)
        if finished is False:
            raise BrokenStreamError(f"the answer of the model {self.name} broke off: ask again")
        if finished in _UNFINISHED:
            if not cut:
                raise UnusableReplyError(
                    f"the model {self.name} stopped before the end of its reply ({finished})"
                )
            cut(str(finished))

"""The assistant: a request in, a cited and checked answer out. Every interface goes through it."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self, Unpack

from rag.about import topic_of
from rag.answering import Answerer, AnswerStream, as_stream, read_answer
from rag.closing import closing_on_error
from rag.embedding import embedded_encoder
from rag.embedding.english import shares
from rag.embedding.remember import Remembering
from rag.errors import ModelError
from rag.library import Library
from rag.library.library import Place
from rag.library.progress import Track, untracked
from rag.plain_replies import reply_to
from rag.query import check_request, turns_of, understand
from rag.query.rewriting import rewrite
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.support import CalibratedJudge, LLMJudge
from rag.types import Answer, Paper, Request, RequestOptions, WriterName
from rag.writers.base import Writer
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter
from rag.writers.llm import LLMWriter

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.tools import FunctionTool

    from rag.llamaindex import CitedQueryEngine
    from rag.model.chat import ChatModel

_RECENT = 50  # turns that are checked for remarks to the program
_NO_MODEL = (
    "no language model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server"
)


class Assistant:
    """Answers questions about the papers of one library. Safe to use from several threads.

    Use it as a context manager, or close it: that closes what it has opened itself.
    """

    def __init__(
        self,
        library: Library,
        *,
        llm: "LLM | None" = None,
        settings: Settings | None = None,
        writer: WriterName = "auto",
        sentences: Remembering | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        """`llm` is any LlamaIndex model; without it the settings name one.

        `writer` is the default for requests with `auto`; if that is `auto` too, a configured model writes.
        `sentences` is a cache that assistants may share. `on_wait` gets, from another thread, a line that
        says that a model on this machine takes its time.
        Raises ModelError if a model is needed and none is configured.
        """
        self.library = library
        self._settings = settings or Settings()
        self._given = llm
        self._default = writer
        self._has_model = llm is not None or self._settings.has_model
        self._opening = threading.Lock()  # the model
        self._opened: ChatModel | None = None
        self._on_wait = on_wait
        self._resources = ExitStack()  # what it has opened itself
        self._is_closed = False
        self._users = 1  # this object until it is closed, and each answer that is still being read
        self._counting = threading.RLock()  # the users; the garbage collector may release one meanwhile
        if not self._has_model and "llm" in (writer, self._settings.judge):
            raise ModelError(_NO_MODEL)
        encoder = sentences or Remembering(embedded_encoder())
        self.judge = CalibratedJudge(encoder)
        is_same = encoder.name == library.token_encoder.name  # else the library has other word pieces
        self._reader = Reader(encoder, library.tokens.weights if is_same else shares)
        self._extractive = ExtractiveWriter(self._reader, BY_CHOICE if self._has_model else NO_MODEL)
        self._answerer = Answerer(
            library,
            Retriever(library),
            self._reader,
            self._extractive,
            LLMJudge(self._model(), self.judge) if self._settings.judge == "llm" else self.judge,
            self.judge,
            self._settings.unsupported,
        )

    @classmethod
    def open(
        cls,
        place: Place = None,
        settings: Settings | None = None,
        *,
        llm: "LLM | None" = None,
        writer: WriterName = "auto",
        sentences: Remembering | None = None,
        track: Track = untracked,
    ) -> Self:
        """An assistant for the library that `Library.open` finds; closing it closes the library."""
        settings = settings or Settings.from_environment()
        library = Library.open(place, settings, track)
        with nullcontext() if library is place else closing_on_error(library):
            assistant = cls(library, llm=llm, settings=settings, writer=writer, sentences=sentences)
        if library is not place:
            assistant._resources.callback(library.close)
        return assistant

    @property
    def writer(self) -> str:
        """Name of the writer: "extractive", or the model's."""
        return self.writer_for("auto")

    def writer_for(self, choice: WriterName) -> str:
        """Name of the writer that this choice selects."""
        return self._writer(choice).name

    @property
    def server(self) -> str | None:
        """The address of the model that writes or checks; None if there is none or it was passed in."""
        asks = self.writer != "extractive" or self._settings.judge == "llm"
        return self._model().address if asks else None

    @property
    def checks(self) -> dict[str, str]:
        """The judge of its sentences, and whether unsupported ones are marked or dropped."""
        return {"judge": self._answerer.judge.name, "unsupported": self._answerer.unsupported}

    def ask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """The answer to a question with these options, or to a `Request`, which documents the options.

        Raises QuestionError, ModelError, LibraryError.
        """
        return read_answer(self.stream(question, **options))

    async def aask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """`ask` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.ask, question, **options)

    def stream(self, question: str | Request, **options: Unpack[RequestOptions]) -> AnswerStream:
        """`ask` with the text as it is written. An invalid question raises here, not while reading."""
        request = check_request(Request.of(question, **options))
        writer = self._writer(request.writer)
        if topic := topic_of(request.question):
            catalog, has_model = self.library.catalog, self._has_model
            stream = as_stream(reply_to(request, topic, catalog, writer.name, has_model=has_model))
        else:
            model = None if writer is self._extractive else self._model()
            understanding = understand(_about_papers(request), partial(rewrite, model) if model else None)
            stream = self._answerer.stream(understanding, writer, model.wait_line if model else None)
        self.hold()
        weakref.finalize(stream, self.release)
        return stream

    def read_ahead(self, paper: Paper) -> int:
        """Read a paper into the cache, so that the first question about it is as quick as the next.

        Returns how many texts were read.
        """
        return self._reader.read_ahead(paper)

    def as_query_engine(self) -> "CitedQueryEngine":
        """This assistant as a LlamaIndex query engine."""
        from rag import llamaindex

        return llamaindex.CitedQueryEngine(self)

    def as_tool(self, name: str | None = None, description: str | None = None) -> "FunctionTool":
        """A LlamaIndex tool for agents: a question in, the answer with its numbered sources out.

        The tool's `raw_output` is the Answer. `description` tells the agent what the library holds.
        """
        from rag import llamaindex

        return llamaindex.make_tool(self, name or llamaindex.NAME, description or llamaindex.DESCRIPTION)

    def close(self) -> None:
        """Close what it has opened, as soon as the answers that are being read have ended."""
        if not self._is_closed:
            self._is_closed = True
            self.release()

    def hold(self) -> None:
        """Put off closing until `release`."""
        with self._counting:
            self._users += 1

    def release(self) -> None:
        """End a `hold`; the last one closes what has been opened."""
        with self._counting:
            self._users -= 1
            is_last = not self._users
        if is_last:
            self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self, choice: WriterName) -> Writer:
        """The writer of a choice. Raises ModelError if it is a model and none is configured."""
        choice = self._default if choice == "auto" else choice
        if choice == "extractive" or (choice == "auto" and not self._has_model):
            return self._extractive
        return LLMWriter(self._model())

    def _model(self) -> "ChatModel":
        """The one model that writes, rewrites and checks, opened at its first use. Raises ModelError."""
        if not self._has_model:
            raise ModelError(_NO_MODEL)
        with self._opening:
            if not self._opened:
                from rag.model.chat import ChatModel

                if self._given:
                    self._opened = ChatModel(self._given, prices=self._settings.prices)
                else:
                    self._opened = ChatModel.open(self._settings, on_wait=self._on_wait)
                self._resources.callback(self._opened.close)
            return self._opened


def _about_papers(request: Request) -> Request:
    """The request without recent remarks to the program: no question depends on a greeting."""
    turns = turns_of(request.history)
    recent = len(turns) - _RECENT
    kept = (turn for place, turn in enumerate(turns) if place < recent or not topic_of(turn.question))
    return replace(request, history=[message for turn in kept for message in turn.messages])

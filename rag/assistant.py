"""The assistant: a request in, a cited and checked answer out. Every interface goes through it."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Self, Unpack

from rag.about import Topic, topic_of
from rag.answering import Answerer, AnswerStream, as_stream, read_answer
from rag.embedding import embedded_encoder
from rag.embedding.english import shares
from rag.embedding.remember import Remembering
from rag.errors import ModelError
from rag.library import Library
from rag.library.library import Place, closing_on_error
from rag.library.progress import Track, untracked
from rag.plain_replies import reply_to
from rag.query import check_request, turns_of, understand
from rag.query.rewriting import ModelRewriter
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

_RECENT = 50  # turns among which those are looked for that were said to the program
_NO_MODEL = (
    "no language model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server"
)


class Assistant:
    """Answers questions about the papers of one library. Safe to use from several threads.

    Use it as a context manager, or close it: it closes what it has opened itself.
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
        """`llm` is any LlamaIndex model; without it the one that the settings name is used.

        `writer` decides for requests that leave it to `auto`; there, `auto` takes a model where one is
        configured. `sentences` remembers what is read, for assistants that share it. `on_wait` is told,
        from another thread, that a model on this machine is waited for.
        Raises ModelError where a model is asked for and none is configured.
        """
        self.library = library
        self._settings = settings or Settings()
        self._given = llm
        self._default = writer
        self._has_model = llm is not None or self._settings.has_model
        self._opening = threading.Lock()  # the model
        self._opened: ChatModel | None = None
        self._on_wait = on_wait
        self._owned: Library | None = None
        self._is_closed = False
        self._users = 1  # this object until it is closed, and each answer that may still be read
        self._counting = threading.Lock()  # the users
        if not self._has_model and "llm" in (writer, self._settings.judge):
            raise ModelError(_NO_MODEL)
        encoder = sentences or Remembering(embedded_encoder())
        self.judge = CalibratedJudge(encoder)
        is_same = encoder.name == library.token_encoder.name  # else the library knows other word pieces
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
        """An assistant with the library that `Library.open` finds, which it closes with itself."""
        settings = settings or Settings.from_environment()
        library = Library.open(place, settings, track)
        with nullcontext() if library is place else closing_on_error(library):
            assistant = cls(library, llm=llm, settings=settings, writer=writer, sentences=sentences)
        assistant._owned = None if library is place else library
        return assistant

    @property
    def writer(self) -> str:
        """Name of the writer: "extractive", or the model."""
        return self.writer_for("auto")

    def writer_for(self, choice: WriterName) -> str:
        """Name of the writer of requests that ask for this one."""
        return self._writer(choice).name

    @property
    def server(self) -> str | None:
        """The address of the model that writes or checks; None where there is none, or it was passed in."""
        asks = self.writer != "extractive" or self._settings.judge == "llm"
        return self._model().address if asks else None

    @property
    def checks(self) -> dict[str, str]:
        """The name of the judge of its sentences, and what becomes of those that are not supported."""
        return {"judge": self._answerer.judge.name, "unsupported": self._answerer.unsupported}

    def ask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """The answer to a question, or to a `Request`; the options are those of `Request`, which says
        what each is for. Raises QuestionError, ModelError, LibraryError."""
        return read_answer(self.stream(question, **options))

    async def aask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """`ask`, in a thread: the event loop goes on."""
        return await asyncio.to_thread(self.ask, question, **options)

    def stream(self, question: str | Request, **options: Unpack[RequestOptions]) -> AnswerStream:
        """`ask`, with the text as it is written. A bad question raises here, not while reading."""
        request = check_request(Request.of(question, **options))
        writer = self._writer(request.writer)
        if topic := topic_of(request.question):
            stream = as_stream(self._reply(request, topic, writer))
        else:
            model = None if writer is self._extractive else self._model()
            understanding = understand(_about_papers(request), ModelRewriter(model) if model else None)
            stream = self._answerer.stream(understanding, writer, model.wait_line if model else None)
        self.hold()
        weakref.finalize(stream, self.release)
        return stream

    def read_ahead(self, paper: Paper) -> int:
        """Read a paper before it is asked about, so that the first question about it is as quick as the
        next; how many texts were read. They stay as long as they are among the last that were read."""
        return self._reader.read_ahead(paper)

    def as_query_engine(self) -> "CitedQueryEngine":
        """A LlamaIndex query engine that answers as this assistant does."""
        from rag import llamaindex

        return llamaindex.CitedQueryEngine(self)

    def as_tool(self, name: str | None = None, description: str | None = None) -> "FunctionTool":
        """A LlamaIndex tool for agents: a question in, the answer with its numbered sources out.

        The tool's `raw_output` is the Answer. `description` tells the agent what the library holds.
        """
        from rag import llamaindex

        return llamaindex.make_tool(self, name or llamaindex.NAME, description or llamaindex.DESCRIPTION)

    def close(self) -> None:
        """Close what it has opened, as soon as the answers that are being read come to their end."""
        if not self._is_closed:
            self._is_closed = True
            self.release()

    def hold(self) -> None:
        """Put off closing until `release`."""
        with self._counting:
            self._users += 1

    def release(self) -> None:
        """End what `hold` began; the last one that ends closes what has been opened."""
        with self._counting:
            self._users -= 1
            is_last = not self._users
        if is_last:
            if self._opened:
                self._opened.close()
            if self._owned:
                self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self, choice: WriterName) -> Writer:
        """Who writes. Raises ModelError where a model is asked for and none is configured."""
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

                settings, llm = self._settings, self._given
                self._opened = (
                    ChatModel(llm, prices=settings.prices)
                    if llm
                    else ChatModel.open(settings, on_wait=self._on_wait)
                )
            return self._opened

    def _reply(self, request: Request, topic: Topic, writer: Writer) -> Answer:
        """What is said of the program and its library."""
        catalog, has_model = self.library.catalog, self._has_model
        return reply_to(request, topic, catalog, writer.name, has_model=has_model)


def _about_papers(request: Request) -> Request:
    """The request without the turns that were said to the program: no question leans on a greeting."""
    turns = turns_of(request.history)
    recent = len(turns) - _RECENT
    kept = (turn for place, turn in enumerate(turns) if place < recent or not topic_of(turn.question))
    return replace(request, history=[message for turn in kept for message in turn.messages])

"""The assistant: a request in, a cited and checked answer out. Every interface goes through it."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self, Unpack

from rag.answering import Answering
from rag.checking import Judge, ModelJudge
from rag.checking.by_entailment import EntailmentJudge
from rag.checking.trial import Trial, keep, try_judge, why_unused
from rag.closing import SharedResources, closing_on_error
from rag.embedding import embedded_encoder
from rag.embedding.english import shares
from rag.embedding.remember import Remembering
from rag.errors import ModelError
from rag.finding import Finder
from rag.library import Library
from rag.library.library import Place
from rag.library.progress import Track, untracked
from rag.model.judges import ENTAILMENT, JudgeFiles, find_judge
from rag.model.leaving import Leaving
from rag.notes import CHECKS_OFF
from rag.query import check_names, check_request
from rag.query.by_model import understand_by_model
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.streams import AnswerStream, read_answer
from rag.types import Answer, Paper, Request, RequestOptions, WriterName
from rag.writers.base import Writer
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter
from rag.writers.llm import LLMWriter

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.tools import FunctionTool

    from rag.llamaindex import CitedQueryEngine
    from rag.model.chat import ChatModel

_NO_MODEL = "no language model is in use: choose one by `askpapers model use`, or set OPENAI_API_KEY"


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
        self._opening = threading.Lock()
        self._models: dict[Settings, ChatModel] = {}  # those that are open
        self._entailment: tuple[JudgeFiles, EntailmentJudge] | None = None  # once it is needed
        self._on_wait = on_wait
        self._resources = SharedResources()  # each answer that is still being read is a user
        if not self._has_model and writer == "llm":
            raise ModelError(_NO_MODEL)
        encoder = sentences or Remembering(embedded_encoder())
        is_same = encoder.name == library.token_encoder.name  # else the library has other word pieces
        self._reader = Reader(encoder, library.tokens.weights if is_same else shares)
        self._extractive = ExtractiveWriter(self._reader, BY_CHOICE if self._has_model else NO_MODEL)
        self._fallback = ExtractiveWriter(self._reader, None)  # a note says that the model failed
        self._finder = Finder(library, Retriever(library), self._reader)

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
        settings = settings or Settings.read()
        library = Library.open(place, settings, track)
        with nullcontext() if library is place else closing_on_error(library):
            assistant = cls(library, llm=llm, settings=settings, writer=writer, sentences=sentences)
        if library is not place:
            assistant._resources.add(library.close)
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
        """The address of the model that writes; None if there is none or it was passed in."""
        return self._model().address if self.writer != "extractive" else None

    @property
    def checks(self) -> dict[str, str | None]:
        """The judge of its sentences, and whether unsupported ones are marked or dropped."""
        judge = self._judge()[0] if self.writer != self._extractive.name else None
        return {"judge": judge.name if judge else None, "unsupported": self._settings.unsupported}

    def ask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """The answer to a question with these options, or to a `Request`, which documents the options.

        Raises QuestionError, ModelError, LibraryError.
        """
        return read_answer(self.stream(question, **options))

    async def aask(self, question: str | Request, **options: Unpack[RequestOptions]) -> Answer:
        """`ask` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.ask, question, **options)

    def stream(
        self, question: str | Request, *, leaving: Leaving | None = None, **options: Unpack[RequestOptions]
    ) -> AnswerStream:
        """`ask` with the text as it is written. An invalid question raises here, not while reading.

        `leaving` ends the model's work from another thread, as `AnswerStream.stop` does.
        """
        request = check_request(Request.of(question, **options))
        check_names(self.library, request.filters)
        leaving = leaving or Leaving()
        writer = self._writer(request.writer, leaving)
        model = writer.model if isinstance(writer, LLMWriter) else None
        judge, why_unchecked = self._judge(leaving) if model else (None, "")
        answering = Answering(
            self.library,
            self._finder,
            self._reader,
            self._fallback,
            writer,
            partial(understand_by_model, model) if model else None,
            judge,
            why_unchecked,
            self._settings.unsupported,
            self._has_model,
        )
        waits_for = model.wait_line if model else None
        stream = AnswerStream(answering.run(request), waits_for, answering.steps, leaving.leave)
        self.hold()
        weakref.finalize(stream, self.release)
        return stream

    def try_judge(self, track: Track = untracked, leaving: Leaving | None = None) -> Trial:
        """Try the judge of the settings on labelled claims, and keep the result.

        If it passes, it checks the sentences of answers from now on. `leaving` can end it before, from
        another thread. Raises ModelError.
        """
        judge, identity = self._candidate(leaving)
        trial = try_judge(judge, identity, {}, track)
        keep(trial)
        return trial

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
        self._resources.close()

    def hold(self) -> None:
        """Put off closing until `release`."""
        self._resources.hold()

    def release(self) -> None:
        """End a `hold`; the last one closes what has been opened."""
        self._resources.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self, choice: WriterName, leaving: Leaving | None = None) -> Writer:
        """The writer of a choice. Raises ModelError if it is a model and none is configured."""
        choice = self._default if choice == "auto" else choice
        if choice == "extractive" or (choice == "auto" and not self._has_model):
            return self._extractive
        return LLMWriter(self._model(leaving=leaving), self._reader)

    def _judge(self, leaving: Leaving | None = None) -> tuple[Judge | None, str]:
        """The judge of what a model writes, else why there is none. Raises ModelError."""
        if not self._settings.checks:
            return None, CHECKS_OFF
        judge, identity = self._candidate(leaving)
        why = why_unused(identity)
        return (None, why) if why else (judge, "")

    def _candidate(self, leaving: Leaving | None = None) -> tuple[Judge, str]:
        """The judge that the settings name, and what its trial is kept under. Raises ModelError."""
        if (name := self._settings.judge_model) and name.startswith(ENTAILMENT):
            files = find_judge(name.removeprefix(ENTAILMENT))
            with self._opening:
                if not self._entailment or self._entailment[0] != files:  # they were pulled anew
                    self._entailment = files, EntailmentJudge(files.name, files.folder)
                return self._entailment[1], files.identity
        model = self._model(self._settings.for_judge(), leaving)
        return ModelJudge(model), model.identity

    def _model(self, settings: Settings | None = None, leaving: Leaving | None = None) -> "ChatModel":
        """The model of these settings, by default the one that writes, opened at its first use.

        Raises ModelError.
        """
        if not self._has_model:
            raise ModelError(_NO_MODEL)
        settings = settings if settings and settings.has_model else self._settings
        with self._opening:
            if settings not in self._models:
                self._models[settings] = self._open(settings)
            model = self._models[settings]
        return replace(model, leaving=leaving) if leaving else model

    def _open(self, settings: Settings) -> "ChatModel":
        from rag.model.chat import ChatModel

        if self._given and settings == self._settings:
            identity = f"{self._given.metadata.model_name} ({self._given.class_name()})"
            return ChatModel(self._given, prices=settings.prices, identity=identity)
        model = ChatModel.open(settings, on_wait=self._on_wait)
        self._resources.add(model.close)
        return model

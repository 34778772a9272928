"""The assistant: question in, cited and checked answer out. Every face goes through it."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Unpack

from rag.about import Topic, topic_of
from rag.answering import Answerer, AnswerStream, Wanted, as_stream, read_answer
from rag.conversation import Conversation
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from rag.errors import ModelError
from rag.library import Library
from rag.options import AskOptions, HistoryOptions, WriterName
from rag.plain_replies import reply_to
from rag.query import (
    Asked,
    History,
    Rewriter,
    check_papers,
    check_question,
    check_words,
    make_filters,
    turns_of,
    understand,
)
from rag.query.rewriting import ModelRewriter
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.support import CalibratedJudge, Judge, LLMJudge
from rag.types import Answer, Filters, Paper
from rag.writers.base import Writer
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter
from rag.writers.llm import LLMWriter

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.tools import FunctionTool

    from rag.llamaindex import CitedQueryEngine
    from rag.model.chat import ChatModel

_CONVERSATIONS = 1000  # that `chat` remembers; the one that was used longest ago is forgotten first
_RECENT = 50  # turns among which those are looked for that were said to the program
_NO_MODEL = (
    "no language model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server"
)


class Assistant:
    """Answers questions about the papers of one library. Safe to use from several threads."""

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

        `sentences` encodes what is read and remembers it, for assistants that share it; else each has
        its own. `writer` decides where both could write: `auto` takes a model where there is one.
        `on_wait` is told, from another thread, that a model on this machine is waited for.
        Raises ModelError where a model is asked for and none is configured.
        """
        self.library = library
        settings = settings or Settings()
        encoder = sentences or Remembering(embedded_encoder())
        self.judge = CalibratedJudge(encoder)
        self._reader = Reader(encoder, library.tokens.weights)
        self._has_model = llm is not None or settings.has_model
        extractive = ExtractiveWriter(self._reader, BY_CHOICE if self._has_model else NO_MODEL)
        writes = writer == "llm" or (writer == "auto" and self._has_model)
        self._model = _open_model(llm, settings, on_wait) if writes or settings.judge == "llm" else None
        chosen, self._rewriter = _choose_writer(self._model if writes else None, extractive)
        self._answerer = Answerer(
            library,
            Retriever(library),
            self._reader,
            chosen,
            extractive,
            _choose_judge(self._model, settings, self.judge),
            self.judge,
            settings.unsupported,
        )
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._choosing = threading.Lock()  # among the conversations

    @property
    def writer(self) -> str:
        """Name of the writer: "extractive", or the model."""
        return self._answerer.writer.name

    @property
    def server(self) -> str | None:
        """Where the model is that writes or checks; None where there is none, or it was passed in."""
        return self._model.address if self._model else None

    @property
    def wait_line(self) -> str | None:
        """What to show while an answer has no text yet and a model on this machine is waited for."""
        return self._model.wait_line if self._model else None

    def close(self) -> None:
        """Close the connections to the model, unless it was passed in."""
        if self._model:
            self._model.close()

    @property
    def checks(self) -> dict[str, str]:
        """The name of the judge of its sentences, and what becomes of those that are not supported."""
        return {"judge": self._answerer.judge.name, "unsupported": self._answerer.unsupported}

    def ask(self, question: str, **options: Unpack[HistoryOptions]) -> Answer:
        """The answer to a question. Raises QuestionError, ModelError, LibraryError.

        Options: `filters` bound the papers, `from_year` and `to_year` go before their years.
        `history` is what was said before, as OpenAI-style messages; `words` bounds the length, `k` the
        papers that the writer is shown (8; for a list those that fit).
        Years in the question's words ("since 2021") bound the papers, unless years are given
        here or `years_from_question` is False.
        """
        return read_answer(self.stream(question, **options))

    async def aask(self, question: str, **options: Unpack[HistoryOptions]) -> Answer:
        """`ask`, in a thread: the event loop goes on."""
        return await asyncio.to_thread(self.ask, question, **options)

    def stream(self, question: str, **options: Unpack[HistoryOptions]) -> AnswerStream:
        """`ask`, with the text as it is written. A bad question raises here, not while reading."""
        said = check_question(question)
        if topic := topic_of(said):
            return as_stream(self._reply(said, topic, **options))
        asked, wanted = self._understand(question, **options)
        return self._answerer.stream(asked, wanted)

    def chat(
        self, question: str, *, conversation: str = "default", **options: Unpack[AskOptions]
    ) -> Answer:
        """`ask` within a conversation of this name, whose turns are remembered.

        A follow-up ("how much smaller is it?") is resolved with them; the answer's
        `resolved_question` says to what. The last 1,000 conversations are kept.
        """
        return self._conversation(conversation).ask(question, **options)

    def read_ahead(self, paper: Paper) -> int:
        """Read a paper before it is asked about, so that the first question about it is as quick as the
        next; how many texts were read. They stay as long as they are among the last that were read."""
        return self._reader.read_ahead(paper)

    def forget(self, conversation: str = "default") -> None:
        """Begin the conversation of this name anew."""
        with self._choosing:
            self._conversations.pop(conversation, None)

    def as_query_engine(self) -> "CitedQueryEngine":
        """A LlamaIndex query engine that answers as this assistant does."""
        from rag.llamaindex import CitedQueryEngine

        return CitedQueryEngine(self)

    def as_tool(self, name: str | None = None, description: str | None = None) -> "FunctionTool":
        """A LlamaIndex tool for agents: a question in, the answer with its numbered sources out.

        The tool's `raw_output` is the Answer. `description` tells the agent what the library holds.
        """
        from rag.llamaindex import DESCRIPTION, NAME, make_tool

        return make_tool(self, name or NAME, description or DESCRIPTION)

    def _conversation(self, name: str) -> Conversation:
        with self._choosing:
            found = self._conversations.setdefault(name, Conversation(self))
            self._conversations.move_to_end(name)
            if len(self._conversations) > _CONVERSATIONS:
                self._conversations.popitem(last=False)
        return found

    def _reply(
        self,
        question: str,
        topic: Topic,
        *,
        from_year: int | None = None,
        to_year: int | None = None,
        filters: Filters = Filters(),
        words: int | None = None,
        k: int | None = None,
        **_: object,
    ) -> Answer:
        """What is said of the program and its library; the options are checked as for any question."""
        check_words(words)
        check_papers(k)
        bounds = make_filters(from_year, to_year, filters)
        catalog = self.library.catalog
        return reply_to(question, topic, catalog, bounds, self.writer, has_model=self._has_model)

    def _understand(
        self,
        question: str,
        *,
        from_year: int | None = None,
        to_year: int | None = None,
        filters: Filters = Filters(),
        history: History = (),
        words: int | None = None,
        k: int | None = None,
        years_from_question: bool = True,
    ) -> tuple[Asked, Wanted]:
        """The question, understood, and how its answer is to be."""
        wanted = Wanted(check_words(words), check_papers(k))
        asked = understand(
            question,
            _about_papers(history),
            today=date.today(),
            given=make_filters(from_year, to_year, filters),
            years_from_question=years_from_question,
            rewrite=self._rewriter,
        )
        return asked, wanted


def _about_papers(history: History) -> list[Mapping[str, str]]:
    """The turns without those that were said to the program: no question leans on a greeting."""
    turns = turns_of(history)
    recent = len(turns) - _RECENT
    kept = (turn for place, turn in enumerate(turns) if place < recent or not topic_of(turn.question))
    return [message for turn in kept for message in turn.messages]


def _open_model(
    llm: "LLM | None", settings: Settings, on_wait: Callable[[str], None] | None
) -> "ChatModel":
    """The one model of an assistant: it writes, makes follow-ups whole and checks. Raises ModelError."""
    if llm is None and not settings.has_model:
        raise ModelError(_NO_MODEL)
    from rag.model.chat import ChatModel

    return ChatModel(llm, prices=settings.prices) if llm else ChatModel.open(settings, on_wait=on_wait)


def _choose_judge(model: "ChatModel | None", settings: Settings, calibrated: Judge) -> Judge:
    """Who checks what is written."""
    return LLMJudge(model, calibrated) if model and settings.judge == "llm" else calibrated


def _choose_writer(model: "ChatModel | None", extractive: Writer) -> tuple[Writer, Rewriter | None]:
    """Who writes, and the model that makes follow-ups whole where a model writes."""
    return (LLMWriter(model), ModelRewriter(model)) if model else (extractive, None)

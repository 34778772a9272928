"""The assistant: question in, cited and checked answer out. Every face goes through it."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from rag.answering import Answerer, AnswerStream
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from rag.errors import ModelError
from rag.library import Library
from rag.query import History, check_words, make_filters, understand
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.support import CalibratedJudge
from rag.types import Answer, Filters
from rag.writers.base import Writer
from rag.writers.extractive import ExtractiveWriter

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from rag.llamaindex import CitedQueryEngine

WriterName = Literal["auto", "llm", "extractive"]


class Assistant:
    """Answers questions about the papers of one library. Safe to use from several threads."""

    def __init__(
        self,
        library: Library,
        *,
        llm: "LLM | None" = None,
        settings: Settings | None = None,
        writer: WriterName = "auto",
    ) -> None:
        """`llm` is any LlamaIndex model; without it the one that the settings name is used.

        `writer` decides where both could write: `auto` takes a model where there is one.
        Raises ModelError where a model is asked for and none is configured.
        """
        self.library = library
        settings = settings or Settings()
        encoder = Remembering(embedded_encoder())
        self.judge = CalibratedJudge(encoder)
        reader = Reader(encoder, library.tokens.weights)
        extractive = ExtractiveWriter(reader)
        self._answerer = Answerer(
            library,
            Retriever(library),
            reader,
            _choose_writer(writer, llm, settings, extractive),
            extractive,
            self.judge,
            settings.unsupported,
        )

    @property
    def writer(self) -> str:
        """Name of the writer: "extractive", or the model."""
        return self._answerer.writer.name

    def ask(
        self,
        question: str,
        *,
        from_year: int | None = None,
        to_year: int | None = None,
        filters: Filters = Filters(),
        history: History = (),
        words: int | None = None,
        years_from_question: bool = True,
    ) -> Answer:
        """The answer to a question. Raises QuestionError, ModelError, LibraryError.

        `filters` bound the papers, `from_year` and `to_year` go before their years. `history` is
        what was said before, as OpenAI-style messages; `words` bounds the length.
        Years in the question's words ("since 2021") bound the papers, unless years are given
        here or `years_from_question` is False.
        """
        stream = self.stream(
            question,
            from_year=from_year,
            to_year=to_year,
            filters=filters,
            history=history,
            words=words,
            years_from_question=years_from_question,
        )
        for _ in stream:
            pass
        return stream.answer

    async def aask(self, question: str, **options: Any) -> Answer:
        """`ask`, in a thread: the event loop goes on."""
        return await asyncio.to_thread(self.ask, question, **options)

    def stream(
        self,
        question: str,
        *,
        from_year: int | None = None,
        to_year: int | None = None,
        filters: Filters = Filters(),
        history: History = (),
        words: int | None = None,
        years_from_question: bool = True,
    ) -> AnswerStream:
        """`ask`, with the text as it is written. A bad question raises here, not while reading."""
        asked = understand(
            question,
            history,
            today=date.today(),
            given=make_filters(from_year, to_year, filters),
            years_from_question=years_from_question,
        )
        return self._answerer.stream(asked, check_words(words))

    def as_query_engine(self) -> "CitedQueryEngine":
        """A LlamaIndex query engine that answers as this assistant does."""
        from rag.llamaindex import CitedQueryEngine

        return CitedQueryEngine(self)


def _choose_writer(name: WriterName, llm: "LLM | None", settings: Settings, extractive: Writer) -> Writer:
    wants_model = name == "llm" or (name == "auto" and (llm is not None or settings.has_model))
    if not wants_model:
        return extractive
    if llm is None and not settings.has_model:
        raise ModelError(
            "no language model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
            "compatible server"
        )
    from rag.writers.llm import LLMWriter, open_model

    return LLMWriter(llm or open_model(settings), settings.prices)

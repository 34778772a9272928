"""The assistant: question in, cited and checked answer out. Every face goes through it."""

import asyncio
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from rag.citations import Composer
from rag.embedding import local_encoder
from rag.errors import ModelError, ModelFailedError
from rag.library import Library
from rag.query import Asked, History, check_words, make_filters, understand
from rag.retrieval import Retriever, fitting
from rag.settings import Settings
from rag.types import Answer, Filters, Hit, RankedPaper
from rag.writers.base import NOT_SAID, Log, Task, Writer
from rag.writers.extractive import ExtractiveWriter

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from rag.llamaindex import CitedQueryEngine

WriterName = Literal["auto", "llm", "extractive"]

_RETRIEVED = 10  # papers in the ranking of an answer
_LISTED = 40  # papers among which those that fit a list are looked for
_SHOWN = 8  # papers that a writer is shown, but for a list
# A question whose nearest passage is farther is about something else. Low, so that nothing that
# the papers answer is refused: of a few dozen questions tried, those about the papers lie above
# 0.28, half of those about other things below. Of another encoder it means less: its cosines lie elsewhere.
NEAREST_COSINE = 0.25

_DIGESTS = (
    "The texts in this library are digests in our own words, so the quotes are ours and not the papers'."
)
BROKE_OFF = "(The model broke off. The papers' own sentences:)"
_REFUSAL = "The papers in this library do not answer this question."


class AnswerStream:
    """The text of an answer piece by piece; when it has been read to its end, `answer` is whole."""

    def __init__(self, run: Generator[str, None, Answer]) -> None:
        self._run = run
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        if answer := (yield from self._run):  # nothing is left of it where it was read before
            self._answer = answer

    @property
    def answer(self) -> Answer:
        """The whole answer. Raises RuntimeError before the stream has been read to its end."""
        if self._answer is None:
            raise RuntimeError("read the stream to its end first: for piece in stream: ...")
        return self._answer


@dataclass
class _Draft:
    """An answer in the making."""

    asked: Asked
    words: int | None
    hits: Sequence[Hit] = ()
    shown: Sequence[Hit] = ()  # to the writer
    log: Log = field(default_factory=Log)
    seconds: dict[str, float] = field(default_factory=dict)


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
        self._retriever = Retriever(library)
        self._extractive = ExtractiveWriter(local_encoder(library.encoder))
        self._writer = self._choose_writer(writer, llm, settings or Settings())

    @property
    def writer(self) -> str:
        """Name of the writer: "extractive", or the model."""
        return self._writer.name

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
        return AnswerStream(self._run(_Draft(asked, check_words(words))))

    def as_query_engine(self) -> "CitedQueryEngine":
        """A LlamaIndex query engine that answers as this assistant does."""
        from rag.llamaindex import CitedQueryEngine

        return CitedQueryEngine(self)

    def _run(self, draft: _Draft) -> Generator[str, None, Answer]:
        started = time.perf_counter()
        asked = draft.asked
        self._retrieve(draft)
        draft.log.notes += self._library_notes(asked)
        draft.seconds["retrieve"] = time.perf_counter() - started
        if reason := why_not(draft.hits, asked.filters):
            yield _REFUSAL
            return self._answer(draft, Composer(()), reason, self._writer.name, started)
        composer, writer = yield from self._write(draft)
        if not composer.shown.strip():
            yield _REFUSAL
        draft.seconds["write"] = time.perf_counter() - started - draft.seconds["retrieve"]
        return self._answer(draft, composer, None, writer, started)

    def _retrieve(self, draft: _Draft) -> None:
        """Rank the papers, and choose those that the writer is shown."""
        asked = draft.asked
        is_list = asked.kind == "list"
        hits = self._retriever.search(asked.query, _LISTED if is_list else _RETRIEVED, asked.filters)
        draft.shown = fitting(hits) if is_list else hits[:_SHOWN]
        draft.hits = hits[: max(_RETRIEVED, len(draft.shown))]

    def _write(self, draft: _Draft) -> Generator[str, None, tuple[Composer, str]]:
        """Let the writer write; where a model fails, the papers' own sentences take its place."""
        composer = Composer(draft.shown)
        try:
            yield from self._compose(self._writer, composer, draft)
            return composer, self._writer.name
        except ModelFailedError as error:
            draft.log.notes.append(f"The model failed, and the papers' own sentences answer: {error}.")
        if composer.text:
            yield f"\n\n{BROKE_OFF}\n\n"
        composer = Composer(draft.shown)
        yield from self._compose(self._extractive, composer, draft)
        return composer, self._extractive.name

    def _compose(self, writer: Writer, composer: Composer, draft: _Draft) -> Iterator[str]:
        task = Task(draft.asked.query, draft.asked.kind, draft.words)
        for piece in writer.write(task, composer.hits, draft.log):
            if shown := composer.add(piece):
                yield shown
        if shown := composer.finish():
            yield shown

    def _answer(
        self, draft: _Draft, composer: Composer, reason: str | None, writer: str, started: float
    ) -> Answer:
        claims, markers = composer.claims(), composer.markers()
        if composer.text.strip() == NOT_SAID:
            claims, reason = [], "the papers do not say"
        is_answered = any(claim.supported for claim in claims)
        if unsupported := is_answered and sum(not claim.supported for claim in claims):
            draft.log.notes.append(
                f"Not supported by the words that they cite: {_count(unsupported, 'sentence')}."
            )
        if not is_answered and reason is None:
            reason = "no sentence of the answer is supported by the words that it cites"
        if markers.unknown:
            draft.log.notes.append(
                f"Removed, as they name no paper: {_count(markers.unknown, 'citation marker')}."
            )
        draft.seconds["total"] = time.perf_counter() - started
        return Answer(
            question=draft.asked.question,
            status="answered" if is_answered else "refused",
            text=composer.shown.strip() or _REFUSAL,
            reason=reason if not is_answered else None,
            claims=tuple(claims),
            citations=tuple(composer.citations()),
            papers=tuple(
                RankedPaper(hit.paper.paper_id, hit.paper.title, round(hit.score, 4)) for hit in draft.hits
            ),
            filters=draft.asked.filters,
            resolved_question=draft.asked.resolved,
            missing=None,
            notes=tuple(draft.log.notes),
            writer=writer,
            markers=markers,
            usage=draft.log.usage,
            seconds={name: round(value, 4) for name, value in draft.seconds.items()},
        )

    def _library_notes(self, asked: Asked) -> list[str]:
        notes = [_DIGESTS] if self.library.catalog.holds_digests else []
        notes += [asked.note] if asked.note else []
        catalog, filters = self.library.catalog, asked.filters
        if filters.has_years and (without := catalog.count_without_year()):
            notes.append(f"Left out, as their year is not known: {_count(without, 'paper')}.")
        if filters.has_authors and (without := catalog.count_without_authors()):
            notes.append(f"Left out, as their number of authors is not known: {_count(without, 'paper')}.")
        if behind := self.library.behind():
            notes.append(f"Not indexed yet, so papers may be missing: {_count(behind, 'change')}.")
        return notes

    def _choose_writer(self, name: WriterName, llm: "LLM | None", settings: Settings) -> Writer:
        wants_model = name == "llm" or (name == "auto" and (llm is not None or settings.has_model))
        if not wants_model:
            return self._extractive
        if llm is None and not settings.has_model:
            raise ModelError(
                "no language model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
                "compatible server"
            )
        from rag.writers.llm import LLMWriter, open_model

        return LLMWriter(llm or open_model(settings))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def why_not(hits: Sequence[Hit], filters: Filters) -> str | None:
    """Why these hits cannot answer anything, or None where they may."""
    if not hits:
        if filters.is_open:
            return "no paper is indexed yet"
        only_years = filters == Filters(filters.from_year, filters.to_year)
        return "no paper lies in these years" if only_years else "no paper fulfils these conditions"
    if max(hit.signals["dense"] for hit in hits) < NEAREST_COSINE:
        return "no paper in the library is about this"
    return None

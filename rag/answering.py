"""From a question that is understood to its answer: retrieve, write, cite, check, or refuse."""

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from rag.citations import Composer
from rag.errors import ModelFailedError
from rag.library import Library
from rag.query import Asked
from rag.retrieval import Retriever, fitting
from rag.support import Judge
from rag.types import Answer, Filters, Hit, RankedPaper
from rag.writers.base import NOT_SAID, Log, Task, Writer

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


@dataclass(frozen=True)
class Answerer:
    """Answers questions that are understood. `fallback` writes where the `writer` fails."""

    library: Library
    retriever: Retriever
    writer: Writer
    fallback: Writer
    judge: Judge

    def stream(self, asked: Asked, words: int | None) -> AnswerStream:
        """The answer to a question, as it is written."""
        return AnswerStream(self._run(_Draft(asked, words)))

    def _run(self, draft: _Draft) -> Generator[str, None, Answer]:
        started = time.perf_counter()
        asked = draft.asked
        self._retrieve(draft)
        draft.log.notes += self._library_notes(asked)
        draft.seconds["retrieve"] = time.perf_counter() - started
        if reason := why_not(draft.hits, asked.filters):
            yield _REFUSAL
            return self._answer(draft, Composer((), self.judge), reason, self.writer.name, started)
        composer, writer = yield from self._write(draft)
        if not composer.shown.strip():
            yield _REFUSAL
        draft.seconds["write"] = time.perf_counter() - started - draft.seconds["retrieve"]
        return self._answer(draft, composer, None, writer, started)

    def _retrieve(self, draft: _Draft) -> None:
        """Rank the papers, and choose those that the writer is shown."""
        asked = draft.asked
        is_list = asked.kind == "list"
        hits = self.retriever.search(asked.query, _LISTED if is_list else _RETRIEVED, asked.filters)
        draft.shown = fitting(hits) if is_list else hits[:_SHOWN]
        draft.hits = hits[: max(_RETRIEVED, len(draft.shown))]

    def _write(self, draft: _Draft) -> Generator[str, None, tuple[Composer, str]]:
        """Let the writer write; where a model fails, the papers' own sentences take its place."""
        composer = Composer(draft.shown, self.judge)
        try:
            yield from self._compose(self.writer, composer, draft)
            return composer, self.writer.name
        except ModelFailedError as error:
            draft.log.notes.append(f"The model failed, and the papers' own sentences answer: {error}.")
        if composer.text:
            yield f"\n\n{BROKE_OFF}\n\n"
        composer = Composer(draft.shown, self.judge)
        yield from self._compose(self.fallback, composer, draft)
        return composer, self.fallback.name

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
            usage=dict(Counter(draft.asked.usage) + Counter(draft.log.usage)),
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

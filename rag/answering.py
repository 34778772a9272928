"""From an understood question to its answer: retrieve, write, cite, check, or refuse."""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from rag.citations import Composer
from rag.errors import KeyRefusedError, ModelError
from rag.library import Library
from rag.nearness import HITS, why_far
from rag.query import Understanding
from rag.query.years import without_phrases
from rag.reading import Reader
from rag.retrieval import Retriever, belonging
from rag.support import Judge
from rag.types import Answer, Filters, Hit, RankedPaper, Status, Unsupported
from rag.words import subject_of
from rag.writers.base import Log, Mender, Writer

_RETRIEVED = 10  # papers in the ranking of an answer
_LISTED = 40  # candidates for a list of papers
_SHOWN = 8  # papers that a writer sees, except for a list

_DIGESTS = (
    "The texts in this library are digests in our own words, so the quotes are ours and not the papers'."
)
_NO_SUPPORT = "no sentence of the answer is supported by the words that it cites"
BROKE_OFF = "(The model broke off. The papers' own sentences:)"
MODEL_FAILED = "The model failed, and the papers' own sentences answer: "
REFUSAL = "The papers in this library do not answer this question."


class AnswerStream:
    """The text of an answer piece by piece; at its end, `answer` is the whole Answer.

    `waits_for` is a line to show before the first piece if a model on this machine may take minutes.
    """

    def __init__(self, run: Generator[str, None, Answer], waits_for: str | None = None) -> None:
        self.waits_for = waits_for
        self.step = ""
        self._run = run
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        if answer := (yield from self._run):  # None if it has been read before
            self._answer = answer

    @property
    def answer(self) -> Answer:
        """The whole answer. Raises RuntimeError before the stream has been read to its end."""
        if self._answer is None:
            raise RuntimeError("read the stream to its end first: for piece in stream: ...")
        return self._answer


def read_answer(stream: AnswerStream) -> Answer:
    """Read a stream to its end; the whole answer."""
    for _ in stream:
        pass
    return stream.answer


def as_stream(answer: Answer) -> AnswerStream:
    """A finished answer as a stream."""

    def run() -> Generator[str, None, Answer]:
        yield answer.text
        return answer

    return AnswerStream(run())


@dataclass
class _Draft:
    """An unfinished answer."""

    question: Understanding
    hits: Sequence[Hit] = ()
    shown: Sequence[Hit] = ()  # what the writer sees
    reason: str | None = None  # for a refusal without writing
    log: Log = field(default_factory=Log)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answerer:
    """Answers understood questions. `fallback` writes if another writer fails."""

    library: Library
    retriever: Retriever
    reader: Reader
    fallback: Writer
    judge: Judge  # of sentences
    picker: Judge  # of quotes
    unsupported: Unsupported = "mark"

    def stream(self, question: Understanding, writer: Writer, waits_for: str | None = None) -> AnswerStream:
        """The answer to a question, as it is written."""
        draft = _Draft(question, log=Log(usage=dict(question.usage)))
        return AnswerStream(self._run(draft, writer), waits_for)

    def _run(self, draft: _Draft, writer: Writer) -> Generator[str, None, Answer]:
        started = time.perf_counter()
        self._look(draft)
        if draft.reason and (fallback := draft.question.fallback):
            other = _Draft(fallback, log=draft.log, seconds=draft.seconds)
            self._look(other)
            draft = draft if other.reason else other
        draft.log.notes += self._library_notes(draft.question)
        draft.seconds["retrieve"] = time.perf_counter() - started
        composer = Composer(draft.shown, self.judge, self.picker)
        if draft.reason:
            yield composer.say(REFUSAL)
        else:
            writer = yield from self._write(draft, composer, writer)
            draft.seconds["write"] = time.perf_counter() - started - draft.seconds["retrieve"]
        draft.seconds["total"] = time.perf_counter() - started
        return self._answer(draft, composer, writer.name)

    def _look(self, draft: _Draft) -> None:
        """Rank the papers, choose those for the writer, and see whether any is near."""
        question, most = draft.question, draft.question.request.k
        if question.kind == "list":
            self._look_for_list(draft)
        else:
            draft.hits = self.retriever.search(question.query, max(_RETRIEVED, most or 0), question.filters)
            draft.shown = draft.hits[: most or _SHOWN]
            draft.reason = self._why_far(question.query, draft)

    def _look_for_list(self, draft: _Draft) -> None:
        """The papers that belong on a list; all within the filters if it names no subject."""
        question, most = draft.question, draft.question.request.k
        if subject := subject_of(without_phrases(question.query)):
            hits = self.retriever.search(subject, max(_LISTED, most or 0), question.filters)
            draft.shown = belonging(hits)[:most]
            draft.hits = hits[: max(_RETRIEVED, len(draft.shown))]
            draft.reason = self._why_far(subject, draft)
            return
        draft.hits = draft.shown = self.retriever.newest(most or _LISTED, question.filters)
        draft.reason = None if draft.hits else self._why_far(question.query, draft)
        more = self.library.catalog.count_matching(filters=question.filters) - len(draft.hits)
        if more > 0:
            draft.log.notes.append(f"{_count(more, 'more paper')}: see them by `askpapers library list`.")

    def _why_far(self, query: str, draft: _Draft) -> str | None:
        """Why the library cannot answer, or None if it may."""
        filters = draft.question.filters
        if nearest := draft.hits[:HITS]:
            reading = self.reader.read(query, nearest)
            return why_far(query, nearest, reading, self.library, draft.question.kind)
        if filters.is_open:
            return "No paper is indexed yet: add some by `askpapers ingest SOURCE...`."
        only_years = filters == Filters(filters.from_year, filters.to_year)
        return "No papers from these years." if only_years else "No paper fulfils these conditions."

    def _write(self, draft: _Draft, composer: Composer, writer: Writer) -> Generator[str, None, Writer]:
        """Let the writer write, or the fallback if a model fails. Returns the one that wrote."""
        try:
            yield from filter(None, self._compose(writer, composer, draft))
            return writer
        except KeyRefusedError:
            raise
        except ModelError as error:
            draft.log.notes.append(f"{MODEL_FAILED}{error}.")
            draft.log.missing = draft.log.refusal = None
        composer.forget()
        if composer.shown:
            yield composer.say(f"\n\n{BROKE_OFF}\n\n")
        yield from filter(None, self._compose(self.fallback, composer, draft))
        return self.fallback

    def _compose(self, writer: Writer, composer: Composer, draft: _Draft) -> Iterator[str]:
        """The text as its sentences are checked; if it is a refusal, a line above or below it says so."""
        log, question = draft.log, draft.question
        for piece in writer.write(question, composer.hits, log):
            composer.preface = _preface(log)
            yield composer.add(piece)
        composer.preface = _preface(log)
        yield composer.finish()
        if isinstance(writer, Mender) and composer.doubts():
            _mend(writer, question, composer, log)
        if composer.has_support():
            yield composer.show_rest(self.unsupported)
        elif composer.doubts():  # whatever reasons the writer gives
            log.refusal = _NO_SUPPORT
        composer.forget()
        if not composer.shown:
            yield composer.say(REFUSAL)
        elif log.refusal and not composer.shown.startswith(REFUSAL):
            yield composer.say(f"\n\n{REFUSAL}")

    def _answer(self, draft: _Draft, composer: Composer, writer: str) -> Answer:
        log, question, markers = draft.log, draft.question, composer.markers()
        status, reason = _outcome(draft, composer)
        left_out = "Left out, as the words that they cite do not support them"
        log.notes += _counted("Not supported by the words that they cite", composer.marked(), "sentence")
        log.notes += _counted(left_out, composer.dropped, "sentence")
        log.notes += _counted("Removed, as they name no paper", markers.unknown, "citation marker")
        return Answer(
            question=question.request.question,
            status=status,
            text=composer.shown,
            reason=reason,
            claims=tuple(composer.claims),
            citations=tuple(composer.citations()),
            papers=tuple(
                RankedPaper(hit.paper.paper_id, hit.paper.title, round(hit.score, 4)) for hit in draft.hits
            ),
            filters=question.filters,
            offered_filters=question.offered,
            resolved_question=question.resolved,
            missing=log.missing if status == "partial" else None,
            notes=tuple(log.notes),
            writer=writer,
            markers=markers,
            usage=log.usage,
            seconds={name: round(value, 4) for name, value in draft.seconds.items()},
            kind=question.kind,
            checked_by=self.judge.name if composer.is_judged() else None,
        )

    def _library_notes(self, question: Understanding) -> list[str]:
        notes = [_DIGESTS] if self.library.catalog.holds_digests else []
        notes += [question.note] if question.note else []
        notes += [offer_note(question.offered)] if question.offered else []
        catalog, filters = self.library.catalog, question.filters
        if filters.has_years:
            notes += _counted("Left out, as their year is not known", catalog.count_without_year())
        if filters.has_authors:
            unknown = catalog.count_without_authors()
            notes += _counted("Left out, as their number of authors is not known", unknown)
        return notes + _counted("Not indexed yet, so answers may lack them", self.library.papers_behind())


def _mend(writer: Mender, question: Understanding, composer: Composer, log: Log) -> None:
    """Ask once for other words for all sentences in doubt."""
    doubts = composer.doubts()
    try:
        replies = writer.mend(question, composer.hits, doubts, log)
    except ModelError as error:
        log.notes.append(f"The model could not be asked to mend what is not supported: {error}.")
        return
    for doubt, pieces in zip(doubts, replies, strict=True):
        composer.mend(doubt, pieces)


def _outcome(draft: _Draft, composer: Composer) -> tuple[Status, str | None]:
    """The status of an answer, and the reason for a refusal."""
    log = draft.log
    if refusal := draft.reason or log.refusal:
        return "refused", refusal
    if any(claim.supported for claim in composer.claims):
        return "partial" if log.missing else "answered", None
    return "refused", f"the papers do not say: {log.missing}" if log.missing else _NO_SUPPORT


def offer_note(filters: Filters) -> str:
    """The note that offers years as options of the command line."""
    ends = {"--from-year": filters.from_year, "--to-year": filters.to_year}
    options = " ".join(f"{option} {year}" for option, year in ends.items() if year is not None)
    return f"To bound publication years: {options}"


def _preface(log: Log) -> str:
    return f"{REFUSAL}\n\n" if log.refusal else ""


def _counted(line: str, number: int, what: str = "paper") -> list[str]:
    """The line with its number, if that is not 0."""
    return [f"{line}: {_count(number, what)}."] if number else []


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

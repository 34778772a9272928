"""From a question that is understood to its answer: retrieve, write, cite, check, or refuse."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.citations import Composer
from rag.errors import KeyRefusedError, ModelError
from rag.library import Library
from rag.query import Asked, listed_subject
from rag.reading import Reader
from rag.retrieval import Retriever, fitting
from rag.subject import HITS, LEAST, LEAST_OF_CHANGE, LEAST_OF_LIST, off_subject
from rag.support import Judge
from rag.types import Answer, Filters, Hit, RankedPaper, Status, Unsupported
from rag.writers.base import Log, Mender, Task, Writer

_RETRIEVED = 10  # papers in the ranking of an answer
_LISTED = 40  # papers among which those that fit a list are looked for
_SHOWN = 8  # papers that a writer is shown, but for a list

_DIGESTS = (
    "The texts in this library are digests in our own words, so the quotes are ours and not the papers'."
)
_NO_SUPPORT = "no sentence of the answer is supported by the words that it cites"
BROKE_OFF = "(The model broke off. The papers' own sentences:)"
MODEL_FAILED = "The model failed, and the papers' own sentences answer: "
REFUSAL = "The papers in this library do not answer this question."


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


def read_answer(stream: AnswerStream) -> Answer:
    """The whole answer, for those who do not look at the text as it is written."""
    for _ in stream:
        pass
    return stream.answer


def as_stream(answer: Answer) -> AnswerStream:
    """An answer that is whole already, as if it were being written."""

    def run() -> Generator[str, None, Answer]:
        yield answer.text
        return answer

    return AnswerStream(run())


@dataclass(frozen=True)
class Wanted:
    """How an answer is to be: about how many words, from how many papers; None where all is one."""

    words: int | None = None
    papers: int | None = None


@dataclass
class _Draft:
    """An answer in the making."""

    asked: Asked
    wanted: Wanted
    hits: Sequence[Hit] = ()
    shown: Sequence[Hit] = ()  # to the writer
    reason: str | None = None  # why nothing is written
    log: Log = field(default_factory=Log)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answerer:
    """Answers questions that are understood. `fallback` writes where the `writer` fails."""

    library: Library
    retriever: Retriever
    reader: Reader
    writer: Writer
    fallback: Writer
    judge: Judge  # of what is written
    picker: Judge  # of the quotes
    unsupported: Unsupported = "mark"

    def stream(self, asked: Asked, wanted: Wanted) -> AnswerStream:
        """The answer to a question, as it is written."""
        return AnswerStream(self._run(_Draft(asked, wanted, log=Log(usage=dict(asked.usage)))))

    def _run(self, draft: _Draft) -> Generator[str, None, Answer]:
        started = time.perf_counter()
        self._retrieve(draft)
        draft.log.notes += self._library_notes(draft.asked)
        draft.seconds["retrieve"] = time.perf_counter() - started
        composer, writer = Composer(draft.shown, self.judge, self.picker), self.writer
        draft.reason = self._why_not(draft)
        if draft.reason:
            yield composer.say(REFUSAL)
        else:
            writer = yield from self._write(draft, composer)
            draft.seconds["write"] = time.perf_counter() - started - draft.seconds["retrieve"]
        draft.seconds["total"] = time.perf_counter() - started
        return self._answer(draft, composer, writer.name)

    def _retrieve(self, draft: _Draft) -> None:
        """Rank the papers, and choose those that the writer is shown."""
        asked, most = draft.asked, draft.wanted.papers
        is_list = asked.kind == "list"
        least = _LISTED if is_list else _RETRIEVED
        hits = self.retriever.search(asked.query, max(least, most or 0), asked.filters)
        draft.shown = fitting(hits)[:most] if is_list else hits[: most or _SHOWN]
        draft.hits = hits[: max(_RETRIEVED, len(draft.shown))]

    def _why_not(self, draft: _Draft) -> str | None:
        """Why the library cannot answer, or None where it may."""
        query, filters, nearest = draft.asked.query, draft.asked.filters, draft.hits[:HITS]
        if nearest:
            reason = self._off_subject(query, nearest) or self._changes_subject(draft.asked, nearest)
            if reason and draft.asked.kind == "list":
                return self._off_subject(listed_subject(query), nearest, LEAST_OF_LIST)
            return reason
        if filters.is_open:
            return "no paper is indexed yet"
        only_years = filters == Filters(filters.from_year, filters.to_year)
        return "no paper lies in these years" if only_years else "no paper fulfils these conditions"

    def _off_subject(self, question: str, hits: Sequence[Hit], least: float = LEAST) -> str | None:
        papers = self.library.catalog.count()
        return off_subject(question, hits, self.reader.read(question, hits), papers, least)

    def _changes_subject(self, asked: Asked, hits: Sequence[Hit]) -> str | None:
        """Why what was taken for a follow-up is none, and not about the papers: they answer what it was
        put behind, and not what it asks itself. None where it says that it goes on ("and …", "it")."""
        if not asked.said or not asked.may_stand:
            return None
        return self._off_subject(asked.said, hits, LEAST_OF_CHANGE)

    def _write(self, draft: _Draft, composer: Composer) -> Generator[str, None, Writer]:
        """Let the writer write; where a model fails, the papers' own sentences take its place."""
        try:
            yield from filter(None, self._compose(self.writer, composer, draft))
            return self.writer
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
        """What a writer writes, as far as it is checked; then what is left of it.

        That it is a refusal stands above the text, or below where the writer says so too late.
        """
        log, asked = draft.log, draft.asked
        task = Task(asked.query, asked.kind, draft.wanted.words, asked.said)
        for piece in writer.write(task, composer.hits, log):
            composer.preface = _preface(log)
            yield composer.add(piece)
        composer.preface = _preface(log)
        yield composer.finish()
        if isinstance(writer, Mender) and composer.doubts():
            _mend(writer, task, composer, log)
        if composer.has_support():
            yield composer.show_rest(self.unsupported)
        elif composer.doubts():  # so nothing shows what the writer may say of its reasons
            log.refusal = _NO_SUPPORT
        composer.forget()
        if not composer.shown:
            yield composer.say(REFUSAL)
        elif log.refusal and not composer.shown.startswith(REFUSAL):
            yield composer.say(f"\n\n{REFUSAL}")

    def _answer(self, draft: _Draft, composer: Composer, writer: str) -> Answer:
        log, markers = draft.log, composer.markers()
        status, reason = _outcome(draft, composer)
        log.notes += _counted(
            {
                "Not supported by the words that they cite": ("sentence", composer.marked()),
                "Left out, as the words that they cite do not support them": ("sentence", composer.dropped),
                "Removed, as they name no paper": ("citation marker", markers.unknown),
            }
        )
        return Answer(
            question=draft.asked.question,
            status=status,
            text=composer.shown,
            reason=reason,
            claims=tuple(composer.claims),
            citations=tuple(composer.citations()),
            papers=tuple(
                RankedPaper(hit.paper.paper_id, hit.paper.title, round(hit.score, 4)) for hit in draft.hits
            ),
            filters=draft.asked.filters,
            resolved_question=draft.asked.resolved,
            missing=log.missing if status == "partial" else None,
            notes=tuple(log.notes),
            writer=writer,
            markers=markers,
            usage=log.usage,
            seconds={name: round(value, 4) for name, value in draft.seconds.items()},
            kind=draft.asked.kind,
            checked_by=self.judge.name
            if any(claim.check != "verbatim" for claim in composer.claims)
            else None,
        )

    def _library_notes(self, asked: Asked) -> list[str]:
        notes = [_DIGESTS] if self.library.catalog.holds_digests else []
        notes += [asked.note] if asked.note else []
        catalog, filters = self.library.catalog, asked.filters
        if filters.has_years and (without := catalog.count_without_year()):
            notes.append(f"Left out, as their year is not known: {_count(without, 'paper')}.")
        if filters.has_authors and (without := catalog.count_without_authors()):
            notes.append(f"Left out, as their number of authors is not known: {_count(without, 'paper')}.")
        if behind := self.library.papers_behind():
            notes.append(f"Not indexed yet, so answers may lack them: {_count(behind, 'paper')}.")
        return notes


def _mend(writer: Mender, task: Task, composer: Composer, log: Log) -> None:
    """Ask once for other words for all that is in doubt."""
    doubts = composer.doubts()
    try:
        replies = writer.mend(task, composer.hits, doubts, log)
    except ModelError as error:
        log.notes.append(f"The model could not be asked to mend what is not supported: {error}.")
        return
    for doubt, pieces in zip(doubts, replies, strict=True):
        composer.mend(doubt, pieces)


def _outcome(draft: _Draft, composer: Composer) -> tuple[Status, str | None]:
    """The status of an answer, and the reason of a refusal."""
    log = draft.log
    if refusal := draft.reason or log.refusal:
        return "refused", refusal
    if any(claim.supported for claim in composer.claims):
        return "partial" if log.missing else "answered", None
    return "refused", f"the papers do not say: {log.missing}" if log.missing else _NO_SUPPORT


def _preface(log: Log) -> str:
    return f"{REFUSAL}\n\n" if log.refusal else ""


def _counted(counts: Mapping[str, tuple[str, int]]) -> list[str]:
    """A line for each thing that there is some of."""
    return [f"{line}: {_count(number, what)}." for line, (what, number) in counts.items() if number]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"

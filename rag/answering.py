"""From a request to its answer: understand, search, write, check, or refuse."""

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rag.checking import Judge
from rag.checking.review import Review
from rag.citations import Nearest, cite
from rag.composing import ANEW, Anew, Parts, Piece, Sentence, Written, doubts_of, sentences_of, without
from rag.errors import KeyRefusedError, ModelError
from rag.finding import Finder, Found
from rag.library import Library
from rag.model.base import Usage
from rag.model.usage import total_usage
from rag.plain_replies import reply_to
from rag.query import Understanding, understand
from rag.types import Answer, Check, Filters, RankedPaper, Request, Status, Unsupported
from rag.writers.base import Corrector, Log, Writer
from rag.writers.control_lines import NOT_SAID

_MOST_REQUESTS = 6  # to models, for an answer
_SEEN_AGAIN = 3  # papers of the first search that a second try sees
_LAST_TO_SEARCH = 4  # requests, from which on there is no further search
_DIGESTS = (
    "The texts in this library are digests in our own words, so the quotes are ours and not the papers'."
)
_NO_SUPPORT = "no sentence of the answer is in the papers that it cites"
UNCHECKED = "The sentences are not checked, as ASKPAPERS_JUDGE_MODEL is off."
MODEL_FAILED = "The model failed, and the papers' own sentences answer: "
REFUSAL = "The papers in this library do not answer this question."

Understand = Callable[[Request, Usage], Understanding | None]
"""Understands a request by a model; None if that fails."""


@dataclass
class Steps:
    """What an answer took, step by step; `now` is the step that is going on."""

    now: str = ""
    usage: dict[str, Usage] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.perf_counter)

    @property
    def requests(self) -> float:
        """How many requests were sent to models."""
        return sum(usage.get("requests", 0) for usage in self.usage.values())

    def taken(self) -> dict[str, Any]:
        """The fields of an answer."""
        seconds = self.seconds | {"total": time.perf_counter() - self._started}
        used = {name: usage for name, usage in self.usage.items() if usage}
        return {
            "usage": total_usage(used.values()),
            "steps": used,
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
        }

    @contextmanager
    def step(self, name: str) -> Iterator[Usage]:
        """Around a step, which may come again; what it takes is added to the usage."""
        started, self.now = time.perf_counter(), name
        try:
            yield self.usage.setdefault(name, {})
        finally:
            taken = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + taken


class AnswerStream:
    """The text of an answer as it is first written; at its end, `answer` is the whole Answer.

    The answer's text is final, and may differ where sentences were corrected. `step` names what is going
    on ("understand", "retrieve", "write", "check", "repair"); `with_steps` yields when it changes too.
    `waits_for` is a line to show before the first text if a model on this machine may take minutes.
    """

    def __init__(
        self, run: Generator[str, None, Answer], waits_for: str | None = None, steps: Steps | None = None
    ) -> None:
        self.waits_for = waits_for
        self._run = run
        self._steps = steps or Steps()
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        return filter(None, self.with_steps())

    def with_steps(self) -> Iterator[str]:
        """The text piece by piece, and an empty piece whenever `step` changes."""
        if answer := (yield from self._run):  # None if it has been read before
            self._answer = answer

    @property
    def step(self) -> str:
        return self._steps.now

    @property
    def answer(self) -> Answer:
        """The whole answer. Raises RuntimeError before the stream has been read to its end."""
        if self._answer is None:
            raise RuntimeError("read the stream to its end first: for piece in stream: ...")
        return self._answer


def read_answer(stream: AnswerStream) -> Answer:
    """Read a stream to its end; the whole answer."""
    for _ in stream.with_steps():
        pass
    return stream.answer


@dataclass(frozen=True)
class Way:
    """Who answers a request: the writer, the model that understands it, the judge, as far as there are."""

    writer: Writer
    understand: Understand | None = None
    judge: Judge | None = None
    waits_for: str | None = None


@dataclass
class _Draft:
    """An unfinished answer."""

    question: Understanding
    found: Found = field(default_factory=Found)
    log: Log = field(default_factory=Log)
    written: Written = field(default_factory=lambda: Written(()))
    parts: Parts = field(default_factory=list)
    checked_by: str | None = None
    dropped: int = 0  # sentences
    is_below_refusal: bool = False  # the text begins with a line that says so

    @property
    def sentences(self) -> list[Sentence]:
        return sentences_of(self.parts)

    def refuse(self, reason: str) -> str:
        """Say nothing but that the papers do not answer. Returns the new text to show."""
        self.log.refusal = reason
        text = self.written.add(ANEW) + self.written.say(REFUSAL)
        self.parts = self.written.finish()
        return text


@dataclass(frozen=True)
class Answerer:
    """Answers checked requests. `fallback` writes if a model fails."""

    library: Library
    finder: Finder
    fallback: Writer
    reader: Nearest
    unsupported: Unsupported = "mark"
    has_model: bool = False

    def stream(self, request: Request, way: Way) -> AnswerStream:
        """The answer to a request, as it is written."""
        steps = Steps()
        return AnswerStream(self._run(request, way, steps), way.waits_for, steps)

    def _run(self, request: Request, way: Way, steps: Steps) -> Generator[str, None, Answer]:
        draft = yield from self._find(request, way, steps)
        if topic := draft.question.topic:
            reply = reply_to(
                draft.question.request,
                topic,
                self.library.catalog,
                way.writer.name,
                has_model=self.has_model,
                is_checked=way.judge is not None,
            )
            yield reply.text
            return replace(reply, **steps.taken())
        draft.log.notes += self._notes(draft)
        draft.written = Written(draft.found.shown)
        writer = way.writer
        if draft.found.reason:
            yield draft.refuse(draft.found.reason)
        else:
            writer = yield from self._write(draft, way.writer, steps)
            yield from self._check(draft, writer, way.judge, steps)
        return self._answer(draft, writer.name, steps)

    def _find(self, request: Request, way: Way, steps: Steps) -> Generator[str, None, _Draft]:
        """Understand the request and find its papers; while a model understands, search as typed."""
        if not way.understand:
            with steps.step("retrieve"):
                yield ""
                question = understand(request)
                return _Draft(question) if question.topic else _Draft(*self.finder.by_rules(question))
        with ThreadPoolExecutor(1) as early:
            with steps.step("understand") as usage:
                search = early.submit(self.finder.search, request)
                yield ""
                question = way.understand(request, usage) or self._by_rules(request)
            if question.topic:
                return _Draft(question)
            with steps.step("retrieve"):
                yield ""
                is_typed = question.filters == request.filters and question.searched[0] == request.question
                typed = search.result() if is_typed else None
                return _Draft(question, self.finder.for_model(question, typed))

    def _by_rules(self, request: Request) -> Understanding:
        """What a request asks for by rules, where the model failed."""
        question = understand(request)
        return self.finder.by_rules(question)[0] if question.fallback else question

    def _write(self, draft: _Draft, writer: Writer, steps: Steps) -> Generator[str, None, Writer]:
        """Let the writer write, or the fallback if a model fails. Returns the one that wrote."""
        with steps.step("write") as usage:
            draft.log.usage = usage
            yield ""
            try:
                yield from self._compose(draft, writer)
                is_open = draft.log.searches and draft.written.is_empty
                if is_open and steps.requests < _LAST_TO_SEARCH:
                    yield from self._search_again(draft, writer)
            except KeyRefusedError:
                raise
            except ModelError as error:
                draft.log.notes.append(f"{MODEL_FAILED}{error}.")
                draft.log.begin()
                yield from filter(None, [draft.written.add(ANEW)])
                writer = self.fallback
                yield from self._compose(draft, writer)
            yield from filter(None, [draft.written.end()])  # an empty piece says that the step changes
            draft.parts = draft.written.finish()
            if not any(sentence.keys for sentence in draft.sentences):
                missing = draft.log.missing
                why = f"the papers do not say: {missing}" if missing else _NO_SUPPORT
                yield draft.refuse(draft.log.refusal or why)
            elif draft.log.refusal and not draft.is_below_refusal:
                yield draft.written.say(f"\n\n{REFUSAL}")
        return writer

    def _compose(self, draft: _Draft, writer: Writer) -> Iterator[str]:
        """The text as it is written, below a line that says so if it is no answer."""
        for piece in writer.write(draft.question, draft.written.hits, draft.log):
            if isinstance(piece, Anew):
                draft.is_below_refusal = False
            elif draft.log.refusal and draft.written.is_empty and not _is_blank(piece):
                draft.is_below_refusal = True
                yield draft.written.say(f"{REFUSAL}\n\n")
            if text := draft.written.add(piece):
                yield text

    def _search_again(self, draft: _Draft, writer: Writer) -> Iterator[str]:
        """Where the papers did not say it, write from others that the model's further queries find."""
        seen = frozenset(hit.paper.paper_id for hit in draft.found.shown)
        queries = dict.fromkeys([*draft.question.queries, *draft.log.searches])
        draft.question = replace(draft.question, queries=tuple(queries))
        found = self.finder.for_model(draft.question, without=seen)
        if found.shown:
            shown = [*found.shown, *draft.found.shown[:_SEEN_AGAIN]]
            draft.found, draft.written = replace(found, shown=shown), Written(shown)
            yield from self._compose(draft, writer)

    def _check(self, draft: _Draft, writer: Writer, judge: Judge | None, steps: Steps) -> Iterator[str]:
        """Give each sentence its verdict, and have those that are not supported written anew once."""
        if all(sentence.verdict.check == "verbatim" for sentence in draft.sentences):
            return
        if not judge:
            draft.log.notes.append(UNCHECKED)
            return
        review = Review(judge, draft.written.hits)
        try:
            with steps.step("check") as usage:
                yield ""
                review.check(draft.parts, draft.question.kind, usage)
            draft.checked_by = judge.name
            may_correct = steps.requests + 2 <= _MOST_REQUESTS  # to be written anew, and checked
            if doubts_of(draft.parts) and isinstance(writer, Corrector) and may_correct:
                with steps.step("repair") as usage:
                    yield ""
                    correct = partial(writer.correct, draft.question, draft.written.hits, usage=usage)
                    draft.parts = review.correct(draft.parts, correct, usage)
        except ModelError as error:
            what = "repaired" if draft.checked_by else "checked"
            draft.log.notes.append(f"The sentences could not be {what}: {error}.")
        self._leave_out(draft)

    def _leave_out(self, draft: _Draft) -> None:
        """Refuse where nothing of an answer is in the papers; leave out the unsupported, if set so."""
        dropped: list[Check] = ["not found", "contradicted"]
        dropped += ["partly"] if self.unsupported == "drop" else []
        kept, count = without(draft.parts, dropped), len(draft.sentences)
        if not sentences_of(kept):
            draft.refuse(NOT_SAID if draft.log.refusal == NOT_SAID else _NO_SUPPORT)
        elif self.unsupported == "drop":
            draft.parts = kept
        draft.dropped = count - len(draft.sentences)

    def _answer(self, draft: _Draft, writer: str, steps: Steps) -> Answer:
        log, question, markers = draft.log, draft.question, draft.written.markers()
        cited = cite(draft.parts, draft.written.hits, self.reader)
        unsupported = sum(claim.supported is False for claim in cited.claims)
        log.notes += _counted("Not supported by what they cite", unsupported, "sentence")
        log.notes += _counted(
            "Left out, as what they cite does not support them", draft.dropped, "sentence"
        )
        log.notes += _counted("Removed, as they name no paper", markers.unknown, "citation marker")
        status, reason = _outcome(log)
        return Answer(
            question=question.request.question,
            status=status,
            text=cited.text,
            reason=reason,
            claims=cited.claims,
            citations=cited.citations,
            papers=tuple(
                RankedPaper(hit.paper.paper_id, hit.paper.title, round(hit.score, 4))
                for hit in draft.found.hits
            ),
            filters=question.filters,
            offered_filters=question.offered,
            resolved_question=question.resolved,
            queries=question.searched,
            missing=log.missing if status == "partial" else None,
            notes=tuple(log.notes),
            writer=writer,
            markers=markers,
            kind=question.kind,
            checked_by=draft.checked_by,
            **steps.taken(),
        )

    def _notes(self, draft: _Draft) -> list[str]:
        """What a reader should know of the library and the question."""
        question, found = draft.question, draft.found
        notes = [_DIGESTS] if self.library.catalog.holds_digests else []
        notes += [question.note] if question.note else []
        notes += [offer_note(question.offered)] if question.offered else []
        catalog, filters = self.library.catalog, question.filters
        if filters.has_years:
            notes += _counted("Left out, as their year is not known", catalog.count_without_year())
        if filters.has_authors:
            unknown = catalog.count_without_authors()
            notes += _counted("Left out, as their number of authors is not known", unknown)
        if found.more:
            notes.append(f"{_count(found.more, 'more paper')}: see them by `askpapers library list`.")
        return notes + _counted("Not indexed yet, so answers may lack them", self.library.papers_behind())


def _is_blank(piece: Piece) -> bool:
    return isinstance(piece, str) and not piece.strip()


def _outcome(log: Log) -> tuple[Status, str | None]:
    """The status of an answer, and the reason for a refusal."""
    if log.refusal:
        return "refused", log.refusal
    return "partial" if log.missing else "answered", None


def offer_note(filters: Filters) -> str:
    """The note that offers years as options of the command line."""
    ends = {"--from-year": filters.from_year, "--to-year": filters.to_year}
    options = " ".join(f"{option} {year}" for option, year in ends.items() if year is not None)
    return f"To bound publication years: {options}"


def _counted(line: str, number: int, what: str = "paper") -> list[str]:
    """The line with its number, if that is not 0."""
    return [f"{line}: {_count(number, what)}."] if number else []


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

"""From a request to its answer: understand, search, write, check, or refuse."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from rag.checking import Judge
from rag.checking.review import Review
from rag.citations import Nearest
from rag.composing import ANEW
from rag.drafts import Draft
from rag.errors import KeyRefusedError, ModelError
from rag.finding import Finder, Found
from rag.library import Library
from rag.model.base import Usage
from rag.notes import CHECKS_OFF, MODEL_FAILED, UNCHECKED, notes_on
from rag.parts import doubts_of
from rag.plain_replies import reply_to
from rag.query import Understanding, understand
from rag.streams import Steps
from rag.types import Answer, Request, Unsupported
from rag.writers.base import Corrector, Log, Writer

_MOST_REQUESTS = 6  # to models, for an answer
_SEEN_AGAIN = 3  # papers of the first search that a second try sees
_LAST_TO_SEARCH = 4  # requests, from which on there is no further search

Understand = Callable[[Request, Usage], Understanding | None]
"""Understands a request by a model; None if that fails."""


@dataclass(frozen=True)
class Answering:
    """The way of one question to its answer. `fallback` writes if a model fails.

    Without a model, nothing understands the question but rules, and nothing judges the answer. Rules
    understand it for a small model too.
    """

    library: Library
    finder: Finder
    reader: Nearest
    fallback: Writer
    writer: Writer
    understand: Understand | None = None
    judge: Judge | None = None
    why_unchecked: str = CHECKS_OFF
    unsupported: Unsupported = "mark"
    has_model: bool = False
    steps: Steps = field(default_factory=Steps)

    def run(self, request: Request) -> Generator[str, None, Answer]:
        """The text as it is first written, with an empty piece before each step; then the answer."""
        question, found = yield from self._find(request)
        if topic := question.topic:
            reply = reply_to(
                question.request,
                topic,
                self.library.catalog,
                self.writer.name,
                has_model=self.has_model,
                is_checked=self.judge is not None,
            )
            yield reply.text
            return replace(reply, **self.steps.taken())
        log = Log(notes=notes_on(question, found, self.library))
        draft, writer = Draft(question, found, log), self.writer
        if found.reason:
            yield draft.refuse(found.reason)
        else:
            writer = yield from self._write(draft)
            yield from self._check(draft, writer)
        return draft.answer(writer.name, self.reader, self.steps)

    def _find(self, request: Request) -> Generator[str, None, tuple[Understanding, Found]]:
        """Understand the request and find its papers; while a model understands, search as typed."""
        if self.writer.by_rules or not self.understand:
            with self.steps.step("retrieve"):
                yield ""
                question = understand(request)
                return (question, Found()) if question.topic else self.finder.by_rules(question)
        with ThreadPoolExecutor(1) as early:
            with self.steps.step("understand") as usage:
                search = early.submit(self.finder.search, request)
                yield ""
                question = self.understand(request, usage) or self._by_rules(request)
            if question.topic:
                return question, Found()
            with self.steps.step("retrieve"):
                yield ""
                question = self.finder.by_authors(question)
                is_typed = question.filters == request.filters and question.searched[0] == request.question
                typed = search.result() if is_typed else None
                return question, self.finder.for_model(question, typed)

    def _by_rules(self, request: Request) -> Understanding:
        """What a request asks for by rules, where the model failed."""
        question = understand(request)
        return self.finder.by_rules(question)[0] if question.fallback else question

    def _write(self, draft: Draft) -> Generator[str, None, Writer]:
        """Let the writer write, or the fallback if a model fails. Returns the one that wrote."""
        writer = self.writer
        with self.steps.step("write") as usage:
            draft.log.usage = usage
            yield ""
            try:
                yield from self._compose(draft, writer)
                is_open = draft.log.searches and draft.written.is_empty
                if is_open and self.steps.requests < _LAST_TO_SEARCH:
                    yield from self._search_again(draft, writer)
            except KeyRefusedError:
                raise
            except ModelError as error:
                draft.log.notes.append(f"{MODEL_FAILED}{error}.")
                draft.log.begin()
                writer = self.fallback
                yield from _shown(draft.add(ANEW))
                question, found = self._found_by_rules(draft.question)
                draft.question = replace(draft.question, asks_record=question.asks_record)
                draft.begin(found)
                yield from self._compose(draft, writer)
            yield from _shown(draft.end())
        return writer

    def _found_by_rules(self, question: Understanding) -> tuple[Understanding, Found]:
        """The question as without a model, and the papers that it itself finds."""
        question = replace(question, query=question.whole, queries=(), is_from_model=False)
        return self.finder.by_rules(question)

    def _compose(self, draft: Draft, writer: Writer) -> Iterator[str]:
        """The text as it is written."""
        for piece in writer.write(draft.question, draft.written.hits, draft.log):
            has_begun = draft.log.papers != self.steps.papers
            self.steps.papers = draft.log.papers
            if (text := draft.add(piece)) or has_begun:
                yield text

    def _search_again(self, draft: Draft, writer: Writer) -> Iterator[str]:
        """Write from other papers, which the model's further queries find, as these did not say it."""
        seen = frozenset(hit.paper.paper_id for hit in draft.found.shown)
        queries = dict.fromkeys([*draft.question.queries, *draft.log.searches])
        draft.question = replace(draft.question, queries=tuple(queries))
        found = self.finder.for_model(draft.question, without=seen)
        if found.shown:
            shown = [*found.shown, *draft.found.shown[:_SEEN_AGAIN]]
            draft.begin(replace(found, shown=shown))
            yield from self._compose(draft, writer)

    def _check(self, draft: Draft, writer: Writer) -> Iterator[str]:
        """Give each sentence its verdict, and have those in doubt corrected once."""
        if all(sentence.verdict.check == "verbatim" for sentence in draft.sentences):
            return
        if not self.judge:
            draft.log.notes.append(f"{UNCHECKED}{self.why_unchecked}.")
            return
        review = Review(self.judge, draft.written.hits)
        try:
            with self.steps.step("check") as usage:
                yield ""
                review.check(draft.parts, draft.question.kind, usage)
            draft.checked_by = self.judge.name
            # to be written anew, and checked
            may_correct = not writer.by_rules and self.steps.requests + 2 <= _MOST_REQUESTS
            if doubts_of(draft.parts) and isinstance(writer, Corrector) and may_correct:
                with self.steps.step("repair") as usage:
                    yield ""
                    correct = partial(writer.correct, draft.question, draft.written.hits, usage=usage)
                    draft.parts = review.correct(draft.parts, correct, usage)
        except ModelError as error:
            what = "repaired" if draft.checked_by else "checked"
            draft.log.notes.append(f"The sentences could not be {what}: {error}.")
        draft.settle(drops=self.unsupported == "drop")


def _shown(text: str) -> Iterator[str]:
    """The text unless it is empty: an empty piece says that the step changes."""
    if text:
        yield text

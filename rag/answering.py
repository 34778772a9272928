"""From a request to its answer: understand, search, write, check, or refuse."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from rag.checking import Judge
from rag.checking.review import Review
from rag.citations import Nearest
from rag.composing import ANEW, Written
from rag.drafts import Draft
from rag.errors import KeyRefusedError, ModelError
from rag.finding import Finder, Found
from rag.library import Library
from rag.model.base import Usage
from rag.notes import MODEL_FAILED, UNCHECKED, notes_on
from rag.parts import doubts_of
from rag.plain_replies import reply_to
from rag.query import Understanding, understand
from rag.streams import AnswerStream, Steps
from rag.types import Answer, Request, Unsupported
from rag.writers.base import Corrector, Log, Writer

_MOST_REQUESTS = 6  # to models, for an answer
_SEEN_AGAIN = 3  # papers of the first search that a second try sees
_LAST_TO_SEARCH = 4  # requests, from which on there is no further search

Understand = Callable[[Request, Usage], Understanding | None]
"""Understands a request by a model; None if that fails."""
Sought = tuple[Understanding, Found]


@dataclass(frozen=True)
class Way:
    """Who answers a request: the writer, the model that understands it, the judge, as far as there are."""

    writer: Writer
    understand: Understand | None = None
    judge: Judge | None = None
    waits_for: str | None = None


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
        question, found = yield from self._find(request, way, steps)
        writer = way.writer
        if topic := question.topic:
            catalog, has_model = self.library.catalog, self.has_model
            reply = reply_to(question.request, topic, catalog, writer.name, has_model=has_model)
            yield reply.text
            return replace(reply, **steps.taken())
        log = Log(notes=notes_on(question, found, self.library))
        draft = Draft(question, found, log, Written(found.shown))
        if found.reason:
            yield draft.refuse(found.reason)
        else:
            writer = yield from self._write(draft, writer, steps)
            yield from self._check(draft, writer, way.judge, steps)
        return draft.answer(writer.name, self.reader, steps)

    def _find(self, request: Request, way: Way, steps: Steps) -> Generator[str, None, Sought]:
        """Understand the request and find its papers; while a model understands, search as typed."""
        if not way.understand:
            with steps.step("retrieve"):
                yield ""
                question = understand(request)
                return (question, Found()) if question.topic else self.finder.by_rules(question)
        with ThreadPoolExecutor(1) as early:
            with steps.step("understand") as usage:
                search = early.submit(self.finder.search, request)
                yield ""
                question = way.understand(request, usage) or self._by_rules(request)
            if question.topic:
                return question, Found()
            with steps.step("retrieve"):
                yield ""
                is_typed = question.filters == request.filters and question.searched[0] == request.question
                typed = search.result() if is_typed else None
                return question, self.finder.for_model(question, typed)

    def _by_rules(self, request: Request) -> Understanding:
        """What a request asks for by rules, where the model failed."""
        question = understand(request)
        return self.finder.by_rules(question)[0] if question.fallback else question

    def _write(self, draft: Draft, writer: Writer, steps: Steps) -> Generator[str, None, Writer]:
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
                writer = self.fallback
                yield from _shown(draft.add(ANEW))
                yield from self._compose(draft, writer)
            yield from _shown(draft.end())
        return writer

    def _compose(self, draft: Draft, writer: Writer) -> Iterator[str]:
        """The text as it is written."""
        for piece in writer.write(draft.question, draft.written.hits, draft.log):
            yield from _shown(draft.add(piece))

    def _search_again(self, draft: Draft, writer: Writer) -> Iterator[str]:
        """Where the papers did not say it, write from others that the model's further queries find."""
        seen = frozenset(hit.paper.paper_id for hit in draft.found.shown)
        queries = dict.fromkeys([*draft.question.queries, *draft.log.searches])
        draft.question = replace(draft.question, queries=tuple(queries))
        found = self.finder.for_model(draft.question, without=seen)
        if found.shown:
            shown = [*found.shown, *draft.found.shown[:_SEEN_AGAIN]]
            draft.found, draft.written = replace(found, shown=shown), Written(shown)
            yield from self._compose(draft, writer)

    def _check(self, draft: Draft, writer: Writer, judge: Judge | None, steps: Steps) -> Iterator[str]:
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
        draft.leave_out(drops_all=self.unsupported == "drop")


def _shown(text: str) -> Iterator[str]:
    """The text unless it is empty: an empty piece says that the step changes."""
    if text:
        yield text

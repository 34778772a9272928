"""From a request to a query: resolves follow-ups and turns years into filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.query.checks import check_request
from rag.query.follow_up import is_elliptical, leaning, may_lean, topic_questions
from rag.query.history import Turn, turns_of
from rag.query.kinds import kind_of
from rag.query.years import YearWords, describe, find_years, without_phrases, without_years
from rag.types import Filters, Kind, Request
from rag.words import content_words


@dataclass(frozen=True)
class Rewritten:
    """A follow-up as a model rewrote it, or None if it could not; and its usage."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


Rewriter = Callable[[str, Sequence[Turn]], Rewritten]
"""Rewrites a question that follows these turns so that it stands alone."""


@dataclass(frozen=True)
class Understanding:
    """What a request asks for.

    `request` has the filters that apply: its own, or those in the question's words, which `note` tells
    the reader. `offered` are years in the question that may be those of publication; they are not
    applied. `resolved` is the question with what it depends on, None if it stands alone. `query` is that
    without the words that became filters. `fallback` is the same question after earlier ones, to try if
    it finds nothing alone. `usage` is that of the model that rewrote the question.
    """

    request: Request
    resolved: str | None
    query: str
    offered: Filters | None = None
    note: str | None = None
    kind: Kind = "single"
    usage: Mapping[str, float] = field(default_factory=dict)
    fallback: "Understanding | None" = None

    @property
    def filters(self) -> Filters:
        return self.request.filters

    @property
    def whole(self) -> str:
        """The question, complete."""
        return self.resolved or self.query


def understand(request: Request, rewrite: Rewriter | None = None) -> Understanding:
    """What a request asks for. Raises QuestionError for an invalid one.

    `rewrite` completes a follow-up; without it, or if it fails, a rule does. Years come from the user's
    own words, never from a model's. Filters with years override them, and the latest question that names
    years overrides those before it.
    """
    request = check_request(request)
    question, turns = request.question, turns_of(request.history)
    rewritten = rewrite(question, turns) if rewrite and turns else Rewritten(None)
    whole = rewritten.question
    if whole is None or set(content_words(whole)) <= set(content_words(question)):
        chain = leaning(question, turns) if whole is None else (question,)  # the model left it alone
        longer = may_lean(question, turns)
        fallback = _of_chain(longer, request) if longer else None
        return replace(_of_chain(chain, request), usage=rewritten.usage, fallback=fallback)
    understanding = _of_chain((*topic_questions(turns), question), request)
    query = without_years(whole, _years_in(whole, request))
    return replace(
        understanding, resolved=whole, query=query or whole, kind=kind_of(whole), usage=rewritten.usage
    )


def _years_in(text: str, request: Request) -> YearWords:
    """The years that a text asks for; none if the request has its own or forbids to read them."""
    counts = request.years_from_question and not request.filters.has_years
    return find_years(text, request.day) if counts else YearWords()


def _of_chain(chain: tuple[str, ...], request: Request) -> Understanding:
    """Understand the last question of a chain, after the others."""
    years = [_years_in(question, request) for question in chain]
    understanding = Understanding(
        request,
        resolved=" ".join(chain) if len(chain) > 1 else None,
        query=_query(chain, years),
        offered=years[-1].offered,
        kind=kind_of(chain[0] if is_elliptical(chain[-1]) else chain[-1]),
    )
    applied = next((words for words in reversed(years) if words.filters.has_years), None)
    if applied is None:
        return understanding
    why = "as the question asks" if applied is years[-1] else "as was asked before"
    note = f"Only papers {describe(applied.filters)}, {why}."
    return replace(understanding, request=request.within(applied.filters), note=note)


def _query(chain: tuple[str, ...], years: Sequence[YearWords]) -> str:
    """The questions without their years, and without those that say nothing else ("and since 2022?").

    The last one counts twice, those it depends on once: otherwise "and for German?" finds the papers for
    Dutch again (docs/retrieval.md).
    """
    rests = [without_years(question, words) for question, words in zip(chain, years, strict=True)]
    telling = [rest for rest in rests if content_words(without_phrases(rest))]
    if len(telling) > 1 and telling[-1] == rests[-1]:
        telling = [rests[-1], *telling]
    return " ".join(telling) or rests[-1]

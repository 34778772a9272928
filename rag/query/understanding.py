"""What was asked, made ready to search with: follow-up resolved, years turned into filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rag.query.checks import check_filters, check_question
from rag.query.follow_up import follow_up_chain, is_elliptical, may_stand, topic_of
from rag.query.history import History, Turn, turns_of
from rag.query.kinds import Kind, kind_of
from rag.query.years import YearWords, describe, find_years, without_phrases, without_years
from rag.types import Filters
from rag.words import content_words


@dataclass(frozen=True)
class Rewritten:
    """A question as a model has made it stand alone, None where it could not; the tokens it took."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


Rewriter = Callable[[str, Sequence[Turn]], Rewritten]
"""Makes a question stand alone that follows turns."""


@dataclass(frozen=True)
class Asked:
    """A question, understood.

    `resolved` is the question with what it leans on, None where it stands by itself; `query` is
    that without the words that have become `filters`. `note` says so where there are such words.
    `offered` are years in the question that are not applied.
    `said` is the question alone where it has a clause of its own behind those that it leans on;
    `may_stand` says that it may be a question of its own as well, as it merely says little.
    `usage` is what a model took to understand it.
    """

    question: str
    resolved: str | None
    query: str
    filters: Filters = field(default_factory=Filters)
    offered: Filters | None = None
    note: str | None = None
    said: str | None = None
    may_stand: bool = False
    kind: Kind = "single"
    usage: Mapping[str, float] = field(default_factory=dict)


def understand(
    question: str,
    history: History = (),
    *,
    today: date,
    given: Filters = Filters(),
    years_from_question: bool = True,
    rewrite: Rewriter | None = None,
) -> Asked:
    """What was asked. Raises QuestionError where it cannot be.

    A follow-up is resolved by `rewrite` where there is one and it can, else by rule. Years are
    read from the user's own words, never from a model's: those that the caller has given win over
    those, and the latest turn that speaks of years over those before it.
    """
    asked = check_question(question)
    check_filters(given)
    turns = turns_of(history)
    rewritten = rewrite(asked, turns) if rewrite and turns else Rewritten(None)
    chain = _chain(asked, turns, rewritten.question)
    reads_years = years_from_question and not given.has_years
    found = [find_years(turn, today) if reads_years else YearWords() for turn in chain]
    if rewritten.question and len(chain) > 1:
        understood = _by_model(asked, rewritten.question, today if reads_years else None)
    else:
        understood = _by_rule(chain, found)
    offered = found[-1].offered
    understood = replace(understood, filters=given, offered=offered, usage=rewritten.usage)
    years = next((years for years in reversed(found) if years.filters.has_years), None)
    if years is None:
        return understood
    why = "as the question asks" if years is found[-1] else "as was asked before"
    filters = replace(given, from_year=years.filters.from_year, to_year=years.filters.to_year)
    return replace(understood, filters=filters, note=f"Only papers {describe(years.filters)}, {why}.")


def _chain(asked: str, turns: Sequence[Turn], rewritten: str | None) -> tuple[str, ...]:
    """The question behind what it leans on: that it leans is the model's word, else the rule's.

    A model that adds nothing to a question says that it stands by itself.
    """
    if rewritten is None:
        return follow_up_chain(asked, turns)
    adds = set(content_words(rewritten)) - set(content_words(asked))
    return (*topic_of(turns), asked) if adds else (asked,)


def _by_rule(chain: tuple[str, ...], found: list[YearWords]) -> Asked:
    """The last question of the chain behind the others.

    In the query it counts twice, what it leans on once: otherwise "and for German?" finds again
    what was found for Dutch (docs/retrieval.md).
    """
    question, query = chain[-1], _query(chain, found)
    if len(chain) == 1:
        return Asked(question, None, query, kind=kind_of(question))
    own = without_years(question, found[-1])
    if content_words(without_phrases(own)):
        query = f"{own} {query}"
    resolved = " ".join(chain)
    if is_elliptical(question):
        return Asked(question, resolved, query, kind=kind_of(chain[0]))
    return Asked(question, resolved, query, said=own, may_stand=may_stand(question), kind=kind_of(question))


def _by_model(question: str, rewritten: str, today: date | None) -> Asked:
    """The question as the model has written it; its years are left out where `today` is given."""
    query = without_years(rewritten, find_years(rewritten, today)) if today else rewritten
    return Asked(question, rewritten, query, kind=kind_of(rewritten))


def _query(chain: tuple[str, ...], found: list[YearWords]) -> str:
    """The turns without their years; a turn that says nothing else ("and since 2022?") goes."""
    rests = [without_years(turn, years) for turn, years in zip(chain, found, strict=True)]
    said = [
        rest
        for rest, years in zip(rests, found, strict=True)
        if not years.spans or content_words(without_phrases(rest))
    ]
    return " ".join(said) or rests[-1]

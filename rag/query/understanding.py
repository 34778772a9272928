"""What was asked, made ready to search with: follow-up resolved, years turned into filters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rag.query.checks import check_filters, check_question
from rag.query.follow_up import is_elliptical, leaning, may_lean, topic_of
from rag.query.history import History, Turn, turns_of
from rag.query.kinds import kind_of
from rag.query.years import YearWords, describe, find_years, without_phrases, without_years
from rag.types import Filters, Kind
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
    `offered` are years in the question that are not applied. `fallback` is the same question behind what
    was said before, to be tried where it finds nothing by itself.
    `usage` is what a model took to understand it.
    """

    question: str
    resolved: str | None
    query: str
    filters: Filters = field(default_factory=Filters)
    offered: Filters | None = None
    note: str | None = None
    kind: Kind = "single"
    usage: Mapping[str, float] = field(default_factory=dict)
    fallback: "Asked | None" = None


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
    day = today if years_from_question and not given.has_years else None
    rewritten = rewrite(asked, turns) if rewrite and turns else Rewritten(None)
    whole = rewritten.question
    if whole is None or set(content_words(whole)) <= set(content_words(asked)):
        chain = leaning(asked, turns) if whole is None else (asked,)  # the model says: by itself
        behind = may_lean(asked, turns)
        fallback = _of_chain(behind, given, day) if behind else None
        return replace(_of_chain(chain, given, day), usage=rewritten.usage, fallback=fallback)
    understood = _of_chain((*topic_of(turns), asked), given, day)
    query = without_years(whole, find_years(whole, day)) if day else whole
    return replace(
        understood, resolved=whole, query=query or whole, kind=kind_of(whole), usage=rewritten.usage
    )


def _of_chain(chain: tuple[str, ...], given: Filters, day: date | None) -> Asked:
    """The last question of a chain behind the others; years are read where `day` is given."""
    found = [find_years(turn, day) if day else YearWords() for turn in chain]
    kind = kind_of(chain[0] if is_elliptical(chain[-1]) else chain[-1])
    resolved = " ".join(chain) if len(chain) > 1 else None
    asked = Asked(chain[-1], resolved, _query(chain, found), given, found[-1].offered, kind=kind)
    years = next((years for years in reversed(found) if years.filters.has_years), None)
    if years is None:
        return asked
    why = "as the question asks" if years is found[-1] else "as was asked before"
    filters = replace(given, from_year=years.filters.from_year, to_year=years.filters.to_year)
    return replace(asked, filters=filters, note=f"Only papers {describe(years.filters)}, {why}.")


def _query(chain: tuple[str, ...], found: Sequence[YearWords]) -> str:
    """The turns without their years; a turn that says nothing else ("and since 2022?") goes.

    The last one counts twice, what it leans on once: otherwise "and for German?" finds again what was
    found for Dutch (docs/retrieval.md).
    """
    rests = [without_years(turn, years) for turn, years in zip(chain, found, strict=True)]
    said = [rest for rest in rests if content_words(without_phrases(rest))]
    if len(said) > 1 and said[-1] == rests[-1]:
        said = [rests[-1], *said]
    return " ".join(said) or rests[-1]

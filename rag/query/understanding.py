"""What was asked, made ready to search with: follow-up resolved, years turned into filters."""

from dataclasses import dataclass, replace
from datetime import date

from rag.query.checks import check_filters, check_question
from rag.query.follow_up import History, follow_up_chain
from rag.query.kinds import Kind, kind_of
from rag.query.year_phrases import without_phrases
from rag.query.years import YearWords, describe, find_years, without_years
from rag.types import Filters
from rag.words import content_words


@dataclass(frozen=True)
class Asked:
    """A question, understood.

    `resolved` is the question with those that it leans on, None where it stands by itself;
    `query` is that without the words that have become `filters`. `note` says so where there are
    such words.
    """

    question: str
    resolved: str | None
    query: str
    filters: Filters
    note: str | None = None

    @property
    def kind(self) -> Kind:
        """What kind of answer it wants."""
        return kind_of(self.question)


def understand(
    question: str,
    history: History = (),
    *,
    today: date,
    given: Filters = Filters(),
    years_from_question: bool = True,
) -> Asked:
    """What was asked. Raises QuestionError where it cannot be.

    Years that the caller has given win over those of the question's words; the latest turn of a
    conversation that speaks of years wins over those before it.
    """
    asked = check_question(question)
    check_filters(given)
    chain = follow_up_chain(asked, history)
    whole = " ".join(chain)
    resolved = whole if len(chain) > 1 else None
    if given.has_years or not years_from_question:
        return Asked(asked, resolved, whole, given)
    found = [find_years(turn, today, " ".join(chain[:place])) for place, turn in enumerate(chain)]
    in_force = next((years for years in reversed(found) if years.filters.has_years), None)
    if in_force is None:
        return Asked(asked, resolved, whole, given)
    why = "as the question asks" if in_force is found[-1] else "as was asked before"
    note = f"Only papers {describe(in_force.filters)}, {why}."
    years = in_force.filters
    filters = replace(given, from_year=years.from_year, to_year=years.to_year)
    return Asked(asked, resolved, _query(chain, found), filters, note)


def _query(chain: tuple[str, ...], found: list[YearWords]) -> str:
    """The turns without their years; a turn that says nothing else ("and since 2022?") goes."""
    rests = [without_years(turn, years) for turn, years in zip(chain, found, strict=True)]
    said = [
        rest
        for rest, years in zip(rests, found, strict=True)
        if not years.spans or content_words(without_phrases(rest))
    ]
    return " ".join(said) or rests[-1]

"""The lines that a reader should know beside an answer."""

from collections.abc import Sequence

from rag.finding import Found
from rag.identity import doi_key
from rag.library import Library
from rag.plain import in_a_line
from rag.query import Understanding
from rag.readable import in_our_words
from rag.types import Citation, Claim, Filters

UNCHECKED = "The sentences are not checked: "
CHECKS_OFF = "ASKPAPERS_JUDGE_MODEL is off"
MODEL_FAILED = "The model failed, and the papers' own sentences answer: "
_DIGESTS = (
    "The texts in this library are digests in our own words, so the quotes are ours and not the papers'."
)


def notes_on(question: Understanding, found: Found, library: Library) -> list[str]:
    """What a reader should know of the library and the question."""
    catalog = library.catalog
    notes = [_DIGESTS] if catalog.holds_digests else []
    notes += [question.note] if question.note else []
    notes += [offer_note(question.offered)] if question.offered else []
    if question.filters.has_years:
        notes += counted("Left out, as their year is not known", catalog.count_without_year())
    if question.filters.has_authors:
        unknown = catalog.count_without_authors()
        notes += counted("Left out, as their number of authors is not known", unknown)
    for hit in found.shown[:1]:
        if not hit.paper.shown and not question.asks_record:
            notes.append(f"The library has only the title of “{in_our_words(hit.paper.title)}”.")
    if found.more:
        notes.append(f"{_count(found.more, 'more paper')}: see them by `askpapers library list`.")
    return notes + counted("Not indexed yet, so answers may lack them", library.papers_behind())


def notes_on_cited(claims: Sequence[Claim], citations: Sequence[Citation]) -> list[str]:
    """What a reader should know of the quotes of an answer: those of notes, those of retracted papers."""
    parts = [{citations[place].part for place in claim.quotes} for claim in claims]
    whole, some = parts.count({"note"}), sum("note" in of_claim for of_claim in parts)
    notes = counted("Resting on your own notes, not on the papers", whole, "sentence")
    notes += counted("Resting on your own notes in part", some - whole, "sentence")
    retracted = {citation.number: citation for citation in citations if citation.retracted}
    return notes + [
        f"“{in_our_words(citation.title)}” [{number}] is retracted{_by_what(citation.retracted or '')}."
        for number, citation in retracted.items()
    ]


def _by_what(retracted: str) -> str:
    """The notice of a retraction, or its date, in parentheses."""
    if doi := doi_key(retracted):
        return f" (notice {doi})"
    return f" ({in_a_line(retracted)})" if any(map(str.isdigit, retracted)) else ""


def offer_note(filters: Filters) -> str:
    """The note that offers years as options of the command line."""
    ends = {"--from-year": filters.from_year, "--to-year": filters.to_year}
    options = " ".join(f"{option} {year}" for option, year in ends.items() if year is not None)
    return f"To bound publication years: {options}"


def counted(line: str, number: int, what: str = "paper") -> list[str]:
    """The line with its number, unless that is 0."""
    return [f"{line}: {_count(number, what)}."] if number else []


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

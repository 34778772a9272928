"""What a request asks for, and how rules find it out where no language model does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.about import Topic, topic_of
from rag.query.follow_up import is_elliptical, leaning, may_lean
from rag.query.history import turns_of
from rag.query.kinds import kind_of
from rag.query.years import YearWords, describe, find_years, without_phrases, without_years
from rag.types import Filters, Kind, Request
from rag.words import content_words

_AS_ASKED = "as the question asks"
_RECENT = 50  # turns that are checked for remarks to the program


@dataclass(frozen=True)
class Understanding:
    """What a request asks for.

    `request` has the filters that apply: its own, or those in the question's words, which `note` tells
    the reader. `offered` are years in the question that may be those of publication; they are not
    applied. `resolved` is the question with what it depends on, None if it stands alone. `query` is that
    without the words that became filters; `queries` are other words to search for. `topic` is that of a
    remark to the program, which asks the papers nothing. `is_from_model` says who understood. `fallback`
    is the same question after earlier ones, to try if it finds nothing alone. `authors` are those whose
    papers a model finds asked for. `asks_record` says that the records of the papers answer.
    """

    request: Request
    resolved: str | None
    query: str
    queries: tuple[str, ...] = ()
    offered: Filters | None = None
    note: str | None = None
    kind: Kind = "single"
    topic: Topic | None = None
    is_from_model: bool = False
    fallback: "Understanding | None" = None
    authors: tuple[str, ...] = ()
    asks_record: bool = False

    @property
    def filters(self) -> Filters:
        return self.request.filters

    @property
    def whole(self) -> str:
        """The question, with what it depends on."""
        return self.resolved or self.query

    @property
    def searched(self) -> tuple[str, ...]:
        """The queries, the question first."""
        return tuple(dict.fromkeys([self.whole if self.is_from_model else self.query, *self.queries]))

    def bounded(self, years: Filters, why: str = _AS_ASKED) -> "Understanding":
        """The same for papers of these years only, which its note tells the reader."""
        note = f"Only papers {describe(years)}, {why}."
        return replace(self, request=self.request.within(years), note=note)

    def noting(self, line: str) -> "Understanding":
        """The same with a further line for the reader."""
        return replace(self, note=f"{self.note} {line}" if self.note else line)


def understand(request: Request) -> Understanding:
    """What a checked request asks for, by rules: words that point back, ask for a list, name years.

    Filters with years override those in the question, and the latest question that names years overrides
    those before it.
    """
    if topic := topic_of(request.question):
        return Understanding(request, None, request.question, topic=topic)
    turns = turns_of(request.history)
    recent = len(turns) - _RECENT  # no question depends on a greeting
    turns = [turn for place, turn in enumerate(turns) if place < recent or not topic_of(turn.question)]
    longer = may_lean(request.question, turns)
    fallback = _of_chain(longer, request) if longer else None
    return replace(_of_chain(leaning(request.question, turns), request), fallback=fallback)


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
    why = _AS_ASKED if applied is years[-1] else "as was asked before"
    return understanding.bounded(applied.filters, why)


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

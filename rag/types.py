"""What crosses a border: papers, passages, hits, citations, claims, answers. Frozen plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal, TypedDict, Unpack

from rag.identity import paper_keys

Span = tuple[int, int]
Status = Literal["answered", "partial", "refused"]
Kind = Literal["single", "list", "comparison"]
"""What kind of answer a question wants: about one thing, a list of papers, or a comparison."""
Check = Literal["verbatim", "supported", "partly", "contradicted", "not found", "unchecked"]
"""`verbatim`: the paper's own words. The others are the verdict of a judge; `unchecked`: nobody judged."""
Part = Literal["abstract", "body", "note"]
"""The part of a paper that a passage is of."""
Unsupported = Literal["mark", "drop"]
"""What becomes of a sentence that the words which it cites do not support."""
WriterName = Literal["auto", "llm", "extractive"]
"""Who writes: a language model where one is configured, else quotations; a model; quotations."""
History = Sequence[Mapping[str, Any]]
"""OpenAI-style messages: a role, and a content that is a text or a list of parts."""


@dataclass(frozen=True)
class Paper:
    """One paper: what a source says of it, or what the catalog holds of it.

    `published` is YYYY, YYYY-MM or YYYY-MM-DD. `is_digest` marks a text that sums the abstract
    up in other words. `authors` are their names in the paper's order, empty where they are not known;
    there may be more than these, so `author_count` is told for itself. `paper_id` is the arXiv id,
    else the DOI, else a hash of the normalised title; a catalog keeps the first id that it gave to a paper.
    """

    title: str
    abstract: str
    published: str | None = None
    author_count: int | None = None
    organization: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    is_digest: bool = False
    paper_id: str = ""
    authors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "authors", tuple(self.authors))  # a list, where it comes out of JSON
        if not self.paper_id:
            object.__setattr__(self, "paper_id", self.keys[0])

    @cached_property
    def keys(self) -> list[str]:
        """The keys under which this paper may already be known, the most telling first."""
        return paper_keys(self.title, self.arxiv_id, self.doi)

    @property
    def year(self) -> int | None:
        """The year of publication, None where it is not known."""
        return int(self.published[:4]) if self.published else None

    @property
    def heading(self) -> str:
        """What is known beside the abstract, for a writer to say and a judge to know: title and year."""
        return f"{self.title} ({self.year})" if self.year else self.title


@dataclass(frozen=True)
class Passage:
    """A piece of a paper that is embedded: one of its parts at [start, end), in characters."""

    paper_id: str
    start: int
    end: int
    part: Part = "abstract"


@dataclass(frozen=True)
class Filters:
    """What a paper must fulfil to be found. An open end is None; ranges include both ends.

    A paper without a year, or without a number of authors, is left out as soon as either end of
    that range is set. An organisation is compared without regard to case. A source is a file or
    service that papers were ingested from, by its name or the last part of it. `papers` are ids or
    titles; None lets all through.
    """

    from_year: int | None = None
    to_year: int | None = None
    min_authors: int | None = None
    max_authors: int | None = None
    organization: str | None = None
    source: str | None = None
    papers: tuple[str, ...] | None = None

    @property
    def has_years(self) -> bool:
        return self.from_year is not None or self.to_year is not None

    @property
    def has_authors(self) -> bool:
        return self.min_authors is not None or self.max_authors is not None

    @property
    def is_open(self) -> bool:
        """Whether every paper fulfils them."""
        return self == Filters()

    def to_dict(self) -> dict[str, Any]:
        """The years, and of the others those that are set."""
        years = {"from_year": self.from_year, "to_year": self.to_year}
        return years | {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Filters":
        """What `to_dict` made, also behind JSON. Raises TypeError."""
        papers = told.get("papers")
        return cls(**{**told, "papers": None if papers is None else tuple(papers)})


class RequestOptions(TypedDict, total=False):
    """The options of a `Request` as keywords; `from_year` and `to_year` replace the years of `filters`."""

    history: History
    filters: Filters
    from_year: int | None
    to_year: int | None
    words: int | None
    k: int | None
    years_from_question: bool
    writer: WriterName
    day: date


@dataclass(frozen=True)
class Request:
    """A question and how to answer it, as every interface hands it to the assistant.

    - `history`: the messages before the question; a follow-up is understood with them.
    - `filters`: which papers to look at. Years in the question ("since 2021") are applied too, unless
      `filters` has years or `years_from_question` is False.
    - `words`: about how long the answer may be (default: 78 for quotations, else as the model sees fit).
    - `k`: how many papers the writer is shown (default: 8; for a list, all that belong on it).
    - `writer`: `auto`, `llm` or `extractive`.
    - `day`: the date of the question, from which years are counted ("the last three years").
    """

    question: str = ""
    history: History = ()
    filters: Filters = Filters()
    words: int | None = None
    k: int | None = None
    years_from_question: bool = True
    writer: WriterName = "auto"
    day: date = field(default_factory=date.today)

    @classmethod
    def of(cls, question: "str | Request", **options: Unpack[RequestOptions]) -> "Request":
        """The request of a question and its options. Raises TypeError for an option that there is not."""
        request = question if isinstance(question, Request) else cls(question)
        years = Filters(options.pop("from_year", None), options.pop("to_year", None))
        request = replace(request, **options)  # type: ignore[misc]
        return request.within(years) if years.has_years else request

    def within(self, years: Filters) -> "Request":
        """The same request for papers of these years, whatever years it had."""
        return replace(
            self, filters=replace(self.filters, from_year=years.from_year, to_year=years.to_year)
        )

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON types, without the question and its history."""
        return {
            "filters": self.filters.to_dict(),
            "words": self.words,
            "k": self.k,
            "years_from_question": self.years_from_question,
            "writer": self.writer,
            "day": self.day.isoformat(),
        }


@dataclass(frozen=True)
class Hit:
    """A retrieved paper: its score in [0, 1], its best passage, and the signals behind the score.

    `is_near` says whether anything of the paper is close to the query at all.
    """

    paper: Paper
    score: float
    passage: Passage
    signals: dict[str, float] = field(default_factory=dict)
    is_near: bool = True

    @property
    def passage_text(self) -> str:
        return self.paper.abstract[self.passage.start : self.passage.end]


@dataclass(frozen=True)
class Citation:
    """`quote` is the paper's abstract at [start, end), to the character."""

    number: int
    paper_id: str
    title: str
    published: str | None
    organization: str | None
    quote: str
    start: int
    end: int
    authors: tuple[str, ...] = ()

    @property
    def year(self) -> str:
        """The year of publication, empty where it is not known."""
        return (self.published or "")[:4].lstrip("0")

    @property
    def heading(self) -> str:
        """That of its paper."""
        return f"{self.title} ({self.year})" if self.year else self.title


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer, without its markers, and what is known of its support.

    `support` in [0, 1] is 1 for a quotation, else that of a judge that gives one, else None.
    """

    text: str
    citations: tuple[int, ...]
    check: Check = "unchecked"
    support: float | None = None

    @property
    def supported(self) -> bool | None:
        """Whether it is known to be supported; None where nobody judged."""
        return None if self.check == "unchecked" else self.check in ("verbatim", "supported")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"supported": self.supported}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Claim":
        """What `to_dict` made, also before there were verdicts. Raises KeyError, TypeError."""
        check: Check = told.get("check") or ("supported" if told["supported"] else "not found")
        return cls(told["text"], tuple(told["citations"]), check, told["support"])


@dataclass(frozen=True)
class RankedPaper:
    """A line of the retrieved ranking."""

    paper_id: str
    title: str
    score: float


@dataclass(frozen=True)
class Markers:
    """Citation markers that the writer wrote, and those among them that named no passage."""

    written: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Answer:
    """A cited, checked answer; `to_dict` gives the JSON that every face prints.

    `checked_by` names the judge of its sentences, None where all are quotations. `offered_filters` are
    years that the question may mean as those of publication, and that are not applied.
    """

    question: str
    status: Status
    text: str
    reason: str | None
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    papers: tuple[RankedPaper, ...]
    filters: Filters
    resolved_question: str | None
    missing: str | None
    notes: tuple[str, ...]
    writer: str
    markers: Markers
    usage: dict[str, float]
    seconds: dict[str, float]
    kind: Kind = "single"
    checked_by: str | None = None
    offered_filters: Filters | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON types; what is absent is None."""
        offered = self.offered_filters
        return asdict(self) | {
            "claims": [claim.to_dict() for claim in self.claims],
            "filters": self.filters.to_dict(),
            "offered_filters": offered.to_dict() if offered else None,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "Answer":
        """What `to_dict` made, also behind JSON. Raises KeyError, TypeError."""
        offered = told.get("offered_filters")
        parts = {
            "claims": tuple(map(Claim.from_dict, told["claims"])),
            "citations": tuple(
                Citation(**{**citation, "authors": tuple(citation.get("authors", ()))})
                for citation in told["citations"]
            ),
            "papers": tuple(RankedPaper(**paper) for paper in told["papers"]),
            "filters": Filters.from_dict(told["filters"]),
            "notes": tuple(told["notes"]),
            "markers": Markers(**told["markers"]),
            "usage": dict(told["usage"]),
            "seconds": dict(told["seconds"]),
            "offered_filters": Filters.from_dict(offered)
            if (offered := told.get("offered_filters"))
            else None,
        }
        return cls(**{**told, **parts})

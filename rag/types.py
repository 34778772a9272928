"""The data that modules exchange: papers, passages, hits, requests, citations, claims, answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from heapq import nlargest
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from rag.identity import paper_keys
from rag.record_text import record_text

if TYPE_CHECKING:
    from rag.body import Body

Span = tuple[int, int]
Status = Literal["answered", "partial", "refused"]
Kind = Literal["single", "list", "comparison"]
"""The answer that a question calls for: about one thing, a list of papers, or a comparison."""
Check = Literal["verbatim", "supported", "partly", "contradicted", "not found", "unchecked"]
"""`verbatim`: the paper's own words; the others are a judge's verdicts on a sentence by the papers that it
cites; `unchecked`: nobody judged it, or the judge showed no words that hold it."""
Part = Literal["abstract", "body", "note", "record"]
"""The part of a paper that a passage comes from: its abstract, its whole text, the user's own note on it,
or the line that its record makes (rag/record_text.py)."""
_LONG_NOTE = 3000  # characters, of which a question reads all
Unsupported = Literal["mark", "drop"]
"""Whether a sentence that the judge finds unsupported is marked or dropped."""
Prompts = Literal["auto", "short", "full"]
"""The prompts of a model that writes: short ones for small models, full ones, or by the model's size."""
WriterName = Literal["auto", "llm", "extractive"]
"""The writer: a model if one is configured, else quotations; always a model; always quotations."""
History = Sequence[Mapping[str, Any]]
"""OpenAI-style messages: a role, and content that is a text or a list of parts."""


@dataclass(frozen=True)
class Paper:
    """One paper, as a source or the catalog describes it.

    `published` is YYYY, YYYY-MM or YYYY-MM-DD. `is_digest` marks an abstract that is summed up in other
    words. `authors` are names in the paper's order, perhaps not all of them, so `author_count` stands
    apart. `paper_id` is the arXiv id, else the DOI, else a hash of the normalised title; a catalog keeps
    the first id that it gave to a paper. `file` is the SHA-256 of the file with its whole text, which the
    catalog keeps as its body.

    `key` is the citation key that its source uses. `note` holds the user's own words on the paper. A
    collection in another is "Parent/Child". `retracted` names what says that the paper is retracted: the
    DOI of the notice, a date, or just "retracted". `csl` is what else a source says, as an item of
    CSL-JSON without title and abstract; what CSL has no name for stands below `custom`, such as the
    BibTeX entry as it was written.

    `body` and `excerpts` are there only while a question reads the paper: its whole text, and the passages
    of it that are read.
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
    file: str | None = None
    key: str | None = None
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    note: str = ""
    retracted: str | None = None
    csl: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    body: "Body | None" = field(default=None, compare=False, repr=False)
    excerpts: "tuple[Passage, ...]" = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("authors", "tags", "collections"):  # lists if read from JSON
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.paper_id:
            object.__setattr__(self, "paper_id", self.keys[0])

    @cached_property
    def keys(self) -> list[str]:
        """The keys that this paper may already be known by, the most specific first."""
        return paper_keys(self.title, self.arxiv_id, self.doi)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON types: all fields but those that are there only for a question."""
        known = {each.name: getattr(self, each.name) for each in fields(self) if each.compare}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}

    @property
    def year(self) -> int | None:
        """The year of publication, or None if unknown."""
        return int(self.published[:4]) if self.published else None

    @property
    def heading(self) -> str:
        """Title and year, which writers and judges see with the abstract."""
        return f"{self.title} ({self.year})" if self.year else self.title

    @property
    def shown(self) -> "tuple[Passage, ...]":
        """What is read of it for a question: the abstract, its excerpts, and the user's note."""
        abstract = (self.whole("abstract"),) if self.abstract else ()
        return (*abstract, *self.excerpts_of("body"), *self._shown_of_note)

    @property
    def _shown_of_note(self) -> "tuple[Passage, ...]":
        """The note; of a long one the passages among the excerpts, else its beginning."""
        if chosen := self.excerpts_of("note"):
            return chosen
        return (Passage(self.paper_id, 0, min(len(self.note), _LONG_NOTE), "note"),) if self.note else ()

    @property
    def has_long_note(self) -> bool:
        """Whether a question reads only some passages of the user's note."""
        return len(self.note) > _LONG_NOTE

    @property
    def shown_note(self) -> str:
        """What is read of the user's note for a question."""
        return " … ".join(self.words_of(passage).strip() for passage in self._shown_of_note)

    @property
    def shown_text(self) -> str:
        """The paper's own words that are read for a question, excerpts under their headings."""
        excerpts = (f"{section}\n{text}" if section else text for section, text in self.shown_excerpts)
        return "\n\n".join(filter(None, (self.abstract, *excerpts)))

    @property
    def shown_excerpts(self) -> list[tuple[str | None, str]]:
        """What is read of its body for a question: the heading above each excerpt, and its words."""
        if not self.body:
            return []
        spans = self.body.joined((excerpt.start, excerpt.end) for excerpt in self.excerpts_of("body"))
        return [(self.body.section_of(start), self.body.text[start:end].strip()) for start, end in spans]

    def excerpts_of(self, part: Part) -> "tuple[Passage, ...]":
        """The excerpts from a part."""
        return tuple(excerpt for excerpt in self.excerpts if excerpt.part == part)

    def shortened(self, most: int, closeness: "Callable[[Passage], float]") -> "Paper":
        """The paper with the `most` closest excerpts of its body, in their order."""
        closest = nlargest(most, self.excerpts_of("body"), key=closeness)
        kept = tuple(each for each in self.excerpts if each in closest or each.part == "note")
        return replace(self, excerpts=kept)

    def whole(self, part: Part) -> "Passage":
        """All of a part."""
        return Passage(self.paper_id, 0, len(self.text_of(part)), part)

    def text_of(self, part: Part) -> str:
        """The text of a part; empty for a body that was not loaded."""
        if part == "abstract":
            return self.abstract
        if part == "note":
            return self.note
        if part == "record":
            return record_text(self)
        return self.body.text if self.body else ""

    def section_of(self, passage: "Passage") -> str | None:
        """The heading above a passage; None in an abstract."""
        return self.body.section_of(passage.start) if self.body and passage.part == "body" else None

    def words_of(self, passage: "Passage") -> str:
        """The words of a passage."""
        return self.text_of(passage.part)[passage.start : passage.end]


@dataclass(frozen=True)
class Passage:
    """A piece of a paper: characters [start, end) of one of its parts."""

    paper_id: str
    start: int
    end: int
    part: Part = "abstract"


@dataclass(frozen=True)
class Filters:
    """Conditions on papers. Ranges include both ends; None leaves an end open.

    A range leaves out the papers whose year or number of authors is unknown. Organisations are compared
    regardless of case. A source is a file or service that papers were ingested from, by its name or the
    last part of it. `author` is a name or a part of one ("Varady"), regardless of case and accents; `tag`
    and `collection` are compared regardless of case, and a collection has the papers of those inside it.
    `papers` are ids, citation keys or titles; None means all papers.
    """

    from_year: int | None = None
    to_year: int | None = None
    min_authors: int | None = None
    max_authors: int | None = None
    organization: str | None = None
    source: str | None = None
    papers: tuple[str, ...] | None = None
    author: str | None = None
    tag: str | None = None
    collection: str | None = None

    @property
    def has_years(self) -> bool:
        return self.from_year is not None or self.to_year is not None

    @property
    def has_authors(self) -> bool:
        return self.min_authors is not None or self.max_authors is not None

    @property
    def is_open(self) -> bool:
        """Whether there are no conditions."""
        return self == Filters()

    def to_dict(self) -> dict[str, Any]:
        """The years, and the other conditions that are set."""
        years = {"from_year": self.from_year, "to_year": self.to_year}
        return years | {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Filters":
        """The inverse of `to_dict`, also after JSON. Raises TypeError."""
        papers = data.get("papers")
        return cls(**{**data, "papers": None if papers is None else tuple(papers)})


class RequestOptions(TypedDict, total=False):
    """Keywords for the options of a `Request`; `from_year` and `to_year` replace the years of `filters`."""

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
    """A question and how to answer it, as every interface passes it to the assistant.

    - `history`: the messages before the question, which a follow-up may depend on.
    - `filters`: which papers to use. Years in the question ("since 2021") are applied too, unless
      `filters` has years or `years_from_question` is False.
    - `words`: the approximate length of the answer (default: 78 for quotations, else up to the model).
    - `k`: how many papers the writer sees (default: 10; for a list, up to 40 that belong on it).
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
        """The request for a question and its options. Raises TypeError for an unknown option."""
        request = question if isinstance(question, Request) else cls(question)
        years = Filters(options.pop("from_year", None), options.pop("to_year", None))
        request = replace(request, **options)  # type: ignore[misc]
        return request.within(years) if years.has_years else request

    def within(self, years: Filters) -> "Request":
        """The same request, restricted to these years instead of its own."""
        filters = replace(self.filters, from_year=years.from_year, to_year=years.to_year)
        return replace(self, filters=filters)

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

    `is_near` says whether any part of the paper is close to the query. `closeness` says how close each of
    the passages is that are read of a paper with a body.
    """

    paper: Paper
    score: float
    passage: Passage
    signals: dict[str, float] = field(default_factory=dict)
    is_near: bool = True
    closeness: Mapping[Passage, float] = field(default_factory=dict, compare=False)

    @property
    def passage_text(self) -> str:
        return self.paper.words_of(self.passage)

    def shortened(self, most: int) -> Paper:
        """The paper with the `most` closest excerpts of its body, in their order."""
        return self.paper.shortened(most, lambda excerpt: self.closeness.get(excerpt, 0.0))

    @property
    def page(self) -> int | None:
        """The page of its passage, from 1 in the paper's file; None for an abstract."""
        passage, body = self.passage, self.paper.body
        return body.page_of(passage.start, passage.end) if body and passage.part == "body" else None


@dataclass(frozen=True)
class Citation:
    """A quote: the text of its part of the paper at [start, end), to the character.

    A paper has one number; several citations may share it, one a quote. In a paper that came as a file,
    `page` counts from 1, `label` is the page's printed number, and `section` the heading above. `key` is
    the paper's citation key; `retracted` names what says that it is retracted.
    """

    number: int
    paper_id: str
    title: str
    published: str | None
    organization: str | None
    quote: str
    start: int
    end: int
    authors: tuple[str, ...] = ()
    part: Part = "abstract"
    page: int | None = None
    section: str | None = None
    label: str | None = None
    key: str | None = None
    retracted: str | None = None

    @property
    def year(self) -> str:
        """The year of publication, or "" if unknown."""
        return (self.published or "")[:4].lstrip("0")

    @property
    def heading(self) -> str:
        """The paper's title and year."""
        return f"{self.title} ({self.year})" if self.year else self.title


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer, without its markers, and the verdict on it.

    `citations` are the numbers of the papers that it rests on, `quotes` the places (from 0) in the
    answer's citations of the words that show it. `support` in [0, 1] is 1 for the paper's own words, else
    a number only from a judge that gives one. `reason` is the judge's; `notes` say what stands nowhere in
    the cited papers.
    """

    text: str
    citations: tuple[int, ...]
    check: Check = "unchecked"
    support: float | None = None
    quotes: tuple[int, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def supported(self) -> bool | None:
        """Whether the cited papers support it; None if nobody judged."""
        return None if self.check == "unchecked" else self.check in ("verbatim", "supported")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"supported": self.supported}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Claim":
        """The inverse of `to_dict`; reads files older than verdicts too. Raises KeyError, TypeError."""
        check: Check = data.get("check") or ("supported" if data["supported"] else "not found")
        return cls(
            text=data["text"],
            citations=tuple(data["citations"]),
            check=check,
            support=data["support"],
            quotes=tuple(data.get("quotes", ())),
            reason=data.get("reason"),
            notes=tuple(data.get("notes", ())),
        )


@dataclass(frozen=True)
class RankedPaper:
    """A line of the retrieved ranking."""

    paper_id: str
    title: str
    score: float


@dataclass(frozen=True)
class Markers:
    """How many citation markers the writer wrote, and how many of them named no paper."""

    written: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Answer:
    """A cited, checked answer; `to_dict` gives the JSON that every interface prints.

    `queries` are what was searched for. `checked_by` names the judge of its sentences, None if nobody
    judged. `usage` is that of all requests to models, `steps` the same for each step. `offered_filters`
    are years in the question that may mean those of publication; they are not applied.
    """

    question: str
    status: Status
    text: str
    reason: str | None = None
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    papers: tuple[RankedPaper, ...] = ()
    filters: Filters = Filters()
    resolved_question: str | None = None
    missing: str | None = None
    notes: tuple[str, ...] = ()
    writer: str = "extractive"
    markers: Markers = Markers()
    usage: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    kind: Kind = "single"
    checked_by: str | None = None
    offered_filters: Filters | None = None
    queries: tuple[str, ...] = ()
    steps: dict[str, dict[str, float]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON types; what is absent is None."""
        offered = self.offered_filters
        return asdict(self) | {
            "claims": [claim.to_dict() for claim in self.claims],
            "filters": self.filters.to_dict(),
            "offered_filters": offered.to_dict() if offered else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Answer":
        """The inverse of `to_dict`, also after JSON. Raises KeyError, TypeError."""
        offered = data.get("offered_filters")
        citations = tuple(
            Citation(**{**citation, "authors": tuple(citation.get("authors", ()))})
            for citation in data["citations"]
        )
        is_old = not all("quotes" in claim for claim in data["claims"])  # with verdicts in the text
        parts = {
            "text": data["text"].replace(" [unsupported]", "") if is_old else data["text"],
            "claims": tuple(_read_claim(claim, citations) for claim in data["claims"]),
            "citations": citations,
            "queries": tuple(data.get("queries", ())),
            "papers": tuple(RankedPaper(**paper) for paper in data["papers"]),
            "filters": Filters.from_dict(data["filters"]),
            "notes": tuple(data["notes"]),
            "markers": Markers(**data["markers"]),
            "usage": dict(data["usage"]),
            "seconds": dict(data["seconds"]),
            "offered_filters": Filters.from_dict(offered) if offered else None,
        }
        return cls(**{**data, **parts})


def _read_claim(data: Mapping[str, Any], citations: Sequence[Citation]) -> Claim:
    """A claim of an answer; in older ones each number is that of one quote."""
    claim = Claim.from_dict(data)
    if "quotes" in data:
        return claim
    quotes = (place for place, citation in enumerate(citations) if citation.number in claim.citations)
    return replace(claim, quotes=tuple(quotes))

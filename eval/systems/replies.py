"""What somebody else's program replies to a question, and the papers that its sources are of."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from eval.shelf import Shelf
from rag.identity import arxiv_key, doi_key, normalise_title, title_key
from rag.plain import encodable
from rag.types import Paper, RankedPaper

_SHOWN = 80  # characters of a source that has no name


@dataclass(frozen=True)
class Source:
    """A text that a program answered from: a whole paper, or a piece of one.

    `title` and `paper_id` (an arXiv id, a DOI, whatever names it) say which paper; sources with the
    same of either are of the same paper.
    """

    text: str
    title: str | None = None
    paper_id: str | None = None
    score: float | None = None

    @property
    def is_named(self) -> bool:
        """Whether it says which paper it is of."""
        return bool(_keys(self))

    @property
    def label(self) -> str:
        """What to call it: its title, its id, or its first words."""
        return self.title or self.paper_id or " ".join(self.text.split())[:_SHOWN]


@dataclass(frozen=True)
class Reply:
    """A text and its sources, in the order of the numbers that cite them and from 1 on.

    `sources` are None where the program does not say what they are, empty where it had none. `refused`
    says whether the program declined to answer; None leaves that to the text.
    """

    text: str
    sources: Sequence[Source | str] | None = None
    refused: bool | None = None


@dataclass(frozen=True)
class Read:
    """A reply whose parts are what they should be, in text that can be encoded."""

    text: str
    sources: tuple[Source, ...] | None
    refused: bool | None


def read_reply(replied: object) -> Read:
    """A Reply, a text, or a pair of a text and its sources. Raises TypeError for all else."""
    match replied:
        case Reply(text, sources, refused):
            pass
        case str(text):
            sources = refused = None
        case (text, sources):
            refused = None
        case _:
            raise TypeError(_wrong("the reply", replied, "a text, (text, sources), a Reply or an Answer"))
    if not isinstance(text, str):
        raise TypeError(_wrong("the text of the reply", text, "a text"))
    return Read(encodable(text), _read_sources(sources), None if refused is None else bool(refused))


def papers_of(sources: Sequence[Source], shelf: Shelf) -> list[Paper]:
    """The paper, or the piece of one, that each source is; those that are known have the shelf's ids.

    A source without a text has that of the paper on the shelf, or no more than its name.
    """
    named = {name for source in sources for name in (source.paper_id, source.title) if name}
    shelf_ids = shelf.find(sorted(named))
    known = shelf.papers(sorted(set(shelf_ids.values())))
    ids: dict[str, str] = {}
    papers = []
    for source in sources:
        keys = _keys(source) or [title_key(source.text)]
        names = (shelf_ids.get(name) for name in (source.paper_id, source.title) if name)
        id_ = next(filter(None, [*names, *map(ids.get, keys)]), keys[0])
        ids |= dict.fromkeys(keys, id_)
        papers.append(_paper(source, id_, known.get(id_)))
    return papers


def ranking(sources: Sequence[Source], papers: Sequence[Paper]) -> tuple[RankedPaper, ...]:
    """The papers of the sources in their order, each once; without a score, 1 / rank stands for it."""
    ranked: dict[str, RankedPaper] = {}
    for source, paper in zip(sources, papers, strict=True):
        score = 1 / (len(ranked) + 1) if source.score is None else source.score
        ranked.setdefault(
            paper.paper_id, RankedPaper(paper.paper_id, paper.title or source.label, round(score, 4))
        )
    return tuple(ranked.values())


def _read_sources(given: object) -> tuple[Source, ...] | None:
    """Raises TypeError."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(_wrong("what should be the sources", given, "a list of texts or Sources"))
    return tuple(map(_read_source, given))


def _read_source(given: object) -> Source:
    """A source whose parts are texts, and a number that JSON knows. Raises TypeError."""
    if isinstance(given, str):
        return Source(encodable(given))
    if not isinstance(given, Source):
        raise TypeError(_wrong("a source", given, "a text or a Source"))
    if not isinstance(given.text, str):
        raise TypeError(_wrong("the text of a source", given.text, "a text"))
    score = None if given.score is None else float(given.score)
    return Source(
        text=encodable(given.text),
        title=encodable(str(given.title or "").strip()) or None,
        paper_id=None if given.paper_id is None else encodable(str(given.paper_id).strip()) or None,
        score=score if score is not None and math.isfinite(score) else None,
    )


def _keys(source: Source) -> list[str]:
    """The keys under which the paper of a source may be known, the most telling first."""
    id_, title = source.paper_id or "", source.title or ""
    named = [arxiv_key(id_) or doi_key(id_) or id_]
    return [key for key in (*named, title_key(title) if normalise_title(title) else "") if key]


def _paper(source: Source, paper_id: str, known: Paper | None) -> Paper:
    if known:
        return replace(known, abstract=source.text if source.text.strip() else known.abstract)
    id_ = source.paper_id or ""
    return Paper(
        title=source.title or "",
        abstract=source.text if source.text.strip() else source.label or paper_id,
        arxiv_id=arxiv_key(id_),
        doi=doi_key(id_),
        paper_id=paper_id,
    )


def _wrong(what: str, given: object, wanted: str) -> str:
    return f"{what} is of the type {type(given).__name__}: return {wanted}"

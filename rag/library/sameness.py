"""Which of the papers that share a key with a record are the one that it speaks of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.identity import arxiv_key, doi_key, title_key
from rag.types import Paper


@dataclass(frozen=True)
class Candidate:
    """A paper of the catalog that shares a key with a record.

    `said` is what the paper is without what the record's own source said of it before and may be about
    to correct, None where nothing is left; `keys` are those that the two share; `has_record` tells that
    this source has said the same of it, to the letter.
    """

    paper: Paper
    said: Paper | None
    keys: frozenset[str]
    has_record: bool


def same_papers(record: Paper, candidates: Sequence[Candidate]) -> list[Paper]:
    """The papers that are one with a record; the first is the one that stays, the others join it.

    By arXiv id; by DOI, unless arXiv ids differ; by title, unless ids or years differ. What is not known
    differs from nothing. Of several that one key finds, and that differ among themselves, the one goes
    first that a record does not contradict as a whole. What a source repeats stays where it is, so that
    reading it again changes nothing.
    """
    if home := [each.paper for each in candidates if each.has_record]:
        return home[:1]
    found: list[Paper] = []
    for key, contradicts in _rules(record):
        near = [each for each in candidates if key in each.keys and each.paper not in found]
        fitting = [each for each in near if each.said is None or not contradicts(each.said, record)]
        fitting.sort(key=lambda each: _preference(each.paper, record, contradicts))
        for each in fitting:
            if not any(contradicts(each.paper, other) for other in found):
                found.append(each.paper)
    return found


def contradicts_title(one: Paper, other: Paper) -> bool:
    """Whether two papers of one title are known to be two."""
    return (
        contradicts_doi(one, other) or _differ(doi_of(one), doi_of(other)) or _differ(one.year, other.year)
    )


def contradicts_doi(one: Paper, other: Paper) -> bool:
    """Whether two records of one DOI are known to be of two papers: two parts of a volume, say."""
    return _differ(arxiv_of(one), arxiv_of(other))


def arxiv_of(paper: Paper) -> str | None:
    """The arXiv id, which may be told as a DOI of arXiv's."""
    return arxiv_key(paper.arxiv_id or "") or arxiv_key(paper.doi or "")


def doi_of(paper: Paper) -> str | None:
    """The DOI, unless it is arXiv's own, beside which a publisher's may stand."""
    doi = paper.doi or ""
    return None if arxiv_key(doi) else doi_key(doi)


Contradiction = Callable[[Paper, Paper], bool]


def _rules(record: Paper) -> list[tuple[str, Contradiction]]:
    """The keys of a record, the most telling first, and what speaks against each."""
    doi = doi_of(record)
    rules: list[tuple[str, Contradiction]] = []
    if arxiv_id := arxiv_of(record):
        rules.append((arxiv_id, contradicts_doi))
    if doi:
        rules.append((doi, contradicts_doi))
    return [*rules, (title_key(record.title), contradicts_title)]


def _preference(paper: Paper, record: Paper, contradicts: Contradiction) -> tuple[bool, bool, str]:
    """The smaller, the nearer."""
    return contradicts(paper, record), paper.year != record.year, paper.paper_id


def _differ(one: str | int | None, other: str | int | None) -> bool:
    return one is not None and other is not None and one != other

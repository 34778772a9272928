"""Which of the papers that share a key with a record are the paper that it describes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.identity import arxiv_key, doi_key, title_key
from rag.types import Paper


@dataclass(frozen=True)
class Candidate:
    """A paper of the catalog that shares a key with a record.

    `said` is the paper without the older records of the record's own source, which may be about to correct
    them; None if it has no others. `keys` are those that paper and record share. `has_record` says whether
    the paper already has this very record from this source.
    """

    paper: Paper
    said: Paper | None
    keys: frozenset[str]
    has_record: bool


def same_papers(record: Paper, candidates: Sequence[Candidate]) -> list[Paper]:
    """The papers that a record describes; the first one stays, and the others are merged into it.

    They match by arXiv id; by DOI, unless arXiv ids differ; by title, unless ids or years differ. Unknown
    values never differ. Of several papers that match by one key but contradict each other, the one
    that the record does not contradict as a whole goes first. A record that a source repeats stays with its
    paper, so that reading the source again changes nothing.
    """
    if unchanged := [candidate.paper for candidate in candidates if candidate.has_record]:
        return unchanged[:1]
    same: list[Paper] = []
    for key, contradicts in _rules(record):
        matching = [
            candidate.paper
            for candidate in candidates
            if key in candidate.keys
            and candidate.paper not in same
            and (candidate.said is None or not contradicts(candidate.said, record))
        ]
        matching.sort(
            key=lambda paper: (contradicts(paper, record), paper.year != record.year, paper.paper_id)
        )
        for paper in matching:
            if not any(contradicts(paper, other) for other in same):
                same.append(paper)
    return same


def contradicts_title(one: Paper, other: Paper) -> bool:
    """Whether two papers of one title are known to be two."""
    return (
        contradicts_doi(one, other) or _differ(doi_of(one), doi_of(other)) or _differ(one.year, other.year)
    )


def contradicts_doi(one: Paper, other: Paper) -> bool:
    """Whether two records of one DOI are known to be of two papers: two parts of a volume, say."""
    return _differ(arxiv_of(one), arxiv_of(other))


def arxiv_of(paper: Paper) -> str | None:
    """The arXiv id, which may be written as a DOI of arXiv's."""
    return arxiv_key(paper.arxiv_id or "") or arxiv_key(paper.doi or "")


def doi_of(paper: Paper) -> str | None:
    """The DOI, unless it is arXiv's own: a publisher may have given the paper another one."""
    doi = paper.doi or ""
    return None if arxiv_key(doi) else doi_key(doi)


Contradiction = Callable[[Paper, Paper], bool]


def _rules(record: Paper) -> list[tuple[str, Contradiction]]:
    """The keys of a record, the most specific first, each with what rules a match out."""
    identifiers = (arxiv_of(record), doi_of(record))
    rules: list[tuple[str, Contradiction]] = [(key, contradicts_doi) for key in identifiers if key]
    return [*rules, (title_key(record.title), contradicts_title)]


def _differ(one: str | int | None, other: str | int | None) -> bool:
    return one is not None and other is not None and one != other

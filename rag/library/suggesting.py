"""Answers “did you mean”: papers with similar titles, keys and ids; similar authors, tags and sources."""

from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import fuzz, process

from rag.identity import citation_key, normalise_title
from rag.library.catalog import Catalog
from rag.library.catalog_rows import folded_label, name_words
from rag.library.lexical import LexicalIndex
from rag.library.near import spelled
from rag.plain import encodable
from rag.types import Filters, Paper

_LONGEST = 300  # characters of a name that are compared
_CANDIDATES = 50  # papers
_LEAST_ALIKE = 75.0  # percent


def suggestions(catalog: Catalog, lexical: LexicalIndex, reference: str, most: int = 3) -> list[Paper]:
    """At most `most` papers that an unknown reference may mean, the most similar first.

    The indexes find candidates, of words, misspelt ones too, and of keys in their order. Titles, keys and
    ids are then compared letter by letter (rapidfuzz).
    """
    reference = encodable(reference).strip()[:_LONGEST]
    words = f"{reference} {normalise_title(reference)}"  # "graph code bert" may be written as one word
    likeness = dict.fromkeys(lexical.alike(words, _CANDIDATES), 0.0)
    for key, paper_id in _keys_near(catalog, reference).items():
        alike = fuzz.ratio(_bare(key), _bare(reference))
        likeness[paper_id] = max(likeness.get(paper_id, 0.0), alike)
    papers = catalog.papers([paper_id for paper_id in likeness if paper_id])
    for paper_id, paper in papers.items():
        likeness[paper_id] = max(likeness[paper_id], _likeness(reference, paper.title))
    ranked = sorted(papers, key=lambda paper_id: (-likeness[paper_id], papers[paper_id].title))
    return [papers[paper_id] for paper_id in ranked if likeness[paper_id] >= _LEAST_ALIKE][:most]


def only_one(catalog: Catalog, lexical: LexicalIndex, reference: str) -> Paper | None:
    """The one paper whose title begins with all words of a reference; None if there are none or several."""
    begun = f"{spelled(encodable(reference))} "
    if len(begun) > _LONGEST or begun.isspace():
        return None
    papers = catalog.papers(lexical.containing(begun, _CANDIDATES) or ())
    meant = [paper for paper in papers.values() if f"{spelled(paper.title)} ".startswith(begun)]
    return meant[0] if len(meant) == 1 else None


def near_names(names: Iterable[str], name: str, most: int = 3) -> list[str]:
    """At most `most` of the names that are like one in any case, or contain it, the most alike first."""
    matches = process.extract(
        name[:_LONGEST],
        list(names),
        scorer=fuzz.WRatio,
        processor=folded_label,
        limit=most,
        score_cutoff=_LEAST_ALIKE,
    )
    return [match[0] for match in matches]


def near_authors(catalog: Catalog, name: str, most: int = 3) -> list[str]:
    """At most `most` authors whose names are like one by their words, or by its last one, the most alike
    first."""
    words = name_words(encodable(name)[:_LONGEST])
    likeness: dict[str, float] = {}
    for author in _with_near_words(catalog, words, most):
        others = name_words(author)
        likeness[author] = max(_by_word(words, others), _by_word(words[-1:], others))
    ranked = sorted(likeness, key=lambda author: (-likeness[author], author))
    return [author for author in ranked if likeness[author] >= _LEAST_ALIKE][:most]


def _with_near_words(catalog: Catalog, words: Sequence[str], most: int) -> Iterator[str]:
    """Authors who have one of the words in their names that are most like one of these."""
    for word in words:
        around = catalog.names.author_words_around(word)
        near = process.extract(word, around, scorer=fuzz.ratio, limit=most, score_cutoff=_LEAST_ALIKE)
        for other, *_ in near:
            papers = catalog.papers(catalog.matching(Filters(author=other), _CANDIDATES)).values()
            yield from (
                author for paper in papers for author in paper.authors if other in name_words(author)
            )


def _keys_near(catalog: Catalog, reference: str) -> dict[str, str]:
    """Citation keys, arXiv ids and DOIs that begin as a reference does, or stand near it in their order."""
    keys: dict[str, str] = {}
    for name in dict.fromkeys((reference, reference.casefold(), reference.capitalize())):
        if name:
            keys |= catalog.names.keys_around(name, name[:2])
            keys |= catalog.names.keys_around(citation_key(name), citation_key(name)[:3])
    return keys


def _bare(key: str) -> str:
    return key.removeprefix("@").casefold()


def _likeness(reference: str, title: str) -> float:
    """How much of a reference a title has, in percent: by its words, or by all letters without their
    spaces."""
    words, others = spelled(reference).split(), spelled(title).split()
    if not words or not others:
        return 0.0
    whole = fuzz.ratio(normalise_title(reference), normalise_title(title))
    return max(_by_word(words, others), whole)


def _by_word(words: Sequence[str], others: Sequence[str]) -> float:
    """How alike words are to others, in percent: each to the one that is most like it."""
    alike = sum(len(word) * max(fuzz.ratio(word, other) for other in others) for word in words)
    return alike / sum(map(len, words))

"""Finds the authors that a text names, by the names of authors in the library."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from rag.embedding import embedded_encoder
from rag.embedding.english import rarity
from rag.library import Library
from rag.library.catalog_rows import name_words
from rag.query.years import without_phrases
from rag.types import Filters, Span
from rag.words import SPELLED, content_words, is_function_word

_JOINS = re.compile(r"[.\s]*")  # what may stand between the words of a name
_POSSESSIVE = re.compile(r"['’]s?(?![^\W_])")
_LONGEST_NAME = 5  # words
_RARE = 0.79  # the rarity in English from which a word without a capital may be a name
_LOOKED_AT = 10  # papers that have a word


@dataclass(frozen=True)
class Named:
    """The authors that a text names, the text without them, and the text with "this author" for them."""

    names: tuple[str, ...]
    rest: str
    masked: str

    @property
    def has_subject(self) -> bool:
        """Whether the rest says anything but years."""
        return bool(content_words(without_phrases(self.rest)))


@dataclass(frozen=True)
class _Word:
    """A word of a text that is one of some author's name; `is_telling` if it is meant as one."""

    text: str
    span: Span
    is_telling: bool


def authors_in(text: str, library: Library) -> Named:
    """The authors whom a text names.

    A word of an author's name is meant as one if it is rare in English, or has a capital, and no title,
    abstract or note has it. One that they have is meant as one if it has a capital amid the text, and they
    do not write it so ("Young", but not "German").
    """
    names: dict[str, None] = {}
    rest, masked, done = "", "", 0
    for run in _runs(_words(text, library), text):
        if words := _longest(run, library):
            names[" ".join(word.text for word in words)] = None
            before = text[done : words[0].span[0]]
            rest, masked = rest + before, f"{masked}{before}this author"
            end = words[-1].span[1]
            possessive = _POSSESSIVE.match(text, end)
            done = possessive.end() if possessive else end
    return Named(tuple(names), *(" ".join(f"{part}{text[done:]}".split()) for part in (rest, masked)))


def filters_for(names: Sequence[str], filters: Filters, library: Library) -> Filters:
    """The filters with these authors: of several, papers by all of them, or by any if there is none."""
    if len(names) == 1:
        return _by(names[0], filters)
    of_names = [set(library.catalog.listed(filters=_by(name, filters))) for name in names]
    ids = set.intersection(*of_names) or set.union(*of_names)
    return replace(filters, papers=tuple(sorted(ids)))


def _by(name: str, filters: Filters) -> Filters:
    return replace(filters, author=name)


def _words(text: str, library: Library) -> list[_Word]:
    matches = [(match.start(), _POSSESSIVE.sub("", match[0])) for match in SPELLED.finditer(text)]
    parts = {word: name_words(word) for _, word in matches}
    known = library.catalog.author_words({part for own in parts.values() for part in own})
    return [
        _Word(word, (start, start + len(word)), _is_telling(word, start, library))
        for start, word in matches
        if parts[word] and all(part in known for part in parts[word])
    ]


def _is_telling(word: str, start: int, library: Library) -> bool:
    if len(word) < 2 or word.isdigit() or word.isupper() or is_function_word(word.lower()):
        return False
    has_capital = not word.islower() and start > 0
    if library.lexical.standing(word) == "there":
        return has_capital and not _stands_with_capital(word, library)
    return has_capital or _rarity(word) >= _RARE


def _rarity(word: str) -> float:
    (tokens,) = embedded_encoder().encode_tokens([word.lower()])
    return rarity(tokens.ids)


def _stands_with_capital(word: str, library: Library) -> bool:
    """Whether abstracts have the word so amid a sentence, as they have "German" and "May"."""
    amid = re.compile(rf"[^\W_],?\s{re.escape(word)}(?![^\W_])")
    ids = [paper_id for paper_id, _ in library.lexical.search(word, _LOOKED_AT, Filters())]
    return any(amid.search(paper.abstract) for paper in library.catalog.papers(ids).values())


def _runs(words: Sequence[_Word], text: str) -> Iterator[list[_Word]]:
    """The words that stand next to each other."""
    run: list[_Word] = []
    for word in words:
        if run and not _JOINS.fullmatch(text, run[-1].span[1], word.span[0]):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _longest(run: Sequence[_Word], library: Library) -> Sequence[_Word]:
    """The most words of a run that one author has in the name, with a telling one; () for none."""
    spans = sorted(combinations(range(len(run) + 1), 2), key=lambda span: span[0] - span[1])
    for first, last in spans:
        words = run[first:last]
        if len(words) <= _LONGEST_NAME and any(word.is_telling for word in words):
            name = " ".join(word.text for word in words)
            if library.catalog.count_matching(filters=Filters(author=name)):
                return words
    return ()

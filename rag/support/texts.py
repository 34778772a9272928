"""Texts as the judge reads them: their words, each with a vector, a rarity and a direction."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import TokenEncoder, Tokens, Vectors, unit
from rag.recent import Recent
from rag.support.clauses import WORD, number_clauses
from rag.support.lexicon import is_negation, sign
from rag.words import is_function_word, stem

_FIRST_WORD = 1996  # in the vocabulary of BERT: "the"; before it stand marks and single characters
_OF_CHARACTERS = 0.6  # their rarity: mostly parts of formulas and of foreign words
_KEPT = 500  # texts, about 40 kB each
_NEGATES = 4  # words behind a negation that it reaches


@dataclass(frozen=True)
class Text:
    """One sentence of n words.

    `vectors` are float32 (n, width), of unit length (zero where the encoder cut the text off);
    `mean` is their direction, (width,). `rarity` (n,) lies in [0, 1]. `signs` (n,) are 1 where a
    word says more ("improves"), -1 where it says less, else 0; `negated` (n,) tells which words
    a negation reaches; `is_content` (n,) which are no function words.
    """

    text: str
    words: tuple[str, ...]  # in lower case
    stems: tuple[str, ...]
    starts: tuple[int, ...]  # in characters
    clauses: tuple[int, ...]  # their numbers
    vectors: Vectors
    mean: Vectors
    rarity: Vectors
    signs: NDArray[np.int8]
    negations: tuple[int, ...]  # places of the words that negate
    negated: NDArray[np.bool_]
    is_content: NDArray[np.bool_]

    @property
    def directions(self) -> NDArray[np.int8]:
        """The signs, turned round where they are negated."""
        turned: NDArray[np.int8] = np.where(self.negated, -self.signs, self.signs)
        return turned

    def reach(self, negation: int) -> range:
        """The places of the words that a negation at this place reaches, within its clause."""
        return _reach(negation, self.clauses)


def text_reader(encoder: TokenEncoder) -> Recent[Text]:
    """Reads texts by their word pieces; those read last are kept. Safe to use from several threads."""
    return Recent(lambda texts: map(read, texts, encoder.encode_tokens(texts)), _KEPT)


def read(text: str, tokens: Tokens) -> Text:
    """The words of a text with the means of their word pieces."""
    matches = list(WORD.finditer(text))
    words = tuple(match[0].lower().replace("’", "'") for match in matches)
    starts = tuple(match.start() for match in matches)
    negations = tuple(place for place, word in enumerate(words) if is_negation(word))
    clauses = tuple(number_clauses(text, [match.span() for match in matches]))
    negated = np.zeros(len(words), np.bool_)
    for negation in negations:
        negated[_reach(negation, clauses)] ^= True
    vectors, rarity = _by_word(tokens, starts)
    return Text(
        text=text,
        words=words,
        stems=tuple(stem(word) for word in words),
        starts=starts,
        clauses=clauses,
        vectors=vectors,
        mean=unit(vectors.sum(axis=0)),
        rarity=rarity,
        signs=np.array([sign(word) for word in words], np.int8),
        negations=negations,
        negated=negated,
        is_content=np.array([not is_function_word(word) for word in words], np.bool_),
    )


def _by_word(tokens: Tokens, starts: Sequence[int]) -> tuple[Vectors, Vectors]:
    """Vector and rarity of each word: the mean of its pieces, and the rarest of them."""
    vectors = np.zeros((len(starts), tokens.vectors.shape[1]), np.float32)
    rarity = np.zeros(len(starts), np.float32)
    owners = np.searchsorted(starts, tokens.starts, side="right") - 1
    is_owned = owners >= 0
    owners = owners[is_owned]
    np.add.at(vectors, owners, unit(tokens.vectors[is_owned]))
    np.maximum.at(rarity, owners, _rarity(tokens.ids[is_owned]))
    return unit(vectors), rarity


def _rarity(ids: NDArray[np.int32]) -> Vectors:
    """The logarithm of a word piece's rank, in [0, 1].

    The vocabulary of BERT is ordered by frequency, and by Zipf's law the logarithm of the rank is
    that of the inverse frequency. So rarity needs no collection that it would be counted in.
    """
    ranks = np.log1p(np.maximum(ids - _FIRST_WORD, 0)) / np.log(30_522 - _FIRST_WORD)
    return np.where(ids < _FIRST_WORD, _OF_CHARACTERS, np.minimum(ranks, 1)).astype(np.float32)


def _reach(negation: int, clauses: Sequence[int]) -> range:
    """The places of the words that a negation reaches, within its clause."""
    stop = bisect_right(clauses, clauses[negation])
    return range(negation + 1, min(negation + 1 + _NEGATES, stop))

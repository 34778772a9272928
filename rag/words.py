"""The content words of a text, lower-cased and stemmed."""

import re
import threading
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
SPELLED = re.compile(r"[^\W_]+(?:[-.+/'’][^\W_]+)*")  # with hyphens and the like inside
_LONGEST_WORD = 100  # characters; longer ones are not stemmed, as stems are cached
_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()  # a stemmer has state
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about above across after again against all also am among an and any are around as at be
        because been before being below between both but by can cannot could did do does doing done
        down during each either else ever every few for from further get give given had has have
        having he her here hers him his how i if in into is it its itself just let many may me might
        more most much must my near no nor not of off on once one only onto or other our ours out over
        own per please rather same shall she should show since so some such tell than that the their
        theirs them then there these they this those through to too toward towards under until up upon
        us use used uses using very via was we were what when where whether which while who whom whose
        why will with within without would yes yet you your yours
        anyone find know list paper papers question say says study work works
        """,
    )
)


def content_words(text: str) -> list[str]:
    """The stems of the words that are no function words, in order, with repetitions."""
    return [stem(word) for word in _WORD.findall(text.lower()) if not is_function_word(word)]


def subject_of(text: str) -> str:
    """The content words, unchanged: the subject of a list of papers."""
    return " ".join(word[0] for word in SPELLED.finditer(text) if not is_function_word(word[0].lower()))


def is_function_word(word: str) -> bool:
    """Whether a lower-case word carries no meaning of its own."""
    return word in _FUNCTION_WORDS


def stem(word: str) -> str:
    """The Snowball stem of a lower-case word, if it is not too long. Safe to use from several threads."""
    return word if len(word) > _LONGEST_WORD else _stem(word)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


def share_in(text: str, other: str) -> float:
    """The share of the content words of a text that another has."""
    words = set(content_words(text))
    return len(words.intersection(content_words(other))) / max(len(words), 1)

"""Names of methods, models and data sets: those that a text holds, and those that a paper introduces."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from rag.types import Hit, Paper
from rag.words import content_words

_WORD = re.compile(r"[^\W_]+(?:[-.'’+][^\W_]+)*\+*")
_PART = re.compile(r"[^\W_]+")
_COINED = re.compile(r"[a-z][A-Z]|[A-Z]{2}|[^\W\d_]\d|\d[^\W\d_]|[A-Z]-\d")  # bert2BERT, LoRA, GPT-4
_VERSION = re.compile(r"-\d+(?:\.\d+)?$")
_PRONOUN = ("I'", "I’")
_SENTENCE_ENDS = '.?!:"“'
# What stands before a name that a paper gives: "we propose X", "called X", "our X".
_INTRODUCES = re.compile(
    r"\b(?:propos\w+|introduc\w+|present(?:s|ed|ing)?|call(?:ed)?|name(?:d|ly)?|dubbed|termed|releas\w+|"
    r"develop(?:s|ed|ing)?|describ\w+|buil[dt]|creat(?:e|ed)|contribut\w+|establish\w*|our|novel)\b"
    r"((?:\W+[^\s.;]+){1,9})",
    re.IGNORECASE,
)
_SHORT_FORM = re.compile(r"\(([A-Z][\w-]{1,12})\)")  # "masked language modelling (MLM)"
_EXPLAINED = re.compile(r"\b([A-Z][\w-]{1,60})(?:,| is| are) (?:an?|the|our)\b")  # "X, a …"
_CAPITAL = re.compile(r"[A-Z0-9]")
_HEAD = re.compile(r"([^\s:!]+)[:!]\s")  # "Mengzi: …", "Skill-it! …"
_LONGEST_HEAD = 3  # words of the name that a title begins with
_OFTEN = 3  # times that an abstract names what it is about
_CLOSE, _SHORTEST_MISSPELT = 0.84, 6


@dataclass(frozen=True)
class Name:
    """A name in a text, with its place. `is_coined` tells "LoRA" from a capitalised word."""

    text: str
    start: int
    is_coined: bool

    @property
    def key(self) -> str:
        """Letters and digits alone: "GPT-4" and "gpt4" are one."""
        return _key(self.text)


def names(text: str) -> list[Name]:
    """The names in a text: what has capitals or digits inside, and capitalised words within a sentence."""
    found = []
    before, end = "", 0  # the last character before a word that is no white space; the word's end
    for match in _WORD.finditer(text):
        word = match[0]
        before = text[end : match.start()].rstrip()[-1:] or before
        is_first = before in _SENTENCE_ENDS or word.startswith(_PRONOUN)
        is_coined = bool(_COINED.search(word))
        if (is_coined or (word[0].isupper() and not is_first and len(word) > 1)) and content_words(word):
            found.append(Name(word, match.start(), is_coined))
        before, end = word[-1], match.end()
    return found


def mentions(paper: Paper, name: Name) -> bool:
    """Whether a paper has a name, in any spelling: joined, hyphenated, a slip of the pen, or only
    spelled out ("DAPT" where it says domain-adaptive pre-training)."""
    vocabulary = _vocabulary(paper)
    return (
        name.key in vocabulary.words
        or _parts(name.text) <= vocabulary.parts
        or _resembles(vocabulary, name)
    )


def introduces(paper: Paper, name: Name) -> bool:
    """Whether a name is that of something that this paper brings, or is about."""
    vocabulary = _vocabulary(paper)
    if {name.key, name.key.rstrip("s"), f"{name.key}s"} & vocabulary.own:
        return True
    if len(name.key) >= _SHORTEST_MISSPELT and _close(name.key, vocabulary.own):
        return True
    parts = {part for part in _parts(name.text) if len(part) > 2}
    is_version = bool(_VERSION.search(name.text))  # GPT-4 is not GPT-3
    return (bool(parts & vocabulary.own) and not is_version) or (
        name.key not in vocabulary.words and _resembles(vocabulary, name)
    )


def is_titled(text: str, paper: Paper) -> bool:
    """Whether a text holds the name that a paper's title begins with, before its colon: "BERT: …"."""
    head, colon, _ = paper.title.partition(":")
    if not colon or len(head.split()) > _LONGEST_HEAD:
        return False
    keys = [_key(word) for word in _WORD.findall(text)]
    joined = {"".join(keys[start : start + length]) for length in (1, 2, 3) for start in range(len(keys))}
    return _key(head) in joined


def titled(text: str, hits: Iterable[Hit]) -> list[int]:
    """The places, from 0, of the hits by whose titles a text names them."""
    return [place for place, hit in enumerate(hits) if is_titled(text, hit.paper)]


def named_in(text: str, paper: Paper) -> bool:
    """Whether a text holds a name that a paper introduces, in any case: "hubertopic" for HuBERTopic."""
    own = _vocabulary(paper).own
    keys = {_key(word) for word in _WORD.findall(text)}
    return bool(keys & own) or any(len(key) >= _SHORTEST_MISSPELT and _close(key, own) for key in keys)


@dataclass(frozen=True)
class _Vocabulary:
    """The words of a paper as keys, alone and joined, their parts and initials; the names it introduces."""

    words: frozenset[str]
    parts: frozenset[str]
    initials: str
    own: frozenset[str]


@lru_cache(maxsize=1000)
def _vocabulary(paper: Paper) -> _Vocabulary:
    text = f"{paper.title} . {paper.abstract}"
    parts = _PART.findall(text.lower())
    words = {_key(word) for word in _WORD.findall(text)}
    joined = {"".join(parts[start : start + length]) for length in (2, 3) for start in range(len(parts))}
    initials = "".join(part[0] for part in parts)
    return _Vocabulary(frozenset(words | joined), frozenset(parts), initials, frozenset(_own(paper)))


def _own(paper: Paper) -> Iterable[str]:
    """The keys of the names that a paper introduces, or names often."""
    if head := _HEAD.match(paper.title):
        yield _key(head[1])
    coined = [name for name in names(f"x {paper.title}") if name.is_coined]
    yield from (name.key for name in coined)
    parts = (part for name in coined for part in _PART.findall(name.text))
    yield from (part.lower() for part in parts if _COINED.search(part))
    for found in _INTRODUCES.finditer(paper.abstract):
        yield from (name.key for name in names(f"x {found[1]}")[:3] if name.is_coined)
    yield from map(_key, _SHORT_FORM.findall(paper.abstract))
    explained = _EXPLAINED.findall(paper.abstract)
    yield from (_key(word) for word in explained if _CAPITAL.search(word, 1))
    often = Counter(name.key for name in names(f"x {paper.abstract}") if name.is_coined)
    yield from (key for key, times in often.items() if times >= _OFTEN)


def _resembles(vocabulary: _Vocabulary, name: Name) -> bool:
    key = name.key
    if key.rstrip("s") in vocabulary.words:
        return True
    if len(key) >= _SHORTEST_MISSPELT and _close(key, vocabulary.words):
        return True
    return name.text.rstrip("s").isupper() and 3 <= len(key) <= 6 and key.rstrip("s") in vocabulary.initials


def _close(key: str, words: Iterable[str]) -> bool:
    """Whether one of the words differs by little more than a letter."""
    alike = [word for word in words if word[:1] == key[0] and abs(len(word) - len(key)) <= 2]
    return bool(get_close_matches(key, alike, 1, _CLOSE))


def _key(text: str) -> str:
    return "".join(_parts_in_order(text))


def _parts(text: str) -> frozenset[str]:
    return frozenset(_parts_in_order(text))


def _parts_in_order(text: str) -> list[str]:
    return _PART.findall(text.lower())

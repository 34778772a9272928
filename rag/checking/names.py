"""The names of a claim (methods, models, data sets) against those of the passages.

A name has a capital within ("BERT", "RoBERTa"), a digit behind letters ("T5", "GPT-4"), or a capital at
its start in the middle of a sentence ("Whisper"). "GPT 4" is "GPT-4", and an acronym is there where
the words are that it stands for.
"""

import re
from collections.abc import Iterator, Sequence

from rag.words import is_function_word

_COMPOUND = re.compile(r"[^\W_]+(?:[-+.][^\W_]+)*\+*")
_PARTS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")
_IS_NAME = re.compile(r"[^\W\d_].*[A-Z\d]")
_CAPITALISED = re.compile(r"(?<=[a-z,;)] )[A-Z][a-z]{2,}(?![^\W_])")
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]")
_ACRONYM = re.compile(r"[A-Z]{2,6}")
_FIRST_LETTERS = 4  # by which "Chinese" is "China's"


def missing_names(claim: str, passages: Sequence[str]) -> list[str]:
    """The names of a claim that no passage has, as the claim writes them."""
    there = "\n".join(passages).lower()
    initials = "".join(_INITIAL.findall(f"{there} . {claim.lower()}"))  # a claim may introduce its own

    def is_there(name: str) -> bool:
        if _pattern(name).search(there) or (_ACRONYM.fullmatch(name) and name.lower() in initials):
            return True
        parts = name.split("-")  # "RANK-RANKL", but not "GPT-4"
        return len(parts) > 1 and all(map(_IS_NAME.match, parts)) and all(map(is_there, parts))

    return [name for name in find_names(claim) if not is_there(name)]


def find_names(text: str) -> list[str]:
    """The names of a text, each once."""
    capitalised = (word for word in _CAPITALISED.findall(text) if not is_function_word(word.lower()))
    return list(dict.fromkeys([*_compounds(text), *capitalised]))


def _compounds(text: str) -> Iterator[str]:
    """Names without what is joined to them: "non-BERT-based" has the name "BERT"."""
    for match in _COMPOUND.finditer(text):
        parts = match[0].split("-")
        first = next((place for place, part in enumerate(parts) if _IS_NAME.match(part)), len(parts))
        while len(parts) > first and not _IS_NAME.match(parts[-1]) and not parts[-1][0].isdigit():
            parts.pop()
        if len(parts) > first:
            yield "-".join(parts[first:]).removesuffix("s")


def _pattern(name: str) -> re.Pattern[str]:
    """Finds the name in text of lower case, however its parts are joined."""
    if name.isalpha() and name[1:].islower():
        return re.compile(rf"(?<![^\W_]){re.escape(name[:_FIRST_LETTERS].lower())}")
    parts = [re.escape(part) for part in _PARTS.findall(name.lower())]
    joined = r"[\W_]{0,2}".join(parts)
    return re.compile(rf"(?<![^\W_]){joined}s?(?![^\W_]|\.\d)")

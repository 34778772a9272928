"""Names of authors and editors in BibTeX and biblatex, as CSL-JSON has them."""

import re
from collections.abc import Iterator

from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names

from ingest.sources.bibtex_values import is_balanced
from ingest.sources.loose import plain_text
from rag.latex import latex_to_text
from rag.plain import in_a_line

OTHERS = "others"
_LONGEST = 1_000  # characters of a name
_TAIL = 40  # characters at the end of a list of names
_OTHERS = re.compile(r"\s*(?:and\s+others|,?\s*et\s+al\.?)\s*\Z", re.IGNORECASE)
_PARTS = {"given": "given", "prefix": "non-dropping-particle", "family": "family", "suffix": "suffix"}
_PART = re.compile(rf"(?:^|,)\s*(given-i|{'|'.join(_PARTS)})=\s*\"?([^,\"]+)")

Name = dict[str, str]


def names_in(text: str) -> Iterator[Name | str]:
    """The names, with OTHERS at the end where the list says so."""
    if not text.strip():
        return
    whole = text[:-_TAIL] + _OTHERS.sub("", text[-_TAIL:])
    has_others, text = whole != text, whole
    if not is_balanced(text):
        text = text.replace("{", "").replace("}", "")
    for name in split_multiple_persons_names(in_a_line(text)):
        if parts := {part: printed for part, value in _parts(name[:_LONGEST]) if (printed := _text(value))}:
            yield parts
    if has_others:
        yield OTHERS


def _parts(name: str) -> Iterator[tuple[str, str]]:
    """The parts of a name under CSL's names, in LaTeX."""
    if parts := dict(_PART.findall(name)):  # biblatex's own form: family=Berg, prefix=van der
        parts.setdefault("given", parts.get("given-i", ""))
        yield from ((csl, parts[part]) for part, csl in _PARTS.items() if part in parts)
        return
    words = name.split(" ")
    if not any(mark in name for mark in ",{\\~") and all(not word[:1].islower() for word in words):
        yield "given", " ".join(words[:-1])
        yield "family", words[-1]
        return
    split = parse_single_name_into_parts(name, strict=False)
    if not (split.first or split.von or split.jr) and " ".join(split.last)[:1] == "{":
        yield "literal", " ".join(split.last)  # a group's name, which stays whole
        return
    for part, texts in zip(_PARTS.values(), (split.first, split.von, split.last, split.jr), strict=True):
        yield part, " ".join(texts)


def _text(latex: str) -> str:
    return plain_text(latex_to_text(latex))

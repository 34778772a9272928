"""What CSL-JSON says of a paper beyond its title, authors and date, as lines of text."""

from collections.abc import Iterator
from typing import Any

from rag.plain import in_a_line
from rag.types import Paper

_NAMES = {  # of CSL-JSON, and as they are shown
    "type": "type",
    "container-title": "journal",
    "volume": "volume",
    "issue": "issue",
    "page": "pages",
    "publisher": "publisher",
    "editor": "editors",
    "URL": "URL",
    "PMID": "PMID",
    "keyword": "keywords",
}


def particulars(paper: Paper) -> dict[str, str]:
    """Type, journal and what else `_NAMES` lists, as far as it is known."""
    texts = {name: in_a_line(_text(paper.csl.get(field))) for field, name in _NAMES.items()}
    return {name: text for name, text in texts.items() if text}


def journal(paper: Paper) -> str | None:
    """The journal, proceedings or book that a paper appeared in."""
    return particulars(paper).get("journal")


def _text(value: Any) -> str:
    """A value of CSL-JSON, which may be a list, such as of names in their parts."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    if isinstance(value, dict):
        return " ".join(_parts(value))
    return str(value) if isinstance(value, str | int | float) else ""


def _parts(name: dict[str, Any]) -> Iterator[str]:
    """The parts of a name in the order in which they are read."""
    parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix", "literal")
    yield from (str(name[part]) for part in parts if name.get(part))

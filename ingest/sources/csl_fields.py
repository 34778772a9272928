"""Parts of an item of CSL-JSON, from what reference files say."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.sources.base import is_csl
from ingest.sources.json_values import first_of, list_of, object_of
from ingest.sources.loose import plain_text, read_date

_KEY_LINE = re.compile(r"^\s*citation[ -]?key\s*:\s*(\S{1,300})\s*$", re.IGNORECASE | re.MULTILINE)


def csl_name(name: str) -> dict[str, str]:
    """The parts of "Family, Given, Suffix"; a name without a comma is kept whole."""
    text = plain_text(name)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 3) or not all(parts):  # a comma ends the name of a group
        return {"literal": text.strip(" ,")}
    return dict(zip(("family", "given", "suffix"), parts, strict=False))


def csl_names(names: Iterable[str]) -> list[dict[str, str]]:
    """The names that have a letter, each in its parts."""
    return [csl_name(name) for name in names if name.strip(" ,")]


def date_in_parts(value: Any) -> str | None:
    """A date in CSL's parts as a text: `{"date-parts": [[2021, 5]]}` is 2021-5; None for anything else."""
    parts = list_of(first_of(object_of(value).get("date-parts")))
    return "-".join(str(part)[:10] for part in parts[:3] if isinstance(part, int | str)) or None


def csl_date(text: str | None) -> dict[str, Any] | None:
    """YYYY, YYYY-MM, YYYY-MM-DD or another readable date as CSL's parts; None if it is not readable."""
    date = read_date(text)
    return {"date-parts": [[int(part) for part in date.split("-")]]} if date else None


def csl_item(fields: Mapping[str, Any], origin: str, others: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are known, with `others`, which CSL has no names for, below the name of their origin.

    What a paper's record cannot hold is left out: the others first, then the authors, who are thousands.
    """
    known = {name: value for name, value in fields.items() if value}
    item = known | ({"custom": {origin: dict(others)}} if others else {})
    without_authors = {name: value for name, value in known.items() if name != "author"}
    return next(filter(is_csl, (item, known, without_authors)), {})


def key_in_note(note: Any) -> str | None:
    """The citation key that Better BibTeX writes into a note, in a line of its own."""
    line = _KEY_LINE.search(note) if isinstance(note, str) else None
    return line[1] if line else None

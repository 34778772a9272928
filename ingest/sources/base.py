"""What every source yields: papers, and rejections that say what was left out and why."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from rag.identity import arxiv_key, doi_key, normalise_title
from rag.plain import encodable, in_a_line
from rag.types import Paper


@dataclass(frozen=True)
class Rejection:
    """An entry that is not a usable paper. `line` counts from 1; None where lines mean nothing."""

    source: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class Skipped:
    """A file of a folder that is not read."""

    source: str
    reason: str


@dataclass(frozen=True)
class Attachment:
    """A file with the whole text of a paper.

    `paper` is what its source says of the paper; None where only the file tells. The library gets a copy if
    it `keeps` the file. A file whose path means nothing, such as an upload, has a `label`. One that has
    still to be fetched has its address as label, and `fetch` writes it to a path or raises SourceError.
    """

    source: str
    path: Path
    paper: Paper | None = None
    keeps: bool = False
    label: str | None = None
    fetch: Callable[[Path], None] | None = None

    @property
    def place(self) -> str:
        """What the library says of where the file stands."""
        return self.label or shown_path(self.path)


Entry = Paper | Rejection | Attachment


class Source(Protocol):
    """Something that papers can be read from, in its own order.

    One that can tell cheaply whether it has changed has a `stamp`, too: a text that is another one after a
    change, or None where that cannot be told (`ingest/sources/stamps.py`). One that is read from files in a
    folder, whatever its name, has that `folder`: `askpapers watch` looks when something changes there.
    """

    @property
    def name(self) -> str:
        """The name under which the catalog keeps its records; the same at every run."""
        ...

    def read(self) -> Iterator[Entry]:
        """Yield each entry once, as it is read. Raises SourceError where the source cannot be read."""
        ...


@dataclass(frozen=True)
class ReadOptions:
    """What a user says about files that they do not say themselves.

    `saved` is the day on which a page was saved: it gives the year to dates without one. `columns` maps
    the fields of a paper to the names that they have in a table or in JSON lines. `format` names the
    format of files whose name and content do not tell it. `keep` gives the library copies of PDFs.
    `zotero` is Zotero's data folder, where it is not in its usual place.
    """

    saved: date | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    keep: bool = False
    zotero: Path | None = None


LONGEST_TITLE, LONGEST_ABSTRACT = 1_000, 20_000  # characters; a longer text is no abstract
LONGEST_NAME, MOST_AUTHORS = 300, 10_000
LONGEST_DETAIL = 1_000  # characters of a date, an identifier, an organisation
MOST_MARKUP = 4  # a text with its markup is read up to this many times the limit of the text
LONGEST_NOTE, MOST_LABELS = 200_000, 1_000  # characters of a user's notes on a paper; tags of a paper
LONGEST_CSL = 200_000  # characters of what else a source says, as JSON
_DEEPEST_CSL = 8  # objects and lists inside each other
_MOST_COUNTED = 1_000_000  # authors; the longest list of a paper has some thousands
_PUBLISHED = re.compile(r"\d{4}(-\d\d){0,2}", re.ASCII)
_TEXTS = {"title": LONGEST_TITLE, "abstract": LONGEST_ABSTRACT, "note": LONGEST_NOTE} | dict.fromkeys(
    ("published", "organization", "arxiv_id", "doi", "key", "retracted"), LONGEST_DETAIL
)


def paper_from(record: Any) -> Paper:
    """The paper of a record that has the fields of `Paper`.

    A field that is missing, None or blank is not known. Texts are stripped, ids get their usual form.
    `authors` is a list of names: all authors, unless `author_count` is there and differs or is None. `tags`
    and `collections` are lists of names, `csl` is an object of JSON types.
    Only the title has to be there.
    Raises ValueError, with the reason in one line, where the record is no paper.
    """
    if not isinstance(record, Mapping):
        raise ValueError("not a JSON object")
    fields: dict[str, Any] = {name: _text(record, name, most) for name, most in _TEXTS.items()}
    if not fields["title"] or not normalise_title(fields["title"]):
        raise ValueError("no title")
    fields |= {name: fields[name] or "" for name in ("abstract", "note")}
    if fields["published"] and not is_date(fields["published"]):
        raise ValueError("`published` is not YYYY, YYYY-MM or YYYY-MM-DD")
    for name, key, example in (("arxiv_id", arxiv_key, "2110.07143"), ("doi", doi_key, "10.1000/182")):
        given, fields[name] = fields[name], key(fields[name] or "")
        if given and not fields[name]:
            raise ValueError(f"`{name}` is not one, like {example}")
    authors = _names(record.get("authors"), "authors", MOST_AUTHORS)
    count = record.get("author_count", len(authors) or None)
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError("`author_count` is not a positive integer")
    if count is not None and count > _MOST_COUNTED:
        raise ValueError("`author_count` is larger than any paper's")
    return Paper(
        **fields,
        author_count=count,
        is_digest=record.get("is_digest") is True,
        authors=authors,
        tags=_names(record.get("tags"), "tags"),
        collections=_names(record.get("collections"), "collections"),
        csl=_csl(record.get("csl")),
    )


def shown_path(path: Path) -> str:
    """The path as text; a name in another encoding than the system's gets replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")


def unwrapped(value: Any) -> Any:
    """A text as one line; any other value as it is, for `paper_from` to reject."""
    return in_a_line(value) if isinstance(value, str) else value


def entry_from(record: Any, source: str, line: int | None) -> Entry:
    """The paper of a record, or its rejection."""
    try:
        return paper_from(record)
    except ValueError as error:
        return Rejection(source, line, in_a_line(str(error)))


def is_date(text: str) -> bool:
    """Whether this is YYYY, YYYY-MM or YYYY-MM-DD, and exists in the calendar."""
    try:
        return bool(_PUBLISHED.fullmatch(text) and date.fromisoformat(text + "-01-01"[len(text) - 4 :]))
    except ValueError:
        return False


def _names(value: Any, name: str = "authors", most: int = MOST_LABELS) -> tuple[str, ...]:
    """Raises ValueError unless this is None or a list of names."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"`{name}` is not a list of names")
    names = tuple(encodable(text.strip()) for text in value if text.strip())
    if len(names) > most or any(len(text) > LONGEST_NAME for text in names):
        raise ValueError(f"`{name}` are more, or longer, than names are")
    return names


def _csl(value: Any) -> dict[str, Any]:
    """What else a source says, as far as it is known. Raises ValueError unless it is an object of JSON."""
    return {} if value is None else dict(json.loads(encodable(_csl_text(value))))


def _csl_text(value: Any) -> str:
    """The same as JSON."""
    if not isinstance(value, Mapping):
        raise ValueError("`csl` is not a JSON object")
    known = {name: content for name, content in value.items() if content not in (None, "", [], {})}
    try:
        dumped = json.dumps(known, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("`csl` is not made of JSON types") from error
    if len(dumped) > LONGEST_CSL or _depth(known) > _DEEPEST_CSL:
        raise ValueError("`csl` is larger than what is said of a paper")
    return dumped


def is_csl(value: Any) -> bool:
    """Whether `paper_from` accepts this as what else a source says."""
    try:
        _csl_text(value)
    except ValueError:
        return False
    return True


def _depth(value: Any) -> int:
    """How many objects and lists lie inside each other, in what is made of JSON types."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


def _text(record: Mapping[str, Any], name: str, most: int) -> str | None:
    """The text of a field. Raises ValueError where it is too long, before any pattern runs over it."""
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{name}` is not a text")
    text = (value or "").strip()
    if len(text) > most:
        raise ValueError(f"the {name} has {len(text):,} characters, and at most {most:,} are read")
    return encodable(text) or None

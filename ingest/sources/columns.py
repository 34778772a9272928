"""Which column of a table, or which key of an object, holds which field of a paper."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.sources.base import LONGEST_DETAIL
from ingest.sources.column_names import CSL, FIELDS, HINTS, LINKED, NAMES, SEVERAL, TYPES
from ingest.sources.csl_fields import key_in_note
from ingest.sources.loose import loose_record, note_text, plain_text, read_labels, read_names
from rag.errors import SourceError
from rag.identity import normalise_title
from rag.plain import in_a_line

_ARXIVS_OWN = {"id", "categories"}  # columns of tables made of arXiv's metadata
_SHOWN = 20  # columns that an error lists
_TYPE = re.compile(r"[a-z_]+(?:-[a-z]+)*")  # of CSL
_PAIR = re.compile(r",(?=\s*\w+\s*=)")  # names of columns may have commas


def columns_from(text: str) -> dict[str, str]:
    """`title=Name,abstract=Summary` as the column of each field. Raises SourceError."""
    columns: dict[str, str] = {}
    for pair in _PAIR.split(text):
        field, _, column = (part.strip() for part in pair.partition("="))
        if field not in FIELDS:
            raise SourceError(
                f"{field!r} is no field of a paper: use {', '.join(FIELDS)}, as in title=Name"
            )
        if not column or field in columns:
            raise SourceError(f"the column of {field} is not clear: write it once, as in {field}=Name")
        columns[field] = column
    return columns


@dataclass(frozen=True)
class Columns:
    """The places of a paper's fields in a row, and of those of CSL; some may have several."""

    places: Mapping[str, tuple[int, ...]]
    csl: Mapping[str, int]

    @property
    def needed(self) -> list[int]:
        """The places to read, in order."""
        return sorted({place for places in self.places.values() for place in places} | {*self.csl.values()})

    def record(self, cell: Callable[[int], Any]) -> dict[str, Any]:
        """The record of a row; `cell` returns the value at a place."""
        values = {name: [cell(place) for place in places] for name, places in self.places.items()}
        first = {name: cells[0] for name, cells in values.items() if cells and name not in SEVERAL}
        known = {name: first.get(name) for name in FIELDS if name not in SEVERAL}
        hints = values.get("hints", [])
        known["key"] = next(filter(None, map(key_in_note, hints)), known["key"])
        record = record_of_values(
            {**known, "published": values.get("published", ()), "tags": values.get("tags", ())}, hints
        )
        texts = {name: cell(place) for name, place in self.csl.items() if name != "editor"}
        editors = read_names(cell(self.csl["editor"])) if "editor" in self.csl else []
        names = {"editor": [{"literal": name} for name in editors]} if editors else {}
        return record | {"csl": {**_item(texts), **names} or None}

    def linked(self, cell: Callable[[int], Any]) -> str:
        """What a row says of files; "" where it has no such column."""
        values = [cell(place) for place in self.places.get("file", ())]
        return next((value for value in values if isinstance(value, str)), "")


def record_of_values(values: Mapping[str, Any], hints: Iterable[Any] = ()) -> dict[str, Any]:
    """The record of loose values by the names of the fields, in which labels may stand in one text.

    `published` and `tags` are lists of values.
    """
    lists = {
        "tags": [tag for value in values["tags"] for tag in read_labels(value)],
        "collections": read_labels(values["collections"]),
        "note": note_text(values["note"]) if isinstance(values["note"], str) else None,
    }
    return loose_record(**{**values, **lists, "hints": hints})


def _item(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of CSL in a row, as texts."""
    texts = {
        name: plain_text(str(value) if isinstance(value, int) else value, LONGEST_DETAIL)
        for name, value in values.items()
    }
    kind = texts.get("type", "")
    texts["type"] = TYPES.get(normalise_title(kind), kind if _TYPE.fullmatch(kind) else "")
    return {name: text for name, text in texts.items() if 0 < len(text) <= LONGEST_DETAIL}


def find_columns(header: Sequence[str], columns: Mapping[str, str]) -> Columns:
    """The places of the fields under this header: as `columns` says, else by their usual names.

    Raises ValueError, which lists the columns, where one is missing.
    """
    known = [normalise_title(name) for name in header]
    places = {
        field: tuple(known.index(name) for name in names if name in known) for field, names in NAMES.items()
    }
    places["file"] = tuple(known.index(name) for name in LINKED if name in known)
    places["hints"] = tuple(known.index(name) for name in HINTS if name in known)
    if set(known) >= _ARXIVS_OWN and not places["arxiv_id"]:
        places["arxiv_id"] = (known.index("id"),)
    for field, column in columns.items():
        places[field] = (_place(header, column),)
    for field in ("title", "abstract"):
        if not places[field]:
            raise ValueError(
                f"has no column for the {field}: name one of {_shown(header)} with --columns {field}=NAME"
            )
    csl = {
        field: known.index(name)
        for field, names in reversed(CSL.items())
        for name in reversed(names)
        if name in known
    }
    return Columns(places, csl)


def has_columns(header: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Whether a table with this header holds papers."""
    try:
        find_columns(header, columns)
    except ValueError:
        return False
    return True


def check_keys(keys: Sequence[str], columns: Mapping[str, str]) -> None:
    """Raises ValueError where a column that the user names is not among the keys."""
    for column in columns.values():
        _place(keys, column)


def _place(header: Sequence[str], column: str) -> int:
    for name in (column, column.strip()):
        if name in header:
            return header.index(name)
    folded = [name.strip().casefold() for name in header]
    if folded.count(column.strip().casefold()) == 1:
        return folded.index(column.strip().casefold())
    raise ValueError(f"has no column {column!r}: name one of {_shown(header)} with --columns")


def _shown(header: Sequence[str]) -> str:
    names = [in_a_line(name) for name in header if name.strip()]
    shown = ", ".join(name[:40] for name in names[:_SHOWN]) or "its columns, once they have names,"
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")

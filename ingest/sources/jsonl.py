"""Papers as JSON lines: one object a line, with the fields of `Paper` or with keys that a user names."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.sources.base import Entry, ReadOptions, Rejection, entry_from
from ingest.sources.column_names import FIELDS
from ingest.sources.columns import check_keys, record_of_values
from ingest.sources.texts import LONGEST_LINE, numbered_lines

BACKUP_MARK = "askpapers_backup"
"""A key in the lines of a backup that are no records."""
_CHECKED = 50  # lines, one of which must have each key that a user names


def read_jsonl(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each line, or why it is none. Streams."""
    yield from read_json_lines(path, source, lambda value: _renamed(value, options))


def read_json_lines(path: Path, source: str, record_of: Callable[[Any], Any]) -> Iterator[Entry]:
    """The entry of each line; `record_of` turns its value into a record for `paper_from`."""
    for number, line in numbered_lines(path):
        if line is None:
            yield Rejection(source, number, f"the line has more than {LONGEST_LINE:,} characters")
        elif line.strip():
            value = _parsed(line, source, number)
            if isinstance(value, Rejection):
                yield value
            elif not isinstance(value, Mapping) or BACKUP_MARK not in value:
                yield entry_from(record_of(value), source, number)


def check_jsonl(path: Path, options: ReadOptions) -> None:
    """Raises ValueError where a key that the user names is in none of the first lines."""
    if not options.columns:
        return
    lines = islice(numbered_lines(path), _CHECKED)
    records = (_parsed(line, "", number) for number, line in lines if line and line.strip())
    keys = {key: None for record in records if isinstance(record, Mapping) for key in record}
    if keys:
        check_keys(list(keys), options.columns)


def _parsed(line: str, source: str, number: int) -> Any:
    """The value of a line of JSON, or a Rejection where it is broken."""
    try:
        return json.loads(line)
    except ValueError:
        return Rejection(source, number, "the line is no JSON")
    except RecursionError:
        return Rejection(source, number, "the line has lists or objects too deep inside each other")


def _renamed(record: Any, options: ReadOptions) -> Any:
    """The record under the keys that the user names, or unchanged where none are named."""
    if not options.columns or not isinstance(record, Mapping):
        return record
    values: dict[str, Any] = {field: record.get(options.columns.get(field, field)) for field in FIELDS}
    several = {name: [values[name]] for name in ("published", "tags")}
    return record_of_values(values | several)

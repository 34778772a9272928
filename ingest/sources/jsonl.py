"""Papers as JSON lines: one object a line, with the fields of `Paper`."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ingest.sources.base import Entry, Rejection, check_length
from rag.identity import arxiv_key, doi_key, normalise_title
from rag.types import Paper

_PUBLISHED = re.compile(r"\d{4}(-\d\d){0,2}", re.ASCII)
_TEXTS = ("title", "abstract", "published", "organization", "arxiv_id", "doi")


def read_jsonl(path: Path, source: str | None = None) -> Iterator[Entry]:
    """The paper of each line; a line that is none is rejected with the reason. Streams."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield _paper(json.loads(line))
            except (ValueError, RecursionError) as error:
                yield Rejection(source or str(path), number, str(error))


def _paper(record: Any) -> Paper:
    """Raises ValueError with the reason why a record is not a paper."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    fields: dict[str, Any] = {name: _text(record, name) for name in _TEXTS}
    if not fields["title"] or not normalise_title(fields["title"]):
        raise ValueError("no title")
    if not fields["abstract"]:
        raise ValueError("no abstract")
    if fields["published"] and not _is_date(fields["published"]):
        raise ValueError("`published` is not YYYY, YYYY-MM or YYYY-MM-DD")
    if fields["arxiv_id"] and not arxiv_key(fields["arxiv_id"]):
        raise ValueError("`arxiv_id` is not one, like 2110.07143")
    if fields["doi"] and not doi_key(fields["doi"]):
        raise ValueError("`doi` is not one, like 10.1000/182")
    check_length(fields["title"], fields["abstract"])
    count = record.get("author_count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError("`author_count` is not a positive integer")
    return Paper(**fields, author_count=count, is_digest=record.get("is_digest") is True)


def _is_date(shown: str) -> bool:
    """Whether this is a year, a month or a day that exists."""
    try:
        return bool(_PUBLISHED.fullmatch(shown) and date.fromisoformat(shown + "-01-01"[len(shown) - 4 :]))
    except ValueError:
        return False


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{name}` is not a text")
    if value is None or not value.strip():
        return None
    return value.strip().encode("utf-8", "replace").decode()  # lone surrogates cannot be stored

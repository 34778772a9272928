"""arXiv's own metadata as JSON lines, as Kaggle publishes them: millions of records, one a line."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingest.sources.base import LONGEST_NAME, MOST_AUTHORS, MOST_MARKUP, Entry, ReadOptions, unwrapped
from ingest.sources.jsonl import read_json_lines
from ingest.sources.loose import read_date, read_doi
from rag.identity import arxiv_key
from rag.latex import latex_to_text
from rag.months import MONTH_PATTERN
from rag.plain import in_a_line

# In "Mon, 2 Apr 2007 19:18:42 GMT".
_CREATED = re.compile(rf"\b\d{{1,2}} {MONTH_PATTERN} \d{{4}}\b", re.ASCII | re.IGNORECASE)


def is_snapshot(record: Mapping[str, Any]) -> bool:
    """Whether this is a record of arXiv's metadata."""
    own = {"authors_parsed", "versions", "update_date", "categories"}
    return {"id", "title", "abstract"} <= record.keys() and bool(own & record.keys())


def read_snapshot(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record, dated by its first version. Streams."""
    yield from read_json_lines(path, source, snapshot_record)


def snapshot_record(metadata: Any) -> Any:
    """The record of arXiv's metadata for `paper_from`; any value but an object is returned unchanged."""
    if not isinstance(metadata, Mapping):
        return metadata
    arxiv_id = metadata.get("id")
    return {
        "title": unwrapped(metadata.get("title")),
        "abstract": unwrapped(metadata.get("abstract")),
        "published": _published(metadata),
        "arxiv_id": arxiv_key(arxiv_id) if isinstance(arxiv_id, str) else None,
        "doi": read_doi(metadata.get("doi")),
        "authors": list(_names(metadata.get("authors_parsed"))),
    }


def _published(metadata: Mapping[str, Any]) -> str | None:
    versions = metadata.get("versions")
    first = versions[0] if isinstance(versions, list) and versions else None
    created = first.get("created") if isinstance(first, Mapping) else None
    day = _CREATED.search(created[:100]) if isinstance(created, str) else None
    return read_date(day[0] if day else metadata.get("update_date"))


def _names(parsed_names: Any) -> Iterator[str]:
    """The names, which arXiv splits into lists of family name, given name and suffix."""
    if not isinstance(parsed_names, list):
        return
    for parsed in parsed_names[:MOST_AUTHORS]:
        if isinstance(parsed, list):
            parts = [part for part in parsed[:3] if isinstance(part, str)]
            latex = in_a_line(" ".join([*parts[1:2], *parts[:1], *parts[2:]]))
            name = in_a_line(latex_to_text(latex)) if len(latex) <= MOST_MARKUP * LONGEST_NAME else ""
            if 0 < len(name) <= LONGEST_NAME:
                yield name

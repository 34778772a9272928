"""Papers as JSON lines: one object a line, with the fields of `Paper`."""

import json
from collections.abc import Iterator
from pathlib import Path

from ingest.sources.base import Entry, Rejection, paper_from


def read_jsonl(path: Path, source: str | None = None) -> Iterator[Entry]:
    """The paper of each line; a line that is none is rejected with the reason. Streams."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield paper_from(json.loads(line))
            except (ValueError, RecursionError) as error:
                yield Rejection(source or str(path), number, str(error))

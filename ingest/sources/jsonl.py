"""Papers as JSON lines: one object a line, with the fields of `Paper`."""

import json
from collections.abc import Iterator
from pathlib import Path

from ingest.sources.base import Entry, Reading, Rejection, entry_from
from ingest.sources.texts import LONGEST_LINE, numbered_lines


def read_jsonl(path: Path, source: str, reading: Reading) -> Iterator[Entry]:
    """The paper of each line; a line that is none is rejected with the reason. Streams."""
    for number, line in numbered_lines(path):
        if line is None:
            yield Rejection(source, number, f"the line has more than {LONGEST_LINE:,} characters")
        elif line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Rejection(source, number, str(error))
            else:
                yield entry_from(record, source, number)

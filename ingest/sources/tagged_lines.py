"""Records in lines that begin with a tag and a hyphen, as RIS and MEDLINE have them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.sources.base import Entry, Rejection, entry_from
from ingest.sources.texts import LONGEST_LINE, WINDOWS, numbered_lines
from rag.plain import in_a_line, plain

_MOST_LINES = 200_000  # of a record; a paper of 3,000 authors has some 20,000


@dataclass
class TaggedRecord:
    """The values of a record by their tags, in its order; a value keeps its lines.

    `take` and `take_all` take values out: what is left is what nobody has read.
    """

    line: int
    values: list[tuple[str, list[str]]] = field(default_factory=list)
    is_too_long: bool = False
    _size: int = 0
    _lines: int = 0

    def add(self, tag: str | None, text: str) -> None:
        """Add a value, or a line of the last value where it has no tag. Nothing too long is kept."""
        self._size += len(text)
        self._lines += 1
        if self.is_too_long or self._size > LONGEST_LINE or self._lines > _MOST_LINES:
            self.is_too_long = True
            self.values.clear()
        elif tag:
            self.values.append((tag, [text]))
        elif self.values:
            self.values[-1][1].append(text)

    def has(self, tag: str) -> bool:
        return any(name == tag for name, _ in self.values)

    def take(self, *tags: str) -> str:
        """The first value of the first of these tags that has one, in a line."""
        for tag in tags:
            for place, (name, lines) in enumerate(self.values):
                if name == tag and (text := in_a_line(" ".join(lines))):
                    del self.values[place]
                    return text
        return ""

    def take_all(self, *tags: str) -> list[str]:
        """All values of these tags, with their lines."""
        texts = ["\n".join(lines).strip() for name, lines in self.values if name in tags]
        self.values = [value for value in self.values if value[0] not in tags]
        return [text for text in texts if text]

    def pairs(self) -> list[list[str]]:
        """Each value behind its tag, as far as nobody has taken it, in order."""
        return [[name, text] for name, lines in self.values if (text := "\n".join(lines).strip())]

    def rest(self) -> dict[str, list[str]]:
        """What has not been taken, by tag."""
        rest: dict[str, list[str]] = {}
        for name, text in self.pairs():
            rest.setdefault(name, []).append(text)
        return rest


def tagged_records(
    path: Path,
    tag_line: re.Pattern[str],
    is_start: Callable[[str, TaggedRecord, bool], bool],
    end: str | None = None,
) -> Iterator[TaggedRecord]:
    """Each record of a file. `tag_line` matches a line with a tag and its text.

    `is_start` says whether a tag begins another record than this one, given whether it follows a blank
    line. A record ends there, at the tag `end`, or with the file. A line without a tag goes on with the
    value above it.
    """
    record: TaggedRecord | None = None
    is_after_blank = True
    for number, line in numbered_lines(path, WINDOWS):
        text = plain(line or "").strip()
        tagged = tag_line.match(text)
        tag = tagged[1] if tagged else None
        if record and tag and (tag == end or is_start(tag, record, is_after_blank)):
            yield record
            record = None
        if record is None and tag and tag != end:
            record = TaggedRecord(number)
        if record and line is None:
            record.is_too_long = True
        elif record and text:
            record.add(tag, tagged[2] if tagged else text)
        is_after_blank = not text
    if record:
        yield record


def entry_of(record: TaggedRecord, fields: dict[str, Any], source: str) -> Entry:
    """The paper with these fields, or a rejection with the line where its record begins."""
    if record.is_too_long:
        return Rejection(source, record.line, f"the record has more than {LONGEST_LINE:,} characters")
    return entry_from(fields, source, record.line)

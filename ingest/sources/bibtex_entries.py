"""The entries of a BibTeX file as they were written.

A file is read in pieces that end before an entry, so its size does not matter, and a broken entry spoils
at most the next one.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bibtexparser import model
from bibtexparser.entrypoint import parse_string
from bibtexparser.exceptions import ParsingException

from ingest.sources.bibtex_values import is_value, mended, resolved, text_of
from ingest.sources.texts import BIBTEX_ENTRY, WINDOWS, numbered_lines
from rag.plain import in_a_line

_PIECE, _LONGEST_PIECE = 1 << 17, 1 << 20  # characters; the longest entry with an abstract has thousands
_MOST_STRINGS = 10_000
_LOST_ENTRY = re.compile(r"\btitle\s*=", re.IGNORECASE)
# How the parser's reasons begin, and what they mean to a reader.
_PROBLEMS = {
    "Unexpectedly reached end": "it breaks off",
    "Unexpected block start": "a brace or a quotation mark is not closed",
    "Expected comma": "a comma is missing behind its key",
    "Expected either": "a comma is missing behind a field",
    "Expected": "an equals sign is missing behind the name of a field",
}
_TYPE = re.compile(r"\s*@\s*(\w+)")

logging.getLogger("bibtexparser").addHandler(logging.NullHandler())  # its warnings become rejections here


@dataclass(frozen=True)
class WrittenEntry:
    """An entry: its type, key and fields as they are written, in order, but without names of strings.

    A field that occurs more than once has a list of its values. `texts` are what the values hold, by the
    names of the fields in small letters, of several the first.
    """

    kind: str
    key: str
    fields: dict[str, str | list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What a record keeps of the entry."""
        return {"type": self.kind, "key": self.key, "fields": self.fields}


def written_entries(path: Path) -> Iterator[tuple[int, WrittenEntry | str]]:
    """Each entry with its line, or the reason why it is none. Streams."""
    strings: dict[str, str] = {}
    for first, piece in _pieces(path):
        if piece is None:
            yield first, f"an entry of more than {_LONGEST_PIECE:,} characters"
        else:
            yield from _entries(piece, first, strings)


def _pieces(path: Path) -> Iterator[tuple[int, str | None]]:
    """The text in pieces of whole entries, each with its first line; None for one that is too long."""
    lines: list[str] = []
    first, size, is_skipped = 1, 0, False
    for number, line in numbered_lines(path, errors=WINDOWS):
        is_start = line is not None and "@" in line and BIBTEX_ENTRY.match(line) is not None
        if is_start and (size > _PIECE or is_skipped):
            yield from [] if is_skipped else [(first, "".join(lines))]
            lines, first, size, is_skipped = [], number, 0, False
        if is_skipped:
            continue
        size += _LONGEST_PIECE + 1 if line is None else len(line)
        lines.append(line or "")
        if size > _LONGEST_PIECE:
            yield first, None
            lines, is_skipped = [], True
    if lines:
        yield first, "".join(lines)


def _entries(piece: str, first: int, strings: dict[str, str]) -> Iterator[tuple[int, WrittenEntry | str]]:
    try:
        blocks = parse_string(piece, parse_stack=[]).blocks
    except ParsingException:
        yield first, "no BibTeX from here to the next entry"
        return
    for block in blocks:
        line = first + (block.start_line or 0)
        if isinstance(block, model.ParsingFailedBlock) and block.ignore_error_block:
            block = block.ignore_error_block  # a repeated key or field
        if isinstance(block, model.Entry):
            yield line, _entry(block, strings)
        elif isinstance(block, model.String):
            if len(strings) < _MOST_STRINGS:
                with suppress(ValueError):  # a broken string is not defined
                    strings[block.key.lower()] = resolved(block.value, strings)
        elif isinstance(block, model.ParsingFailedBlock):
            yield line, _broken(block)
        elif isinstance(block, model.ImplicitComment) and _LOST_ENTRY.search(block.comment):
            yield line, f"not an entry: {in_a_line(block.comment)[:60]}"


def _broken(block: model.ParsingFailedBlock) -> str:
    reason = getattr(block.error, "abort_reason", "")
    problem = next((words for start, words in _PROBLEMS.items() if reason.startswith(start)), "no BibTeX")
    return f"a broken entry ({problem}): {in_a_line((block.raw or '')[:200])[:60]}"


def _entry(block: model.Entry, strings: Mapping[str, str]) -> WrittenEntry | str:
    """The entry without fields that are broken; the reason, where that is its title or abstract."""
    raw_type = _TYPE.match(block.raw or "")
    entry = WrittenEntry(raw_type[1] if raw_type else block.entry_type, block.key.strip())
    for written in block.fields:
        name = written.key.lower()
        try:
            value = resolved(written.value, strings)
            entry.texts.setdefault(name, text_of(value))
        except ValueError as error:
            if name in ("title", "abstract"):
                return f"a broken entry ({error}): {in_a_line(block.raw or '')[:60]}"
            continue
        if not is_value(value) and not is_value(value := mended(value)):
            continue  # it would spoil the entry when that is written
        before = entry.fields.get(written.key)
        several = before if isinstance(before, list) else [] if before is None else [before]
        entry.fields[written.key] = [*several, value] if several else value
    return entry

"""BibTeX, as reference managers, Google Scholar, the ACL Anthology and we ourselves export it.

A file is read in pieces that end before an entry, so its size does not matter, and a broken entry spoils
at most the next one.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from bibtexparser import model
from bibtexparser.entrypoint import parse_string
from bibtexparser.exceptions import ParsingException
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names

from ingest.sources.base import (
    LONGEST_ABSTRACT,
    LONGEST_DETAIL,
    LONGEST_TITLE,
    MOST_MARKUP,
    Attachment,
    Entry,
    ReadOptions,
    Rejection,
    entry_from,
    shown_path,
)
from ingest.sources.linked_files import pdf_in
from ingest.sources.loose import loose_record, plain_text
from ingest.sources.texts import BIBTEX_ENTRY, WINDOWS, numbered_lines
from rag.latex import latex_to_text
from rag.plain import in_a_line
from rag.types import Paper

_PIECE, _LONGEST_PIECE = 1 << 17, 1 << 20  # characters; the longest entry with an abstract has thousands
_LONGEST_VALUE, _LONGEST_AUTHORS = 8 * LONGEST_ABSTRACT, 400_000
_LONGEST = {"title": LONGEST_TITLE, "abstract": LONGEST_ABSTRACT, "abstractnote": LONGEST_ABSTRACT}
_MOST_STRINGS = 10_000
_MARK = re.compile(r"(?<!\\)[{}\"#]")
_STRAY = re.compile(r"\s*[^\s#]")
_LOST_ENTRY = re.compile(r"\btitle\s*=", re.IGNORECASE)
_TAIL = 40  # characters at the end of a list of authors
# How the parser's reasons begin, and what they mean to a reader.
_PROBLEMS = {
    "Unexpectedly reached end": "it breaks off",
    "Unexpected block start": "a brace or a quotation mark is not closed",
    "Expected comma": "a comma is missing behind its key",
    "Expected either": "a comma is missing behind a field",
    "Expected": "an equals sign is missing behind the name of a field",
}
_OTHERS = re.compile(r"\s*(?:and\s+others|,?\s*et\s+al\.?)\s*\Z", re.IGNORECASE)
# Where `organization` is not whoever held the conference, as BibTeX has it for the types beside these.
_OF_AUTHORS = {"misc", "online", "report", "techreport", "manual", "dataset", "software", "electronic"}

logging.getLogger("bibtexparser").addHandler(logging.NullHandler())  # its warnings become rejections here


def read_bibtex(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each entry, followed by its PDF if it names one, or a rejection with its line. Streams.

    An upload names no files: they would be the server's.
    """
    strings: dict[str, str] = {}
    folder = path.parent if source == shown_path(path) else None
    for first, piece in _pieces(path):
        if piece is None:
            yield Rejection(source, first, f"an entry of more than {_LONGEST_PIECE:,} characters")
        else:
            for entry, file in _entries(piece, first, source, strings):
                yield entry
                pdf = pdf_in(file, folder) if file and folder else None
                if pdf and isinstance(entry, Paper):
                    yield Attachment(source, pdf, entry, options.keep)


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


def _entries(
    piece: str, first: int, source: str, strings: dict[str, str]
) -> Iterator[tuple[Entry, str | None]]:
    """Each entry, with what its field `file` holds."""
    try:
        blocks = parse_string(piece, parse_stack=[]).blocks
    except ParsingException:
        yield (
            Rejection(source, first, "no BibTeX from here to the next entry"),
            None,
        )
        return
    for block in blocks:
        line = first + (block.start_line or 0)
        if isinstance(block, model.ParsingFailedBlock) and block.ignore_error_block:
            block = block.ignore_error_block  # a repeated key or field
        if isinstance(block, model.Entry):
            yield _entry(block, strings, source, line)
        elif isinstance(block, model.String):
            if len(strings) < _MOST_STRINGS:
                with suppress(ValueError):  # a broken string is not defined
                    strings[block.key.lower()] = _value(block.value, strings)[:_LONGEST_VALUE]
        elif isinstance(block, model.ParsingFailedBlock):
            yield Rejection(source, line, _broken(block)), None
        elif isinstance(block, model.ImplicitComment) and _LOST_ENTRY.search(block.comment):
            yield Rejection(source, line, f"not an entry: {in_a_line(block.comment)[:60]}"), None


def _broken(block: model.ParsingFailedBlock) -> str:
    reason = getattr(block.error, "abort_reason", "")
    problem = next((words for start, words in _PROBLEMS.items() if reason.startswith(start)), "no BibTeX")
    return f"a broken entry ({problem}): {in_a_line((block.raw or '')[:200])[:60]}"


def _entry(
    entry: model.Entry, strings: Mapping[str, str], source: str, line: int
) -> tuple[Entry, str | None]:
    values: dict[str, str] = {}
    for field in entry.fields:
        name = field.key.lower()
        try:
            values.setdefault(name, _value(field.value, strings))
        except ValueError as error:
            if name in ("title", "abstract"):
                reason = f"a broken entry ({error}): {in_a_line(entry.raw or '')[:60]}"
                return Rejection(source, line, reason), None
    return entry_from(_record(entry.entry_type.lower(), values), source, line), values.get("file")


def _record(kind: str, values: Mapping[str, str]) -> dict[str, object]:
    def text(name: str) -> str:
        return _printed(values.get(name, ""), _LONGEST.get(name, LONGEST_DETAIL))

    is_arxiv = "arxiv" in (text("archiveprefix") + text("eprinttype")).lower()
    organization = text("institution") or text("school")
    if not organization and kind in _OF_AUTHORS:
        organization = text("organization")
    return loose_record(
        text("title"),
        text("abstract") or text("abstractnote"),
        published=[text("date"), *_dates(text("year"), text("month"), text("day"))],
        authors=list(_authors(values.get("author", ""))),
        doi=text("doi"),
        arxiv_id=text("arxivid") or (text("eprint") if is_arxiv else None) or _abs(text("volume")),
        hints=[
            text(name) for name in ("eprint", "url", "journal", "note", "howpublished", "number", "volume")
        ],
        organization=organization,
    )


def _printed(text: str, most: int) -> str:
    """The text as LaTeX prints it, in one line; unchanged if it is too long to be accepted."""
    text = in_a_line(text)
    return text if len(text) > MOST_MARKUP * most else in_a_line(latex_to_text(text))


def _abs(volume: str) -> str | None:
    """The arXiv id in the volume of a preprint, as DBLP and Semantic Scholar write it: `abs/2110.07143`."""
    return volume[4:] if volume.lower().startswith("abs/") else None


def _dates(year: str, month: str, day: str) -> Iterable[str]:
    """The forms of a date to try, the fullest first."""
    year, month, day = (part.strip(" ~.,") for part in (year, month, day))
    if not year:
        return []
    parts = [part for part in (year, month, day) if part]
    return ["-".join(parts) if month.isdecimal() else " ".join([day, month, year]), year]


def _authors(text: str) -> Iterator[str]:
    """The names, the given name first, with `others` at the end where the list says so."""
    if not text.strip():
        return
    whole = text[:-_TAIL] + _OTHERS.sub("", text[-_TAIL:])
    has_others, text = whole != text, whole
    if not _is_balanced(text):
        text = text.replace("{", "").replace("}", "")
    for name in split_multiple_persons_names(in_a_line(text)):
        if parts := dict(_PART.findall(name[:1_000])):  # biblatex's own form: family=Berg, prefix=van der
            parts.pop("given-i" if "given" in parts else "", None)
            yield plain_text(latex_to_text(" ".join(parts[part] for part in _PARTS if part in parts)))
            continue
        name = name[:1_000]
        if "," in name or "{" in name:  # else it is in order already
            name = parse_single_name_into_parts(name, strict=False).merge_first_name_first
        # Without a comma, at which the name would be turned around.
        yield plain_text(latex_to_text(name)).replace(",", "")
    if has_others:
        yield "others"


_PARTS = ("given-i", "given", "prefix", "family", "suffix")
_PART = re.compile(rf"(?:^|,)\s*({'|'.join(_PARTS)})=\s*\"?([^,\"]+)")


def _is_balanced(text: str) -> bool:
    depth = 0
    for mark in _MARK.finditer(text):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth < 0:
            return False
    return depth == 0


def _value(raw: str, strings: Mapping[str, str]) -> str:
    """The text of a value: parts in braces or quotes, numbers, and names of strings, joined by `#`.

    Raises ValueError if something follows a closing brace or quote, because a comma is missing.
    """
    raw = raw.strip()
    parts, start, depth, is_quoted = [], 0, 0, False
    for match in _MARK.finditer(raw):
        mark = match[0]
        if mark == '"' and depth == 0:
            is_quoted = not is_quoted
        elif mark in "{}":
            depth += 1 if mark == "{" else -1
        if depth == 0 and not is_quoted and mark in '}"' and _STRAY.match(raw, match.end()):
            raise ValueError("a comma is missing behind a field")
        if depth or is_quoted or mark != "#":
            continue
        parts.append(_part(raw[start : match.start()], strings))
        start = match.end()
    return "".join([*parts, _part(raw[start:], strings)])[:_LONGEST_AUTHORS]


def _part(raw: str, strings: Mapping[str, str]) -> str:
    raw = raw.strip()
    if len(raw) > 1 and (raw[0], raw[-1]) in (("{", "}"), ('"', '"')):
        return raw[1:-1]
    return strings.get(raw.lower(), raw)

"""BibTeX, as reference managers, Google Scholar, the ACL Anthology and we ourselves export it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.sources.base import Attachment, Entry, ReadOptions, Rejection, entry_from, shown_path
from ingest.sources.bibtex_entries import written_entries
from ingest.sources.bibtex_record import record_of
from ingest.sources.linked_files import pdf_in
from ingest.sources.texts import WINDOWS, numbered_lines
from rag.types import Paper

_CROSSREF = re.compile(r"\bcrossref\s*=\s*[{\"]\s*([^{}\",\s]+)", re.IGNORECASE)
_MOST_PARENTS = 10_000


def read_bibtex(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each entry, followed by its PDF if it names one, or a rejection with its line. Streams.

    An upload names no files: they would be the server's.
    """
    folder = path.parent if source == shown_path(path) else None
    parents = _parents(path)
    for line, entry in written_entries(path):
        if isinstance(entry, str):
            yield Rejection(source, line, entry)
            continue
        parent = parents.get(entry.texts.get("crossref", "").strip().lower(), {})
        paper = entry_from(record_of(entry, parent), source, line)
        yield paper
        pdf = pdf_in(entry.texts["file"], folder) if folder and entry.texts.get("file") else None
        if pdf and isinstance(paper, Paper):
            yield Attachment(source, pdf, paper, options.keep)


def _parents(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The texts of the entries that others crossref to, which come later in a file, by key."""
    wanted: set[str] = set()
    for _, line in numbered_lines(path, errors=WINDOWS):
        if line and len(wanted) < _MOST_PARENTS:
            wanted.update(key.lower() for key in _CROSSREF.findall(line))
    if not wanted:
        return {}
    entries = (entry for _, entry in written_entries(path) if not isinstance(entry, str))
    return {entry.key.lower(): entry.texts for entry in entries if entry.key.lower() in wanted}

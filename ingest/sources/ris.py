"""RIS, as reference managers, publishers and databases export it, each in its own way."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.sources.base import Attachment, Entry, ReadOptions, shown_path
from ingest.sources.linked_files import linked_pdfs
from ingest.sources.reference_types import RIS_TYPES, UNKNOWN_TYPE
from ingest.sources.references import reference_record
from ingest.sources.tagged_lines import TaggedRecord, entry_of, tagged_records
from rag.types import Paper

# A single space, as pasted text has it, only behind tags that are RIS's own: "IT - based" is no tag.
RIS_LINE = re.compile(
    r"([A-Z][A-Z0-9](?=  -)|(?:A[1-4BDNUV]|BT|C[1-8ANPTY]|D[ABOP]|E[DPRT]|I[DS]|J[12AFO]|KW|L[1-4ABK]|"
    r"M[1-3]|N[12V]|OP|P[BPY]|R[INP]|S[ENPT]|T[1-3AITY]|U[1-5R]|V[LO]|Y[12])(?= -)) {1,2}- ?(.*)",
    re.ASCII,
)
_NAMES = {
    "title": ("TI", "T1", "CT", "BT"),
    "secondary-title": ("T2", "BT", "JF", "JO", "JA", "J2", "J1"),
    "tertiary-title": ("T3",),
    "short-title": ("J2", "JA", "J1", "JO"),
    "title-short": ("ST",),
    "event-title": ("C3",),
    "abstract": ("AB", "N2"),
    "authors": ("AU", "A1"),
    "second-authors": ("A2",),
    "third-authors": ("A3",),
    "fourth-authors": ("A4",),
    "editors": ("ED",),
    "date": ("DA", "Y1"),
    "year": ("PY",),
    "accessed": ("Y2",),
    "volume": ("VL", "VO"),
    "number-of-volumes": ("NV",),
    "number": ("IS",),
    "page": ("SP",),
    "last-page": ("EP",),
    "edition": ("ET",),
    "section": ("SE",),
    "serial": ("SN",),
    "publisher": ("PB",),
    "publisher-place": ("CY", "PP"),
    "language": ("LA",),
    "call-number": ("CN",),
    "genre": ("M3",),
    "source": ("DB", "DP"),
    "doi": ("DO", "DI"),
    "URL": ("UR",),
    "tags": ("KW",),
    "remarks": ("M2",),
    "note": ("N1", "RN"),
    "article-number": ("C7",),
    "key": ("ID", "LB"),
    "hints": ("AN", "M1", "PB"),
}
# What the notes are that a database writes, which names itself: the user's own are what a manager writes.
_OF_DATABASE = {"remarks": ("N1", "M2"), "note": ("RN",)}


def read_ris(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record, followed by the PDFs that it names and that are there, or a rejection with
    its line. Streams. A record may lack its first or its last line.

    An upload names no files: they would be the server's.
    """
    for record in tagged_records(path, RIS_LINE, lambda tag, *_: tag == "TY", "ER"):
        files = record.rest().get("L1", []) if source == shown_path(path) else []
        entry = entry_of(record, _fields(record), source)
        yield entry
        if isinstance(entry, Paper):
            for pdf in linked_pdfs(files, path):
                yield Attachment(source, pdf, entry, options.keep)


def _fields(record: TaggedRecord) -> dict[str, Any]:
    """The record for `paper_from`, which keeps the lines as they are."""
    code = next(iter(record.rest().get("TY", [])), "").upper()
    names = _NAMES | _OF_DATABASE if record.has("DB") else _NAMES
    lines = {"lines": record.pairs()}
    return reference_record(record, names, RIS_TYPES.get(code, UNKNOWN_TYPE), code, "ris", lines)

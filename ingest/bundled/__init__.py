"""The bundled library: papers with digests in our own words, for trying the program."""

from collections.abc import Iterator
from pathlib import Path

from ingest.sources.base import Entry, Reading
from ingest.sources.jsonl import read_jsonl

PAPERS = Path(__file__).parent / "papers.jsonl"


class BundledSource:
    """The records that come with the program; each says that its text is a digest."""

    name = "bundled"

    def read(self) -> Iterator[Entry]:
        yield from read_jsonl(PAPERS, self.name, Reading())

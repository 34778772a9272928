"""The bundled library: papers with digests in our own words, for trying the program."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.base import Entry, ReadOptions
from ingest.sources.jsonl import read_jsonl

PAPERS = Path(__file__).parent / "papers.jsonl"
ECONOMICS = Path(__file__).parent / "economics.jsonl"  # for the question set of that name


@dataclass(frozen=True)
class BundledSource:
    """Records that come with the program; each says that its text is a digest."""

    path: Path = PAPERS
    name: str = "bundled"

    def read(self) -> Iterator[Entry]:
        yield from read_jsonl(self.path, self.name, ReadOptions())

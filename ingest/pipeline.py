"""From sources to the library: read, write to the catalog in small transactions, index."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from ingest.chunking import split_abstract
from ingest.sources.base import Entry, Rejection, Source
from rag.library import Library
from rag.library.library import Track, untracked
from rag.library.recorder import Recorder, Splitter
from rag.types import Paper

_TRANSACTION = 256  # entries


@dataclass
class Report:
    """What an ingest did. `seen` is the sum of the five that follow it.

    A paper that this run has met before is a duplicate, whatever its earlier mention did.
    """

    seen: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    papers: int = 0  # in the library afterwards
    passages: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def ingest(
    library: Library,
    sources: Iterable[Source],
    track: Track = untracked,
    split: Splitter = split_abstract,
) -> Report:
    """Bring the papers of all sources into the library, then its indexes up to date.

    What a transaction has written stays, whatever happens later; running it again goes on from
    there. `split` cuts an abstract into passages.
    Raises SourceError, LibraryBusyError, MixedLibraryError, EncoderMissingError,
    ModelError.
    """
    started = time.perf_counter()
    report = Report()
    with library.writing():
        library.drop_indexes_ahead()
        recorder = library.catalog.recorder(split)
        for source in sources:
            _write(recorder, source, report)
        library.sync(track)
    report.papers, report.passages = library.catalog.count(), library.catalog.count_passages()
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _write(recorder: Recorder, source: Source, report: Report) -> None:
    for entries in _grouped(source.read(), _TRANSACTION):
        report.seen += len(entries)
        report.rejected += [entry for entry in entries if isinstance(entry, Rejection)]
        papers = [entry for entry in entries if isinstance(entry, Paper)]
        for _, outcome in recorder.put(papers, source.name):
            setattr(report, outcome, getattr(report, outcome) + 1)
    recorder.finish(source.name)


def _grouped(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while group := list(islice(iterator, size)):
        yield group

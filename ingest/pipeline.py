"""From sources to the library: read, write to the catalog in small transactions, update the indexes."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from typing import Any, TypeVar

from ingest.attachments import Written, write_attachments
from ingest.chunking import split_abstract
from ingest.sources.base import Attachment, Entry, Rejection, Source
from rag.library import Library
from rag.library.near import NearDuplicate
from rag.library.progress import Track, untracked
from rag.library.recorder import Outcome, Recorder, Splitter
from rag.types import Paper

Item = TypeVar("Item")

TRANSACTION = 256  # entries written at once
LISTED = 10_000  # rejections, and near duplicates, that a report lists
_PATIENCE = 5.0  # seconds to wait for another writer to end


@dataclass
class Report:
    """What an ingest did. `seen` is the sum of added, updated, unchanged, duplicates and rejections.

    A duplicate is a paper that occurred earlier in this run. `rejected` lists the first 10,000 rejections;
    `unlisted` counts the rest. `near_duplicates` pairs papers that this run added or changed with others
    whose titles are nearly the same; they stay two papers. `title_only` counts the papers of the library
    that have neither an abstract nor a whole text.
    """

    seen: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    unlisted: int = 0
    near_duplicates: list[NearDuplicate] = field(default_factory=list)
    papers: int = 0  # in the library afterwards
    title_only: int = 0
    passages: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def count(self, outcome: Outcome) -> None:
        """Count an entry by what became of it."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def reject(self, rejection: Rejection) -> None:
        """List a rejection, or count it if the list is full."""
        if len(self.rejected) < LISTED:
            self.rejected.append(rejection)
        else:
            self.unlisted += 1


def ingest(
    library: Library,
    sources: Iterable[Source],
    track: Track = untracked,
    split: Splitter = split_abstract,
    transaction: int = TRANSACTION,
) -> Report:
    """Add the papers of all sources to the library, then update its indexes.

    Written transactions, of `transaction` entries each, stay if the run fails, and the next run continues
    from there. `split` cuts an abstract into passages. Sources are streamed, so memory holds one batch and
    what the indexes need. Raises SourceError, LibraryBusyError,
    MixedLibraryError, EncoderMissingError, IndexServerError, ModelError.
    """
    started = time.perf_counter()
    report = Report()
    with library.writing(_PATIENCE):
        library.drop_indexes_ahead()
        before = library.catalog.last_sequence()
        recorder = library.catalog.recorder(split)
        attachments: list[Attachment] = []
        for source in sources:
            if files := _write(recorder, source, report, track, transaction):
                attachments += files
            else:
                recorder.finish(source.name)
        for written in write_attachments(library, recorder, attachments, track) if attachments else ():
            _count(report, written)
        for name in dict.fromkeys(attachment.source for attachment in attachments):
            recorder.finish(name)
        library.forget_files()
        library.sync(track)
    report.near_duplicates = list(islice(library.near_duplicates(before, track), LISTED))
    report.papers, report.passages = library.catalog.count(), library.catalog.count_passages()
    report.title_only = library.catalog.count_titles()
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _write(
    recorder: Recorder, source: Source, report: Report, track: Track, transaction: int
) -> list[Attachment]:
    """Write the records of a source; return the files that it names."""
    attachments: list[Attachment] = []
    groups = grouped(_or_nothing(source.read(), source.name), transaction)
    first = next(groups)
    if any(isinstance(entry, Paper) for entry in first):  # else it is read at once
        groups = iter(track(chain([first], groups), f"reading {source.name}", None))
    else:
        groups = chain([first], groups)
    for group in groups:
        attachments += (entry for entry in group if isinstance(entry, Attachment))
        papers = [entry for entry in group if isinstance(entry, Paper)]
        for entry in group:
            if isinstance(entry, Rejection):
                report.reject(entry)
        report.seen += sum(not isinstance(entry, Attachment) for entry in group)
        for _, outcome in recorder.put(papers, source.name):
            report.count(outcome)
    return attachments


def _count(report: Report, written: Written) -> None:
    """Count what became of a file, unless it only adds to a paper that was counted."""
    if isinstance(written.outcome, Rejection):
        report.seen += 1
        report.reject(written.outcome)
    elif not written.attachment.paper:
        report.seen += 1
        report.count(written.outcome)


def _or_nothing(entries: Iterable[Entry], source: str) -> Iterator[Entry]:
    """The entries of a source, or a rejection if it has none."""
    entry = None
    for entry in entries:
        yield entry
    if entry is None:
        yield Rejection(source, None, "nothing in it is an entry of a paper")


def grouped(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last list may be shorter."""
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group

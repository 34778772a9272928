"""From sources to the library: read, write to the catalog in small transactions, update the indexes."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from ingest.attachments import Written, write_attachments
from ingest.chunking import split_abstract
from ingest.sources.base import Attachment, Entry, Rejection, Skipped, Source
from ingest.sources.stamps import kept_stamp, stamp_of, with_linked
from rag.errors import AskpapersError
from rag.library import Library
from rag.library.near import NearDuplicate
from rag.library.origins import Origin, ReadSource, now
from rag.library.progress import Track, untracked
from rag.library.recorder import Outcome, Recorder, Splitter
from rag.types import Paper

Item = TypeVar("Item")

TRANSACTION = 256  # entries written at once
LISTED = 10_000  # rejections, and near duplicates, that a report lists
OUTCOMES = ("added", "updated", "unchanged", "duplicates")
_PATIENCE = 5.0  # seconds to wait for another writer to end
_PATIENCE_WITH_WATCH = 120.0


@dataclass
class Report:
    """What an ingest did. `seen` is the sum of added, updated, unchanged, duplicates and rejections.

    A duplicate is a paper that occurred earlier in this run. `rejected` lists the first 10,000 rejections;
    `unlisted` counts the rest. `skipped` lists files of folders that are of no kind that can be read; they
    are not among those seen. `near_duplicates` pairs papers that this run added or changed with others
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
    skipped: list[Skipped] = field(default_factory=list)
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

    def add(self, other: "Report") -> None:
        """Add the counts and the lists of another report."""
        for name in ("seen", *OUTCOMES, "unlisted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for rejection in other.rejected:
            self.reject(rejection)

    def complete(
        self, library: Library, started: float, before: int | None = None, track: Track = untracked
    ) -> None:
        """Add what the library holds; of near titles, those of papers that changed after `before`."""
        if before is not None:
            self.near_duplicates = list(islice(library.near_duplicates(before, track), LISTED))
        self.papers, self.passages = library.catalog.count(), library.catalog.count_passages()
        self.title_only = library.catalog.count_titles()
        self.seconds = round(time.perf_counter() - started, 3)

    @property
    def is_useless(self) -> bool:
        """Whether all that was seen was rejected."""
        return self.seen > 0 and not any(getattr(self, name) for name in OUTCOMES)

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
    origins: Mapping[str, Origin] = MappingProxyType({}),
) -> Report:
    """Add the papers of all sources to the library, then update its indexes.

    Written transactions, of `transaction` entries each, stay if the run fails, and the next run continues
    from there. `split` cuts an abstract into passages. `origins` say, by the name of a source, what the
    user named for it; else that is the source itself. Sources are streamed, so memory holds one batch and
    what the indexes need. Raises SourceError, LibraryBusyError,
    MixedLibraryError, EncoderMissingError, IndexServerError, ModelError.
    """
    started = time.perf_counter()
    with writing(library, track, split, transaction) as run:
        # Before anything is read: an ingest that is killed is gone on with by a sync.
        library.catalog.made_of.remember(*{origin.name: origin for origin in origins.values()}.values())
        for source in sources:
            origin = origins.get(source.name) or Origin(source.name)
            try:
                run.write(source, origin)
            except AskpapersError:
                library.catalog.made_of.give_up(source.name, origin.name)
                raise
        run.finish()
    report = Report()
    for written in run.reports.values():
        report.add(written)
    report.complete(library, started, run.before, track)
    return report


@contextmanager
def writing(
    library: Library,
    track: Track = untracked,
    split: Splitter = split_abstract,
    transaction: int = TRANSACTION,
) -> Iterator["Run"]:
    """Hold the library's write lock for a run over sources, then update the indexes."""
    with library.writing(patience_for(library)):
        library.drop_indexes_ahead()
        yield Run(library, library.catalog.recorder(split), track, transaction)
        library.forget_files()
        library.sync(track)


def patience_for(library: Library) -> float:
    """Seconds to wait for another writer to end; `askpapers watch` writes in short turns."""
    holder = library.lock.holder()
    return _PATIENCE_WITH_WATCH if holder and holder.program.endswith(" watch") else _PATIENCE


@dataclass
class Run:
    """Sources that are written into a library, with a report on each.

    A source's stamp is kept when all of it has been written, so that what was interrupted is read again.
    """

    library: Library
    recorder: Recorder
    track: Track
    transaction: int
    reports: dict[str, Report] = field(default_factory=dict)
    done: dict[str, ReadSource] = field(default_factory=dict)  # sources that have been read
    broken: set[str] = field(default_factory=set)  # those of which less can be read than before
    _attachments: list[Attachment] = field(default_factory=list)
    _open: dict[str, ReadSource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.library.catalog.last_sequence()

    def write(self, source: Source, origin: Origin) -> None:
        """Write the records of a source; the files that it names wait for `finish`. Raises SourceError."""
        read = ReadSource(source.name, origin.name, kept_stamp(stamp_of(source)), now(), 0)
        self.library.catalog.made_of.begin(replace(read, stamp=None))
        report = self.reports[source.name] = Report()
        files = _write(self.recorder, source, report, self.track, self.transaction)
        rejected = len(report.rejected) + report.unlisted
        self._open[source.name] = replace(read, rejected=rejected)
        if files:
            self._attachments += files
        else:
            self._close(source.name)

    def finish(self) -> None:
        """Write the files that sources name, and note that these were read. Raises SourceError."""
        files = self._attachments
        linked: dict[str, list[Path]] = {}
        for attachment in files:
            if attachment.source != attachment.place and not (attachment.fetch or attachment.label):
                linked.setdefault(attachment.source, []).append(attachment.path)
        for written in write_attachments(self.library, self.recorder, files, self.track) if files else ():
            _count(self.reports[written.attachment.source], written)
            if isinstance(written.outcome, Rejection) and not written.attachment.paper:
                name = written.attachment.source
                self._open[name] = replace(self._open[name], rejected=self._open[name].rejected + 1)
        for name in list(self._open):
            self._close(name, linked.get(name, ()))

    def _close(self, name: str, linked: Sequence[Path] = ()) -> None:
        """Note that a source has been read to its end."""
        self.recorder.finish(name)
        read = self._open.pop(name)
        unnamed, before = self.recorder.unnamed(name), self.library.catalog.made_of.rejected(name)
        if unnamed and read.rejected > before:
            self.broken.add(name)
        self.done[name] = replace(
            read,
            stamp=with_linked(read.stamp, linked),
            seen=self.reports[name].seen,
            unnamed=len(unnamed),
            rejected=before if unnamed else read.rejected,
        )
        self.library.catalog.made_of.put(self.done[name], unnamed)


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

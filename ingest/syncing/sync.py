"""Brings a library up to date with its origins."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ingest.chunking import split_abstract
from ingest.pipeline import TRANSACTION, Run, grouped, writing
from ingest.sources.base import Entry, Source
from ingest.sources.files import FileSource
from ingest.sources.stamps import stamp_of
from ingest.syncing.looking import Look, look_at
from ingest.syncing.origins import can_be_opened, chosen, kind_of
from ingest.syncing.report import Gone, GonePaper, OriginReport, SyncReport
from rag.errors import SourceError
from rag.library import Library
from rag.library.origins import Origin, ReadSource, now
from rag.library.progress import Track, untracked
from rag.library.recorder import Splitter

_LESS_READABLE = "less of it can be read than before"
IsReady = Callable[[Source], bool]
Pairs = Sequence[tuple[Look, OriginReport]]


def sync(
    library: Library,
    names: Sequence[str] = (),
    *,
    prunes: bool = False,
    is_dry_run: bool = False,
    track: Track = untracked,
    split: Splitter = split_abstract,
    is_ready: IsReady = lambda _: True,
    most: int | None = None,
) -> SyncReport:
    """Look again at all origins, or the named ones; read what is new or changed, and name what is gone.

    Papers that are gone from a source stay, unless `prunes`: then the source's records of them leave. What
    cannot be reached is an error of that origin alone. Of the files to read, those that are not `is_ready`
    are left for later, and those beyond `most`. Raises SourceError for a name that is no origin, and the
    errors of `ingest` for the library.
    """
    started = time.perf_counter()
    origins = chosen(library.catalog, names)
    looks = look_at(library.catalog, list(filter(can_be_opened, origins)), prunes=prunes)
    report = SyncReport(is_dry_run=is_dry_run, is_unfinished=_leave_some(looks, is_ready, most))
    report.left = [origin.name for origin in origins if not can_be_opened(origin)]
    report.origins = list(map(_report_on, looks))
    pairs = list(zip(looks, report.origins, strict=True))
    is_quiet = all(look.changes_nothing(prunes=prunes) for look in looks)
    if is_dry_run or (is_quiet and not library.behind()):
        _show_gone(library, pairs)
        report.total.complete(library, started)
        return report
    before = _read(library, pairs, track, split, prunes=prunes)
    for origin in report.origins:
        report.total.add(origin.report)
    report.total.complete(library, started, before, track)
    return report


def _leave_some(looks: Sequence[Look], is_ready: IsReady, most: int | None) -> bool:
    """Leave the sources for later that are not ready, or beyond `most`; whether there are any."""
    is_unfinished = False
    for look in looks:
        ready = list(filter(is_ready, look.to_read))[:most]
        is_unfinished |= len(ready) < len(look.to_read)
        look.to_read = ready
        most = None if most is None else most - len(ready)
    return is_unfinished


def _read(library: Library, pairs: Pairs, track: Track, split: Splitter, *, prunes: bool) -> int:
    """Read what is new or changed; return the last change of the library before that."""
    for look, report in pairs:
        look.to_read = list(_fetched(look.to_read, report, track))
    with writing(library, track, split) as run:
        for look, report in pairs:
            _write(run, look, report)
        run.finish()
        for look, report in pairs:
            _settle(run, look, report, prunes=prunes)
    return run.before


@dataclass(frozen=True)
class _Fetched:
    """The entries of a service, fetched before the library is locked."""

    name: str
    stamp: str | None
    entries: Sequence[Entry]

    def read(self) -> Iterator[Entry]:
        yield from self.entries


def _fetched(sources: Sequence[Source], report: OriginReport, track: Track) -> Iterator[Source]:
    """The sources, with what services give; one that fails is an error of its origin."""
    for source in sources:
        if isinstance(source, FileSource):
            yield source
            continue
        try:
            stamp = stamp_of(source)
            groups = track(grouped(source.read(), TRANSACTION), f"reading {source.name}", None)
            entries = list(chain.from_iterable(groups))
        except SourceError as error:
            report.errors.append(str(error))
        else:
            yield _Fetched(source.name, stamp, entries)


def _report_on(look: Look) -> OriginReport:
    return OriginReport(
        look.origin.name,
        kind_of(look.origin),
        read=[source.name for source in look.to_read],
        in_step=look.in_step,
        moved=look.moved,
        errors=look.errors,
        completes=bool(look.origin.options.get("complete")),
    )


def _write(run: Run, look: Look, report: OriginReport) -> None:
    """Write what is new or changed in an origin."""
    made_of = run.library.catalog.made_of
    if not made_of.is_known(look.origin.name):  # an earlier version has read it
        made_of.remember(look.origin)
    for old, new in look.moved.items():
        run.recorder.rename(old, new)
        made_of.forget(old)
    for source in look.to_read:
        try:
            run.write(source, Origin(look.owners.get(source.name, look.origin.name)))
        except SourceError as error:
            report.errors.append(str(error))


def _settle(run: Run, look: Look, report: OriginReport, *, prunes: bool) -> None:
    """Note what became of the sources of an origin, and what is gone from them."""
    made_of = run.library.catalog.made_of
    for renewed in look.renewed:
        made_of.put(renewed, made_of.unnamed(renewed.name) if renewed.unnamed else ())
    read = [run.done[source.name] for source in look.to_read if source.name in run.done]
    for source in look.to_read:
        report.report.add(run.reports[source.name])
    as_before = [known for known in look.unnamed if known.name not in run.done]
    for known in [*as_before, *(known for known in read if known.unnamed)]:
        _settle_gone(run, known, report, prunes=prunes)
    for gone in look.gone.values():
        _settle_gone(run, replace(gone, is_gone=True), report, prunes=prunes)
    if not report.errors and made_of.is_known(look.origin.name):
        made_of.remember(replace(look.origin, synced=now()))


def _settle_gone(run: Run, source: ReadSource, report: OriginReport, *, prunes: bool) -> None:
    """Note the papers that are gone from a source, and take its records of them out if it is pruned."""
    made_of, own = run.library.catalog.made_of, list[str]()
    is_met = source.name in run.done
    gone = (run.recorder if is_met or source.is_gone else made_of).unnamed(source.name)
    papers = _named(run.library, gone)
    reason = _LESS_READABLE if source.name in run.broken else None
    is_removed = prunes and reason is None and (is_met or source.is_gone)
    if is_removed:
        own = run.recorder.withdraw(source.name, gone)
    left = own if is_removed else gone
    if source.is_gone and not left:
        made_of.forget(source.name)
    else:
        made_of.put(source, left)
    if gone:
        titles = tuple(paper.title for paper in papers if paper.paper_id in own)
        reason = reason if prunes else None
        report.gone.append(Gone(source.name, len(gone), source.is_gone, papers, is_removed, titles, reason))


def _show_gone(library: Library, pairs: Pairs) -> None:
    """What is known of papers that are gone, without reading anything."""
    for look, report in pairs:
        unnamed = {source.name: library.catalog.made_of.unnamed(source.name) for source in look.unnamed}
        unnamed |= {name: library.catalog.of_sources([name]) for name in look.gone}
        for name, paper_ids in unnamed.items():
            if papers := _named(library, paper_ids):
                report.gone.append(Gone(name, len(papers), name in look.gone, papers))


def _named(library: Library, paper_ids: Sequence[str]) -> list[GonePaper]:
    """These papers by their titles."""
    papers = library.catalog.papers(paper_ids)
    return sorted(
        (GonePaper(paper_id, paper.title) for paper_id, paper in papers.items()),
        key=lambda paper: paper.title,
    )

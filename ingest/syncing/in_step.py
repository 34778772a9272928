"""A library brought into step with what it was made of."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ingest.chunking import split_abstract
from ingest.pipeline import TRANSACTION, Run, grouped, writing
from ingest.sources.base import Entry, Source, shown_path
from ingest.sources.files import FileSource
from ingest.sources.named import path_of
from ingest.sources.stamps import stamp_of
from ingest.syncing.looking import Look, look_at
from ingest.syncing.origins import can_be_opened, kind_of
from ingest.syncing.report import Gone, OriginReport, SyncReport
from rag.errors import SourceError
from rag.library import Library
from rag.library.origins import Origin, ReadSource, now
from rag.library.progress import Track, untracked
from rag.library.recorder import Splitter

_LESS_READABLE = "less of it can be read than before"
IsReady = Callable[[Source], bool]


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
    origins = chosen(library, names)
    report = SyncReport(is_dry_run=is_dry_run)
    report.left = [origin.name for origin in origins if not can_be_opened(origin)]
    looks = look_at(library.catalog, [origin for origin in origins if can_be_opened(origin)], prunes=prunes)
    for look in looks:
        ready = [source for source in look.to_read if is_ready(source)][:most]
        report.is_unfinished |= len(ready) < len(look.to_read)
        look.to_read = ready
        most = None if most is None else most - len(ready)
        report.origins.append(_report_on(look))
    is_quiet = all(look.changes_nothing(prunes=prunes) for look in looks)
    if is_dry_run or (is_quiet and not library.behind()):
        _show_gone(library, looks, report)
        report.total.complete(library, started)
        return report
    for look, its_report in zip(looks, report.origins, strict=True):
        look.to_read = list(_fetched(look.to_read, its_report, track))
    with writing(library, track, split) as run:
        for look, its_report in zip(looks, report.origins, strict=True):
            _write(run, look, its_report)
        run.finish()
        for look, its_report in zip(looks, report.origins, strict=True):
            _settle(run, look, its_report, prunes=prunes)
    for its_report in report.origins:
        report.total.add(its_report.report)
    report.total.complete(library, started, run.before, track)
    return report


def chosen(library: Library, names: Sequence[str]) -> list[Origin]:
    """The origins with these names, or of which sources with these names came; all for no name.

    Raises SourceError.
    """
    origins = library.catalog.made_of.all()
    if not names:
        return origins
    by_name = {origin.name: origin for origin in origins}
    by_name |= {str(origin.options["named"]): origin for origin in origins if "named" in origin.options}
    by_source = {source.name: source.origin for source in library.catalog.made_of.all_sources()}
    picked: dict[str, Origin] = {}
    for name in names:
        possible = (name, shown_path(path_of(name)))
        origin = next((by_name[each] for each in possible if each in by_name), None)
        origin = origin or next((by_name[by_source[each]] for each in possible if each in by_source), None)
        if origin is None:
            raise SourceError(
                f"nothing in the library came of {name}: bring it in with `askpapers ingest`, or see what "
                "it was made of with `askpapers library sources`"
            )
        picked[origin.name] = origin
    return list(picked.values())


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
        made_of.put(renewed)
    read = [run.done[source.name] for source in look.to_read if source.name in run.done]
    for source in look.to_read:
        report.report.add(run.reports[source.name])
    for known in [*look.unnamed, *(known for known in read if known.unnamed)]:
        _settle_gone(run, known, report, prunes=prunes)
    for gone in look.gone.values():
        _settle_gone(run, replace(gone, is_gone=True), report, prunes=prunes)
    if not report.errors and made_of.is_known(look.origin.name):
        made_of.remember(replace(look.origin, synced=now()))


def _settle_gone(run: Run, source: ReadSource, report: OriginReport, *, prunes: bool) -> None:
    """Note the papers that are gone from a source, and take its records of them out if it is pruned."""
    made_of, own = run.library.catalog.made_of, list[str]()
    is_met = source.name in run.done
    gone = run.recorder.unnamed(source.name) if is_met or source.is_gone else [""] * source.unnamed
    reason = _LESS_READABLE if source.name in run.broken else None
    is_removed = prunes and reason is None and (is_met or source.is_gone)
    if is_removed:
        own = run.recorder.withdraw(source.name, gone)
    left = len(own) if is_removed else len(gone)
    if source.is_gone and not left:
        made_of.forget(source.name)
    else:
        made_of.put(replace(source, unnamed=left))
    if gone:
        titles = [paper.title for paper in run.library.catalog.papers(own).values()]
        report.gone.append(
            Gone(source.name, len(gone), source.is_gone, is_removed, titles, reason if prunes else None)
        )


def _show_gone(library: Library, looks: Sequence[Look], report: SyncReport) -> None:
    """What is known of papers that are gone, without reading anything."""
    for look, its_report in zip(looks, report.origins, strict=True):
        its_report.gone += [Gone(source.name, source.unnamed, False) for source in look.unnamed]
        for name in look.gone:
            if papers := library.catalog.made_of.count_papers(name):
                its_report.gone.append(Gone(name, papers, True))

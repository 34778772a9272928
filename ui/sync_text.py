"""What a sync did, as text."""

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from ingest.syncing.report import Gone, OriginReport, SyncReport
from rag.plain import in_a_line
from ui.terminal import counts_of, print_near, print_rejections, print_text, print_totals

_TITLES = 5  # papers of a source that are named
_FILES = 10  # files that are named, of those that a sync would read


def print_sync(report: SyncReport, folder: Path) -> None:
    """What became of each origin where something is new, changed or gone, and the totals."""
    quiet = [origin for origin in report.origins if origin.is_quiet]
    for origin in report.origins:
        if not origin.is_quiet:
            _print_origin(origin, is_dry_run=report.is_dry_run)
    if quiet:
        print_text(Text(f"{_number(len(quiet), 'origin')} in step"))
    for name in report.left:
        print_text(Text(f"{in_a_line(name)}: cannot be looked at again", "dim"))
    if not report.is_dry_run:
        print_near(report.total.near_duplicates)
        print_totals(report.total, folder)


def lines_about(origin: OriginReport) -> Iterator[str]:
    """What moved and what is gone, in words."""
    for old, new in origin.moved.items():
        yield f"moved: {in_a_line(old)} is now {in_a_line(new)}"
    for gone in origin.gone:
        yield _gone(gone)
        yield from (f"  {line}" for line in _titles(gone))


def _print_origin(origin: OriginReport, *, is_dry_run: bool) -> None:
    name = in_a_line(origin.name)
    if is_dry_run:
        print_text(Text(f"{name}: {len(origin.read)} to read, {origin.in_step} in step"))
        for source in origin.read[:_FILES]:
            print_text(Text(in_a_line(source)), indent=2)
        if len(origin.read) > _FILES:
            print_text(Text(f"and {len(origin.read) - _FILES} more"), indent=2)
    else:
        print_text(Text(f"{name}: {counts_of(origin.report)}"))
        print_rejections(origin.report)
    for line in lines_about(origin):
        print_text(Text(line), indent=2)
    for error in origin.errors:
        print_text(Text(in_a_line(error), "yellow"), indent=2)


def _gone(gone: Gone) -> str:
    """“gone: 3 papers of library.bib, kept; --prune takes them out”."""
    papers = f"gone: {_number(gone.papers, 'paper')} of {in_a_line(gone.source)}"
    if gone.reason:
        return f"{papers}, kept, as {gone.reason}"
    if not gone.removed:
        return f"{papers}, kept; --prune takes {'it' if gone.papers == 1 else 'them'} out"
    if not gone.own:
        return f"{papers}, taken out"
    titles = [f"“{in_a_line(title)}”" for title in gone.own[:_TITLES]]
    more = [f"{len(gone.own) - _TITLES} more"] if len(gone.own) > _TITLES else []
    kept = ", ".join([*titles, *more])
    return f"{papers}, taken out, but for those with tags or notes of your own: {kept}"


def _titles(gone: Gone) -> Iterator[str]:
    """Some of the papers that are gone, with their ids; those with the user's own words are named above."""
    papers = [paper for paper in gone.gone if paper.title not in gone.own]
    for paper in papers[:_TITLES]:
        yield f"“{in_a_line(paper.title)}” ({in_a_line(paper.paper_id)})"
    if len(papers) > _TITLES:
        yield f"and {len(papers) - _TITLES} more, which --json lists"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

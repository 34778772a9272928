"""What commands print on a terminal or into a pipe. Texts of papers and models are data, never markup."""

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ingest.pipeline import OUTCOMES, Report
from rag.cited_papers import NOT_OF_PAPER, cited_papers, verbatim_quotes
from rag.doubts import doubts
from rag.library.near import NearDuplicate
from rag.library.progress import Work
from rag.plain import in_a_line, json_text, plain, sentence
from rag.readable import in_our_words, readable, without_markup
from rag.types import Answer, Hit, Paper
from ui.authors import in_a_cell, in_short
from ui.export import citable_key
from ui.parts import Group, Part, groups_of, rows_of

_WIDEST = 100  # characters of a line on a terminal
_WIDEST_LINE = 10_000  # and of a row of a table in a pipe
_SKIPPED = 10  # files that an ingest left out, in a report
_NEAREST = 3  # papers shown where nothing answers
_REPORT_EVERY = 15.0  # seconds between two lines of progress in a pipe
_MARKER = r"\[\d+\]"
_NARROWEST_TABLE = 60  # characters of a line; on less a list is text
USAGE = 2  # the exit code of a wrong usage
NOTHING_CLOSE = "Nothing close to this query. The nearest papers:"


def print_json(value: Any) -> None:
    print(json_text(value, indent=2))


def print_json_line(value: Any, stdout: TextIO | None = None) -> None:
    """In one line, at once: the reader of a conversation waits for it."""
    print(json_text(value), file=stdout, flush=True)


def tell(text: str) -> None:
    """Print a line on stderr at once; nothing if its reader has gone."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        drop(sys.stderr)


@contextmanager
def whoever_reads() -> Iterator[None]:
    """Around printing a result: a reader that leaves, such as `head`, does not change the exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)


def drop(stream: TextIO) -> None:
    """Discard what is written to a stream from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_error(message: object, code: int = 1) -> int:
    """Print in one line on stderr what went wrong and what to do next; returns the exit code."""
    tell(f"askpapers: {in_a_line(str(message))}")
    return code


def write_piece(piece: str) -> None:
    """Show a piece of an answer while it is being written."""
    sys.stdout.write(plain(piece))
    sys.stdout.flush()


def print_answer(answer: Answer, alone: str | None = None) -> None:
    """The answer and its sources; `alone` is the command that asks a follow-up on its own."""
    rows = rows_of(answer)
    if rows and _width() >= _NARROWEST_TABLE:
        _print_list(rows)
    else:
        print_text(_with_bold_titles(answer))
    _print_behind(answer, alone)


def print_rest(answer: Answer, alone: str | None = None) -> None:
    """The sources of an answer whose text has been shown already."""
    _print_behind(answer, alone)


def _width() -> int:
    """Of a line of text; 0 in a pipe, where a table would be no text."""
    console = Console()
    return min(console.width, _WIDEST) if console.is_terminal else 0


def _with_bold_titles(answer: Answer) -> Text:
    """The text, with its markers and the titles above sentences in colour or bold."""
    text, at = Text(plain(answer.text)), 0
    text.highlight_regex(_MARKER, "cyan")
    for group in groups_of(answer):
        heading = in_our_words(group.citation.heading) if group.citation else ""
        if heading and (start := text.plain.find(f"{heading}\n", at)) >= 0:
            at = start + len(heading)
            text.stylize("bold", start, at)
    return text


def _sentences(parts: Sequence[Part]) -> Text:
    """The words of a cell, with a space before each marker."""
    text = Text()
    for piece in (piece for part in parts for piece in part.pieces):
        if piece.number is None:
            text.append(plain(piece.text))
        else:
            text.append(" " if text.plain[-1:].isalnum() else "").append(piece.text, "cyan")
    return text


def _print_list(rows: Sequence[Group]) -> None:
    """A list as a table of papers with their sentences, without columns that are empty."""
    cited = [row.citation for row in rows if row.citation]
    columns = {
        "Paper": [Text(in_a_line(without_markup(paper.title)), "bold") for paper in cited],
        "Authors": [Text(plain(in_short(paper.authors))) for paper in cited],
        "Year": [Text(plain(paper.year)) for paper in cited],
        "Sentence": [_sentences(row.parts) for row in rows],
    }
    known = {name: cells for name, cells in columns.items() if any(cell.plain for cell in cells)}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="dim")
    for name in known:
        table.add_column(name, ratio={"Paper": 2, "Sentence": 3}.get(name), no_wrap=name == "Year")
    for cells in zip(*known.values(), strict=True):
        table.add_row(*cells)
    Console(highlight=False).print(table, width=_width())


def print_hits(hits: Sequence[Hit]) -> None:
    """The ranking, each paper with its authors, whether it is retracted, and its nearest passage."""
    if not hits:
        print_text(Text("No paper found."))
    elif not any(hit.is_near for hit in hits):
        print_text(Text(NOTHING_CLOSE))
    for rank, hit in enumerate(hits, start=1):
        line = Text(f"{rank:2}. ").append(plain(without_markup(hit.paper.title)), "bold")
        known = filter(None, (in_a_cell(hit.paper), hit.paper.published, f"{hit.score:.2f}"))
        print_text(retracted(line.append("".join(f"  {text}" for text in known), "dim"), hit.paper))
        place = NOT_OF_PAPER.get(hit.passage.part) or (f"p. {hit.page}" if hit.page else "")
        place = f" ({place})" if place else ""
        if hit.passage_text:  # not of a title alone
            print_text(Text(in_a_line(readable(hit.passage_text))).append(place, "dim"), indent=4)


def retracted(line: Text, paper: Paper) -> Text:
    """The line of a paper, which says at its end if the paper is retracted."""
    return line.append("  retracted", "bold red") if paper.retracted else line


def print_report(report: Report, folder: Path) -> None:
    """What an ingest did, the entries that it rejected, and the files that it left out."""
    print_text(Text(counts_of(report)))
    print_rejections(report)
    if report.skipped:
        print_text(Text(f"Left out: {number_of(len(report.skipped), 'file')} in the folders"))
    for skipped in report.skipped[:_SKIPPED]:
        print_text(Text(f"{plain(skipped.source)}: {plain(skipped.reason)}", "dim"), indent=2)
    if len(report.skipped) > _SKIPPED:
        print_text(Text(f"and {len(report.skipped) - _SKIPPED} more, which --json lists", "dim"), indent=2)
    print_near(report.near_duplicates)
    print_totals(report, folder)


def counts_of(report: Report) -> str:
    """How many entries there were, and what became of them."""
    rejected = len(report.rejected) + report.unlisted
    parts = [f"{getattr(report, name)} {name}" for name in OUTCOMES] + [f"{rejected} rejected"]
    return f"{number_of(report.seen, 'entry', 'entries')}: {', '.join(parts)}"


def number_of(count: int, one: str, many: str | None = None) -> str:
    """A number of things in words; `many` is their name where it takes more than an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def print_rejections(report: Report) -> None:
    """The entries that were rejected, each with its place and the reason."""
    for rejection in report.rejected:
        place = rejection.source if rejection.line is None else f"{rejection.source}:{rejection.line}"
        print_text(Text(f"{plain(place)}: {plain(rejection.reason)}", "yellow"), indent=2)
    if report.unlisted:
        print_text(Text(f"and {report.unlisted} more", "yellow"), indent=2)


def print_totals(report: Report, folder: Path) -> None:
    """What the library holds after an ingest."""
    bare = f", {report.title_only} of them with a title only" if report.title_only else ""
    papers, passages = number_of(report.papers, "paper"), number_of(report.passages, "passage")
    print_text(Text(f"{papers}{bare}, in {passages} in {folder}"))


def print_near(pairs: Sequence[NearDuplicate]) -> None:
    """Pairs of papers whose titles are nearly the same, with their ids."""
    if pairs:
        print_text(Text("Nearly the same title, kept as two papers:"))
    for pair in pairs:
        for paper_id, title in ((pair.paper_id, pair.title), (pair.other_id, pair.other_title)):
            print_text(Text(in_a_line(title)).append(f"  {in_a_line(paper_id)}", "dim"), indent=2)
        print_text(Text())


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Names on the left, numbers on the right. Fitted to a terminal; in a pipe each row is one line."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDEST_LINE
    table = Table(box=None, pad_edge=False, collapse_padding=console.is_terminal, header_style="dim")
    for column, name in enumerate(head):
        heading = Text(name.replace("_", " ").replace("@", " @"))
        table.add_column(heading, justify="right" if column else "left", vertical="bottom", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def print_fields(fields: Mapping[str, Any]) -> None:
    """A line for each name and value."""
    width = max(map(len, fields))
    for name, value in fields.items():
        print_text(Text(f"{name:{width}}  ", "dim").append(plain(str(value)), "default"))


def track(batches: Iterable[Work], what: str, total: int | None) -> Iterable[Work]:
    """Show progress on stderr: on a terminal a bar with the time left, elsewhere a line now and then.

    Without a total it counts what is done.
    """
    what = in_a_line(what)
    if sys.stderr.isatty():
        yield from _bar(batches, what, total)
        return
    if total is not None:
        tell(f"{what}: {total} to go")
    yield from _counted(batches, what, total)
    if total is not None:
        tell(f"{what}: done")


def _counted(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
    """Say now and then how much is done, and how long the rest may take."""
    done, started = 0, time.monotonic()
    reported = started
    for batch in batches:
        yield batch
        done, now = done + len(batch), time.monotonic()
        if now - reported >= _REPORT_EVERY:
            reported = now
            rest = "so far"
            if total:
                rest = f"of {total}, about {shortly((now - started) * (total - done) / done)} to go"
            tell(f"{what}: {done} {rest}")


def shortly(seconds: float) -> str:
    """A duration, no more exact than an estimate can be."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _bar(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
    left = TimeElapsedColumn() if total is None else TimeRemainingColumn()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), left
    with Progress(*columns, console=Console(stderr=True), transient=total is None) as progress:
        task = progress.add_task(escape(what), total=total)
        for batch in batches:
            yield batch
            progress.advance(task, len(batch))


def _print_behind(answer: Answer, alone: str | None) -> None:
    if answer.resolved_question:
        alone = alone or f"askpapers ask {shlex.quote(in_a_line(answer.question))}"
        understood = Text(f"\nUnderstood as: {plain(answer.resolved_question)}", "dim")
        print_text(understood.append(f" (to ask it on its own: {alone})"))
    if answer.missing:
        print_text(Text("\n" + sentence(f"Not in the papers: {plain(answer.missing)}")))
    if answer.status == "refused":
        _print_refusal(answer)
    for line in doubts(answer):
        print_text(Text(f"\n{plain(line)}", "yellow"))
    _print_citations(answer)
    for note in answer.notes:
        print_text(Text(f"\nNote: {plain(note)}", "dim"))


def _print_refusal(answer: Answer) -> None:
    """The reason of a refusal, and the nearest papers."""
    if answer.reason:
        print_text(Text(sentence(plain(answer.reason))))
    if answer.papers:
        print_text(Text("\nNearest papers:"))
    for paper in answer.papers[:_NEAREST]:
        print_text(Text(in_a_line(without_markup(paper.title))), indent=2)


def _print_citations(answer: Answer) -> None:
    """The cited papers with their quotes, except those that stand in the text as they are."""
    shown, is_apart = verbatim_quotes(answer), True
    for cited in cited_papers(answer):
        quotes = [quote for place, quote in cited.quotes.items() if place not in shown]
        if is_apart or quotes:
            print_text(Text())
        is_apart = bool(quotes)
        source = Text().append(f"[{cited.number}] ", "cyan")
        first = cited.citation
        source.append(in_a_line(without_markup(first.title)), "bold")
        places = dict.fromkeys(
            cited.place_of(quote) for place, quote in cited.quotes.items() if place in shown
        )
        paper_id, where = None if quotes else first.paper_id, "; ".join(filter(None, places))
        details = (first.published, first.organization, paper_id, citable_key(first.key), where)
        source.append("".join(f", {in_a_line(text)}" for text in details if text), "dim")
        print_text(source.append(", retracted" if first.retracted else "", "bold red"))
        for quote in quotes:
            line = Text(f"“{in_a_line(readable(quote.quote))}”")
            place = in_a_line(cited.place_of(quote))
            print_text(line.append(f" ({place})" if place else "", "dim"), indent=4)


def print_text(text: Text, indent: int = 0) -> None:
    """Wrapped on a terminal; in a pipe each paragraph is one line, without colours."""
    console = Console(highlight=False)
    if not console.is_terminal:
        print(" " * indent + text.plain)
        return
    width = min(console.width, _WIDEST)
    console.print(Padding(text, (0, 0, 0, indent)) if indent else text, width=width)

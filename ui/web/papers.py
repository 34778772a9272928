"""The library tab: the number of papers by year, a table, each paper's page, adding and removing."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from pandas import DataFrame

from ingest.annotating import OwnWords, as_written
from ingest.sources.base import LONGEST_NOTE, ReadOptions
from ingest.sources.files import FileSource
from ingest.sources.formats import PACKED_SUFFIX, SUFFIXES
from rag.errors import AskpapersError, SourceError
from rag.library.progress import Work
from rag.plain import in_a_line
from rag.query import check_filters, check_names
from rag.readable import without_markup
from rag.types import Filters, Paper
from ui.desk import Desk
from ui.web.chat_settings import whole
from ui.web.door.uploads import LARGEST
from ui.web.rendering import error_html, no_table_html, paper_html, report_html, table_html
from ui.web.table import CHOICES, COLUMNS, USUAL, Place, Table

_NOTHING = "Nothing was added."
_ANY = ("any", "")
_MOST_CHOICES = 1000  # tags to choose from; others are typed
_LONGEST_ID = 1100  # characters, with the time of a click
_LABEL = "upload/"  # before the name of a file, to distinguish it from one that was ingested
_SCROLL = "() => document.getElementById('paper')?.scrollIntoView({ block: 'nearest' })"
_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_SLOW: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "writing", "concurrency_limit": 2}


@dataclass
class PapersTab:
    """The components of the tab, and the events between them. Files are uploaded to `uploads`; `kept` is
    what the browser keeps of the table's columns and order."""

    desk: Desk
    uploads: Path
    kept: gr.BrowserState
    is_read_only: bool = False

    def lay_out(self) -> None:
        """Add the components; to be called inside the open layout."""
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.counts = gr.Markdown(elem_id="counts")
                self.words = gr.Textbox(
                    label="Find papers",
                    placeholder="Words of a title, an author, an organisation, a tag, a year, an id",
                    max_length=200,
                )
                with gr.Accordion("Only papers …", open=False):
                    self._lay_out_filters()
                with gr.Accordion("Add papers", open=False, visible=not self.is_read_only):
                    self._lay_out_upload()
            with gr.Column(scale=2, min_width=300):
                self.years = gr.BarPlot(
                    x="year",
                    y="papers",
                    title="Papers by year",
                    height=230,
                    tooltip=["year", "papers"],
                    x_title=" ",
                    y_title="papers",
                    y_lim=[0, None],
                )
        with gr.Accordion("Columns", open=False):
            self.columns = gr.CheckboxGroup(
                CHOICES, value=list(USUAL), show_label=False, container=False, elem_id="columns"
            )
        self.table = gr.HTML(js_on_load=None, elem_id="papers")
        # page.js puts the page of the table that is asked for here, and the paper.
        self.go = gr.Textbox(show_label=False, max_length=64, elem_id="go", container=False)
        self.opened = gr.Textbox(
            show_label=False, max_length=_LONGEST_ID, elem_id="opened", container=False
        )
        self.place = gr.State(Place())
        self.chosen = gr.State(None)
        with gr.Group(visible=False, elem_id="paper") as self.group:
            self.paper = gr.HTML(js_on_load=None, padding=True)
            with gr.Row():
                self.ask = gr.Button("Ask about this paper", variant="primary", size="sm")
                self.remove = gr.Button("Remove from the library", size="sm", visible=not self.is_read_only)
                self.sure = gr.Button("Yes, remove it", variant="stop", size="sm", visible=False)
                self.keep = gr.Button("Keep it", size="sm", visible=False)
            with gr.Accordion("Your tags and your note", open=False, visible=False) as self.own:
                self._lay_out_own()

    def _lay_out_filters(self) -> None:
        with gr.Row():
            self.author = gr.Textbox(label="by author", placeholder="any", max_length=200, min_width=120)
            self.first = gr.Textbox(label="from year", placeholder="any", max_length=4, min_width=120)
            self.last = gr.Textbox(label="to year", placeholder="any", max_length=4, min_width=120)
        with gr.Row():
            any_label: dict[str, Any] = {"value": "", "allow_custom_value": True, "min_width": 120}
            self.tag = gr.Dropdown([_ANY], label="with tag", **any_label)
            self.collection = gr.Dropdown([_ANY], label="in collection", **any_label)

    def _lay_out_own(self) -> None:
        self.tags = gr.Textbox(label="Your tags", placeholder="to read, methods", max_length=10_000)
        self.note = gr.Textbox(
            label="Your note",
            info="Questions find it, and answers show it as yours, never as the paper's words.",
            lines=4,
            max_lines=12,
            max_length=LONGEST_NOTE,
        )
        self.save = gr.Button("Save", size="sm")

    def _lay_out_upload(self) -> None:
        self.files = gr.File(
            label="PDFs, saved pages, BibTeX, RIS, EndNote, PubMed, CSL-JSON, arXiv's metadata, "
            f"JSON lines, CSV, Parquet (up to {LARGEST >> 20} MB a file)",
            file_count="multiple",
            file_types=[*SUFFIXES, PACKED_SUFFIX],
            height=140,
            elem_id="upload",
        )
        self.saved = gr.Textbox(
            label="Day on which the pages were saved (optional)",
            placeholder="2025-12-08",
            info="Gives the year to dates that show none (“Jan 23”).",
            max_length=10,
        )
        self.add = gr.Button("Add to the library", variant="primary")
        self.report = gr.HTML(js_on_load=None, elem_id="report")

    def wire(self, tab: gr.Tab, tabs: gr.Tabs, box: gr.Textbox) -> None:
        """Connect the events; `box` takes a question about a paper."""
        narrowing = [self.words, self.author, self.tag, self.collection, self.first, self.last]
        view, labels = [*narrowing, self.columns, self.place], [self.tag, self.collection]
        shown = [self.table, self.place]
        overview = [self.counts, self.years, *labels, *shown]
        page = [self.group, self.paper, self.chosen, self.remove, self.sure, self.keep]
        own = [self.own, self.tags, self.note]
        restored = [self.columns, self.place, *labels]
        tab.select(self._counts, None, [self.counts, self.years], **_QUICK)
        tab.select(self._restore, self.kept, restored, **_QUICK).then(self._table, view, shown, **_QUICK)
        typed = (self.author, self.first, self.last)  # a name is read when it is whole
        gr.on(  # one event, so that the table ends up as that of the last words
            [
                *(choice.change for choice in (self.words, self.tag, self.collection)),
                *(event for field in typed for event in (field.submit, field.blur)),
            ],
            self._first_page,
            view,
            shown,
            trigger_mode="always_last",
            **_QUICK,
        )
        self.go.change(
            self._turn, [self.go, *view], [*shown, self.kept], trigger_mode="always_last", **_QUICK
        )
        self.columns.input(self._choose, view, [*shown, self.kept], trigger_mode="always_last", **_QUICK)
        opened = self.opened.change(self._open, self.opened, [*page, *own], **_QUICK)
        opened.then(None, js=_SCROLL)
        self.ask.click(self._ask, self.chosen, [box, tabs], **_QUICK)
        if self.is_read_only:
            return
        self.add.click(
            self._add, [self.files, self.saved, *view], [self.files, self.report, *overview], **_SLOW
        )
        doubt = [self.remove, self.sure, self.keep]
        self.remove.click(lambda: _buttons(is_asked=True), None, doubt, **_QUICK)
        self.keep.click(lambda: _buttons(is_asked=False), None, doubt, **_QUICK)
        self.sure.click(self._remove, [self.chosen, *view], [*page, *overview], **_SLOW)
        self.save.click(
            self._annotate,
            [self.chosen, self.tags, self.note, *view],
            [self.paper, *labels, *shown],
            **_SLOW,
        )

    def _overview(self, *view: Any) -> list[Any]:
        """Counts, plot, choices of tags and collections, and the table."""
        return [*self._counts(), *self._labels(), *self._table(*view)]

    def _restore(self, kept: Any) -> list[Any]:
        """The columns and the order that the browser keeps, and the choices of tags and collections."""
        known = kept if isinstance(kept, dict) else {}
        columns = known.get("columns")
        names = [name for name in COLUMNS if name in columns] if isinstance(columns, list) else list(USUAL)
        return [names, Place.of(known.get("order")), *self._labels()]

    def _labels(self) -> list[Any]:
        """The choices of tags and collections, each with its number of papers."""
        catalog = self.desk.library.catalog
        return [_choices(catalog.labels("tag")), _choices(catalog.labels("collection"))]

    def _counts(self) -> list[Any]:
        """How many papers there are, and their plot by year."""
        catalog = self.desk.library.catalog
        dated = {year: number for year, number in catalog.years().items() if year is not None}
        papers, without = catalog.count(), catalog.count() - sum(dated.values())
        summary = f"**{papers:,} papers** in {catalog.count_passages():,} passages"
        summary += f", {without:,} without a year" if without else ""
        whole, bare = catalog.count_bodies(), catalog.count_titles()
        summary += f", {whole:,} with their whole text" if whole else ""
        summary += f", {bare:,} with a title only" if bare else ""
        if self.desk.is_bundled:
            summary += ". They come with askpapers, as digests in our own words; your own take their place."
        return [summary, _plot(dated)]

    def _table(self, *view: Any) -> list[Any]:
        """The table where it is, and its place: there may be fewer pages than before."""
        words, *filters, columns, place = view
        place = place if isinstance(place, Place) else Place()
        try:
            selected = _filters(*filters)
            check_names(self.desk.library, selected)
            table = Table.read(self.desk.library, str(words or ""), selected, place, columns or ())
        except AskpapersError as error:
            return [no_table_html(str(error)), place]
        return [table_html(table), table.place]

    def _first_page(self, *view: Any) -> list[Any]:
        *others, place = view
        return self._table(*others, place.at(1) if isinstance(place, Place) else place)

    def _turn(self, go: str, *view: Any) -> list[Any]:
        """Another page, or order, which the browser keeps."""
        return self._choose(*view[:-1], Place.of(go))

    def _choose(self, *view: Any) -> list[Any]:
        """The table with other columns, which the browser keeps."""
        html, place = self._table(*view)
        return [html, place, {"columns": list(view[-2] or ()), "order": str(place.at(1))}]

    def _open(self, id_and_time: str) -> list[Any]:
        """The page of the paper that was clicked."""
        paper_id, library = id_and_time.rpartition(" ")[0], self.desk.library
        if paper := library.catalog.whole_papers([paper_id]).get(paper_id):
            own = OwnWords.of(library, paper_id)
            may_write = not (self.is_read_only or self.desk.is_bundled)
            fields = [gr.update(visible=may_write), ", ".join(own.tags), own.note]
            return [gr.update(visible=True), self._page(paper, own), paper_id, *self._doubt(), *fields]
        return [gr.update(visible=False), "", None, *self._doubt(), *[gr.skip()] * 3]

    def _page(self, paper: Paper, own: OwnWords) -> str:
        return paper_html(paper, self.desk.library.catalog.sources(paper.paper_id), own)

    def _annotate(self, paper_id: str | None, tags: str, note: str, *view: Any) -> list[Any]:
        """Save the visitor's tags and note on the paper that is open."""
        try:
            self.desk.annotate(str(paper_id), as_written(tags, note))
            gr.Info("Saved.", duration=4)
        except AskpapersError as error:
            gr.Warning(escape(str(error)))  # a toast shows HTML
            return [gr.skip()] * 5
        library = self.desk.library
        paper = library.catalog.whole_papers([str(paper_id)]).get(str(paper_id))
        page = self._page(paper, OwnWords.of(library, str(paper_id))) if paper else gr.skip()
        return [page, *self._labels(), *self._table(*view)]

    def _doubt(self) -> list[Any]:
        """The buttons that remove a paper, before the first is clicked."""
        return [gr.update(visible=not self.is_read_only), *_buttons(is_asked=False)[1:]]

    def _ask(self, paper_id: str) -> list[Any]:
        paper = self.desk.library.catalog.papers([paper_id]).get(paper_id)
        question = f"What does “{without_markup(paper.title)}” show?" if paper else ""
        return [question, gr.Tabs(selected="chat")]

    def _add(
        self, names: list[str] | None, saved: str, progress: gr.Progress = gr.Progress(), *view: Any
    ) -> list[Any]:
        """Ingest the uploaded files, and delete them whatever happens; the library keeps its own PDFs."""
        files: list[str] = []
        try:
            files = _uploaded(names or [], self.uploads)
            options = ReadOptions(_day(saved), keep=True)
            paths = [Path(file) for file in files]
            sources = [
                FileSource(path, options, f"{_LABEL}{path.name}", is_one_of_many=len(paths) > 1)
                for path in paths
            ]
            html = report_html(self.desk.add(sources, _tracked(progress)))
        except AskpapersError as error:
            message = str(error)
            for file in files:  # visitors see neither paths on the server nor our labels
                message = message.replace(file, Path(file).name)
            html = error_html(message.replace(_LABEL, ""), _NOTHING)
        except Exception:  # a fault of ours: it is logged, and the page goes on
            logging.getLogger("askpapers").exception("an upload could not be ingested")
            html = error_html("something went wrong on the server: what happened is in its log", _NOTHING)
        finally:
            for file in files:
                Path(file).unlink(missing_ok=True)
        return [None, html, *self._overview(*view)]

    def _remove(self, paper_id: str, *view: Any) -> list[Any]:
        try:
            removed = self.desk.remove([paper_id])
            gr.Info("Removed." if removed else "It was gone already.", duration=4)
        except AskpapersError as error:
            gr.Warning(escape(str(error)))  # a toast shows HTML
            return [*[gr.skip()] * 3, *_buttons(is_asked=False), *self._overview(*view)]
        return [gr.update(visible=False), "", None, *_buttons(is_asked=False), *self._overview(*view)]


def _filters(author: str, tag: str, collection: str, first: str, last: str) -> Filters:
    """Raises QuestionError."""
    names = [(name or "").strip() or None for name in (author, tag, collection)]
    years = whole(first), whole(last)
    return check_filters(Filters(*years, author=names[0], tag=names[1], collection=names[2]))


def _choices(labels: dict[str, int]) -> Any:
    """The most frequent tags or collections, in order."""
    frequent = set(sorted(labels, key=lambda name: -labels[name])[:_MOST_CHOICES])
    choices = [(f"{in_a_line(name)} ({labels[name]:,})", name) for name in labels if name in frequent]
    return gr.update(choices=[_ANY, *choices], visible=bool(labels))


def _plot(dated: dict[int, int]) -> DataFrame | None:
    """Papers by year, from the first year to the last."""
    years = range(min(dated), max(dated) + 1) if dated else ()
    return DataFrame(
        {"year": [str(year) for year in years], "papers": [dated.get(year, 0) for year in years]}
    )


def _buttons(*, is_asked: bool) -> list[Any]:
    """The buttons to remove, confirm and keep; `is_asked` is whether the first one was clicked."""
    return [gr.update(visible=not is_asked), gr.update(visible=is_asked), gr.update(visible=is_asked)]


def _uploaded(files: Sequence[str], folder: Path) -> list[str]:
    """The files, if all of them were uploaded. Gradio checks it too, but here files are read and deleted.

    Raises SourceError.
    """
    if not files:
        raise SourceError("no file was chosen: drop one above")
    if not all(Path(file).resolve().is_relative_to(folder) for file in files):
        raise SourceError("this was not uploaded: drop a file above")
    return list(files)


def _day(text: str) -> date | None:
    """Raises SourceError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise SourceError(f"{text.strip()} is no day: write it like 2025-12-08") from error


def _tracked(progress: gr.Progress) -> Callable[[Iterable[Work], str, int | None], Iterable[Work]]:
    """Show ingest's progress in Gradio's bar, which estimates the time left if it can."""

    def track(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        done = 0
        for batch in batches:
            progress((done, total), desc=what, unit="papers")
            yield batch
            done += len(batch)
        progress((done, done), desc=what, unit="papers")

    return track

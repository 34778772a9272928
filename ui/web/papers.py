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

from ingest.sources.base import ReadOptions
from ingest.sources.files import FileSource
from ingest.sources.formats import PACKED_SUFFIX, SUFFIXES
from rag.errors import AskpapersError, SourceError
from rag.library.progress import Work
from rag.readable import without_markup
from ui.desk import Desk
from ui.web.door.uploads import LARGEST
from ui.web.rendering import error_html, paper_html, report_html

_NOTHING = "Nothing was added."
_SHOWN = 50  # papers of the table
_HEAD = ("Title", "Published", "Organisation", "Id")
_LABEL = "upload/"  # before the name of a file, to distinguish it from one that was ingested
_SCROLL = "() => document.getElementById('paper')?.scrollIntoView({ block: 'nearest' })"
_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_SLOW: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "writing", "concurrency_limit": 2}


@dataclass
class PapersTab:
    """The components of the tab, and the events between them. Files are uploaded to `uploads`."""

    desk: Desk
    uploads: Path
    is_read_only: bool = False

    def lay_out(self) -> None:
        """Add the components; to be called inside the open layout."""
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.counts = gr.Markdown(elem_id="counts")
                self.words = gr.Textbox(
                    label="Find papers",
                    placeholder="Words of a title, an organisation, a year, an id",
                    max_length=200,
                )
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
        self.table = gr.Dataframe(
            headers=list(_HEAD),
            datatype="str",
            interactive=False,
            wrap=True,
            show_label=False,
            column_widths=["58%", "12%", "14%", "16%"],
            max_height=420,
            buttons=[],
            elem_id="papers",
        )
        self.matching = gr.Markdown()
        with gr.Group(visible=False, elem_id="paper") as self.group:
            self.paper = gr.HTML(js_on_load=None, padding=True)
            with gr.Row():
                self.ask = gr.Button("Ask about this paper", variant="primary", size="sm")
                self.remove = gr.Button("Remove from the library", size="sm", visible=not self.is_read_only)
                self.sure = gr.Button("Yes, remove it", variant="stop", size="sm", visible=False)
                self.keep = gr.Button("Keep it", size="sm", visible=False)
        self.chosen = gr.State(None)

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
        overview = [self.counts, self.years, self.table, self.matching]
        page = [self.group, self.paper, self.chosen, self.remove, self.sure, self.keep]
        tab.select(self._counts, None, [self.counts, self.years], **_QUICK)
        gr.on(  # one event, so that the table ends up as that of the last words
            [tab.select, self.words.change],
            self._table,
            self.words,
            [self.table, self.matching],
            trigger_mode="always_last",
            **_QUICK,
        )
        opened = self.table.select(self._open, None, page, **_QUICK)
        opened.then(None, js=_SCROLL)
        self.ask.click(self._ask, self.chosen, [box, tabs], **_QUICK)
        if self.is_read_only:
            return
        self.add.click(
            self._add, [self.files, self.saved, self.words], [self.files, self.report, *overview], **_SLOW
        )
        doubt = [self.remove, self.sure, self.keep]
        self.remove.click(lambda: _buttons(is_asked=True), None, doubt, **_QUICK)
        self.keep.click(lambda: _buttons(is_asked=False), None, doubt, **_QUICK)
        self.sure.click(self._remove, [self.chosen, self.words], [*page, *overview], **_SLOW)

    def _overview(self, words: str) -> list[Any]:
        """Counts, plot, table, and how many papers match."""
        return [*self._counts(), *self._table(words)]

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

    def _table(self, words: str) -> list[Any]:
        catalog = self.desk.library.catalog
        papers, matching = catalog.browse(words, most=_SHOWN), catalog.count_matching(words)
        if not matching:
            line = "No paper has these words." if words.strip() else "No papers yet: add some."
        elif matching > len(papers):
            line = f"The newest {len(papers)} of {matching:,}. Say more words to find others."
        elif matching > 1:
            line = f"{matching:,} papers. Select one to read it."
        else:
            line = "1 paper. Select it to read it."
        rows = [
            [without_markup(paper.title), paper.published or "", paper.organization or "", paper.paper_id]
            for paper in papers
        ]
        return [rows, line]

    def _open(self, place: gr.SelectData) -> list[Any]:
        """The page of the paper whose row was selected."""
        row = place.row_value if isinstance(place.row_value, list) else []
        paper_id, catalog = str(row[-1]) if row else "", self.desk.library.catalog
        if paper := catalog.whole_papers([paper_id]).get(paper_id):
            html = paper_html(paper, catalog.sources(paper_id))
            return [gr.update(visible=True), html, paper_id, *_buttons(is_asked=False)]
        return [gr.update(visible=False), "", None, *_buttons(is_asked=False)]

    def _ask(self, paper_id: str) -> list[Any]:
        paper = self.desk.library.catalog.papers([paper_id]).get(paper_id)
        question = f"What does “{without_markup(paper.title)}” show?" if paper else ""
        return [question, gr.Tabs(selected="chat")]

    def _add(
        self, names: list[str] | None, saved: str, words: str, progress: gr.Progress = gr.Progress()
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
        return [None, html, *self._overview(words)]

    def _remove(self, paper_id: str, words: str) -> list[Any]:
        try:
            removed = self.desk.remove([paper_id])
            gr.Info("Removed." if removed else "It was gone already.", duration=4)
        except AskpapersError as error:
            gr.Warning(escape(str(error)))  # a toast shows HTML
            return [*[gr.skip()] * 3, *_buttons(is_asked=False), *self._overview(words)]
        return [gr.update(visible=False), "", None, *_buttons(is_asked=False), *self._overview(words)]


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

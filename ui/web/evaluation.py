"""The evaluation tab: reports and comparisons of the runs that were made on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from eval.comparison import compare
from eval.errors import RunError
from eval.folder import HTML, RECORD, read_means, read_run
from ui.web.rendering import comparison_html, error_html, frame_html

_COLUMNS = ("hit@1", "hit@5", "ndcg@10", "fact_recall", "faithfulness", "abstention_recall", "over_refusal")
_HEAD = ("Run", "Started", "Questions", *_COLUMNS)
_MOST = 100  # runs
_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
_EMPTY = (
    "No runs yet. They are made on the command line: `askpapers eval test --demo --out {folder}/first`, "
    "and appear here when this tab is opened again."
)


@dataclass
class EvaluationTab:
    """The components of the tab, and the events between them. `folder` holds runs, each in its own."""

    folder: Path

    def lay_out(self) -> None:
        """Add the components; to be called inside the open layout."""
        self.hint = gr.Markdown()
        self.table = gr.Dataframe(
            headers=list(_HEAD),
            datatype="str",
            interactive=False,
            wrap=True,
            show_label=False,
            max_height=260,
            buttons=[],
            elem_id="runs",
        )
        with gr.Row(equal_height=True):
            self.run = gr.Dropdown([], label="Report of", interactive=True)
            self.before = gr.Dropdown([], label="Compare", interactive=True)
            self.after = gr.Dropdown([], label="with", interactive=True)
            self.compare = gr.Button("Compare", scale=0, min_width=120)
        self.shown = gr.HTML(js_on_load=None, elem_id="run")

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events."""
        tab.select(self._list, None, [self.hint, self.table, self.run, self.before, self.after], **_QUICK)
        self.run.input(self._report, self.run, self.shown, **_QUICK)
        self.compare.click(self._compare, [self.before, self.after], self.shown, **_QUICK)

    def _list(self) -> list[Any]:
        rows = list(filter(None, map(self._row, self._names())))
        choices = gr.update(choices=[row[0] for row in rows], value=None)
        hint = "" if rows else _EMPTY.format(folder=self.folder.name)
        return [hint, gr.update(value=rows, visible=bool(rows)), *[choices] * 3]

    def _report(self, name: str | None) -> str:
        if name not in self._names():
            return ""
        page = self.folder / str(name) / HTML
        if not page.is_file():
            return error_html(f"{name} has no report: finish it with its `askpapers eval`")
        return frame_html(page.read_text(encoding="utf-8"), f"Report of {name}")

    def _compare(self, before: str | None, after: str | None) -> str:
        """Compare two runs by name; only listed folders are read."""
        names = self._names()
        if before not in names or after not in names:
            return error_html("choose two runs above")
        try:
            comparison = compare(read_run(self.folder / str(before)), read_run(self.folder / str(after)))
        except RunError as error:
            return error_html(str(error))
        return comparison_html(comparison)

    def _names(self) -> list[str]:
        """The folders that hold a run, the newest first."""
        if not self.folder.is_dir():
            return []
        records = [path for path in self.folder.glob(f"*/{RECORD}") if path.is_file()]
        newest = sorted(records, key=lambda path: -path.stat().st_mtime)
        return [path.parent.name for path in newest[:_MOST]]

    def _row(self, name: str) -> list[str] | None:
        """A run's row of the table; None if it cannot be read."""
        try:
            record, summary = read_means(self.folder / name)
        except RunError:
            return None
        started = str(record.get("started") or "")[:16].replace("T", " ")
        if summary is None:
            return [name, started, "not finished", *["–"] * len(_COLUMNS)]
        means = [summary["metrics"].get(column, {}).get("mean") for column in _COLUMNS]
        shown = ["–" if mean is None else f"{mean:.3f}" for mean in means]
        return [name, started, str(summary["n"]), *shown]

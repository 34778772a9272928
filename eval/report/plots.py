"""The plots of a report: matplotlib figures, each with a description in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval import metrics
from eval.metrics.registry import Metric
from eval.outcomes import Outcomes, scored
from eval.report.colours import LIGHT
from eval.report.numbers import format_interval, format_value
from eval.report.svg import drawing, to_svg
from eval.rows import Row
from eval.summary import mean
from rag.plain import cut, in_a_line

_WIDTH = 3.6  # inches
_HEIGHT = 2.2
_LINE = 0.19  # per tag
_TAGS = 24  # at most, those with the most questions
_NAME = 18  # characters of a tag
_RANKS = range(1, 11)
_BINS = 20


@dataclass(frozen=True)
class Chart:
    """A plot as an SVG element, with its description in words."""

    title: str
    says: str
    svg: str

    @classmethod
    def of(
        cls, figure: Figure, name: str, title: str, says: str, texts: Mapping[str, str] | None = None
    ) -> "Chart":
        return cls(title, says, to_svg(figure, name, title, says, texts))


def chart_by_tag(layer: Mapping[str, Any], metric: Metric) -> Chart | None:
    """The mean of a metric with its 95 % interval, over all questions and by tag; None where there is none.

    `layer` holds `metrics` and `by_tag`: a summary, or its `judge`.
    """
    if not layer["metrics"][metric.name]["n"]:
        return None
    tagged = [
        (tag, means[metric.name]) for tag, means in layer["by_tag"].items() if means[metric.name]["n"]
    ]
    kept = sorted(tagged, key=lambda line: -line[1]["n"])[:_TAGS]
    lines = [("all", layer["metrics"][metric.name]), *sorted(kept, key=lambda line: line[0])]
    left_out = f"; {len(tagged) - len(kept)} rarer tags are left out" if len(kept) < len(tagged) else ""
    values = "; ".join(
        f"{_label(tag)} {format_value(m['mean'], metric)} ({format_interval(m, metric)}) of {m['n']}"
        for tag, m in lines
    )
    with drawing():
        figure, axes = _axes(_LINE * len(lines) + 0.3, 0.24, left=0.33, right=0.9)
        _draw_intervals(axes, [mean for _, mean in lines])
        texts = {f"line {place}": _label(tag) for place, (tag, _) in enumerate(lines)}
        axes.set_yticks(range(len(lines)), list(texts))
        title, says = f"{metric.name} by tag", f"{metric.says}: {values}{left_out}"
        name = metric.name.replace("@", "-").replace("_", "-")
        return Chart.of(figure, f"tag-{name}", title, says, texts)


def chart_recall(rows: Sequence[Row]) -> Chart | None:
    """The share of the right papers among the first k, with a 95 % band; None without rankings."""
    recall_by_row = {row.place: recalls(row) for row in rows}
    means = [mean(rows, Metric(f"recall@{k}", ""), lambda row: recall_by_row[row.place]) for k in _RANKS]
    if not means[0]["n"]:
        return None
    values, ends = [m["mean"] for m in means], np.array([m["ci95"] for m in means])
    words = ", ".join(f"{values[k - 1]:.2f} at {k}" for k in (1, 3, 5, 10))
    with drawing():
        figure, axes = _axes(_HEIGHT)
        axes.fill_between(_RANKS, ends[:, 0], ends[:, 1], color=LIGHT["accent"], alpha=0.16, linewidth=0)
        axes.plot(_RANKS, values, color=LIGHT["accent"], marker="o", markersize=3.2, linewidth=1.4)
        axes.set_ylim(0, 1.02)
        axes.set_xticks(_RANKS)
        axes.set_xlabel("k")
        axes.grid(axis="y")
        return Chart.of(figure, "recall", "Recall by k", f"{words}; n = {means[0]['n']}")


def recalls(row: Row) -> Outcomes:
    """Recall at each k, counted as for `recall@10`: each paper once, without ignored ones."""
    if not row.expected.papers or row.answer is None:
        return {}
    ranking = [paper["paper_id"] for paper in row.answer.get("papers", ())]
    counted = [id_ for id_ in ranking if id_ not in row.expected.ignore]
    return {f"recall@{k}": scored(metrics.recall_at(k, counted, row.expected.papers)) for k in _RANKS}


def chart_seconds(rows: Sequence[Row]) -> Chart | None:
    """How long the answers took, with the median and the 95th percentile; None without times."""
    outcomes = [row.outcomes["seconds"] for row in rows if "seconds" in row.outcomes]
    seconds = [outcome.value for outcome in outcomes if outcome.value is not None]
    if not seconds:
        return None
    half, most = np.percentile(seconds, [50, 95])
    with drawing():
        figure, axes = _axes(_HEIGHT)
        axes.hist(
            seconds, bins=2 * _BINS, range=(0, max(*seconds, 1e-3)), color=LIGHT["accent"], rwidth=0.8
        )
        for place, name in ((half, "p50"), (most, "p95")):
            axes.axvline(place, color=LIGHT["ink"], linewidth=0.8, linestyle=(0, (3, 2)))
            across = axes.get_xaxis_transform()
            axes.annotate(name, (place, 1), (3, -1), across, textcoords="offset points", va="top")
        axes.margins(y=0.16)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds of an answer")
        axes.grid(axis="y")
        says = f"p50 {half:.2f} s, p95 {most:.2f} s, at most {max(seconds):.2f} s; n = {len(seconds)}"
        return Chart.of(figure, "seconds", "Time to answer", says)


def _draw_intervals(axes: Axes, means: Sequence[Mapping[str, Any]]) -> None:
    """One line per mean, the first on top: a dot, its interval, and the number of questions."""
    axes.axvline(means[0]["mean"], color=LIGHT["ink"], linewidth=0.6, linestyle=(0, (1, 2)))
    for place, line in enumerate(means):
        colour = LIGHT["accent"] if place else LIGHT["ink"]
        axes.plot(line["ci95"], [place, place], color=colour, linewidth=1.4, solid_capstyle="round")
        axes.plot([line["mean"]], [place], color=colour, marker="o", markersize=4)
        axes.annotate(
            str(line["n"]),
            (1, place),
            (22, 0),
            ("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center",
            color=LIGHT["muted"],
            fontsize=7,
        )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(len(means) - 0.5, -0.5)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(axis="x")


def _axes(
    height: float, bottom: float = 0.42, left: float = 0.1, right: float = 0.97
) -> tuple[Figure, Axes]:
    """A figure with axes. `height` and `bottom` are in inches, `left` and `right` shares of its width."""
    figure = Figure(figsize=(_WIDTH, height))
    low, top = bottom / height, 1 - 0.06 / height
    return figure, figure.add_axes((left, low, right - left, top - low))


def _label(tag: str) -> str:
    return cut(in_a_line(tag), _NAME)

"""A run as Markdown, for the summary of a CI job or a comment.

What comes from questions, models and records stands in code spans, so that none of it becomes a link, an
image, HTML, or a mention of a user or an issue.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval import wording
from eval.markdown import code, table
from eval.metrics.registry import JUDGED, MAIN, METRICS
from eval.report.faults import find_faults, gravity
from eval.report.head import conditions, judge_facts, peculiarities
from eval.report.numbers import format_interval, format_value, scored_metrics
from eval.rows import Row
from eval.run import Run

_REGISTRY = METRICS | JUDGED
_WORST = 20  # questions that are named
_TAGS = 40
_LONGEST = 120  # characters of a text


def render_markdown(run: Run) -> str:
    """Counts, means with intervals, the same by tag, the judge layer, and the worst questions."""
    summary = run.summary()
    parts = [
        f"## Evaluation run {code(run.name)}",
        _lead(run, summary),
        _facts({**conditions(run), "Not a plain run": "; ".join(peculiarities(run))}),
        _means(summary, METRICS),
        *_by_tag("### By tag", summary, MAIN),
        *_judge(run, summary),
        *_worst(run.rows),
    ]
    return "\n\n".join(parts) + "\n"


def _lead(run: Run, summary: Mapping[str, Any]) -> str:
    faulty = sum(bool(find_faults(row)) for row in run.rows)
    return (
        f"{summary['n']} questions, {summary['errors']} without an answer, {faulty} with something wrong."
    )


def _facts(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {code(text, 400)}" for name, text in facts.items() if text)


def _means(layer: Mapping[str, Any], metrics: Iterable[str]) -> str:
    names = scored_metrics(layer, tuple(metrics))
    rows = [[name, *_mean(layer["metrics"][name], name)] for name in names]
    means = table(["metric", "mean", "95 % interval", "n", "not applicable", "errors"], rows)
    return "\n\n".join([means, *(code(note) for note in wording.notes(layer))])


def _mean(mean: Mapping[str, Any], name: str) -> list[str]:
    metric = _REGISTRY[name]
    counts = (str(mean[key]) for key in ("n", "not_applicable", "errors"))
    return [format_value(mean["mean"], metric), format_interval(mean, metric), *counts]


def _by_tag(heading: str, layer: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    columns = scored_metrics(layer, tuple(names))
    if not layer["by_tag"] or not columns:
        return []
    rows = [
        [code(tag, 40), *(format_value(means[name]["mean"], _REGISTRY[name]) for name in columns)]
        for tag, means in list(layer["by_tag"].items())[:_TAGS]
    ]
    more = len(layer["by_tag"]) - len(rows)
    return [heading, table(["tag", *columns], rows), *([f"and {more} more tags"] if more else ())]


def _judge(run: Run, summary: Mapping[str, Any]) -> list[str]:
    if "judge" not in summary:
        return []
    return [
        "### What the judge says",
        _facts(judge_facts(run)),
        _means(summary["judge"], JUDGED),
        *_by_tag("#### The judge by tag", summary["judge"], tuple(JUDGED)),
    ]


def _worst(rows: Sequence[Row]) -> list[str]:
    """The questions that went wrong, the gravest first, in the order of the run where equal."""
    faulty = [(faults, row) for row in rows if (faults := find_faults(row))]
    faulty.sort(key=lambda each: gravity(each[0]))
    if not faulty:
        return []
    shown_rows = [
        [code(row.case_id, 40), str(row.turn), _what(row, faults), code(row.question, _LONGEST)]
        for faults, row in faulty[:_WORST]
    ]
    of = f"the {_WORST} worst of {len(faulty)}" if len(faulty) > _WORST else str(len(faulty))
    return [f"### What went wrong ({of})", table(["id", "turn", "what", "question"], shown_rows)]


def _what(row: Row, faults: Sequence[str]) -> str:
    return ", ".join(faults) if row.error is None else f"{', '.join(faults)}: {code(row.error, _LONGEST)}"

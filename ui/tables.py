"""What a terminal or a pipe is shown of runs: the means of one, two side by side, a judge on its claims."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from eval.comparison import Comparison, Layer, wording
from eval.comparison.changes import ChangedQuestion
from eval.gates import GateResult
from eval.metrics.registry import JUDGED, MAIN
from rag.plain import in_a_line
from ui.terminal import print_table, print_text, tell

_STYLES = {"worse": "red", "mixed": "yellow", "better": "green", "failed": "red", "passed": "green"}
_WIDTH = max(map(len, _STYLES))


def print_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The means of a run with their intervals, then those of each tag; what a model judged apart."""
    errors = f", {summary['errors']} errors" if summary["errors"] else ""
    usage = _usage(summary.get("usage", {}))
    print_text(Text(f"{summary['n']} questions{errors}, {summary['seconds']} s{usage}\n"))
    _print_means(summary, MAIN)
    if judged := summary.get("judge"):
        _print_heading(f"Judge layer: {in_a_line(judged['name'])}{_usage(judged['usage'])}\n")
        _print_means(judged, tuple(JUDGED))
    tell(f"Each question with its answer: {folder / 'report.html'}")


def print_check(found: Mapping[str, Any]) -> None:
    """How well a judge judged claims whose labels are known."""
    errors = f", {found['errors']} errors" if found["errors"] else ""
    print_text(
        Text(f"{in_a_line(found['judge'])} on {found['n']} claims{errors}{_usage(found['usage'])}\n")
    )
    classes = {len(found["classes"]): found} | {2: found["supported"]}
    told = [
        [f"{name}, {number} classes", *_figure(each[name])]
        for number, each in classes.items()
        for name in ("accuracy", "kappa")
    ]
    print_table(["agreement", "value", "95 % interval", "n"], told)
    print_text(Text(""))
    given = sorted({label for row in found["confusion"].values() for label in row})
    print_table(
        ["label \\ judged", *given],
        [[label, *(str(row.get(each, 0)) for each in given)] for label, row in found["confusion"].items()],
    )
    print_text(Text(""))
    kinds = [[in_a_line(kind) or "–", *_figure(row["accuracy"])] for kind, row in found["by_kind"].items()]
    print_table(["kind", "accuracy", "95 % interval", "n"], kinds)


def print_comparison(comparison: Comparison, checks: Sequence[GateResult], most: int) -> None:
    """The whole comparison; of the questions that changed side no more than `most` of each layer."""
    print_text(Text(f"A  {in_a_line(wording.side(comparison.before))}"))
    print_text(Text(f"B  {in_a_line(wording.side(comparison.after))}"))
    print_text(Text(f"questions in both: {len(comparison.pairing.pairs)}"))
    for note in comparison.notes:
        print_text(Text(f"Note: {in_a_line(note)}", "yellow"))
    _print_layer(comparison.deterministic, most)
    if comparison.judge:
        _print_heading("Judge layer")
        _print_layer(comparison.judge, most)
    if lines := wording.left_out(comparison):
        _print_heading("Not compared")
        for line in lines:
            print_text(Text(in_a_line(line)), indent=2)
    if comparison.differing:
        print_text(Text(""))
        rows = [list(map(in_a_line, wording.condition(each))) for each in comparison.differing]
        print_table(["made with", "A", "B"], rows)
    if checks:
        _print_heading("Gates")
        for check in checks:
            told = f"{check.option} {check.gate.text}: {check.explanation}"
            _print_verdict(check.verdict, in_a_line(told))


def _print_means(summary: Mapping[str, Any], by_tag: Sequence[str]) -> None:
    """The means of a layer, and those of each tag."""
    shown = {name: mean for name, mean in summary["metrics"].items() if mean["n"] or mean["errors"]}
    print_table(
        ["metric", "mean", "95 % interval", "n", "not applicable", "errors"],
        [[name, *_mean(mean), *_counts(mean)] for name, mean in shown.items()],
    )
    columns = [name for name in by_tag if name in shown]
    if summary["by_tag"] and columns:
        print_text(Text(""))
        print_table(
            ["tag", *columns],
            [
                [in_a_line(tag), *(_mean(means[name])[0] for name in columns)]
                for tag, means in summary["by_tag"].items()
            ],
        )


def _counts(mean: Mapping[str, Any]) -> list[str]:
    """The rows that are scored, those to which the metric does not apply, and those where it failed."""
    return [str(mean[name]) for name in ("n", "not_applicable", "errors")]


def _figure(figure: Mapping[str, Any]) -> list[str]:
    return [*_mean({"mean": figure["value"], "ci95": figure["ci95"]}), str(figure["n"])]


def _mean(mean: Mapping[str, Any]) -> tuple[str, str]:
    """The mean and its interval as they are shown."""
    if mean["mean"] is None:
        return "–", ""
    low, high = mean["ci95"]
    return f"{mean['mean']:.3f}", "" if low is None else f"{low:.3f} to {high:.3f}"


def _usage(usage: Mapping[str, float]) -> str:
    """What judging took: requests, tokens and, where prices are known, dollars."""
    told = [
        f"{usage[name]:,.0f} {words}"
        for name, words in (
            ("requests", "requests"),
            ("cached", "kept verdicts"),
            ("total_tokens", "tokens"),
        )
        if usage.get(name)
    ]
    told += [f"{usage['cost']:.4f} dollars"] if "cost" in usage else []
    return f" ({', '.join(told)})" if told else ""


def _print_layer(layer: Layer, most: int) -> None:
    print_text(Text(""))
    print_table(wording.HEAD, list(map(wording.cells, wording.paired(layer.metrics))))
    print_text(Text(f"\n{wording.CAPTION}", "dim"))
    if columns := wording.by_tag(layer):
        print_text(Text(""))
        rows = [
            [in_a_line(tag), *(wording.signed(found[name]) for name in columns)]
            for tag, found in layer.by_tag.items()
        ]
        print_table(["B - A by tag", *columns], rows)
    if layer.changed:
        _print_heading(f"Questions that changed side: {len(layer.changed)}")
        for changed in layer.changed[:most]:
            _print_changed(changed)
        if len(layer.changed) > most:
            print_text(Text(f"and {len(layer.changed) - most} more (--changed N shows N)"), indent=2)


def _print_changed(changed: ChangedQuestion) -> None:
    _print_verdict(changed.verdict, in_a_line(f"{wording.place(changed)}: {wording.question(changed)}"))
    print_text(Text(in_a_line(wording.changes(changed)), "dim"), indent=2 + _WIDTH + 2)


def _print_verdict(verdict: str, line: str) -> None:
    print_text(Text(f"{verdict:{_WIDTH}}  ", _STYLES[verdict]).append(line, "default"), indent=2)


def _print_heading(words: str) -> None:
    print_text(Text(f"\n{words}", "bold"))

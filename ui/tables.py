"""Tables of evaluation runs: the means of one, two compared, how well a judge judges."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from eval import wording as summary_wording
from eval.comparison import Comparison, Layer, wording
from eval.comparison.changes import ChangedQuestion
from eval.gates import GateResult
from eval.metrics.registry import JUDGED, MAIN
from rag.plain import in_a_line
from ui.terminal import print_table, print_text, tell

_STYLES = {"worse": "red", "mixed": "yellow", "better": "green", "failed": "red", "passed": "green"}
_WIDTH = max(map(len, _STYLES))


def print_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The means of a run with their intervals, also by tag, and apart from these what a model judged."""
    errors = f", {summary['errors']} errors" if summary["errors"] else ""
    usage = _usage(summary.get("usage", {}))
    print_text(Text(f"{summary['n']} questions{errors}, {summary['seconds']} s{usage}"))
    if steps := summary_wording.steps(summary):
        print_text(Text(in_a_line(steps), "dim"))
    print_text(Text(""))
    _print_means(summary, MAIN)
    if judged := summary.get("judge"):
        _print_heading(f"Judge layer: {in_a_line(judged['name'])}{_usage(judged['usage'])}\n")
        _print_means(judged, tuple(JUDGED))
    tell(f"Each question with its answer: {folder / 'report.html'}")


def print_check(agreement: Mapping[str, Any]) -> None:
    """How well a judge judged claims whose labels are known."""
    counts = (f", {agreement[name]} {name}" for name in ("errors", "unchecked") if agreement[name])
    judge, usage = in_a_line(agreement["judge"]), _usage(agreement["usage"])
    print_text(Text(f"{judge} on {agreement['n']} claims{''.join(counts)}{usage}\n"))
    classes = {len(agreement["classes"]): agreement} | {2: agreement["supported"]}
    rows = [
        [f"{name}, {count} classes", *_value(values[name])]
        for count, values in classes.items()
        for name in ("accuracy", "kappa")
    ]
    rows += [
        ["false alarms (supported claims flagged)", *_value(agreement["false_alarms"])],
        ["passed (wrong claims called supported)", *_value(agreement["passed"])],
    ]
    print_table(["agreement", "value", "95 % interval", "n"], rows)
    print_text(Text(""))
    confusion = agreement["confusion"]
    verdicts = sorted({verdict for counts in confusion.values() for verdict in counts})
    rows = [
        [label, *(str(counts.get(verdict, 0)) for verdict in verdicts)]
        for label, counts in confusion.items()
    ]
    print_table(["label \\ judged", *verdicts], rows)
    print_text(Text(""))
    kinds = agreement["by_kind"].items()
    rows = [[in_a_line(kind) or "–", *_value(values["accuracy"])] for kind, values in kinds]
    print_table(["kind", "accuracy", "95 % interval", "n"], rows)


def print_comparison(comparison: Comparison, checks: Sequence[GateResult], most: int) -> None:
    """The comparison, with at most `most` of the questions that changed side in each layer."""
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
        rows = [list(map(in_a_line, wording.condition(one))) for one in comparison.differing]
        print_table(["made with", "A", "B"], rows)
    if checks:
        _print_heading("Gates")
        for check in checks:
            line = f"{check.option} {check.gate.text}: {check.explanation}"
            _print_verdict(check.verdict, in_a_line(line))


def _print_means(summary: Mapping[str, Any], by_tag: Sequence[str]) -> None:
    """The means of a layer, then those of each tag."""
    means = {name: mean for name, mean in summary["metrics"].items() if mean["n"] or mean["errors"]}
    counts = ("n", "not_applicable", "errors")  # of rows
    rows = [[name, *_mean(mean), *(str(mean[count]) for count in counts)] for name, mean in means.items()]
    print_table(["metric", "mean", "95 % interval", "n", "not applicable", "errors"], rows)
    for note in summary_wording.notes(summary):
        print_text(Text(in_a_line(note), "dim"))
    columns = [name for name in by_tag if name in means]
    if summary["by_tag"] and columns:
        print_text(Text(""))
        tags = summary["by_tag"].items()
        rows = [[in_a_line(tag), *(_mean(of_tag[name])[0] for name in columns)] for tag, of_tag in tags]
        print_table(["tag", *columns], rows)


def _value(value: Mapping[str, Any]) -> list[str]:
    return [*_mean({"mean": value["value"], "ci95": value["ci95"]}), str(value["n"])]


def _mean(mean: Mapping[str, Any]) -> tuple[str, str]:
    """The mean and its interval."""
    if mean["mean"] is None:
        return "–", ""
    low, high = mean["ci95"]
    return f"{mean['mean']:.3f}", "" if low is None else f"{low:.3f} to {high:.3f}"


def _usage(used: Mapping[str, float]) -> str:
    words = summary_wording.usage(used)
    return f" ({words})" if words else ""


def _print_layer(layer: Layer, most: int) -> None:
    print_text(Text(""))
    print_table(wording.HEAD, list(map(wording.cells, wording.paired(layer.metrics))))
    print_text(Text(f"\n{wording.CAPTION}", "dim"))
    if columns := wording.by_tag(layer):
        print_text(Text(""))
        rows = [
            [in_a_line(tag), *(wording.signed(differences[name]) for name in columns)]
            for tag, differences in layer.by_tag.items()
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

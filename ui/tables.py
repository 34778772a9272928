"""What a terminal or a pipe is shown of two runs side by side."""

from collections.abc import Sequence

from rich.text import Text

from eval.comparison import Comparison, Layer, wording
from eval.comparison.changes import Changed
from eval.gates import Checked
from rag.plain import plain
from ui.terminal import print_table, print_text

_STYLES = {"worse": "red", "mixed": "yellow", "better": "green", "failed": "red", "passed": "green"}
_WIDTH = max(map(len, _STYLES))


def print_comparison(comparison: Comparison, checks: Sequence[Checked], most: int) -> None:
    """The whole comparison; of the questions that changed side no more than `most` of each layer."""
    print_text(Text(f"A  {_line(wording.side(comparison.before))}"))
    print_text(Text(f"B  {_line(wording.side(comparison.after))}"))
    print_text(Text(f"questions in both: {len(comparison.pairing.pairs)}"))
    for note in comparison.notes:
        print_text(Text(f"Note: {_line(note)}", "yellow"))
    _print_layer(comparison.deterministic, most)
    if comparison.judge:
        _print_heading("Judge layer")
        _print_layer(comparison.judge, most)
    if lines := wording.left_out(comparison):
        _print_heading("Not compared")
        for line in lines:
            print_text(Text(_line(line)), indent=2)
    if comparison.differing:
        print_text(Text(""))
        rows = [list(map(_line, wording.condition(each))) for each in comparison.differing]
        print_table(["made with", "A", "B"], rows)
    if checks:
        _print_heading("Gates")
        for check in checks:
            told = f"{check.option} {check.gate.text}: {check.explanation}"
            _print_verdict(check.verdict, _line(told))


def _print_layer(layer: Layer, most: int) -> None:
    print_text(Text(""))
    print_table(wording.HEAD, list(map(wording.cells, wording.shown(layer.metrics))))
    print_text(Text(f"\n{wording.CAPTION}", "dim"))
    if columns := wording.by_tag(layer):
        print_text(Text(""))
        rows = [
            [_line(tag), *(wording.signed(found[name]) for name in columns)]
            for tag, found in layer.by_tag.items()
        ]
        print_table(["B - A by tag", *columns], rows)
    if layer.changed:
        _print_heading(f"Questions that changed side: {len(layer.changed)}")
        for changed in layer.changed[:most]:
            _print_changed(changed)
        if len(layer.changed) > most:
            print_text(Text(f"and {len(layer.changed) - most} more (--changed N shows N)"), indent=2)


def _print_changed(changed: Changed) -> None:
    _print_verdict(changed.verdict, _line(f"{wording.place(changed)}: {wording.question(changed)}"))
    print_text(Text(_line(wording.changes(changed)), "dim"), indent=2 + _WIDTH + 2)


def _print_verdict(verdict: str, line: str) -> None:
    print_text(Text(f"{verdict:{_WIDTH}}  ", _STYLES[verdict]).append(line, "default"), indent=2)


def _print_heading(words: str) -> None:
    print_text(Text(f"\n{words}", "bold"))


def _line(text: str) -> str:
    """Data in one line."""
    return " ".join(plain(text).split())

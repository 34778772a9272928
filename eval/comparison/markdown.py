"""A comparison as Markdown, for the summary of a CI job or a comment.

What comes from questions and records stands in code spans, so that none of it becomes markup.
"""

from collections.abc import Iterable, Iterator, Sequence

from eval.comparison import wording
from eval.comparison.compare import Comparison, Layer
from eval.gates import GateResult
from eval.markdown import code, table


def render_comparison(comparison: Comparison, checks: Sequence[GateResult] = (), most: int = 20) -> str:
    """The whole comparison, with at most `most` of the questions that changed side in each layer."""
    return "\n".join(_lines(comparison, checks, most)) + "\n"


def _lines(comparison: Comparison, checks: Sequence[GateResult], most: int) -> Iterator[str]:
    yield from ("## Comparison of two runs", "")
    yield f"- A: {code(wording.side(comparison.before))}"
    yield f"- B: {code(wording.side(comparison.after))}"
    yield f"- questions in both: {len(comparison.pairing.pairs)}"
    yield from (f"- **note:** {code(note)}" for note in comparison.notes)
    if checks:
        yield ""
        yield table(("gate", "", "why"), map(_check, checks))
    yield from _layer(comparison.deterministic, most)
    if comparison.judge:
        yield from ("", "### What the judges say")
        yield from _layer(comparison.judge, most)
    if lines := wording.left_out(comparison):
        yield from _folded("Not compared", (f"- {line}" for line in lines))
    if comparison.differing:
        rows = (map(code, wording.condition(each)) for each in comparison.differing)
        yield from _folded("What the runs were made with, where it differs", [table(("", "A", "B"), rows)])


def _check(check: GateResult) -> tuple[str, ...]:
    return code(f"{check.option} {check.gate.text}"), f"**{check.verdict}**", check.explanation


def _layer(layer: Layer, most: int) -> Iterator[str]:
    yield ""
    yield table(wording.HEAD, map(wording.cells, wording.paired(layer.metrics)))
    yield from ("", wording.CAPTION)
    if names := wording.by_tag(layer):
        rows = (
            [code(tag), *(wording.with_interval(differences[name]) for name in names)]
            for tag, differences in layer.by_tag.items()
        )
        yield from _folded("Difference by tag", [table(("tag", *names), rows)])
    if layer.changed:
        yield from _folded(f"{len(layer.changed)} questions changed side", _changed(layer, most))


def _changed(layer: Layer, most: int) -> Iterator[str]:
    for each in layer.changed[:most]:
        place, question = code(wording.place(each)), code(wording.question(each))
        yield f"- **{each.verdict}** {place} {question}: {wording.changes(each)}"
    if len(layer.changed) > most:
        yield f"- and {len(layer.changed) - most} more"


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that are folded until the reader clicks."""
    yield from ("", f"<details><summary>{title}</summary>", "", *lines, "", "</details>")

"""The wording of a comparison, for terminals and Markdown alike. Nothing is escaped here."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from eval.comparison.changes import ChangedQuestion
from eval.comparison.compare import Comparison, Layer, Side
from eval.comparison.conditions import Condition
from eval.comparison.differences import Difference
from eval.markdown import NONE
from eval.metrics.registry import JUDGED, MAIN
from rag.plain import cut

HEAD = ("metric", "A", "B", "B - A", "95 % interval", "better", "worse", "p", "n")
CAPTION = (
    "Over the n questions that have a value in both runs: means, difference and its 95 % interval (paired "
    "bootstrap), cases that are better and worse, p of the sign test."
)
_DECIMALS = {"": 3, "words": 1, "requests": 1, "s": 3}
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HASH_SHOWN = 12  # characters
_LONGEST = 160  # characters of what is quoted


def cells(difference: Difference) -> list[str]:
    """A row of the table with the columns HEAD."""
    number, decimals = difference.pairs, _DECIMALS[difference.metric.unit]
    if difference.difference is None:
        return [difference.metric.name, *[NONE] * (len(HEAD) - 2), str(number)]
    return [
        difference.metric.name,
        f"{difference.before:.{decimals}f}",
        f"{difference.after:.{decimals}f}",
        signed(difference),
        _interval(difference),
        _count(difference.better),
        _count(difference.worse),
        _p(difference.p),
        str(number),
    ]


def signed(difference: Difference) -> str:
    if difference.difference is None:
        return NONE
    return f"{difference.difference:+.{_DECIMALS[difference.metric.unit]}f}"


def with_interval(difference: Difference) -> str:
    """The difference, followed by its interval."""
    if difference.difference is None:
        return NONE
    return f"{signed(difference)} ({_interval(difference)})"


def paired(differences: Mapping[str, Difference]) -> list[Difference]:
    """The differences of metrics that apply to any pair."""
    return [each for each in differences.values() if each.pairs or each.unpaired]


def by_tag(layer: Layer) -> list[str]:
    """The metrics whose differences are shown by tag; empty where there are no tags."""
    if not layer.by_tag:
        return []
    return [each.metric.name for each in paired(layer.metrics) if each.metric.name in (*MAIN, *JUDGED)]


def side(run: Side) -> str:
    """The name of a run, its start, and its number of questions."""
    counts = f"{run.n} questions" + (f", {run.errors} errors" if run.errors else "")
    return ", ".join(part for part in (_shortened(run.name), run.started, counts) if part)


def left_out(comparison: Comparison) -> list[str]:
    """What is not compared, one line per kind: questions, then values that a run lacks."""
    pairing = comparison.pairing
    counts = {
        "only in A": len(pairing.only_before),
        "only in B": len(pairing.only_after),
        "under one id, but not the same in both": len(pairing.unlike),
    }
    lines = [f"questions {what}: {number}" for what, number in counts.items() if number]
    lacking: dict[str, list[str]] = defaultdict(list)
    for layer in comparison.layers.values():
        for difference in paired(layer.metrics):
            kinds = [f"{n} {before} → {after}" for (before, after), n in difference.unpaired.items()]
            lacking[", ".join(kinds)].append(difference.metric.name)
    return lines + [f"{', '.join(names)}: {kinds}" for kinds, names in lacking.items() if kinds]


def condition(differing: Condition) -> tuple[str, str, str]:
    return differing.name, _leaf(differing.before), _leaf(differing.after)


def question(changed: ChangedQuestion) -> str:
    return _shortened(changed.question)


def place(changed: ChangedQuestion) -> str:
    case_id, turn = changed.place
    return _shortened(case_id) + (f", turn {turn}" if turn > 1 else "")


def changes(changed: ChangedQuestion) -> str:
    return ", ".join(
        f"{each.name} {_value(each.before)} → {_value(each.after)}" for each in changed.changes
    )


def _interval(difference: Difference) -> str:
    return " to ".join(f"{end:+.{_DECIMALS[difference.metric.unit]}f}" for end in difference.ci95)


def _count(number: int | None) -> str:
    return NONE if number is None else str(number)


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _leaf(value: Any) -> str:
    if value is None:
        return NONE
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_HASH_SHOWN] if _HASH.fullmatch(text) else _shortened(text)


def _shortened(text: str) -> str:
    """In one line of bounded length."""
    return cut(" ".join(text.split()), _LONGEST)

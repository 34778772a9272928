"""The conditions of two runs: what differs, and what of that a reader must know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.run import Run

# Fields that differ in each run without affecting what is measured.
_OWN = ("format", "name", "started", "seconds", "finished", "judge.usage")
_NOTED = {
    "questions": "the question files differ: questions that are not the same in both are left out",
    "system.library": "the libraries differ: a paper that one of them lacks cannot be found there",
    "system.encoder": "the encoders differ",
    "support_judge": "one run is of an earlier version: its faithfulness is not measured alike",
    "system.checks.judge": "the answers were checked by other judges: faithfulness is not measured alike",
    "judge.name": "the judges of the judge layer differ: what they say is not measured alike",
}


@dataclass(frozen=True)
class Condition:
    """A field that differs between the records, such as "system.writer"; None where one lacks it."""

    name: str
    before: Any
    after: Any

    def is_of(self, part: str) -> bool:
        return f"{self.name}.".startswith(f"{part}.")


def find_differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The fields that differ between two records, in their order."""
    old, new = dict(_parts(before)), dict(_parts(after))
    conditions = [Condition(name, old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new))]
    return tuple(
        condition
        for condition in conditions
        if condition.before != condition.after and not any(map(condition.is_of, _OWN))
    )


def find_notes(before: Run, after: Run, differing: Sequence[Condition]) -> Iterator[str]:
    """What makes the runs harder to compare, one sentence each."""
    for part, note in _NOTED.items():
        if names := [condition.name for condition in differing if condition.is_of(part)]:
            yield f"{note} ({', '.join(names)})"
    for side, run in (("A", before), ("B", after)):
        if run.record.get("finished") is False:
            yield f"run {side} is not finished"
    judged = [side for side, run in (("A", before), ("B", after)) if run.is_judged]
    if len(judged) == 1:
        yield f"only run {judged[0]} was given to a judge: the judge layer is not compared"


def _parts(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a record by path, None left out; in a list of records the path has their names."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        value = {
            str(one["name"]): {key: part for key, part in one.items() if key != "name"} for one in value
        }
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _parts(part, f"{name}.{key}" if name else str(key))
    elif value is not None:
        yield name, value

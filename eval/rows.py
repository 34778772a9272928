"""One question or turn of a run: the expected answer, the actual one, and the outcome of each metric."""

import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from eval.outcomes import Outcome, Outcomes, failed
from rag.types import Paper

Place = tuple[str, int]
"""What identifies a row in a run: the id of its case and its turn, counted from 1."""


@dataclass(frozen=True)
class Expected:
    """What the case knows. `papers` and `ignore` are ids, or titles where the library lacks the paper."""

    papers: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    answerable: bool = True
    reference: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    """The known titles of `papers`, by id."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Expected":
        """The inverse of `asdict`, also after JSON. Raises KeyError, TypeError."""
        tuples = {name: tuple(record[name]) for name in ("papers", "ignore")}
        return cls(**{**record, **tuples, "facts": tuple(map(tuple, record["facts"]))})


@dataclass(frozen=True)
class Row:
    """A question or turn (counted from 1).

    `answer` is as `ask --json` prints it; None where there is none, and then `error` says why. `outcomes`
    are those of the deterministic layer, `judged` those of the judge layer, empty where no judge was asked.
    `sources` are the papers, or what it has of them, that a program with its own collection answered from.
    """

    case_id: str
    turn: int
    question: str
    tags: tuple[str, ...] = ()
    expected: Expected = Expected()
    answer: Mapping[str, Any] | None = None
    outcomes: Outcomes = field(default_factory=dict)
    judged: Outcomes = field(default_factory=dict)
    sources: tuple[Paper, ...] = ()
    error: str | None = None

    @property
    def place(self) -> Place:
        return self.case_id, self.turn

    @property
    def failures(self) -> list[str]:
        """Why the answer, or the value of a metric that applies, is missing."""
        outcomes = (*self.outcomes.values(), *self.judged.values())
        failed = [outcome.explanation for outcome in outcomes if outcome.is_error]
        return list(dict.fromkeys(([self.error] if self.error else []) + failed))

    def to_dict(self) -> dict[str, Any]:
        """The line of `results.jsonl`, without the verdicts of a judge."""
        return {
            "id": self.case_id,
            "turn": self.turn,
            "question": self.question,
            "tags": list(self.tags),
            "expected": asdict(self.expected),
            "answer": self.answer,
            **dump_outcomes(self.outcomes),
            "sources": [asdict(paper) for paper in self.sources],
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> "Row":
        """The row that a line of `results.jsonl` holds. Raises KeyError, TypeError."""
        return cls(
            case_id=line["id"],
            turn=operator.index(line["turn"]),
            question=line["question"],
            tags=tuple(line["tags"]),
            expected=Expected.from_dict(line["expected"]),
            answer=line["answer"],
            outcomes=load_outcomes(line),
            sources=tuple(Paper(**paper) for paper in line["sources"]),
            error=line["error"],
        )


def dump_outcomes(outcomes: Outcomes) -> dict[str, Any]:
    """`scores` (a value or None), `explanations`, `errors` and `unchecked`, each by metric."""
    return {
        "scores": {name: outcome.value for name, outcome in outcomes.items()},
        "explanations": {
            name: outcome.explanation
            for name, outcome in outcomes.items()
            if outcome.explanation and not outcome.is_error
        },
        "errors": {name: outcome.explanation for name, outcome in outcomes.items() if outcome.is_error},
        "unchecked": {name: outcome.unchecked for name, outcome in outcomes.items() if outcome.unchecked},
    }


def load_outcomes(line: Mapping[str, Any]) -> Outcomes:
    """The inverse of `dump_outcomes`; earlier versions wrote no `unchecked`. Raises KeyError, TypeError."""
    errors, explanations, unchecked = line["errors"], line["explanations"], line.get("unchecked", {})
    return {
        name: failed(errors[name])
        if name in errors
        else Outcome(value, explanations.get(name, ""), unchecked=unchecked.get(name, 0))
        for name, value in line["scores"].items()
    }

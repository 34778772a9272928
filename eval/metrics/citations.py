"""Whether what an answer says is supported, and by what it cites.

Citation recall and precision are those of ALCE (Gao et al., 2023, "Enabling Large Language Models
to Generate Text with Citations"), over whole papers as there: a marker stands for the paper that
it names. Unlike its script, a marker that names no paper counts against precision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Supports = Callable[[str, str], bool]
"""Whether a text, the second, supports a claim, the first."""


@dataclass(frozen=True)
class Statement:
    """A sentence of an answer and the text of each paper that it cites, a marker each."""

    text: str
    evidence: tuple[str, ...]


def faithfulness(supported: Sequence[bool]) -> float | None:
    """Share of the claims that the words which they cite support; None without claims."""
    return sum(supported) / len(supported) if supported else None


def citation_recall(statements: Sequence[Statement], supports: Supports) -> float | None:
    """Share of the sentences that the papers which they cite, taken together, support."""
    if not statements:
        return None
    return sum(_is_supported(statement, supports) for statement in statements) / len(statements)


def citation_precision(statements: Sequence[Statement], unknown: int, supports: Supports) -> float | None:
    """Share of the markers that are needed; None without markers.

    A marker is needed where its sentence is supported, and either its paper alone supports the
    sentence or the others without it do not. `unknown` markers name no paper: none is needed.
    """
    written = unknown + sum(len(statement.evidence) for statement in statements)
    needed = sum(
        _is_needed(statement, place, supports)
        for statement in statements
        if _is_supported(statement, supports)
        for place in range(len(statement.evidence))
    )
    return needed / written if written else None


def citation_validity(written: int, unknown: int, broken: int) -> float | None:
    """Share of the markers written whose quote stands in its paper; None without markers.

    `unknown` markers name no paper; the quote of a `broken` one is not the paper's text at its
    offsets.
    """
    return (written - unknown - broken) / written if written else None


def _is_supported(statement: Statement, supports: Supports) -> bool:
    return bool(statement.evidence) and supports(statement.text, " ".join(statement.evidence))


def _is_needed(statement: Statement, place: int, supports: Supports) -> bool:
    alone, others = statement.evidence[place], _without(statement.evidence, place)
    return supports(statement.text, alone) or not supports(statement.text, " ".join(others))


def _without(evidence: Sequence[str], place: int) -> Sequence[str]:
    return [*evidence[:place], *evidence[place + 1 :]]

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
    """Share of the claims that the words which they cite support; None without claims.

    The form of Es et al., 2023, "RAGAS: Automated Evaluation of Retrieval Augmented Generation", where
    the claims are here the sentences of the answer.
    """
    return sum(supported) / len(supported) if supported else None


def supported_statements(statements: Sequence[Statement], supports: Supports) -> list[bool]:
    """Whether the papers which each statement cites, taken together, support it."""
    return [_is_supported(statement, supports) for statement in statements]


def needed_markers(statements: Sequence[Statement], supports: Supports) -> list[list[bool]]:
    """Whether each marker of each statement is needed.

    It is where its statement is supported, and either its paper alone supports the statement or the
    others without it do not.
    """
    return [
        [
            is_supported and _is_needed(statement, place, supports)
            for place in range(len(statement.evidence))
        ]
        for statement, is_supported in zip(
            statements, supported_statements(statements, supports), strict=True
        )
    ]


def citation_recall(statements: Sequence[Statement], supports: Supports) -> float | None:
    """Share of the sentences that the papers which they cite, taken together, support; None without."""
    found = supported_statements(statements, supports)
    return sum(found) / len(found) if found else None


def citation_precision(statements: Sequence[Statement], unknown: int, supports: Supports) -> float | None:
    """Share of the markers that are needed; None without markers.

    `unknown` markers name no paper: none is needed.
    """
    needed = [is_needed for marks in needed_markers(statements, supports) for is_needed in marks]
    written = unknown + len(needed)
    return sum(needed) / written if written else None


def citation_validity(written: int, unknown: int, broken: int) -> float | None:
    """Share of the markers written whose quote stands in its paper; None without markers.

    `unknown` markers name no paper; the quote of a `broken` one is not the paper's text at its
    offsets.
    """
    return (written - unknown - broken) / written if written else None


def joined(evidence: Sequence[str]) -> str:
    """The texts of papers as one, as they are shown to who judges them together."""
    return "\n\n".join(evidence)


def _is_supported(statement: Statement, supports: Supports) -> bool:
    return bool(statement.evidence) and supports(statement.text, joined(statement.evidence))


def _is_needed(statement: Statement, place: int, supports: Supports) -> bool:
    alone, others = statement.evidence[place], without(statement.evidence, place)
    return supports(statement.text, alone) or not (others and supports(statement.text, joined(others)))


def without(evidence: Sequence[str], place: int) -> Sequence[str]:
    """The texts without one of them."""
    return [*evidence[:place], *evidence[place + 1 :]]

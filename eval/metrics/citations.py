"""Whether the sentences of an answer are supported, and by the papers they cite.

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
    """A sentence of an answer, and the text of the cited paper for each of its markers."""

    text: str
    evidence: tuple[str, ...]


def faithfulness(supported: Sequence[bool]) -> float | None:
    """Share of the claims that are supported by the words they cite; None without claims.

    As in Es et al., 2023, "RAGAS: Automated Evaluation of Retrieval Augmented Generation", but the claims
    are the sentences of the answer.
    """
    return sum(supported) / len(supported) if supported else None


def supported_statements(statements: Sequence[Statement], supports: Supports) -> list[bool]:
    """Whether each statement is supported by its cited papers, taken together."""
    return [_is_supported(statement, supports) for statement in statements]


def needed_markers(statements: Sequence[Statement], supports: Supports) -> list[list[bool]]:
    """Whether each marker of each statement is needed.

    A marker is needed if its statement is supported, and either its paper alone supports the statement or
    the other papers do not.
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
    """Share of the sentences supported by their cited papers, taken together; None without sentences."""
    are_supported = supported_statements(statements, supports)
    return sum(are_supported) / len(are_supported) if are_supported else None


def citation_precision(statements: Sequence[Statement], unknown: int, supports: Supports) -> float | None:
    """Share of the markers that are needed; None without markers.

    `unknown` counts markers that name no paper, which are never needed.
    """
    needed = [is_needed for marks in needed_markers(statements, supports) for is_needed in marks]
    written = unknown + len(needed)
    return sum(needed) / written if written else None


def citation_validity(written: int, unknown: int, broken: int) -> float | None:
    """Share of the written markers whose quote stands in its paper; None without markers.

    `unknown` counts markers that name no paper, `broken` those whose quote is not the paper's text at its
    offsets.
    """
    return (written - unknown - broken) / written if written else None


def joined(evidence: Sequence[str]) -> str:
    """The texts of several papers as one, for judging them together."""
    return "\n\n".join(evidence)


def _is_supported(statement: Statement, supports: Supports) -> bool:
    return bool(statement.evidence) and supports(statement.text, joined(statement.evidence))


def _is_needed(statement: Statement, place: int, supports: Supports) -> bool:
    alone, others = statement.evidence[place], without(statement.evidence, place)
    return supports(statement.text, alone) or not (others and supports(statement.text, joined(others)))


def without(evidence: Sequence[str], place: int) -> Sequence[str]:
    """The texts without one of them."""
    return [*evidence[:place], *evidence[place + 1 :]]

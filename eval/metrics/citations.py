"""Whether the sentences of an answer are supported by the papers they cite, and the citations sound.

Citation recall and precision are those of ALCE (Gao et al., 2023, "Enabling Large Language Models
to Generate Text with Citations"), over whole papers as there. Unlike its script, a marker that names
no paper counts against precision.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.checking import Statement

Supports = Callable[[Statement], bool]
"""Whether the papers of a statement, taken together, support it."""


def share(flags: Sequence[bool]) -> float | None:
    """Share of the flags that are true; None without flags.

    Of supported sentences it is faithfulness, as in Es et al., 2023, "RAGAS: Automated Evaluation of
    Retrieval Augmented Generation", but the claims are the sentences of the answer.
    """
    return sum(flags) / len(flags) if flags else None


def is_supported(statement: Statement, supports: Supports) -> bool:
    """Whether the papers that a statement cites support it. Their mean is ALCE's citation recall."""
    return bool(statement.papers) and supports(statement)


def needed_markers(statement: Statement, supports: Supports) -> list[bool]:
    """Whether each marker of a statement is needed.

    A marker is needed if its statement is supported, and either its paper alone supports the statement or
    the other papers do not.
    """
    places = range(len(statement.papers))
    if not is_supported(statement, supports):
        return [False for _ in places]
    if len(places) == 1:
        return [True]
    return [
        supports(alone(statement, place)) or not supports(without(statement, place)) for place in places
    ]


def citation_precision(needed: Sequence[bool], unknown: int) -> float | None:
    """Share of the markers that are needed; None without markers.

    `unknown` counts markers that name no paper, which are never needed.
    """
    written = unknown + len(needed)
    return sum(needed) / written if written else None


def citation_validity(quotes: int, broken: int, unknown: int) -> float | None:
    """Share of the quotes that stand in their paper, with markers that name no paper among the others.

    `broken` are the quotes that are not the paper's text at their offsets. None if nothing is cited.
    """
    cited = quotes + unknown
    return (quotes - broken) / cited if cited else None


def alone(statement: Statement, place: int) -> Statement:
    """The statement with one of its papers."""
    return replace(statement, papers=(statement.papers[place],))


def without(statement: Statement, place: int) -> Statement:
    """The statement with its other papers."""
    return replace(statement, papers=statement.papers[:place] + statement.papers[place + 1 :])

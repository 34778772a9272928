"""Whether refusing was right: apart from every other metric, which a refusal leaves not applicable.

The two sides of selective answering: Rajpurkar et al., 2018, "Know What You Don't Know".
"""


def abstention_recall(*, refused: bool, answerable: bool) -> float | None:
    """1 where a question that the papers do not answer is refused; None where they answer it."""
    return None if answerable else float(refused)


def over_refusal(*, refused: bool, answerable: bool) -> float | None:
    """1 where a question that the papers answer is refused; None where they do not answer it."""
    return float(refused) if answerable else None

"""Whether refusing was right. No other metric applies to a refusal.

The two sides of selective answering: Rajpurkar et al., 2018, "Know What You Don't Know".
"""


def abstention_recall(*, refused: bool, answerable: bool) -> float | None:
    """1 if a question that the papers do not answer is refused, else 0; None if they answer it."""
    return None if answerable else float(refused)


def over_refusal(*, refused: bool, answerable: bool) -> float | None:
    """1 if a question that the papers answer is refused, else 0; None if they do not answer it."""
    return float(refused) if answerable else None

"""Counts requests to a model, their tokens and, if prices are set, their cost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Prices = tuple[float, float]
"""Dollars per million tokens, sent and written."""

_DIGITS = 9  # of dollars
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def token_counts(reported: Mapping[str, Any]) -> dict[str, int]:
    """The tokens of a request, as far as a response reports them."""
    return {name: reported[name] for name in _COUNTS if isinstance(reported.get(name), int)}


def add_usage(usage: dict[str, float], used: Mapping[str, int], prices: Prices | None) -> None:
    """Add a request and its tokens to `usage`."""
    for name, count in ({"requests": 1} | dict(used)).items():
        usage[name] = usage.get(name, 0) + count
    if prices and used:
        spent = zip(prices, _COUNTS, strict=False)
        dollars = sum(price * used.get(name, 0) for price, name in spent) / 1e6
        usage["cost"] = round(usage.get("cost", 0.0) + dollars, _DIGITS)


def total_usage(usages: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sum of several usages."""
    total: Counter[str] = Counter()
    for usage in usages:
        total.update(usage)
    return {name: round(count, _DIGITS) for name, count in total.items()}

"""What the stores in SQLite share."""

from collections.abc import Callable, Collection
from typing import Any

_AT_A_TIME = 500  # values; SQLite takes 999 in its older builds


def rows_in(rows: Callable[..., list[Any]], statement: str, values: Collection[str]) -> list[Any]:
    """The rows of a statement that ends in IN, for any number of values.

    `rows` runs a statement with its values.
    """
    listed, found = list(values), []
    for start in range(0, len(listed), _AT_A_TIME):
        some = listed[start : start + _AT_A_TIME]
        found += rows(f"{statement} ({','.join('?' * len(some))})", *some)
    return found

"""What became of an attack."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.attacks.target import Range


@dataclass(frozen=True)
class Finding:
    """One attack: what the page promises, what was measured, and whether the promise held."""

    attack: str
    promised: str
    measured: str
    is_held: bool


Attack = Callable[["Range"], Iterator[Finding]]
"""Attacks of one kind, on pages that it starts; each finding comes when it is known."""


def none_of(attack: str, promised: str, offences: list[str], tried: int) -> Finding:
    """Held where no offence was seen among all that was tried."""
    shown = "; ".join(offences[:3]) + (f"; and {len(offences) - 3} more" if len(offences) > 3 else "")
    measured = f"{len(offences)} of {tried}: {shown}" if offences else f"0 of {tried}"
    return Finding(attack, promised, measured, not offences)

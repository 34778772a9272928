"""What became of an attack."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One attack: what the page promises, what was measured, whether the promise held."""

    attack: str
    promised: str
    measured: str
    is_held: bool


def none_of(attack: str, promised: str, offences: list[str], tried: int) -> Finding:
    """Held if there were no offences among the attempts."""
    shown = "; ".join(offences[:3]) + (f"; and {len(offences) - 3} more" if len(offences) > 3 else "")
    measured = f"{len(offences)} of {tried}: {shown}" if offences else f"0 of {tried}"
    return Finding(attack, promised, measured, not offences)

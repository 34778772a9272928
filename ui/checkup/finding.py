"""What one check of `askpapers doctor` finds, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from rag.errors import AskpapersError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was checked, how it is, and what to do where something is wrong."""

    name: str
    state: State
    found: str
    todo: str | None = None

    @classmethod
    def from_error(cls, name: str, error: AskpapersError) -> "Finding":
        """Our errors say what is wrong, then what to do after the last colon."""
        message, colon, todo = str(error).rpartition(": ")
        return cls(name, "fail", message if colon else todo, todo if colon else None)


def attempted(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a check finds. An error in it is a finding too, and stops no other check."""
    findings: list[Finding] = []
    try:
        findings += check()
    except AskpapersError as error:
        findings.append(Finding.from_error(name, error))
    except Exception as error:  # whatever is broken here is what the check is for
        message = f"{type(error).__name__}: {error}"
        findings.append(Finding(name, "fail", message, "install askpapers anew, or report this"))
    return findings

"""One thing that was looked at: how it is, what was found, and what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from rag.errors import AskpapersError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """`todo` is empty where there is nothing to do."""

    name: str
    state: State
    found: str
    todo: str = ""

    @classmethod
    def from_error(cls, name: str, error: AskpapersError, state: State = "fail") -> Finding:
        """Our errors say what is wrong, then what to do."""
        found, colon, todo = str(error).rpartition(": ")
        return cls(name, state, found if colon else todo, todo if colon else "")


def attempted(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a look finds; a fault in it is a finding too, and stops no other look."""
    found: list[Finding] = []
    try:
        found += look()
    except AskpapersError as error:
        found.append(Finding.from_error(name, error))
    except Exception as error:  # whatever is broken here is what is looked for
        told = f"{type(error).__name__}: {error}"
        found.append(Finding(name, "fail", told, "install askpapers anew, or report this"))
    return found

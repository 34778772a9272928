"""What `askpapers doctor` looks at: the machine, the library, the servers. Nothing is written or made."""

from ui.checkup.finding import Finding, State, attempted

__all__ = [Finding, "State", "attempted"]

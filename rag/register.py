"""A register: rows by name in a JSON file that only its user can read, and that processes share."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag.private import FILE, atomic_write, make_folder


@dataclass(frozen=True)
class Register:
    """The register in a file, which its first row makes."""

    path: Path

    def rows(self) -> dict[str, dict[str, Any]]:
        """All rows. Raises OSError, and ValueError if the file is damaged."""
        try:
            rows = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except RecursionError as error:
            raise ValueError(str(error)) from error
        if not isinstance(rows, dict):
            raise ValueError("not rows by name")
        return rows

    def keep(self, name: str, row: dict[str, Any] | None, *, replaces_damaged: bool = False) -> None:
        """Put a row in place of one of its name; None removes that.

        Raises as `rows` does, unless a damaged file is to be begun anew.
        """
        make_folder(self.path.parent)
        with FileLock(f"{self.path}.lock", mode=FILE):
            try:
                rows = self.rows()
            except ValueError:
                if not replaces_damaged:
                    raise
                rows = {}
            rows = {known: kept for known, kept in (rows | {name: row}).items() if kept is not None}
            with atomic_write(self.path) as file:
                file.write(json.dumps(rows, indent=1).encode())

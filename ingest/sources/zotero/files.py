"""Finds the PDFs of a library on this computer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.linked_files import best_of
from ingest.sources.zotero.tables import File

_STORED, _BASED = "storage:", "attachments:"


@dataclass(frozen=True)
class Folders:
    """Zotero's data folder, and the one that the paths of linked files are relative to, if there is one."""

    data: Path
    base: Path | None

    def path_of(self, file: File) -> Path | None:
        """Where a PDF should be; None where that is outside of these folders, or no place here."""
        try:
            if not file.is_linked:
                folder = self.data / "storage" / file.key
                name = file.path.removeprefix(_STORED)
                return _inside(folder, name) if _is_name(file.key) and _is_name(name) else None
            if file.path.startswith(_BASED):
                return _inside(self.base, file.path.removeprefix(_BASED)) if self.base else None
            return path if (path := Path(file.path)).is_absolute() else None
        except (OSError, ValueError, RuntimeError):  # a name that no file can have; links in a circle
            return None

    def best(self, files: Sequence[File]) -> Path | None:
        """The first PDF that is there, else the first that could be."""
        return best_of([path for file in files if (path := self.path_of(file))])


def _inside(folder: Path, name: str) -> Path | None:
    """The path of a name in a folder, unless it leads out of it, by itself or by a link."""
    path = folder / name
    return path if path.resolve().is_relative_to(folder.resolve()) else None


def _is_name(text: str) -> bool:
    return text not in ("", ".", "..") and not {"/", "\\", "\0"} & set(text)

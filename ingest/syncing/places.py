"""The folders on disk to watch for changes of an origin."""

from contextlib import suppress
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from ingest.sources.files import is_pattern
from ingest.syncing.origins import path_of_origin
from rag.library.origins import Origin


@dataclass(frozen=True)
class Place:
    """A folder in which something may change that an origin is made of: any file, or the one of a path.

    `number` is what the file system gives to the folder; None while it is not there.
    """

    origin: str
    folder: Path
    is_deep: bool  # with all folders in it
    number: int | None
    file: Path | None = None

    @property
    def around(self) -> tuple[Path, ...]:
        """The folder and those that it is in."""
        return (self.folder, *self.folder.parents)

    def holds(self, path: Path) -> bool:
        """Whether a change of this path may concern the origin."""
        if self.file is not None:
            return path == self.file
        return path.is_relative_to(self.folder) and not any(
            part.startswith(".") for part in path.relative_to(self.folder).parts
        )


def place_of(origin: Origin, folder: Path | None = None) -> Place | None:
    """The place of an origin as it is now; `folder` is that of a service's files, if it has any."""
    path = path_of_origin(origin)
    if path is None:
        return Place(origin.name, folder, False, _number(folder)) if folder else None
    if path.is_dir():
        return Place(origin.name, path, True, _number(path))
    if is_pattern(path):
        above = next(parent for parent in path.parents if not has_magic(str(parent)))
        return Place(origin.name, above, above != path.parent, _number(above))
    return Place(origin.name, path.parent, False, _number(path.parent), path)


def _number(folder: Path) -> int | None:
    with suppress(OSError):
        return folder.stat().st_ino
    return None

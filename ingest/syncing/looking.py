"""Finds what has changed in an origin since it was read: sources that are new, changed, gone or moved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.sources.base import Source
from ingest.sources.files import FileSource
from ingest.sources.stamps import own_stamp, size_of, unchanged
from ingest.syncing.origins import open_again, path_of_origin
from rag.errors import SourceError
from rag.library.catalog import Catalog
from rag.library.origins import Origin, ReadSource

_MANY = 2  # files in a folder that is empty now: a disk may be missing


@dataclass
class Look:
    """What a look at an origin shows.

    `renewed` has sources that are as they were, with another time or back again; `unnamed` those with
    papers that they no longer name; `moved` maps the names of files that are gone to those under which
    they are now. `owners` says of which origins sources came first.
    """

    origin: Origin
    to_read: list[Source] = field(default_factory=list)
    in_step: int = 0
    renewed: list[ReadSource] = field(default_factory=list)
    gone: dict[str, ReadSource] = field(default_factory=dict)
    unnamed: list[ReadSource] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def changes_nothing(self, *, prunes: bool) -> bool:
        """Whether the library already knows all of this."""
        is_known = all(source.is_gone for source in self.gone.values()) and not prunes
        return not (self.to_read or self.renewed or self.moved) and (is_known or not self.gone)


def look_at(catalog: Catalog, origins: Sequence[Origin], *, prunes: bool = False) -> list[Look]:
    """Look at origins again, without reading what has not changed; a source of two origins comes once.

    With `prunes`, sources with papers that they no longer name are read, to know which ones.
    """
    opened = open_again(origins)
    known = {source.name: source for source in catalog.made_of.all_sources()}
    for origin in origins:
        if origin.name not in known and (papers := catalog.made_of.count_papers(origin.name)):
            known[origin.name] = ReadSource(
                origin.name, origin.name, None, "", papers
            )  # by an older version
    looks = [_look(origin, opened[origin.name], known, prunes=prunes) for origin in origins]
    _use_once(looks)
    _find_moved(catalog, looks)
    return looks


def _look(
    origin: Origin, opened: list[Source] | SourceError, known: Mapping[str, ReadSource], *, prunes: bool
) -> Look:
    look, path = Look(origin), path_of_origin(origin)
    if isinstance(opened, SourceError):
        if path is not None and origin.name in known and _has_files(path.parent):
            _add_gone(look, [known[origin.name]])
        if not look.gone and not look.errors:
            look.errors.append(_out_of_reach(opened, path))
        return look
    for source in opened:
        _compare(look, source, known.get(source.name), prunes=prunes)
    if path is not None:
        named = {source.name for source in opened}
        its_own = [source for source in known.values() if source.origin == origin.name]
        its_files = [source for source in its_own if Path(source.name).is_absolute()]
        _add_gone(look, [source for source in its_files if source.name not in named])
    return look


def _out_of_reach(error: SourceError, path: Path | None) -> str:
    """Why an origin cannot be opened, and what to do; it could be, once."""
    if path is None or path.exists():
        return str(error)
    what = str(error).rpartition(": ")[0]  # without the advice for what was never there
    return (
        f"{what}: check whether its disk is there; if it was renamed, `askpapers ingest` the new name, and "
        "forget this one with `askpapers library sources --forget`"
    )


def _compare(look: Look, source: Source, known: ReadSource | None, *, prunes: bool) -> None:
    """Note whether a source has to be read."""
    stamp = unchanged(source, known.stamp) if known else None
    if known:
        look.owners[source.name] = known.origin
    if known and stamp and known.unnamed and not known.is_gone:
        look.unnamed.append(known)
    if known is None or stamp is None or (prunes and known.unnamed):
        look.to_read.append(source)
        return
    look.in_step += 1
    if stamp != known.stamp or known.is_gone:
        known = replace(known, stamp=stamp, is_gone=False, unnamed=0 if known.is_gone else known.unnamed)
        look.renewed.append(known)


def _add_gone(look: Look, sources: Sequence[ReadSource]) -> None:
    """Note which of these sources have no file any more; a folder that is out of reach is an error."""
    by_place = defaultdict[Path, list[ReadSource]](list)
    for source in sources:
        try:
            Path(source.name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            by_place[_nearest_folder(Path(source.name))].append(source)
        except OSError as error:
            look.errors.append(
                f"{source.name} cannot be looked at ({error.strerror}): check its permissions, or whether "
                "its disk is there"
            )
    for folder, gone in by_place.items():
        if len(gone) < _MANY or _has_files(folder):
            look.gone |= {source.name: source for source in gone}
        else:
            look.errors.append(
                f"the folder {folder} is empty, and {len(gone)} files in it were read: check whether its "
                "disk is there, or delete the folder if they are gone for good"
            )


def _nearest_folder(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    return next(folder for folder in path.parents if folder.is_dir())


def _has_files(folder: Path) -> bool:
    """Whether a folder is there and not empty, as one is whose disk is missing."""
    return folder.is_dir() and any(folder.iterdir())


def _use_once(looks: Sequence[Look]) -> None:
    """Leave each source to the first look that has it."""
    used: set[str] = set()
    for look in looks:
        look.to_read = [source for source in look.to_read if source.name not in used]
        look.gone = {name: source for name, source in look.gone.items() if name not in used}
        used |= {source.name for source in look.to_read} | look.gone.keys()


def _find_moved(catalog: Catalog, looks: Sequence[Look]) -> None:
    """Match files that are gone with new ones of the same content."""
    by_size = defaultdict[str, list[tuple[Look, str, str]]](list)
    for look in looks:
        for old in look.gone.values():
            if stamp := own_stamp(old.stamp):
                by_size[stamp.partition(" ")[0]].append((look, old.name, stamp))
    new = [(look, source) for look in looks if by_size for source in look.to_read]
    for look, source in new:
        if not isinstance(source, FileSource) or catalog.made_of.count_papers(source.name):
            continue
        for candidate in by_size.get(size_of(source.path), ()):
            from_look, name, stamp = candidate
            if name in from_look.gone and source.same_content(stamp):
                del from_look.gone[name]
                look.moved[name] = source.name
                break

"""The collections of a library: their paths, and those that a name stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from rag.errors import SourceError
from rag.plain import cut, in_a_line

_SHOWN, _MOST_SHOWN = 60, 5  # characters of a name in an error, and names
_DEEPEST = 100  # collections inside each other


@dataclass(frozen=True)
class Collection:
    """`id` and `parent` are whatever tells the collections of a library apart."""

    id: int | str
    key: str
    name: str
    parent: int | str | None


class Collections:
    """All collections of a library that are not in the trash, nor in another that is."""

    def __init__(self, collections: Iterable[Collection]) -> None:
        known = {each.id: each for each in collections}
        self._known = {id_: each for id_, each in known.items() if _line(each, known) is not None}
        self.paths = {
            id_: "/".join(part.name for part in _line(each, known) or ())
            for id_, each in self._known.items()
        }
        """The path of each, such as `Thesis/Chapter 2`, by its id."""

    def chosen(self, name: str) -> set[int | str]:
        """The ids of the collection with this path, name or key, and of those in it. Raises SourceError."""
        wanted = name.strip().strip("/").casefold()
        ids = [id_ for id_, path in self.paths.items() if path.casefold() == wanted]
        ids = ids or [id_ for id_, each in self._known.items() if each.name.casefold() == wanted]
        ids = ids or [id_ for id_, each in self._known.items() if each.key.casefold() == wanted]
        if not ids:
            raise SourceError(f"Zotero has no collection {shown_name(name)}: {self._near(wanted)}")
        if len(ids) > 1:
            paths = _listed(self.paths[id_] for id_ in ids)
            raise SourceError(
                f"Zotero has {len(ids)} collections {shown_name(name)}: say one of {paths}, or its key"
            )
        return {
            id_ for id_, each in self._known.items() if any(part.id == ids[0] for part in self._up(each))
        }

    def _up(self, collection: Collection) -> list[Collection]:
        return _line(collection, self._known) or []

    def _near(self, wanted: str) -> str:
        """What to do about a name that no collection has."""
        if not self.paths:
            return "it has none, so say zotero for all of the library"
        names = {path.casefold(): path for path in self.paths.values()}
        names |= {each.name.casefold(): self.paths[id_] for id_, each in self._known.items()}
        near = [names[name] for name in get_close_matches(wanted, names, _MOST_SHOWN, 0.5)]
        return f"say one of {_listed(dict.fromkeys(near or sorted(self.paths.values())))}"


def _line(collection: Collection, known: dict[int | str, Collection]) -> list[Collection] | None:
    """The collections from the outermost to this one; None if one is not there, or they go in a circle."""
    line = [collection]
    while (parent := line[0].parent) is not None:
        if parent not in known or len(line) > _DEEPEST:
            return None
        line.insert(0, known[parent])
    return line


def shown_name(name: str) -> str:
    return cut(in_a_line(name), _SHOWN)


def _listed(names: Iterable[str]) -> str:
    shown = [shown_name(name) for name in names]
    return "; ".join(shown[:_MOST_SHOWN]) + ("; …" if len(shown) > _MOST_SHOWN else "")

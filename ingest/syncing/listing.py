"""What a library was made of, as a list."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.sources.base import Source
from ingest.sources.files import FileSource
from ingest.sources.stamps import looks_unchanged
from ingest.syncing.origins import can_be_opened, kind_of, open_again, path_of_origin
from rag.errors import SourceError
from rag.library.catalog import Catalog
from rag.library.origins import Origin, ReadSource


@dataclass(frozen=True)
class Listed:
    """An origin of papers: `sources` is the number of its files, `read` when it was last read or looked at
    (UTC, ISO 8601), `unnamed` the number of its papers that are gone from it and kept."""

    name: str
    kind: str
    papers: int
    sources: int
    read: str | None
    unnamed: int
    state: str


def listed(catalog: Catalog) -> list[Listed]:
    """Every origin by name. Files are compared by size and time, and no service is asked."""
    papers = catalog.made_of.papers_by_origin()
    by_origin = defaultdict[str, list[ReadSource]](list)
    known: dict[str, ReadSource] = {}
    for source in catalog.made_of.all_sources():
        by_origin[source.origin].append(source)
        known[source.name] = source
    origins = catalog.made_of.all()
    paths = [origin for origin in origins if can_be_opened(origin) and path_of_origin(origin)]
    opened = open_again(paths)
    rows = []
    for origin in origins:
        its_own = by_origin[origin.name]
        times = [origin.synced or "", *(source.read for source in its_own)]
        rows.append(
            Listed(
                origin.name,
                kind_of(origin),
                papers.get(origin.name, 0),
                len(its_own),
                max(times) or None,
                sum(source.unnamed for source in its_own),
                _state(origin, its_own, known, opened),
            )
        )
    return rows


def _state(
    origin: Origin,
    its_own: Sequence[ReadSource],
    known: Mapping[str, ReadSource],
    opened: Mapping[str, Sequence[Source] | SourceError],
) -> str:
    """In step, changed, gone, as read (Zotero or a service, not asked), or cannot be looked at again."""
    if not can_be_opened(origin):
        return "cannot be looked at again"
    if path_of_origin(origin) is None:
        return "as read"
    sources = opened[origin.name]
    if isinstance(sources, SourceError):
        return "gone"
    named = {source.name for source in sources}
    is_changed = any(
        source.name not in known or not looks_unchanged(source.path, known[source.name].stamp)
        for source in sources
        if isinstance(source, FileSource)
    )
    return "changed" if is_changed or any(source.name not in named for source in its_own) else "in step"

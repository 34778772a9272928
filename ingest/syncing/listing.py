"""Lists the origins of a library, each with its papers and whether it has changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.sources.base import Source
from ingest.sources.files import FileSource
from ingest.sources.stamps import looks_unchanged, unchanged
from ingest.syncing.origins import can_be_opened, is_here, kind_of, open_again
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
    opened = open_again([origin for origin in origins if can_be_opened(origin) and is_here(origin)])
    rows = []
    for origin in origins:
        its_own = by_origin[origin.name]
        times = [origin.synced or "", *(source.read for source in its_own if source.seen)]
        count = papers.get(origin.name, 0)
        rows.append(
            Listed(
                origin.name,
                kind_of(origin),
                count,
                len(its_own),
                max(times) or None,
                sum(source.unnamed for source in its_own),
                _state(origin, its_own, known, opened, has_papers=count > 0),
            )
        )
    return rows


def _state(
    origin: Origin,
    its_own: Sequence[ReadSource],
    known: Mapping[str, ReadSource],
    opened: Mapping[str, Sequence[Source] | SourceError],
    *,
    has_papers: bool,
) -> str:
    """What can be said of an origin without reading it; a service is not asked."""
    if not can_be_opened(origin):
        return "cannot be looked at again"
    is_read = has_papers or any(source.seen for source in its_own)
    if not is_here(origin):
        return "as read" if is_read else "never read"
    sources = opened[origin.name]
    if isinstance(sources, SourceError):
        return "gone"
    named = {source.name for source in sources}
    held = [known[source.name] for source in sources if source.name in known]
    if not is_read and not any(source.seen for source in held):
        return "never read"
    is_same = all(source.name in known and _looks_same(source, known[source.name]) for source in sources)
    if not is_same or any(source.name not in named for source in its_own):
        return "changed"
    is_useless = all(source.seen == source.rejected for source in held)
    return "nothing in it can be read" if is_useless else "in step"


def _looks_same(source: Source, known: ReadSource) -> bool:
    """Whether a source seems to be as it was; of a file only size and time are looked at."""
    if isinstance(source, FileSource):
        return looks_unchanged(source.path, known.stamp)
    return unchanged(source, known.stamp) is not None

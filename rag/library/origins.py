"""The origins of the library, as its user named them, and the sources that each led to: files, services."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from rag.library.catalog_tables import origins, records, sources, unnamed
from rag.library.merge import COMPLETING
from rag.library.own_words import OWN
from rag.library.sql import Database

_FORGOTTEN = ""  # the origin of sources of which nothing but their papers is to stay
_is_naming = sa.and_(*(records.c.source != source for source in (OWN, *COMPLETING)))
_ORIGINS = sa.select(origins.c.name, origins.c.options, origins.c.synced).order_by(origins.c.name)
_UNRECORDED = (
    sa.select(records.c.source)
    .where(_is_naming, records.c.source.not_in(sa.select(sources.c.name)))
    .distinct()
    .order_by(records.c.source)
)
_IS_UNRECORDED = _UNRECORDED.where(records.c.source == sa.bindparam("of"))
_origin = sa.func.coalesce(sources.c.origin, records.c.source)
_COUNT_BY_ORIGIN = (
    sa.select(_origin, sa.func.count(sa.distinct(records.c.paper_id)))
    .outerjoin_from(records, sources, sources.c.name == records.c.source)
    .where(_is_naming)
    .group_by(_origin)
)
_COUNT = sa.select(sa.func.count(sa.distinct(records.c.paper_id))).where(
    records.c.source == sa.bindparam("of")
)
_INSERT_ORIGIN, _INSERT_SOURCE = sa.insert(origins), sa.insert(sources)
_DELETE_ORIGIN = sa.delete(origins).where(origins.c.name == sa.bindparam("of"))
_DELETE_FILE = _DELETE_ORIGIN.where(
    origins.c.name.not_in(sa.select(sources.c.origin))  # a file that was named itself
)
_IS_ORIGIN = sa.select(sa.literal(1)).where(origins.c.name == sa.bindparam("of"))
_REJECTED = sa.select(sources.c.rejected).where(sources.c.name == sa.bindparam("of"))
_IS_SOURCE = sa.select(sa.literal(1)).where(sources.c.name == sa.bindparam("of"))
_ARE_KNOWN = sa.select(sa.literal(1)).where(
    sources.c.name == sa.bindparam("name"), origins.c.name == sa.bindparam("origin")
)
_UNNAMED = sa.select(unnamed.c.paper_id).where(unnamed.c.source == sa.bindparam("of"))
_INSERT_UNNAMED = sa.insert(unnamed)
_DELETE_UNNAMED = sa.delete(unnamed).where(unnamed.c.source == sa.bindparam("of"))
_DISOWN = sa.update(sources).values(origin=_FORGOTTEN).where(sources.c.origin == sa.bindparam("of"))
_DELETE_SOURCE = sa.delete(sources).where(sources.c.name == sa.bindparam("of"))
_DELETE_FAILED = _DELETE_SOURCE.where(
    sources.c.seen == 0, sources.c.name.not_in(sa.select(records.c.source))
)


@dataclass(frozen=True)
class Origin:
    """What a user named. `options` say how it is opened again; `synced` is when it was last looked at."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    synced: str | None = None


@dataclass(frozen=True)
class ReadSource:
    """A source as it was last read, with `seen` entries.

    `stamp` tells whether it has changed; None where nothing does. `unnamed` papers of it are in the
    library that it no longer names. It `is_gone` if its file is. `rejected` counts what could not be read
    of it when it last named all its papers: if that is more later, some may only be unreadable.
    """

    name: str
    origin: str
    stamp: str | None
    read: str
    seen: int
    unnamed: int = 0
    is_gone: bool = False
    rejected: int = 0


_SOURCES = (
    sa.select(*(sources.c[field.name] for field in fields(ReadSource)))
    .where(sources.c.origin != _FORGOTTEN)
    .order_by(sources.c.name)
)


class Origins:
    """Reads and writes what a catalog was made of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Origin]:
        """Every origin by name, also those of records that an earlier version has written."""
        rows = self._database.rows(_ORIGINS)
        named = [Origin(name, json.loads(options), synced) for name, options, synced in rows]
        known = {origin.name for origin in named}
        earlier = [row[0] for row in self._database.rows(_UNRECORDED) if row[0] not in known]
        return sorted([*named, *map(Origin, earlier)], key=lambda origin: origin.name)

    def all_sources(self) -> list[ReadSource]:
        """What came of all origins."""
        return [ReadSource(*row) for row in self._database.rows(_SOURCES)]

    def rejected(self, source: str) -> int:
        """How many entries of a source could not be read when it last named all its papers."""
        rows = self._database.rows(_REJECTED, of=source)
        return int(rows[0][0]) if rows else 0

    def count_papers(self, source: str) -> int:
        """Number of papers that a source has records of."""
        return int(self._database.value(_COUNT, of=source))

    def papers_by_origin(self) -> dict[str, int]:
        """Number of papers of each origin that has any."""
        return dict(self._database.rows(_COUNT_BY_ORIGIN))

    def remember(self, *named: Origin) -> None:
        """Store origins in the place of what was known of them."""
        with self._database.transaction():
            for origin in named:
                self._remember(origin)

    def is_known(self, origin: str) -> bool:
        """Whether an origin is stored."""
        return bool(self._database.rows(_IS_ORIGIN, of=origin))

    def begin(self, source: ReadSource) -> None:
        """Note that a source is being read, unless it and its origin are known."""
        if self._database.rows(_ARE_KNOWN, name=source.name, origin=source.origin):
            return
        with self._database.transaction():
            if not self.is_known(source.origin):
                self._remember(Origin(source.origin))
            if not self._database.rows(_IS_SOURCE, of=source.name):
                self._database.run(_INSERT_SOURCE, **asdict(source))

    def unnamed(self, source: str) -> list[str]:
        """The sorted ids of the papers that a source had and no longer named when it was last read."""
        return sorted(row[0] for row in self._database.rows(_UNNAMED, of=source))

    def put(self, source: ReadSource, unnamed: Collection[str] = ()) -> None:
        """Store how a source was read, and which papers it lacks, in the place of what was known of it."""
        of_source = ({"source": source.name, "paper_id": paper_id} for paper_id in unnamed)
        with self._database.transaction():
            self._delete_source(source.name)
            self._database.run(_INSERT_SOURCE, **asdict(replace(source, unnamed=len(unnamed))))
            self._database.run_all(_INSERT_UNNAMED, of_source)

    def forget(self, source: str) -> None:
        """Delete what is known of a source, and the origin of its name if nothing else came of it."""
        with self._database.transaction():
            self._delete_source(source)
            self._database.run(_DELETE_FILE, of=source)

    def give_up(self, source: str, origin: str) -> None:
        """Forget a source that failed before it gave anything, and its origin if that has no other."""
        with self._database.transaction():
            if self._database.run(_DELETE_FAILED, of=source):
                self._database.run(_DELETE_FILE, of=origin)

    def forget_origin(self, origin: str) -> None:
        """Forget what a user named, and what came of it; the papers stay, and are of no origin then."""
        with self._database.transaction():
            self._database.run(_DELETE_ORIGIN, of=origin)
            self._database.run(_DISOWN, of=origin)
            if self._database.rows(_IS_UNRECORDED, of=origin):  # by an earlier version
                self._database.run(_INSERT_SOURCE, **asdict(ReadSource(origin, _FORGOTTEN, None, now(), 0)))

    def _delete_source(self, source: str) -> None:
        self._database.run(_DELETE_UNNAMED, of=source)
        self._database.run(_DELETE_SOURCE, of=source)

    def _remember(self, origin: Origin) -> None:
        options = json.dumps(origin.options, default=str)
        self._database.run(_DELETE_ORIGIN, of=origin.name)
        self._database.run(_INSERT_ORIGIN, name=origin.name, options=options, synced=origin.synced)


def now() -> str:
    """This moment in UTC, as ISO 8601 has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")

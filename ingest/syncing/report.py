"""What a sync did, origin by origin."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.pipeline import OUTCOMES, Report


@dataclass(frozen=True)
class GonePaper:
    """A paper that its source no longer names."""

    paper_id: str
    title: str


@dataclass(frozen=True)
class Gone:
    """Papers that are in the library, and that a source no longer names or whose file is gone.

    `removed` says that the source's records of them were deleted; `own` lists the titles of papers that
    stay all the same, as they have the user's own tags or notes.
    """

    source: str
    papers: int
    is_file_gone: bool
    gone: Sequence[GonePaper] = ()
    removed: bool = False
    own: Sequence[str] = ()
    reason: str | None = None  # for which they are kept in spite of --prune


@dataclass
class OriginReport:
    """What became of an origin: `read` lists its sources that were new or changed, `in_step` counts those
    that were not."""

    name: str
    kind: str
    report: Report = field(default_factory=Report)
    read: list[str] = field(default_factory=list)
    in_step: int = 0
    gone: list[Gone] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    completes: bool = False  # its user wants what its papers lack from services

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was new, changed or gone."""
        return not (self.read or self.gone or self.moved or self.errors)

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self)
        report = values.pop("report")
        del values["completes"]
        counts = {name: report[name] for name in ("seen", *OUTCOMES, "rejected", "unlisted")}
        moved = [{"from": old, "to": new} for old, new in values.pop("moved").items()]
        return {**values, "moved": moved, **counts}


@dataclass
class SyncReport:
    """What a sync did; `total` sums up the reports of the origins, and says what the library holds.

    `left` lists origins that cannot be looked at again, such as uploads.
    """

    origins: list[OriginReport] = field(default_factory=list)
    total: Report = field(default_factory=Report)
    left: list[str] = field(default_factory=list)
    is_dry_run: bool = False
    is_unfinished: bool = False  # some files were not ready to be read

    @property
    def has_failed(self) -> bool:
        """Whether some origin could not be looked at or read."""
        return any(origin.errors for origin in self.origins)

    @property
    def to_complete(self) -> list[str]:
        """The sources that were read, and whose papers are to be completed."""
        return [name for origin in self.origins if origin.completes for name in origin.read]

    @property
    def gone(self) -> int:
        """Number of papers that are gone from their sources, and kept."""
        return sum(
            len(gone.own) if gone.removed else gone.papers
            for origin in self.origins
            for gone in origin.gone
        )

    @property
    def removed(self) -> int:
        """Number of papers of which a source's records were deleted."""
        return sum(
            gone.papers - len(gone.own) for origin in self.origins for gone in origin.gone if gone.removed
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "origins": [origin.to_dict() for origin in self.origins],
            "left": self.left,
            "gone": self.gone,
            "removed": self.removed,
            "dry_run": self.is_dry_run,
            **self.total.to_dict(),
        }

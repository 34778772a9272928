"""Question sets about papers of one field, and which papers those are.

A set is named after its field: `biomedicine-test`, `economics`.
"""

from collections.abc import Iterable
from pathlib import Path

from eval.cases import BUNDLED, read_sets

BIOMEDICINE = "biomedicine"  # 260 abstracts of SciFact, not bundled
ECONOMICS = "economics"  # 12 bundled digests
FIELDS = (BIOMEDICINE, ECONOMICS)


def by_field(places: Iterable[str]) -> dict[str | None, list[str]]:
    """The question files by the field of their papers; None stands for the user's own library.

    Raises CaseError.
    """
    files: dict[str | None, list[str]] = {}
    for path in read_sets(places):
        files.setdefault(field_of(path), []).append(str(path))
    return files


def field_of(path: Path) -> str | None:
    """The field of a bundled set; None for any other file."""
    name = path.stem.split("-")[0]
    return name if name in FIELDS and path.resolve().parent == BUNDLED.resolve() else None


def biomedicine_ids() -> frozenset[str]:
    """The ids, in SciFact's corpus, of the abstracts that the questions on biomedicine are about."""
    return frozenset((BUNDLED / f"{BIOMEDICINE}.txt").read_text(encoding="utf-8").split())

"""Sets of questions about papers of a field of their own, and which papers those are.

The sets of a field are named after it: `biomedicine-test`, `economics`.
"""

from collections.abc import Iterable
from pathlib import Path

from eval.cases import BUNDLED, read_sets

BIOMEDICINE = "biomedicine"  # 260 abstracts of SciFact, which do not come with the program
ECONOMICS = "economics"  # 12 digests that do
FIELDS = (BIOMEDICINE, ECONOMICS)


def by_field(places: Iterable[str]) -> dict[str | None, list[str]]:
    """The question files by the field of their papers, None for those asked on the user's own library.

    Raises CaseError.
    """
    found: dict[str | None, list[str]] = {}
    for path in read_sets(places):
        found.setdefault(field_of(path), []).append(str(path))
    return found


def field_of(path: Path) -> str | None:
    """The field of a set that comes with the program."""
    name = path.stem.split("-")[0]
    return name if name in FIELDS and path.resolve().parent == BUNDLED.resolve() else None


def biomedicine_ids() -> frozenset[str]:
    """The ids in SciFact's corpus of the abstracts that the questions on biomedicine are about."""
    return frozenset((BUNDLED / f"{BIOMEDICINE}.txt").read_text(encoding="utf-8").split())

"""Libraries of the fields that question sets cover, built once in the user data folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import RunError
from eval.fields import BIOMEDICINE, biomedicine_ids
from ingest.bundled import ECONOMICS, BundledSource
from ingest.sources.base import Entry, Source, entry_from
from rag.library import Library
from rag.library.progress import Track, untracked
from rag.settings import Settings, field_library
from ui.opening import open_filled

CORPUS = "corpus.jsonl"


@dataclass(frozen=True)
class _Abstracts:
    """Documents of SciFact's corpus as papers."""

    rows: tuple[dict[str, Any], ...]
    name: str = "scifact"

    def read(self) -> Iterator[Entry]:
        for number, row in enumerate(self.rows, start=1):
            yield entry_from(row, self.name, number)


def needs_data(field: str | None, data: Path | None) -> str | None:
    """What is missing to ask the questions of a field; None if nothing is."""
    if field != BIOMEDICINE or data:
        return None
    return (
        f"the questions on {field} are about abstracts of SciFact, which do not come with askpapers: "
        f"name the folder of its {CORPUS} with --data FOLDER, or a library with --library"
    )


def open_field(field: str, data: Path | None, settings: Settings, track: Track = untracked) -> Library:
    """Open the library of a field, one for each set of papers. Raises RunError."""
    if missing := needs_data(field, data):
        raise RunError(missing)
    source: Source = _scifact(data) if data and field == BIOMEDICINE else BundledSource(ECONOMICS)
    entries = hashlib.sha256("\n".join(map(repr, source.read())).encode()).hexdigest()
    return open_filled(field_library(f"{field}-{entries[:12]}"), source, settings, track)


def _scifact(folder: Path) -> _Abstracts:
    """The abstracts that the questions are about. Raises RunError."""
    ids = biomedicine_ids()
    try:
        with (folder / CORPUS).open(encoding="utf-8") as lines:
            rows = {str(row.get("_id", row.get("doc_id"))): row for row in map(json.loads, lines)}
    except (OSError, ValueError, AttributeError) as error:
        raise RunError(f"{folder / CORPUS} cannot be read ({error}): name SciFact's folder") from error
    if missing := ids - rows.keys():
        raise RunError(
            f"{folder / CORPUS} lacks {len(missing)} of the {len(ids)} abstracts that the questions "
            "are about: name the folder of SciFact's whole corpus"
        )
    return _Abstracts(tuple(_record(rows[paper_id]) for paper_id in sorted(ids)))


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """The paper of a document; the editions of the corpus name its fields differently."""
    text = row.get("sentences") or row.get("abstract") or row.get("text") or ""
    return {"title": row.get("title"), "abstract": text if isinstance(text, str) else " ".join(text)}

"""The papers that the questions are about: where they come from, and what is known of each."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUESTIONS = Path(__file__).parent / "questions.jsonl"
_PAPERS = Path(__file__).parent / "papers.jsonl"


@dataclass(frozen=True)
class WholePaper:
    """A paper of the collection.

    `file` is the end of its path in the package, `sha256` and `pages` are those of the file that the
    questions were written on. The first of `titles` is the one that the questions name; a right title is
    any of them. `abstract` has its page and its first and last words, None where there is none.
    """

    key: str
    package: str
    file: str
    sha256: str
    pages: int
    titles: tuple[str, ...]
    layout: str
    abstract: Mapping[str, Any] | None

    def in_folder(self, folder: Path) -> Path:
        """Where `fetch` puts the file."""
        return folder / f"{self.key}.pdf"

    def is_known_version(self, pdf: Path) -> bool:
        return hashlib.sha256(pdf.read_bytes()).hexdigest() == self.sha256


def whole_papers() -> list[WholePaper]:
    lines = _PAPERS.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return [WholePaper(**{**record, "titles": tuple(record["titles"])}) for record in records]

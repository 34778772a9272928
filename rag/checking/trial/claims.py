"""The labelled claims of the trial, on invented studies that no model can know."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, cycle, islice
from typing import Any

from rag.checking.base import Statement
from rag.checking.verdicts import check_rules
from rag.types import Check, Paper

_TEXTS = (1, 2)  # texts of a request, with three claims each: answers have as many sentences


@dataclass(frozen=True)
class TrialClaim:
    """A sentence with the text that it is about, and the right verdict."""

    statement: Statement
    label: Check

    @property
    def is_true(self) -> bool:
        return self.label == "supported"


@cache
def claims_by_text() -> tuple[tuple[TrialClaim, ...], ...]:
    """The claims on each text; a line of the file holds a text and its claims."""
    return tuple(_read(json.loads(line)) for line in _file().splitlines())


def all_claims() -> list[TrialClaim]:
    return list(chain.from_iterable(claims_by_text()))


def requests() -> Iterator[Sequence[TrialClaim]]:
    """The claims as they are asked about: those of one or two texts together."""
    texts, sizes = iter(claims_by_text()), cycle(_TEXTS)
    while claims := list(chain.from_iterable(islice(texts, next(sizes)))):
        yield claims


@cache
def fingerprint() -> str:
    """SHA-256 of the claims and of the rules by which they are judged."""
    return hashlib.sha256(f"{check_rules()}\0{_file()}".encode()).hexdigest()


def _file() -> str:
    return resources.files(__package__).joinpath("claims.jsonl").read_text(encoding="utf-8")


def _read(record: dict[str, Any]) -> tuple[TrialClaim, ...]:
    paper = Paper(record["title"], record["text"], record["published"])
    return tuple(TrialClaim(Statement(row["claim"], (paper,)), row["label"]) for row in record["claims"])

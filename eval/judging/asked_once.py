"""A judge that asks our chat model, and keeps what was paid for: verdicts by judge, rules and input.

One SQLite file serves all runs of a user, so that a second run over the same answers costs nothing in
whatever folder, and of a changed run only what has changed is asked.
"""

import json
import sqlite3
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from eval.judging.base import JudgeInput, Kind, Verdict
from rag.cache_file import CacheFile
from rag.errors import KeyRefusedError, ModelError, ModelMissingError

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    judge TEXT NOT NULL, prompt TEXT NOT NULL, input TEXT NOT NULL, verdict TEXT NOT NULL,
    PRIMARY KEY (judge, prompt, input)
) WITHOUT ROWID;
"""

Key = tuple[str, str, str]


class ChatJudge(ABC):
    """A judge that asks only for verdicts that it has not yet given.

    A verdict from the cache took nothing, which its usage says: `cached` is 1. Errors are not kept.
    No trouble with the file is an error.
    """

    backend: ClassVar[str]
    labels: tuple[str, ...]

    def __init__(self, model: "ChatModel", cache: Path) -> None:
        self._model = model
        self._file = CacheFile(cache, _SCHEMA)
        self.name = f"{self.backend}:{model.name}"
        self.model = f"{model.name} at {model.address}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._model.close()

    def verdict(self, judge_input: JudgeInput) -> Verdict:
        key = (f"{self.backend}: {self.model}", self.prompt(judge_input.kind), judge_input.digest)
        if known := self._file.attempt(lambda connection: _read(connection, key), None):
            return known
        usage: dict[str, float] = {}
        try:
            verdict = self._ask(judge_input, usage)
        except (KeyRefusedError, ModelMissingError):
            raise
        except ModelError as error:
            return Verdict(None, None, str(error), usage)
        if not verdict.is_error:
            self._file.attempt(lambda connection: _write(connection, key, verdict), None)
        return replace(verdict, usage=usage)

    @abstractmethod
    def prompt(self, kind: Kind) -> str: ...

    @abstractmethod
    def _ask(self, judge_input: JudgeInput, usage: dict[str, float]) -> Verdict:
        """The model's verdict; what it took is added to `usage`. Raises ModelError."""


def _read(connection: sqlite3.Connection, key: Key) -> Verdict | None:
    """The verdict that is kept; None where there is none, or it makes no sense."""
    row = connection.execute(
        "SELECT verdict FROM verdicts WHERE judge = ? AND prompt = ? AND input = ?", key
    ).fetchone()
    try:
        label, value, reason = json.loads(row[0]) if row else (None, None, None)
    except (ValueError, TypeError):
        return None
    if not (isinstance(label, str) and isinstance(value, float) and isinstance(reason, str)):
        return None
    return Verdict(label, value, reason, {"cached": 1}) if 0 <= value <= 1 else None


def _write(connection: sqlite3.Connection, key: Key, verdict: Verdict) -> None:
    dumped = json.dumps([verdict.label, verdict.value, verdict.reason])
    with connection:
        connection.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", (*key, dumped))

"""Verdicts that were paid for, by judge, its rules and what it judged, in one SQLite file.

The file is one for all runs of a user, so that a second run over the same answers costs nothing, whatever
folder it goes to, and of a changed run only what has changed is asked.
"""

import json
import sqlite3
from pathlib import Path
from typing import Self

from eval.judging.base import ChatJudge, JudgeInput, Kind, Verdict
from rag.cache_file import CacheFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    judge TEXT NOT NULL, prompt TEXT NOT NULL, input TEXT NOT NULL, verdict TEXT NOT NULL,
    PRIMARY KEY (judge, prompt, input)
) WITHOUT ROWID;
"""

Key = tuple[str, str, str]


class CachedJudge:
    """A judge that is asked only for verdicts that it has not yet given.

    A verdict from the cache took nothing, which its usage says: `cached` is 1. Errors are not kept.
    No trouble with the file is an error.
    """

    def __init__(self, judge: ChatJudge, path: Path) -> None:
        self._judge = judge
        self._file = CacheFile(path, _SCHEMA)
        self.name, self.model, self.labels = judge.name, judge.model, judge.labels

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of the judge."""
        self._judge.close()

    def prompt(self, kind: Kind) -> str:
        return self._judge.prompt(kind)

    def verdict(self, judge_input: JudgeInput) -> Verdict:
        key = (f"{self._judge.backend}: {self.model}", self.prompt(judge_input.kind), judge_input.digest)
        if known := self._file.attempt(lambda connection: _read(connection, key), None):
            return known
        verdict = self._judge.verdict(judge_input)
        if not verdict.is_error:
            self._file.attempt(lambda connection: _write(connection, key, verdict), None)
        return verdict


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

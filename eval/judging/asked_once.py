"""A judge that asks our chat model and keeps its verdicts, by judge, rules and input.

One SQLite file serves all runs of a user: a second run over the same answers costs nothing, and in a
changed run only the changed answers are judged.
"""

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from eval.judging.base import JudgeInput, Kind, Verdict
from rag.cache_file import CacheFile
from rag.errors import KeyRefusedError, ModelError, ModelMissingError
from rag.model.base import Usage

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
    """A judge that asks only for verdicts that it has not given yet.

    `cached` in the usage counts verdicts from the file. Errors and unchecked claims are not kept. A file
    that cannot be read or written is no error.
    """

    backend: ClassVar[str]
    labels: tuple[str, ...]
    at_once: ClassVar[int] = 1  # claims in a request

    def __init__(self, model: "ChatModel", cache: Path) -> None:
        self._model = model
        self._file = CacheFile(cache, _SCHEMA)
        self.name = f"{self.backend}:{model.name}"
        self.model = f"{model.name} at {model.address}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._model.close()

    def verdicts(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        verdicts: dict[str, Verdict] = {}
        new: dict[str, JudgeInput] = {}
        for judge_input in judge_inputs:
            if known := self._known(judge_input):
                verdicts[judge_input.digest] = known
            else:
                new[judge_input.digest] = judge_input
        if verdicts:
            usage["cached"] = usage.get("cached", 0) + len(verdicts)
        for batch in self._batches(list(new.values())):
            for judge_input, verdict in zip(batch, self._asked(batch, usage), strict=True):
                verdicts[judge_input.digest] = verdict
        return [verdicts[judge_input.digest] for judge_input in judge_inputs]

    def _batches(self, judge_inputs: Sequence[JudgeInput]) -> Iterator[Sequence[JudgeInput]]:
        """The inputs by request: several claims in one, each other input alone."""
        claims = [each for each in judge_inputs if each.kind == "support"]
        yield from (claims[start : start + self.at_once] for start in range(0, len(claims), self.at_once))
        yield from ([each] for each in judge_inputs if each.kind != "support")

    def _asked(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        """The model's verdicts on one batch; keeps them."""
        try:
            verdicts = self._ask(judge_inputs, usage)
        except (KeyRefusedError, ModelMissingError):
            raise
        except ModelError as error:
            return [Verdict(None, None, str(error))] * len(judge_inputs)
        for judge_input, verdict in zip(judge_inputs, verdicts, strict=True):
            if verdict.value is not None:
                self._keep(judge_input, verdict)
        return verdicts

    def _known(self, judge_input: JudgeInput) -> Verdict | None:
        return self._file.attempt(lambda connection: _read(connection, self._key(judge_input)), None)

    def _keep(self, judge_input: JudgeInput, verdict: Verdict) -> None:
        self._file.attempt(lambda connection: _write(connection, self._key(judge_input), verdict), None)

    def _key(self, judge_input: JudgeInput) -> Key:
        return f"{self.backend}: {self.model}", self.prompt(judge_input.kind), judge_input.digest

    @abstractmethod
    def prompt(self, kind: Kind) -> str: ...

    @abstractmethod
    def _ask(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        """The model's verdicts on one batch; adds to `usage`. Raises ModelError."""


def _read(connection: sqlite3.Connection, key: Key) -> Verdict | None:
    """The verdict in the file; None if there is none, or it cannot be read."""
    row = connection.execute(
        "SELECT verdict FROM verdicts WHERE judge = ? AND prompt = ? AND input = ?", key
    ).fetchone()
    try:
        label, value, reason = json.loads(row[0]) if row else (None, None, None)
    except (ValueError, TypeError):
        return None
    if not (isinstance(label, str) and isinstance(value, float) and isinstance(reason, str)):
        return None
    return Verdict(label, value, reason) if 0 <= value <= 1 else None


def _write(connection: sqlite3.Connection, key: Key, verdict: Verdict) -> None:
    dumped = json.dumps([verdict.label, verdict.value, verdict.reason])
    with connection:
        connection.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", (*key, dumped))

"""Likes and dislikes, kept on this machine in a file that `askpapers eval` reads as cases."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from eval.cases import FEEDBACK
from rag.errors import AskpapersError
from rag.markers import without_markers
from rag.plain import cut, plain
from rag.private import FILE, atomic_write, make_folder
from rag.types import Answer, Filters

LONGEST_TEXT = 20_000  # characters
MOST_RATINGS = 10_000
MOST_TURNS = 50  # more than a conversation remembers: earlier ones had no influence
TAG, LIKED, DISLIKED = "feedback", "liked", "disliked"

_PATIENCE = 30.0  # seconds, for others that write
_ODD = "backslashreplace"  # half a surrogate pair stays JSON


class FeedbackError(AskpapersError):
    """The file of likes and dislikes cannot be read or written."""


@dataclass(frozen=True)
class Rating:
    """What a reader thinks of the answer of the last turn; the turns before led to it.

    A turn is a question and its answer. `id` identifies the answer; of `filters`, the years are kept.
    Raises ValueError without an id or a turn.
    """

    id: str
    turns: tuple[tuple[str, Answer], ...]
    is_liked: bool
    reason: str | None = None
    filters: Filters = field(default_factory=Filters)

    def __post_init__(self) -> None:
        if not (_bounded(self.id) and self.turns):
            raise ValueError("a rating has an id and at least one turn")

    def to_case(self, when: datetime) -> dict[str, Any]:
        """The rating as a case of a question file (docs/evaluation.md)."""
        *before, (question, answer) = self.turns[-MOST_TURNS:]
        judged: dict[str, Any] = {"question": _question(question)}
        if self.filters.has_years:
            judged["filters"] = {"from_year": self.filters.from_year, "to_year": self.filters.to_year}
        judged |= self._expected()
        facts = {
            "reason": _bounded(self.reason or "") or None,
            "answer": _bounded(answer.text),
            "writer": answer.writer,
            "when": when.isoformat(timespec="seconds"),
        }
        tag = LIKED if self.is_liked else DISLIKED
        if not before:
            return {"id": _bounded(self.id), **judged, "tags": [TAG, tag], FEEDBACK: facts}
        turns = [{"question": _question(earlier)} for earlier, _ in before]
        turns.append(judged | {"tags": [tag]})  # the turns before are not rated
        return {"id": _bounded(self.id), "turns": turns, "tags": [TAG], FEEDBACK: facts}

    def _expected(self) -> dict[str, Any]:
        """What the rating says about a right answer."""
        answer = self.turns[-1][1]
        if not self.is_liked:
            return {}
        if answer.status == "refused":
            return {"answerable": False}
        papers = dict.fromkeys(citation.paper_id for citation in answer.citations)
        return {
            "answerable": True,
            "papers": list(papers),
            "reference": _bounded(without_markers(answer.text)),
        }


class Feedback:
    """The ratings in a file of JSON lines, one for each answer; the oldest go if there are too many.

    Safe to use from several threads and processes. Lines that cannot be read, or were written by hand,
    stay as they are.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is read or written yet. `eval` reads the file if its name ends in .jsonl."""
        self.path = path.resolve()  # a link stays one when its file is replaced

    def save(self, rating: Rating) -> None:
        """Keep a rating in place of any former one of its id. Raises FeedbackError."""
        case = rating.to_case(datetime.now(UTC))
        line = json.dumps(case, ensure_ascii=False).encode("utf-8", _ODD)
        self._replace(case["id"], line)

    def withdraw(self, id: str) -> None:  # noqa: A002
        """Forget the rating of this id, if there is one. Raises FeedbackError."""
        self._replace(_bounded(id), None)

    def _replace(self, id_: str, new: bytes | None) -> None:
        """Drop the line of this id, and add the new one; the file is replaced whole or not at all."""
        try:
            if new is None and not self.path.exists():
                return
            make_folder(self.path.parent)
            with FileLock(f"{self.path}.lock", timeout=_PATIENCE, mode=FILE):
                before = _lines(self.path)
                after = _without(id_, before) if new is None else [*_with_room(_without(id_, before)), new]
                if after != before:
                    with atomic_write(self.path) as file:
                        file.writelines(line + b"\n" for line in after)
        except Timeout as error:
            raise FeedbackError(
                f"another process has been writing to {self.path} for long: try again in a moment"
            ) from error
        except OSError as error:
            raise FeedbackError(
                f"{self.path} cannot be written ({error.strerror or error}): make room on its disk, or let "
                "this user write to it, and judge the answer again"
            ) from error


def _bounded(text: str) -> str:
    """A text as it is kept, without what UTF-8 cannot hold: that would spoil the whole file."""
    return cut(plain(text).strip(), LONGEST_TEXT)


def _question(text: str) -> str:
    return _bounded(text) or "…"  # for control characters alone: a case needs a question


def _lines(path: Path) -> list[bytes]:
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return lines if lines[-1] else lines[:-1]  # a last line that was cut off gets its end


def _case(line: bytes) -> dict[str, Any]:
    """The case in a line; an empty one if none can be read."""
    try:
        case = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return case if isinstance(case, dict) else {}


def _without(id_: str, lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if _case(line).get("id") != id_]


def _with_room(lines: list[bytes]) -> list[bytes]:
    """The lines with room for one more rating: the oldest go; what was written by hand stays."""
    if len(lines) < MOST_RATINGS:
        return lines
    places = [place for place, line in enumerate(lines) if FEEDBACK in _case(line)]
    dropped = set(places[: max(len(places) + 1 - MOST_RATINGS, 0)])
    return [line for place, line in enumerate(lines) if place not in dropped]

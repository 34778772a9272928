"""Likes and dislikes, kept on this machine in a file that `askpapers eval` reads as cases."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
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
MOST_TURNS = 50  # more than a conversation remembers: what was asked before led to nothing
TAG, LIKED, DISLIKED = "feedback", "liked", "disliked"

_PATIENCE = 30.0  # seconds, for others that write
_ODD = "backslashreplace"  # half a surrogate pair stays JSON


class FeedbackError(AskpapersError):
    """The file of likes and dislikes cannot be read or written."""


@dataclass(frozen=True)
class Rating:
    """What a reader thinks of an answer, the last of `turns`; those before it led there.

    A turn is a question and its answer. `id` tells the answer from all others, and of `filters` the
    years are kept. Raises ValueError without an id or a turn.
    """

    id: str
    turns: tuple[tuple[str, Answer], ...]
    is_liked: bool
    reason: str | None = None
    filters: Filters = field(default_factory=Filters)

    def __post_init__(self) -> None:
        if not (_told(self.id) and self.turns):
            raise ValueError("a rating has an id and at least one turn")

    def to_case(self, when: datetime) -> dict[str, Any]:
        """The rating as a case of a question file (docs/evaluation.md)."""
        *before, (question, answer) = self.turns[-MOST_TURNS:]
        judged = {"question": _asked(question)} | self._years() | self._expected()
        facts = {
            "reason": _told(self.reason or "") or None,
            "answer": _told(answer.text),
            "writer": answer.writer,
            "when": when.isoformat(timespec="seconds"),
        }
        tag = LIKED if self.is_liked else DISLIKED
        if not before:
            return {"id": _told(self.id), **judged, "tags": [TAG, tag], FEEDBACK: facts}
        turns = [{"question": _asked(asked)} for asked, _ in before]
        turns.append(judged | {"tags": [tag]})  # of the turns before nothing is said
        return {"id": _told(self.id), "turns": turns, "tags": [TAG], FEEDBACK: facts}

    def _years(self) -> dict[str, Any]:
        years = {"from_year": self.filters.from_year, "to_year": self.filters.to_year}
        return {"filters": years} if self.filters.has_years else {}

    def _expected(self) -> dict[str, Any]:
        """What a right answer is like, as far as the rating says so."""
        answer = self.turns[-1][1]
        if not self.is_liked:
            return {}
        if answer.status == "refused":
            return {"answerable": False}
        papers = dict.fromkeys(citation.paper_id for citation in answer.citations)
        return {
            "answerable": True,
            "papers": list(papers),
            "reference": _told(without_markers(answer.text)),
        }


@dataclass(frozen=True)
class _Entry:
    """A line of the file, as bytes: one that is no text stays what it is."""

    text: bytes

    @cached_property
    def case(self) -> dict[str, Any]:
        """The case in the line; an empty one where none can be read."""
        try:
            case = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return case if isinstance(case, dict) else {}

    @property
    def is_rating(self) -> bool:
        """Whether the page has written it, not a hand."""
        return FEEDBACK in self.case


class Feedback:
    """The ratings in a file of JSON lines, one for each answer; the oldest go where there are too many.

    Safe to use from several threads and processes. Lines that cannot be read, or were written by hand,
    stay as they are.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is read or written yet. `eval` reads the file where its name ends in .jsonl."""
        self.path = path.resolve()  # a link stays one when its file is replaced

    def save(self, rating: Rating) -> None:
        """Keep a rating in place of any former one of its id. Raises FeedbackError."""
        case = rating.to_case(datetime.now(UTC))
        line = json.dumps(case, ensure_ascii=False).encode("utf-8", _ODD)
        self._change(lambda lines: [*_bounded(_without(case["id"], lines)), _Entry(line)])

    def withdraw(self, id: str) -> None:  # noqa: A002
        """Forget the rating of this id, where there is one. Raises FeedbackError."""
        with self._translated():
            if not self.path.exists():
                return
        self._change(lambda lines: _without(_told(id), lines))

    def _change(self, change: Callable[[list[_Entry]], list[_Entry]]) -> None:
        """Replace the lines of the file, whole or not at all."""
        with self._translated():
            make_folder(self.path.parent)
            with FileLock(f"{self.path}.lock", timeout=_PATIENCE, mode=FILE):
                before = _read(self.path)
                after = change(before)
                if after != before:
                    with atomic_write(self.path) as file:
                        file.writelines(line.text + b"\n" for line in after)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Timeout as error:
            raise FeedbackError(
                f"another process has been writing to {self.path} for long: try again in a moment"
            ) from error
        except OSError as error:
            raise FeedbackError(
                f"{self.path} cannot be written ({error.strerror or error}): make room on its disk, or let "
                "this user write to it, and judge the answer again"
            ) from error


def _told(text: str) -> str:
    """A text as it is kept: what UTF-8 cannot hold would spoil the whole file for its reader."""
    return cut(plain(text).strip(), LONGEST_TEXT)


def _asked(question: str) -> str:
    return _told(question) or "…"  # one of control characters alone; no case is without a question


def _read(path: Path) -> list[_Entry]:
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    if not lines[-1]:  # behind the end of the last line; one that was cut off gets its end
        del lines[-1]
    return [_Entry(line) for line in lines]


def _without(id_: str, lines: list[_Entry]) -> list[_Entry]:
    return [line for line in lines if line.case.get("id") != id_]


def _bounded(lines: list[_Entry]) -> list[_Entry]:
    """Room for one more rating: the oldest go, what is no rating stays."""
    places = [place for place, line in enumerate(lines) if line.is_rating]
    gone = set(places[: max(len(places) + 1 - MOST_RATINGS, 0)])
    return [line for place, line in enumerate(lines) if place not in gone]

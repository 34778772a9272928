"""`judged.jsonl`: what a judge said of a run, a line an answer, on disk as soon as it is said."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from eval.errors import RunError
from eval.judging.answers import Judged
from eval.rows import Row, dump_outcomes, load_outcomes
from rag.usage import total_usage

JUDGED = "judged.jsonl"

Place = tuple[str, int]
Line = Mapping[str, Any]

_ODD = "backslashreplace"  # half a surrogate pair stays JSON


class JudgedFile:
    """The lines of a folder by the places of their rows. One thread writes them."""

    def __init__(self, folder: Path) -> None:
        """Go on with what the folder holds; a line that was cut off is none. Raises RunError."""
        self._path = folder / JUDGED
        with _translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self.lines = {(line["id"], line["turn"]): line for line in _whole_lines(self._path)}
            self._write(self.lines.values())
            self._file = self._path.open("a", encoding="utf-8", errors=_ODD, newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def known(self, place: Place, digest: str) -> Line | None:
        """What was said of this very answer by this very judge, None where nothing was."""
        line = self.lines.get(place)
        return line if line and line["digest"] == digest else None

    def append(self, row: Row, judged: Judged, judge: str, digest: str) -> None:
        """Write what is said of an answer at once; what was spent on it before counts. Raises RunError."""
        before = self.known(row.place, digest)
        line = {
            "id": row.case_id,
            "turn": row.turn,
            "judge": judge,
            "digest": digest,
            **dump_outcomes(judged.outcomes),
            "claims": [{"verdict": verdict.label, "reason": verdict.reason} for verdict in judged.claims],
            "usage": total_usage([judged.usage, before["usage"] if before else {}]),
        }
        with _translated(self._path.parent):
            self._file.write(_dumped(line))
            self._file.flush()
        self.lines[row.place] = line

    def finish(self, order: Sequence[Place]) -> list[Line]:
        """The lines of these rows in their order, as the file holds them from now on. Raises RunError."""
        lines = [self.lines[place] for place in order]
        with _translated(self._path.parent):
            self._file.close()
            self._write(lines)
        return lines

    def _write(self, lines: Iterable[Line]) -> None:
        """Write the file so that it is never met half-written."""
        unfinished = self._path.with_name(f"{JUDGED}.new")
        with unfinished.open("w", encoding="utf-8", errors=_ODD, newline="\n") as file:
            file.writelines(map(_dumped, lines))
        unfinished.replace(self._path)


def _whole_lines(path: Path) -> Iterator[Line]:
    if not path.exists():
        return
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            line = json.loads(text)
            load_outcomes(line)
            line["id"], line["turn"], line["digest"], dict(line["usage"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        yield line


def _dumped(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --out"
        ) from error

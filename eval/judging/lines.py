"""`judged.jsonl`: what a judge said of a run, a line an answer, on disk as soon as it is said."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from eval.folder import JUDGED, translated, write_whole
from eval.judging.answers import Judged
from eval.rows import Place, Row, dump_outcomes, load_outcomes
from rag.usage import total_usage

Line = Mapping[str, Any]

_ODD = "backslashreplace"  # half a surrogate pair stays JSON


class JudgedFile:
    """The lines of a folder by the places of their rows. One thread writes them."""

    def __init__(self, folder: Path, judge: str, digests: Mapping[Place, str]) -> None:
        """Go on with what the folder holds of these answers, whose digests are those of the lines.

        A line of another answer, of another judge, or cut off while it was written, is none.
        Raises RunError.
        """
        self._path = folder / JUDGED
        self._judge = judge
        self._digests = digests
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lines = {(line["id"], line["turn"]): line for line in _read(self._path)}
            self._lines = {
                place: line for place, line in lines.items() if digests.get(place) == line["digest"]
            }
            write_whole(self._path, map(_dumped, self._lines.values()))
            self._file = self._path.open("a", encoding="utf-8", errors=_ODD, newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with translated(self._path.parent):
            self._file.close()

    def is_judged(self, row: Row) -> bool:
        """Whether all that applies to a row has been judged: what was an error has not."""
        line = self._lines.get(row.place)
        return line is not None and not line["errors"]

    def append(self, row: Row, judged: Judged) -> None:
        """Write what is said of an answer at once; what it took before counts too. Raises RunError."""
        before = self._lines.get(row.place, {"usage": {}})
        line = {
            "id": row.case_id,
            "turn": row.turn,
            "judge": self._judge,
            "digest": self._digests[row.place],
            **dump_outcomes(judged.outcomes),
            "claims": [{"verdict": verdict.label, "reason": verdict.reason} for verdict in judged.claims],
            "usage": total_usage([before["usage"], judged.usage]),
        }
        with translated(self._path.parent):
            self._file.write(_dumped(line))
            self._file.flush()
        self._lines[row.place] = line

    def finish(self, order: Sequence[Place]) -> list[Line]:
        """The lines of these rows in their order, as the file has them from now on. Raises RunError."""
        lines = [self._lines[place] for place in order]
        self._file.close()
        write_whole(self._path, map(_dumped, lines))
        return lines


def _read(path: Path) -> Iterator[Line]:
    """The lines that can be read; what cannot be is asked of the judge again."""
    for text in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            line = json.loads(text)
            load_outcomes(line)
            line["id"], line["turn"], line["digest"], dict(line["usage"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        yield line


def _dumped(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"

"""`judged.jsonl`: the verdicts on a run, one line per answer, on disk at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from eval.folder import JUDGEMENTS, dump_line, open_lines, read_lines, translated, write_whole
from eval.judging.answers import Judged
from eval.rows import Place, Row, dump_outcomes, load_outcomes
from rag.model.base import Usage
from rag.model.usage import total_usage
from rag.private import make_folder

Line = Mapping[str, Any]


class JudgedFile:
    """The lines of a folder by the places of their rows. One thread writes them."""

    def __init__(self, folder: Path, judge: str, digests: Mapping[Place, str]) -> None:
        """Keep the lines in the folder that have the digests of these answers.

        Lines of other answers or another judge, and lines that were cut off, are left out.
        Raises RunError.
        """
        self._path = folder / JUDGEMENTS
        self._judge = judge
        self._digests = digests
        with translated(folder):
            make_folder(folder)
            lines = {
                (line["id"], line["turn"]): line
                for line in read_lines(self._path, _checked, is_strict=False)
            }
            self._lines = {
                place: line for place, line in lines.items() if digests.get(place) == line["digest"]
            }
            write_whole(self._path, map(dump_line, self._lines.values()))
            self._file = open_lines(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with translated(self._path.parent):
            self._file.close()

    def is_judged(self, row: Row) -> bool:
        """Whether a row has been judged without an error."""
        line = self._lines.get(row.place)
        return line is not None and not line["errors"]

    def append(self, row: Row, judged: Judged, usage: Usage) -> None:
        """Write the verdicts on an answer at once; adds the usage of earlier tries. Raises RunError."""
        before = self._lines.get(row.place, {"usage": {}})
        line = {
            "id": row.case_id,
            "turn": row.turn,
            "judge": self._judge,
            "digest": self._digests[row.place],
            **dump_outcomes(judged.outcomes),
            "claims": [{"verdict": verdict.label, "reason": verdict.reason} for verdict in judged.claims],
            "usage": total_usage([before["usage"], usage]),
        }
        with translated(self._path.parent):
            self._file.write(dump_line(line))
            self._file.flush()
        self._lines[row.place] = line

    def finish(self, order: Sequence[Place]) -> list[Line]:
        """Put the lines in the order of these rows; returns them. Raises RunError."""
        lines = [self._lines[place] for place in order]
        self._file.close()
        write_whole(self._path, map(dump_line, lines))
        return lines


def _checked(line: dict[str, Any]) -> Line:
    """The line, if it is complete. Raises KeyError, TypeError, ValueError, AttributeError."""
    load_outcomes(line)
    line["id"], line["turn"], line["digest"], dict(line["usage"])
    return line

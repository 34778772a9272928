"""The folder of a run. Each row is written at once, so that a run can be resumed.

run.json         what the run was made with
results.jsonl    one line per question or turn; in the order of the questions once the run is finished
scores.jsonl     the deterministic layer of these without times: the same bytes for each run
judged.jsonl     the verdicts of the judge, where one was asked
summary.json     the means, as `eval --json` prints them
report.html, report.md
"""

import json
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Self, TextIO, TypeVar

from filelock import FileLock, Timeout

from eval.errors import RunError
from eval.outcomes import Outcomes
from eval.record import FORMAT, differences
from eval.rows import Place, Row, dump_outcomes, load_outcomes
from eval.run import Run
from rag.private import FILE, atomic_write, make_folder

RECORD = "run.json"
RESULTS = "results.jsonl"
SCORES = "scores.jsonl"
JUDGEMENTS = "judged.jsonl"
SUMMARY = "summary.json"
HTML, MARKDOWN = "report.html", "report.md"

Parsed = TypeVar("Parsed")

_ODD = "backslashreplace"  # half a surrogate pair stays JSON
_AGAIN = {
    RESULTS: "go on with its `askpapers eval`, which asks again what cannot be read, or with --fresh all",
    JUDGEMENTS: "remove it, and judge again with --judge",
}


class RunFolder:
    """Writes one run. Safe to use from several threads; only one process may write at a time."""

    def __init__(self, folder: Path, record: Mapping[str, Any], *, fresh: bool = False) -> None:
        """Resume the run in the folder, or begin one; `fresh` replaces whatever is there.

        Raises RunError if the folder holds another run, is in use by another process, or is not writable.
        """
        self.folder = folder
        self._writing = threading.Lock()
        with translated(folder):
            make_folder(folder)
            self._lock = FileLock(folder / ".lock", mode=FILE)
            self._take_lock()
            try:
                self.record, self.rows = self._begin(dict(record), fresh)
                self._file = open_lines(folder / RESULTS)
            except BaseException:
                self._lock.release()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with translated(self.folder):  # closing flushes what a full disk has refused
                self._file.close()
        finally:
            self._lock.release()

    def append(self, row: Row) -> None:
        """Write a row at once. Raises RunError."""
        line = dump_line(row.to_dict())
        with self._writing, translated(self.folder):
            self._file.write(line)
            self._file.flush()
            self.rows[row.place] = row

    def add_seconds(self, seconds: float) -> None:
        """Add to the time spent on the run. Raises RunError."""
        self.record["seconds"] = round(self.record["seconds"] + seconds, 1)
        self._write(RECORD, [_pretty(self.record)])

    def finish(self, order: Sequence[Place]) -> Run:
        """Put the rows in order and write the final files, once each question has one. Raises RunError.

        Earlier verdicts of a judge are kept where there is one for each of these answers.
        """
        rows = _with_judged(self.folder, self.record, [self.rows[place] for place in order])
        self.record["finished"] = True
        run = Run(self.record, rows)
        self._file.close()
        self._write(RESULTS, (dump_line(row.to_dict()) for row in rows))
        self._write(SCORES, (dump_line(_scores(row)) for row in rows))
        self._write(RECORD, [_pretty(self.record)])
        return run

    def add_judge(self, record: Mapping[str, Any] | None) -> None:
        """Record who judged, or None while judging goes on. Raises RunError."""
        self.record["judge"] = record and dict(record)
        self._write(RECORD, [_pretty(self.record)])

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RunError(
                f"another process is writing the run in {self.folder}: wait for it, or name another "
                "folder with --out"
            ) from error

    def _begin(self, record: dict[str, Any], fresh: bool) -> tuple[dict[str, Any], dict[Place, Row]]:
        """The record and the rows that the run starts from."""
        known = None if fresh else _read_record(self.folder)
        if known is not None and (other := differences(known, record)):
            raise RunError(
                f"{self.folder} holds another run (not the same: {', '.join(other)}): name another "
                "folder with --out, or replace it with --fresh"
            )
        rows = read_answered(self.folder) if known else []
        answered = {row.place: row for row in rows}
        if known:
            record |= {name: known[name] for name in ("started", "seconds", "judge") if name in known}
            self._forget_judged(answered)
        else:
            self._clear(fresh)
        self._write(RECORD, [_pretty(record)])
        self._write(RESULTS, (dump_line(row.to_dict()) for row in rows))
        return record, answered

    def _forget_judged(self, kept: Mapping[Place, Row]) -> None:
        """Drop the verdicts on questions that are asked again."""
        lines = list(read_lines(self.folder / JUDGEMENTS, dict))
        still = [line for line in lines if (line["id"], line["turn"]) in kept]
        if len(still) < len(lines):
            self._write(JUDGEMENTS, map(dump_line, still))

    def _clear(self, fresh: bool) -> None:
        """Make room for a new run."""
        if not fresh and (self.folder / RESULTS).exists():
            raise RunError(
                f"{self.folder} holds results of a run that is not known ({RECORD} is missing): name "
                "another folder with --out, or replace them with --fresh"
            )
        for name in (RESULTS, JUDGEMENTS, SCORES, SUMMARY, HTML, MARKDOWN):
            (self.folder / name).unlink(missing_ok=True)

    def _write(self, name: str, pieces: Iterable[str]) -> None:
        write_whole(self.folder / name, pieces)


def read_run(folder: Path) -> Run:
    """The run in a folder, finished or not, with the verdicts of a judge. Raises RunError."""
    record = _known_record(folder)
    return Run(record, _with_judged(folder, record, read_rows(folder)))


def read_means(folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The record of the run in a folder, and its means (None until it is finished). Reads no rows.

    Raises RunError.
    """
    record = _known_record(folder)
    path = folder / SUMMARY
    try:
        return record, dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return record, None
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{path} cannot be read ({error}): make the run again with --fresh") from error


def write_summary(run: Run, folder: Path) -> None:
    """The means, as `eval --json` prints them. Raises RunError."""
    write_whole(folder / SUMMARY, [_pretty(run.summary())])


def read_rows(folder: Path) -> list[Row]:
    """The rows in a folder, without a line that was cut off while it was written. Raises RunError."""
    return list(read_lines(folder / RESULTS, Row.from_dict))


def read_answered(folder: Path) -> list[Row]:
    """The rows that a resumed run keeps: the first turns of each case, up to one without an answer.

    What failed or cannot be read is asked again, and so are the turns after it.
    Raises RunError.
    """
    kept: list[Row] = []
    turns: dict[str, int] = {}
    rows = read_lines(folder / RESULTS, Row.from_dict, is_strict=False)
    for row in sorted(rows, key=lambda row: row.turn):
        if row.error is None and row.turn == turns.get(row.case_id, 0) + 1:
            turns[row.case_id] = row.turn
            kept.append(row)
    return kept


def write_whole(path: Path, pieces: Iterable[str], *, is_export: bool = False) -> None:
    """Write a file atomically. Raises RunError.

    Its mode is that of the file it replaces, or else of the record beside it. Without either, only the
    user may read it; an export follows the umask.
    """
    with translated(path.parent):
        mode = _mode_of(path) or _mode_of(path.with_name(RECORD)) or (None if is_export else FILE)
        with atomic_write(path, mode and mode | FILE) as file:
            file.writelines(piece.encode("utf-8", _ODD) for piece in pieces)


def _mode_of(path: Path) -> int:
    """The mode of a file; 0 where there is none."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    return 0


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turns OSError into RunError. Only for writing: an error while asking is not about the folder."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --out"
        ) from error


def _with_judged(folder: Path, record: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """The rows with the verdicts of a judge, if it judged all of them. Raises RunError.

    Verdicts on a part would give a mean of that part, or one mixed with another judge's.
    """
    judged = read_judged(folder) if record.get("judge") else {}
    if any(row.place not in judged for row in rows):
        return list(rows)
    return [replace(row, judged=judged[row.place]) for row in rows]


def _known_record(folder: Path) -> dict[str, Any]:
    """The record of the run that a folder holds. Raises RunError where it holds none."""
    record = _read_record(folder)
    if record is None:
        raise RunError(f"{folder} holds no run: make one with `askpapers eval QUESTIONS --out {folder}`")
    return record


def _read_record(folder: Path) -> dict[str, Any] | None:
    path = folder / RECORD
    try:
        record: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        known = record["format"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} cannot be read ({error}): make the run again with --fresh") from error
    if known != FORMAT:
        raise RunError(f"{path} is of another version of askpapers: make the run again with --fresh")
    return record


def day_of(folder: Path) -> date | None:
    """The day on which the questions of a folder's run are asked, None where it holds no run of ours.

    Raises RunError.
    """
    options = ((_read_record(folder) or {}).get("system") or {}).get("options") or {}
    return date.fromisoformat(options["day"]) if "day" in options else None


def read_judged(folder: Path) -> dict[Place, Outcomes]:
    """The verdicts of a judge on the rows in a folder. Raises RunError."""
    return dict(
        read_lines(folder / JUDGEMENTS, lambda line: ((line["id"], line["turn"]), load_outcomes(line)))
    )


def read_lines(
    path: Path, parse: Callable[[dict[str, Any]], Parsed], *, is_strict: bool = True
) -> Iterator[Parsed]:
    """The complete lines of a file, parsed.

    Raises RunError for one that cannot be read, or leaves it out where `is_strict` is False.
    """
    try:
        with path.open("rb") as file:  # a line that was cut off may end within a character
            lines = [line for line in file if line.endswith(b"\n")]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}): {_AGAIN[path.name]}") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield parse(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if is_strict:
                raise RunError(f"{path}:{number} cannot be read: {_AGAIN[path.name]}") from error


def _scores(row: Row) -> dict[str, Any]:
    """The part of a row that is the same for each run."""
    outcomes = {name: outcome for name, outcome in row.outcomes.items() if name != "seconds"}
    return {"id": row.case_id, "turn": row.turn, "tags": list(row.tags), **dump_outcomes(outcomes)}


def open_lines(path: Path) -> TextIO:
    """A file of lines, opened to append."""
    return path.open("a", encoding="utf-8", errors=_ODD, newline="\n")


def dump_line(value: Mapping[str, Any]) -> str:
    """A value as a line of JSON."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def _pretty(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"

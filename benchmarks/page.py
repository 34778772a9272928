"""The chat page: what a visitor waits for, many visitors at once, memory. On Linux.

    python -m benchmarks.page
    python -m benchmarks.page --library DIR --questions 60 --parts browser sessions

Each part has a server of its own, as `askpapers ui` starts it; the papers' own sentences answer. The
questions are those of `test` and `dev` that stand alone.

browser   In headless Chromium, timed inside the page from Enter on: `echo` is the question with "Reading
          the papers…", `first` are words of the answer, `whole` is all of it; `assistant` is what the
          answers say that they took, `page` what the page adds to it. The phases: `cold` is the first
          question after a start, `reading` those while papers are read ahead, `warm` those afterwards.
          `box` is the time from the address to a box that can be typed in, with an empty cache,
          `openings` to the questions offered above it, when all is in place.
sessions  Visitors who speak the page's protocol, all at once, three different questions each; `wrong` are
          sessions that saw anything but their own questions with the answers of an assistant that is
          alone. Then three times as many visitors with one question each: more than may wait.
memory    Of the server, and its temporary files, as questions are asked in one long session and in
          twenty that leave.

Other load on the machine slows all of it: `load` is the load average before and after a part.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.commands import bundled_in, parser, questions_of
from benchmarks.page_crowd import crowd, growth_kb, lone_talks, memory
from benchmarks.page_waits import Tables, waits_of
from benchmarks.served_page import serving
from rag import Assistant, Library
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from ui.desk import REMEMBERED
from ui.terminal import print_json, print_table, tell

_IN_A_ROW = 3
_TOO_MANY = 3  # times as many sessions
_STOPS = (100, 500, 1000)  # questions after which memory is looked at


def browser(library: Path, home: Path, arguments: argparse.Namespace) -> Tables:
    """Openings and waits in a browser."""
    return waits_of(library, home, arguments.questions, arguments.starts)


def sessions(library: Path, home: Path, arguments: argparse.Namespace) -> Tables:
    """A crowd, and one that is too large, once the papers are read ahead."""
    many, rows = arguments.sessions * _TOO_MANY, []
    tell(f"an assistant that is alone answers {arguments.sessions * _IN_A_ROW + many} questions first")
    with Library(library, embedded_encoder()) as opened:
        sentences = Remembering(embedded_encoder(), REMEMBERED)  # as the server has it
        assistant = Assistant(opened, writer="extractive", sentences=sentences)
        talks = lone_talks(assistant, questions_of(), arguments.sessions, _IN_A_ROW)
        single = lone_talks(assistant, questions_of(), many, 1)
    with serving(home, "--library", str(library)) as page:
        page.wait_until_idle()
        for crowded in (talks, single):
            tell(f"{len(crowded)} sessions at once, {len(crowded[0])} questions each")
            rows.append(crowd(page, crowded))
            tell(str(rows[-1]))  # what comes next may fail
    return {"sessions": rows}


def memory_of(library: Path, home: Path, arguments: argparse.Namespace) -> Tables:
    """What the server holds after a start, after reading, and after so many questions."""
    stops = [stop for stop in _STOPS if stop < arguments.asked] + [arguments.asked]
    with serving(home, "--library", str(library)) as page:
        rows = memory(page, questions_of(), stops)
    return {"memory": rows, "growth": [{"kb_a_question": growth_kb(rows)}]}


PARTS = {"browser": browser, "sessions": sessions, "memory": memory_of}


def measure(library: Path, arguments: argparse.Namespace) -> dict[str, Tables]:
    """Each part that is asked for, one after the other."""
    parts: dict[str, Tables] = {}
    for name in arguments.parts:
        with tempfile.TemporaryDirectory() as home:
            before = os.getloadavg()[0]
            parts[name] = PARTS[name](library, Path(home), arguments)
            parts[name]["load"] = [{"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}]
    return parts


def show(parts: Mapping[str, Tables]) -> None:
    """A table for each kind of row."""
    for part, tables in parts.items():
        for name, rows in tables.items():
            print(f"\n{part}: {name}")
            head = list(dict.fromkeys(column for row in rows for column in row))
            print_table(head, [[_cell(row.get(column)) for column in head] for row in rows])


def _cell(value: object) -> str:
    return "–" if value is None else "; ".join(value) if isinstance(value, list) else str(value)


def main() -> None:
    """Measure, print."""
    options = parser(__doc__)
    options.add_argument("--library", type=Path, metavar="DIR", help="default: the bundled papers")
    options.add_argument("--questions", type=int, default=60, metavar="N", help="warm ones, in the browser")
    options.add_argument(
        "--starts", type=int, default=3, metavar="N", help="of the server, for the browser"
    )
    options.add_argument("--sessions", type=int, default=50, metavar="N", help="at once")
    options.add_argument("--asked", type=int, default=1000, metavar="N", help="questions, for memory")
    options.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    with tempfile.TemporaryDirectory() as temporary:
        library = arguments.library or bundled_in(Path(temporary) / "library")
        parts = measure(library.absolute(), arguments)
    if arguments.json:
        print_json(parts)
    else:
        show(parts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

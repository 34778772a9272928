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
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.page_crowd import crowd, growth_kb, lone_talks, memory
from benchmarks.page_server import serving
from benchmarks.page_waits import Part, alone, waits_of
from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from rag import Assistant, Library
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from ui.desk import REMEMBERED
from ui.terminal import print_json, print_table, tell, track

_IN_A_ROW = 3
_TOO_MANY = 3  # times as many sessions
_STOPS = (100, 500, 1000)  # questions after which memory is looked at


def browser(library: Path, home: Path, arguments: argparse.Namespace) -> Part:
    """Openings and waits in a browser."""
    return waits_of(library, home, arguments.questions, arguments.starts)


def sessions(library: Path, home: Path, arguments: argparse.Namespace) -> Part:
    """A crowd, and one that is too large, once the papers are read ahead."""
    many = arguments.sessions * _TOO_MANY
    questions = alone()
    tell(f"an assistant that is alone answers {arguments.sessions * _IN_A_ROW + many} questions first")
    with Library(library, embedded_encoder()) as opened:
        read = Remembering(embedded_encoder(), REMEMBERED)  # as the server has it
        assistant = Assistant(opened, writer="extractive", sentences=read)
        talks = lone_talks(assistant, questions, arguments.sessions, _IN_A_ROW)
        single = lone_talks(assistant, questions, many, 1)
    with serving(library, home) as server:
        server.wait_until_idle()
        rows = []
        for each in (talks, single):
            tell(f"{len(each)} sessions at once, {len(each[0])} questions each")
            rows.append(crowd(server, each))
            tell(str(rows[-1]))  # what comes next may fail
    return {"sessions": rows}


def memory_of(library: Path, home: Path, arguments: argparse.Namespace) -> Part:
    """What the server holds after a start, after reading, and after so many questions."""
    stops = [stop for stop in _STOPS if stop < arguments.asked] + [arguments.asked]
    with serving(library, home) as server:
        rows = memory(server, alone(), stops)
    return {"memory": rows, "growth": [{"kb_a_question": growth_kb(rows)}]}


PARTS: Mapping[str, Callable[[Path, Path, argparse.Namespace], Part]] = {
    "browser": browser,
    "sessions": sessions,
    "memory": memory_of,
}


def measure(library: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Each part that is asked for, one after the other."""
    found: dict[str, Any] = {}
    for name in arguments.parts:
        with tempfile.TemporaryDirectory() as home:
            before = os.getloadavg()[0]
            found[name] = PARTS[name](library, Path(home), arguments)
            found[name]["load"] = [{"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}]
    return found


def show(found: Mapping[str, Part]) -> None:
    """A table for each kind of row."""
    for part, tables in found.items():
        for name, rows in tables.items():
            print(f"\n{part}: {name}")
            head = list(dict.fromkeys(column for row in rows for column in row))
            print_table(head, [[_cell(row.get(column)) for column in head] for row in rows])


def _cell(value: Any) -> str:
    return "–" if value is None else "; ".join(value) if isinstance(value, list) else str(value)


@contextmanager
def a_library(named: Path | None) -> Iterator[Path]:
    """The folder that was named, else the bundled papers in a temporary one."""
    with ExitStack() as stack:
        if named is None:
            named = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library"
            with Library.create(named, embedded_encoder()) as library:
                ingest(library, [BundledSource()], track)
        yield named


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--library", type=Path, metavar="DIR", help="default: the bundled papers")
    parser.add_argument("--questions", type=int, default=60, metavar="N", help="warm ones, in the browser")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="of the server, for the browser")
    parser.add_argument("--sessions", type=int, default=50, metavar="N", help="at once")
    parser.add_argument("--asked", type=int, default=1000, metavar="N", help="questions, for memory")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    with a_library(arguments.library) as library:
        found = measure(library.absolute(), arguments)
    if arguments.json:
        print_json(found)
    else:
        show(found)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

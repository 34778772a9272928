"""What a visitor of the chat page waits for, over several starts of its server."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import page_browser
from benchmarks.page_browser import Opening, Visit, Wait
from benchmarks.page_server import Server, serving
from eval.cases import read_cases
from ui.terminal import tell, track

_TALK = 5  # questions of a conversation
_READING = 5  # questions at most, of each start, while papers are read ahead

Row = dict[str, Any]
Part = dict[str, list[Row]]
"""Tables of a measurement, by name."""


def waits_of(library: Path, home: Path, count: int, times: int) -> Part:
    """Openings and waits over so many starts, with so many warm questions at the last one."""
    if reason := page_browser.missing():
        tell(reason)
        return {"missing": [{"reason": reason}]}
    openings: list[Opening] = []
    waits: dict[str, list[Wait]] = defaultdict(list)
    questions = iter(alone(count + times * (1 + _READING)))
    starts = []
    with page_browser.browsing() as chromium:
        for number in range(1, times + 1):
            with serving(library, home) as server:
                starts.append(server.seconds)
                visit = Visit.start(chromium, server.address)
                openings.append(visit.opening())
                waits["cold"].append(visit.ask(next(questions)))
                waits["reading"] += _while_reading(visit, server, questions)
                tell(f"start {number} of {times}: asked {1 + len(waits['reading'])} questions")
                if number == times:
                    tell(f"papers read ahead after {server.wait_until_idle():.0f} s more")
                    rest = list(islice(questions, count))
                    waits["warm"] += _talks(visit, track(rest, "warm questions", len(rest)))
                    openings_warm = [_opened(chromium, server.address) for _ in range(times)]
                visit.close()
    return {
        "opening": [_opening("cold server", openings), _opening("warm server", openings_warm)],
        "waits": [_waited(phase, each) for phase, each in waits.items()],
        "start": [{"seconds": round(float(np.median(starts)), 1), "n": len(starts)}],
    }


def alone(most: int | None = None) -> list[str]:
    """Questions of the bundled sets that stand alone. Raises ValueError where there are too few."""
    found = [case.turns[0].question for case in read_cases(["test", "dev"]) if len(case.turns) == 1]
    if most and most > len(found):
        raise ValueError(f"there are {len(found)} questions, not {most}")
    return found[:most]


def _while_reading(visit: Visit, server: Server, questions: Iterator[str]) -> Iterator[Wait]:
    for _ in range(_READING):
        if not server.is_busy():
            return
        yield visit.ask(next(questions))


def _talks(visit: Visit, questions: Iterable[str]) -> Iterator[Wait]:
    """Questions in conversations of a few, as visitors have them."""
    for place, question in enumerate(questions):
        if place % _TALK == 0:
            visit.begin_anew()
        yield visit.ask(question)


def _opened(chromium: Any, address: str) -> Opening:
    visit = Visit.start(chromium, address)
    opening = visit.opening()
    visit.close()
    return opening


def _opening(name: str, openings: Sequence[Opening]) -> Row:
    return {
        "page": name,
        "n": len(openings),
        **_spread("box", [each.box for each in openings]),
        **_spread("openings", [each.openings for each in openings]),
    }


def _waited(phase: str, waits: Sequence[Wait]) -> Row:
    row: Row = {"phase": phase, "n": len(waits)}
    for name in ("echo", "first", "whole", "assistant", "page"):
        row |= _spread(name, [getattr(wait, name) for wait in waits])
    return row


def _spread(name: str, values: Sequence[float | None]) -> Row:
    """Median and 95th percentile, in whole milliseconds, of those that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return {f"{name}_p50": None, f"{name}_p95": None}
    p50, p95 = np.percentile(known, (50, 95))
    return {f"{name}_p50": round(float(p50)), f"{name}_p95": round(float(p95))}

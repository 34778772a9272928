"""What a visitor of the chat page waits for, over several starts of its server."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chromium import browsing, missing
from benchmarks.commands import questions_of
from benchmarks.page_browser import TimedVisit, Times
from benchmarks.served_page import ServedPage, serving
from ui.terminal import tell, track

_TALK = 5  # questions of a conversation
_READING = 5  # questions at most, of each start, while papers are read ahead

Tables = dict[str, list[dict[str, Any]]]
"""The rows of a measurement, by the name of their table."""


def waits_of(library: Path, home: Path, count: int, times: int) -> Tables:
    """Openings and waits over so many starts, with so many warm questions at the last one."""
    if reason := missing():
        tell(reason)
        return {"missing": [{"reason": reason}]}
    openings: dict[str, list[Times]] = defaultdict(list)
    waits: dict[str, list[Times]] = defaultdict(list)
    questions = iter(questions_of(most=count + times * (1 + _READING)))
    starts = []
    with browsing() as chromium:
        for number in range(1, times + 1):
            with serving(home, "--library", str(library)) as page:
                starts.append(page.seconds)
                visit = TimedVisit.start(chromium, page.address)
                openings["cold server"].append(visit.opening())
                waits["cold"].append(visit.ask(next(questions)))
                waits["reading"] += _while_reading(visit, page, questions)
                tell(f"start {number} of {times}: asked {1 + len(waits['reading'])} questions")
                if number == times:
                    tell(f"papers read ahead after {page.wait_until_idle():.0f} s more")
                    rest = list(islice(questions, count))
                    waits["warm"] += _talks(visit, track(rest, "warm questions", len(rest)))
                    for _ in range(times):
                        again = TimedVisit.start(chromium, page.address)
                        openings["warm server"].append(again.opening())
                        again.close()
                visit.close()
    return {
        "opening": [{"page": name, **_spread(rows)} for name, rows in openings.items()],
        "waits": [{"phase": name, **_spread(rows)} for name, rows in waits.items()],
        "start": [{"seconds": round(float(np.median(starts)), 1), "n": len(starts)}],
    }


def _while_reading(visit: TimedVisit, page: ServedPage, questions: Iterator[str]) -> Iterator[Times]:
    for _ in range(_READING):
        if not page.is_busy():
            return
        yield visit.ask(next(questions))


def _talks(visit: TimedVisit, questions: Iterable[str]) -> Iterator[Times]:
    """Questions in conversations of a few, as visitors have them."""
    for place, question in enumerate(questions):
        if place % _TALK == 0:
            visit.begin_anew()
        yield visit.ask(question)


def _spread(rows: Sequence[Times]) -> dict[str, Any]:
    """How many there are, and the median and 95th percentile of each time, in whole milliseconds."""
    spread: dict[str, Any] = {"n": len(rows)}
    for name in rows[0] if rows else ():
        known = [value for row in rows if (value := row[name]) is not None]
        for percent in (50, 95):
            spread[f"{name}_p{percent}"] = round(float(np.percentile(known, percent))) if known else None
    return spread

"""Whatever is uploaded, nobody else waits, and the upload comes to an end."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from benchmarks.attacks.bodies import longest
from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.hostile_files import HostileFiles, large_files, small_files
from benchmarks.attacks.papers import OTTERS
from benchmarks.attacks.target import Range
from benchmarks.attacks.watching import watching
from benchmarks.attacks.wire import META, Visitor, is_over
from benchmarks.served_page import ServedPage

_PATIENCE = 180  # seconds in which an upload's event ends
HONEST = HostileFiles("an honest paper", (("a.jsonl", OTTERS),))


def add(visitor: Visitor, event: Mapping[str, Any], files: HostileFiles) -> str:
    """Upload files and add them as the page does; returns how far that went."""
    uploaded = []
    for name, content in files.files:
        reply = visitor.upload(name, content, _PATIENCE)
        if reply.status != 200:
            return f"refused with {reply.status}"
        uploaded.append({"path": json.loads(reply.body)[0], "meta": META, "orig_name": name})
    messages = visitor.event(event["id"], [uploaded, "", ""], _PATIENCE)
    return "over" if is_over(messages) else "not over"


def attack(site: Range) -> Iterator[Finding]:
    yield from _added(site, "small hostile files", small_files())
    yield from _added(site, "large hostile files", large_files())


def _added(site: Range, name: str, given: Iterable[HostileFiles]) -> Iterator[Finding]:
    """Add them one after the other; after one that does not end, go on with a new page."""
    waits: dict[str, float] = {}
    endless, slow = [], {}
    left = iter(given)
    while (first := next(left, None)) is not None:
        with site.page() as target:
            target.wait_until_idle(30)
            _watched(target, HONEST)  # loads what all of them need
            for files in chain([first], left):
                started = time.monotonic()
                waits[files.what], end = _watched(target, files)
                slow[files.what] = time.monotonic() - started
                if end == "not over" or not target.is_alive():
                    endless.append(f"{files.what}, {'the server is gone' * (not target.is_alive())}")
                    break
    yield longest(name, waits)
    yield none_of(f"the events of {name}", f"over within {_PATIENCE} s", endless, len(waits))
    worst = sorted(slow, key=lambda what: -slow[what])[:3]
    measured = ", ".join(f"{what} {slow[what]:.1f} s" for what in worst)
    yield Finding(f"the slowest of {name}", "for information", measured, True)


def _watched(target: ServedPage, files: HostileFiles) -> tuple[float, str]:
    """How long somebody else waited meanwhile, and how far the upload went."""
    visitor, end = Visitor(target), "not over"
    event = visitor.wiring().event("click", value="Add to the library")
    with watching(target.port, "/config", linger=0.1) as waits, suppress(json.JSONDecodeError):
        end = add(visitor, event, files)
    return waits.longest, end

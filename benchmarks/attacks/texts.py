"""Long texts in every field, and many questions at once, keep nobody else waiting."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.attacks.bodies import longest
from benchmarks.attacks.findings import Finding
from benchmarks.attacks.hostile_files import FILLINGS
from benchmarks.attacks.papers import QUESTION
from benchmarks.attacks.target import Range
from benchmarks.attacks.watching import watching
from benchmarks.attacks.wire import MB, Visitor

_SIZE = 2 * MB
_MANY = 400  # questions of one visitor

Send = Callable[[str], object]


def attack(site: Range) -> Iterator[Finding]:
    with site.page() as target:
        visitor = Visitor(target)
        for field, send in _fields(visitor).items():
            waits = {}
            for name, piece in FILLINGS.items():
                with watching(target.port, "/config", linger=0.1) as seen:
                    send(piece * (_SIZE // len(piece)))
                waits[name] = seen.longest
            yield longest(f"2 MB in {field}", waits)
    with site.page() as target:
        yield _crowding(Visitor(target), Visitor(target, source="127.0.0.9"))


def _fields(visitor: Visitor) -> Mapping[str, Send]:
    """Where a visitor or a program can put a text."""
    wiring = visitor.wiring()
    submit, query = wiring.event("submit", elem_id="question"), wiring.event("submit", elem_id="query")
    words, load = wiring.event("change", label="Find papers"), wiring.event("load")
    first_year = wiring.component(label="From year")

    def of_event(event: Mapping[str, Any], component: int, text: str) -> None:
        visitor.event(event["id"], wiring.data(event, {component: text}), patience=30)

    def of_call(name: str, make: Callable[[str], list[object]], text: str) -> None:
        visitor.result(name, visitor.call(name, *make(text), patience=30), patience=30)

    def with_history(text: str) -> list[object]:
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
        return [QUESTION, None, None, None, turns]

    def with_many_turns(text: str) -> list[object]:
        turn = {"role": "user", "content": text[:20]}
        return ["And how many eels?", None, None, None, [turn] * (_SIZE // 50)]

    def in_a_state(text: str) -> None:
        exchanges = [{"question": text[: _SIZE // 10], "error": "a"}] * 5
        chats = [{"id": secrets.token_hex(16), "exchanges": exchanges}] * 2
        state = {"format": 1, "visitor": secrets.token_hex(16), "chats": chats}
        visitor.event(load["id"], wiring.data(load, {wiring.browser_state: state}), patience=30)

    return {
        "a question": partial(of_event, submit, submit["inputs"][0]),
        "a question's first year": partial(of_event, submit, first_year),
        "a search": partial(of_event, query, query["inputs"][0]),
        "the words of a list": partial(of_event, words, words["inputs"][0]),
        "call/ask": partial(of_call, "ask", lambda text: [text, None, None, None, None]),
        "the history of call/ask": partial(of_call, "ask", with_history),
        "40,000 turns of call/ask": partial(of_call, "ask", with_many_turns),
        "call/search": partial(of_call, "search", lambda text: [text, 10, None, None]),
        "call/get_paper": partial(of_call, "get_paper", lambda text: [text]),
        "a browser's state": in_a_state,
    }


def _crowding(greedy: Visitor, other: Visitor) -> Finding:
    """One visitor asks far more than is answered at a time; another one asks too."""

    def once(number: int) -> int:
        return greedy.call("ask", f"{QUESTION} {number}", None, None, None, None, patience=30).status

    with ThreadPoolExecutor(8) as crowd:
        statuses = list(crowd.map(once, range(_MANY)))
        reply = other.call("ask", QUESTION, None, None, None, None, patience=30)
    taken = statuses.count(200)
    measured = f"{taken} of {_MANY} taken; another's question is answered with {reply.status}"
    return Finding(f"{_MANY} questions of one visitor", "another's is taken", measured, reply.status == 200)

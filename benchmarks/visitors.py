"""What the chat page keeps of visitors who mean harm: each sends a made-up conversation of some 3 MB.

    python -m benchmarks.visitors --library DIR

Every request comes under a new session and a new visitor, and cites the library's papers as often as
the page believes, so that its HTML is far larger than what was sent.
"""

import asyncio
import json
import secrets
import tempfile
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.commands import parser
from benchmarks.page_sessions import Session, connected
from benchmarks.served_page import ServedPage, serving
from rag.library import Library
from ui.terminal import tell
from ui.web.chats import MOST_EXCHANGES
from ui.web.stored import FORMAT, MOST_CHATS, MOST_PARTS

_SIZE = 3_000_000  # characters of what a browser keeps
_EVERY = 50  # requests between two rows


def hostile_state(paper_ids: Sequence[str], citations: int, text: str = "Owls.") -> str:
    """What a browser would keep of conversations whose answers all have so many citations."""
    ids = cycle(paper_ids)
    empty: dict[str, Any] = dict.fromkeys(("reason", "resolved_question", "missing"))
    empty |= {"claims": [], "papers": [], "notes": [], "usage": {}, "seconds": {}}
    citation = {"title": "t", "published": None, "organization": None, "quote": "q", "start": 0, "end": 1}
    cited = [citation | {"number": number, "paper_id": next(ids)} for number in range(citations)]
    answer: dict[str, Any] = {
        "question": "a",
        "status": "answered",
        "text": text,
        "citations": cited,
        "writer": "w",
    }
    answer |= empty | {"filters": {"from_year": None, "to_year": None}}
    answer |= {"markers": {"written": 0, "unknown": 0}}
    exchange = {"question": "a", "written": "", "answer": answer, "error": None, "is_liked": None}
    length = len(json.dumps(exchange, separators=(",", ":"))) + 50
    count = min(_SIZE // length, MOST_CHATS * MOST_EXCHANGES)
    exchanges = [exchange | {"id": secrets.token_hex(16)} for _ in range(count)]
    chats = [
        {"id": secrets.token_hex(16), "exchanges": exchanges[start : start + MOST_EXCHANGES]}
        for start in range(0, count, MOST_EXCHANGES)
    ]
    state = {"format": FORMAT, "visitor": secrets.token_hex(16), "chats": chats}
    return json.dumps(state, separators=(",", ":"))


async def _send(page: ServedPage, states: Sequence[Any], requests: int) -> list[dict[str, float]]:
    rows, refused = [], 0
    async with connected(page.address) as (client, wiring):
        for number in range(requests + 1):
            if number % _EVERY == 0:
                rows.append({"after": number, "memory_mb": page.memory_mb()})
                tell(f"{number} requests: {rows[-1]['memory_mb']} MB")
            make, *given = states[number % len(states)] if number else (lambda: None,)  # first a usual one
            session = Session(client, wiring, browser=make(*given))
            try:
                await session.open()
            except RuntimeError:  # a state that holds more than the page takes
                refused += 1
            await session.close()
    tell(f"{refused} of {requests} were refused unread")
    return rows


def main() -> None:
    """Serve the page, send it hostile states, and print its resident memory as JSON."""
    options = parser(__doc__)
    options.add_argument("--library", type=Path, required=True, metavar="DIR")
    options.add_argument("--requests", type=int, default=500, metavar="N")
    arguments = options.parse_args()
    with Library(arguments.library) as library:
        ids = [paper.paper_id for paper in library.catalog.browse(most=300)]
    states = [
        (hostile_state, ids, MOST_PARTS["citations"]),
        (hostile_state, ids, 20_000),
        (hostile_state, ids[:1], 10, "&" * 100_000),
        (hostile_state, ids, 1),
        (lambda: "[" + "[]," * (_SIZE // 3) + "[]]",),
    ]
    option = ("--library", str(arguments.library.absolute()))
    with tempfile.TemporaryDirectory() as home, serving(Path(home), *option) as page:
        page.wait_until_idle()
        rows = asyncio.run(_send(page, states, arguments.requests))
    grown = round(rows[-1]["memory_mb"] - rows[0]["memory_mb"], 1)
    print(json.dumps({"rows": rows, "grown_mb": grown}, indent=1))


if __name__ == "__main__":
    main()

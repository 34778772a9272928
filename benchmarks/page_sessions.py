"""Visitors of the chat page without a browser: they speak to its server as the page does."""

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.page_wiring import Results, Wiring

_OPENING = 25  # pages that open at once: opening them takes places in the same queue as questions
_PATIENCE = httpx.Timeout(30, read=600, pool=None)  # seconds; answers wait for others in the queue
_API = "/gradio_api"
_OFFERED = re.compile(r"data:application/json;charset=utf-8;base64,([A-Za-z0-9+/=]+)")
_JOINER = "\u2060"  # the page puts it into a question where that would look like an element

Talk = tuple[tuple[str, str], ...]
"""Questions and the texts of their answers."""


@dataclass(frozen=True)
class Replied:
    """What became of a question; without a conversation where the server refused to take it."""

    question: str
    seconds: float
    first_text: float | None = None  # seconds until words of the answer came
    size: int = 0  # characters that the server sent
    shown: Talk = ()  # the conversation that the page shows
    kept: Talk = ()  # all that the browser is given to keep
    refusal: str | None = None


@dataclass
class Session:
    """One open page."""

    client: httpx.AsyncClient
    wiring: Wiring
    browser: Any = None  # what the browser keeps
    hash: str = field(default_factory=lambda: secrets.token_hex(6))
    _presence: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Say that the page is there, and ask for the kept conversations, as a browser does.

        Raises RuntimeError where the server refuses, as too many wait.
        """
        self._presence = asyncio.create_task(self._stay())
        load = self.wiring.event("load")
        if refusal := await self._send(load, {}):
            raise RuntimeError(f"the page could not be opened: {refusal}")
        results = Results(load["outputs"])
        async for message in self._messages():
            results.take(json.loads(message))
        self.browser = results.values.get(self.wiring.browser_state)

    async def ask(self, question: str) -> Replied:
        """Ask, and wait for the whole answer."""
        started, first, size = time.perf_counter(), None, 0
        submit = self.wiring.event("submit", elem_id="question")
        box = self.wiring.component(elem_id="question")
        if refusal := await self._send(submit, {box: question}):
            return Replied(question, time.perf_counter() - started, refusal=refusal)
        results = Results(submit["outputs"])
        async for message in self._messages():
            size += len(message)
            if first is None and r"class=\"ap-text\"" in message and "ap-waiting" not in message:
                first = time.perf_counter() - started
            results.take(json.loads(message))
        seconds = time.perf_counter() - started
        self.browser = results.values.get(self.wiring.browser_state, self.browser)
        shown = _shown(results.values.get(self.wiring.component(elem_id="chat")))
        return Replied(question, seconds, first, size, shown, _kept(self.browser))

    async def close(self) -> None:
        """Go away, as a tab that is closed does."""
        if self._presence:
            self._presence.cancel()
            with suppress(asyncio.CancelledError):
                await self._presence

    async def _send(self, event: Mapping[str, Any], given: Mapping[int, Any]) -> str | None:
        """Put an event into the server's queue; why it was not taken, else None."""
        body = {
            "data": self.wiring.data(event, {self.wiring.browser_state: self.browser, **given}),
            "fn_index": event["id"],
            "session_hash": self.hash,
            "trigger_id": event["targets"][0][0],
        }
        response = await self.client.post(f"{_API}/queue/join", json=body)
        return None if response.is_success else f"{response.status_code}: {response.text[:200]}"

    async def _messages(self) -> AsyncIterator[str]:
        """The messages with an output, as JSON, until the server has nothing more for this session."""
        where = {"session_hash": self.hash}
        async with self.client.stream("GET", f"{_API}/queue/data", params=where) as stream:
            async for line in stream.aiter_lines():
                if line.startswith('data: {"msg":"process_') and '"output":' in line:
                    yield line.removeprefix("data:")

    async def _stay(self) -> None:
        """The connection by which the server sees that the page is open."""
        with suppress(httpx.HTTPError):
            async with self.client.stream("GET", f"{_API}/heartbeat/{self.hash}") as stream:
                async for _ in stream.aiter_raw():
                    pass


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[tuple[httpx.AsyncClient, Wiring]]:
    """A client for any number of sessions, and the wiring of the page."""
    many = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    base = address.rstrip("/")
    async with httpx.AsyncClient(base_url=base, timeout=_PATIENCE, limits=many, trust_env=False) as client:
        yield client, Wiring((await client.get("/config")).json())


@asynccontextmanager
async def opened(address: str, count: int) -> AsyncIterator[list[Session]]:
    """That many open pages, until the context ends."""
    async with connected(address) as (client, wiring):
        sessions = [Session(client, wiring) for _ in range(count)]
        try:
            for start in range(0, count, _OPENING):
                await asyncio.gather(*(session.open() for session in sessions[start : start + _OPENING]))
            yield sessions
        finally:
            await asyncio.gather(*(session.close() for session in sessions))


def _shown(messages: Sequence[Mapping[str, Any]] | None) -> Talk:
    """The questions and answers that the page shows; the texts are those that it offers as JSON."""
    contents = [message["content"][0] for message in messages or ()]
    questions = [content.get("text", "").replace(_JOINER, "") for content in contents[::2]]
    answers = [_OFFERED.search(content.get("value", "")) for content in contents[1::2]]
    texts = [str(json.loads(base64.b64decode(offer[1]))["text"]) if offer else "" for offer in answers]
    return tuple(zip(questions, texts, strict=True))


def _kept(browser: str | None) -> Talk:
    """The questions and answers of all conversations that a browser keeps."""
    chats = json.loads(browser)["chats"] if browser else ()
    exchanges = [exchange for chat in chats for exchange in chat["exchanges"]]
    return tuple((each["question"], (each["answer"] or {"text": ""})["text"]) for each in exchanges)

"""Visitors of the chat page without a browser: they speak to its server as the page does."""

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.page_wiring import Event, Results, Wiring

_PATIENCE = httpx.Timeout(30, read=600, pool=None)  # seconds; answers wait for others in the queue
_API = "/gradio_api"
_OFFERED = re.compile(r"data:application/json;charset=utf-8;base64,([A-Za-z0-9+/=]+)")
_JOINER = "\u2060"  # the page makes what looks like an element in a question none with it

Talk = tuple[tuple[str, str], ...]
"""Questions and the texts of their answers."""


@dataclass(frozen=True)
class Reply:
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
    hash: str = field(default_factory=lambda: secrets.token_hex(6))
    browser: Any = None
    _presence: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """What a browser does when it opens the page: it says that it is there, and asks what was.

        Raises RuntimeError where the server refuses, as too many wait.
        """
        self._presence = asyncio.create_task(self._stay())
        if refusal := await self._send(self.wiring.load, {}):
            raise RuntimeError(f"the page could not be opened: {refusal}")
        results = Results(self.wiring.load)
        async for message in self._messages():
            results.take(json.loads(message))
        self.browser = results.values.get(self.wiring.browser)

    async def ask(self, question: str) -> Reply:
        """Ask, and wait for the whole answer."""
        started, first, size = time.perf_counter(), None, 0
        if refusal := await self._send(self.wiring.ask, {self.wiring.box: question}):
            return Reply(question, time.perf_counter() - started, refusal=refusal)
        results = Results(self.wiring.ask)
        async for message in self._messages():
            size += len(message)
            if first is None and _has_text(message):
                first = time.perf_counter() - started
            results.take(json.loads(message))
        seconds = time.perf_counter() - started
        self.browser = results.values.get(self.wiring.browser, self.browser)
        shown = _shown(results.values.get(self.wiring.chat))
        return Reply(question, seconds, first, size, shown, _kept(self.browser))

    async def close(self) -> None:
        """Go away, as a tab that is closed does."""
        if self._presence:
            self._presence.cancel()
            with suppress(asyncio.CancelledError):
                await self._presence

    async def _send(self, event: Event, given: Mapping[int, Any]) -> str | None:
        """Put an event into the server's queue; why it was not taken, else None."""
        values = {**self.wiring.values, self.wiring.browser: self.browser, **given}
        sent = {
            "data": [values[number] for number in event.inputs],
            "fn_index": event.number,
            "session_hash": self.hash,
            "trigger_id": event.trigger,
        }
        response = await self.client.post(f"{_API}/queue/join", json=sent)
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
        yield client, Wiring.from_config((await client.get("/config")).json())


def _has_text(message: str) -> bool:
    """Whether words of an answer are among what has changed."""
    return r"class=\"ap-text\"" in message and "ap-waiting" not in message


def _shown(messages: Any) -> Talk:
    """The questions and the answers that the page shows; the texts as those offer them as JSON."""
    if not isinstance(messages, list):
        return ()
    contents = [each["content"][0] for each in messages]
    asked = [each.get("text", "").replace(_JOINER, "") for each in contents[::2]]
    return tuple(zip(asked, [_offered(each.get("value", "")) for each in contents[1::2]], strict=True))


def _offered(html: str) -> str:
    found = _OFFERED.search(html)
    return str(json.loads(base64.b64decode(found[1]))["text"]) if found else ""


def _kept(browser: str | None) -> Talk:
    """The questions and answers of all conversations that a browser keeps."""
    if not browser:
        return ()
    exchanges = [each for chat in json.loads(browser)["chats"] for each in chat["exchanges"]]
    return tuple((each["question"], (each["answer"] or {"text": ""})["text"]) for each in exchanges)

"""A scripted OpenAI-compatible server on the loopback interface, for the real client to speak to."""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATHS = ("/v1/chat/completions", "/v1/embeddings")
DIMENSION = 96
USAGE = {"prompt_tokens": 700, "completion_tokens": 42, "total_tokens": 742}


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: dict[str, Any]


class Exchange(BaseHTTPRequestHandler):
    """One connection: records each request and lets the next script reply."""

    server: "ModelServer"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(self.rfile.read(int(headers["content-length"])))
        script = self.server.record(Request(self.path, headers, body))
        try:
            if self.path in PATHS:
                script(self, body)
            else:
                self.send_json(404, {"error": {"message": "Invalid URL", "type": "invalid_request_error"}})
        finally:
            self.server.end_request()

    def send_json(self, status: int, body: object, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.send_whole(status, "application/json", json.dumps(body).encode(), headers)

    def send_whole(
        self, status: int, kind: str, body: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin_events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    def end_events(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


Script = Callable[[Exchange, dict[str, Any]], None]


def answer(*pieces: str, finish: str | None = "stop", is_whole: bool = True) -> Script:
    """A streamed answer in these pieces.

    Without `finish` the stream ends before the model does; where it is not whole, the connection
    closes in the middle of the stream.
    """

    def reply(exchange: Exchange, request: dict[str, Any]) -> None:
        def send(choices: list[object], **more: object) -> None:
            chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
            exchange.send_event(json.dumps(chunk | {"model": request["model"], "choices": choices} | more))

        def choice(delta: dict[str, str], reason: str | None = None) -> list[object]:
            return [{"index": 0, "delta": delta, "finish_reason": reason}]

        exchange.begin_events()
        send(choice({"role": "assistant", "content": ""}))
        for piece in pieces:
            send(choice({"content": piece}))
        if finish:
            send(choice({}, finish))
            if request.get("stream_options", {}).get("include_usage"):
                send([], usage=USAGE)
            exchange.send_event("[DONE]")
        if is_whole:
            exchange.end_events()
        exchange.close_connection = not is_whole

    return reply


def answered_by(reply: Callable[[dict[str, Any]], str]) -> Script:
    """A streamed answer that depends on the request."""
    return lambda exchange, request: answer(reply(request))(exchange, request)


def broken_off(*pieces: str) -> Script:
    """A stream whose connection closes in the middle."""
    return answer(*pieces, finish=None, is_whole=False)


def vector(text: str) -> list[float]:
    """How often each word occurs, in a place that its hash gives: texts with common words are near."""
    counts = [0.0] * DIMENSION
    for word in re.findall(r"\w+", text.lower()) or [text]:
        counts[hashlib.sha256(word.encode()).digest()[0] % DIMENSION] += 1.0
    return counts


def verdict(label: object, reason: str = "", key: object = 1) -> str:
    """The verdict of a model on one claim, as JSON."""
    return json.dumps({"verdicts": [{"key": key, "reason": reason, "verdict": label}]})


def embeddings(
    vector: Callable[[str], Any] = vector, places: Callable[[int], Sequence[int]] = range
) -> Script:
    """The vector of each text, in the order of these places: not every server keeps to the texts'."""

    def reply(exchange: Exchange, request: dict[str, Any]) -> None:
        rows = [
            {"object": "embedding", "index": place, "embedding": vector(request["input"][place])}
            for place in places(len(request["input"]))
        ]
        exchange.send_json(200, {"object": "list", "data": rows, "model": request["model"]})

    return reply


def error(status: int, code: str, message: str = "no") -> Script:
    """An error as the service words it; one that invites another try asks to wait for 1 ms."""

    def reply(exchange: Exchange, _: dict[str, Any]) -> None:
        body = {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}
        exchange.send_json(status, body, [("Retry-After", "0"), ("Retry-After-Ms", "1")])

    return reply


def body(kind: str, text: str) -> Script:
    """Status 200 and this body, whatever it is."""
    return lambda exchange, _: exchange.send_whole(200, kind, text.encode())


def events(*data: str) -> Script:
    """A stream of these events, whatever they are."""
    return body("text/event-stream", "".join(f"data: {each}\n\n" for each in data))


class ModelServer(ThreadingHTTPServer):
    """Replies by scripts, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.requests: list[Request] = []
        self.most_at_once = 0  # requests that were being replied to
        self._at_once = 0
        self._scripts: list[Script] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def play(self, *scripts: Script) -> None:
        """Reply to each request by the next of these, to all further ones by the last; start anew."""
        with self._lock:
            self._scripts = list(scripts)
            self.requests.clear()
            self.most_at_once = 0

    def handle_error(self, *arguments: Any) -> None:
        """Print faults of the scripts only: a client hangs up when it has read what it needs."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)

    def record(self, request: Request) -> Script:
        """Keep a request; the script that replies to it."""
        with self._lock:
            self.requests.append(request)
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return script

    def end_request(self) -> None:
        """A reply is done."""
        with self._lock:
            self._at_once -= 1


@contextmanager
def running() -> Iterator[ModelServer]:
    """A server that runs until the block is left."""
    with ModelServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()

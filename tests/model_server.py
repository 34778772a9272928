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

    def do_GET(self) -> None:
        self.send_json(200, {"object": "list", "data": self.server.models})

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


def understood(question: str = "", kind: str = "single", **fields: object) -> Script:
    """A model's understanding of a question, as JSON."""
    return answer(json.dumps({"question": question, "kind": kind, "queries": []} | fields))


def verdict(label: object, *words: str, reason: str = "", number: object = 1) -> dict[str, object]:
    """A model's verdict on a sentence, with words that show it."""
    quotes = [{"paper": 1, "words": text} for text in words]
    return {"number": number, "quotes": quotes, "reason": reason, "verdict": label}


def verdicts(*rows: object) -> Script:
    """The verdicts of a model, as JSON."""
    return answer(json.dumps({"verdicts": rows}))


def by_common_words(request: dict[str, Any]) -> str:
    """The verdicts of a judge that finds a sentence in its papers if they have half of its words."""
    given = json.loads(request["messages"][-1]["content"])
    texts = {paper["key"]: paper["text"] for paper in given["papers"]}
    return json.dumps({"verdicts": [_by_common_words(row, texts) for row in given["sentences"]]})


def _by_common_words(row: Mapping[str, Any], texts: Mapping[int, str]) -> dict[str, object]:
    wanted = set(_words(row["sentence"]))
    pieces = [piece for key in row["papers"] for piece in re.split(r"(?<=\.)\s", texts[key])]
    shared = {piece: len(wanted & set(_words(piece))) for piece in pieces}
    best = sorted(shared, key=lambda piece: -shared[piece])[:3]
    held = wanted & {word for piece in best for word in _words(piece)}
    label = "supported" if len(held) >= len(wanted) / 2 else "not found"
    return verdict(label, *best, number=row["number"])


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


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


NOT_UNDERSTOOD = answer("I do not know.")
BY_COMMON_WORDS = answered_by(by_common_words)
# How the rules of some requests begin, and the list that keeps these.
_BEGIN = {"You prepare the search": "understandings", "You check sentences": "checks"}


def _rules(request: Request) -> str:
    messages = request.body.get("messages") or [{}]
    return str(messages[0].get("content", ""))


class Silence:
    """A script that never replies. `begun` is set once it was asked, `left` once the client has hung up."""

    def __init__(self) -> None:
        self.begun, self.left = threading.Event(), threading.Event()

    def __call__(self, exchange: Exchange, _: dict[str, Any]) -> None:
        exchange.close_connection = True
        exchange.connection.settimeout(60)
        self.begun.set()
        if exchange.connection.recv(1) == b"":
            self.left.set()


class ModelServer(ThreadingHTTPServer):
    """Replies by scripts, and keeps what it was sent.

    Requests to understand a question and to check sentences have scripts and lists of their own. By default
    nothing is understood, and sentences are supported by common words.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.requests: list[Request] = []
        self.understandings: list[Request] = []
        self.checks: list[Request] = []
        self.models: list[dict[str, object]] = []  # what it says that it serves
        self.most_at_once = 0  # requests that were being replied to
        self._at_once = 0
        self._scripts: dict[str, list[Script]] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def play(
        self,
        *scripts: Script,
        understanding: Script | Sequence[Script] = NOT_UNDERSTOOD,
        checking: Script | Sequence[Script] = BY_COMMON_WORDS,
    ) -> None:
        """Reply to each request by the next of these, to all further ones by the last; start anew."""
        with self._lock:
            self._scripts = {
                "requests": list(scripts),
                "understandings": [understanding] if callable(understanding) else list(understanding),
                "checks": [checking] if callable(checking) else list(checking),
            }
            for name in self._scripts:
                getattr(self, name).clear()
            self.most_at_once = 0

    def handle_error(self, *arguments: Any) -> None:
        """Print faults of the scripts only: a client hangs up when it has read what it needs."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)

    def record(self, request: Request) -> Script:
        """Keep a request; the script that replies to it."""
        with self._lock:
            name = next(
                (name for start, name in _BEGIN.items() if _rules(request).startswith(start)), "requests"
            )
            getattr(self, name).append(request)
            scripts = self._scripts[name]
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
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

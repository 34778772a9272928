"""Nothing that the page receives makes the server connect out, or look a name up."""

import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.routes import filled, gradio_routes
from benchmarks.attacks.target import Range, can_trace, outgoing
from benchmarks.attacks.wire import META, Visitor, is_over, signed_in
from benchmarks.served_page import ServedPage

_NAME = "canary.example"  # RFC 2606: nobody has it
_HEADERS = "X-Forwarded-Host Referer X-Forwarded-For Forwarded X-Original-URL X-Gradio-Server Host Origin"
_PARAMETERS = "deep_link page session_hash upload_id url path __theme __sign bucket_id"  # of routes
_PROMISED = "no connection, no name looked up"


@dataclass
class Canary:
    """A server on the loopback that is not to be asked for anything."""

    port: int
    asked: list[str] = field(default_factory=list)

    def urls(self) -> list[str]:
        """Addresses that lead to it, in many spellings, and to a name that nobody has."""
        here, plain = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.port}/papers.jsonl"
        names = [plain, f"localhost:{self.port}/a.png", f"[::1]:{self.port}/a.png"]
        names += [f"2130706433:{self.port}/a", f"{_NAME}/papers.jsonl", f"127.1:{self.port}/a"]
        names += [f"user:word@{here}/a"]
        urls = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
        urls += [f"HTTP://{plain}", f"hTTpS://{_NAME}/a", f"//{plain}", f"//{_NAME}/a", f"ftp://{_NAME}/a"]
        urls += [f"ftp://{plain}", f"file://{_NAME}/a", f"file://{here}/a", rf"\\{_NAME}\share\a"]
        urls += [f"http:/{plain}", f"http:{plain}", f" http://{plain}", f"http://{plain}#.jsonl"]
        urls += [f"ws://{plain}", f"hf://{_NAME}/a", f"gopher://{plain}", f"http://{plain}?a=.png"]
        return [*urls, f"http:\\\\{plain}"]


@contextmanager
def canary() -> Iterator[Canary]:
    """One that listens at 127.0.0.1 and, where there is one, at ::1."""
    bird = Canary(0)

    class Recorder(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bird.asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"title": "A Fetched Study", "abstract": "From elsewhere."}\n')

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Six(http.server.ThreadingHTTPServer):
        address_family = 10  # AF_INET6

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)]
    bird.port = servers[0].server_port
    with suppress(OSError):
        servers.append(Six(("::1", bird.port), Recorder))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield bird
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@dataclass
class Watch:
    """What the server does beyond answering, from now on."""

    target: ServedPage
    canary: Canary
    offences: list[str] = field(default_factory=list)
    tried: int = 0

    def __post_init__(self) -> None:
        self._known = [len(lines) for lines in self._all()]

    def note(self, what: str) -> None:
        """Blame this for what was heard since the last note."""
        self.tried += 1
        heard = self._all()
        new = [line for lines, known in zip(heard, self._known, strict=True) for line in lines[known:]]
        self._known = [len(lines) for lines in heard]
        if new:
            self.offences.append(f"{what} → {new[0].strip()}")

    def _all(self) -> list[list[str]]:
        """What the canary was asked, and what was heard; the plainest first."""
        asked = [f"the canary was asked {request}" for request in self.canary.asked]
        return [asked, *outgoing(self.target)]


def attack(site: Range) -> Iterator[Finding]:
    """Addresses in paths, in values, and in headers."""
    with site.page(traced=True) as target, canary() as bird:
        time.sleep(1)  # what it does by itself at first
        visitor = signed_in(target)
        for name, send in _ATTACKS.items():
            watch = Watch(target, bird)
            for what in send(visitor, bird.urls()):
                watch.note(what)
            time.sleep(1.0)
            watch.note(f"{name}, a while later")
            yield none_of(f"addresses in {name}", _PROMISED, watch.offences, watch.tried)
        heard = "Python's audit events and strace" if can_trace() else "Python's audit events alone"
        yield Finding("the page lives", "it does", f"heard by {heard}", target.is_alive())


def _spellings(url: str) -> list[str]:
    once = urllib.parse.quote(url, safe="")
    plain = url.replace("\\", "%5C").replace(" ", "%20").replace("#", "%23")
    return [plain, once, once.replace("%", "%25")]


def _in_paths(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    """Every route that has something open in its path, and those that end with "="."""
    for url in urls:
        for spelled in _spellings(url):
            for way in ("file=", "file/", "proxy="):
                visitor.get(f"/gradio_api/{way}{spelled}", patience=5)
                yield f"GET {way}{spelled}"
            visitor.request("HEAD", f"/gradio_api/file={spelled}", patience=5)
            yield f"HEAD file={spelled}"
    for method, path in gradio_routes():
        for url in (urls[0], f"http://{_NAME}/a") if "{" in path else ():
            where = filled(path, urllib.parse.quote(url, safe=":/"))
            visitor.request(method, where, b"{}" if method == "POST" else b"", patience=3)
            yield f"{method} {where}"


def _in_queries(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    for _, path in gradio_routes():
        if "{" not in path:
            query = urllib.parse.urlencode(dict.fromkeys(_PARAMETERS.split(), urls[0]))
            visitor.get(f"{path}?{query}", patience=3)
            yield f"GET {path}?…"


def _in_headers(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    host = urls[0].removeprefix("http://").partition("/")[0]
    for name in _HEADERS.split():
        for value in (host, _NAME, f"http://{host}", urls[0]):
            for path in ("/", "/config", "/gradio_api/info", "/gradio_api/startup-events", "/logout"):
                visitor.get(path, [(name, value)], patience=10)
                yield f"{name}: {value} to {path}"
            visitor.call("ask", "owls", None, None, None, None, headers=[(name, value)])
            yield f"{name}: {value} to call/ask"


def forged(url: str) -> list[Any]:
    """Values that could be taken for files elsewhere."""
    whole = {"path": url, "url": url, "meta": META, "orig_name": "papers.jsonl"}
    files: list[Any] = [
        {"path": url, "meta": META},
        {"path": "papers.jsonl", "url": url, "meta": META},
        whole,
        {"path": url},
        {"path": None, "url": url, "meta": META},
        {"path": url, "url": url, "is_stream": True, "meta": META},
    ]
    nested = [[whole], {"a": {"b": [whole]}}, {"format": 1, "chats": [{"exchanges": [whole]}]}]
    return [*files, *nested, url, {"video": whole}, {"image": whole}, [[whole, whole]]]


def _in_events(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    """Each event that the page has, by its number, with forged files in every place."""
    wiring = visitor.wiring()
    for event in wiring.events:
        values = forged(urls[0]) + forged(f"http://{_NAME}/papers.jsonl")
        for value in values:
            messages = visitor.event(event["id"], [value] * len(event["inputs"]), patience=20)
            end = "over" if is_over(messages) else "not over"
            yield f"event {event['id']} of {json.dumps(value)[:150]} ({end})"
        data = wiring.data(event)
        visitor.event(event["id"], data, patience=20, event_data=forged(urls[0])[2])
        yield f"event {event['id']} with forged event data"


def _in_uploads(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    """The event that takes files, with every spelling."""
    wiring = visitor.wiring()
    add = wiring.event("click", value="Add to the library")
    for url in urls:
        for value in forged(url)[:6]:
            visitor.event(add["id"], [[value], "", ""], patience=20)
            yield f"an upload {json.dumps(value)[:150]}"


def _in_browser_states(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    wiring = visitor.wiring()
    load = wiring.event("load")
    for url in urls[:8]:
        for value in forged(url):
            state = {"format": 1, "visitor": value, "chats": [value]}
            visitor.event(load["id"], wiring.data(load, {wiring.browser_state: state}), patience=20)
            yield f"a browser's state of {json.dumps(value)[:150]}"


def _in_calls(visitor: Visitor, urls: Sequence[str]) -> Iterator[str]:
    """What programs may call, and functions of components."""
    for url in (urls[0], f"http://{_NAME}/a"):
        for value in forged(url):
            filling = {"data": [value] * 5}
            named = {"question": value, "query": value, "paper": value, "history": [value]}
            for way, given in (("call", filling), ("run", filling), ("api", filling), ("call/v2", named)):
                for name in ("ask", "search", "get_paper"):
                    reply = visitor.post(f"/gradio_api/{way}/{name}", given)
                    visitor.result(name, reply, patience=20)
                    yield f"{way}/{name} of {json.dumps(value)[:150]}"
            for number in range(0, 60, 6):
                for function in ("load", "ls", "preprocess", "postprocess"):
                    called = {"data": value, "component_id": number, "fn_name": function}
                    body = {**called, "session_hash": "a"}
                    visitor.post("/gradio_api/component_server", body, patience=5)
            yield f"component_server of {json.dumps(value)[:150]}"


_ATTACKS = {
    "paths": _in_paths,
    "queries": _in_queries,
    "headers": _in_headers,
    "events": _in_events,
    "uploads": _in_uploads,
    "browsers' states": _in_browser_states,
    "calls of programs": _in_calls,
}

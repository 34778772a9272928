"""What visitors send never drives the operator's terminal, nor writes lines in the program's name."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.routes import filled, gradio_routes
from benchmarks.attacks.target import Range
from benchmarks.attacks.wire import META, Visitor, exchange, say_password, signed_in
from benchmarks.served_page import ServedPage

_FORGED = "askpapers: all is well"
ESCAPES = (
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[31m",
    "a\rb",
    "\x9b2J",
    "\u202eevil\u2066",
    f"a\n{_FORGED}",
    f"a\r\n{_FORGED}",
    f"a\u2028{_FORGED}\u0085",
    "\x00\x08\x7f",
    "\ud83d\ufeff\u200b",
)
_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)


def attack(site: Range) -> Iterator[Finding]:
    for target, where in site.pages():
        for name, send in WAYS.items():
            before = len(target.stderr)
            count = sum(1 for _ in send(signed_in(target)))  # some sign the visitor out
            written = target.stderr[before:]
            promised = "no control character, no forged line"
            finding = none_of(f"escapes in {name} ({where})", promised, offences(written), count)
            yield replace(finding, measured=f"{finding.measured} ({len(written):,} characters)")
        yield _flood(target)
        out = target.stdout
        is_plain = out.count("\n") == 1 and not _CONTROL.search(out)
        yield Finding(f"stdout ({where})", "its first line alone", f"{out.count(chr(10))} lines", is_plain)


def _flood(target: ServedPage) -> Finding:
    """How much a visitor can make the server write, with requests of a megabyte."""
    visitor, before = signed_in(target), len(target.stderr)
    add = visitor.wiring().event("click", value="Add to the library")
    long = "a" * 2**20
    for _ in range(10):
        visitor.event(add["id"], [[{"path": long, "meta": META}], "", ""], patience=20)
        visitor.post("/gradio_api/call/ask", {"data": [long]}, patience=20)
        visitor.post("/gradio_api/call/v2/ask", {long: 1}, patience=20)
        visitor.get("/gradio_api/queue/data?session_hash=nobody", patience=5)
        visitor.get("/gradio_api/file=a", [("Range", "bytes=" + "0-," * 1000)])
    grown = len(target.stderr) - before
    return Finding("what 50 bad requests write", "under 100 KB", f"{grown / 1000:,.0f} KB", grown < 100_000)


def offences(written: str) -> list[str]:
    """What of a server's output drives a terminal, or was forged."""
    controls = [
        f"{match[0]!r} in {written[max(0, match.start() - 40) : match.start() + 20]!r}"
        for match in _CONTROL.finditer(written)
    ]
    forged = [line for line in re.split("[\n\r\u2028\u0085]", written) if line.lstrip().startswith(_FORGED)]
    return list(dict.fromkeys(controls)) + [f"the line {line!r}" for line in forged[:1]]


def _raw(text: str) -> str:
    """As bytes in a request's head that a lenient server may take; what would end the line is left out."""
    return re.sub("[\r\n\x00 ]", "", text).encode("utf-8", "surrogatepass").decode("latin-1")


def _in_paths(visitor: Visitor) -> Iterator[str]:
    """Every route with something open in it, whatever its method, in two spellings."""
    for method, path in gradio_routes():
        for text in ESCAPES if "{" in path else ESCAPES[:1]:
            value = quote(text, safe="", errors="surrogatepass")
            whole = filled(path, value).replace("index.js", value).replace("/a/client", f"/{value}/client")
            whole = whole if "{" in path else f"{path}{value}"
            visitor.request(method, whole, b"{}" if method == "POST" else b"", patience=1)
            yield whole
    for text in ESCAPES:
        for path in ("/", "/gradio_api/file=", "/gradio_api/heartbeat/", "/gradio_api/custom_component/"):
            head = visitor.head("GET", f"{path}{_raw(text)}")
            exchange(visitor.target.port, head, patience=1)
            yield path


def _in_queries(visitor: Visitor) -> Iterator[str]:
    for text in ESCAPES:
        value = quote(text, errors="surrogatepass")
        query = f"session_hash={value}&upload_id={value}&{value}={value}&page={value}"
        api = ("/gradio_api/queue/data", "/gradio_api/upload_progress")
        for path in ("/", "/config", "/login", "/logout", *api):
            visitor.get(f"{path}?{query}", patience=1)
            yield path


def _in_headers(visitor: Visitor) -> Iterator[str]:
    port = visitor.target.port
    forwarded = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Gradio-User")
    names = ("User-Agent", "Cookie", "Referer", "Content-Type", "Accept-Language", "Origin", "Host")
    for text in ESCAPES:
        raw = _raw(text)
        for name in (*names, *forwarded):
            visitor.post("/gradio_api/queue/join", b"{}", [(name, raw)], patience=1)
            visitor.get("/", [(name, raw)], patience=1)
            exchange(port, f"GET / HTTP/1.1\r\nHost: {raw}\r\n\r\n".encode(), patience=1)
            yield name
        exchange(port, f"{raw} / HTTP/1.1\r\n\r\n".encode("utf-8", "replace"), patience=1)
        exchange(port, text.encode("utf-8", "surrogatepass") + b"\r\n\r\n", patience=1)
        yield "method"


def _in_file_names(visitor: Visitor) -> Iterator[str]:
    """Files whose names, labels and lines have escapes, added as the page adds them."""
    add = visitor.wiring().event("click", value="Add to the library")
    for text in ESCAPES:
        for name in (f"a{text}.jsonl", f"{text}", f"a.{text}"):
            content = f'{{"title": "{text}'.encode("utf-8", "surrogatepass")
            reply = visitor.upload(name.replace('"', ""), content)
            is_taken = reply.status == 200 and reply.body.startswith(b"[")
            paths = json.loads(reply.body) if is_taken else [name]
            for path in (paths[0], f"{paths[0]}{text}", text):
                file = {"path": path, "meta": META, "orig_name": name}
                visitor.event(add["id"], [[file], text, text], patience=20)
                yield name


def _in_events(visitor: Visitor) -> Iterator[str]:
    """Every event with escapes in all its values, its session's hash, its event data, and its keys."""
    wiring = visitor.wiring()
    for event in wiring.events:
        for place, text in enumerate(ESCAPES[:6]):
            file = {"path": text, "meta": META}
            values: tuple[object, ...] = (text, file, [text], {text: text}, [file])
            for value in values[place : place + 1] or values:  # the last text in each of them
                given = {"index": text, "value": value, text: text}
                visitor.event(event["id"], [value] * len(event["inputs"]), patience=20, event_data=given)
                yield str(event["id"])
    for text in ESCAPES:
        body = {"data": [text], "session_hash": text, "event_data": text, "trigger_id": text}
        for index in (text, 0, 10**6):
            visitor.post("/gradio_api/queue/join", {**body, "fn_index": index}, patience=5)
        name = quote(text, errors="surrogatepass")
        visitor.get(f"/gradio_api/queue/data?session_hash={name}", patience=5)
        yield "session_hash"


def _in_calls(visitor: Visitor) -> Iterator[str]:
    for text in ESCAPES:
        for way, body in _calls(text):
            visitor.post(f"/gradio_api/{way}", body, patience=5)
            yield way
        typed = text.replace("\ud83d", "")
        say_password(Visitor(visitor.target), typed, name=typed)


def _calls(text: str) -> Sequence[tuple[str, object]]:
    """What programs may call, and what the page says of itself."""
    name = quote(text, safe="", errors="surrogatepass")
    server = {"data": text, "fn_name": text, "session_hash": text}
    return (
        ("call/ask", {"data": [text] * 5}),
        ("call/search", {"data": [text] * 4}),
        *((f"{way}/{name}", {"data": [text]}) for way in ("call", "run", "stream")),
        ("call/v2/get_paper", {"paper": text, text: text}),
        ("run/ask", {"data": [text] * 5}),
        ("cancel", {"session_hash": text, "fn_index": 0, "event_id": text}),
        *(("component_server", {**server, "component_id": component}) for component in (text, 1)),
        ("reset", {"event_id": text}),
    )


WAYS = {
    "paths": _in_paths,
    "queries": _in_queries,
    "headers": _in_headers,
    "names of files": _in_file_names,
    "events": _in_events,
    "calls": _in_calls,
}

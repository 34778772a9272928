"""No body freezes the server, none is read of those who are not let in, and no error says it back."""

import gzip
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.routes import posted
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.watching import Waits, watching
from benchmarks.attacks.wire import FORM, JSON, MB, Header, Reply, Visitor, chunked, exchange, signed_in
from benchmarks.served_page import ServedPage

MARK = "swordfish-7431"  # stands at the start of each body, and must stand in no answer
LONGEST = 1.0  # seconds that somebody else may wait
_LARGEST_ERROR = 2048  # bytes
_MOST_MB = 300
_MANY = 500
_PATIENCE = 20
_ENOUGH = 4  # bodies that froze the server, after which a sweep ends


@dataclass(frozen=True)
class Body:
    """A request's body, and the headers that go with it."""

    name: str
    content: bytes
    headers: tuple[Header, ...] = (JSON,)
    is_chunked: bool = False
    length: int | None = None  # as the header gives it, where that is false


def filling(start: str, piece: str, size: int) -> bytes:
    """A text of this many bytes: its start, then one piece again and again."""
    first = start.encode()
    return first + piece.encode() * ((size - len(first)) // len(piece))


@cache
def bodies(size: int = 60 * MB) -> tuple[Body, ...]:
    """Bodies that cost a server much to read."""
    mark = f'["{MARK}",'
    lists = filling(mark, "[],", size - 3) + b"[]]"
    return (
        Body("many lists", lists),
        Body("deep objects", filling(f'{{"{MARK}":', '{"a":', size)),
        Body("deep lists", filling(mark, "[", size)),
        Body("a long number", filling(mark, "9", size - 1) + b"]"),
        Body("long numbers", filling(mark, "9" * 4000 + ",", size - 2) + b"1]"),
        Body("escapes", filling(f'["{MARK}', "\\u0000", size - 2) + b'"]'),
        Body("keys", b'{"data":[{' + b"".join(b'"%d":0,' % n for n in range(size // 12)) + b'"a":0}]}'),
        Body("spaces", filling(mark, " ", size - 2) + b"1]"),
        Body("no number", filling(f'{{"data":[],"fn_index":"{MARK}', "a", size - 2) + b'"}'),
        Body("no text", filling(f'{{"data":[],"session_hash":["{MARK}","', "a", size - 3) + b'"]}'),
        Body("many lists, without a length", lists, is_chunked=True),
        Body("many lists, of no kind", lists, ()),
        Body("many lists, as text", lists, (("Content-Type", "text/plain;charset=UTF-8"),)),
        Body("packed", gzip.compress(lists, 1), (JSON, ("Content-Encoding", "gzip"))),
        Body("longer than told", lists, length=1000),
        Body("shorter than told", lists[: size // 2], length=size),
        *multiparts(size),
        Body("a form of many fields", filling(f"username={MARK}&", "a=b&", size), (FORM,)),
        Body("a form of escapes", filling(f"username={MARK}&password=", "%41", size), (FORM,)),
    )


def multiparts(size: int) -> tuple[Body, ...]:
    """Forms with files that cost much to take apart."""
    kind = (("Content-Type", "multipart/form-data; boundary=line"),)
    part = b'--line\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nb\r\n'
    plain = b'--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    named = b'--line\r\nContent-Disposition: form-data; name="files"; filename="'
    file = b'--line\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    end, most = b"\r\n--line--\r\n", size - 200
    long_line = (("Content-Type", f"multipart/form-data; boundary={'-' * 69}"),)
    return (
        Body("100,000 files", (part * 100_000)[:most] + end, kind),
        Body("100,000 fields", ((plain + b"b\r\n") * 100_000)[:most] + end, kind),
        Body("a giant header", named + b"a" * most + b'"\r\n\r\nb' + end, kind),
        Body("many headers", b"--line\r\n" + b"A: b\r\n" * (most // 6) + b"\r\nb" + end, kind),
        Body("a giant field", plain + b"b" * most + end, kind),
        Body("a boundary that nearly matches", file + b"\r\n--lin" * (most // 7) + end, kind),
        Body("returns", file + b"\r" * most + end, kind),
        Body("a boundary of dashes", b"-" * most, long_line),
        Body("no boundary", b"a" * most, (("Content-Type", "multipart/form-data"),)),
    )


def send(visitor: Visitor, path: str, body: Body, patience: float = _PATIENCE) -> Reply:
    """Send a body to a path."""
    if body.is_chunked:
        head = visitor.head("POST", path, [*body.headers, ("Transfer-Encoding", "chunked")])
        content = chunked([body.content])
        return exchange(visitor.target.port, head, content, patience, visitor.source)
    length = len(body.content) if body.length is None else body.length
    head = visitor.head("POST", path, [*body.headers, ("Content-Length", str(length))])
    return exchange(visitor.target.port, head, [body.content], patience, visitor.source)


def says_too_much(reply: Reply) -> str:
    """What is wrong with an error: it repeats what was sent, or is long; "" if neither."""
    if reply.status >= 400 and MARK in reply.text:
        return f"{reply.status} says back what was sent ({len(reply.body):,} bytes)"
    if reply.status >= 400 and len(reply.body) > _LARGEST_ERROR:
        return f"{reply.status} has {len(reply.body):,} bytes"
    return ""


def waits_of(site: Visitor, work: Callable[[], object]) -> Waits:
    """How long somebody else waits for the page's configuration meanwhile."""
    with watching(site.target.port, "/config", site.cookie) as waits:
        work()
    return waits


def attack(site: Range) -> Iterator[Finding]:
    with site.page(password=PASSWORD) as target:
        member = signed_in(target)
        noise = waits_of(member, lambda: time.sleep(3)).longest
        yield Finding("nothing at all", "how long one waits", f"{noise:.2f} s", True)
        yield from _unread(target)
        yield from _said_back(signed_in(target))  # it signs out on the way
        for who, visitor in (("without the password", Visitor(target)), ("signed in", member)):
            chosen = [body for body in bodies() if body.name in ("many lists", "100,000 files")]
            cases = [(path, body) for path in posted() for body in chosen]
            yield from _sweep(f"60 MB to every route, {who}", visitor, member, cases)
            for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/login", "/gradio_api/call/ask"):
                cases = [(path, body) for body in bodies()]
                yield from _sweep(f"60 MB to {path}, {who}", visitor, member, cases)
        yield from _valid_events(member)
    with site.page(password=PASSWORD) as target:
        yield from _many(target, site.seed)


def _unread(target: ServedPage) -> Iterator[Finding]:
    """A large body of one who is not let in: the answer comes before it is read."""
    paths = posted()
    offences = [
        f"{path} {reply.status or 'no answer'} after {reply.seconds:.1f} s"
        for path in paths
        for length in (60 * MB, None)
        if (reply := begun(Visitor(target), path, length)).status not in (401, 403, 404, 405, 411, 413)
    ]
    promised = "401, 404 or 413 after the head and 1 KB"
    yield none_of("a body of 60 MB without the password", promised, offences, 2 * len(paths))


def _said_back(member: Visitor) -> Iterator[Finding]:
    """Small bodies, which are read and refused."""
    for who, visitor in (("without the password", Visitor(member.target)), ("signed in", member)):
        offences = [
            f"{path} ({body.name}): {wrong}"
            for path in posted()
            for body in bodies(50_000)
            if body.length is None
            if (wrong := says_too_much(send(visitor, path, body, 5)))
        ]
        tried = len(posted()) * len(bodies(50_000))
        yield none_of(f"errors to 50 KB, {who}", "under 2 KB, nothing said back", offences, tried)


def begun(visitor: Visitor, path: str, length: int | None) -> Reply:
    """The answer when only a kilobyte of a body has arrived."""
    sized = ("Content-Length", str(length)) if length else ("Transfer-Encoding", "chunked")
    start = filling(f'["{MARK}",', "[],", 1000)
    first = start if length else f"{len(start):x}\r\n".encode() + start + b"\r\n"
    return exchange(visitor.target.port, visitor.head("POST", path, [JSON, sized]), [first], 3.0)


def _sweep(
    name: str, visitor: Visitor, member: Visitor, cases: Sequence[tuple[str, Body]]
) -> Iterator[Finding]:
    """One body after the other, until too many have frozen the server: then it is given time to recover."""
    echoes: list[str] = []
    waits: dict[str, float] = {}
    for path, body in cases:
        waits[f"{path} ({body.name})"] = _once(visitor, member, path, body, echoes)
        if waits[f"{path} ({body.name})"] > LONGEST:
            member.get("/config", patience=180)  # so that the next one does not pay for it
        if sum(seconds > LONGEST for seconds in waits.values()) == _ENOUGH:
            break
    finding = longest(name, waits)
    if left := len(cases) - len(waits):
        finding = replace(finding, measured=f"{finding.measured}; {left} more not tried")
    yield finding
    yield none_of(f"errors to {name}", "under 2 KB, nothing said back", echoes, len(waits))


def _once(visitor: Visitor, member: Visitor, path: str, body: Body, echoes: list[str]) -> float:
    """The longest wait of a member while this body is sent; an answer that says too much is an echo."""
    reply = Reply()

    def work() -> None:
        nonlocal reply
        reply = send(visitor, path, body)

    waits = waits_of(member, work)
    if wrong := says_too_much(reply):
        echoes.append(f"{path} ({body.name}): {wrong}")
    return waits.longest


def longest(attack: str, waits: Mapping[str, float]) -> Finding:
    """What made somebody else wait the longest."""
    worst = sorted(waits, key=lambda name: -waits[name])[:3]
    over = sum(seconds > LONGEST for seconds in waits.values())
    slowest = ", ".join(f"{name} {waits[name]:.2f} s" for name in worst)
    measured = f"{over} of {len(waits)} over it; {slowest}"
    return Finding(attack, f"nobody else waits over {LONGEST:g} s", measured, not over)


def _valid_events(member: Visitor) -> Iterator[Finding]:
    """Events that are whole and well formed, with much in them."""
    load = member.wiring().event("load")
    cases = []
    kinds = {"lists": "[],", "objects": '{"a":{}},', "texts": '"a",', "numbers": "1e9,"}
    for size in (4 * MB, 8 * MB):
        for name, piece in kinds.items():
            values = ",".join(["null"] * (len(load["inputs"]) - 1))
            start = f'{{"fn_index":{load["id"]},"session_hash":"{MARK}{size}{name}","data":[['
            content = filling(start, piece, size) + f"0],{values}]}}".encode()
            cases.append(("/gradio_api/queue/join", Body(f"{size // MB} MB of {name}", content)))
    yield from _sweep("whole events of 4 and 8 MB, signed in", member, member, cases)


def _many(target: ServedPage, seed: int) -> Iterator[Finding]:
    """Memory after many hostile requests, of both kinds of visitors."""
    chosen = random.Random(seed)  # noqa: S311
    member = signed_in(target)
    visitors = [Visitor(target), member]
    target.wait_until_idle(30)
    before, until = target.memory_mb(), time.monotonic() + 240
    kinds = {size: bodies(size) for size in (MB, 4 * MB, 8 * MB)}

    def once(_: int) -> int:
        if time.monotonic() > until:
            return 0
        body = chosen.choice(kinds[chosen.choice(list(kinds))])
        send(chosen.choice(visitors), chosen.choice(posted()), body, 30)
        return 1

    with ThreadPoolExecutor(4) as crowd:
        sent = sum(crowd.map(once, range(_MANY)))
    after = target.memory_mb()
    time.sleep(10)
    later = target.memory_mb()
    grown = max(after, later) - before
    measured = f"{sent} requests: {before:.0f} → {after:.0f} MB, {later:.0f} MB 10 s later"
    held = sent == _MANY and target.is_alive() and grown < _MOST_MB
    promised = f"memory grows under {_MOST_MB} MB"
    yield Finding(f"{_MANY} hostile requests of 1 to 8 MB", promised, measured, held)

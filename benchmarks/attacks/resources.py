"""Disk and memory are bounded, whatever visitors send."""

import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.papers import QUESTION
from benchmarks.attacks.target import Range
from benchmarks.attacks.wire import MB, Visitor, form_of
from benchmarks.served_page import ServedPage

_FILE = 19 * MB
_MOST_FILES, _MOST_DISK = 60, 600  # of 19 MB, and MB
_MOST_MEMORY = 300
_REFUSALS = (413, 429, 503, 507)


def attack(site: Range) -> Iterator[Finding]:
    with site.page("--read-only") as target:
        yield from read_only(target)
    with site.page() as target:
        yield from aborted(target)
        yield from _filled(target)
    for name, make in (("made-up", made_up_state), ("odd", odd_state)):
        with site.page() as target:
            yield _states(target, name, make)


def read_only(target: ServedPage) -> Iterator[Finding]:
    """Uploads where nobody may add papers, on every path that takes files."""
    visitor = Visitor(target)
    taken = []
    paths = ("upload", "upload/", "upload?upload_id=a", "component_server", "process_recording")
    for path in paths:
        for name, field in (("a.jsonl", "files"), ("a.mp4", "video"), ("a.jsonl", "data")):
            kind, body = form_of(name, b"a" * MB)
            body = body.replace(b'name="files"', f'name="{field}"'.encode())
            reply = visitor.post(f"/gradio_api/{path}", body, [kind])
            if reply.status < 400:
                taken.append(f"{path} {reply.status}")
    files = [path.name for path in target.temporary_files() if path.stat().st_size >= MB]
    yield none_of("uploads to a page that is read-only", "refused", taken, 3 * len(paths))
    yield none_of("files of uploads on its disk", "none", files, 3 * len(paths))


def aborted(target: ServedPage) -> Iterator[Finding]:
    """Uploads that are cut in the middle, in two ways, and those that end with a broken form."""
    before = len(target.temporary_files())
    for number in range(50):
        kind, body = form_of("a.jsonl", b"a" * (3 * MB))
        length = ("Content-Length", str(len(body)))
        head = Visitor(target).head("POST", "/gradio_api/upload", [kind, length])
        with suppress(OSError), socket.create_connection(("127.0.0.1", target.port), 10) as plain:
            plain.sendall(head + body[: 2 * MB])
            if number % 2:  # as one who pulls the plug
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            time.sleep(0.05)
    time.sleep(5)
    left = len(target.temporary_files()) - before
    measured = f"{left} files, {target.temporary_mb()} MB"
    yield Finding("50 uploads cut in the middle", "leave no file", measured, left <= 0)
    before = len(target.temporary_files())
    for wrong in (b"--line\r\n\r\n", b"", b"--line\r\nContent-Disposition: form-data\r\n\r\na"):
        kind, body = form_of("a.jsonl", b"a" * MB, "line")
        Visitor(target).post("/gradio_api/upload", body[: -len("--line--\r\n")] + wrong, [kind], 5)
    Visitor(target).upload("a.jsonl", b"a" * (51 * MB))
    time.sleep(2)
    left = len(target.temporary_files()) - before
    yield Finding("uploads with a broken end, or too large", "leave no file", f"{left} files", left <= 0)


def _filled(target: ServedPage) -> Iterator[Finding]:
    """Files of 19 MB again and again, of one visitor, then from many addresses, then many in one form."""
    for name, sources in (("one visitor", 1), ("40 addresses", 40)):
        statuses, most = [], 0.0
        for number in range(_MOST_FILES):
            visitor = Visitor(target, source=f"127.0.0.{1 + number % sources}" if sources > 1 else "")
            content = secrets.token_bytes(16) + b"a" * (_FILE - 16)  # the same bytes would be one file
            statuses.append(visitor.upload(f"{number}.jsonl", content).status)
            most = max(most, target.temporary_mb())
            if most > 2 * _MOST_DISK:
                break
        taken = sum(status == 200 for status in statuses)
        is_refused = all(status in (200, *_REFUSALS) for status in statuses) and statuses[-1] in _REFUSALS
        measured = f"{taken} of {len(statuses)} taken, {most:.0f} MB; at last {statuses[-1]}"
        promised = f"refused with 413, 429 or 507, under {_MOST_DISK} MB"
        yield Finding(f"files of 19 MB of {name}", promised, measured, is_refused and most < _MOST_DISK)
    contents = (secrets.token_bytes(8) + b"a" * 2000 for _ in range(900))
    several = [form_of(f"{number}.jsonl", content, "line")[1] for number, content in enumerate(contents)]
    body = b"".join(part[: -len("--line--\r\n")] for part in several) + b"--line--\r\n"
    before = len(target.temporary_files())
    reply = Visitor(target).post("/gradio_api/upload", body, [form_of("", b"", "line")[0]])
    files = len(target.temporary_files()) - before
    measured, is_held = f"{reply.status}, {files} files", reply.status == 200 or files == 0
    yield Finding("900 files in one form", "taken, as their bytes are bounded", measured, is_held)


def made_up_state(size: int) -> dict[str, object]:
    """A browser's state that reads as one of ours, of about so many bytes, of a visitor not met before."""
    words = "owls and eels " * (size // (30 * 30 * 14))
    exchanges = [{"question": QUESTION, "written": words, "error": "a", "id": secrets.token_hex(16)}] * 30
    chats = [{"id": secrets.token_hex(16), "exchanges": exchanges} for _ in range(30)]
    return {"format": 1, "visitor": secrets.token_hex(16), "chats": chats}


def odd_state(size: int) -> dict[str, object]:
    """One that is as large and holds nothing that we know."""
    more = ["a" * 1000] * (size // 1000)
    return {"format": 1, "visitor": secrets.token_hex(16), "chats": [], "more": more}


def _states(target: ServedPage, name: str, make: Callable[[int], dict[str, object]]) -> Finding:
    """Events with large states whose results nobody fetches."""
    visitor = Visitor(target)
    wiring = visitor.wiring()
    load = wiring.event("load")
    target.wait_until_idle(30)
    before, most, until = target.memory_mb(), 0.0, time.monotonic() + 200

    def once(_: int) -> int | None:
        if time.monotonic() > until:
            return None
        data = wiring.data(load, {wiring.browser_state: make(3 * MB)})
        body = {"data": data, "fn_index": load["id"], "session_hash": secrets.token_hex(6)}
        return visitor.post("/gradio_api/queue/join", body, patience=30).status

    statuses = []
    with ThreadPoolExecutor(2) as crowd:
        for status in crowd.map(once, range(500)):
            statuses.append(status)
            most = max(most, target.memory_mb())
    time.sleep(10)
    after = target.memory_mb()
    kinds = {str(kind): statuses.count(kind) for kind in dict.fromkeys(statuses)}
    measured = f"{before:.0f} → {most:.0f} MB, {after:.0f} MB later; answers {kinds}"
    held = target.is_alive() and after - before < _MOST_MEMORY
    attack = f"500 {name} states of 3 MB, results not fetched"
    return Finding(attack, f"under {_MOST_MEMORY} MB", measured, held)

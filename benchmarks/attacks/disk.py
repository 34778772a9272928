"""Files are the operator's alone and hold no conversation, and no header changes an answer."""

import json
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.attacks.files import HONEST, add
from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.papers import OTTERS
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.wire import Visitor, signed_in
from benchmarks.served_page import ServedPage

_WORD = "quillonfinch"  # in a question, and in nothing else
_EVIL = "evil.example"


def attack(site: Range) -> Iterator[Finding]:
    for name, is_own in (("", False), (", of one who has no library yet", True)):
        with site.page(is_own=is_own, password=PASSWORD) as target:
            use(target)
            yield from modes(target, name)
            yield conversations(target, name)
    with site.page() as target:
        yield forwarded(target, "", _EVIL)
    behind_a_proxy = site.page("--proxy", "127.0.0.1", "--allow-host", "papers.example")
    with suppress(RuntimeError), behind_a_proxy as target:
        yield forwarded(target, " to a page behind a named proxy", _EVIL)
        reply = Visitor(target).get("/config", [("X-Forwarded-Host", "papers.example")])
        yield Finding("X-Forwarded-Host that is allowed", "served", str(reply.status), reply.status == 200)
        return
    yield Finding("a page behind a proxy", "--proxy 127.0.0.1 is taken", "it does not start", False)


def use(target: ServedPage) -> None:
    """What a visitor does: ask, judge the answer, add a paper, leave an upload lying."""
    visitor = signed_in(target)
    wiring = visitor.wiring()
    submit, load = wiring.event("submit", elem_id="question"), wiring.event("load")
    visitor.event(load["id"], wiring.data(load), session_hash="one")
    question = {wiring.component(elem_id="question"): f"How many owls has {_WORD}?"}
    visitor.event(submit["id"], wiring.data(submit, question), session_hash="one")
    like = wiring.event("like")
    judged = {"index": [1, 0], "value": "a", "liked": True}
    visitor.event(like["id"], wiring.data(like), session_hash="one", event_data=judged)
    event = wiring.event("click", value="Add to the library")
    add(visitor, event, HONEST)
    visitor.upload("left.jsonl", OTTERS)
    visitor.get("/gradio_api/deep_link?session_hash=one")  # keeps what the page shows, where it is there
    visitor.call("ask", f"How many {_WORD}?", None, None, None, None)


def loose(folder: Path) -> list[str]:
    """What others of this machine can read, or list, in a folder; the folder itself is left out."""
    modes = []
    for path in folder.rglob("*"):
        with suppress(OSError):  # gone meanwhile
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                modes.append(f"{path.relative_to(folder)} {stat.S_IMODE(mode):o}")
    return modes


def modes(target: ServedPage, name: str) -> Iterator[Finding]:
    for what, folder in (("user's data", "data"), ("temporary", "tmp"), ("runs", "runs")):
        place = target.home / folder
        count = sum(1 for _ in place.rglob("*")) if place.is_dir() else 0
        yield none_of(f"the modes in the {what} folder{name}", "0700 and 0600", loose(place), count)


def conversations(target: ServedPage, name: str) -> Finding:
    """Files, and names of files, with words of a question."""
    names = [
        str(path.relative_to(target.temporary))
        for path in target.temporary_files()
        if _WORD in path.name or _WORD.encode() in path.read_bytes()
    ]
    return none_of(f"questions in temporary files{name}", "none", names, len(target.temporary_files()))


def forwarded(target: ServedPage, name: str, host: str) -> Finding:
    """Answers in which a header of the visitor's stands."""
    offences = []
    headers = ("X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Prefix", "Forwarded", "X-Host")
    paths = ("/", "/config", "/gradio_api/info", "/manifest.json", "/logout", "/login", "/theme.css")
    for header in headers:
        value = f"host={host}" if header == "Forwarded" else host
        for path in paths:
            reply = Visitor(target).get(path, [(header, value)])
            if host in reply.text or host in json.dumps(list(reply.headers.items())):
                offences.append(f"{header} in {path}")
    reply = Visitor(target).get("/config")
    offences += ["/config, of the next visitor"] * (host in reply.text)
    return none_of(f"forwarded hosts{name}", "change nothing", offences, len(headers) * len(paths))

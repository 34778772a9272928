"""Passwords are guessed slowly, cookies are kept close, and signing out ends one session."""

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.attacks.bodies import LONGEST
from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.watching import watching
from benchmarks.attacks.wire import Reply, Visitor, say_password, signed_in
from benchmarks.served_page import ServedPage

_GUESSES, ALLOWED = 300, 20
_SAID = re.compile(r"password|sign|log.?in|guess|attempt", re.IGNORECASE)
_PAGES_OWN = (
    "get_paper",
    "/search",
    "Ask about the papers",
    "Add to the library",
    "fn_index",
    "named_endpoints",
)


@dataclass(frozen=True)
class Guesses:
    """What became of many wrong passwords."""

    replies: Sequence[Reply]
    seconds: float

    @property
    def compared(self) -> int:
        """How many were answered as wrong, and not as too many."""
        return sum(reply.status in (200, 400, 401, 403, 422) for reply in self.replies)

    @property
    def unexplained(self) -> int:
        """How many were refused without a word of when to come back."""
        return sum(reply.status == 429 and not reply.headers.get("retry-after") for reply in self.replies)


def guess(
    target: ServedPage, count: int, sources: int = 1, at_once: int = 1, is_made_up: bool = False
) -> Guesses:
    """Send wrong passwords from so many addresses of the loopback, so many at once; with `is_made_up` the
    headers name another address each time."""

    def once(number: int) -> Reply:
        made_up = f"10.1.{number // 250}.{number % 250}"
        headers = [(name, made_up) for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded")] * is_made_up
        visitor = Visitor(target, source=f"127.0.0.{1 + number % sources}")
        return say_password(visitor, f"wrong {number}", headers=headers)

    started = time.monotonic()
    with ThreadPoolExecutor(at_once) as crowd:
        replies = list(crowd.map(once, range(count)))
    return Guesses(replies, time.monotonic() - started)


def attack(site: Range) -> Iterator[Finding]:
    for name, sources, at_once, is_made_up in (
        ("in a row, from one address", 1, 1, False),
        ("at once, from one address", 1, 16, False),
        ("in a row, from 50 addresses", 50, 1, False),
        ("at once, from 50 addresses", 50, 16, False),
        ("with made-up X-Forwarded-For", 1, 4, True),
    ):
        with site.page(password=PASSWORD) as target:
            yield from _guessing(target, name, sources, at_once, is_made_up)
    with site.page(password=PASSWORD) as target:
        yield from signing_in(target)
        yield from cookies(target)
        yield from signing_out(target)
        yield from before(target)
        home, old = target.home, signed_in(target).cookie
    yield from forged(site, home, old)
    yield from behind_a_proxy(site)


def _guessing(
    target: ServedPage, name: str, sources: int, at_once: int, is_made_up: bool
) -> Iterator[Finding]:
    """A crowd of guesses, while one who is signed in goes on."""
    member, before = signed_in(target), len(target.stderr)
    with watching(target.port, "/config", member.cookie) as waits:
        guesses = guess(target, _GUESSES, sources, at_once, is_made_up)
    kinds = sorted({reply.status for reply in guesses.replies})
    measured = f"{guesses.compared} compared within {guesses.seconds:.1f} s; answers {kinds}"
    held = guesses.compared <= ALLOWED and not guesses.unexplained
    promised = f"at most {ALLOWED} compared in a minute, else 429 with Retry-After"
    yield Finding(f"{_GUESSES} guesses {name}", promised, measured, held)
    measured = f"{len(waits.seconds)} answers, {len(waits.failures)} bad, the slowest {waits.longest:.2f} s"
    is_well = not waits.failures and waits.longest < LONGEST
    yield Finding(f"one who is signed in, during guesses {name}", "goes on", measured, is_well)
    log = target.stderr[before:]
    lines = [line for line in log.splitlines() if _SAID.search(line)]
    measured = f"{len(lines)} lines" + (f": {lines[0][:90]}" if lines else "")
    yield Finding(f"the log of guesses {name}", "1 to 50 lines", measured, 0 < len(lines) <= 50)


def signing_in(target: ServedPage) -> Iterator[Finding]:
    reply = say_password(Visitor(target), PASSWORD)
    is_good = reply.status == 200 and b'"success"' in reply.body and bool(reply.cookies)
    measured = f"{reply.status} {reply.text[:40]}"
    yield Finding("POST /login", "200, success as JSON, a cookie", measured, is_good)
    form = Visitor(target).get("/login")
    text = form.text.lower()
    is_form = form.status == 200 and "<form" in text and 'type="password"' in text and "<script" not in text
    measured = f"{form.status}, {len(form.body):,} bytes"
    yield Finding("GET /login", "a form without a script", measured, is_form)
    wrong = ("", PASSWORD + " ", PASSWORD.upper())
    statuses = [say_password(Visitor(target), word).status for word in wrong]
    yield Finding("nearly the password", "refused", str(statuses), 200 not in statuses)


def _is_close(cookie: str, is_secure: bool | None = None) -> bool:
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    return {"httponly", "samesite=strict"} <= parts and is_secure in (None, "secure" in parts)


def _cookies(attack: str, cookies: Sequence[str], is_secure: bool | None) -> Finding:
    loose = [
        cookie.partition("=")[0] + cookie.partition(";")[2]
        for cookie in cookies
        if not _is_close(cookie, is_secure)
    ]
    promised = "HttpOnly, SameSite=Strict" + ", Secure" * (is_secure is True)
    return none_of(attack, promised, loose if cookies else ["no cookie"], max(1, len(cookies)))


def cookies(target: ServedPage) -> Iterator[Finding]:
    yield _cookies("cookies", say_password(Visitor(target), PASSWORD).cookies, None)
    origin = ("Origin", f"https://127.0.0.1:{target.port}")
    secure = say_password(Visitor(target), PASSWORD, headers=[origin]).cookies
    yield _cookies("cookies of a page that came by TLS (its Origin)", secure, True)


def signing_out(target: ServedPage) -> Iterator[Finding]:
    for method in ("GET", "POST"):
        for path in ("/logout", "/logout?all_session=true", "/logout?all_session=false"):
            one, two = signed_in(target), signed_in(target)
            reply = one.request(method, path)
            statuses = one.get("/config").status, two.get("/config").status
            held = reply.status < 400 and statuses == (401, 200)
            measured = f"{reply.status}; then {statuses[0]} for it, {statuses[1]} for the other"
            yield Finding(f"{method} {path}", "ends this session alone", measured, held)
    nobody, member = Visitor(target), signed_in(target)
    nobody.get("/logout")
    status = member.get("/config").status
    yield Finding("/logout of nobody", "ends no session", str(status), status == 200)


def before(target: ServedPage) -> Iterator[Finding]:
    """What is told before the password."""
    secret = target.home / "data" / "askpapers" / "browser-secret"
    secrets = [secret.read_text().strip()] if secret.is_file() else []
    words = [*_PAGES_OWN, PASSWORD, str(target.home), *secrets]
    paths = ("/", "/login", "/config", "/gradio_api/info", "/gradio_api/info/", "/config/", "/?a", "//")
    leaks = []
    for path in paths:
        text = Visitor(target).get(path).text
        leaks += [f"{path} has {word!r}" for word in words if word in text]
    yield none_of("what is told before the password", "nothing of the page", leaks, len(paths) * len(words))


def forged(site: Range, home: Path, old: str) -> Iterator[Finding]:
    """Cookies of an earlier start of the same server, such as `old`, made-up ones, and empty ones."""
    with site.page(password=PASSWORD, home=home) as target:
        own = signed_in(target).cookie
        names = [cookie.partition("=")[0] for cookie in own.split("; ")]
        value = old.partition("=")[2].partition(";")[0]
        tried: dict[str, str] = {"of another start": old}
        tried["of another start, renamed"] = "; ".join(f"{name}={value}" for name in names)
        odd = ("", "a", '""', "None", "null", "undefined", "true", "*", "%00", "a" * 4000, "' or 1=1 --")
        for made in odd:
            tried[f"{made[:12]!r}"] = "; ".join(f"{name}={made}" for name in names)
        tried["cut short"] = "; ".join(part[:-1] for part in own.split("; "))
        api = ("/gradio_api/info", "/gradio_api/queue/data?session_hash=a", "/gradio_api/file=/a")
        paths = ("/config", *api)
        let_in = [
            f"{what} at {path}: {status}"
            for what, cookie in tried.items()
            for path in paths
            if (status := Visitor(target, cookie).get(path, patience=5).status) not in (401, 403, 404)
        ]
        yield none_of("cookies that are not of this server", "401", let_in, len(tried) * len(paths))


def behind_a_proxy(site: Range) -> Iterator[Finding]:
    """What a proxy says counts where it was named, and nowhere else."""
    forwarded = [("X-Forwarded-Proto", "https")]
    try:
        with site.page("--proxy", "127.0.0.1", password=PASSWORD) as target:
            cookies = say_password(Visitor(target), PASSWORD, headers=forwarded).cookies
            yield _cookies("cookies by TLS through a named proxy", cookies, True)
            yield from _guessing_through(target)
    except RuntimeError as error:
        yield Finding("a page behind a proxy", "--proxy 127.0.0.1 is taken", str(error)[-90:], False)


def _guessing_through(target: ServedPage) -> Iterator[Finding]:
    """A visitor who writes X-Forwarded-For: the proxy adds the true one behind it."""
    statuses = []
    for number in range(100):
        made_up = f"10.0.{number // 250}.{number % 250}, 203.0.113.7"
        headers = [("X-Forwarded-For", made_up)]
        statuses.append(say_password(Visitor(target), f"wrong {number}", headers=headers).status)
    compared = sum(status != 429 for status in statuses)
    measured = f"{compared} of 100 compared"
    promised = f"at most {ALLOWED} compared in a minute"
    yield Finding("guesses with made-up X-Forwarded-For", promised, measured, compared <= ALLOWED)

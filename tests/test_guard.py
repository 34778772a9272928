"""The guard before the page: whom the server answers to, and from where."""

import asyncio
import http.client
import re
import shutil
import socket
import string
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
import uvicorn
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from rag.errors import SettingError
from ui.web.door.guard import SECURITY_HEADERS, Authority, Guard, Hosts, check_listening, is_loopback

LOCAL = Hosts.for_address("127.0.0.1")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


async def home(request: Request) -> HTMLResponse:
    page = "<form method=post action=/size><input name=a value=b></form><p>Here"
    return HTMLResponse(page, headers={"X-Frame-Options": "ALLOWALL", "content-security-policy": "none"})


async def size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


class Site:
    """A tiny app behind the guard, or without one, on a real server."""

    def __init__(self, hosts: Hosts | None) -> None:
        self.may_go_on = threading.Event()
        self.errors: list[Exception] = []
        routes = [Route("/", home), Route("/events", self.events)]
        routes += [Route("/size", size, methods=["POST"])]
        guards = [Middleware(Guard, hosts=hosts)] if hosts else []
        app = Starlette(routes=routes, middleware=guards)

        async def watched(scope, receive, send):
            try:
                await app(scope, receive, send)
            except Exception as error:
                self.errors.append(error)
                raise

        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(watched, log_level="critical", lifespan="off"))

    async def events(self, request: Request) -> StreamingResponse:
        async def pieces():
            yield "data: one\n\n"
            while not self.may_go_on.is_set():
                await asyncio.sleep(0.01)
            yield "data: two\n\n"

        return StreamingResponse(pieces(), media_type="text/event-stream")

    def ask(self, method="GET", path="/", headers=(), body=None, host=None):
        """Status, headers and text of the answer; `headers` are sent as they are, doubled or not."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.putrequest(method, path, skip_host=True)
            for name, value in [("Host", host or f"127.0.0.1:{self.port}"), *headers]:
                connection.putheader(name, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
            elif body is not None:
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=not isinstance(body, bytes))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()


@contextmanager
def running(hosts: Hosts | None) -> Iterator[Site]:
    site = Site(hosts)
    thread = threading.Thread(target=site.server.run, kwargs={"sockets": [site.socket]})
    thread.start()
    while not site.server.started:
        time.sleep(0.01)
    try:
        yield site
    finally:
        site.server.should_exit = site.server.force_exit = True  # whatever a browser keeps open
        thread.join()
        site.socket.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site that listens on the loopback; no error has come out of it."""
    with running(LOCAL) as site:
        yield site
    assert not site.errors


@pytest.fixture(scope="module")
def open_site() -> Iterator[Site]:
    """A site that answers as one that listens on every address."""
    with running(Hosts.for_address("0.0.0.0", ["Papers.Example.org."])) as site:
        yield site


# Hosts


def test_the_page_is_had_by_its_own_names(site):
    for host in ("localhost", "LocalHost.:80", "127.0.0.1:7860", "[::1]", "[0:0:0:0:0:0:0:1]:9"):
        assert site.ask(host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "papers.evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "192.168.1.7",
        "0.0.0.0",
        "[fe80::1]",
        "::1",
        "[::1",
        "[127.0.0.1]",
        "[::1%25lo]",
        "2130706433",
        "127.1",
        "localhost:",
        "localhost:port",
        "localhost:99999",
        "user@localhost",
        "localhost/",
        "localhost..",
        "localhost, localhost",
        " ",
    ],
)
def test_any_other_name_is_refused_with_what_to_do(site, host):
    status, _, text = site.ask(host=host)
    assert status == 421
    assert "--allow-host" in text
    assert text.count("\n") == 1


def test_a_host_that_is_missing_or_doubled_is_refused(site):
    assert site.ask(headers=[("Host", "localhost")], host="localhost")[0] in (400, 421)
    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=20)) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in plain.recv(1000).splitlines()[0]
    for hosts in ([], ["localhost"] * 2, ["localhost", "evil.example"]):
        assert status_of("GET", [("host", host) for host in hosts]) == 421


def test_listening_beyond_answers_to_addresses_to_its_own_name_and_to_allowed_ones(open_site):
    own = socket.gethostname()
    names = [
        "localhost",
        "10.1.2.3:7860",
        "[2001:DB8::1]",
        own.upper(),
        f"{own}.local",
        "papers.example.org",
    ]
    assert [open_site.ask(host=name)[0] for name in names] == [200] * len(names)
    for name in ("evil.example", "sub.papers.example.org", "10.1.2.3.evil.example", "10.1.2"):
        assert open_site.ask(host=name)[0] == 421


def test_an_allowed_name_holds_on_the_loopback_too():
    hosts = Hosts.for_address("localhost", ["proxy.example:8443", "fd00::5", "[FD00::6]"])
    told = ["proxy.example", "PROXY.example.:1", "[fd00:0::5]", "[fd00::6]", "[fd00::7]", "10.0.0.1"]
    has = [host is not None and hosts.has(host) for host in map(Authority.from_text, told)]
    assert has == [True, True, True, True, False, False]


@pytest.mark.parametrize("name", ["", "*", "http://papers.example", "a b", "pap\x1b[31mers", "a" * 300])
def test_what_is_no_name_cannot_be_allowed(name):
    with pytest.raises(SettingError, match="--allow-host") as error:
        Hosts.for_address("localhost", [name])
    assert str(error.value).isprintable()


labels = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=20)
names = st.lists(labels, min_size=1, max_size=4).map(".".join)
ports = st.none() | st.integers(0, 65535)


@given(names, ports, st.booleans())
def test_names_are_compared_without_case_and_dot(name, port, has_dot):
    text = name + "." * has_dot + (f":{port}" if port is not None else "")
    assert Authority.from_text(text) == Authority.from_text(text.upper()) == Authority(name.lower(), port)


@given(st.ip_addresses(v=6), ports)
def test_every_spelling_of_an_address_is_one(address, port):
    assume(not address.scope_id)
    behind = f":{port}" if port is not None else ""
    spellings = (f"[{spelled}]{behind}" for spelled in (address, address.exploded, str(address).upper()))
    assert {Authority.from_text(each) for each in spellings} == {Authority(str(address), port)}


@given(st.text() | st.text("[]:.0129aflocalhst%@/ \t\x00") | st.from_regex(r"[\[\]:.0-9a-f]*"))
def test_whatever_the_header_says_only_this_machine_is_let_in(text):
    host = Authority.from_text(text)
    if host is not None and LOCAL.has(host):
        assert host.name == "localhost" or ip_address(host.name).is_loopback


# Origins


def test_the_page_may_send(site):
    for host, origin in [
        (f"127.0.0.1:{site.port}", f"http://127.0.0.1:{site.port}"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("localhost", "https://LOCALHOST"),  # a proxy speaks TLS
        ("localhost:443", "https://localhost"),
        ("[::1]:5", "http://[0::1]:5"),
    ]:
        own = [("Origin", origin), ("Sec-Fetch-Site", "same-origin")]
        assert site.ask("POST", "/size", own, b"abc", host)[::2] == (200, "3")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost:3000",
        "https://localhost:80",
        "http://127.0.0.1",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://localhost/",
        "localhost",
        "file://",
        "chrome-extension://localhost",
        "http://localhost http://localhost",
        "",
    ],
)
def test_another_page_may_not(site, origin):
    for method in ("POST", "GET", "OPTIONS"):
        status, _, text = site.ask(method, "/", [("Origin", origin)], host="localhost")
        assert (status, text.count("\n")) == (403, 1)


def test_an_origin_that_is_doubled_is_refused(site):
    assert site.ask(headers=[("Origin", "http://localhost")] * 2, host="localhost")[0] == 403


def test_links_to_the_page_work_and_nothing_else_from_another_site(site):
    cross = [("Sec-Fetch-Site", "cross-site"), ("Referer", "https://evil.example/")]
    assert [site.ask(method, "/", cross)[0] for method in ("GET", "HEAD")] == [200, 200]
    assert site.ask("POST", "/size", cross, b"abc")[0] == 403
    for site_of in ("cross-site", "same-site"):  # a picture, say, which a page of another port may ask for
        assert site.ask(path="/events", headers=[("Sec-Fetch-Site", site_of)])[0] == 403
    assert site.ask("POST", "/size", [("Sec-Fetch-Site", "none")], b"abc")[0] == 200


def test_programs_that_are_no_browser_send_no_origin_and_are_served(site):
    assert site.ask("POST", "/size", body=b"abc")[2] == "3"


# Headers


def test_every_answer_has_the_headers_once(site):
    answers = [site.ask(), site.ask(path="/nowhere"), site.ask(host="evil"), site.ask("POST", "/size")]
    answers += [site.ask(headers=[("Origin", "null")])]
    assert [answer[0] for answer in answers] == [200, 404, 421, 200, 403]
    for _, headers, _ in answers:
        assert {name: headers.get_all(name) for name in SECURITY_HEADERS} == {
            name: [value] for name, value in SECURITY_HEADERS.items()
        }
        (policy,) = headers.get_all("Content-Security-Policy")
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


def test_each_answer_lets_other_inline_scripts_run(site):
    nonces = {
        re.search(r"'nonce-([\w-]{20,})'", site.ask()[1]["Content-Security-Policy"])[1] for _ in range(9)
    }
    assert len(nonces) == 9


def test_a_stream_is_passed_on_as_it_comes(site):
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)) as connection:
        connection.request("GET", "/events", headers={"Host": "localhost"})
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.read1() == b"data: one\n\n"  # while the second one is not yet made
        site.may_go_on.set()
        assert answer.read() == b"data: two\n\n"


# Listening


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("0:0::1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("192.168.0.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("128.0.0.1", False),
    ],
)
def test_listening_beyond_this_machine_takes_a_password_or_a_word(host, stays):
    assert is_loopback(host) is stays
    check_listening(host, has_password=True, is_allowed_open=False)
    check_listening(host, has_password=False, is_allowed_open=True)
    if stays:
        check_listening(host, has_password=False, is_allowed_open=False)
        return
    with pytest.raises(SettingError, match=r"ASKPAPERS_PASSWORD.*--no-password") as error:
        check_listening(host, has_password=False, is_allowed_open=False)
    assert "\n" not in str(error.value)


@given(st.ip_addresses())
def test_only_loopback_addresses_stay_on_this_machine(address):
    is_local = address == IPv6Address("::1") if address.version == 6 else address.packed[0] == 127
    assert is_loopback(str(address)) == is_local
    assert is_loopback(str(IPv4Address(0x7F000000 | (int(address) & 0xFFFFFF))))


# A real browser


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
def test_in_a_browser_the_page_may_send_and_another_page_may_not(site):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    ours = f"http://127.0.0.1:{site.port}"
    with running(None) as other, api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()

        def submit() -> int:
            with page.expect_navigation() as seen:
                page.evaluate("document.forms[0].submit()")
            return seen.value.status

        page.goto(ours)
        assert page.evaluate("fetch('/size', {method: 'POST', body: 'abc'}).then(got => got.text())") == "3"
        assert submit() == 200
        for name in ("127.0.0.1", "localhost"):  # the same site, and another one
            page.goto(f"http://{name}:{other.port}")
            page.evaluate(f"document.forms[0].action = '{ours}/size'")
            assert submit() == 403
        browser.close()


def told(hosts, scope):
    """What the guard says to a request whose body it must not read, before an app that must not be met."""
    sent = []

    async def never(*_):
        raise AssertionError

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(never, hosts)(scope, never, send))
    return sent


def status_of(method, headers):
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return told(LOCAL, {"type": "http", "method": method, "path": "/", "headers": raw})[0]["status"]

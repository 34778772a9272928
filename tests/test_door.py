"""What stands before the page, piece by piece: from the connections to what the operator sees."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing, contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route as Mounted
from starlette.testclient import TestClient

from rag.errors import SettingError
from ui.web.door import bodies, connections, server, unread
from ui.web.door.bodies import BodyTimeout, is_inside, problem_of, read_json
from ui.web.door.proxies import Forwarded, Proxies
from ui.web.door.routes import MOST_AT_ONCE, SMALL, STATE, Routes, page_routes
from ui.web.door.signin import FREE_GUESSES, LONGEST_WAIT, Brake, Sessions, SignIn
from ui.web.door.unread import Unread
from ui.web.door.uploads import LARGEST, Uploads

PASSWORD = "correct horse"
JSON = {"Content-Type": "application/json"}
BOMB = b'{"data":[' + b"[]," * 500_000 + b"[]]}"
started = []  # requests that came to the app behind the door


async def size(request: Request):
    started.append(request.url.path)
    return PlainTextResponse(str(len(await request.body())))


async def slow(request: Request):
    await asyncio.sleep(0.8)
    return PlainTextResponse("at last")


async def seen(request: Request):
    told = {"client": request.client.host, "scheme": request.url.scheme, "host": request.url.netloc}
    return JSONResponse(told | {"headers": dict(request.headers)})


APP = Starlette(routes=[Mounted("/slow", slow), Mounted("/{rest:path}", size, methods=["GET", "POST"])])


# Connections


@contextmanager
def served(app, **limits):
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in ((*key.split("."), value) for key, value in limits.items()):
            patch.setattr({"connections": connections, "bodies": bodies}[module], name, value)
        running = server.start(app, "127.0.0.1", 0, Proxies(), lambda: None)
        try:
            yield int(re.search(r":(\d+)/", running.address)[1])
        finally:
            running.close()


def dial(port):
    return closing(socket.create_connection(("127.0.0.1", port), timeout=20))


def is_closed(plain):
    """Whether the server ends the connection, whatever it says before."""
    try:
        while plain.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


HEAD = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n"


def test_a_connection_that_says_nothing_is_closed():
    with served(APP, **{"connections.PATIENCE": 0.2}) as port, dial(port) as plain:
        assert is_closed(plain)


def test_a_head_that_drips_is_closed_all_the_same():
    limits = {"connections.PATIENCE": 0.4}
    with served(APP, **limits) as port, dial(port) as plain, pytest.raises(ConnectionError):
        for _ in range(200):
            plain.sendall(b"X")
            time.sleep(0.05)


def test_a_head_without_an_end_is_closed():
    with served(APP) as port, dial(port) as plain, pytest.raises(ConnectionError):
        for _ in range(500):
            plain.sendall(b"X-More: " + b"a" * 4000 + b"\r\n")
            time.sleep(0.001)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
        + b"X-More: a\r\n" * 50_000,
        b"GET /" + b"a" * 500_000,
    ],
    ids=["trailers", "an address"],
)
def test_what_does_not_end_is_cut_off(sent):
    with served(APP) as port, dial(port) as plain:
        with suppress(ConnectionError):
            plain.sendall(sent)
        assert is_closed(plain)


def test_requests_that_are_sent_ahead_are_not_read_before_the_answer_to_the_first():
    started.clear()
    with served(APP) as port, dial(port) as plain:
        plain.sendall(HEAD + b"\r\n" + b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5000)
        time.sleep(0.4)
        assert started == []
        assert b"at last" in plain.recv(4096)


@pytest.mark.slow
def test_an_answer_may_take_longer_and_the_next_request_is_heard():
    with served(APP, **{"connections.PATIENCE": 0.3}) as port, dial(port) as plain:
        for _ in range(2):
            plain.sendall(HEAD + b"\r\n")
            assert b"at last" in plain.recv(4096)


@pytest.mark.slow
def test_the_connections_of_one_address_are_bounded():
    with served(APP, **{"connections.MOST_CONNECTIONS": 3}) as port:
        held = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(5)]
        time.sleep(0.2)
        held[0].sendall(HEAD + b"\r\n")
        assert b"at last" in held[0].recv(4096)
        assert all(is_closed(plain) for plain in held[3:])
        for plain in held:
            plain.close()
        time.sleep(0.2)
        with dial(port) as plain:
            plain.sendall(HEAD + b"\r\n")
            assert b"at last" in plain.recv(4096)


# Bodies in time


@pytest.mark.parametrize("pause", [10.0, 0.05])
def test_a_body_that_does_not_come_or_drips_is_given_up(pause):
    limits = {"bodies.NEXT_PIECE": 0.3, "bodies.GRACE": 0.3}
    with served(BodyTimeout(APP), **limits) as port, dial(port) as plain:
        plain.sendall(b"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        plain.settimeout(pause)
        told = b""
        for _ in range(40):
            try:
                told = plain.recv(4096)
                break
            except TimeoutError:
                plain.sendall(b"x")
        assert b" 408 " in told.splitlines()[0]


def test_a_stream_is_not_hurried():
    async def pieces():
        for _ in range(4):
            yield b"."
            await asyncio.sleep(0.2)

    async def stream(request):
        return StreamingResponse(pieces())

    app = Starlette(routes=[Mounted("/", stream)], middleware=[Middleware(BodyTimeout)])
    with served(app, **{"bodies.NEXT_PIECE": 0.1, "bodies.GRACE": 0.1}) as port, dial(port) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        told = b""
        while piece := plain.recv(4096):
            told += piece
        assert told.count(b"1\r\n.\r\n") == 4


# Proxies


def looked_at(proxies, headers, client="127.0.0.1", path="/"):
    app = Starlette(routes=[Mounted("/", seen)], middleware=[Middleware(Forwarded, proxies=proxies)])
    return TestClient(app, client=(client, 5000)).get(path, headers=headers).json()


TOLD = {
    "X-Forwarded-For": "9.9.9.9, 8.8.8.8",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "a.example",
}


def test_nobody_is_believed_unless_named():
    for proxies in (Proxies(), Proxies.from_texts(["10.0.0.0/8"])):
        found = looked_at(proxies, TOLD | {"Forwarded": "host=a", "X-Gradio-Server": "http://a"})
        assert (found["client"], found["scheme"], found["host"]) == ("127.0.0.1", "http", "testserver")
        assert not [name for name in found["headers"] if "forwarded" in name or "gradio" in name]


def test_a_named_proxy_tells_visitor_scheme_and_host():
    found = looked_at(Proxies.from_texts(["127.0.0.1", "8.8.8.0/24"]), TOLD)
    assert (found["client"], found["scheme"], found["host"]) == ("9.9.9.9", "https", "a.example")
    assert (
        looked_at(Proxies.from_texts(["127.0.0.1"]), TOLD)["client"] == "8.8.8.8"
    )  # the other is its word
    assert looked_at(Proxies.from_texts(["::1", "127.0.0.1"]), {})["client"] == "127.0.0.1"


@pytest.mark.parametrize("text", ["localhost", "", "10.0.0.0/99", "\x1b[31m"])
def test_what_is_no_address_is_no_proxy(text):
    with pytest.raises(SettingError, match="--proxy") as error:
        Proxies.from_texts([text])
    assert str(error.value).isprintable()


# Sign-in


class Hand:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_guesses_come_ever_more_slowly():
    clock = Hand()
    brake, compared, end = Brake(clock), 0, clock.now + 60
    while clock.now < end:  # as fast as can be
        clock.now += brake.wait("127.0.0.1") or 0.001
        if not brake.wait("127.0.0.1") and clock.now < end:
            brake.failed("127.0.0.1")
            compared += 1
    assert FREE_GUESSES <= compared <= 20
    for _ in range(20):
        clock.now += brake.wait("127.0.0.1")
        brake.failed("127.0.0.1")
    assert brake.wait("127.0.0.1") == LONGEST_WAIT
    assert brake.wait("127.0.0.77") == LONGEST_WAIT  # a neighbour
    for _ in range(1100):
        brake.failed("127.0.0.1")
    assert brake.wait("127.0.0.1") == LONGEST_WAIT  # however many have been wrong
    assert brake.wait("127.0.1.1") == 0
    brake.succeeded("127.0.0.1")
    assert brake.wait("127.0.0.1") == 0


def test_guesses_are_forgotten_and_bounded():
    clock = Hand()
    brake = Brake(clock)
    for _ in range(FREE_GUESSES + 4):
        brake.failed("2001:db8::1")
    assert brake.wait("2001:db8::2") > 1
    clock.now += 3601
    assert brake.failed("2001:db8::1") == 1
    for number in range(11_000):
        brake.failed(f"10.{number // 250}.{number % 250}.1")
    assert brake.failed("2001:db8::1") == 1
    assert brake.failed("10.43.249.1") == 2


def test_sessions_end_by_themselves():
    clock = Hand()
    sessions = Sessions(clock)
    token = sessions.begin()
    assert sessions.has(token)
    assert not sessions.has("")
    clock.now += 31 * 24 * 3600
    assert not sessions.has(token)


@pytest.fixture
def locked():
    started.clear()
    app = Starlette(routes=APP.routes, middleware=[Middleware(SignIn, password=PASSWORD, port=7860)])
    return TestClient(app, follow_redirects=False)


def enter(client, password=PASSWORD, **headers):
    return client.post("/login", data={"username": "a", "password": password}, headers=headers)


def test_nothing_is_begun_before_the_password(locked):
    for method, path in (("GET", "/config"), ("POST", "/x"), ("POST", "/"), ("PUT", "/a")):
        assert locked.request(method, path).status_code == 401
    assert locked.get("/").status_code == 200
    assert "<form" in locked.get("/").text
    assert started == []
    assert enter(locked).json() == {"success": True}
    assert locked.get("/config").status_code == 200
    assert started == ["/config"]


def test_a_link_from_elsewhere_leads_in_who_has_signed_in(locked):
    """The cookie is not sent along with it, and is with what our page then sends for."""
    assert "url=/" in locked.get("/", headers={"Sec-Fetch-Site": "cross-site"}).text
    assert "<form" in locked.get("/", headers={"Sec-Fetch-Site": "same-origin"}).text


def test_people_get_a_page_and_programs_json(locked):
    asked = {"Accept": "text/html,*/*"}
    wrong = enter(locked, "wrong", **asked)
    assert wrong.status_code == 400
    assert "That is not the password." in wrong.text
    right = enter(locked, **asked)
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert enter(locked, "wrong").json()["detail"]


def test_cookies_are_for_the_page_alone(locked):
    for headers, is_secure in (({}, False), ({"Origin": "https://papers.example"}, True)):
        cookie = enter(locked, **headers).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert ("secure" in cookie) is is_secure
        assert "max-age" not in cookie  # a browser that closes forgets it


def test_signing_out_ends_one_session(locked):
    mine, other = (enter(locked).cookies["askpapers-7860"] for _ in range(2))

    def status(token):
        locked.cookies.clear()
        return locked.get("/config", headers={"Cookie": f"askpapers-7860={token}"}).status_code

    assert [status(mine), status(other)] == [200, 200]
    left = locked.get("/logout", headers={"Cookie": f"askpapers-7860={mine}"})
    assert left.headers["location"] == "/login"
    assert [status(mine), status(other)] == [401, 200]


def test_many_guesses_are_told_to_wait(locked, caplog):
    with caplog.at_level(logging.WARNING, "askpapers"):
        answers = [enter(locked, f"guess {number}") for number in range(40)]
    codes = [answer.status_code for answer in answers]
    assert codes.count(400) == FREE_GUESSES
    assert codes[FREE_GUESSES:] == [429] * (40 - FREE_GUESSES)
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert enter(locked).status_code == 429  # the right one too, or guesses would go on
    assert len(caplog.messages) == FREE_GUESSES
    assert "guess" not in caplog.messages[0]


@pytest.mark.parametrize(
    "body", [b"", b"password", b"a" * 5000, b"password=\xff", b"&" * 100, b"password=a&" * 20]
)
def test_what_is_no_form_of_sign_in_is_refused(locked, body):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert locked.post("/login", content=body, headers=kind).status_code in (400, 413)


# Routes and bodies


@pytest.fixture
def door(tmp_path):
    return make_door(tmp_path)


def make_door(folder, is_read_only=False, **changes):
    """The app behind routes; what is forgotten of what waits is listed in `forgotten`."""
    started.clear()
    forgotten = []

    async def forget(session):
        forgotten.append(session)

    uploads = Uploads(folder)
    routes = [
        Mounted("/gradio_api/upload", uploads.take, methods=["POST"]),
        Mounted("/gradio_api/file={path:path}", uploads.give, methods=["GET"]),
        *APP.routes,
    ]
    limits = {"routes": page_routes(["ask", "search"], is_read_only), "uploads": folder}
    limits["unread"] = Unread(forget)
    middleware = [Middleware(SignIn, password=None, port=1), Middleware(Routes, **limits)]
    client = TestClient(Starlette(routes=routes, middleware=middleware), **changes)
    client.forgotten = forgotten
    return client


OPEN = (
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/assets/index-a.js"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/queue/data?session_hash=a"),
    ("GET", "/gradio_api/heartbeat/abc1"),
    ("GET", "/?x=%EF%BC%91"),
    ("GET", "/papers/10.1000%2F182/pages/12?width=600"),
    ("GET", "/papers/math/0309136/pdf"),
    ("GET", "/papers/a/view"),
    ("GET", "/gradio_api/call/ask/0123ab"),
    ("GET", "/gradio_api/call/v2/ask/0123ab"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/call/ask"),
    ("POST", "/gradio_api/cancel"),
)
CLOSED = (
    ("POST", "/"),
    ("GET", "/gradio_api/proxy=http://a.example/"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/custom_component/a/client/b/c"),
    ("GET", "/gradio_api/deep_link"),
    ("GET", "/monitoring"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/stream/a"),
    ("POST", "/gradio_api/run/ask"),
    ("POST", "/gradio_api/call/remove"),
    ("POST", "/gradio_api/call//ask"),
    ("POST", "/gradio_api/call/ask/more/more"),
    ("GET", "/gradio_api/heartbeat/a/b"),
    ("PUT", "/config"),
    ("GET", "/papers/a"),
    ("GET", "/papers//pdf"),
    ("GET", "/papers/a/pages/x"),
    ("GET", "/papers/a/pages/123456"),
    ("POST", "/papers/a/pdf"),
    ("GET", "/config/../x"),
    ("GET", "/assets/..%5C..%5Cx"),
)


def test_the_routes_of_the_page_are_there_and_no_others(door):
    for method, path in OPEN:
        assert door.request(method, path, content=b"{}").status_code == 200, path
    for method, path in CLOSED:
        assert door.request(method, path, content=b"{}").status_code == 404, path


@pytest.mark.parametrize(("path", "limit"), [("cancel", SMALL), ("queue/join", STATE)])
def test_a_body_beyond_the_limit_of_its_route_is_refused_however_it_comes(door, path, limit):
    address = f"/gradio_api/{path}"
    inside = json.dumps("a" * (limit - 2)).encode()
    assert door.post(address, content=inside).text == str(limit)
    for body in (inside + b" ", iter([inside, b" "])):
        answer = door.post(address, content=body)
        assert answer.status_code == 413
        assert f"{limit:,} bytes" in answer.text
    for said in (str(limit + 1), "9" * 5000):
        assert door.post(address, content=b"{}", headers={"Content-Length": said}).status_code == 413
    assert len(started) == 1


@pytest.mark.parametrize("body", [b"", b"{", BOMB, b"[" * 60_000, b'"' * 60_000, b"9" * 60_000, b"\xff"])
def test_what_is_no_body_of_the_page_is_answered_in_a_line_that_does_not_repeat_it(door, body):
    answer = door.post("/gradio_api/queue/join", content=body)
    assert answer.status_code == 400
    assert len(answer.content) < 200
    assert started == []


def test_conversations_of_an_older_version_are_not_too_many_values():
    exchange = {
        "question": "How?",
        "answer": {"text": "So.", "claims": [{"text": "So.", "citations": [1]}]},
    }
    assert read_json(json.dumps([exchange] * 12_000).encode())


@given(
    st.recursive(
        st.none() | st.text() | st.floats(allow_nan=False),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_json_is_read_as_it_is(value):
    assert read_json(json.dumps(value).encode()) == json.loads(json.dumps(value))


def named(path, url=None):
    return {"data": [[{"path": path, "url": url, "meta": {"_type": "gradio.FileData"}}]]}


def test_files_are_named_by_their_upload_alone(tmp_path):
    own = f"{tmp_path}/0a1b/mine.jsonl"
    address = "/gradio_api/file="
    for path, url in ((own, None), (own, f"{address}{own}"), (own, f"http://h:1{address}{own}")):
        assert problem_of(named(path, url), "h:1", tmp_path) is None
    for path in (
        "http://a.example/x",
        "HTTPS://a.example",
        "//a.example/x",
        "\\\\a.example\\x",
        "ftp://a/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "mine.jsonl",
        "",
        str(tmp_path),
        f"{tmp_path}/../x",
        f"{tmp_path}/a/../../x",
        f"{tmp_path}x/y",
    ):
        assert problem_of(named(path), "h:1", tmp_path)
        assert problem_of({"deep": [{"er": named(path)}]}, "h:1", tmp_path)
    for url in (
        "http://a.example/x",
        f"http://a.example{address}{own}",
        "//a.example",
        f"{address}/etc/passwd",
        7,
        ["x"],
    ):
        assert problem_of(named(own, url), "h:1", tmp_path)


@given(st.text("./\\:ab\0 "))
def test_no_spelling_leads_out_of_the_folder(text):
    from pathlib import Path, PurePosixPath

    folder = Path("/up/loads")
    if is_inside(f"{folder}/{text}", folder):
        assert ".." not in PurePosixPath(text).parts
        assert "//" not in text


def test_one_visitor_has_so_many_requests_at_once_and_no_more(tmp_path):
    async def ask():
        waiting = asyncio.Event()

        async def app(scope, receive, send):
            await waiting.wait()
            await PlainTextResponse("ok")(scope, receive, send)

        async def request(visitor, codes):
            async def send(message):
                codes.append(message.get("status"))

            scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
            await door(scope | {"visitor": visitor}, None, send)

        door = Routes(app, page_routes([], True), tmp_path, Unread(None))
        mine, others = [], []
        tasks = [asyncio.create_task(request("a", mine)) for _ in range(MOST_AT_ONCE + 5)]
        tasks.append(asyncio.create_task(request("b", others)))
        await asyncio.sleep(0.05)
        assert [code for code in mine if code] == [429] * 5
        waiting.set()
        await asyncio.gather(*tasks)
        assert others[0] == 200
        await request("a", again := [])
        assert again[0] == 200

    asyncio.run(ask())


def test_answers_that_nobody_fetches_are_bounded(tmp_path, monkeypatch):
    door, body = make_door(tmp_path), json.dumps("a" * (STATE - 200))

    def join(session):
        content = f'{{"session_hash":"{session}","data":[{body}]}}'
        return door.post("/gradio_api/queue/join", content=content).status_code

    most = unread.MOST_OF_ONE // STATE
    assert [join(f"s{number}") for number in range(most + 2)] == [200] * most + [429] * 2
    door.get("/gradio_api/queue/data?session_hash=s0")
    assert [join("new"), join("newer")] == [200, 429]
    monkeypatch.setattr(unread, "_PATIENCE", -1.0)
    assert join("later") == 200
    assert set(door.forgotten) == {*(f"s{number}" for number in range(1, most)), "new"}


def test_one_visitor_does_not_take_all_places_of_the_queue(door):
    codes = [door.post("/gradio_api/queue/join", content=b'{"data":[]}').status_code for _ in range(210)]
    assert codes == [200] * unread.MOST_EVENTS + [429] * 10
    for _ in range(3):
        door.get("/gradio_api/call/ask/0123ab")
    codes = [door.post("/gradio_api/call/ask", content=b'{"data":[]}').status_code for _ in range(5)]
    assert codes == [200] * 3 + [429] * 2


# Uploads


def send(door, *files):
    return door.post("/gradio_api/upload", files=[("files", each) for each in files])


def test_what_was_uploaded_is_given_back_as_bytes_and_nothing_else_is(door, tmp_path):
    for name in ("a.html", "a.svg", "a.js", "a b.png"):
        (path,) = send(door, (name, b"<script>alert(1)</script>")).json()
        answer = door.get(f"/gradio_api/file={path}")
        assert answer.content == b"<script>alert(1)</script>"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
    (tmp_path.parent / "private").write_text("secret")
    for other in ("/etc/passwd", f"{tmp_path}/../private", f"{tmp_path}", "http://a/x", "", f"{path}x"):
        assert door.get(f"/gradio_api/file={other}").status_code == 404


def test_files_are_bounded_one_by_one_and_all_that_wait(tmp_path, monkeypatch):
    door = make_door(tmp_path)
    assert send(door, ("large", bytes(LARGEST + 1))).status_code == 413
    assert list(tmp_path.iterdir()) == []
    for name, most in (("MOST_OF_ONE", 25_000), ("MOST_OF_ALL", 25_000)):
        monkeypatch.setattr(f"ui.web.door.uploads.{name}", most)
        (path,) = send(door, (name, name.encode() * 1000)).json()
        assert send(door, ("more", bytes(15_000))).status_code == 413
        (tmp_path / path).unlink()  # as adding it does
        assert send(door, ("more", bytes(10_000))).status_code == 200
        monkeypatch.setattr("ui.web.door.uploads._OLDEST", -1.0)  # whatever waits has waited too long
        assert send(door, ("again", bytes(15_000))).status_code == 200
        monkeypatch.undo()
        door = make_door(tmp_path)


def test_an_upload_of_unknown_length_or_no_form_is_refused(door, tmp_path):
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    address = "/gradio_api/upload"
    assert door.post(address, content=iter([b"--x"]), headers=kind).status_code == 411
    assert door.post(address, content=b"--x\r\nnothing", headers=kind).status_code in (200, 400)
    assert door.post(address, content=b"{}", headers=JSON).status_code == 400
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path):
    with served(make_door(tmp_path).app) as port:
        for sent in (
            b"",
            b"--x\r\n",
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nabc',
        ):
            with dial(port) as plain:
                plain.sendall(
                    b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n"
                    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + sent
                )
                time.sleep(0.1)
        time.sleep(0.3)
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_upload_where_the_page_is_read_only(tmp_path):
    door = make_door(tmp_path, is_read_only=True)
    assert send(door, ("a", b"a")).status_code == 404
    assert door.get("/gradio_api/file=x").status_code == 404
    assert list(tmp_path.iterdir()) == []


# Nothing is fetched


def test_gradio_fetches_nothing(monkeypatch):
    pytest.importorskip("gradio")
    from gradio import processing_utils
    from gradio.exceptions import InvalidPathError

    from ui.web.door import offline

    offline.close()
    for fetch in (processing_utils.ssrf_protected_download, processing_utils.async_ssrf_protected_download):
        with pytest.raises(InvalidPathError):
            fetch("http://127.0.0.1:9/", "x")
    monkeypatch.setattr(offline, "_FETCHING", ((processing_utils, ("a_name_that_is_gone",)),))
    with pytest.raises(AttributeError):
        offline.close()


# What the operator sees

SAYS = """
import logging, os, sys
from ui.web.door.output import filtered
with filtered() as stdout:
    print("the result", file=stdout, flush=True)
    print("evil\\naskpapers: all is well \\x1b[31mred\\x1b[0m \\u202e\\u2028\\x9b2J\\r!")
    os.write(2, b"past Python \\xff\\x1b]0;title\\x07\\naskpapers: forged\\n")
    logging.getLogger("askpapers").warning("ours %s", "of \\nother\\x1b[2J words")
    logging.getLogger("uvicorn.error").warning("others\\naskpapers: forged too")
    try:
        raise ValueError("no\\naskpapers: not ours")
    except ValueError:
        logging.getLogger("askpapers").exception("a fault")
    os.write(2, b"a" * 500_000 + b"b\\n")
    for number in range(2000):
        print("line", number)
print("askpapers: behind", file=sys.stderr)
"""


def test_what_visitors_send_drives_no_terminal_and_passes_for_nothing_of_ours():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SAYS)], capture_output=True, check=True, timeout=60
    )
    told = done.stderr.decode()
    assert done.stdout.decode() == "the result\n"
    assert all(letter == "\n" or letter.isprintable() for letter in told)
    ours = [line for line in told.splitlines() if line.startswith("askpapers: ")]
    assert sorted(ours) == ["askpapers: a fault", "askpapers: behind", "askpapers: ours of other[2J words"]
    assert all(line.startswith("  | ") for line in told.splitlines() if line not in ours)
    for words in ("all is well", "past Python", "forged too", "not ours", "ValueError"):
        assert words in told
    assert max(map(len, told.splitlines())) < 2_100
    assert 400 < len(told.splitlines()) < 600
    assert len(told) < 20_000


# Listening


def test_a_port_that_is_taken_is_told_in_a_line():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingError, match="--port") as error:
            server.start(APP, "127.0.0.1", taken.getsockname()[1], Proxies(), lambda: None)
    assert "\n" not in str(error.value)

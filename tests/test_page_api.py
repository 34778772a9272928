"""The served page without a browser: its endpoints for programs, and all that must not be had from it."""

import asyncio
import http.client
import http.server
import inspect
import json
import os
import re
import secrets
import socket
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from answers import ask_at

from ingest.chunking import split_abstract
from rag.library import Library
from rag.settings import Settings
from rag.types import Answer, Paper
from ui.desk import Desk
from ui.web.door.guard import SECURITY_HEADERS
from ui.web.door.uploads import LARGEST
from ui.web.visitors import Visitors

gradio_client = pytest.importorskip("gradio_client")
apply_diff = pytest.importorskip("gradio_client.utils").apply_diff
# What Gradio makes pandas warn of when it counts its events.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*(no_silent_downcasting|copy keyword is deprecated)"),
]

ANIMALS = (
    "owls",
    "eels",
    "bees",
    "foxes",
    "newts",
    "wolves",
    "storks",
    "moles",
    "trout",
    "hares",
    "seals",
    "crows",
)
PAPERS = [
    Paper(
        f"Net{place}: A Study of {animal}",
        f"We count {100 + place} {animal} in the valley. The {animal} live in place {place}.",
        published=f"{2010 + place}",
    )
    for place, animal in enumerate(ANIMALS)
]
QUESTION = "How many owls live in the valley?"
ENDPOINTS = {"/ask", "/search", "/get_paper"}
VIEW = ["", "", "", "", "", "", [], None]  # what selects the papers of the table
UPLOADS = Path(os.environ["HOME"]) / "uploads"  # one for all pages here, as Gradio knows one in a process
PASSWORD, KEY = "correct horse", "sk-very-secret"


@dataclass(frozen=True)
class Site:
    """A page that is being served."""

    address: str
    port: int
    desk: Desk
    blocks: object

    @property
    def client(self):
        return gradio_client.Client(self.address, verbose=False)

    def request(self, method, path, body=None, headers=(), host=None):
        """Status, headers and text of the answer."""
        sent = {"Host": host or f"127.0.0.1:{self.port}", **dict(headers)}
        if isinstance(body, dict):
            body, sent = json.dumps(body), {"Content-Type": "application/json", **sent}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode(errors="replace")

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def config(self):
        return json.loads(self.get("/config")[2])

    def component(self, **wanted):
        """The number of the component that has these properties."""
        (found,) = (
            each["id"]
            for each in self.config()["components"]
            if all(each["props"].get(name) == value for name, value in wanted.items())
        )
        return found

    def event(self, name, **wanted):
        """The number of the event of this name of the component that has these properties."""
        target = [self.component(**wanted), name]
        (found,) = (each["id"] for each in self.config()["dependencies"] if target in each["targets"])
        return found

    def inputs(self, fn_index):
        (found,) = (each["inputs"] for each in self.config()["dependencies"] if each["id"] == fn_index)
        return found

    def send(self, fn_index, data, headers=()):
        """Make an event as the page does; the messages that come of it."""
        visit = secrets.token_hex(6)
        body = {"data": data, "fn_index": fn_index, "session_hash": visit, "event_data": None}
        status, _, text = self.request("POST", "/gradio_api/queue/join", body, headers)
        if status != 200:
            return [{"msg": "refused", "status": status, "text": text}]
        _, _, stream = self.get(f"/gradio_api/queue/data?session_hash={visit}", headers=headers)
        return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]

    def upload(self, name, content, headers=()):
        """Put a file where uploads go; status and text."""
        line = secrets.token_hex(8)
        body = (
            (
                f'--{line}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode()
            + content
            + f"\r\n--{line}--\r\n".encode()
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={line}", **dict(headers)}
        status, _, text = self.request("POST", "/gradio_api/upload", body, kind)
        return status, text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder, home, settings=Settings(), **options):
    """A page of the library in this folder, with nothing of the user's."""
    from ui.web.app import Page, build_page, serve_page

    home.mkdir(exist_ok=True)
    UPLOADS.mkdir(exist_ok=True)
    page = Page(
        uploads=UPLOADS,
        port=free_port(),
        runs=home / "runs",
        feedback=home / "feedback.jsonl",
        secret=home / "secret",
        **options,
    )

    async def start(desk):
        """In a loop: where there is none, Gradio makes some that it never closes."""
        blocks = build_page(desk, page)
        return blocks, serve_page(blocks, desk, page)

    with Desk(settings, folder) as desk:
        blocks, served = asyncio.run(start(desk))
        try:
            yield Site(served.address, page.port, desk, blocks)
        finally:
            served.close()


def library_in(place, encoder):
    with Library.create(place, encoder) as library:
        library.catalog.recorder(split_abstract).put(PAPERS, "here")
        library.sync()
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    """A library that tests only read."""
    return library_in(tmp_path_factory.mktemp("page") / "library", encoder)


@pytest.fixture(scope="module")
def site(folder, tmp_path_factory):
    with serving(folder, tmp_path_factory.mktemp("home") / "data") as site:
        yield site


@pytest.fixture(scope="module")
def client(site):
    return site.client


@pytest.fixture(scope="module")
def locked(folder, tmp_path_factory):
    """A page with a password and a key."""
    settings = Settings(api_key=KEY, base_url="http://127.0.0.1:9/v1")
    with serving(folder, tmp_path_factory.mktemp("locked") / "data", settings, password=PASSWORD) as site:
        yield site


def completed(messages):
    """What an event that gives all at once gave; it has not failed."""
    (last,) = (each for each in messages if each["msg"] == "process_completed")
    assert last["success"], last
    return last["output"]["data"]


def has_failed(messages):
    """Whether an event came to no good end."""
    return not any(each.get("success") for each in messages if each["msg"] == "process_completed")


def steps(messages):
    """What each component was told, step by step: the first one is whole, the next say what is new."""
    told = []
    for each in messages:
        if each["msg"] == "process_generating":
            data = each["output"]["data"]
            told.append(list(map(apply_diff, told[-1], data)) if told else data)
    assert completed(messages)
    return told


def untimed(answer):
    return {name: value for name, value in answer.items() if name != "seconds"}


# Endpoints for programs


def test_an_answer_has_exactly_the_fields_of_the_contract(site, client):
    told = client.predict(QUESTION, api_name="/ask")
    assert list(told) == [field.name for field in fields(Answer)]
    assert untimed(told) == json.loads(json.dumps(untimed(ask_at(site.desk, QUESTION).to_dict())))
    assert "100 owls" in told["text"]
    for citation in told["citations"]:
        (paper,) = (paper for paper in PAPERS if paper.title == citation["title"])
        assert paper.abstract[citation["start"] : citation["end"]] == citation["quote"]


def test_the_options_of_a_question_are_followed(client):
    told = client.predict("Which papers count animals?", 2012, 2014, 30, api_name="/ask")
    assert told["filters"] == {"from_year": 2012, "to_year": 2014}
    assert {paper["title"] for paper in told["papers"]} <= {paper.title for paper in PAPERS[2:5]}
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "100 owls."}]
    told = client.predict("And how many eels?", history=history, api_name="/ask")
    assert "101 eels" in told["text"]
    assert told["resolved_question"]


def test_a_refusal_is_no_error(client):
    told = client.predict("How long should I boil an egg for breakfast?", api_name="/ask")
    assert told["status"] == "refused"
    assert told["reason"]


def test_a_ranking_has_the_fields_of_the_contract(client):
    told = client.predict("owls", 3, 2010, 2015, api_name="/search")
    assert list(told) == ["query", "filters", "close", "hits"]
    assert len(told["hits"]) == 3
    assert told["hits"][0]["title"] == PAPERS[0].title
    assert {tuple(hit) for hit in told["hits"]} == {
        ("paper_id", "title", "score", "passage", "part", "page", "section", "authors", "retracted")
    }
    assert len(client.predict("owls", api_name="/search")["hits"]) == 10


def test_a_paper_has_all_that_is_known(client):
    hit = client.predict("owls", 1, api_name="/search")["hits"][0]
    told = client.predict(hit["paper_id"], api_name="/get_paper")
    assert (told["title"], told["abstract"]) == (PAPERS[0].title, PAPERS[0].abstract)
    assert told["link"] is None
    assert told == client.predict(PAPERS[0].title, api_name="/get_paper")


@pytest.mark.parametrize(
    ("endpoint", "arguments", "said"),
    [
        ("/ask", ["  "], "question"),
        ("/ask", [QUESTION, 2022, 2020], "2022"),
        ("/ask", [QUESTION, None, None, 0], "words"),
        ("/search", ["owls", 1000], "1 to 100"),
        ("/get_paper", ["<b>no such paper</b>\n" * 3], "no such paper"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_plain_line(client, endpoint, arguments, said):
    with pytest.raises(gradio_client.exceptions.AppError) as raised:
        client.predict(*arguments, api_name=endpoint)
    line = str(raised.value)
    assert re.fullmatch(r".{1,250}: .+", line)
    assert said in line
    assert "Traceback" not in line


def test_only_the_three_endpoints_are_told_of(site, client):
    told = client.view_api(print_info=False, return_format="dict")
    assert set(told["named_endpoints"]) == ENDPOINTS
    assert not told["unnamed_endpoints"]
    info = json.loads(site.get("/gradio_api/info")[2])
    assert set(info["named_endpoints"]) == ENDPOINTS
    assert not info["unnamed_endpoints"]
    assert site.get("/gradio_api/openapi.json")[0] == 404


def test_the_list_of_conversations_is_called_so(site):
    assert site.component(elem_id="past", label="Conversations in this browser", headers=["Conversations"])


def test_a_search_that_cannot_be_made_says_only_why(site):
    values = ["owls", 10, "nineteen", "", "", "", ""]
    (html,) = completed(site.send(site.event("submit", elem_id="query"), values))
    assert "no whole number" in html
    assert "added" not in html


def names_of_events(site):
    """All that anybody could take for the name of an event that is not one of the three."""
    from ui.web.chat import ChatTab
    from ui.web.papers import PapersTab
    from ui.web.searching import SearchTab

    config = site.config()
    numbers = [
        str(each["id"]) for each in config["dependencies"] if f"/{each['api_name']}" not in ENDPOINTS
    ]
    named = {each["api_name"] for each in config["dependencies"] if isinstance(each["api_name"], str)}
    methods = [
        name
        for tab in (ChatTab, PapersTab, SearchTab)
        for name, _ in inspect.getmembers(tab, inspect.isfunction)
    ]
    guessed = {name.lstrip("_") for name in methods} | {
        *methods,
        "lambda",
        "lambda_1",
        "predict",
        "search_1",
    }
    return sorted({*numbers, *named, *guessed} - {name[1:] for name in ENDPOINTS})


def test_no_other_event_is_had_by_name_or_number(site):
    names = names_of_events(site)
    assert len(names) > 20
    answered = [
        f"{way}/{name}"
        for name in names
        for way in ("run", "api", "call", "call/v2", "call/")
        if site.request("POST", f"/gradio_api/{way}/{name}", {"data": [QUESTION] + [None] * 9})[0] == 200
    ]
    assert answered == []
    for path in ("/run/predict", "/api/predict", "/call/_ask", "/gradio_api/mcp/", "/gradio_api/mcp/sse"):
        assert site.request("POST", path, {"data": [QUESTION]})[0] in (404, 405)


def test_no_question_goes_past_the_queue(site):
    """Its limits hold for programs too."""
    for way in ("run", "api"):
        for name in ("ask", "_ask"):
            status, _, text = site.request(
                "POST", f"/gradio_api/{way}/{name}", {"data": [QUESTION] + [None] * 9}
            )
            assert status in (403, 404, 405)
            assert "owls" not in text


def test_programs_in_any_language_get_an_answer_in_two_steps(site):
    body = {"data": [QUESTION, None, None, None, None]}  # without the filters that came later
    status, _, text = site.request("POST", "/gradio_api/call/ask", body)
    assert status == 200
    _, _, stream = site.get(f"/gradio_api/call/ask/{json.loads(text)['event_id']}")
    event, data = stream.split("\n")[:2]
    assert event == "event: complete"
    assert "100 owls" in json.loads(data.removeprefix("data: "))[0]["text"]


def test_an_event_cannot_be_named_by_number_to_the_endpoints_of_programs(site):
    remove = site.event("click", value="Yes, remove it")
    for body in ({"data": [PAPERS[0].paper_id, ""], "fn_index": remove}, {"data": [], "fn_index": remove}):
        for way in ("run/predict", "api/predict", "run/ask", "api/ask", "call/ask", "call/v2/ask"):
            site.request("POST", f"/gradio_api/{way}", body)
    assert site.desk.library.catalog.count() == len(PAPERS)


# Files of the server


FILE = {"_type": "gradio.FileData"}


@pytest.fixture
def private(tmp_path):
    """A file on the server that nobody uploaded; it reads as papers."""
    path = tmp_path / "private.jsonl"
    path.write_text(
        json.dumps({"title": "A Private Study", "abstract": "The word is swordfish. " * 9}) + "\n"
    )
    return path


def add_event(site):
    return site.event("click", value="Add to the library")


@pytest.mark.parametrize(
    "spelled", ["{}", "file://{}", "/gradio_api/file={}", "{}/../private.jsonl", "../../..{}"]
)
def test_a_forged_upload_reads_and_deletes_nothing_of_the_server(site, private, spelled):
    count = site.desk.library.catalog.count()
    for path in (spelled.format(private), spelled.format(site.desk.library.folder / "catalog.sqlite")):
        for forged in (
            {"path": path, "meta": FILE},
            {"path": path, "meta": FILE, "orig_name": "mine.jsonl"},
            {"path": path, "url": path, "meta": FILE},
        ):
            messages = site.send(add_event(site), [[forged], "", *VIEW])
            assert "swordfish" not in str(messages)
            assert "A Private Study" not in str(messages)
            assert has_failed(messages)
    assert private.is_file()
    assert (site.desk.library.folder / "catalog.sqlite").is_file()
    assert site.desk.library.catalog.count() == count


def test_the_names_of_hosts_are_not_read(site):
    for forged in ({"path": "/etc/hostname", "meta": FILE}, {"path": "/etc/passwd", "meta": FILE}):
        messages = site.send(add_event(site), [[forged], "", *VIEW])
        assert has_failed(messages)
        assert "root:" not in str(messages)


def test_no_address_is_fetched_for_a_visitor(site):
    asked = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"title": "A Fetched Study", "abstract": "From elsewhere."}\n')

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{elsewhere.server_port}/papers.jsonl"
        for forged in (
            {"path": "papers.jsonl", "url": url, "meta": FILE},
            {"path": url, "meta": FILE},
            {"path": url, "url": url, "meta": FILE, "orig_name": "papers.jsonl"},
        ):
            messages = site.send(add_event(site), [[forged], "", *VIEW])
            assert has_failed(messages)
        site.get(f"/gradio_api/proxy={url}")
        site.get(f"/gradio_api/file={url}")
        elsewhere.shutdown()
    assert asked == []
    assert site.desk.library.catalog.count() == len(PAPERS)


def test_no_file_of_the_server_is_had(site, private):
    library = site.desk.library.folder
    own = Path(__file__).parents[1]
    for path in (
        "/etc/hostname",
        private,
        library / "catalog.sqlite",
        library / "tokens",
        own / "pyproject.toml",
        own / "ui/web/page.css",
        "pyproject.toml",
        "../../../../etc/hostname",
    ):
        for way in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/"):
            for spelled in (str(path), urllib.parse.quote(str(path), safe="")):
                status, _, text = site.get(way + spelled)
                assert status in (403, 404, 405, 421), (way, path, status)
                assert "swordfish" not in text
                assert "SQLite" not in text
                assert "[project]" not in text


# Uploads


def test_what_is_uploaded_is_added_and_its_file_goes(folder, tmp_path, encoder):
    with serving(library_in(tmp_path / "library", encoder), tmp_path / "data") as site:
        abstract = (
            "We count 77 lynxes in the snow. They are shy and walk at night, alone, far from any road."
        )
        line = json.dumps({"title": "A Study of Lynxes", "abstract": abstract, "published": "2024"})
        status, text = site.upload("mine.jsonl", (line + "\n{broken\n").encode())
        assert status == 200
        (path,) = json.loads(text)
        assert Path(path).is_relative_to(UPLOADS)
        stored = {"path": path, "meta": FILE, "orig_name": "mine.jsonl"}
        told = completed(site.send(add_event(site), [[stored], "", *VIEW]))
        assert "1 added" in str(told)
        assert "mine.jsonl" in str(told)
        assert str(UPLOADS) not in str(told[1])
        assert not Path(path).exists()
        assert site.desk.library.catalog.count() == len(PAPERS) + 1
        assert "77 lynxes" in site.client.predict("How many lynxes are there?", api_name="/ask")["text"]


@pytest.mark.parametrize(
    "content", [b"\x00\xff" * 500, b"%PDF-1.7 a", b" \n", b"<html>A page</html>", b"owls"]
)
def test_a_file_that_cannot_be_read_is_told_without_the_folders_of_the_server(site, content):
    status, text = site.upload("mine.txt", content)
    assert status == 200
    (path,) = json.loads(text)
    told = completed(site.send(add_event(site), [[{"path": path, "meta": FILE}], "", *VIEW]))
    assert "mine.txt" in told[1]
    assert str(UPLOADS) not in str(told[1])
    assert not Path(path).exists()
    assert site.desk.library.catalog.count() == len(PAPERS)


def test_that_no_file_was_chosen_is_told(site):
    told = completed(site.send(add_event(site), [None, "", *VIEW]))
    assert "No file was chosen" in told[1]


def test_a_day_that_is_none_is_told(site):
    _, text = site.upload("mine.jsonl", b"{}\n")
    stored = {"path": json.loads(text)[0], "meta": FILE}
    told = completed(site.send(add_event(site), [[stored], "<b>tomorrow", *VIEW]))
    assert "&lt;b&gt;tomorrow is no day" in told[1]


def test_files_of_other_kinds_are_refused(site):
    for name in ("page.svg", "run.sh", "library.sqlite", "papers.jsonl.exe"):
        status, text = site.upload(name, b"#!/bin/sh\n")
        if status == 200:  # the upload itself knows no kinds; what takes it does
            messages = site.send(
                add_event(site), [[{"path": json.loads(text)[0], "meta": FILE}], "", *VIEW]
            )
            assert has_failed(messages)
    assert site.desk.library.catalog.count() == len(PAPERS)


def test_files_that_are_too_large_are_refused(site):
    before = sum(path.stat().st_size for path in UPLOADS.rglob("*") if path.is_file())
    status, text = site.upload("large.jsonl", b"x" * (LARGEST + 1000))
    assert status == 413 or (status >= 400 and "large" in text.lower())
    assert site.upload("huge.jsonl", b"x" * (65 * 2**20))[0] == 413
    after = sum(path.stat().st_size for path in UPLOADS.rglob("*") if path.is_file())
    assert after == before


def test_visitors_of_a_page_that_is_read_only_change_nothing(folder, tmp_path):
    with serving(folder, tmp_path / "data", is_read_only=True) as site:
        for number in range(len(site.config()["dependencies"]) + 5):
            site.request(
                "POST",
                "/gradio_api/queue/join",
                {"data": [PAPERS[0].paper_id, ""], "fn_index": number, "session_hash": "a"},
            )
        buttons = {
            each["props"].get("value"): each["id"]
            for each in site.config()["components"]
            if each["type"] == "button"
        }
        targets = {target for each in site.config()["dependencies"] for target, _ in each["targets"]}
        assert (
            not {buttons.get(name) for name in ("Add to the library", "Yes, remove it", "Save")} & targets
        )
        assert site.desk.library.catalog.count() == len(PAPERS)
        assert "100 owls" in site.client.predict(QUESTION, api_name="/ask")["text"]


# Who is let in


def test_with_a_password_everything_but_the_way_in_needs_it(locked):
    status, _, text = locked.get("/")
    assert status == 200
    assert "owls" not in text
    assert 'type="password"' in text
    assert "gradio" not in text.lower()
    for path in (
        "/config",
        "/gradio_api/info",
        "/gradio_api/file=/etc/hostname",
        "/gradio_api/queue/data?session_hash=a",
    ):
        assert locked.get(path)[0] in (401, 403), path
    body = {"data": [QUESTION], "fn_index": 0, "session_hash": "a"}
    for path in ("queue/join", "call/ask", "run/ask", "api/ask", "upload", "call/v2/ask"):
        assert locked.request("POST", f"/gradio_api/{path}", body)[0] in (401, 403), path


def test_a_wrong_password_fails(locked):
    for password in ("wrong", "", PASSWORD + " ", PASSWORD.upper(), "é" * 500):
        form = urllib.parse.urlencode({"username": "a", "password": password})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, headers, _ = locked.request("POST", "/login", form, kind)
        assert status in (400, 401, 422)
        assert "set-cookie" not in headers
    with pytest.raises(ValueError, match="Could not login"):
        gradio_client.Client(locked.address, auth=("a", "wrong"), verbose=False)


def test_the_right_password_lets_in_whatever_the_name(locked):
    for name in ("a", "somebody@example.com"):
        client = gradio_client.Client(locked.address, auth=(name, PASSWORD), verbose=False)
        assert client.predict("owls", 1, api_name="/search")["hits"][0]["title"] == PAPERS[0].title


def signed_in(site):
    """The header of one who has said the password."""
    form = urllib.parse.urlencode({"username": "a", "password": PASSWORD})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, headers, _ = site.request("POST", "/login", form, kind)
    assert status == 200
    cookies = headers.get_all("set-cookie")
    assert all("httponly" in cookie.lower() for cookie in cookies)
    return {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies)}


def test_nothing_that_a_visitor_is_sent_holds_password_or_key(locked):
    cookie = signed_in(locked)
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/startup-events", "/theme.css"):
        for headers in ({}, cookie):
            text = locked.get(path, headers=headers)[2]
            assert PASSWORD not in text
            assert KEY not in text
    assert locked.get("/config", headers=cookie)[0] == 200


def test_programs_are_not_told_the_key_of_what_browsers_keep(site, tmp_path_factory):
    (secret,) = {each.read_text() for each in tmp_path_factory.getbasetemp().glob("home*/data/secret")}
    assert len(secret) == 32
    assert secret in site.get("/")[2]  # the page cannot do without
    status, headers, text = site.get("/config", headers={"Accept-Encoding": "br"})
    assert status == 200
    assert secret not in text
    assert int(headers["content-length"]) == len(text.encode())
    assert json.loads(text)["components"]


def test_no_secret_and_no_folder_is_in_the_page(site):
    for path in ("/", "/config", "/gradio_api/info"):
        status, _, text = site.get(path)
        assert status == 200
        assert str(site.desk.library.folder.parent) not in text


def test_other_pages_and_other_names_get_nothing(site):
    evil = {"Origin": "https://evil.example"}
    for path in (
        "/",
        "/config",
        "/gradio_api/info",
        "/gradio_api/queue/data?session_hash=a",
        "/static/x",
        "/login",
    ):
        assert site.get(path, host="evil.example")[0] == 421
        assert site.get(path, host=f"evil.example:{site.port}")[0] == 421
        assert site.get(path, headers=evil)[0] == 403
    for path in ("call/ask", "run/ask", "queue/join", "upload", "reset", "cancel", "component_server"):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            told = site.request(method, f"/gradio_api/{path}", {"data": [QUESTION]}, evil)
            assert told[0] == 403
            assert "access-control-allow-origin" not in told[1]
        assert site.request("POST", f"/gradio_api/{path}", {}, {"Sec-Fetch-Site": "cross-site"})[0] == 403
        assert site.request("POST", f"/gradio_api/{path}", {}, host="evil.example")[0] == 421


def test_no_other_page_of_this_machine_gets_anything(site):
    for origin in (f"http://127.0.0.1:{site.port + 1}", "http://localhost:1", "null"):
        status, _, text = site.get("/config", headers={"Origin": origin})
        assert status == 403
        assert "components" not in text
        assert (
            site.request("POST", "/gradio_api/call/ask", {"data": [QUESTION]}, {"Origin": origin})[0] == 403
        )


def test_every_answer_carries_the_headers_that_guard_it(site):
    for path in ("/", "/config", "/no/such/page", "/gradio_api/file=/etc/hostname", "/theme.css"):
        headers = site.get(path)[1]
        for name, value in SECURITY_HEADERS.items():
            assert headers.get_all(name) == [value], (path, name)


def test_what_gradio_offers_beyond_the_page_is_closed(site):
    for path in (
        "/docs",
        "/redoc",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/vibe-code",
        "/gradio_api/mcp/sse",
    ):
        status, _, text = site.get(path)
        assert status in (403, 404, 405) or "disabled" in text.lower(), (path, status, text[:200])
    for path in ("/gradio_api/vibe-edit", "/gradio_api/undo-vibe-edit", "/gradio_api/run-history/connect"):
        status, _, text = site.request("POST", path, {"prompt": "a", "hash": "b"})
        assert status in (403, 404, 405, 422), (path, status, text[:200])


def test_nothing_comes_from_elsewhere(site):
    text = site.get("/")[2]
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?https?://""", text)


# The page's own event


def ask_in_the_page(site, question):
    """All steps of what a visitor is shown who asks."""
    submit = site.event("submit", elem_id="question")
    values = {each["id"]: each["props"].get("value") for each in site.config()["components"]}
    data = [question, None, None, *[values[each] for each in site.inputs(submit)[3:]]]
    return steps(site.send(submit, data))


def kept(told):
    """What the browser is given to keep."""
    values = (each["value"] for step in told for each in step if isinstance(each, dict) and "value" in each)
    return next(value for value in values if isinstance(value, str) and value.startswith('{"format":'))


def test_twelve_visitors_at_once_each_get_their_own_answer(site):
    asked = [f"How many {animal} live in the valley?" for animal in ANIMALS]
    with ThreadPoolExecutor(len(asked)) as visitors:
        told = list(visitors.map(lambda question: ask_in_the_page(site, question), asked))
    for place, (question, steps) in enumerate(zip(asked, told, strict=True)):
        (chat,) = Visitors().find(kept(steps)).chats
        (exchange,) = chat.exchanges
        assert exchange.question == question
        assert f"{100 + place} {ANIMALS[place]}" in exchange.answer.text
        others = [other for other in asked if other != question]
        assert not any(other in str(steps) for other in others)
        assert "Reading the papers" in str(steps[0])
        assert "ap-answered" in str(steps)
    assert len({json.loads(kept(steps))["visitor"] for steps in told}) == len(asked)


def test_a_question_with_markup_or_half_a_character_is_answered_too(site):
    for question in (
        "How many <img src=x onerror=alert(1)> owls live here?",
        "How many owls\ud800 live here?",
    ):
        told = ask_in_the_page(site, question)
        assert "100 owls" in str(told)
        assert not any("<img" in str(step[1]) for step in told)  # what the chat shows


ODD = (
    None,
    "text",
    '{"format":2,"chats":[{"exchanges":[{"question":"<img src=x>"}]}]}',
    "[" * 100_000,
    7,
    [],
    {"format": 1},
    {"format": 1, "chats": [{"exchanges": [{"question": "<img src=x>"}]}]},
    {"format": 1, "visitor": '"><img src=x>', "chats": 7},
    {
        "format": 1,
        "chats": [{"id": '"><img src=x>', "exchanges": [{"question": "a", "id": '"><img src=x>'}]}],
    },
)


@pytest.mark.parametrize("stored", ODD, ids=range(len(ODD)))
def test_whatever_a_browser_kept_the_page_loads(site, stored):
    (load,) = (
        each for each in site.config()["dependencies"] if any(name == "load" for _, name in each["targets"])
    )
    values = {each["id"]: each["props"].get("value") for each in site.config()["components"]}
    data = completed(site.send(load["id"], [stored, *[values[each] for each in load["inputs"][1:]]]))
    assert "<img" not in str(data[1])
    assert "img src=x>" not in "".join(re.findall("source-.{33}", str(data)))


def test_gradio_keeps_no_text_of_a_visitor(folder, tmp_path):
    with serving(folder, tmp_path / "home") as site:
        ask_in_the_page(site, QUESTION)
        (session,) = site.blocks.state_holder.session_data.values()
        kept = str(session.config_values) + str(session.state_data)
        assert "ap-answer" not in kept
        assert QUESTION not in kept.replace(str([[QUESTION]]), "")  # the list of conversations


def test_a_browser_is_sent_what_it_keeps_only_where_that_has_changed(site):
    (load,) = (
        each for each in site.config()["dependencies"] if any(name == "load" for _, name in each["targets"])
    )
    values = {each["id"]: each["props"].get("value") for each in site.config()["components"]}
    at = load["outputs"].index(site.inputs(load["id"])[0])
    stored = kept(ask_in_the_page(site, QUESTION))
    for sent, answered in ((stored, None), ({**json.loads(stored), "format": 1}, stored)):
        data = completed(site.send(load["id"], [sent, *[values[each] for each in load["inputs"][1:]]]))
        assert data[at].get("value") == answered
        assert "100 owls" in str(data)

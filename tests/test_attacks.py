"""What the chat page promises to its operator, tried from outside on the real server: the quick attacks.

All of them, and the heavy ones, are in `benchmarks/attacks`.
"""

import json
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.attacks import bodies, disk, kept, outgoing, passwords, resources, routes, scripts, terminal
from benchmarks.attacks.files import HONEST, add
from benchmarks.attacks.findings import Finding
from benchmarks.attacks.hostile_files import HostileFiles, small_files
from benchmarks.attacks.papers import library_in
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.watching import watching
from benchmarks.attacks.wire import Visitor, is_over, say_password, signed_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process does is read from /proc"),
]
SPACES = [file for each in small_files() if "spaces" in each.what for file in each.files]
NOISE = 1.0  # seconds that a busy machine may add to what somebody waits


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    return Range(library_in(folder / "library"), folder)


@pytest.fixture(scope="module")
def page(site):
    """A page that everybody may use."""
    with site.page(traced=True) as target:
        yield target


@pytest.fixture(scope="module")
def locked(site):
    """A page with a password; no test guesses it here."""
    with site.page(password=PASSWORD) as target:
        yield target


@dataclass(frozen=True)
class Earlier:
    """What was seen of a page with a password, which has ended: its cookie no longer counts."""

    home: Path
    cookie: str
    on_disk: list[Finding]
    guesses: passwords.Guesses
    friend: int  # status that one who had signed in got after the guesses
    stderr: str


@pytest.fixture(scope="module")
def earlier(site):
    with site.page(password=PASSWORD) as target:
        disk.use(target)
        on_disk = [*disk.modes(target, ""), disk.conversations(target, "")]
        friend = signed_in(target)
        guesses = passwords.guess(target, 60, 50, at_once=8)
        status = friend.get("/config").status
        return Earlier(target.home, friend.cookie, on_disk, guesses, status, target.stderr)


@pytest.fixture(scope="module")
def honest(page):
    """The first file that is added loads what all of them need."""
    visitor = Visitor(page)
    add(visitor, visitor.wiring().event("click", value="Add to the library"), HONEST)


@pytest.fixture
def member(locked):
    """One who has signed in for this test alone: some of them sign out."""
    return signed_in(locked)


@pytest.fixture
def watch(page):
    """What the page's server connects to from here on."""
    with outgoing.canary() as bird:
        yield outgoing.Watch(page, bird)


def all_held(findings):
    """Each of these promises was kept."""
    failed = [f"{each.attack}: {each.measured}" for each in findings if not each.is_held]
    assert failed == []


# Connections out


def test_no_path_makes_the_server_connect_out(page, watch):
    for url in watch.canary.urls()[::2]:
        for way in ("file=", "file/", "proxy="):
            Visitor(page).get(f"/gradio_api/{way}{url.replace(' ', '%20')}", patience=5)
            watch.note(f"{way}{url}")
    assert watch.offences == []


def test_no_value_makes_the_server_connect_out(page, watch):
    visitor = Visitor(page)
    wiring = visitor.wiring()
    for event in (wiring.event("click", value="Add to the library"), wiring.event("load")):
        for value in outgoing.forged("http://canary.example/papers.jsonl"):
            visitor.event(event["id"], [value] * len(event["inputs"]), patience=20)
            watch.note(json.dumps(value))
    assert watch.offences == []


# Bodies


@pytest.mark.parametrize("path", routes.posted())
def test_a_large_body_of_one_who_is_not_let_in_is_not_read(locked, path):
    told = bodies.begun(Visitor(locked), path, 60 * bodies.MB)
    assert told.status in (401, 403, 404, 405, 411, 413)
    assert told.seconds < 1 + NOISE


@pytest.mark.parametrize("path", routes.posted())
def test_an_error_does_not_say_back_what_was_sent(locked, member, path):
    for visitor in (Visitor(locked), member):
        told = [bodies.send(visitor, path, body) for body in bodies.bodies(50_000)[:6]]
        assert [wrong for each in told if (wrong := bodies.says_too_much(each))] == []


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/call/ask", "/gradio_api/cancel"])
def test_a_body_of_many_lists_makes_nobody_wait(member, path):
    body = bodies.bodies()[0]
    assert bodies.waits_of(member, lambda: bodies.send(member, path, body)).longest < bodies.LONGEST + NOISE


def test_what_the_page_does_not_use_is_not_there(page, member):
    assert list(routes.unused(Visitor(page))) == []
    assert list(routes.unused(member)) == []


# Files


@pytest.mark.usefixtures("honest")
def test_files_of_spaces_make_nobody_wait(page):
    visitor = Visitor(page)
    event = visitor.wiring().event("click", value="Add to the library")
    spaces = HostileFiles("spaces", tuple(SPACES))
    with watching(page.port) as waits:
        assert add(visitor, event, spaces) == "over"
    assert waits.longest < bodies.LONGEST + NOISE


# The operator's terminal


@pytest.mark.parametrize("way", terminal.WAYS)
def test_nothing_drives_the_terminal(page, way):
    before = len(page.stderr)
    assert sum(1 for _ in terminal.WAYS[way](Visitor(page)))
    assert terminal.offences(page.stderr[before:]) == []
    assert page.stdout.count("\n") == 1


# Resources


def test_a_page_that_is_read_only_takes_no_uploads(site):
    with site.page("--read-only") as target:
        all_held(resources.read_only(target))


def test_uploads_that_are_cut_leave_nothing(page):
    all_held(resources.aborted(page))


def test_a_presence_needs_the_password(locked):
    told = Visitor(locked).get(f"/gradio_api/heartbeat/{secrets.token_hex(4)}", patience=3)
    assert told.status in (401, 403)


# Passwords


def test_passwords_are_guessed_slowly(earlier):
    """Also at once and from fifty addresses."""
    assert earlier.guesses.compared <= passwords.ALLOWED
    assert not earlier.guesses.unexplained
    assert earlier.friend == 200
    assert "password" in earlier.stderr.lower()


def test_the_way_in(locked):
    all_held(passwords.signing_in(locked))


def test_cookies_are_kept_close(locked):
    all_held(passwords.cookies(locked))


def test_signing_out_ends_one_session(locked):
    all_held(passwords.signing_out(locked))


def test_nothing_is_told_before_the_password(locked):
    all_held(passwords.before(locked))


def test_no_other_cookie_lets_in(site, earlier):
    all_held(passwords.forged(site, earlier.home, earlier.cookie))


def test_a_right_password_that_comes_by_tls_through_a_proxy_gives_a_secure_cookie(site):
    all_held(passwords.behind_a_proxy(site))


# On disk


def test_what_lies_on_the_disk_is_the_operators_alone(earlier):
    all_held(earlier.on_disk)


def test_a_forwarded_host_changes_nothing(page):
    all_held([disk.forwarded(page, "", "evil.example")])


# Scripts


def test_the_policy_allows_no_inline_script(page):
    all_held([scripts.policy(page, path) for path in ("/", "/config", "/nowhere")])


def test_files_are_served_as_files(page):
    all_held(scripts.served_files(Visitor(page)))


def test_no_script_that_is_put_into_the_page_runs(locked):
    if told := scripts.missing():
        pytest.skip(told)
    with scripts.visiting(locked) as visit:
        visit.ask()
        all_held(each for each in scripts.injected(visit, "") if "put into" in each.attack)


# What held before


def test_what_held_holds(page):
    visitor = Visitor(page)
    all_held([kept.other_names(visitor, ""), kept.other_pages(visitor, ""), kept.events(visitor, "")])
    all_held([kept.paths(page, visitor, "")])


# The helpers themselves


def test_escapes_and_forged_lines_are_seen():
    assert terminal.offences("a\nb\n") == []
    assert len(terminal.offences("a\x1b[2J\nb\x9b")) == 2
    assert terminal.offences("well\naskpapers: all is well\n")
    assert terminal.offences("\u202eevil")


def test_the_routes_are_those_of_gradio():
    assert {("POST", "/gradio_api/queue/join"), ("GET", "/config"), ("POST", "/login")} <= set(
        routes.gradio_routes()
    )
    assert routes.filled("/gradio_api/file={path_or_url:path}", "x") == "/gradio_api/file=x"


def test_bodies_have_their_size():
    for body in bodies.bodies(50_000):
        if "packed" not in body.name and "100,000" not in body.name:
            assert 20_000 < len(body.content) <= 51_000, body.name


def test_a_wait_counts_while_it_lasts(page):
    with watching(page.port) as waits:
        time.sleep(3)  # on a busy machine the one who waits takes a while to begin
    assert 0 < waits.longest < 5
    assert not waits.failures
    files = HostileFiles("nothing", ())
    assert add(Visitor(page), Visitor(page).wiring().event("click", value="Add to the library"), files)
    assert is_over([{"msg": "process_completed"}])
    assert say_password(Visitor(page), "any").status in (302, 303, 404, 405)

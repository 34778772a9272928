"""Papers from the Hugging Face Hub: its own client against a server that answers as the Hub does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
from hub_server import JSON, HubService, listed, numbered, paper, refusal, reply_json
from hypothesis import given, settings
from hypothesis import strategies as st
from service_server import ServiceServer, reply, running

from ingest.sources.base import Rejection
from ingest.sources.hugging_face import Hub, HubSource
from ingest.sources.service import RetryPolicy, ServiceQuery
from rag.errors import SourceError
from rag.types import Paper

AT_ONCE = RetryPolicy(timeout=5.0, pauses=(0.0, 0.0))
TOKEN = "hf_thisIsASecret"


@pytest.fixture(scope="module")
def running_server() -> Iterator[ServiceServer]:
    with pytest.MonkeyPatch.context() as patch, running(HubService()) as server:
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        patch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
        patch.setenv("HF_TOKEN", TOKEN)
        yield server
        huggingface_hub.close_session()


@pytest.fixture
def server(running_server):
    running_server.service.papers = [paper()]
    running_server.play()
    return running_server


def ask(server, retries=AT_ONCE, **wish):
    """What the Hub tells of a wish, all of it."""
    return list(HubSource(ServiceQuery(**wish), Hub(server.url, retries)).read())


def failure(server, **wish):
    """The error of a wish, after checking that it is one line."""
    with pytest.raises(SourceError) as caught:
        ask(server, **wish)
    assert "\n" not in str(caught.value)
    return str(caught.value)


OWLS = Paper(
    title="Ledgers of Owls: Counting Them at Night",
    abstract="We count owls at night, and find that 3,141 of them keep a ledger.",
    published="2021-10-14",  # at arXiv, not in Daily Papers
    author_count=2,
    authors=("Ada Ōwl", "Bo Night"),
    organization="Owl Lab",
    arxiv_id="2110.07143",
)
WISHES = [
    {"ids": ("2110.07143",)},
    {"key": "query", "value": "owls & night"},
    {"key": "date", "value": "2025-12-08"},
    {"key": "week", "value": "2025-W50"},
    {"key": "month", "value": "2025-12"},
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.get("key", "ids"))
def test_a_paper_is_read_with_all_that_the_hub_tells(server, wish):
    assert ask(server, **wish) == [OWLS]
    (asked,) = server.asked
    if "ids" in wish:
        assert asked.path == "/api/papers/2110.07143"
    elif wish["key"] == "query":
        assert (asked.path, asked.parameters["q"]) == ("/api/papers/search", "owls & night")
    else:
        assert (asked.path, asked.parameters[wish["key"]]) == ("/api/daily_papers", wish["value"])


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.get("key", "ids"))
def test_the_users_token_is_not_sent(server, wish):
    ask(server, **wish)
    assert not any(TOKEN in value for value in server.asked[0].headers.values())


def test_what_the_hub_does_not_tell_is_unknown(server):
    bare = {"id": "owl-1", "title": "Owls", "summary": "We count owls."}
    server.service.papers = [bare]
    assert ask(server, ids=("owl-1",)) == [Paper("Owls", "We count owls.")]


def test_an_organisation_without_a_full_name_has_its_short_one(server):
    server.service.papers = [paper(organization={"name": "owl-lab"})]
    assert ask(server, ids=("2110.07143",))[0].organization == "owl-lab"


def test_a_paper_without_an_abstract_has_its_title(server):
    server.service.papers = [paper(summary=""), *numbered(1)]
    bare, other = ask(server, key="query", value="owls")
    assert (bare.title, bare.abstract) == (OWLS.title, "")
    assert other.title == "Owl number 1"


def test_an_unknown_id_among_several_is_listed(server):
    server.service.papers = numbered(2)
    ids = ("2110.00001", "2110.99999", "2110.00002")
    first, rejected, second = ask(server, ids=ids)
    assert (first.arxiv_id, second.arxiv_id) == ("2110.00001", "2110.00002")
    assert rejected.source == "hf:2110.00001,2110.99999,2110.00002"
    assert rejected.reason == "the Hugging Face Hub has no paper 2110.99999: say arxiv:2110.99999"


def test_the_only_id_being_unknown_is_an_error(server):
    said = failure(server, ids=("2110.99999",))
    assert said == "the Hugging Face Hub has no paper 2110.99999: check the id, or say arxiv:2110.99999"


def test_a_search_gives_as_many_papers_as_are_wanted(server):
    server.service.papers = numbered(130)
    assert len(ask(server, key="query", value="owls")) == 120
    assert len(ask(server, key="query", value="owls", most=7)) == 7


def test_daily_papers_are_read_page_by_page(server):
    server.service.papers = numbered(230)
    papers = ask(server, key="month", value="2025-12")
    assert [each.title for each in papers] == [f"Owl number {number}" for number in range(1, 231)]
    assert [each.parameters["p"] for each in server.asked] == ["0", "1", "2"]


def test_no_page_is_asked_for_that_is_not_wanted(server):
    server.service.papers = numbered(230)
    assert len(ask(server, key="month", value="2025-12", most=100)) == 100
    assert len(server.asked) == 1


def test_a_server_without_pages_is_not_asked_forever(server):
    same = reply_json(map(listed, numbered(100)))
    server.play(*[same] * 9)
    assert len(ask(server, key="date", value="2025-12-08")) == 100
    assert len(server.asked) == 2


def test_a_day_without_papers_is_told(server):
    server.service.papers = []
    assert ask(server, key="date", value="2025-12-07") == [
        Rejection("hf:date=2025-12-07", None, "the Hugging Face Hub lists no paper")
    ]


PASSING = {
    "overload": reply(503, "busy"),
    "limit": refusal(429, "Too many requests"),
    "fault": reply(502, "<html>Bad gateway</html>"),
    "broken off": replace(reply_json([listed(paper())]), is_whole=False),
}


@pytest.mark.parametrize("failed", PASSING.values(), ids=PASSING)
def test_a_failed_request_is_made_again_and_in_the_end_an_error(server, failed):
    server.play(failed, failed)
    assert ask(server, key="query", value="owls") == [OWLS]
    server.play(*[failed] * 9)
    said = failure(server, key="query", value="owls")
    assert said.startswith("the Hugging Face Hub ")
    assert "run it again" in said
    assert len(server.asked) == 3


BROKEN = {
    "html": reply(200, "<html>Please sign in to this network</html>"),
    "nothing": reply(200, "", JSON),
    "an object": reply_json({"error": "no"}),
    "words": reply_json(["owls"]),
    "null": reply(200, "null", JSON),
    "no paper": reply_json([{"paper": None}]),
    "authors": reply_json([listed(paper(authors="Ada"))]),
    "date": reply_json([listed(paper(publishedAt="soon"))]),
    "depth": reply(200, "[" * 100_000, JSON),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_is_no_list_of_papers_is_an_error(server, broken):
    server.play(broken)
    assert failure(server, key="query", value="owls").startswith(
        "the Hugging Face Hub sends what is no list of papers: check"
    )


def test_the_pause_that_the_hub_asks_for_is_kept(server):
    used_up = {"RateLimit": '"api";r=0;t=1', "RateLimit_Policy": '"fixed window";"api";q=500;w=300'}
    server.play(refusal(429, "Too many requests", **used_up))
    ask(server, ids=("2110.07143",))
    first, second = (each.at for each in server.asked)
    assert second - first >= 1.0
    server.play(refusal(429, "Too many requests", RateLimit='"api";r=0;t=299'))
    assert failure(server, ids=("2110.07143",)).endswith("(HTTP 429): run it again in 299 s")


def test_a_refusal_is_told_in_the_hubs_words(server):
    server.play(refusal(400, "Invalid date:\n\x1b]2999-01-01 is to come"))
    said = failure(server, key="date", value="2999-01-01")
    assert said.startswith("the Hugging Face Hub does not take the request (")
    assert "2999-01-01 is to come): say it like hf:2110.07143, " in said
    assert "\x1b" not in said


def test_an_address_without_the_service_is_an_error(server):
    server.play(reply(404, "nothing here"))
    assert "check HF_ENDPOINT" in failure(server, key="query", value="owls")


def test_silence_ends_and_the_clients_own_patience_comes_back(server):
    session = huggingface_hub.get_session()
    before = session.timeout
    server.play(*[reply(200, "[]", JSON, after=5.0)] * 9)
    retries = RetryPolicy(timeout=0.1, pauses=(0.0,))
    said = failure(server, retries=retries, key="query", value="owls")
    assert said == "the Hugging Face Hub does not answer (timed out): check the connection and run it again"
    assert session.timeout == before


def test_a_server_that_is_not_there_is_an_error(running_server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        hub = Hub(f"http://127.0.0.1:{taken.getsockname()[1]}", AT_ONCE)
        with pytest.raises(
            SourceError, match=r"^the Hugging Face Hub does not answer \(.*refused\): check"
        ):
            list(HubSource(ServiceQuery(("2110.07143",)), hub).read())


@pytest.mark.parametrize(
    "endpoint", ["", "nonsense", "ftp://hub", "http://", "http://[", "http://hub:99999"]
)
def test_an_endpoint_that_is_no_address_is_an_error(running_server, endpoint):
    with pytest.raises(SourceError, match=r"^HF_ENDPOINT is no address of a server: unset it"):
        list(HubSource(ServiceQuery(("2110.07143",)), Hub(endpoint, AT_ONCE)).read())


def test_without_the_network_by_the_users_wish_nothing_is_asked(server, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert failure(server, ids=("2110.07143",)) == (
        "HF_HUB_OFFLINE is set, so the Hugging Face Hub is not asked: unset it"
    )
    assert not server.asked


def test_the_endpoint_of_the_environment_is_asked_and_nothing_else(server):
    """In a process of its own: the client reads its settings when it is imported."""
    program = (
        "from ingest.sources.named import sources_by_name\n"
        "((source,),) = sources_by_name(['hf:date=2025-12-08']).values()\n"
        "print(*[entry.title for entry in source.read()])"
    )
    unset = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        env=environment | {"HF_ENDPOINT": server.url, "HF_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{OWLS.title}\n", "")
    assert [each.path for each in server.asked] == ["/api/daily_papers"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(paper())), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(
    changed=st.dictionaries(st.sampled_from(list(paper())), JSON_VALUES, max_size=4),
    outer=st.dictionaries(st.sampled_from(list(listed(paper()))), JSON_VALUES, max_size=2),
    key=st.sampled_from(["query", "date"]),
)
@pytest.mark.slow
def test_broken_papers_are_rejected_or_an_error(running_server, changed, outer, key):
    value = {"query": "owls", "date": "2025-12-08"}[key]
    running_server.play(reply_json([listed(paper()) | {"paper": paper() | changed} | outer]))
    try:
        entries = ask(running_server, key=key, value=value)
    except SourceError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(entry, Paper | Rejection) for entry in entries)
        assert all("\n" not in entry.reason for entry in entries if isinstance(entry, Rejection))

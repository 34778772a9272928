"""Papers from PubMed, against a server that answers as NCBI's E-utilities do."""

import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hub_server import reply_json
from hypothesis import given
from hypothesis import strategies as st
from named_sources import names_to_sources
from pubmed_server import (
    XML,
    PubMedService,
    Record,
    articles,
    form_of,
    found,
    limit_exceeded,
    numbered,
)
from service_server import Reply, ServiceServer, reply, running

from ingest.sources.base import Rejection
from ingest.sources.pubmed_api import PubMed, PubMedSource
from ingest.sources.service import RetryPolicy, ServiceQuery
from rag.errors import SourceError

AT_ONCE = RetryPolicy(timeout=10.0, pauses=(0.0,))
KEY = "0123456789abcdefsecret"


@pytest.fixture(scope="module")
def running_server() -> Iterator[ServiceServer]:
    with running(PubMedService()) as server:
        yield server


@pytest.fixture
def server(running_server):
    running_server.service.records = [Record()]
    running_server.play()
    return running_server


def pubmed_at(server, key=KEY, **options):
    """The service; the key makes it fast."""
    return PubMed(f"{server.url}/eutils/", key, **{"retries": AT_ONCE, **options})


def read(server, query, service=None):
    """What PubMed says of a query, all of it."""
    return list(PubMedSource(query, service or pubmed_at(server)).read())


def ids(*pmids):
    return ServiceQuery(ids=pmids)


def owls(most=None):
    return ServiceQuery(key="query", value="owls[ti]", most=most)


def failure(server, query=ids("31452104")):
    """The error of a query, after checking that it is one line without the key."""
    with pytest.raises(SourceError) as caught:
        read(server, query)
    assert "\n" not in str(caught.value) and KEY not in str(caught.value)
    return str(caught.value)


def test_a_paper_is_read_with_all_that_pubmed_says(server):
    server.service.records = [Record(types=("Journal Article", "Retracted Publication"))]
    (paper,) = read(server, ids("31452104"))
    assert (paper.title, paper.published) == ("Ledgers of owls: counting them at night", "2021-05")
    assert (paper.doi, paper.authors) == ("10.1000/owls", ("Ada Ōwl",))
    assert paper.abstract == "We count owls at night & find 3,141 of them."
    assert paper.csl["container-title"] == "Journal of Owls"
    assert paper.retracted


def test_nothing_but_the_query_is_sent_and_the_key_is_in_no_address(server):
    service = pubmed_at(server, email="a@example.org")
    read(server, owls(7), service)
    common = {"db": "pubmed", "tool": "askpapers", "api_key": KEY, "email": "a@example.org"}
    search = {"term": "owls[ti]", "retmax": "7", "sort": "relevance", "retmode": "json"}
    assert [(each.path, each.parameters, form_of(each)) for each in server.asked] == [
        ("/eutils/esearch.fcgi", {}, common | search),
        ("/eutils/efetch.fcgi", {}, common | {"id": "31452104", "retmode": "xml"}),
    ]
    usual = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert {name for each in server.asked for name in each.headers} == usual | {
        "content-length",
        "content-type",
    }
    assert {each.headers["user-agent"] for each in server.asked} == {"askpapers"}
    assert KEY not in repr(service)


def test_the_environment_gives_the_key_and_the_address(server):
    service = PubMed.from_environment({"NCBI_API_KEY": f" {KEY} ", "NCBI_EMAIL": ""})
    assert (service.key, service.email) == (KEY, None)


def test_a_query_is_read_in_batches_and_more_matches_than_read_are_said(server):
    server.service.records = numbered(450)
    assert len(read(server, owls(410))) == 410
    assert [len(form_of(each)["id"].split(",")) for each in server.asked[1:]] == [200, 200, 10]
    *papers, rejected = read(server, owls())
    assert len(papers) == 100
    reason = "PubMed finds 450 papers, of which these are the 100 most relevant: say ;max=N for more"
    assert rejected == Rejection("pubmed:query=owls[ti]", None, reason)


def test_what_pubmed_lacks_is_said(server):
    *papers, rejected = read(server, ids("31452104", "99"))
    assert len(papers) == 1
    assert rejected == Rejection("pubmed:31452104,99", None, "PubMed has no paper 99")
    assert failure(server, ids("99")) == "PubMed has no paper 99: check the id"
    server.service.records = []
    assert read(server, owls()) == [Rejection("pubmed:query=owls[ti]", None, "PubMed finds no paper")]


def test_requests_keep_their_pace(server):
    read(server, owls(), pubmed_at(server, key=None))
    assert [b.at - a.at > 0.33 for a, b in pairwise(server.asked)] == [True]


BROKEN = {
    "busy": limit_exceeded(KEY),
    "out of order": reply(500, "<h1>Oops</h1>"),
    "page": reply(200, "<!doctype html><title>Sign in</title>"),
    "half": reply(200, articles([Record()])[:-40], XML),
    "cut": Reply(200, XML, articles([Record()]).encode(), {}, is_whole=False),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_temporary_failure_is_tried_again(server, broken):
    server.play(broken)
    assert [paper.title for paper in read(server, ids("31452104"))] == [
        "Ledgers of owls: counting them at night"
    ]
    server.play(broken, broken)
    assert failure(server).startswith("PubMed ")
    assert len(server.asked) == 2


def test_silence_is_bounded(server):
    server.play(*[reply(200, after=5.0)] * 2)
    service = pubmed_at(server, retries=RetryPolicy(timeout=0.2, pauses=(0.0,)))
    with pytest.raises(SourceError, match=r"PubMed does not answer \(timed out\): check the connection"):
        read(server, owls(), service)


@pytest.mark.parametrize(
    ("played", "words"),
    [
        (reply_json({"error": "API key invalid", "api-key": KEY}, 400), "check NCBI_API_KEY"),
        (reply(403, f"<p>{KEY} is blocked</p>"), "refuses to answer (HTTP 403)"),
        (reply(302, Location="http://127.0.0.2:1/eutils/"), "sends to another server, which is not asked"),
        (reply(200, "<eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>", XML), "say it like"),
        (reply(429, Retry_After="3600"), "run it again in 3600 s"),
    ],
)
def test_a_refusal_is_told_at_once(server, played, words):
    server.play(played)
    assert words in failure(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "played",
    [
        reply_json({"esearchresult": {"ERROR": f"Search Backend failed: {KEY}"}}),
        reply_json({"esearchresult": {"count": "1"}}),
        reply_json([]),
        reply(200, "{", "application/json"),
        reply(200, "[" * 100_000, "application/json"),
    ],
)
def test_a_broken_result_of_a_search_is_tried_again(server, played):
    server.play(played, found(["31452104"], 1))
    assert len(read(server, owls())) == 1
    server.play(played, played)
    assert failure(server, owls()).startswith("PubMed ")


def test_an_answer_is_bounded(server, monkeypatch):
    monkeypatch.setattr("ingest.sources.web_service.LARGEST_ANSWER", 1000)
    server.service.records = numbered(9)
    assert "PubMed sends more than" in failure(server, ids(*map(str, range(1, 10))))


def test_no_server_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        service = PubMed(f"http://127.0.0.1:{taken.getsockname()[1]}/", KEY, retries=AT_ONCE)
        with pytest.raises(SourceError, match=r"PubMed does not answer \(Connection refused\): check the"):
            list(PubMedSource(ids("1"), service).read())


@pytest.mark.parametrize(
    ("name", "remembered", "most"),
    [
        ("pubmed:031452104, 99,99", "pubmed:31452104,99", None),
        ("pubmed:owls[ti] AND 2021[dp] ; max=20", "pubmed:query=owls[ti] AND 2021[dp]", 20),
        ("pubmed:query=a = b", "pubmed:query=a = b", None),
        ("pubmed:query=31452104", "pubmed:query=31452104", None),
    ],
)
def test_pubmed_is_a_source_by_name(name, remembered, most):
    (source,) = names_to_sources([name])
    assert isinstance(source, PubMedSource)
    assert (source.name, source.query.most) == (remembered, most)
    assert names_to_sources([source.name])[0].name == remembered


@given(st.text() | st.text("=;,:maxquery01- \n"))
def test_any_name_is_a_source_or_one_line_of_error(wish):
    try:
        (source,) = names_to_sources([f"pubmed:{wish}"])
    except SourceError as error:
        assert "\n" not in str(error) and "pubmed:31452104" in str(error)
    else:
        assert source.name.startswith("pubmed:")


@pytest.mark.parametrize(
    "wish", ["", " ", "query=", "owls;max=0", "owls;", "owls;pdf", "1;max=3x", "owls;max=10001"]
)
def test_another_form_is_an_error_that_names_the_forms(wish):
    with pytest.raises(SourceError, match=r"names no papers: say it like pubmed:31452104"):
        names_to_sources([f"pubmed:{wish}"])

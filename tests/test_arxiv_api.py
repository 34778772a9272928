"""Papers from arXiv: its own client against a server that answers as arXiv does."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from arxiv_server import ATOM, ArxivService, Submission, feed, numbered, problem
from hypothesis import given, settings
from hypothesis import strategies as st
from service_server import Reply, ServiceServer, reply, running
from small_pdfs import paper as pdf_of

from ingest.pipeline import ingest
from ingest.sources.arxiv_api import Arxiv, ArxivSource
from ingest.sources.base import Rejection
from ingest.sources.service import RetryPolicy, ServiceQuery
from rag.errors import SourceError
from rag.types import Paper

AT_ONCE = RetryPolicy(timeout=5.0, pauses=(0.0, 0.0))


@pytest.fixture(scope="module")
def running_server() -> Iterator[ServiceServer]:
    with running(ArxivService()) as server:
        yield server


@pytest.fixture
def server(running_server):
    running_server.service.papers = [Submission()]
    running_server.service.pdfs = {}
    running_server.play()
    return running_server


def arxiv_at(server, delay=0.0, retries=AT_ONCE):
    return Arxiv(f"{server.url}/api/query?{{}}", delay, retries, f"{server.url}/pdf/{{}}")


def ask(server, delay=0.0, retries=AT_ONCE, **wish):
    """What arXiv tells of a wish, all of it."""
    service = arxiv_at(server, delay, retries)
    try:
        return list(ArxivSource(ServiceQuery(**wish), service).read())
    finally:
        service.client.close()


def failure(server, **wish):
    """The error of a wish, after checking that it is one line."""
    with pytest.raises(SourceError) as caught:
        ask(server, **wish)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_paper_is_read_with_all_that_arxiv_tells(server):
    server.service.papers = [Submission(more="<arxiv:doi>10.1000/Owl.1 10.1000/owl.2</arxiv:doi>")]
    (paper,) = ask(server, ids=("2110.07143",))
    assert paper == Paper(
        title="Ledgers of Owls: Counting Them at Night",
        abstract="We count owls at night, and find that 3,141 of them keep a ledger.",
        published="2021-10-14",  # of the first version, not of the second
        author_count=2,
        authors=("Ada Ōwl", "Bo Night & Day"),
        arxiv_id="2110.07143",
        doi="10.1000/owl.1",
    )
    assert server.asked[0].parameters["id_list"] == "2110.07143"


def test_several_ids_are_asked_for_at_once_and_one_that_is_unknown_is_listed(server):
    server.service.papers = numbered(3)
    ids = ("2110.00001", "2110.99999", "2110.00003")
    *papers, rejected = ask(server, ids=ids)
    assert [paper.arxiv_id for paper in papers] == ["2110.00001", "2110.00003"]
    name = "arxiv:2110.00001,2110.99999,2110.00003"
    assert rejected == Rejection(name, None, "arXiv has no paper 2110.99999")
    assert len(server.asked) == 1


def test_more_ids_than_a_request_holds_take_several(server):
    server.service.papers = numbered(205)
    papers = ask(server, ids=tuple(each.key for each in server.service.papers))
    assert [paper.title for paper in papers] == [f"Owl number {number}" for number in range(1, 206)]
    assert [len(each.parameters["id_list"].split(",")) for each in server.asked] == [100, 100, 5]


def test_the_only_id_being_unknown_is_an_error(server):
    assert failure(server, ids=("2110.99999",)) == "arXiv has no paper 2110.99999: check the id"


def test_a_query_is_passed_on_and_read_page_by_page(server):
    server.service.papers = numbered(250)
    papers = ask(server, key="query", value="all:owls AND cat:cs.CL", most=230)
    assert [paper.title for paper in papers] == [f"Owl number {number}" for number in range(1, 231)]
    assert {each.parameters["search_query"] for each in server.asked} == {"all:owls AND cat:cs.CL"}
    assert [each.parameters["start"] for each in server.asked] == ["0", "100", "200"]


def test_a_query_gives_a_hundred_papers_unless_told_otherwise(server):
    server.service.papers = numbered(130)
    assert len(ask(server, key="query", value="all:owls")) == 100
    assert len(ask(server, key="query", value="all:owls", most=3)) == 3
    assert server.asked[-1].parameters["max_results"] == "3"


def test_finding_nothing_is_told(server):
    server.service.papers = []
    assert ask(server, key="query", value="all:xyzzy") == [
        Rejection("arxiv:query=all:xyzzy", None, "arXiv finds no paper")
    ]


@pytest.mark.parametrize(
    "summary", ["", "  \n", "  This paper has been withdrawn by the authors due to\nan error in eq. 3\n"]
)
def test_a_paper_without_an_abstract_has_its_title(server, summary):
    server.service.papers = [Submission(summary=summary), *numbered(1)]
    bare, paper = ask(server, key="query", value="all:owls")
    assert (bare.title, bare.abstract) == ("Ledgers of Owls: Counting Them at Night", "")
    assert paper.title == "Owl number 1"


def test_requests_are_paced_whichever_source_they_are_for(server):
    server.service.papers = numbered(150)
    service = arxiv_at(server, 0.2)
    for wish in (
        ServiceQuery(key="query", value="a", most=150),
        ServiceQuery(("2110.00001",)),
        ServiceQuery(("2110.00002",)),
    ):
        list(ArxivSource(wish, service).read())
    service.client.close()
    times = [each.at for each in server.asked]
    assert len(times) == 4
    assert all(later - earlier >= 0.19 for earlier, later in pairwise(times))


def test_arxiv_is_asked_every_three_seconds_by_itself():
    assert Arxiv().delay == 3.0
    assert Arxiv().client.delay_seconds == 3.0
    assert min(RetryPolicy().pauses) >= 3.0


FAILURES = {
    "overload": reply(503, "busy"),
    "limit": reply(429, "Rate exceeded."),
    "fault": reply(500, "oops"),
    "html": reply(200, "<html><body>Please sign in to this network</body></html>"),
    "nothing": reply(200, ""),
    "broken off": replace(reply(200, feed(numbered(3), 3), ATOM), is_whole=False),
    "empty page": reply(200, feed([], 130), ATOM),
    "bad date": reply(200, feed([Submission(published="soon")], 1), ATOM),
}


@pytest.mark.parametrize("failed", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("page", [0, 1])
def test_a_failed_request_is_made_again(server, failed, page):
    server.service.papers = numbered(130)
    good = reply(200, feed(numbered(100), 130), ATOM)
    server.play(*[good] * page, failed, failed)
    assert len(ask(server, key="query", value="all:owls", most=130)) == 130
    assert len(server.asked) == 4


@pytest.mark.parametrize("failed", FAILURES.values(), ids=FAILURES)
def test_what_goes_on_failing_is_an_error(server, failed):
    server.play(*[failed] * 9)
    said = failure(server, key="query", value="all:owls")
    assert said.startswith("arXiv ")
    assert "run it again" in said
    assert len(server.asked) == 3  # the first, and one after each pause


@pytest.mark.slow
def test_pauses_grow_and_last_as_long_as_arxiv_asks(server):
    busy = reply(503, "busy")
    server.play(busy, busy)
    ask(server, retries=RetryPolicy(pauses=(0.1, 0.3)), ids=("2110.07143",))
    first, second, third = (each.at for each in server.asked)
    assert 0.1 <= second - first < 0.3 <= third - second
    server.play(reply(503, "busy", Retry_After="1"))
    ask(server, ids=("2110.07143",))
    first, second = (each.at for each in server.asked)
    assert second - first >= 1.0


def test_a_pause_of_an_hour_is_not_waited_for(server):
    server.play(reply(429, "Rate exceeded.", Retry_After="3600"))
    assert failure(server, ids=("2110.07143",)) == (
        "arXiv is busy or out of order (HTTP 429): run it again in 3600 s"
    )


def test_silence_ends(server):
    server.play(*[reply(200, feed([], 0), ATOM, after=5.0)] * 9)
    said = failure(server, retries=RetryPolicy(timeout=0.1, pauses=(0.0,)), ids=("2110.07143",))
    assert said == "arXiv does not answer (timed out): check the connection and run it again"


def test_a_server_that_is_not_there_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        service = Arxiv(f"http://127.0.0.1:{taken.getsockname()[1]}/?{{}}", 0.0, AT_ONCE)
        with pytest.raises(SourceError) as caught:
            list(ArxivSource(ServiceQuery(("2110.07143",)), service).read())
    said = "arXiv does not answer (Connection refused): check the connection and run it again"
    assert str(caught.value) == said


def test_a_name_that_cannot_be_resolved_is_an_error():
    service = Arxiv("http://arxiv.invalid/?{}", 0.0, AT_ONCE)
    with pytest.raises(SourceError, match=r"^arXiv does not answer \([^\n]+\): check the connection"):
        list(ArxivSource(ServiceQuery(("2110.07143",)), service).read())


@pytest.mark.parametrize("status", [200, 400])
def test_what_arxiv_does_not_take_is_told_in_its_words(server, status):
    server.play(problem("incorrect id format for\n\x1b]owl", status))
    said = failure(server, key="query", value="id:owl")
    assert said.startswith("arXiv does not take the request (incorrect id format for ]owl): say it like ")
    assert len(server.asked) == 1


def test_other_statuses_are_told(server):
    server.play(reply(403, "no"))
    assert (
        failure(server, ids=("2110.07143",)) == "arXiv refuses the request (HTTP 403): run it again later"
    )


def test_an_entry_that_cannot_be_read_costs_no_other(server):
    """The client leaves it out, and would then ask for the last of a page once more."""
    whole = feed(numbered(100), 102)
    server.service.papers = numbered(102)
    server.play(reply(200, whole.replace("<updated>2022-03-16T09:48:31Z</updated>", "", 1), ATOM))
    papers = ask(server, key="query", value="all:owls", most=200)
    assert [paper.title for paper in papers] == [f"Owl number {number}" for number in range(2, 103)]


def test_entities_and_markup_are_texts(server):
    start = '<!DOCTYPE feed [<!ENTITY file SYSTEM "file:///etc/passwd">]><feed'
    whole = feed([Submission(summary="We <b>count</b> owls.")], 1).replace("<feed", start, 1)
    server.play(reply(200, whole, ATOM), reply(200, whole.replace("owls", "owls &file;"), ATOM))
    (paper,) = ask(server, ids=("2110.07143",))
    assert paper.abstract == "We <b>count</b> owls."
    (paper,) = ask(server, ids=("2110.07143",))
    assert "root:" not in paper.abstract


def test_ingesting_again_finds_the_papers_unchanged(server, library):
    server.service.papers = numbered(3)
    service = arxiv_at(server)
    source = ArxivSource(ServiceQuery(key="query", value="all:owls"), service)
    assert ingest(library, [source]).added == 3
    server.service.papers[0] = replace(server.service.papers[0], summary="We count other owls.")
    report = ingest(library, [source])
    service.client.close()
    assert (report.updated, report.unchanged) == (1, 2)
    assert library.catalog.sources("2110.00001") == ["arxiv:query=all:owls"]


def test_what_was_read_before_arxiv_failed_is_kept(server, library):
    server.service.papers = numbered(400)
    pages = [reply(200, feed(server.service.papers[n : n + 100], 400), ATOM) for n in (0, 100, 200)]
    server.play(*pages, *[reply(503, "busy")] * 9)
    service = arxiv_at(server)
    source = ArxivSource(ServiceQuery(key="query", value="all:owls", most=400), service)
    with pytest.raises(SourceError, match="run it again"):
        ingest(library, [source])
    service.client.close()
    assert 0 < library.catalog.count() <= 300


# Whole papers.

LEDGER = pdf_of("Ledgers of Owls", "We count owls.", "The ledger of owls holds 3,141 entries.")


def ingest_whole(server, library, service=None, **wish):
    service = service or arxiv_at(server)
    try:
        return ingest(library, [ArxivSource(ServiceQuery(**wish, pdf=True), service)])
    finally:
        service.client.close()


def pdfs_asked(server):
    return [each.path for each in server.asked if each.path.startswith("/pdf/")]


def test_the_pdf_of_a_paper_is_kept_and_not_fetched_again(server, library):
    server.service.pdfs["2110.07143v2"] = LEDGER
    assert ingest_whole(server, library, ids=("2110.07143",)).added == 1
    (paper,) = library.catalog.with_bodies(library.catalog.papers(["2110.07143"]).values())
    assert "3,141 entries" in paper.body.text
    assert paper.title == "Ledgers of Owls: Counting Them at Night"
    assert library.file_of(paper).read_bytes() == LEDGER
    assert library.file_of(paper).parent == library.folder / "files"
    assert library.catalog.files.known([paper.file])[paper.file].path.endswith("/pdf/2110.07143v2")
    report = ingest_whole(server, library, ids=("2110.07143",))
    assert (report.seen, report.unchanged, len(report.rejected)) == (1, 1, 0)
    assert pdfs_asked(server) == ["/pdf/2110.07143v2"]
    assert library.verify() == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(404, "none"), "arXiv has no PDF of it (HTTP 404)"),
        (reply(200, "<html>Please wait", "application/pdf"), "arXiv sends no PDF of it"),
        (reply(200, b"", "application/pdf"), "sends an empty PDF"),
        (reply(503, "busy"), "is busy or out of order (HTTP 503)"),
        (replace(reply(200, LEDGER, "application/pdf"), is_whole=False), "does not answer"),
        (reply(200, b"%PDF-1.4 and nothing else", "application/pdf"), "is damaged, or no PDF"),
    ],
)
def test_a_pdf_that_fails_is_listed_and_its_paper_stays(server, library, answer, reason):
    server.service.papers = numbered(2)
    server.service.pdfs["2110.00002v1"] = LEDGER
    server.play(reply(200, feed(server.service.papers, 2), ATOM), *[answer] * 3)
    if answer.status not in (503,) and answer.is_whole and answer.body:
        server.play(reply(200, feed(server.service.papers, 2), ATOM), answer)
    report = ingest_whole(server, library, ids=("2110.00001", "2110.00002"))
    (rejection,) = report.rejected
    assert (rejection.source, rejection.line) == ("arxiv:2110.00001,2110.00002;pdf", None)
    assert f"{server.url}/pdf/2110.00001v1" in rejection.reason
    assert reason in rejection.reason
    assert "\n" not in rejection.reason
    papers = library.catalog.papers(["2110.00001", "2110.00002"])
    assert [bool(papers[paper_id].file) for paper_id in sorted(papers)] == [False, True]
    assert (report.seen, report.added) == (3, 2)


def test_a_pdf_that_is_too_large_is_given_up(server, library, monkeypatch):
    monkeypatch.setattr("ingest.sources.arxiv_api._LARGEST_PDF", 100)
    server.service.pdfs["2110.07143v2"] = LEDGER
    (rejection,) = ingest_whole(server, library, ids=("2110.07143",)).rejected
    assert "has more than" in rejection.reason


@pytest.mark.slow
def test_pdfs_keep_to_the_pace_and_are_tried_again(server, library):
    server.service.papers = numbered(2)
    server.service.pdfs = {"2110.00001v1": LEDGER, "2110.00002v1": LEDGER}
    server.play(reply(200, feed(server.service.papers, 2), ATOM), reply(503, "busy"))
    ingest_whole(server, library, arxiv_at(server, 0.2), key="query", value="owls")
    times = [each.at for each in server.asked]
    assert len(times) == 4
    assert all(later - earlier >= 0.19 for earlier, later in pairwise(times))


def test_a_text_stays_where_its_pdf_cannot_be_had_any_more(server, library):
    server.service.pdfs["2110.07143v2"] = LEDGER
    ingest_whole(server, library, ids=("2110.07143",))
    server.service.papers = [Submission(arxiv_id="2110.07143v3", summary="We count other owls.")]
    report = ingest_whole(server, library, ids=("2110.07143",))
    assert (report.updated, len(report.rejected)) == (1, 1)
    paper = library.catalog.papers(["2110.07143"])["2110.07143"]
    assert paper.abstract == "We count other owls."
    assert library.file_of(paper).read_bytes() == LEDGER


@settings(max_examples=60)
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=200),
    place=st.integers(0, 3_000),
    cut=st.integers(0, 400),
)
def test_a_broken_feed_gives_papers_rejections_or_an_error(running_server, text, place, cut):
    whole = feed(numbered(2), 2)
    broken = whole[:place] + text + whole[place + cut :]
    running_server.play(*[reply(200, broken, ATOM)] * 9)
    try:
        entries = ask(running_server, key="query", value="all:owls", retries=RetryPolicy(5.0, ()))
    except SourceError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(entry, Paper | Rejection) for entry in entries)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_noise_gives_an_error(running_server, noise):
    running_server.play(*[Reply(200, ATOM, noise, {})] * 9)
    with pytest.raises(SourceError):
        ask(running_server, key="query", value="all:owls", retries=RetryPolicy(5.0, ()))

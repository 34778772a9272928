"""Completion of papers by Crossref and OpenAlex, against servers that answer as they do."""

import json
from contextlib import ExitStack
from datetime import date, timedelta

import pytest
from conftest import Listed, is_one_line_of_error, write_lines
from crossref_server import CrossrefService, OpenAlexService, crossref_work, openalex_work, update
from hub_server import reply_json
from hypothesis import given
from hypothesis import strategies as st
from service_server import reply, running

from ingest.backup import restore, write_backup
from ingest.completing.completing import complete
from ingest.completing.crossref import Crossref
from ingest.completing.openalex import OpenAlex
from ingest.completing.service import works_of
from ingest.completing.services import open_services
from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions
from ingest.sources.csl_json import read_csl_json
from ingest.sources.retraction import retraction_of, works_retracted_by
from ingest.sources.service import RetryPolicy
from rag.library import Library
from rag.library.merge import merged
from rag.types import Paper

AT_ONCE = RetryPolicy(timeout=10.0, pauses=(0.0,))
DAY = date(2026, 11, 30)
OWLS = Paper("Owls of the North", "", doi="10.1000/owls", key="owl1", tags=("birds",))
MICE = Paper("Mice of the South", "We count mice.", published="2020", doi="10.1000/mice")
BARE = Paper("Bees of the East", "We count bees.")
KEY = "openalex-secret"


@pytest.fixture
def servers():
    """Crossref, which knows one paper, and OpenAlex, which knows another."""
    with ExitStack() as stack:
        services = CrossrefService(crossref_work("10.1000/OWLS")), OpenAlexService(openalex_work(MICE.doi))
        yield [stack.enter_context(running(service)) for service in services]


@pytest.fixture
def services(servers):
    crossref, openalex = (f"{server.url}/" for server in servers)
    return [
        Crossref(crossref, pause=0.0, retries=AT_ONCE),
        OpenAlex(openalex, key=KEY, pause=0.0, retries=AT_ONCE),
    ]


@pytest.fixture
def shelf(library):
    ingest(library, [Listed((OWLS, MICE, BARE), "shelf")])
    return library


@pytest.fixture
def finish(shelf, services):
    """Complete all papers; what was done, and the papers."""

    def finish(**options):
        completion = complete(shelf, shelf.catalog.listed(), services, **{"day": DAY, **options})
        return completion, shelf.catalog.papers([OWLS.paper_id, MICE.paper_id, BARE.paper_id])

    return finish


def test_gaps_are_filled_and_what_was_there_stays(finish, shelf):
    completion, papers = finish()
    owls, mice = papers[OWLS.paper_id], papers[MICE.paper_id]
    assert (owls.title, owls.key, owls.tags) == (OWLS.title, OWLS.key, OWLS.tags)
    assert (owls.abstract, owls.published) == ("We count owls, p < 0.05.", "2021-05-03")
    assert owls.authors == ("Ada Ōwl", "The Owl Team")
    assert owls.csl == {
        "type": "article-journal",
        "container-title": "Journal of Owls",
        "volume": "12",
        "issue": "3",
        "page": "1-9",
        "publisher": "Owl Press",
        "ISSN": "1234-5678",
        "author": [{"family": "Ōwl", "given": "Ada"}, {"literal": "The Owl Team"}],
        "issued": {"date-parts": [[2021, 5, 3]]},
    }
    assert (mice.abstract, mice.published, mice.authors) == (MICE.abstract, "2020", ("Ada Ōwl",))
    assert mice.csl == {
        "type": "article-journal",
        "container-title": "Journal of Owls",
        "volume": "12",
        "page": "1-9",
        "language": "en",
    }  # without the date that the paper does not have
    assert papers[BARE.paper_id] == BARE
    assert (completion.completed, completion.without_doi, completion.updated) == (2, 1, 2)
    assert shelf.catalog.origins(OWLS.paper_id)["abstract"] == ["crossref"]
    assert shelf.catalog.origins(OWLS.paper_id)["csl"] == ["crossref"]
    assert not shelf.behind()


def test_only_dois_are_sent(finish, servers):
    finish()
    crossref, openalex = servers
    parts = "doi,type,language,publication_date,authorships,biblio,primary_location,is_retracted"
    dois = "10.1000/mice|10.1000/owls"
    assert [(each.path, each.parameters) for each in crossref.asked] == [
        ("/works", {"filter": "doi:10.1000/mice,doi:10.1000/owls", "rows": "2"}),
        ("/works", {"filter": "updates:10.1000/owls", "rows": "1000", "select": "DOI,update-to"}),
    ]
    assert [(each.path, each.parameters) for each in openalex.asked] == [
        (
            "/works",
            {
                "filter": f"doi:{dois}",
                "per-page": "100",
                "select": f"{parts},abstract_inverted_index",
                "api_key": KEY,
            },
        )
    ]
    for asked in (*crossref.asked, *openalex.asked):
        assert asked.headers.keys() == {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert (asked.headers["user-agent"], asked.body) == ("askpapers", b"")


def test_the_environment_gives_an_address_and_a_key(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ingest.sources.web_service.httpx.Client.send",
        lambda self, request, **_: asked.append(request.url) or httpx_response(request),
    )
    for service in open_services({"ASKPAPERS_MAILTO": "a@example.org", "OPENALEX_API_KEY": KEY}):
        works_of(service, [OWLS.doi])
    hosts = [(url.scheme, url.host, url.params.get("mailto"), url.params.get("api_key")) for url in asked]
    assert hosts == [
        ("https", "api.crossref.org", "a@example.org", None),
        ("https", "api.openalex.org", "a@example.org", KEY),
    ]


def httpx_response(request):
    import httpx

    return httpx.Response(200, json={"message": {"items": []}, "results": []}, request=request)


def test_papers_are_asked_for_once_a_month(finish, servers):
    finish()
    for server in servers:
        server.play()
    completion, _ = finish()
    assert (completion.completed, completion.recent) == (0, 2)
    assert not any(server.asked for server in servers)
    assert finish(again=True)[0].completed == 2
    assert finish(day=DAY + timedelta(days=31))[0].completed == 2


def test_what_nobody_knows_is_not_asked_for_again_until_its_doi_changes(finish, shelf, servers):
    for server in servers:
        server.service.works = {}
    completion, papers = finish()
    assert (completion.completed, completion.unknown, completion.updated) == (0, 2, 0)
    assert papers[MICE.paper_id] == MICE
    assert finish()[0].recent == 2
    servers[0].service.works = {"10.1000/other": crossref_work("10.1000/other")}
    ingest(shelf, [Listed((Paper(OWLS.title, "", doi="10.1000/other"), MICE, BARE), "shelf")])
    assert finish()[0].completed == 1


def test_a_completed_paper_follows_its_sources(finish, shelf):
    """What a source says later goes before, and a completion of another DOI no longer counts."""
    finish()
    ingest(shelf, [Listed((Paper(OWLS.title, "Ours.", doi=OWLS.doi), MICE, BARE), "shelf")])
    (paper,) = shelf.catalog.browse("owls")
    assert (paper.abstract, paper.published) == ("Ours.", "2021-05-03")
    records = [("crossref", Paper("x", "", doi="10.1000/y", published="1999")), ("shelf", OWLS)]
    assert merged(records) == OWLS


def test_what_completes_a_paper_is_no_reason_to_take_it_for_another(finish, shelf):
    """Crossref's year is 2021; a source that has no DOI says 2020."""
    finish()
    ingest(shelf, [Listed((Paper(OWLS.title, "Ours.", published="2020"),), "other")])
    (paper,) = shelf.catalog.browse("owls")
    assert (paper.published, paper.abstract) == ("2020", "Ours.")


def test_a_backup_keeps_what_completed_papers(finish, shelf, tmp_path, encoder):
    _, papers = finish()
    with (tmp_path / "backup.jsonl").open("wb") as file:
        write_backup(shelf.catalog, file)
    restore(tmp_path / "copy", tmp_path / "backup.jsonl")
    with Library(tmp_path / "copy", encoder) as copy:
        assert copy.catalog.papers(papers) == papers
        assert copy.catalog.digest() == shelf.catalog.digest()


@pytest.mark.parametrize(
    ("work", "notice", "evidence"),
    [
        ({"updated-by": [update("10.1000/n", "correction"), update("10.1000/N")]}, None, "10.1000/n"),
        ({"updated-by": [update("10.1000/n", "removal", "retraction-watch")]}, None, "10.1000/n"),
        ({"updated-by": [update("10.1000/owls")]}, None, "2022-07-01"),
        ({"updated-by": [{"type": "withdrawal"}]}, None, "retracted"),
        ({"updated-by": [update("10.1000/n", "expression_of_concern")]}, None, None),
        ({}, crossref_work("10.1000/n", **{"update-to": [update("10.1000/OWLS")]}), "10.1000/n"),
        ({}, crossref_work("10.1000/n", **{"update-to": [update("10.1000/owls", "correction")]}), None),
        ({"update-to": [update("10.1000/other")]}, None, None),  # a notice is not retracted
    ],
)
def test_retractions_are_read_from_the_work_and_from_the_notice(finish, servers, work, notice, evidence):
    servers[0].service = CrossrefService(
        crossref_work("10.1000/owls", **work), *([notice] if notice else [])
    )
    completion, papers = finish()
    assert papers[OWLS.paper_id].retracted == evidence
    assert [paper.by for paper in completion.retracted] == ([evidence] if evidence else [])


def test_a_saved_list_of_crossrefs_says_what_is_retracted(tmp_path):
    work = crossref_work("10.1000/owls", **{"updated-by": [update("10.1000/n")]})
    file = tmp_path / "works.json"
    file.write_text(json.dumps({"items": [work]}))
    assert [paper.retracted for paper in read_csl_json(file, "works", ReadOptions())] == ["10.1000/n"]


def test_openalex_says_that_a_paper_is_retracted(finish, servers):
    servers[1].service.works = {MICE.doi: openalex_work(MICE.doi, is_retracted=True)}
    completion, papers = finish()
    assert papers[MICE.paper_id].retracted == "retracted"
    assert [paper.title for paper in completion.retracted] == [MICE.title]
    assert finish(again=True)[0].retracted == []


def test_a_work_that_has_moved_on_its_server_is_followed(services, servers):
    odd = "10.1000/a,b"
    servers[1].service = OpenAlexService(openalex_work(odd))
    servers[1].play(reply(301, Location="/works/doi:10.1000%2Fa%2Cb"))
    assert works_of(services[1], [odd]).keys() == {odd}
    assert [each.path for each in servers[1].asked] == ["/works/doi:10.1000%2Fa%2Cb"] * 2


words = st.sampled_from(["one", "two words"])
texts = words | st.just("")
some_papers = st.builds(
    Paper,
    title=st.sampled_from(["Owls", "Owls of the North"]),
    abstract=texts,
    published=st.sampled_from([None, "2020", "2021-05"]),
    authors=st.lists(words, max_size=2),
    doi=st.sampled_from([None, "10.1000/owls"]),
    key=st.sampled_from([None, "owl"]),
    tags=st.lists(words, max_size=2),
    note=texts,
    retracted=st.sampled_from([None, "10.1000/n"]),
    csl=st.dictionaries(st.sampled_from(["volume", "page"]), words),
)


@given(st.lists(some_papers, min_size=1, max_size=3), st.lists(some_papers, max_size=2))
def test_completion_adds_and_never_changes(own, completing):
    services = list(zip(("crossref", "openalex"), completing, strict=False))
    records = [*((f"source {number}", record) for number, record in enumerate(own)), *services]
    before, after = merged(records[: len(own)]).to_dict(), merged(records).to_dict()
    assert before.pop("csl").items() <= after["csl"].items()
    never = {"title", "key", "tags", "collections", "note", "doi"}
    kept = {name: value for name, value in before.items() if name in never or value not in (None, "", [])}
    assert kept == {name: after[name] for name in kept}
    assert merged([*services[::-1], *records[: len(own)]]).to_dict() == after


def test_dois_that_a_list_cannot_hold_are_asked_for_alone(servers, services):
    odd, refused = "10.1000/a,b|c", "10.1002/(sici)1097-0258(1998)17:15/16<1661::aid>3.0.co;2-2"
    dois = [*(f"10.1000/{number}" for number in range(5)), refused, odd, "10.1000/gone,1"]
    servers[0].service = CrossrefService(*map(crossref_work, dois[:-1]))
    servers[0].service.refused = {refused}
    servers[1].service = OpenAlexService(*map(openalex_work, dois[:-1]))
    for service in services:
        assert works_of(service, dois).keys() == set(dois[:-1])


def test_a_doi_that_is_refused_even_alone_spoils_no_other(finish, servers):
    servers[0].service.refused = {MICE.doi}
    completion, papers = finish()
    assert (completion.completed, completion.failed, completion.problems) == (2, 0, [])
    assert papers[OWLS.paper_id].abstract


@pytest.mark.parametrize(
    "broken",
    [
        reply(500),
        reply(429, Retry_After="3600"),
        reply(403),
        reply(200, "<title>Sign in</title>"),
        reply(200, "{", "application/json"),
        reply_json({"message": {"items": 3}}),
        reply(302, Location="http://127.0.0.2:1/"),
        reply(400),
    ],
    ids=lambda broken: f"{broken.status} {broken.body[:9]!r}",
)
def test_a_service_that_fails_is_left_out_and_the_other_goes_on(finish, servers, broken):
    servers[0].service = lambda _: broken
    completion, papers = finish()
    assert papers[MICE.paper_id].authors == ("Ada Ōwl",)
    assert completion.failed == 0 and completion.completed + completion.unknown == 2
    (problem,) = completion.problems
    assert problem.startswith("Crossref ") and "\n" not in problem
    servers[1].service = lambda _: broken
    completion, _ = finish(again=True)
    assert (completion.failed, len(completion.problems)) == (2, 2)
    assert KEY not in str(completion)


def test_the_next_run_asks_only_the_service_that_failed(finish, servers):
    crossref, openalex = servers
    working, crossref.service = crossref.service, lambda _: reply(503)
    finish()
    crossref.service = working
    for server in servers:
        server.play()
    completion, papers = finish()
    assert papers[OWLS.paper_id].abstract and completion.completed == 1
    assert crossref.asked and not openalex.asked


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("10./-ab", max_size=9),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text("ab", max_size=2), values, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(crossref_work("") | {"updated-by": []})), anything)
def test_any_value_in_a_work_of_crossrefs_is_read_or_left_out(name, value):
    work = crossref_work("10.1000/owls") | {name: value}
    read_as("crossref", {"message": {"items": [work]}})
    assert retraction_of(work) is None or isinstance(retraction_of(work), str)
    assert isinstance(dict(works_retracted_by(work)), dict)


@given(st.sampled_from(sorted(openalex_work(""))), anything)
def test_any_value_in_a_work_of_openalexs_is_read_or_left_out(name, value):
    read_as("openalex", {"results": [openalex_work("10.1000/owls") | {name: value}]})


def read_as(source, answer):
    """The record of the first work of an answer."""
    from ingest.completing.records import completing_record

    class Canned:
        def ask(self, path, parameters, read):
            return read(json.dumps(answer).encode())

    service = Crossref() if source == "crossref" else OpenAlex()
    service._web = Canned()
    for fields in service.listed([OWLS.doi]).values():
        record = completing_record(OWLS, source, fields, DAY)
        assert (record.title, record.doi, record.paper_id) == (OWLS.title, OWLS.doi, OWLS.paper_id)


def test_a_large_answer_is_kept_within_bounds(finish, servers, monkeypatch):
    many = [{"given": "Ada", "family": f"Owl {number}"} for number in range(6000)]
    long = crossref_work("10.1000/owls", author=many, abstract="owls " * 9000)
    servers[0].service = CrossrefService(long)
    _, papers = finish()
    assert (len(papers[OWLS.paper_id].authors), papers[OWLS.paper_id].abstract) == (6000, "")
    for most, failing in ((1000, []), (10, ["Crossref", "OpenAlex"])):
        monkeypatch.setattr("ingest.sources.web_service.LARGEST_ANSWER", most)
        completion, unchanged = finish(again=True)
        assert [problem.split(" sends")[0] for problem in completion.problems] == failing
        assert unchanged == papers


@pytest.fixture
def bound(monkeypatch, services):
    monkeypatch.setattr("ingest.completing.services.open_services", lambda: services)


RECORDS = [
    {"title": paper.title, "abstract": paper.abstract or None, "doi": paper.doi}
    for paper in (OWLS, MICE, BARE)
]


@pytest.mark.usefixtures("bound", "home")
def test_the_commands_complete_only_where_they_are_told(run, tmp_path, servers):
    file = write_lines(tmp_path / "papers.jsonl", RECORDS)
    code, out, _ = run("ingest", file)
    assert code == 0 and "asked for" not in out
    assert not any(server.asked for server in servers)
    code, out, _ = run("ingest", file, "--complete")
    assert code == 0
    assert "2 papers asked for: 2 completed, 1 without a DOI; 2 updated" in out
    code, out, _ = run("library", "complete", "mice", "--again", "--json")
    assert (code, json.loads(out)["completed"]) == (0, 1)
    assert servers[0].asked[-1].parameters["filter"] == "doi:10.1000/mice"
    code, out, _ = run("ingest", file, "--complete", "--json")
    assert json.loads(out)["completion"]["recent"] == 2
    for server in servers:
        server.service = lambda _: reply(503)
    code, out, _ = run("library", "complete", "--again")
    assert code == 1 and "Crossref is busy or out of order (HTTP 503)" in out
    assert is_one_line_of_error(
        run("library", "complete", "--paper", "nothing"), "no paper in the library is"
    )

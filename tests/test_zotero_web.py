"""Papers from a library on Zotero's server: against a server that answers as it does."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from named_sources import names_to_sources
from service_server import ServiceServer, reply, running
from small_pdfs import paper as pdf_of
from zotero_server import OBJECTS, ZoteroService

from ingest.pipeline import ingest
from ingest.sources.base import Rejection
from ingest.sources.service import RetryPolicy
from ingest.sources.zotero.server import ZoteroServer
from ingest.sources.zotero.web import ZoteroWebSource
from rag.errors import SourceError
from rag.types import Paper

AT_ONCE = RetryPolicy(timeout=5.0, pauses=(0.0, 0.0), longest_pause=2.0)
KEY = "ThisIsASecretKey123"


@pytest.fixture(scope="module")
def running_server() -> Iterator[ServiceServer]:
    with running(ZoteroService()) as server:
        yield server


@pytest.fixture(scope="module")
def storage() -> Iterator[ServiceServer]:
    with running(ZoteroService()) as server:
        yield server


@pytest.fixture
def server(running_server, storage):
    running_server.service = ZoteroService(storage=storage.url)
    storage.service.files = running_server.service.files
    running_server.play()
    storage.play()
    return running_server


def source_at(server, collection="", owner="users/123", key="", retries=AT_ONCE, *, pdf=False):
    return ZoteroWebSource(owner, collection, pdf, ZoteroServer(server.url, key, retries))


def papers(server, *arguments, **options):
    entries = source_at(server, *arguments, **options).read()
    return [entry for entry in entries if isinstance(entry, Paper)]


def failure(server, *arguments, **options):
    """The error of a source, after checking that it is one line without the key."""
    with pytest.raises(SourceError) as caught:
        list(source_at(server, *arguments, **options).read())
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_a_paper_is_read_with_all_that_the_server_knows(server):
    service = server.service
    thesis = service.collection("Thesis")
    key = service.item(
        title="Ledgers of Owls",
        abstractNote="We count owls.",
        date="May 3, 2021",
        proceedingsTitle="Owls '21",
        DOI="10.1000/owls",
        extra="Citation Key: owl2021",
        creators=[
            {"creatorType": "author", "firstName": "Ada", "lastName": "Owl"},
            {"creatorType": "editor", "name": "Owl Lab"},
        ],
        tags=[{"tag": "owls"}, {"tag": "night", "type": 1}],
        collections=[service.collection("Chapter 2", thesis), "GONE"],
    )
    service.items[-1]["meta"] = {"parsedDate": "2021-05-03"}
    service.item("note", parentItem=key, note="<p>Mine &amp; <script>not</script>yours</p>")
    service.item("note", parentItem=key, note="<p>deleted</p>", deleted=1)
    pdf = service.item(
        "attachment", parentItem=key, linkMode="imported_file", contentType="application/pdf"
    )
    marks = {"parentItem": pdf, "annotationType": "highlight", "annotationPageLabel": "7"}
    service.item("annotation", annotationText="later", annotationSortIndex="2", **marks)
    service.item(
        "annotation",
        annotationText="We count",
        annotationComment="Really?",
        annotationSortIndex="1",
        **marks,
    )
    service.item("note", note="<p>alone</p>")
    (paper,) = papers(server)
    assert (paper.title, paper.published, paper.doi, paper.key) == (
        "Ledgers of Owls",
        "2021-05-03",
        "10.1000/owls",
        "owl2021",
    )
    assert (paper.authors, paper.tags, paper.collections) == (
        ("Ada Owl",),
        ("night", "owls"),
        ("Thesis/Chapter 2",),
    )
    assert paper.note == ("Mine & yours\n\nOn p. 7, “We count”: Really?\n\nHighlighted on p. 7: “later”")
    assert paper.csl["container-title"] == "Owls '21"
    assert paper.csl["editor"] == [{"literal": "Owl Lab"}]
    assert paper.csl["custom"] == {"zotero": {"key": key, "itemType": "journalArticle"}}


def test_lists_are_read_page_by_page(server):
    for number in range(7):
        server.service.item(title=f"Owl {number}")
    server.service.page = 3
    assert [paper.title for paper in papers(server)] == [f"Owl {number}" for number in range(7)]
    assert [asked.parameters["start"] for asked in server.asked[2:]] == ["0", "3", "6"]


def test_a_list_that_changes_meanwhile_is_gone_through_again(server):
    for number in range(5):
        server.service.item(title=f"Owl {number}")
    server.service.page = 2
    read = source_at(server).read()
    assert next(read).title == "Owl 0"
    del server.service.items[0]  # so that one that was not seen yet moves to the page before
    server.service.version += 1
    assert [paper.title for paper in read] == ["Owl 1", "Owl 3", "Owl 4", "Owl 2"]


def test_a_list_that_changes_all_the_time_is_an_error(server):
    """Else what was missed would be taken for gone."""
    service, service.page = server.service, 1
    for number in range(3):
        service.item(title=f"Owl {number}")

    def unsteady(asked):
        service.version += 1
        return service(asked)

    server.service = unsteady
    assert "changes all the time" in failure(server)


def test_a_collection_bounds_what_is_read(server):
    thesis = server.service.collection("Thesis")
    inner = server.service.collection("Methods", thesis)
    for title, keys in (("One", [thesis]), ("Two", [inner]), ("Three", [])):
        server.service.item(title=title, collections=keys)
    assert [paper.title for paper in papers(server, "Thesis")] == ["One", "Two"]
    assert [paper.title for paper in papers(server, "thesis/methods")] == ["Two"]
    assert "say one of Thesis" in failure(server, "Thesys")


def test_pdfs_come_only_if_they_are_asked_for(server, storage, library):
    """They lie on another server, which never gets the key."""
    service = server.service
    service.key = KEY
    key = service.item(title="Ledgers of Owls", abstractNote="We count owls.")
    pdf = service.item("attachment", parentItem=key, linkMode="imported_url", contentType="application/pdf")
    service.files[pdf] = pdf_of("Ledgers of Owls", "We count owls.", "A night has 17 owls.")
    ingest(library, [source_at(server, key=KEY)])
    assert not storage.asked
    report = ingest(library, [source_at(server, key=KEY, pdf=True)])
    assert report.rejected == []
    (paper,) = library.catalog.papers([*library.catalog.find(["Ledgers of Owls"]).values()]).values()
    assert paper.file
    assert len(storage.asked) == 1
    assert "zotero-api-key" not in storage.asked[0].headers
    ingest(library, [source_at(server, key=KEY, pdf=True)])  # the library has it
    assert len(storage.asked) == 1


def test_a_pdf_that_is_none_is_said(server, library):
    key = server.service.item(title="Ledgers of Owls")
    pdf = server.service.item(
        "attachment", parentItem=key, linkMode="imported_file", contentType="application/pdf"
    )
    report = ingest(library, [source_at(server, pdf=True)])
    assert report.added == 1
    assert "does not have the PDF" in report.rejected[0].reason
    server.service.files[pdf] = b"<html>Sign in</html>"
    report = ingest(library, [source_at(server, pdf=True)])
    assert "sends no PDF" in report.rejected[0].reason


def test_a_group_has_its_own_library(server):
    server.service.owner = "groups/77"
    server.service.item(title="Owls")
    assert [paper.title for paper in papers(server, owner="groups/77")] == ["Owls"]
    assert "nothing of this number" in failure(server)


def test_without_the_key_it_is_said_which_is_needed(server):
    server.service.key = KEY
    server.service.item(title="Owls")
    assert "set ZOTERO_API_KEY" in failure(server)
    assert "the key of ZOTERO_API_KEY" in failure(server, key="AnotherKey")
    assert len(papers(server, key=KEY)) == 1
    assert KEY not in repr(source_at(server, key=KEY))


def test_the_server_sets_the_pace(server):
    server.service.backoff = "1"
    server.service.item(title="Owls")
    assert len(papers(server)) == 1
    assert all(after.at - before.at >= 0.9 for before, after in pairwise(server.asked))
    server.service.backoff = ""
    server.play(reply(429, Retry_After="1"), reply(503))
    started = time.monotonic()
    assert len(papers(server)) == 1
    assert time.monotonic() - started >= 0.9
    server.play(reply(429, Retry_After="3600"))
    assert "run it again in 3600 s" in failure(server)


@pytest.mark.parametrize(
    "odd",
    [
        reply(200, "<html>Sign in</html>"),
        reply(200, json.dumps({"key": "A"}), OBJECTS),
        reply(200, json.dumps([{"key": 1}]), OBJECTS),
        reply(200, "[" * 100_000, OBJECTS),
        reply(301, Location="http://127.0.0.1:1/"),
    ],
    ids=["page", "object", "keys", "deep", "elsewhere"],
)
def test_what_is_no_list_is_one_line_of_error(server, odd):
    server.play(*[odd] * 3)
    assert "run it again" in failure(server)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["title", "creators", "tags", "collections", "note", "itemType", "deleted", "date"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=3,
        ),
    )
)
def test_any_item_is_a_paper_or_a_rejection(running_server, data):
    running_server.play()
    running_server.service = ZoteroService()
    running_server.service.items.append({"key": "A", "data": {"itemType": "book", **data}})
    entries = list(source_at(running_server).read())
    assert all(isinstance(entry, Paper | Rejection) for entry in entries)


def test_names_lead_to_the_server_of_the_environment(server, monkeypatch):
    monkeypatch.setenv("ZOTERO_API", f"{server.url}/")
    monkeypatch.setenv("ZOTERO_API_KEY", KEY)
    for name, owner, collection, pdf in [
        ("zotero:123", "users/123", "", False),
        ("zotero:123/Thesis/Chapter 2;pdf", "users/123", "Thesis/Chapter 2", True),
        ("zotero:groups/77", "groups/77", "", False),
    ]:
        (source,) = names_to_sources([name])
        expected = ZoteroWebSource(owner, collection, pdf, ZoteroServer(server.url, KEY))
        assert (source, source.name) == (expected, name)
    monkeypatch.setenv("ZOTERO_API_KEY", f"{KEY}\nX: y")
    with pytest.raises(SourceError, match="no key of Zotero's") as caught:
        names_to_sources(["zotero:123"])
    assert KEY not in str(caught.value)
    monkeypatch.setenv("ZOTERO_API_KEY", "")
    monkeypatch.setenv("ZOTERO_API", "file:///etc")
    with pytest.raises(SourceError, match="ZOTERO_API is no address"):
        names_to_sources(["zotero:123"])


def test_the_stamp_is_the_version_of_the_library(server):
    source = source_at(server)
    assert source.stamp == "10"
    server.service.version = 11
    assert source.stamp == "11"
    assert source_at(server, owner="users/9").stamp is None

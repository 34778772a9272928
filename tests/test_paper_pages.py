"""The pages of papers as they are served: by id alone, to those who are let in, and as they were read."""

import hashlib
import io
import json
import threading
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from two_columns import ABSTRACT, HEIGHT, OTHER_QUOTE, QUOTE, TITLE, WIDTH, write_paper

from ingest.chunking import split_abstract
from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.library import Library
from rag.types import Citation, Paper
from ui.web.door import papers
from ui.web.door.guard import Guard, Hosts
from ui.web.door.papers import WIDTHS, PaperPages
from ui.web.door.routes import Routes, page_routes
from ui.web.door.signin import SignIn
from ui.web.door.unread import Unread
from ui.web.originals import CHANGED, GONE
from ui.web.viewing import around, excerpts, spans_in_body

PASSWORD = "correct horse"
WITHOUT = Paper("Owls by Ear: Counting at Night", "Owls call at night, and we count those that we hear.")
POLICY = "default-src 'none'; sandbox"


@pytest.fixture(scope="module")
def made(tmp_path_factory, encoder):
    """A library of a paper with a PDF and of one without."""
    folder = tmp_path_factory.mktemp("pages")
    write_paper(folder / "moths.pdf")
    with Library.create(folder / "library", encoder) as library:
        report = ingest(library, [FileSource(folder / "moths.pdf")])
        assert report.added == 1, report.rejected
        library.catalog.recorder(split_abstract).put([WITHOUT], "here")
        yield library


@pytest.fixture
def library(made):
    """The library, whose PDF is put back as it was."""
    path = Path(pdf_of(made))
    content = path.read_bytes()
    yield made
    path.write_bytes(content)


def paper_of(library):
    (paper,) = (paper for paper in library.catalog.browse(most=9) if paper.title == TITLE)
    return library.catalog.with_bodies([paper])[0]


def pdf_of(library):
    return library.catalog.files.known([paper_of(library).file])[paper_of(library).file].path


def door(library, password=None):
    async def forget(session):
        pass

    routes = page_routes(["ask"], True)
    middleware = [
        Middleware(Guard, hosts=Hosts.for_address("127.0.0.1")),
        Middleware(SignIn, password=password, port=1),
        Middleware(Routes, routes=routes, uploads=Path("/nowhere"), unread=Unread(forget)),
    ]
    app = Starlette(routes=PaperPages(lambda: library).routes, middleware=middleware)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def view_of(library, spans="", **changes):
    paper = paper_of(library)
    query = {"version": paper.file[:16], "spans": spans} | changes
    return door(library).get(f"/papers/{paper.paper_id}/view", params=query)


def span_of(library, quote):
    start = paper_of(library).body.text.index(quote)
    return start, start + len(quote)


def test_a_page_is_a_picture_of_one_of_a_few_widths(library):
    client, address = door(library), f"/papers/{paper_of(library).paper_id}/pages/2"
    for asked, width in ((None, WIDTHS[0]), (1, WIDTHS[0]), (601, WIDTHS[1]), (99_999, WIDTHS[-1])):
        answer = client.get(address, params={"width": asked} if asked else {})
        assert answer.status_code == 200
        image = Image.open(io.BytesIO(answer.content))
        assert image.format == answer.headers["content-type"].removeprefix("image/").upper()
        assert image.width == pytest.approx(width, abs=2)
        assert image.height / image.width == pytest.approx(HEIGHT / WIDTH, abs=0.01)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "private" in answer.headers["cache-control"]


@pytest.mark.parametrize("page", ["0", "3", "99999", "100000", "-1", "x", "1/x", ""])
def test_a_page_that_is_not_there_is_not_found(library, page):
    assert door(library).get(f"/papers/{paper_of(library).paper_id}/pages/{page}").status_code == 404


def test_an_id_may_have_slashes_and_spaces(library):
    other = Paper(
        "A Paper with a DOI", "It has an abstract.", doi="10.1000/a/b", file=paper_of(library).file
    )
    library.catalog.recorder(split_abstract).put([other], "here")
    try:
        for spelling in ("10.1000%2Fa%2Fb", "10.1000/a/b"):
            assert door(library).get(f"/papers/{spelling}/pages/1").status_code == 200
            answer = door(library).get(f"/papers/{spelling}/pdf")
            assert answer.headers["content-disposition"] == 'inline; filename="10.1000-a-b.pdf"'
    finally:
        library.catalog.remove([other.paper_id])


@pytest.mark.parametrize("width", ["", "-1", "x", "1e3", "9" * 20, "１"])
def test_a_width_is_a_number(library, width):
    address = f"/papers/{paper_of(library).paper_id}/pages/1"
    assert door(library).get(address, params={"width": width}).status_code == 404


def test_the_pdf_is_given_as_it_is_whole_and_in_parts(library):
    client, address = door(library), f"/papers/{paper_of(library).paper_id}/pdf"
    answer, content = client.get(address), Path(pdf_of(library)).read_bytes()
    assert answer.content == content
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{paper_of(library).paper_id}.pdf"'
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "private" in answer.headers["cache-control"]
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == content[10:20]
    assert client.head(address).headers["content-length"] == str(len(content))
    assert client.post(address).status_code == 404


@pytest.mark.parametrize(
    "name", ["unknown", "../moths.pdf", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "%00", "a" * 5000]
)
def test_only_ids_of_the_library_lead_to_files(library, name):
    for what in ("pdf", "view", "pages/1"):
        assert door(library).get(f"/papers/{name}/{what}").status_code == 404
    for path in (pdf_of(library), paper_of(library).file):
        assert door(library).get(f"/papers/{path}/pdf").status_code == 404


def test_a_paper_without_a_file_has_no_pages(library):
    for what in ("pdf", "view", "pages/1"):
        answer = door(library).get(f"/papers/{WITHOUT.paper_id}/{what}")
        assert answer.status_code == 404
        assert "has no PDF" in answer.text


def test_nothing_is_shown_without_the_password(library):
    client, address = door(library, PASSWORD), f"/papers/{paper_of(library).paper_id}"
    for what in ("pdf", f"view?version={paper_of(library).file[:16]}", "pages/1"):
        assert client.get(f"{address}/{what}").status_code == 401
        assert client.get(f"/papers/unknown/{what}").status_code == 401
    client.post("/login", data={"password": PASSWORD})
    for what in ("pdf", f"view?version={paper_of(library).file[:16]}", "pages/1"):
        assert client.get(f"{address}/{what}").status_code == 200


def test_other_sites_get_nothing(library):
    address = f"/papers/{paper_of(library).paper_id}/pdf"
    assert door(library).get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert door(library).get(address, headers={"Host": "evil.example"}).status_code == 421


def test_the_view_has_the_pages_and_the_quotes_with_their_boxes(library):
    start, end = span_of(library, QUOTE)
    shown = view_of(library, f"{start}-{end}").json()
    assert shown["title"] == TITLE and shown["problem"] is None
    assert [page["caption"] for page in shown["pages"]] == ["p. 1", "p. 2, 2. Methods"]
    assert shown["pages"][0]["ratio"] == pytest.approx(WIDTH / HEIGHT)
    (quote,) = shown["quotes"]
    assert quote["text"] == QUOTE and quote["page"] == 2
    assert quote["caption"] == "p. 2, 3. Results of the summer"
    text = paper_of(library).body.text
    assert text[start - len(quote["before"]) : end + len(quote["after"])] == (
        quote["before"] + QUOTE + quote["after"]
    )
    assert len(quote["boxes"]) == 4
    assert all(0 < box[side] < 1 for box in quote["boxes"] for side in ("left", "top", "width", "height"))


@pytest.mark.parametrize(
    "spans", ["x", "5", "5-", "9-5", "5-5", "-5-9", "0-9.", "0-99999999", "0-20001", ".".join(["0-9"] * 17)]
)
def test_spans_that_are_none_are_not_found(library, spans):
    assert view_of(library, spans).status_code == 404


def test_a_paper_that_has_another_file_by_now_is_told(library):
    answer = view_of(library, "0-9", version="0" * 16)
    assert answer.status_code == 409
    assert "ask again" in answer.text


def test_a_file_that_is_gone_or_has_changed_is_told_and_its_text_is_shown(library):
    path, address = Path(pdf_of(library)), f"/papers/{paper_of(library).paper_id}"
    start, end = span_of(library, QUOTE)
    assert door(library).get(f"{address}/pdf").status_code == 200
    for change, problem in ((lambda: path.write_bytes(b"%PDF-1.4 other"), CHANGED), (path.unlink, GONE)):
        change()
        shown = view_of(library, f"{start}-{end}").json()
        assert shown["problem"] == problem
        assert shown["quotes"][0]["text"] == QUOTE
        for what in ("pdf", "pages/1"):
            answer = door(library).get(f"{address}/{what}")
            assert answer.status_code == 404
            assert str(path.parent) not in answer.text + json.dumps(dict(answer.headers))


def test_a_file_is_hashed_once_until_it_changes(library, monkeypatch):
    pages, hashed = PaperPages(lambda: library), []
    digest = hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *file: hashed.append(file) or digest(*file))
    client = TestClient(Starlette(routes=pages.routes, middleware=[Middleware(SignIn, None, 1)]))
    address = f"/papers/{paper_of(library).paper_id}/pdf"
    assert [client.get(address).status_code for _ in range(3)] == [200] * 3
    assert len(hashed) == 1
    path = Path(pdf_of(library))
    path.write_bytes(path.read_bytes() + b"\n")
    assert client.get(address).status_code == 404
    assert len(hashed) == 2


def test_so_many_pages_are_asked_for_at_once_and_no_more(library, monkeypatch):
    """Else one visitor would hold up the others, and each request takes a thread."""
    let_go, waiting = threading.Event(), threading.Semaphore(0)

    def slow(path, page, width):
        waiting.release()
        let_go.wait(30)
        raise papers.PdfError("is slow")

    monkeypatch.setattr(papers, "picture", slow)
    monkeypatch.setattr(papers, "MOST_OF_ONE", 2)
    address = f"/papers/{paper_of(library).paper_id}/pages/1"
    with door(library) as client:
        threads = [threading.Thread(target=client.get, args=[address]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert waiting.acquire(timeout=30)
        answer = client.get(address)
        let_go.set()
        for thread in threads:
            thread.join()
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert client.get(address).status_code == 404  # there is room again


# The text around a quote


def test_the_text_around_a_quote_is_of_its_section_and_cut_between_words(library):
    body = paper_of(library).body
    for quote, heading in ((QUOTE, "3. Results of the summer"), (OTHER_QUOTE, "4. Weather")):
        start, end = span_of(library, quote)
        first, last = around(body, (start, end))
        assert first < start and end < last
        assert start - first <= 280 and last - end <= 280
        assert heading not in body.text[first:last]
        assert body.section_of(first) == body.section_of(last - 1) == heading
        assert body.text[first - 1].isspace() and (last == len(body.text) or body.text[last].isspace())


def test_the_first_sentence_of_a_section_has_nothing_of_the_one_before(library):
    body = paper_of(library).body
    start = body.text.index("4. Weather") + len("4. Weather\n\n")
    assert around(body, (start, start + 20))[0] == start


def test_quotes_that_are_near_each_other_share_an_excerpt(library):
    body = paper_of(library).body
    start, end = span_of(library, QUOTE)
    spans = {0: (start, end), 1: (start + 4, start + 16), 2: span_of(library, OTHER_QUOTE)}
    first, second = excerpts(body, spans)
    assert (set(first.spans), set(second.spans)) == ({0, 1}, {2})
    for place, (begin, stop) in spans.items():
        pieces = [
            piece.text for part in (first, second) for piece in part.segments if place in piece.places
        ]
        assert "".join(pieces) == body.text[begin:stop]
    assert second.caption == "p. 2, 4. Weather"


def test_words_of_the_abstract_are_found_in_the_body_however_they_are_spaced(library):
    body = paper_of(library).body
    spaced = ABSTRACT.replace(" ", "\n  ").replace("valleys", "val-\nleys").upper()
    quotes = {
        place: Citation(1, "", "", None, None, text, 0, len(text))
        for place, text in enumerate((spaced, "Nothing of it.", "—"))
    }
    spans = spans_in_body(body, quotes)
    assert set(spans) == {0}
    assert body.text[slice(*spans[0])] == ABSTRACT.rstrip(".")

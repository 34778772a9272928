"""Vectors on a Chroma server: as in the folder, for several processes, through all that a server can do."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from chroma_process import ChromaProcess, opened_door
from conftest import Halved

from ingest.pipeline import ingest
from rag.errors import DamagedError, IndexServerError, WrongEncoderError
from rag.library import Library
from rag.library.chroma_api import ChromaClient
from rag.library.chroma_server import ChromaServer
from rag.retrieval import Retriever
from rag.types import Filters, Paper

pytestmark = pytest.mark.slow  # a server starts in two seconds, and is killed again and again

ROOT = Path(__file__).parents[1]
SECRET = "tok-5f2c9"
TOPICS = ("owls", "bees", "rivers", "glaciers", "grammars", "proteins", "poems", "bridges")
QUERIES = ("owls are birds", "how languages are parsed", "ice", "insects 2021")


class Listed:
    """A source of papers that are at hand."""

    name = "listed"

    def __init__(self, papers):
        self.papers = papers

    def read(self):
        yield from self.papers


class Acting:
    """The real encoder; it counts texts, and at one call of `encode` does something before."""

    def __init__(self, encoder, at=None, act=None):
        self.encoder, self.at, self.act, self.calls, self.texts = encoder, at, act, 0, []
        self.name, self.dimension = encoder.name, encoder.dimension

    def encode(self, texts):
        self.calls += 1
        if self.calls == self.at:
            self.act()
        self.texts += texts
        return self.encoder.encode(texts)


def paper(topic, year=None):
    return Paper(f"A Study of {topic}", f"It says how {topic} are counted in the field.", year)


PAPERS = [paper(topic, str(2015 + n) if n % 3 else None) for n, topic in enumerate(TOPICS)]
MANY = [paper(f"{topic} in region {n}") for n in range(25) for topic in TOPICS]  # four batches


def bring(library, papers=PAPERS):
    return ingest(library, [Listed(papers)])


def found(library, query):
    return [hit.paper.title for hit in Retriever(library).search(query)]


def is_well(library):
    return (library.behind(), library.verify()) == (0, [])


def collections(process):
    with closing(ChromaClient(ChromaServer(process.url))) as api:
        return {model.name for model in api.list_collections()}


def collection_name(library):
    (mark, _) = (library.folder / "dense.id").read_text().split()
    return f"askpapers-{mark}"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    process = ChromaProcess(tmp_path_factory.mktemp("chroma"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def own_process(tmp_path):
    """A server of the test's own, which it may kill."""
    process = ChromaProcess(tmp_path / "chroma")
    process.start()
    yield process
    process.kill()


@pytest.fixture
def server(process):
    return ChromaServer(process.url)


@pytest.fixture
def shared(tmp_path, encoder, server):
    """A library whose vectors are on the server."""
    with Library.create(tmp_path / "shared", encoder, server) as library:
        yield library


@pytest.fixture
def door(process):
    with opened_door(process.port) as door:
        yield door


@pytest.fixture
def api(door):
    """Chroma's client, behind the door."""
    with closing(ChromaClient(ChromaServer(door.url, SECRET))) as api:
        yield api


def run(library, server, *arguments, **environment):
    """Run the program on a library with a server."""
    command = [sys.executable, "-m", "ui.cli", *map(str, arguments), "--library", str(library)]
    variables = os.environ | {"ASKPAPERS_CHROMA_URL": server.url} | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_searches_are_those_of_the_folder(shared, library, encoder):
    for each in (shared, library):
        assert found(each, "owls") == []
        bring(each)
    for vector in encoder.encode(QUERIES):
        for filters in (Filters(), Filters(from_year=2017), Filters(to_year=2020, from_year=2016)):
            there = shared.dense.search(vector, 5, filters)
            here = library.dense.search(vector, 5, filters)
            assert [hit[:2] for hit in there] == [hit[:2] for hit in here]
            assert [hit[2] for hit in there] == pytest.approx([hit[2] for hit in here], abs=1e-6)
    assert shared.dense.held() == library.dense.held()
    assert shared.dense.count() == len(PAPERS)


def test_of_the_vectors_only_the_name_is_in_the_folder(shared):
    bring(shared)
    assert {path.name for path in shared.folder.glob("dense*")} == {"dense.id"}
    assert is_well(shared)


def test_changes_and_removals_are_followed(shared):
    bring(shared)
    changed = Paper(PAPERS[0].title, "Now it is about lighthouses.", "1999")
    bring(shared, [changed])
    assert found(shared, "lighthouses")[0] == changed.title
    assert shared.remove([PAPERS[1].title]) == 1
    assert PAPERS[1].title not in found(shared, "bees")
    assert is_well(shared)


def test_a_passage_that_is_lost_or_altered_is_seen(shared, process):
    bring(shared)
    (first, second, *_) = sorted(shared.dense.held())
    with closing(ChromaClient(ChromaServer(process.url))) as api:
        collection = api.find(collection_name(shared))
        collection.delete([f"{first}#0"])
        collection.update([f"{second}#0"], metadatas=[{"year": 1800}])
    assert [problem for problem in shared.verify() if "dense" in problem] == [
        f"{first}: missing in dense",
        f"{second}: not as in the catalog in dense",
    ]
    shared.reindex()
    assert is_well(shared)


def test_reset_takes_this_librarys_collection_alone(shared, process, tmp_path, encoder, server):
    with Library.create(tmp_path / "other", encoder, server) as other:
        bring(shared)
        bring(other)
        before = collections(process)
        shared.dense.reset()
        assert len(before - collections(process)) == 1
        assert shared.behind() == len(PAPERS)
        assert is_well(other)
        shared.sync()
        assert is_well(shared)


def test_another_process_reads_and_writes_the_same(shared, server, tmp_path):
    assert found(shared, "owls") == []
    page = tmp_path / "papers.jsonl"
    page.write_text("".join(json.dumps({"title": p.title, "abstract": p.abstract}) + "\n" for p in PAPERS))
    done = run(shared.folder, server, "ingest", page)
    assert done.returncode == 0, done.stderr
    assert found(shared, "owls are counted")[0] == "A Study of owls"  # at once
    assert (shared.dense.count(), is_well(shared)) == (len(PAPERS), True)

    bring(shared, [paper("lighthouses")])
    told = json.loads(run(shared.folder, server, "search", "lighthouses", "--json").stdout)
    assert told["hits"][0]["title"] == "A Study of lighthouses"
    told = json.loads(run(shared.folder, server, "library", "info", "--json").stdout)
    assert (told["papers"], told["behind"]) == (len(PAPERS) + 1, 0)
    assert not (shared.folder / "dense").exists()


def test_another_encoder_is_told_how_to_go_on(shared, encoder, server):
    bring(shared)
    with Library(shared.folder, Halved(encoder), server) as other:
        with pytest.raises(WrongEncoderError, match="library reindex"):
            other.behind()
        other.reindex()
        assert is_well(other)
    with pytest.raises(WrongEncoderError):
        shared.behind()


def test_a_copy_has_a_collection_of_its_own_and_a_moved_folder_keeps_it(tmp_path, encoder, server):
    counting = Acting(encoder)
    with Library.create(tmp_path / "first", counting, server) as library:
        bring(library)
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    (tmp_path / "first").rename(tmp_path / "moved")
    counting.texts.clear()
    with (
        Library(tmp_path / "copy", encoder, server) as copy,
        Library(tmp_path / "moved", counting, server) as moved,
    ):
        assert (copy.behind(), moved.behind()) == (len(PAPERS), 0)
        copy.sync()
        bring(copy, [paper("lighthouses")])
        moved.remove([PAPERS[0].title])
        assert (copy.dense.count(), moved.dense.count()) == (len(PAPERS) + 1, len(PAPERS) - 1)
        assert is_well(copy)
        assert is_well(moved)
    assert counting.texts == []


def test_a_server_that_dies_in_an_ingest_is_gone_on_with(tmp_path, encoder, own_process):
    acting = Acting(encoder, at=3, act=own_process.kill)
    with Library.create(tmp_path / "library", acting, ChromaServer(own_process.url)) as library:
        with pytest.raises(IndexServerError, match="chroma run") as raised:
            bring(library, MANY)
        assert "\n" not in str(raised.value)
        assert library.catalog.count() == len(MANY)
        with pytest.raises(IndexServerError):
            library.behind()
        own_process.start()
        applied = library.dense.count()
        assert 0 < applied < len(MANY)
        acting.texts.clear()
        library.sync()
        assert len(acting.texts) == len(MANY) - applied
        assert is_well(library)


@pytest.mark.parametrize("at", [1, 3])
def test_a_server_that_comes_back_empty_is_filled_anew(at, tmp_path, encoder, own_process):
    def lose_all():
        own_process.kill()
        shutil.rmtree(own_process.data)
        own_process.start()

    acting = Acting(encoder, at, lose_all)
    with Library.create(tmp_path / "library", acting, ChromaServer(own_process.url)) as library:
        with pytest.raises(IndexServerError, match="run the same command again"):
            bring(library, MANY)
        assert library.catalog.count() == len(MANY)
        assert library.dense.count() == 0
        report = bring(library, MANY)
        assert report.unchanged == len(MANY)
        assert is_well(library)

    lose_all()
    with Library(tmp_path / "library", encoder, ChromaServer(own_process.url)) as library:
        assert found(library, "owls")  # by the other indexes
        assert library.behind() == len(MANY)
        library.sync()
        assert is_well(library)


def test_what_is_written_behind_a_loss_is_never_taken_for_all(tmp_path, encoder, own_process):
    """Another thread's search may see the loss first: the writer still does not begin in the middle."""
    with Library.create(tmp_path / "library", encoder, ChromaServer(own_process.url)) as library:
        bring(library)
        own_process.kill()
        shutil.rmtree(own_process.data)
        own_process.start()
        (vector,) = encoder.encode(["owls"])
        assert library.dense.search(vector, 5, Filters()) == []
        last = library.catalog.changes_after(len(PAPERS) - 1, 1)
        with pytest.raises(IndexServerError, match="run the same command again"):
            library.dense.apply(last, last[-1].sequence)
        assert library.dense.checkpoint() == 0
        library.sync()
        assert is_well(library)


def test_no_server_from_the_beginning(tmp_path, encoder):
    server = ChromaServer("http://someone:hush@127.0.0.1:9/", SECRET)
    with Library.create(tmp_path / "library", encoder, server) as library:
        with pytest.raises(IndexServerError, match=r"http://127\.0\.0\.1:9 does not answer") as raised:
            bring(library)
        assert library.catalog.count() in (0, len(PAPERS))
    said = str(raised.value)
    assert "ASKPAPERS_CHROMA_URL" in said
    assert not re.search(f"hush|someone|{SECRET}|\n", said)


@pytest.mark.parametrize(
    ("header", "token", "sent"),
    [
        ("x-chroma-token", SECRET, SECRET),
        ("authorization", f"Bearer {SECRET}", f"Bearer {SECRET}"),
        ("authorization", None, "Basic dXM6aHVzaA=="),  # of us:hush
    ],
)
def test_the_token_opens_the_door_and_is_never_shown(header, token, sent, door, tmp_path, encoder):
    door.header, door.secret = header, sent
    url = door.url if token else door.url.replace("//", "//us:hush@")
    with Library.create(tmp_path / "library", encoder, ChromaServer(url, token)) as library:
        bring(library)
        assert is_well(library)
    door.secret = "another"
    server = ChromaServer(url, token)
    with Library(tmp_path / "library", encoder, server) as library:
        with pytest.raises(IndexServerError, match="ASKPAPERS_CHROMA_TOKEN") as raised:
            library.behind()
        shown = f"{raised.value} {raised.value!r} {server} {server!r} {library.dense!r}"
    assert not re.search(f"hush|{SECRET}", shown)


def test_a_short_outage_is_waited_for(door, api):
    door.replies += [(503, "text/plain", b"busy")] * 2
    assert api.get_version()
    door.replies += [(503, "text/plain", b"busy")] * 50
    with pytest.raises(IndexServerError, match="status 503"):
        api.get_version()
    assert len(door.replies) > 40  # it is not asked for ever


@pytest.mark.parametrize(
    ("status", "kind", "body", "told"),
    [
        (200, "text/html", b"<p>Welcome", "no Chroma server"),
        (404, "text/html", b"<p>Not here", "no Chroma server"),
        (302, "text/html", b"", "no Chroma server"),
        (410, "application/json", b'{"error": "Unimplemented", "message": "v1"}', "no Chroma server"),
        (403, "application/json", b'{"error": "AuthError"}', "ASKPAPERS_CHROMA_TOKEN"),
        (
            400,
            "application/json",
            f'{{"error": "QuotaError", "message": "too much\\u001b[2J\\nfor {SECRET}"}}'.encode(),
            r"QuotaError: too much\[2J for …\)",
        ),
    ],
)
def test_what_is_no_answer_is_one_line_with_a_next_step(status, kind, body, told, door, api):
    door.replies += [(status, kind, body)]
    with pytest.raises(IndexServerError, match=told) as raised:
        api.get_version()
    assert not re.search(f"\n|{SECRET}", str(raised.value))
    assert api.get_version()


def test_a_server_that_never_answers_is_not_waited_for(door):
    door.is_deaf = True
    impatient = ChromaClient(ChromaServer(door.url), seconds=0.2)
    with closing(impatient), pytest.raises(IndexServerError, match="too long"):
        impatient.get_version()
    assert len(door.seen) == 1  # nor asked again


def test_a_tenant_or_database_that_is_not_there_is_named(process, tmp_path, encoder):
    for number, names in enumerate([{"tenant": "nobody"}, {"database": "nothing"}]):
        server = ChromaServer(process.url, **names)
        with Library.create(tmp_path / str(number), encoder, server) as library:
            with pytest.raises(IndexServerError, match=next(iter(names.values()))) as raised:
                bring(library)
            assert "ASKPAPERS_CHROMA_TENANT" in str(raised.value)


def test_a_vector_that_is_none_is_seen(shared, process):
    bring(shared)
    first = min(shared.dense.held())
    with closing(ChromaClient(ChromaServer(process.url))) as api:
        api.find(collection_name(shared)).update([f"{first}#0"], [[0.0] * 384])
    assert f"{first}: missing in dense" in shared.verify()


def test_vectors_whose_files_are_gone_are_seen_in_a_folder(bundled, encoder, tmp_path):
    """Chroma goes on answering queries with what it has left."""
    folder = shutil.copytree(bundled.folder, tmp_path / "library")
    (vectors,) = (folder / "dense").glob("*-*-*")
    shutil.rmtree(vectors)
    with Library(folder, encoder) as library, pytest.raises(DamagedError, match="library reindex"):
        library.verify()

"""The encoder on a server: the real client, a real server, and a cache that pays for each text once."""

import json
import math
from dataclasses import replace

import model_server as served
import numpy as np
import pytest

from rag import (
    KeyRefusedError,
    Library,
    ModelError,
    ModelFailedError,
    ModelMissingError,
    WrongEncoderError,
    ask,
)
from rag.embedding import embedded_encoder, open_encoder
from rag.embedding.cache import VectorCache
from rag.retrieval import Retriever
from rag.settings import Settings, embedding_cache
from rag.tokens import count_tokens
from ui.cli import main

KEY = "sk-test-never-to-be-shown"
TEXTS = ["owls hunt at night", "bees dance", "glaciers retreat from the valley"]
PAPERS = [
    {"title": "A Study of Owls", "abstract": "Owls hunt at night. They hear mice under the snow."},
    {"title": "A Study of Bees", "abstract": "Bees dance for flowers. The dance tells the direction."},
]
QUESTION = "When do owls hunt?"


@pytest.fixture
def settings(server, tmp_path, monkeypatch) -> Settings:
    """Settings that name a model; the test has a user data folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    server.play(served.embeddings())
    return Settings(api_key=KEY, base_url=server.url, embedding_model="counts")


@pytest.fixture
def open_new(settings):
    """Opens a new encoder on the cache of the test, as a new process would."""
    return lambda: open_encoder(settings)


def sent(server) -> list[list[str]]:
    """The texts of each request."""
    return [request.body["input"] for request in server.requests]


def unit(text: str) -> np.ndarray:
    counts = np.array(served.vector(text))
    return counts / np.linalg.norm(counts)


def one_line(error: pytest.ExceptionInfo) -> str:
    said = str(error.value)
    assert "\n" not in said
    assert KEY not in said
    return said


def test_nothing_is_sent_before_the_first_text(open_new, server):
    encoder = open_new()
    assert encoder.name == f"counts at {server.url}"
    assert server.requests == []


def test_the_vectors_are_the_models_with_unit_length(open_new, server):
    vectors = open_new().encode(TEXTS)
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, [unit(text) for text in TEXTS], atol=1e-6)
    (request,) = server.requests
    assert (request.path, request.headers["authorization"]) == ("/v1/embeddings", f"Bearer {KEY}")
    assert request.body == {"model": "counts", "input": TEXTS, "encoding_format": "float"}


def test_the_order_is_that_of_the_texts_whatever_the_servers(open_new, server):
    server.play(served.embeddings(places=lambda count: range(count)[::-1]))
    assert np.allclose(open_new().encode(TEXTS), [unit(text) for text in TEXTS], atol=1e-6)


def test_requests_are_bounded_by_texts_and_by_tokens(open_new, server):
    short = [f"number {number}" for number in range(70)]
    assert np.allclose(open_new().encode(short), [unit(text) for text in short], atol=1e-6)
    assert [len(texts) for texts in sent(server)] == [32, 32, 6]
    server.requests.clear()
    long = [f"{'word ' * 7000}{number}" for number in range(5)]
    open_new().encode(long)
    assert [len(texts) for texts in sent(server)] == [2, 2, 1]


def test_a_text_that_is_too_long_is_cut_between_characters(open_new, server):
    open_new().encode(["🦉" * 8000, "owls " * 9000])
    for text, whole in zip(sent(server)[0] + sent(server)[-1], ["🦉" * 8000, "owls " * 9000], strict=False):
        assert whole.startswith(text)
        assert 7990 <= count_tokens(text) <= 8000


def test_a_text_without_a_visible_character_has_a_vector_and_is_never_sent(open_new, server):
    vectors = open_new().encode(["", " \n", "\ud83d", "bees"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert all(text.strip() for text in sent(server)[0])
    assert np.allclose(vectors[3], unit("bees"), atol=1e-6)


def test_no_text_gives_no_vector(open_new):
    assert open_new().encode([]).shape == (0, served.DIMENSION)


def test_repeated_texts_are_asked_once(open_new, server):
    vectors = open_new().encode(["bees", "owls", "bees", "bees"])
    assert sent(server) == [["bees", "owls"]]
    assert np.allclose(vectors, [unit(text) for text in ("bees", "owls", "bees", "bees")], atol=1e-6)


def test_what_was_asked_before_is_not_asked_again(open_new, server):
    first = open_new().encode(TEXTS)
    server.requests.clear()
    again = open_new()
    assert np.array_equal(again.encode(TEXTS[::-1]), first[::-1])
    assert again.dimension == served.DIMENSION
    assert server.requests == []
    again.encode([TEXTS[0], "new"])
    assert sent(server) == [["new"]]


def test_the_dimension_is_probed_once(open_new, server):
    assert [open_new().dimension for _ in range(2)] == [served.DIMENSION] * 2
    assert len(server.requests) == 1


def test_what_was_paid_for_before_a_failure_is_kept(open_new, server):
    texts = [f"number {number}" for number in range(40)]
    server.play(served.embeddings(), served.error(400, "broken"))
    with pytest.raises(ModelError):
        open_new().encode(texts)
    server.play(served.embeddings())
    open_new().encode(texts)
    assert sent(server) == [texts[32:]]


@pytest.mark.parametrize("other", [{"embedding_model": "others"}, {"base_url": "SERVER/proxy"}])
def test_models_and_servers_share_no_vectors(settings, server, other):
    open_encoder(settings).encode(["bees"])
    changed = {name: value.replace("SERVER", server.url) for name, value in other.items()}
    encoder = open_encoder(replace(settings, **changed))
    assert encoder.name != open_encoder(settings).name
    assert VectorCache(embedding_cache()).get(encoder.name, ["bees"]) == {}
    assert VectorCache(embedding_cache()).get(open_encoder(settings).name, ["bees"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_is_tried_again(open_new, server, status):
    busy = served.error(status, "busy")
    server.play(busy, busy, served.embeddings())
    assert np.allclose(open_new().encode(["bees"])[0], unit("bees"), atol=1e-6)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        (served.error(401, "invalid_api_key", f"Incorrect: {KEY}"), KeyRefusedError, "OPENAI_API_KEY"),
        (served.error(404, "model_not_found"), ModelMissingError, "ASKPAPERS_EMBEDDING_MODEL"),
        (served.error(400, "too_long", KEY), ModelError, "unset ASKPAPERS_EMBEDDING_MODEL"),
        (served.error(500, "busy", KEY), ModelFailedError, "status 500"),
        (served.embeddings(places=lambda count: range(count - 1)), ModelError, "one vector for each of 3"),
        (served.embeddings(places=lambda count: [*range(count), 0]), ModelError, "one vector for each"),
        (served.embeddings(places=lambda count: [0] * count), ModelError, "one vector for each"),
        (served.embeddings(lambda _: [0.0, 0.0]), ModelError, "zero or no numbers"),
        (served.embeddings(lambda _: [1.0, math.nan]), ModelError, "zero or no numbers"),
        (served.embeddings(lambda _: [1.0, None]), ModelError, "zero or no numbers"),
        (served.embeddings(lambda _: []), ModelError, "zero or no numbers"),
        (served.embeddings(lambda _: 1.0), ModelError, "zero or no numbers"),
        (served.embeddings(lambda text: [1.0] * len(text)), ModelError, "no answer"),
        (served.embeddings(lambda _: "AACAPw=="), ModelError, "no answer"),
        (served.body("text/html", "<p>Sign in</p>"), ModelError, "no answer"),
        (served.body("application/json", '{"data": null}'), ModelError, "no answer"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing_in_the_cache(open_new, server, script, kind, said):
    server.play(script)
    with pytest.raises(kind) as error:
        open_new().encode(TEXTS)
    assert said in one_line(error)
    assert VectorCache(embedding_cache()).get(open_new().name, TEXTS) == {}


def test_vectors_of_another_length_than_before_are_refused(open_new, server):
    encoder = open_new()
    encoder.encode(["bees"])
    server.play(served.embeddings(lambda text: [1.0] * 7))
    for later in (encoder, open_new()):
        with pytest.raises(ModelError, match=rf"7 numbers.*{served.DIMENSION}.*reindex") as error:
            later.encode(["owls"])
        assert str(embedding_cache()) in one_line(error)


@pytest.mark.slow
def test_a_refused_connection_is_one_line(settings):
    with served.running() as gone:
        away = replace(settings, base_url=gone.url)
    with pytest.raises(ModelFailedError, match="connection") as error:
        open_encoder(away).encode(["bees"])
    one_line(error)


def test_the_key_is_nowhere(settings, open_new, server):
    encoder = open_encoder(replace(settings, base_url=f"http://user:{KEY}@HOST/V1/?key={KEY}#{KEY}"))
    assert encoder.name == "counts at http://host/V1"
    encoder = open_new()
    encoder.encode(TEXTS)
    assert KEY not in repr(settings) + repr(encoder) + str(vars(encoder))
    assert KEY.encode() not in b"".join(
        path.read_bytes() for path in embedding_cache().parent.iterdir() if path.is_file()
    )


def test_an_address_that_is_none_is_one_line(settings):
    with pytest.raises(ModelError, match="OPENAI_BASE_URL is no address"):
        open_encoder(replace(settings, base_url="http://[::1/v1"))


def test_a_server_needs_no_key_and_openai_no_server(settings, server):
    open_encoder(replace(settings, api_key=None)).encode(["bees"])
    assert len(server.requests) == 1
    assert open_encoder(replace(settings, base_url=None)).name == "counts at https://api.openai.com/v1"


def test_a_model_without_key_and_server_is_one_line():
    with pytest.raises(ModelError, match=r"OPENAI_API_KEY.*OPENAI_BASE_URL") as error:
        open_encoder(Settings(embedding_model="counts"))
    assert "unset ASKPAPERS_EMBEDDING_MODEL" in one_line(error)


def test_the_environment_names_the_model():
    read = Settings.from_environment
    assert read({"ASKPAPERS_EMBEDDING_MODEL": " counts "}).embedding_model == "counts"
    assert read({"ASKPAPERS_EMBEDDING_MODEL": " "}).embedding_model is read({}).embedding_model is None
    assert open_encoder(read({"OPENAI_API_KEY": KEY})) is embedded_encoder()


# The library, the command line and the one-line questions


@pytest.fixture
def environment(settings, monkeypatch):
    """The settings, in the environment of the command line."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", settings.base_url)
    monkeypatch.setenv("ASKPAPERS_EMBEDDING_MODEL", "counts")
    return monkeypatch


@pytest.fixture
def pages(tmp_path):
    path = tmp_path / "papers.jsonl"
    path.write_text("".join(json.dumps(paper) + "\n" for paper in PAPERS))
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


@pytest.fixture
def run(run, folder):
    """Run a command on the library of the test: exit code, stdout, stderr."""
    return lambda *arguments: run(*arguments, "--library", folder)


@pytest.fixture
def shelf(environment, run, pages, folder, server):
    """The folder of a library that the command line has built with the model."""
    assert run("ingest", pages)[0] == 0
    assert sent(server)[-1] == [f"{paper['title']}\n{paper['abstract']}" for paper in PAPERS]
    server.requests.clear()
    return folder


def test_the_command_line_finds_with_the_model(shelf, run, server):
    code, out, _ = run("library", "info", "--json")
    assert (code, json.loads(out)["embedder"]) == (0, f"counts at {server.url}")
    assert server.requests == []
    code, out, _ = run("search", "dance direction", "--json")
    assert (code, sent(server)) == (0, [["dance direction"]])
    assert [hit["title"] for hit in json.loads(out)["hits"]] == ["A Study of Bees", "A Study of Owls"]
    with Library(shelf, open_encoder(Settings.from_environment())) as library:
        (hit, _) = Retriever(library).search("dance direction")
    near = unit("dance direction") @ unit(f"{PAPERS[1]['title']}\n{PAPERS[1]['abstract']}")
    assert hit.signals["dense"] == pytest.approx(near, abs=1e-3)


def test_an_unchanged_text_is_never_sent_again(shelf, run, pages, server):
    assert run("ingest", pages)[0] == run("library", "reindex")[0] == 0
    assert server.requests == []


def test_an_extractive_answer_sends_the_question_alone(shelf, run, server):
    code, out, _ = run("ask", QUESTION, "--writer", "extractive", "--json")
    answer = json.loads(out)
    assert (code, answer["writer"], answer["status"]) == (0, "extractive", "answered")
    assert "Owls hunt at night" in answer["text"]
    assert sent(server) == [[QUESTION]]


def test_one_server_finds_and_writes(shelf, run, server):
    server.play(served.embeddings(), served.answer("Owls hunt at night [1]."))
    _, out, _ = run("ask", QUESTION, "--json")
    assert json.loads(out)["text"] == "Owls hunt at night [1]."
    assert [request.path for request in server.requests] == ["/v1/embeddings", "/v1/chat/completions"]


def test_one_line_questions_take_the_model_of_the_environment(shelf, environment, server):
    assert ask(QUESTION, library=shelf, writer="extractive").status == "answered"
    assert sent(server) == [[QUESTION]]
    environment.delenv("ASKPAPERS_EMBEDDING_MODEL")
    with pytest.raises(WrongEncoderError, match="all-MiniLM-L6-v2 is in use"):
        ask(QUESTION, library=shelf, writer="extractive")


def test_a_library_that_is_opened_by_hand_reads_no_environment(shelf):
    with Library(shelf) as library:
        assert library.encoder is embedded_encoder()


@pytest.mark.parametrize("is_model_first", [True, False])
def test_another_encoder_is_refused_and_reindex_is_the_cure(
    environment, run, pages, folder, is_model_first
):
    def switch(is_model):
        environment.setenv("ASKPAPERS_EMBEDDING_MODEL", "counts" if is_model else "")

    switch(is_model_first)
    assert run("ingest", pages)[0] == 0
    switch(not is_model_first)
    cure = f"library reindex --library {folder}"
    for command in (["search", "owls"], ["ask", "owls"], ["ingest", pages], ["library", "info"]):
        code, out, err = run(*command)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert f"`askpapers {cure}`" in err
        assert "counts at http://" in err
        assert "all-MiniLM-L6-v2" in err
    assert main(cure.split()) == 0
    assert run("library", "verify")[0] == 0
    assert "A Study of Bees" in run("search", "bees")[1]


def test_a_model_that_refuses_costs_no_index(environment, run, pages, server):
    environment.delenv("ASKPAPERS_EMBEDDING_MODEL")
    assert run("ingest", pages)[0] == 0
    environment.setenv("ASKPAPERS_EMBEDDING_MODEL", "counts")
    server.play(served.error(401, "invalid_api_key", f"Incorrect: {KEY}"))
    code, out, err = run("library", "reindex")
    assert (code, out, err.count("\n"), KEY in err) == (1, "", 1, False)
    assert "OPENAI_API_KEY" in err
    environment.delenv("ASKPAPERS_EMBEDDING_MODEL")
    assert run("library", "verify")[0] == 0


def test_an_interrupted_ingest_goes_on_when_the_server_is_back(environment, run, pages, server):
    server.play(served.embeddings(), served.error(500, "busy"))  # the probe, then no more
    code, _, err = run("ingest", pages)
    assert code == 1
    assert "status 500" in err.splitlines()[-1]  # behind the progress
    server.play(served.embeddings())
    assert "A Study of Owls" in run("search", "owls")[1]
    assert run("library", "verify")[0] == 0


@pytest.mark.parametrize("command", ["search", "ingest", "info", "reindex"])
def test_a_model_without_a_server_is_one_line_of_the_command_line(environment, run, pages, folder, command):
    environment.delenv("OPENAI_API_KEY")
    environment.delenv("OPENAI_BASE_URL")
    arguments = {"search": ["search", "owls"], "ingest": ["ingest", pages]}
    code, out, err = run(*arguments.get(command, ["library", command]))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "set OPENAI_API_KEY, or OPENAI_BASE_URL" in err
    assert not folder.exists()

"""Model files: those that are added, those that come from the Hub, and their register."""

import hashlib
import json
import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import huggingface_hub.constants
import pytest
from hub_server import REVISION, ModelHub
from service_server import Asked, reply, running

from rag.errors import ModelError, ModelMissingError
from rag.model import files, pulling
from rag.model.catalogue import CATALOGUE
from rag.model.chat import ChatModel
from rag.model.files import (
    ModelFile,
    add_model,
    find_model,
    identity_of,
    keep_model,
    model_files,
    models_folder,
    name_of,
)
from rag.model.judges import add_judge, find_judge
from rag.model.pulling import pull_judge, pull_model
from rag.settings import Settings

pytestmark = pytest.mark.usefixtures("home")
WEIGHTS = b"GGUF" + bytes(range(256)) * 200
SOURCE = "hf:owls/Owl-1B-GGUF/owl-1b-q4.gguf"
FILES = {"owl-1b-q4.gguf": WEIGHTS, "README.md": b"An owl.", "big.gguf": WEIGHTS * 3}
NLI = {"config.json": b"{}", "tokenizer.json": b"{} ", "README.md": b"?"}


@pytest.fixture(scope="module")
def hub_server():
    with pytest.MonkeyPatch.context() as patch, running(ModelHub()) as server:
        at = {
            "HF_HUB_OFFLINE": False,
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
            "HF_HUB_DISABLE_TELEMETRY": True,
        }
        patch.setattr(pulling, "_PIECE", 10_000)
        patch.setattr(pulling, "_PAUSE", 0.0)
        patch.setattr(files, "_MEGABYTE", 1000)
        for name, value in at.items():
            patch.setattr(huggingface_hub.constants, name, value)
        yield server
        huggingface_hub.close_session()


@pytest.fixture
def hub(hub_server):
    hub_server.service.__init__()
    hub_server.service.repositories["owls/Owl-1B-GGUF"] = dict(FILES)
    hub_server.play()
    return hub_server


def error_of(run, *arguments):
    """The error, after checking that it is a line that ends in the next step."""
    with pytest.raises(ModelError) as raised:
        run(*arguments)
    message = str(raised.value)
    assert "\n" not in message
    assert ": " in message
    return message


def written(path, content=WEIGHTS):
    path.write_bytes(content)
    return path


def test_a_file_is_added_where_it_is(tmp_path):
    path = written(tmp_path / "Owl 1B.Q4_K_M.GGUF")
    model = add_model(path)
    assert model == ModelFile(
        "owl-1b.q4_k_m", path, hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS), "added"
    )
    assert find_model("owl-1b.q4_k_m") == model
    assert list(models_folder().glob("*.gguf")) == []
    if os.name == "posix":
        assert stat.S_IMODE((models_folder() / "models.json").stat().st_mode) == 0o600


def test_what_is_no_model_is_not_added(tmp_path):
    for content in (b"", b"GGU", b"PK\x03\x04" * 100):
        assert "no model in GGUF" in error_of(add_model, written(tmp_path / "x.gguf", content))
    assert "cannot be read" in error_of(add_model, tmp_path / "nowhere.gguf")
    assert "cannot be read" in error_of(add_model, tmp_path)
    assert "no name" in error_of(add_model, written(tmp_path / "y.gguf"), "Owl/../x")
    assert model_files() == {}


def test_a_file_that_has_gone_or_changed_is_not_found(tmp_path):
    path = written(tmp_path / "owl.gguf")
    add_model(path)
    path.write_bytes(WEIGHTS + b"more")
    assert "pull or add it again" in error_of(find_model, "owl")
    path.unlink()
    with pytest.raises(ModelMissingError):
        find_model("owl")
    assert "askpapers model list" in error_of(find_model, "eel")


def test_a_damaged_register_is_named_before_anything_is_read_or_fetched(tmp_path, hub):
    path = written(tmp_path / "owl.gguf")
    add_model(path)
    register = models_folder() / "models.json"
    for damage in ("{", "[]", '{"owl": {}}', '{"owl": 3}', "\udcff"):
        register.write_bytes(damage.encode(errors="surrogateescape"))
        for call in ((add_model, path), (find_model, "owl"), (pull_model, "owl", SOURCE)):
            assert f"{register} cannot be read: delete it" in error_of(*call)
    assert hub.asked == []


def test_models_that_are_added_at_once_are_all_kept():
    models = [ModelFile(f"owl-{n}", models_folder() / "x", "0", 1, "added") for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep_model, models))
    assert set(model_files().values()) == set(models)


def test_names_come_from_those_of_files():
    assert name_of("dir/Qwen3-4B_Q4.gguf") == "qwen3-4b_q4"
    assert name_of("Ölm (1).gguf") == "lm-1"
    assert name_of("….gguf") == "model"


def test_the_identity_is_that_of_the_model_that_is_opened(tmp_path):
    model = add_model(written(tmp_path / "owl.gguf"))
    for settings in (
        Settings(model="local/owl"),
        Settings(model="large", api_key="x"),
        Settings(model="small", base_url="http://me:hush@LocalHost:8080/v1/"),
    ):
        opened = ChatModel.open(settings)
        assert identity_of(settings) == opened.identity
        opened.close()
    assert identity_of(Settings(model="local/owl")) == f"sha256:{model.sha256}"


def test_a_model_is_pulled_with_its_revision_and_its_hash(hub):
    seen = []

    def track(batches, what, total):
        for batch in batches:
            seen.append((what, len(batch), total))
            yield batch

    model = pull_model("owl", SOURCE, track)
    assert model.path.read_bytes() == WEIGHTS
    assert (model.sha256, model.bytes) == (hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS))
    assert (model.source, model.revision) == (SOURCE, REVISION)
    assert find_model("owl") == model
    fetched = [(count, total) for what, count, total in seen if what.startswith("fetching")]
    assert sum(count for count, _ in fetched) == len(WEIGHTS) // 1000
    assert {total for _, total in fetched} == {len(WEIGHTS) // 1000}
    assert len(fetched) > 3
    hub.play()
    assert pull_model("owl", SOURCE) == model
    assert hub.asked == []


def starts(hub):
    """Where the requests for a file began."""
    ranges = [asked.headers["range"] for asked in hub.asked if "range" in asked.headers]
    return [int(text.removeprefix("bytes=").removesuffix("-")) for text in ranges]


def stopped_after(count):
    """A progress bar that is interrupted at the step of this number, as by Ctrl-C."""

    def track(batches, _what, _total):
        for number, batch in enumerate(batches):
            if number == count:
                raise KeyboardInterrupt
            yield batch

    return track


def test_a_pull_goes_on_where_it_was_stopped_and_half_a_file_never_counts(hub):
    with pytest.raises(KeyboardInterrupt):
        pull_model("owl", SOURCE, stopped_after(4))
    assert model_files() == {}
    hub.play()
    assert pull_model("owl", SOURCE).path.read_bytes() == WEIGHTS
    assert len(starts(hub)) == 1
    assert 0 < starts(hub)[0] < len(WEIGHTS)


def test_a_connection_that_breaks_is_renewed_from_where_it_broke(hub):
    listing = hub.service(Asked("/api/models/owls/Owl-1B-GGUF", {}, {}, 0.0))
    whole = hub.service(Asked(f"/owls/Owl-1B-GGUF/resolve/{REVISION}/owl-1b-q4.gguf", {}, {}, 0.0))
    hub.play(listing, replace(whole, is_whole=False))
    assert pull_model("owl", SOURCE).path.read_bytes() == WEIGHTS
    first, second = starts(hub)
    assert first == 0 < second <= len(WEIGHTS) // 2


def test_a_file_is_fetched_by_one_process_at_a_time(hub):
    def track(batches, what, total):
        if what.startswith("fetching"):
            assert "another process" in error_of(pull_model, "owl", SOURCE)
        yield from batches

    pull_model("owl", SOURCE, track)


def test_bytes_that_are_not_those_of_the_hub_are_thrown_away(hub):
    hub.service.lies.add("owl-1b-q4.gguf")
    assert "SHA-256 is not the Hub's" in error_of(pull_model, "owl", SOURCE)
    assert model_files() == {}
    hub.service.lies.clear()
    assert pull_model("owl", SOURCE).path.read_bytes() == WEIGHTS


def test_a_pulled_file_that_is_no_model_is_not_kept(hub):
    hub.service.repositories["owls/Owl-1B-GGUF"]["owl-1b-q4.gguf"] = b"<html>" * 100
    assert "no model in GGUF" in error_of(pull_model, "owl", SOURCE)
    assert model_files() == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("hf:owls/Owl-1B-GGUF/eel.gguf", "has no file eel.gguf: name one of owl-1b-q4.gguf, big.gguf"),
        ("hf:owls/Nothing/owl.gguf", "no repository owls/Nothing"),
        ("hf:owls/Owl-1B-GGUF", "write it like hf:"),
        ("hf:owls/Owl-1B-GGUF/README.md", "write it like hf:"),
        ("hf:owls/Owl-1B-GGUF/../x.gguf", "write it like hf:"),
        ("hf:owls/..bad--name/x.gguf", "no repository"),
    ],
)
def test_what_the_hub_does_not_have(source, words, hub):
    assert words in error_of(pull_model, "owl", source)
    assert model_files() == {}


def test_a_gated_repository_says_what_to_do(hub):
    hub.service.gated.add("owls/Owl-1B-GGUF")
    message = error_of(pull_model, "owl", SOURCE)
    assert "accept its licence" in message
    assert "HF_TOKEN" in message


def test_a_hub_that_fails_or_is_none(hub):
    for answer, words in (
        (reply(500, "?"), "status 500"),
        (reply(200, "<html>", "text/html"), "no list of files"),
        (reply(200, "{}", "application/json"), ": "),
    ):
        hub.play(*[answer] * 9)
        assert words in error_of(pull_model, "owl", SOURCE)


def test_without_a_network_and_offline(hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    message = error_of(pull_model, "owl", SOURCE)
    assert "cannot be reached" in message
    assert "connect to the network" in message
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    assert "HF_HUB_OFFLINE is set" in error_of(pull_model, "owl", SOURCE)


def test_a_disk_without_room_is_told_before_anything_is_fetched(hub, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=len(WEIGHTS) + 1000)
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda _: usage)
    assert "make room" in error_of(pull_model, "owl", SOURCE)
    assert [asked.path for asked in hub.asked] == ["/api/models/owls/Owl-1B-GGUF"]


def test_a_data_folder_that_is_a_file(hub, home):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file")
    assert "cannot be used" in error_of(pull_model, "owl", SOURCE)


@pytest.mark.parametrize(
    ("graphs", "kept"),
    [
        ({"model.onnx": b"m", "onnx/model.onnx": b"o"}, {"model.onnx": b"m"}),
        ({"onnx/model.onnx": b"o", "onnx/model.onnx_data": b"d"}, None),
        ({"onnx/model_quantized.onnx": b"q"}, {"onnx/model.onnx": b"q"}),
    ],
)
def test_a_judge_is_pulled_with_all_its_files(graphs, kept, hub):
    hub.service.repositories["owls/nli"] = NLI | graphs
    judge = pull_judge("owls/nli")
    expected = {name: NLI[name] for name in ("config.json", "tokenizer.json")} | (kept or graphs)
    assert judge.files == {name: hashlib.sha256(text).hexdigest() for name, text in expected.items()}
    assert {name: (judge.folder / name).read_bytes() for name in judge.files} == expected
    assert (judge.revision, judge.source) == (REVISION, "hf:owls/nli")
    assert find_judge("owls/nli") == judge
    asked = len(hub.asked)
    assert (pull_judge("owls/nli"), len(hub.asked)) == (judge, asked)  # without the Hub
    (judge.folder / "tokenizer.json").write_bytes(b"damaged")
    assert (pull_judge("owls/nli"), len(hub.asked) > asked) == (judge, True)
    (judge.folder / "config.json").unlink()
    assert "askpapers model judge owls/nli" in error_of(find_judge, "owls/nli")


def test_the_identity_of_an_added_judge_covers_its_weights(tmp_path):
    identities = set()
    for weights in (b"one", b"two"):
        for name, text in (NLI | {"model.onnx": b"m", "model.onnx_data": weights}).items():
            (tmp_path / name).write_bytes(text)
        identities.add(add_judge(tmp_path).identity)
    assert len(identities) == 2


def test_a_small_file_is_compared_by_the_hash_of_git(hub):
    hub.service.repositories["owls/nli"] = NLI | {"model.onnx": b"m"}
    hub.service.lies.add("tokenizer.json")
    assert "came damaged" in error_of(pull_judge, "owls/nli")


def test_a_repository_that_holds_no_judge(hub):
    assert "has no config.json, tokenizer.json" in error_of(pull_judge, "owls/Owl-1B-GGUF")
    hub.service.repositories["owls/nli"] = dict(NLI)
    assert "has no model.onnx" in error_of(pull_judge, "owls/nli")
    assert "write it like OWNER/REPOSITORY" in error_of(pull_judge, "nli")


def test_the_catalogue_is_well_formed_and_smallest_first():
    for name, known in CATALOGUE.items():
        assert name_of(name) == name == known.name
        assert known.source.startswith("hf:")
        assert known.memory > known.bytes
    sizes = [known.bytes for known in CATALOGUE.values()]
    assert sizes == sorted(sizes)


def test_the_register_is_json_that_others_can_read(tmp_path):
    add_model(written(tmp_path / "owl.gguf"))
    rows = json.loads((models_folder() / "models.json").read_text())
    assert rows["owl"]["path"] == str(tmp_path / "owl.gguf")


def test_a_hub_that_sends_too_little_is_not_asked_for_ever(hub):
    listing = hub.service(Asked("/api/models/owls/Owl-1B-GGUF", {}, {}, 0.0))
    hub.play(listing, *[reply(206, b"", "application/octet-stream")] * 9)
    assert "cannot be reached" in error_of(pull_model, "owl", SOURCE)
    assert len(hub.asked) == 4

"""The page's settings: which models can be chosen, what they are called, and their trials."""

import threading
from contextlib import contextmanager

import model_server as served
import pytest
from model_server import Silence
from trials import trial

from ingest.chunking import split_abstract
from rag.checking.trial import keep, trial_of
from rag.errors import StoppedError
from rag.library import Library
from rag.model.files import add_model, models_folder
from rag.settings import Settings
from rag.types import Paper
from ui import trials as background
from ui.desk import Desk
from ui.web.chat_settings import ChatSettings, writer_options
from ui.web.models import EXTRACTIVE, Models, writer_title
from ui.web.trial import TrialPanel, trial_state

SCRIPTED = "http://127.0.0.1:11434/v1"
OTHERS = ("", "", "", "", True)  # settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    place = tmp_path_factory.mktemp("settings") / "library"
    with Library.create(place, encoder) as library:
        library.catalog.recorder(split_abstract).put([Paper("A Study of Owls", "We count owls.")], "here")
        library.sync()
    return place


@pytest.fixture(scope="module")
def server():
    """A scripted model server, where no model has passed the trial of judges."""
    with served.running() as server:
        yield server


@pytest.fixture
def desk(folder, server, home):
    with Desk(Settings(base_url=server.url, model="scripted"), folder) as desk:
        yield desk


@pytest.fixture
def files(home, tmp_path):
    """Two model files on this computer."""
    for name in ("small", "large"):
        file = tmp_path / f"{name}.gguf"
        file.write_bytes(b"GGUF" + name.encode())
        add_model(file)
    return home


# Models


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        (Settings(), EXTRACTIVE),
        (Settings(model="off", base_url=SCRIPTED), EXTRACTIVE),
        (Settings(model="local/qwen3-4b"), "qwen3-4b on this computer"),
        (Settings(api_key="sk-1"), "gpt-4.1-mini at api.openai.com"),
        (Settings(base_url=SCRIPTED, model="qwen3:4b"), "qwen3:4b at 127.0.0.1:11434"),
        (Settings(base_url="http://me:secret@box.lan/v1", model="x"), "x at box.lan"),
        (Settings(base_url="http://[/v1", model="x"), "x"),
    ],
)
def test_the_writer_is_named_with_its_place(settings, title):
    assert writer_title(settings) == title


def test_all_configured_models_can_be_chosen_each_once(files):
    models = Models(Settings(base_url=SCRIPTED, model="one"), ("two", "one", "local/small"))
    titles = ["one at 127.0.0.1:11434", "two at 127.0.0.1:11434"]
    titles += ["small on this computer", "large on this computer"]
    assert models.choices == list(zip(titles, ["one", "two", "local/small", "local/large"], strict=True))
    assert models.default == "one"
    strangers = Models(models.settings, ("local/small",), has_files=False)
    assert [name for _, name in strangers.choices] == ["one", "local/small"]


def test_model_files_can_be_chosen_where_the_settings_name_no_model(files, folder, tmp_path):
    models = Models(Settings(), ("of-no-server",))
    assert [name for _, name in models.choices] == ["local/small", "local/large"]
    assert models.default == "local/small"
    assert writer_options(models)["interactive"]
    (tmp_path / "small.gguf").unlink()
    assert [name for _, name in models.choices] == ["local/large"]
    with Desk(Settings(), folder) as desk:
        chosen = ChatSettings.of(["auto", "local/large", *OTHERS])
        assert chosen.chips(desk)["Writer"] == "large on this computer"
        assert ChatSettings.of(["extractive", "local/large", *OTHERS]).chips(desk)["Writer"] == EXTRACTIVE


def test_without_any_model_the_settings_say_how_to_get_one(home):
    options = writer_options(Models(Settings()))
    assert not options["interactive"] and len(options["choices"]) == 1
    assert "askpapers model list" in options["info"] and "OPENAI_API_KEY" in options["info"]


def test_a_damaged_register_of_models_does_not_break_the_settings(files):
    (models_folder() / "models.json").write_text("{")
    assert Models(Settings()).choices == []
    assert Models(Settings(api_key="sk-1")).default == "gpt-4.1-mini"


def test_another_model_has_no_known_window_and_prices(folder):
    settings = Settings(base_url=SCRIPTED, model="one", context_window=4096, price_input=1.0)
    with Desk(settings, folder) as desk:
        assert desk.settings_for("one") == desk.settings_for(None) == settings
        assert desk.settings_for("two") == Settings(base_url=SCRIPTED, model="two")


# Trials


def state(desk, model="scripted", writer="auto"):
    return trial_state(desk, writer, model)


def finish(desk):
    while desk.trials.running:
        threading.Event().wait(0.02)


def test_a_judge_that_fails_the_trial_is_told_so(desk, server):
    assert "has not been tested" in state(desk).line and state(desk).button == "Let it check sentences"
    server.play(checking=served.BY_COMMON_WORDS)
    desk.trials.begin("scripted")
    finish(desk)
    assert "does not pass the test (kappa 0." in state(desk).line
    assert "its verdicts are not used" in state(desk).line
    assert not trial_of(f"scripted at {server.url}").passes
    assert "other at 127.0.0.1" in state(desk, "other").line  # each model has its own
    assert "has not been tested" in state(desk, "other").line


def test_a_judge_that_has_passed_is_told_so(desk, server):
    keep(trial(f"scripted at {server.url}", 0.71))
    assert "checks sentences: it passed the test (kappa 0.71)" in state(desk).line
    with desk.assistant("scripted") as assistant:
        assert assistant.checks["judge"] == "llm:scripted"


def test_one_trial_goes_on_at_a_time_and_says_how_far_it_is(desk, server):
    goes_on = threading.Event()

    def slowly(exchange, request):
        if len(server.checks) > 1:
            goes_on.wait(60)
        served.BY_COMMON_WORDS(exchange, request)

    server.play(checking=slowly)
    desk.trials.begin("scripted")
    running = desk.trials.running
    while not running.done:
        threading.Event().wait(0.02)
    desk.trials.begin("other")
    assert desk.trials.running is running
    for model in ("scripted", "other"):
        assert state(desk, model).is_running
        assert f"scripted at 127.0.0.1:{server.server_port} is being tested: " in state(desk, model).line
        assert f"{running.done} of 60 claims, about " in state(desk, model).line
    goes_on.set()
    finish(desk)


def test_a_trial_whose_model_fails_says_why(desk, server):
    server.play(checking=served.error(401, "invalid_api_key"))
    desk.trials.begin("scripted")
    finish(desk)
    assert "has failed: the server refuses the key" in state(desk).line
    assert state(desk).button == "Test it again"
    keep(trial(f"scripted at {server.url}", 0.71))  # by `askpapers model test`, meanwhile
    assert "it passed the test" in state(desk).line


def test_a_trial_can_be_stopped(desk, server, home):
    silence = Silence()
    server.play(checking=silence)
    desk.trials.begin("scripted")
    assert silence.begun.wait(60)
    assert state(desk).button == "Stop the test"
    desk.trials.stop()
    assert silence.left.wait(5)
    assert state(desk).button == "Let it check sentences"
    assert not (home / "trials.json").exists()


def test_a_trial_is_left_when_the_server_ends(folder, server, home):
    silence = Silence()
    server.play(checking=silence)
    with Desk(Settings(base_url=server.url, model="scripted"), folder) as desk:
        desk.trials.begin(None)
        assert silence.begun.wait(60)
    assert silence.left.wait(2)
    assert not (home / "trials.json").exists()
    desk.trials.begin(None)
    assert not desk.trials.running


def test_the_server_ends_while_a_model_loads(monkeypatch):
    monkeypatch.setattr(background, "_ENDING", 0.1)
    is_loaded = threading.Event()

    @contextmanager
    def loading(_):
        is_loaded.wait()
        raise StoppedError("left")
        yield

    trials = background.Trials(loading)
    trials.begin(None)
    trials.close()
    assert trials.running
    is_loaded.set()


def test_nothing_is_said_of_trials_where_nothing_is_to_be_checked(desk, folder):
    assert state(desk, writer="extractive").line == ""
    with Desk(Settings(), folder) as other:
        assert state(other, None).line == ""
    with Desk(Settings(base_url=SCRIPTED, checks=False), folder) as other:
        assert "ASKPAPERS_JUDGE_MODEL is off" in state(other, None).line
        assert state(other, None).button is None


def test_a_judge_of_its_own_is_named(folder, home):
    for judge, line in (
        ("two", "two at 127.0.0.1:11434 has not"),
        ("entailment/x", "x on this computer cannot"),
    ):
        with Desk(Settings(base_url=SCRIPTED, model="one", judge_model=judge), folder) as desk:
            assert state(desk, "one").line.startswith(line)


def test_a_page_that_is_read_only_has_no_button(desk):
    for is_read_only in (False, True):
        _, button, _ = TrialPanel(desk, is_read_only).show("auto", "scripted")
        assert button["visible"] is not is_read_only

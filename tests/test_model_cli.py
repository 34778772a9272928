"""`askpapers model`: every command from a clean machine, with running servers, and after damage."""

import io
import json
import shutil
import stat
import sys
from contextlib import ExitStack

import huggingface_hub.constants
import pytest
from conftest import is_one_line_of_error
from entailment_files import write_model
from local_servers import LLAMA_CPP, OTHER, LMStudio, Ollama, Service
from model_server import answer
from service_server import reply, running
from trials import trial

from rag.checking.trial import keep, register, trial_of
from rag.checking.trial.claims import all_claims
from rag.configuration import configuration_file
from rag.configuring import configure
from rag.model import choice
from rag.model import running as servers
from rag.model.catalogue import CATALOGUE, CHECKED
from rag.settings import Settings, bundled_library, data_folder
from ui.checkup import services
from ui.cli import choosing

pytestmark = pytest.mark.usefixtures("home", "nobody_runs")
KEY = "sk-hush-5f2c9"


@pytest.fixture
def nobody_runs(monkeypatch):
    """No server of the machine that the tests run on."""
    monkeypatch.setattr(servers, "PORTS", (9,))


@pytest.fixture
def serve(monkeypatch):
    """Run servers at the usual ports; their ports."""
    with ExitStack() as stack:

        def serve(*services):
            ports = [stack.enter_context(running(service)).server_port for service in services]
            monkeypatch.setattr(servers, "PORTS", tuple(ports))
            return ports

        yield serve


@pytest.fixture
def on_terminal(monkeypatch):
    """stdin and stderr are a terminal, on which this text is typed."""

    def on_terminal(text=""):
        typed = io.StringIO(text)
        typed.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", typed)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    return on_terminal


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "Owl-1B.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 1000)  # no real model
    return path


@pytest.fixture
def papers(bundled, home):
    """The library of the program, built already."""
    shutil.copytree(bundled.folder, bundled_library())


def used():
    settings = Settings.read()
    return settings.model, settings.base_url, settings.context_window


def as_json(done):
    code, out, err = done
    assert (code, err.count("askpapers:")) == (0, 0)
    return json.loads(out)


def test_the_list_on_a_clean_machine(run, home):
    code, out, err = run("model", "list")
    assert (code, err, home.exists()) == (0, "", False)
    assert CHECKED in out
    assert all(known.name in out and known.source in out for known in CATALOGUE.values())
    assert "No model is in use" in out
    told = as_json(run("model", "list", "--json"))
    assert [row["name"] for row in told["known"]] == list(CATALOGUE)
    assert (told["here"], told["servers"], told["used"]["model"]) == ([], [], None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pull", "qwen3-4b"), "HF_HUB_OFFLINE is set"),
        (("pull", "qwen3-4"), "did you mean qwen3-4b?"),
        (("pull", "owl"), "hf:OWNER/REPOSITORY/FILE.gguf"),
        (("pull", "hf:owl"), "hf:OWNER/REPOSITORY/FILE.gguf"),
        (("add", "nowhere.gguf"), "name a .gguf file"),
        (("use", "qwen3-4b"), "askpapers model pull qwen3-4b"),
        (("use", "owl"), "askpapers model list"),
        (("use", "local/owl"), "askpapers model list"),
        (("use", "ollama/qwen3:4b"), "start it"),
        (("use", "http://127.0.0.1:9/v1"), "gives no answer"),
        (("use", "http://[::1"), "write it like"),
        (("use", "http://me:9x/v1"), "write it like"),
        (("use", "ftp://127.0.0.1/v1"), "write it like"),
        (("use", "off", "--model", "x"), "name its address"),
        (("test",), "askpapers model list"),
        (("test", "owl"), "askpapers model list"),
        (("judge", "owls/nli"), "HF_HUB_OFFLINE is set"),
        (("judge", "nli"), "OWNER/REPOSITORY"),
    ],
)
def test_every_error_on_a_clean_machine_is_one_line_with_the_next_step(arguments, words, run):
    assert is_one_line_of_error(run("model", *arguments), words)
    assert is_one_line_of_error(run("model", *arguments, "--json"), words)
    assert not configuration_file().exists()


def test_without_a_network(run, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    huggingface_hub.close_session()
    for arguments in (("pull", "qwen3-4b"), ("judge", "owls/nli")):
        assert is_one_line_of_error(run("model", *arguments), "connect to the network")
    huggingface_hub.close_session()


def test_a_home_that_is_a_file(run, home, weights):
    home.parent.write_text("a file")
    configuration_file().parents[1].write_text("a file")
    for arguments in (("list",), ("add", weights), ("use", "off"), ("judge", "off"), ("pull", "qwen3-4b")):
        assert is_one_line_of_error(run("model", *arguments), ": ")


def test_a_damaged_register(run, home, weights):
    run("model", "add", weights)
    (home / "models" / "models.json").write_text("{")
    for arguments in (("list",), ("add", weights), ("use", "owl-1b"), ("pull", "qwen3-4b"), ("test", "x")):
        assert is_one_line_of_error(run("model", *arguments), "models.json cannot be read: delete it")


@pytest.mark.parametrize("text", ["model = ", 'mdel = "x"', "model = [1]"])
def test_a_damaged_configuration(text, run, weights):
    run("model", "add", weights)
    configuration_file().parent.mkdir(parents=True)
    configuration_file().write_text(text)
    for arguments in (("list",), ("use", "owl-1b"), ("use", "off"), ("test",), ("judge", "off")):
        assert is_one_line_of_error(run("model", *arguments), str(configuration_file()))
    assert configuration_file().read_text() == text


def test_a_file_is_added_and_used(run, weights):
    code, out, err = run("model", "add", weights)
    assert (code, str(weights) in out) == (0, True)
    assert err.endswith("`askpapers model use owl-1b` lets it answer.\n")
    for target in ("owl-1b", "local/owl-1b"):
        code, out, err = run("model", "use", target)
        assert (code, out) == (0, "owl-1b on this computer answers.\n")
        assert f"Remembered in {configuration_file()}" in err
        assert "`askpapers model test` lets it check sentences." in err
    assert used() == ("local/owl-1b", None, None)
    assert "owl-1b (in use)" in run("model", "list")[1]
    (row,) = as_json(run("model", "list", "--json"))["here"]
    assert (row["name"], row["there"], row["used"], row["trial"]) == ("owl-1b", True, True, None)
    assert as_json(run("model", "add", weights, "--name", "mine", "--json"))["name"] == "mine"
    weights.unlink()
    assert is_one_line_of_error(run("model", "use", "owl-1b"), "pull or add it again")
    assert "gone or changed" in run("model", "list")[1]


def test_a_model_is_removed_and_its_file_stays_where_it_was_only_added(run, weights):
    run("model", "add", weights)
    run("model", "use", "owl-1b")
    code, out, err = run("model", "remove", "owl-1b")
    assert (code, f"{weights} is still there" in out, "It was in use" in err) == (0, True, True)
    assert as_json(run("model", "list", "--json"))["here"] == []
    assert weights.is_file()
    assert is_one_line_of_error(run("model", "remove", "owl-1b"), "askpapers model list")


def test_no_model_is_called_like_a_word_of_the_command(run, weights):
    assert is_one_line_of_error(run("model", "add", weights, "--name", "off"), "no name")


def test_a_file_that_is_not_added_yet_is_told_how(run, weights):
    assert is_one_line_of_error(run("model", "use", weights), f"askpapers model add {weights}")


def test_a_model_on_this_computer_may_judge(run, weights):
    run("model", "add", weights)
    assert as_json(run("model", "judge", "local/owl-1b", "--json"))["judge"] == "local/owl-1b"
    assert Settings.read().judge_model == "local/owl-1b"
    assert is_one_line_of_error(run("model", "judge", "local/other"), "askpapers model list")


def test_a_model_that_was_tested_is_told_so(run, weights):
    sha256 = as_json(run("model", "add", weights, "--json"))["sha256"]
    keep(trial(f"sha256:{sha256}", kappa=0.71))
    assert "model test" not in run("model", "use", "owl-1b")[2]
    assert "it may check sentences (kappa 0.71)" in run("model", "list")[1]
    keep(trial(f"sha256:{sha256}", kappa=0.02))
    assert "its verdicts are not used: kappa 0.02, under 0.5" in run("model", "list")[1]


def test_a_running_server_is_offered_and_used(run, serve):
    port, _ = serve(Ollama({"qwen3:4b": "num_ctx 8192", "gemma3:latest": ""}), Service(LLAMA_CPP))
    code, out, _ = run("model", "list")
    assert "Ollama is running with qwen3:4b and 1 more: `askpapers model use ollama/qwen3:4b`" in out
    assert [row["kind"] for row in as_json(run("model", "list", "--json"))["servers"]] == [
        "ollama",
        "llama.cpp",
    ]
    assert used()[0] == Settings().model  # nothing is used without `use`
    code, out, err = run("model", "use", "ollama/qwen3:4b")
    assert (code, out) == (0, f"qwen3:4b at http://127.0.0.1:{port}/v1 answers.\n")
    assert "8,192 tokens" in err
    assert used() == ("qwen3:4b", f"http://127.0.0.1:{port}/v1", 8192)
    run("model", "use", "ollama/gemma3")
    assert used() == ("gemma3:latest", f"http://127.0.0.1:{port}/v1", 4096)
    assert is_one_line_of_error(run("model", "use", "ollama/owl"), "name one of qwen3:4b, gemma3:latest")
    assert is_one_line_of_error(run("model", "use", "qwen3:4b"), "askpapers model use ollama/qwen3:4b")


def test_choosing_another_removes_the_settings_of_the_one_before(run, serve, weights, monkeypatch):
    (port,) = serve(LMStudio({"owl-7b": 2048}))
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    code, out, err = run("model", "use", f"http://127.0.0.1:{port}/v1", "--key")
    assert (code, KEY in out + err) == (0, False)
    assert (*used(), Settings.read().api_key) == ("owl-7b", f"http://127.0.0.1:{port}/v1", 2048, KEY)
    assert stat.S_IMODE(configuration_file().stat().st_mode) == 0o600
    configure({"price_input": "0.4", "price_output": "1.6"})
    run("model", "add", weights)
    run("model", "use", "owl-1b")
    assert (*used(), Settings.read().api_key) == ("local/owl-1b", None, None, None)
    assert Settings.read().prices is None
    run("model", "use", "off")
    assert (used()[0], Settings.read().has_model) == ("off", False)
    assert KEY not in configuration_file().read_text()


def test_a_server_with_several_models_names_them(run, serve):
    (port,) = serve(Service({"/v1/models": {"data": [{"id": "small"}, {"id": "large"}]}}))
    url = f"http://127.0.0.1:{port}"
    assert is_one_line_of_error(run("model", "use", url), "name one of small, large")
    assert is_one_line_of_error(run("model", "use", url, "--model", "huge"), "name one of small, large")
    assert run("model", "use", url, "--model", "large")[0] == 0
    assert used() == ("large", f"{url}/v1", None)


def test_a_server_that_wants_a_key(run, serve, monkeypatch):
    def service(asked):
        has_key = asked.headers.get("authorization") == f"Bearer {KEY}"
        return Service(OTHER)(asked) if has_key else reply(401, '{"error": "key"}', "application/json")

    (port,) = serve(service)
    url = f"http://127.0.0.1:{port}/v1"
    assert is_one_line_of_error(run("model", "use", url), "--key")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    code, _, err = run("model", "use", url)
    assert (code, used()) == (0, ("owl", url, None))
    assert "OPENAI_API_KEY is sent to this server" in err
    assert KEY not in configuration_file().read_text() + err
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert is_one_line_of_error(run("model", "use", url, "--key"), "that is no key")


def test_an_address_is_shown_without_its_password(run, serve):
    for arguments in (("use", f"http://me:{KEY}@127.0.0.1:9/v1"), ("use", f"http://me:{KEY}@[::1/v1")):
        code, out, err = run("model", *arguments)
        assert (code, KEY in out + err) == (1, False)
    assert KEY not in str(run("model", "use", f"http://me:{KEY}@127.0.0.1:9/v1", "--model", "owl"))
    assert KEY not in str(run("model", "list"))


def test_a_server_that_is_away_can_be_named_with_its_model(run):
    code, _, err = run("model", "use", "http://127.0.0.1:9/v1", "--model", "owl")
    assert (code, used()) == (0, ("owl", "http://127.0.0.1:9/v1", None))
    assert "has not said that it has owl" in err
    assert "has no key" not in err


def test_a_hosted_server_without_a_key_is_told_of(run, monkeypatch):
    monkeypatch.setattr(choice.httpx.Client, "get", unreachable)
    code, _, err = run("model", "use", "https://models.example/v1", "--model", "owl")
    assert (code, used()) == (0, ("owl", "https://models.example/v1", None))
    assert "It has no key" in err


def unreachable(*_, **__):
    raise choice.httpx.ConnectError("no network")


def test_the_environment_goes_before_and_that_is_told(run, weights, monkeypatch):
    run("model", "add", weights)
    monkeypatch.setenv("ASKPAPERS_MODEL", "large")
    _, _, err = run("model", "use", "owl-1b")
    assert "the environment goes before it: unset ASKPAPERS_MODEL" in err
    told = as_json(run("model", "use", "owl-1b", "--json"))
    assert (told["overridden_by"], told["file"]) == (["ASKPAPERS_MODEL"], str(configuration_file()))


def test_the_test_is_offered_on_a_terminal(run, weights, on_terminal, monkeypatch):
    run("model", "add", weights)
    tried = []
    monkeypatch.setattr(choosing.trying, "try_model", lambda settings, **_: tried.append(settings.model))
    for typed, expected in (("\n", []), ("n\n", []), ("", []), ("y\n", ["local/owl-1b"])):
        on_terminal(typed)
        assert run("model", "use", "owl-1b")[0] == 0
        assert tried == expected
    on_terminal("y\n")
    run("model", "use", "owl-1b", "--json")
    assert tried == ["local/owl-1b"]


ANSWERS = (
    answer("INGENIOUS keeps ", "about 99% of the performance [1]."),
    answer("LightHuBERT prunes HuBERT [1]. HuBERTopic adds a topic model [2]."),
    answer("RobBERT is a Dutch language model [1]."),
)


@pytest.mark.slow
@pytest.mark.usefixtures("papers")
def test_a_model_is_tested_by_three_questions_and_as_a_judge(run, server):
    server.play(*ANSWERS)
    assert run("model", "use", server.url, "--model", "owl")[0] == 0
    told = as_json(run("model", "test", "--json"))
    assert [row["kind"] for row in told["questions"]] == ["single", "comparison", "list"]
    assert all(row["answered"] and row["seconds_to_first_word"] >= 0 for row in told["questions"])
    assert [row["right"] for row in told["questions"]] == [True, True, True]
    assert [row["cited"] for row in told["questions"]] == [1.0, 1.0, 1.0]
    assert 0 < told["judge"]["n"] <= len(all_claims())
    assert (data_folder() / "trials.json").exists()
    server.play(*ANSWERS)
    code, out, _ = run("model", "test", "--skip-judge")
    assert (code, "As a judge" in out) == (0, False)


@pytest.mark.slow
@pytest.mark.usefixtures("papers")
def test_a_model_that_cites_nothing_has_not_answered(run, server):
    server.play(answer("Owls are counted at night."))
    run("model", "use", server.url, "--model", "owl")
    told = as_json(run("model", "test", "--skip-judge", "--json"))
    assert [(row["answered"], row["cited"], row["right"]) for row in told["questions"]] == [
        (False, None, False)
    ] * 3


@pytest.mark.slow
@pytest.mark.usefixtures("papers")
def test_a_kept_key_is_sent_to_no_other_server(run, serve, monkeypatch):
    keys = []

    def other(asked):
        keys.append(asked.headers.get("authorization"))
        return Service(OTHER)(asked)

    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    run("model", "use", "http://127.0.0.1:9/v1", "--model", "owl", "--key")
    (port,) = serve(other)
    assert run("model", "test", f"http://127.0.0.1:{port}/v1")[0] == 1
    assert keys and f"Bearer {KEY}" not in keys


@pytest.mark.slow
@pytest.mark.usefixtures("papers")
def test_a_server_that_fails_ends_the_test_in_one_line(run):
    run("model", "use", "http://127.0.0.1:9/v1", "--model", "owl")
    code, out, err = run("model", "test")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("askpapers: ")


def test_an_entailment_model_judges_after_the_same_trial(run, tmp_path, monkeypatch):
    texts = [
        text
        for claim in all_claims()
        for text in (claim.statement.text, claim.statement.papers[0].abstract)
    ]
    folder = write_model(tmp_path / "NLI small", texts)
    told = as_json(run("model", "judge", folder, "--json"))
    assert (told["judge"]["name"], told["judge"]["source"]) == ("nli-small", "added")
    assert told["trial"]["n"] > 0
    assert Settings.read().judge_model == "entailment/nli-small"
    code, out, _ = run("model", "judge", "nli-small")
    assert code == 0
    assert ("it may check sentences" if told["trial"]["passes"] else "verdicts are not used") in out.lower()
    monkeypatch.setenv("ASKPAPERS_JUDGE_MODEL", "large")
    assert "unset ASKPAPERS_JUDGE_MODEL" in run("model", "judge", "off")[2]
    monkeypatch.delenv("ASKPAPERS_JUDGE_MODEL")
    assert Settings.read().checks is False
    run("model", "judge", "writer")
    assert (Settings.read().checks, Settings.read().judge_model) == (True, None)
    (folder / "tokenizer.json").unlink()
    assert is_one_line_of_error(run("model", "judge", folder), "has no tokenizer.json")


@pytest.mark.slow
@pytest.mark.usefixtures("papers")
def test_asking_without_a_model_says_once_how_to_get_one(run, serve, on_terminal, home, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    question = ("ask", "How do owls count?")
    for arguments in (question, (*question, "--json"), (*question, "--writer", "extractive")):
        if arguments != question:
            on_terminal()
        assert "language model writes" not in run(*arguments)[2]
    on_terminal()
    assert run(*question)[2].count("`askpapers model list` shows how to get one") == 1
    on_terminal()
    assert "model list" not in run(*question)[2]
    (home / "model-hint").unlink()
    serve(Ollama({"qwen3:4b": ""}))
    on_terminal()
    assert "`askpapers model use ollama/qwen3:4b`" in run(*question)[2]
    (home / "model-hint").unlink()
    run("model", "use", "off")
    on_terminal()
    assert "ollama" not in run(*question)[2]


def found_by(run, name):
    return [row for row in json.loads(run("doctor", "--json")[1])["findings"] if row["name"] == name]


def test_doctor_looks_at_a_model_on_this_computer(run, weights, monkeypatch):
    monkeypatch.setattr(register, "trial_of", trial_of)  # not the one of `server`
    run("model", "add", weights)
    run("model", "use", "owl-1b")
    (model,) = found_by(run, "model")
    assert (model["state"], str(weights) in model["found"]) == ("ok", True)
    (memory,) = found_by(run, "memory")
    assert (memory["state"], memory["todo"]) == ("fail", "pull or add it again")
    (checks,) = found_by(run, "checks")
    assert (checks["state"], "model test" in checks["todo"]) == ("warn", True)
    monkeypatch.setattr(services, "version_of", lambda _: None)
    (program,) = found_by(run, "llama.cpp")
    assert (program["state"], "askpapers[local]" in program["todo"]) == ("fail", True)
    weights.unlink()
    (model,) = found_by(run, "model")
    assert (model["state"], model["todo"]) == ("fail", "pull or add it again")


def test_doctor_looks_at_the_configuration_and_at_who_can_read_it(run, monkeypatch):
    assert found_by(run, "configuration")[0]["found"].startswith("none in")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    run("model", "use", "http://127.0.0.1:9/v1", "--model", "owl", "--key")
    (finding,) = found_by(run, "configuration")
    assert (finding["state"], "mode 600" in finding["found"]) == ("ok", True)
    configuration_file().chmod(0o644)
    (finding,) = found_by(run, "configuration")
    assert (finding["state"], finding["todo"]) == ("fail", f"chmod 600 {configuration_file()}")
    assert KEY not in run("doctor")[1]


def test_doctor_names_servers_that_run(run, serve):
    serve(Ollama({"qwen3:4b": ""}))
    (finding,) = found_by(run, "running server")
    assert finding["found"].startswith("Ollama is running with qwen3:4b")
    assert finding["todo"] == "`askpapers model use ollama/qwen3:4b`"

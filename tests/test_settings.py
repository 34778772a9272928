"""What the environment decides, and what it cannot say."""

from contextlib import closing
from dataclasses import replace

import pytest

from rag import SettingError
from rag.configuration import configuration_file, merged, read_configuration
from rag.library.chroma_server import ChromaServer
from rag.model.base import WINDOW
from rag.model.chat import ChatModel
from rag.model.description import read_description
from rag.model.llm import known_window
from rag.settings import DEFAULT_MODEL, Settings


def test_an_empty_variable_is_one_that_is_not_set():
    names = ("API_KEY", "BASE_URL")
    empty = {f"OPENAI_{name}": " " for name in names} | {
        f"ASKPAPERS_{name}": ""
        for name in (
            "MODEL",
            "CONTEXT_WINDOW",
            "PRICE_INPUT",
            "PRICE_OUTPUT",
            "UNSUPPORTED",
            "JUDGE",
            "JUDGE_MODEL",
            "CHROMA_URL",
            "CHROMA_TOKEN",
            "CHROMA_TENANT",
            "CHROMA_DATABASE",
        )
    }
    assert Settings.from_environment(empty) == Settings.from_environment({}) == Settings()


def test_each_variable_reaches_its_setting():
    settings = Settings.from_environment(
        {
            "ASKPAPERS_MODEL": "small",
            "ASKPAPERS_CONTEXT_WINDOW": " 4096 ",
            "ASKPAPERS_PRICE_INPUT": "0.4",
            "ASKPAPERS_PRICE_OUTPUT": "1.6",
            "ASKPAPERS_UNSUPPORTED": "drop",
            "ASKPAPERS_JUDGE_MODEL": "large",
            "ASKPAPERS_CHROMA_URL": " https://vectors.example/chroma ",
            "ASKPAPERS_CHROMA_TOKEN": "Bearer abc",
            "ASKPAPERS_CHROMA_TENANT": "lab",
            "ASKPAPERS_CHROMA_DATABASE": "papers",
        }
    )
    assert settings == Settings(
        model="small",
        context_window=4096,
        price_input=0.4,
        price_output=1.6,
        unsupported="drop",
        judge_model="large",
        chroma_url="https://vectors.example/chroma",
        chroma_token="Bearer abc",
        chroma_tenant="lab",
        chroma_database="papers",
    )
    assert settings.prices == (0.4, 1.6)
    assert Settings(price_input=0.4).prices is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CONTEXT_WINDOW", value) for value in ("1023", "0", "-8192", "8k", "8192.0", "²", "٨١٩٢")),
        *(("PRICE_INPUT", value) for value in ("-1", "nan", "inf", "$1", "1,5")),
        *(("PRICE_OUTPUT", value) for value in ("free", "-0.1")),
        *(("UNSUPPORTED", value) for value in ("keep", "Mark", "mark\nme")),
        *(("JUDGE", value) for value in ("llm", "calibrated", "gpt")),
        *(
            ("CHROMA_URL", value)
            for value in (
                "localhost:8000",
                "ftp://vectors",
                "http://",
                "http://vectors:port",
                "http://[::1",
                "http://vectors?a=b",
                "http://véctors",
            )
        ),
        ("CHROMA_TOKEN", "tok\nen"),
        ("CHROMA_TOKEN", "tokén"),
    ],
)
def test_a_value_that_cannot_be_is_one_line_that_names_the_variable(name, value):
    with pytest.raises(SettingError, match=f"ASKPAPERS_{name}") as raised:
        Settings.from_environment({f"ASKPAPERS_{name}": value})
    assert "\n" not in str(raised.value)


def test_a_variable_that_is_gone_says_what_took_its_place():
    with pytest.raises(SettingError, match=r"ASKPAPERS_JUDGE is gone.*_JUDGE_MODEL names another"):
        Settings.from_environment({"ASKPAPERS_JUDGE": "llm", "ASKPAPERS_JUDGE_MODEL": "large"})


def test_checks_are_switched_off_and_no_model_is_called_off():
    settings = Settings.from_environment({"ASKPAPERS_JUDGE_MODEL": "off"})
    assert (settings.checks, settings.judge_model) == (False, None)
    assert Settings.from_environment({"ASKPAPERS_JUDGE_MODEL": "large"}).checks


def test_what_is_secret_is_not_shown():
    secret = "hush-5f2c9"
    settings = Settings(api_key=secret, chroma_url=f"https://us:{secret}@vectors", chroma_token=secret)
    server = ChromaServer.from_settings(settings)
    assert str(server) == "https://vectors"
    assert secret not in f"{settings!r} {server!r}"
    for name in ("URL", "TOKEN"):
        with pytest.raises(SettingError) as raised:
            Settings.from_environment({f"ASKPAPERS_CHROMA_{name}": f"{secret}\t?"})
        assert secret not in str(raised.value)


def test_vectors_are_in_the_folder_unless_a_server_is_named():
    assert ChromaServer.from_settings(Settings(chroma_token="abc")) is None
    server = ChromaServer.from_settings(Settings(chroma_url="http://vectors:8000/"))
    assert server == ChromaServer("http://vectors:8000", None, "default_tenant", "default_database")


def test_the_window_is_the_one_that_is_set_or_known_or_a_small_one():
    windows = []
    for settings in (Settings(), Settings(model="my-own"), Settings(model="my-own", context_window=2048)):
        with closing(ChatModel.open(settings)) as model:
            windows.append(model.window)
    assert windows == [known_window(DEFAULT_MODEL), WINDOW, 2048]
    assert known_window(DEFAULT_MODEL) > 100_000
    assert known_window("my-own") is None


def test_another_model_judges_without_the_window_and_the_prices_of_the_one_that_writes():
    settings = Settings(model="small", context_window=4096, price_input=0.4, price_output=1.6)
    assert settings.for_judge() == settings
    assert replace(settings, judge_model="small").for_judge().prices == (0.4, 1.6)
    other = replace(settings, judge_model="large", api_key="sk-test").for_judge()
    assert (other.model, other.context_window, other.prices, other.api_key) == (
        "large",
        None,
        None,
        "sk-test",
    )


FILE = {"OPENAI_BASE_URL": "http://near/v1", "OPENAI_API_KEY": "its own", "ASKPAPERS_MODEL": "owl"}


def test_a_key_kept_for_a_server_goes_before_that_of_another_in_the_environment():
    assert merged(FILE, {"OPENAI_API_KEY": "another's"}) == FILE
    environment = {"OPENAI_API_KEY": "sk-test", "ASKPAPERS_MODEL": "large"}
    assert merged(FILE, environment) == environment
    without_server = {"OPENAI_API_KEY": "old"}
    assert merged(without_server, {"OPENAI_API_KEY": "new"}) == {"OPENAI_API_KEY": "new"}


def test_a_model_of_the_environment_has_neither_window_nor_prices_of_the_one_in_the_file():
    file = FILE | {"ASKPAPERS_CONTEXT_WINDOW": "4096", "ASKPAPERS_PRICE_INPUT": "1"}
    assert merged(file, {"ASKPAPERS_MODEL": "large"}) == {"ASKPAPERS_MODEL": "large"}


def test_a_file_with_a_token_that_others_can_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    configuration_file().parent.mkdir()
    configuration_file().write_text('chroma_token = "hush"')
    configuration_file().chmod(0o640)
    with pytest.raises(SettingError, match="chmod 600"):
        read_configuration()
    configuration_file().chmod(0o600)
    assert read_configuration() == {"ASKPAPERS_CHROMA_TOKEN": "hush"}


def test_a_context_without_end_is_none_that_a_server_states():
    assert read_description({"max_model_len": float("inf")}, "owl").window is None
    assert read_description({"max_model_len": 8192}, "owl").window == 8192

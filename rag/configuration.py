"""The configuration file: settings that stay, in TOML, under the lower-case names of their variables.

`model = "local/qwen3-4b"` is ASKPAPERS_MODEL, `base_url` is OPENAI_BASE_URL, `api_key` is OPENAI_API_KEY.
Only its user can read it, as it may hold a key.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_config_path

from rag.errors import SettingError

_CHOICE = {  # say together which model answers, and how
    "ASKPAPERS_MODEL",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "ASKPAPERS_CONTEXT_WINDOW",
    "ASKPAPERS_PRICE_INPUT",
    "ASKPAPERS_PRICE_OUTPUT",
}
_SECRETS = {"api_key", "chroma_token"}
_OF_OPENAI = {"base_url": "OPENAI_BASE_URL", "api_key": "OPENAI_API_KEY"}
_NAMES = (
    "library",
    "model",
    "base_url",
    "api_key",
    "prompts",
    "judge_model",
    "unsupported",
    "embedding_model",
    "context_window",
    "price_input",
    "price_output",
    "chroma_url",
    "chroma_token",
    "chroma_tenant",
    "chroma_database",
)
_OTHERS = 0o077


def configuration_file() -> Path:
    """Where the file is, or would be."""
    return user_config_path("askpapers", appauthor=False) / "config.toml"


def read_configuration() -> dict[str, str]:
    """The settings of the file by the names of their variables. Raises SettingError."""
    file = configuration_file()
    try:
        configured = tomllib.loads(file.read_text(encoding="utf-8"))
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingError(f"{file} cannot be read ({error}): mend or delete it") from error
    for name, value in configured.items():
        if name not in _NAMES or not isinstance(value, str | int | float):
            raise SettingError(f"{file} has a setting {name} that nothing reads: delete its line")
    has_secret = configured.keys() & _SECRETS or "@" in str(configured.get("base_url"))
    if has_secret and mode & _OTHERS and os.name == "posix":
        raise SettingError(f"others can read {file}, which holds a key: chmod 600 {file}")
    return {variable_of(name): str(value) for name, value in configured.items()}


def merged(configured: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the environment, and those of the file where it has none.

    A server or a model in the environment replaces the file's server, key and model together. Else a key
    that the file keeps for its server goes before OPENAI_API_KEY, which is another server's.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    if given.keys() & {"OPENAI_BASE_URL", "ASKPAPERS_MODEL"}:
        configured = {name: value for name, value in configured.items() if name not in _CHOICE}
    elif configured.keys() >= {"OPENAI_BASE_URL", "OPENAI_API_KEY"}:
        given.pop("OPENAI_API_KEY", None)
    return dict(configured) | given


def variable_of(name: str) -> str:
    """The variable of the environment that goes before a setting of the file."""
    return _OF_OPENAI.get(name, f"ASKPAPERS_{name.upper()}")

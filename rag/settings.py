"""The settings from the environment and the configuration file, and the places of the user's data.

They are read once and passed on.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from platformdirs import user_data_path

from rag.configuration import merged, read_configuration
from rag.errors import SettingError
from rag.types import Prompts, Unsupported

DEFAULT_MODEL = "gpt-4.1-mini"
SMALLEST_WINDOW = 1024  # tokens: room for the rules, a question and some sentences of a paper
OFF = "off"  # no model
LOCAL = "local/"  # before the name of a model on this computer
_PROMPTS: tuple[Prompts, ...] = ("auto", "short", "full")
_UNSUPPORTED: tuple[Unsupported, ...] = ("mark", "drop")
_NO_WINDOW = f"is no whole number of tokens from {SMALLEST_WINDOW} on"
_NO_PRICE = "is no price in dollars per million tokens, such as 0.4"
_NO_ADDRESS = "is no address such as http://localhost:8000"
_NO_HEADER = "has characters that no header can have"
T = TypeVar("T")
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class Settings:
    """Where things are, and which models write and encode. `repr` leaves out the secrets."""

    library: Path | None = None  # None means the user data folder
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str = DEFAULT_MODEL
    embedding_model: str | None = None  # None means the embedded encoder
    context_window: int | None = None  # tokens; None means the known one of the model
    price_input: float | None = None  # dollars per million tokens
    price_output: float | None = None
    unsupported: Unsupported = "mark"
    judge_model: str | None = None  # checks answers, and judges those of a run; None means `model`
    checks: bool = True  # whether a model checks answers
    prompts: Prompts = "auto"  # short ones for small models
    chroma_url: str | None = field(default=None, repr=False)  # None means vectors in the library's folder
    chroma_token: str | None = field(default=None, repr=False)
    chroma_tenant: str | None = None
    chroma_database: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of the environment, and those of the configuration file. Raises SettingError."""
        return cls.from_environment(merged(read_configuration(), environment))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of these variables; an empty one counts as unset. Raises SettingError."""
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        library = environment.get("ASKPAPERS_LIBRARY")
        if "ASKPAPERS_JUDGE" in given:
            raise SettingError(
                "ASKPAPERS_JUDGE is gone, as a language model checks what it writes: unset it; "
                "ASKPAPERS_JUDGE_MODEL names another model for checks, or is off"
            )
        judge = given.get("ASKPAPERS_JUDGE_MODEL")
        return cls(
            library=Path(library) if library else None,
            api_key=given.get("OPENAI_API_KEY"),
            base_url=given.get("OPENAI_BASE_URL"),
            model=given.get("ASKPAPERS_MODEL", DEFAULT_MODEL),
            embedding_model=given.get("ASKPAPERS_EMBEDDING_MODEL"),
            context_window=_parsed(given, "ASKPAPERS_CONTEXT_WINDOW", _window, _NO_WINDOW),
            price_input=_parsed(given, "ASKPAPERS_PRICE_INPUT", _price, _NO_PRICE),
            price_output=_parsed(given, "ASKPAPERS_PRICE_OUTPUT", _price, _NO_PRICE),
            unsupported=_one_of(given, "ASKPAPERS_UNSUPPORTED", _UNSUPPORTED),
            judge_model=None if judge == OFF else judge,
            checks=judge != OFF,
            prompts=_one_of(given, "ASKPAPERS_PROMPTS", _PROMPTS),
            chroma_url=_parsed(given, "ASKPAPERS_CHROMA_URL", _address, _NO_ADDRESS),
            chroma_token=_parsed(given, "ASKPAPERS_CHROMA_TOKEN", _header, _NO_HEADER),
            chroma_tenant=given.get("ASKPAPERS_CHROMA_TENANT"),
            chroma_database=given.get("ASKPAPERS_CHROMA_DATABASE"),
        )

    @property
    def has_model(self) -> bool:
        """Whether there is a model on this computer, a key, or a compatible server, which may need none."""
        return self.model != OFF and bool(self.local_name or self.api_key or self.base_url)

    @property
    def local_name(self) -> str | None:
        """The name of the model on this computer; None if a server has the model."""
        return self.model.removeprefix(LOCAL) if self.model.startswith(LOCAL) else None

    @property
    def prices(self) -> tuple[float, float] | None:
        """Dollars per million tokens, sent and written, if both are known."""
        if self.price_input is None or self.price_output is None:
            return None
        return self.price_input, self.price_output

    def for_judge(self) -> "Settings":
        """The settings for the model that judges."""
        return self.with_model(self.judge_model or self.model)

    def with_model(self, model: str) -> "Settings":
        """The settings with this model; another one has no known window and prices."""
        if model == self.model:
            return self
        return replace(self, model=model, context_window=None, price_input=None, price_output=None)


def _parsed(
    given: Mapping[str, str], name: str, parse: Callable[[str], T | None], problem: str
) -> T | None:
    """The value of a variable, None if unset. The error names no value, as it may hold a secret."""
    if name not in given:
        return None
    try:
        value = parse(given[name])
    except ValueError:
        value = None
    if value is None:
        raise SettingError(f"{name} {problem}: set or unset it")
    return value


def _window(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and int(text[:12]) >= SMALLEST_WINDOW
    return int(text[:12]) if is_number else None


def _price(text: str) -> float | None:
    price = float(text)
    return price if 0 <= price < math.inf else None


def _address(text: str) -> str | None:
    parts = urlsplit(text)
    is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    return None if not is_address or parts.query or parts.fragment else _header(text)


def _header(text: str) -> str | None:
    return text if text.isascii() and text.isprintable() else None


def _one_of(given: Mapping[str, str], name: str, choices: tuple[Choice, ...]) -> Choice:
    """The choice that a variable names, or the first one."""
    value = given.get(name, choices[0])
    for choice in choices:
        if value == choice:
            return choice
    raise SettingError(f"{name} is none of {', '.join(choices)}: set it to one of them or unset it")


def data_folder() -> Path:
    """The folder of this user's data: libraries, fetched weights, caches of vectors and verdicts."""
    return user_data_path("askpapers", appauthor=False)


def own_library() -> Path:
    """The user's library, unless another place is named."""
    return data_folder() / "library"


def bundled_library() -> Path:
    """The library of the bundled digests, which never mix with real abstracts."""
    return data_folder() / "bundled"


def field_library(name: str) -> Path:
    """The library of an evaluation set that comes with papers of its own."""
    return data_folder() / "fields" / name


def embedding_cache() -> Path:
    """The vectors of embedding models, for all libraries."""
    return data_folder() / "embeddings.sqlite"


def verdict_cache() -> Path:
    """The verdicts of model judges, for all runs."""
    return data_folder() / "verdicts.sqlite"

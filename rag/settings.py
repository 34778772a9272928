"""What the environment decides, read once and passed on; nothing else reads the environment."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from platformdirs import user_data_path

from rag.errors import SettingError
from rag.types import Unsupported

DEFAULT_MODEL = "gpt-4.1-mini"
SMALLEST_WINDOW = 1024  # tokens: the rules, a question, and some sentences of a paper
JudgeName = Literal["calibrated", "llm"]
_JUDGES: tuple[JudgeName, ...] = ("calibrated", "llm")
_UNSUPPORTED: tuple[Unsupported, ...] = ("mark", "drop")
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class Settings:
    """Where things are, which model writes and which encodes. The key is left out of `repr`."""

    library: Path | None = None  # the one the user named; None means the user data folder
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str = DEFAULT_MODEL
    embedding_model: str | None = None  # None means the embedded encoder
    context_window: int | None = None  # tokens; None means what is known of the model
    price_input: float | None = None  # dollars per million tokens
    price_output: float | None = None
    unsupported: Unsupported = "mark"
    judge: JudgeName = "calibrated"
    judge_model: str | None = None  # judges the answers of a run; None means the one that writes
    chroma_url: str | None = field(default=None, repr=False)  # None means vectors in the library's folder
    chroma_token: str | None = field(default=None, repr=False)
    chroma_tenant: str | None = None
    chroma_database: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """OPENAI_API_KEY, OPENAI_BASE_URL and ASKPAPERS_MODEL, _EMBEDDING_MODEL, _LIBRARY,
        _CONTEXT_WINDOW, _PRICE_INPUT, _PRICE_OUTPUT, _UNSUPPORTED, _JUDGE, _JUDGE_MODEL,
        _CHROMA_URL, _CHROMA_TOKEN, _CHROMA_TENANT, _CHROMA_DATABASE.

        Empty is unset. Raises SettingError.
        """
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        library = environment.get("ASKPAPERS_LIBRARY")
        return cls(
            library=Path(library) if library else None,
            api_key=given.get("OPENAI_API_KEY"),
            base_url=given.get("OPENAI_BASE_URL"),
            model=given.get("ASKPAPERS_MODEL", DEFAULT_MODEL),
            embedding_model=given.get("ASKPAPERS_EMBEDDING_MODEL"),
            context_window=_window(given),
            price_input=_price(given, "ASKPAPERS_PRICE_INPUT"),
            price_output=_price(given, "ASKPAPERS_PRICE_OUTPUT"),
            unsupported=_one_of(given, "ASKPAPERS_UNSUPPORTED", _UNSUPPORTED),
            judge=_one_of(given, "ASKPAPERS_JUDGE", _JUDGES),
            judge_model=given.get("ASKPAPERS_JUDGE_MODEL"),
            chroma_url=_address(given, "ASKPAPERS_CHROMA_URL"),
            chroma_token=_header(given, "ASKPAPERS_CHROMA_TOKEN"),
            chroma_tenant=given.get("ASKPAPERS_CHROMA_TENANT"),
            chroma_database=given.get("ASKPAPERS_CHROMA_DATABASE"),
        )

    @property
    def has_model(self) -> bool:
        """Whether a model can be asked: there is a key, or a compatible server that needs none."""
        return bool(self.api_key or self.base_url)

    @property
    def prices(self) -> tuple[float, float] | None:
        """Dollars per million tokens that are sent and that are written, where both are known."""
        if self.price_input is None or self.price_output is None:
            return None
        return self.price_input, self.price_output

    def for_judge(self) -> "Settings":
        """These for the model that judges. The window and the prices are those of the one that writes."""
        if self.judge_model in (None, self.model):
            return self
        return replace(
            self, model=self.judge_model, context_window=None, price_input=None, price_output=None
        )


def _window(given: Mapping[str, str]) -> int | None:
    name = "ASKPAPERS_CONTEXT_WINDOW"
    if name not in given:
        return None
    value = given[name]
    if not (value.isascii() and value.isdigit() and int(value[:12]) >= SMALLEST_WINDOW):
        raise SettingError(
            f"{name} is no whole number of tokens from {SMALLEST_WINDOW} on: set or unset it"
        )
    return int(value[:12])


def _price(given: Mapping[str, str], name: str) -> float | None:
    if name not in given:
        return None
    try:
        price = float(given[name])
    except ValueError:
        price = math.nan
    if not 0 <= price < math.inf:
        raise SettingError(
            f"{name} is no price in dollars per million tokens, such as 0.4: set or unset it"
        )
    return price


def _address(given: Mapping[str, str], name: str) -> str | None:
    """An address of a server; it may hold a password, and so is not shown."""
    if name not in given:
        return None
    try:
        parts = urlsplit(given[name])
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of the port, or brackets
        is_address = False
    if not is_address or parts.query or parts.fragment or not _is_header(given[name]):
        raise SettingError(f"{name} is no address such as http://localhost:8000: set or unset it")
    return given[name]


def _header(given: Mapping[str, str], name: str) -> str | None:
    """What can be sent in a header; it is secret, and so is not shown."""
    if name in given and not _is_header(given[name]):
        raise SettingError(f"{name} has characters that no header can have: set or unset it")
    return given.get(name)


def _is_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _one_of(given: Mapping[str, str], name: str, choices: tuple[Choice, ...]) -> Choice:
    """The choice that a variable names, the first one where it is not set."""
    value = given.get(name, choices[0])
    for choice in choices:
        if value == choice:
            return choice
    raise SettingError(f"{name} is neither {' nor '.join(choices)}: set it to one of them or unset it")


def data_folder() -> Path:
    """The folder of this user's data: libraries, fetched weights and vectors that were paid for."""
    return user_data_path("askpapers", appauthor=False)


def own_library() -> Path:
    """Where the user's library is unless another place is named."""
    return data_folder() / "library"


def bundled_library() -> Path:
    """Where the library of the bundled digests is; digests never mix with real abstracts."""
    return data_folder() / "bundled"


def field_library(name: str) -> Path:
    """Where a library is that a question set about papers of its own is asked on."""
    return data_folder() / "fields" / name


def embedding_cache() -> Path:
    """Where the vectors of embedding models are kept for all libraries."""
    return data_folder() / "embeddings.sqlite"


def verdict_cache() -> Path:
    """Where the verdicts of model judges are kept for all runs."""
    return data_folder() / "verdicts.sqlite"

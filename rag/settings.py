"""What the environment decides, read once and passed on; nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

DEFAULT_MODEL = "gpt-4.1-mini"


@dataclass(frozen=True)
class Settings:
    """Where things are and which model writes. The key is left out of `repr`."""

    library: Path | None = None  # the one the user named; None means the user data folder
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str = DEFAULT_MODEL

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """OPENAI_API_KEY, OPENAI_BASE_URL, ASKPAPERS_MODEL, ASKPAPERS_LIBRARY; empty is unset."""
        library = environment.get("ASKPAPERS_LIBRARY")
        return cls(
            library=Path(library) if library else None,
            api_key=environment.get("OPENAI_API_KEY", "").strip() or None,
            base_url=environment.get("OPENAI_BASE_URL", "").strip() or None,
            model=environment.get("ASKPAPERS_MODEL", "").strip() or DEFAULT_MODEL,
        )

    @property
    def has_model(self) -> bool:
        """Whether a language model can be asked: a key, or a compatible server that needs none."""
        return bool(self.api_key or self.base_url)


def data_folder() -> Path:
    """The folder of this user's data: libraries and fetched weights."""
    return user_data_path("askpapers", appauthor=False)


def own_library() -> Path:
    """Where the user's library is unless another place is named."""
    return data_folder() / "library"


def bundled_library() -> Path:
    """Where the library of the bundled digests is; digests never mix with real abstracts."""
    return data_folder() / "bundled"

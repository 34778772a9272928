"""What the environment decides, read once and passed on; nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

DEFAULT_MODEL = "gpt-4.1-mini"


@dataclass(frozen=True)
class Settings:
    """Where things are, which model writes and which encodes. The key is left out of `repr`."""

    library: Path | None = None  # the one the user named; None means the user data folder
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    model: str = DEFAULT_MODEL
    embedding_model: str | None = None  # None means the embedded encoder

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """OPENAI_API_KEY, OPENAI_BASE_URL and ASKPAPERS_MODEL, _EMBEDDING_MODEL, _LIBRARY.

        Empty is unset.
        """
        library = environment.get("ASKPAPERS_LIBRARY")
        return cls(
            library=Path(library) if library else None,
            api_key=environment.get("OPENAI_API_KEY", "").strip() or None,
            base_url=environment.get("OPENAI_BASE_URL", "").strip() or None,
            model=environment.get("ASKPAPERS_MODEL", "").strip() or DEFAULT_MODEL,
            embedding_model=environment.get("ASKPAPERS_EMBEDDING_MODEL", "").strip() or None,
        )

    @property
    def has_model(self) -> bool:
        """Whether a model can be asked: there is a key, or a compatible server that needs none."""
        return bool(self.api_key or self.base_url)


def data_folder() -> Path:
    """The folder of this user's data: libraries, fetched weights and vectors that were paid for."""
    return user_data_path("askpapers", appauthor=False)


def own_library() -> Path:
    """Where the user's library is unless another place is named."""
    return data_folder() / "library"


def bundled_library() -> Path:
    """Where the library of the bundled digests is; digests never mix with real abstracts."""
    return data_folder() / "bundled"


def embedding_cache() -> Path:
    """Where the vectors of embedding models are kept for all libraries."""
    return data_folder() / "embeddings.sqlite"

"""Where a Chroma server is, and the secrets that open it."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from rag.errors import IndexServerError
from rag.settings import Settings


@dataclass(frozen=True)
class ChromaServer:
    """The address of a server; as a string without user and password.

    A token is sent as `x-chroma-token`, or as `Authorization` where it begins with a scheme ("Bearer …").
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """The server that the settings name; None where vectors are kept in the library's folder."""
        if not settings.chroma_url:
            return None
        return cls(
            settings.chroma_url.rstrip("/"),
            settings.chroma_token,
            settings.chroma_tenant or cls.tenant,
            settings.chroma_database or cls.database,
        )

    def headers(self) -> dict[str, str]:
        if not self.token:
            return {}
        return {"Authorization" if " " in self.token else "x-chroma-token": self.token}

    def without_secrets(self, text: str) -> str:
        """A text that the server sent, with its secrets hidden."""
        for secret in [*(self.token or "").split(), urlsplit(self.url).password]:
            text = text.replace(secret, "…") if secret else text
        return text

    def error(self, problem: str, cure: str) -> IndexServerError:
        return IndexServerError(f"the Chroma server at {self} {problem}: {cure}")

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")

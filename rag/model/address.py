"""Addresses of model servers."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from rag.errors import ModelError
from rag.settings import Settings

OPENAI = "https://api.openai.com/v1"
_OWN_NAMES = (".localhost", ".local", ".lan", ".internal", ".home.arpa")  # never of a public server


def server_name(settings: Settings) -> str:
    """The server's address without user and password. Raises ModelError for an invalid one."""
    try:
        parts = urlsplit(settings.base_url or OPENAI)
    except ValueError:
        raise ModelError("OPENAI_BASE_URL is no address: set it to one like http://localhost/v1") from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path}".rstrip("/")


def is_near(address: str) -> bool:
    """Whether a server is on this machine or its local network, where models are slow to begin.

    A name without a dot counts as near: it is how containers on one machine call each other.
    """
    host = urlsplit(address).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_OWN_NAMES)

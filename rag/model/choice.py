"""A choice of the model that answers: one on this computer, one of a server, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from rag.errors import KeyRefusedError, ModelError, ModelMissingError
from rag.model.address import is_near, server_name
from rag.model.catalogue import CATALOGUE
from rag.model.files import find_model, model_files
from rag.model.running import TITLES, Server, running_servers, server_at, window_of
from rag.settings import LOCAL, OFF, SMALLEST_WINDOW, Settings

_SECONDS = httpx.Timeout(10.0, connect=5.0)
_LIST = "`askpapers model list`"
_NAMED = 8  # models in an error


@dataclass(frozen=True)
class Choice:
    """What the configuration file says of the model that answers; None leaves a setting out."""

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    context_window: int | None = None
    note: str | None = None  # what the user should know of it

    @property
    def changes(self) -> dict[str, str | None]:
        """For `configure`: the settings of the model before go, too."""
        return {
            "model": self.model,
            "base_url": self.base_url,
            "api_key": self.api_key,
            "context_window": str(self.context_window) if self.context_window else None,
            "price_input": None,
            "price_output": None,
        }

    def applied_to(self, settings: Settings, sent: str | None = None) -> Settings:
        """These settings with this choice. `sent` is the key of the environment; a kept one is not passed
        on, as it belongs to the server of the model before."""
        return replace(
            settings,
            model=self.model,
            base_url=self.base_url,
            api_key=self.api_key or (sent if self.base_url else None),
            context_window=self.context_window,
            price_input=None,
            price_output=None,
        )


def choose(
    target: str, model: str | None = None, key: str | None = None, sent: str | None = None
) -> Choice:
    """The choice that a user names: NAME, local/NAME, SERVER/NAME, the address of a server, or off.

    `model` is one of the server at the address, by default its only one. `key` is to be kept, `sent` is one
    of the environment. Raises ModelError.
    """
    kind, _, name = target.partition("/")
    if "://" in target:
        return _of_address(target, model, key, sent)
    if model or key:
        raise ModelError(
            "--model and --key are for a server: name its address, such as http://localhost/v1"
        )
    if target == OFF:
        return Choice(OFF)
    if kind in TITLES and name:
        return _of_server(kind, name)
    return _of_file(target.removeprefix(LOCAL))


def _of_file(name: str) -> Choice:
    """A model on this computer."""
    if name in model_files():
        find_model(name)  # raises where its file has gone
        return Choice(f"{LOCAL}{name}")
    if name in CATALOGUE:
        raise ModelMissingError(
            f"{name} is not on this computer yet: get it with `askpapers model pull {name}`"
        )
    for server in running_servers():
        if name in server.models:
            raise ModelMissingError(
                f"{name} is a model of {server.title}: `askpapers model use {server.kind}/{name}`"
            )
    if name.endswith(".gguf"):
        raise ModelMissingError(f"{name} has no name here yet: enter it with `askpapers model add {name}`")
    raise ModelMissingError(f"there is no model {name} on this computer: see {_LIST}")


def _of_server(kind: str, name: str) -> Choice:
    """A model of a server that runs on this machine."""
    server = next((server for server in running_servers() if server.kind == kind), None)
    if not server:
        raise ModelError(
            f"{TITLES[kind]} does not run on this machine at its usual port: start it, or name its "
            "address, as in `askpapers model use http://localhost:PORT/v1`"
        )
    if name not in server.models and f"{name}:latest" in server.models:
        name = f"{name}:latest"  # as Ollama has it
    if name not in server.models:
        raise ModelMissingError(f"{server.title} has no model {name}: {_one_of(server.models)}")
    return _on(server, name, server.url)


def _on(server: Server, name: str, url: str, key: str | None = None) -> Choice:
    """A model of a known server, with the context that it has there."""
    window = window_of(server, name)
    note = None
    if window:
        note = (
            f"{server.title} gives it a context of {window:,} tokens; if you change that there, choose the "
            "model again, as it cuts longer prompts without a word"
        )
        if window < SMALLEST_WINDOW:
            raise ModelError(
                f"{server.title} gives {name} a context of {window} tokens, and {SMALLEST_WINDOW} are the "
                "least: make it larger there"
            )
    return Choice(name, url, key, window, note)


def _of_address(url: str, model: str | None, key: str | None, sent: str | None) -> Choice:
    """A model of the server at an address."""
    url = _checked(url)
    server = _known_server(url)
    if server:
        url, models = server.url, server.models
    else:
        url, models = _listed(url, key or sent, may_be_silent=model is not None)
    name = model or (models[0] if len(models) == 1 else None)
    place = f"the server at {_shown(url)}"
    if name is None:
        several = f"{place} has several models: {_one_of(models)}"
        raise ModelError(several if models else f"{place} names no model: name one with --model")
    if models and name not in models:
        raise ModelMissingError(f"{place} has no model {name}: {_one_of(models)}")
    if server:
        return _on(server, name, url, key)
    return Choice(name, url, key, note=None if models else f"{place} has not said that it has {name}")


def _checked(url: str) -> str:
    """The address, without a slash at its end. Raises ModelError unless it is one."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment or not url.isascii() or not url.isprintable():
        raise ModelError("that is no address of a server: write it like http://localhost:8080/v1")
    return url.rstrip("/")


def _known_server(url: str) -> Server | None:
    """Ollama and its like at a near address, whose own ways to tell of contexts are known."""
    parts = urlsplit(url)
    is_plain = parts.scheme == "http" and parts.path in ("", "/v1") and not parts.username
    return server_at(f"http://{parts.netloc}") if is_plain and is_near(url) else None


def _shown(url: str) -> str:
    """The address without user and password."""
    return server_name(Settings(base_url=url))


def _listed(url: str, key: str | None, *, may_be_silent: bool) -> tuple[str, tuple[str, ...]]:
    """The address, to which /v1 may be missing, and the models that the server there lists.

    Raises ModelError if it gives no list, unless it may be silent.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    problem = "lists no models"
    host = urlsplit(url).hostname or ""
    with httpx.Client(timeout=_SECONDS, headers=headers, trust_env=not _is_this_machine(host)) as client:
        for address in (url, f"{url}/v1") if not url.endswith("/v1") else (url,):
            try:
                reply = client.get(f"{address}/models")
                entries = reply.json()["data"] if reply.is_success else None
                if entries is not None:
                    return address, tuple(str(entry["id"]) for entry in entries)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = f"gives no answer ({type(error).__name__})"
                break
            except (ValueError, KeyError, TypeError):
                continue
            if reply.status_code in (401, 403):
                wanted = "another" if key else "a"
                raise KeyRefusedError(f"the server at {_shown(url)} wants {wanted} key: give it with --key")
    if may_be_silent:
        return url, ()
    raise ModelError(
        f"the server at {_shown(url)} {problem}: check the address (it mostly ends in /v1) and the "
        "network, or name its model with --model"
    )


def _one_of(models: tuple[str, ...]) -> str:
    more = ", …" if len(models) > _NAMED else ""
    return f"name one of {', '.join(models[:_NAMED])}{more}" if models else "load one there"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def key_in(environment: Mapping[str, str]) -> str | None:
    """The key of the environment, which servers are sent that have none of their own."""
    return environment.get("OPENAI_API_KEY", "").strip() or None


def overriding(environment: Mapping[str, str]) -> list[str]:
    """The variables of the environment that go before a choice of the model."""
    names = ("OPENAI_BASE_URL", "ASKPAPERS_MODEL", "ASKPAPERS_CONTEXT_WINDOW")
    return [name for name in names if environment.get(name, "").strip()]

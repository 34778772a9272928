"""The model servers that run on this machine already. They are only asked what they have."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

import httpx

PORTS = (11434, 1234, 8080, 8000)  # usual ones of Ollama, LM Studio, llama.cpp, vLLM
TITLES = {"ollama": "Ollama", "lmstudio": "LM Studio", "llama.cpp": "llama.cpp", "vllm": "vLLM"}
_OWNERS = {"llamacpp": "llama.cpp", "vllm": "vllm"}
_LIMIT = httpx.Timeout(1.0, connect=0.3)
_DEFAULT_WINDOW = 4096  # tokens, of Ollama and LM Studio where nobody has set another


@dataclass(frozen=True)
class Server:
    """A server with the models that it can run; `kind` is a key of TITLES."""

    kind: str
    address: str  # http://HOST:PORT
    models: tuple[str, ...]

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    @property
    def contents(self) -> str:
        """What runs there: "Ollama is running with qwen3:4b and 2 more"."""
        if not self.models:
            return f"{self.title} is running without a model"
        more = f" and {len(self.models) - 1} more" if len(self.models) > 1 else ""
        return f"{self.title} is running with {self.models[0]}{more}"

    @property
    def next_step(self) -> str:
        return f"`askpapers model use {self.kind}/{self.models[0]}`" if self.models else "load one there"

    @property
    def offer(self) -> str:
        """The line that offers its first model."""
        return f"{self.contents}: {self.next_step}"


def running_servers() -> list[Server]:
    """The servers at the usual ports of this machine that give an answer, all asked at once."""
    addresses = [f"http://127.0.0.1:{port}" for port in PORTS]
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(filter(None, pool.map(server_at, addresses)))


def server_at(address: str) -> Server | None:
    """The server at http://HOST:PORT, told by its answers; None if it is none of the four."""
    with _client(address) as client:
        if (listed := _json(client, "/v1/models")) is None:
            return None
        entries = _entries(listed, "data")
        if kind := next(filter(None, (_OWNERS.get(str(entry.get("owned_by"))) for entry in entries)), None):
            return Server(kind, address, _names(entries, "id"))
        if isinstance((_json(client, "/api/version") or {}).get("version"), str):
            tags = _entries(_json(client, "/api/tags"), "models")
            return Server("ollama", address, _names(filter(_writes, tags), "name"))
        entries = _entries(_json(client, "/api/v0/models"), "data")
        if any("type" in entry for entry in entries):
            writers = [entry for entry in entries if entry.get("type") in ("llm", "vlm")]
            writers.sort(key=lambda entry: entry.get("state") != "loaded")
            return Server("lmstudio", address, _names(writers, "id"))
    return None


def window_of(server: Server, model: str) -> int | None:
    """The context in tokens that a model has there now; None if llama.cpp or vLLM say it with each request.

    Ollama and LM Studio cut longer prompts without a word.
    """
    with _client(server.address) as client:
        if server.kind == "ollama":
            return _window_in_ollama(client, model)
        if server.kind == "lmstudio":
            entries = _entries(_json(client, "/api/v0/models"), "data")
            loaded = [entry.get("loaded_context_length") for entry in entries if entry.get("id") == model]
            return next(filter(_is_count, loaded), _DEFAULT_WINDOW)
    return None


def _window_in_ollama(client: httpx.Client, model: str) -> int:
    """Its own num_ctx, else what it is loaded with, else the default; the model itself may have less."""
    details = _json(client, "/api/show", {"model": model}) or {}
    lines = map(str.split, str(details.get("parameters", "")).splitlines())
    parameters = [words for words in lines if len(words) == 2]
    set_there = [int(words[1]) for words in parameters if words[:1] == ["num_ctx"] and words[1].isdigit()]
    loaded = [
        entry["context_length"]
        for entry in _entries(_json(client, "/api/ps"), "models")
        if model in (entry.get("name"), entry.get("model")) and _is_count(entry.get("context_length"))
    ]
    info = details.get("model_info")
    trained = [
        value
        for name, value in (info.items() if isinstance(info, Mapping) else ())
        if name.endswith(".context_length") and _is_count(value)
    ]
    return int(min([*(set_there or loaded or [_DEFAULT_WINDOW])[:1], *trained]))


def _client(address: str) -> httpx.Client:
    """Never through a proxy of the environment. It reads no certificates, which takes long."""
    certificates = SSLContext(PROTOCOL_TLS_CLIENT)
    return httpx.Client(base_url=address, timeout=_LIMIT, trust_env=False, verify=certificates)


def _json(client: httpx.Client, path: str, body: object = None) -> dict[str, Any] | None:
    """The JSON object at a path; None if there is none."""
    try:
        reply = client.get(path) if body is None else client.post(path, json=body)
        value = reply.json() if reply.is_success else None
    except (httpx.HTTPError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _entries(value: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    listed = (value or {}).get(name)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _names(entries: Iterable[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(str(entry[name]) for entry in entries if isinstance(entry.get(name), str))


def _writes(entry: Mapping[str, Any]) -> bool:
    """Whether a model of Ollama writes text, and does not only embed it."""
    details = entry.get("details")
    family = str(details.get("family", "")) if isinstance(details, Mapping) else ""
    return "bert" not in family and "embed" not in str(entry.get("name"))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0

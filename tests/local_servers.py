"""Servers of models as they run on one's own machine, by their answers: Ollama, LM Studio, and others."""

import json
from typing import Any

from hub_server import reply_json
from service_server import Asked, Reply, reply

LLAMA_CPP = {
    "/v1/models": {
        "object": "list",
        "models": [{"name": "owl.gguf", "model": "owl.gguf", "type": "model"}],
        "data": [
            {
                "id": "owl.gguf",
                "object": "model",
                "created": 1,
                "owned_by": "llamacpp",
                "meta": {"n_params": 1_500_000_000, "n_ctx_train": 32_768},
            }
        ],
    }
}
VLLM = {
    "/v1/models": {
        "object": "list",
        "data": [{"id": "org/owl-7b", "object": "model", "owned_by": "vllm", "max_model_len": 8192}],
    }
}
OTHER = {"/v1/models": {"object": "list", "data": [{"id": "owl", "object": "model", "owned_by": "me"}]}}


class Service:
    """Answers by path; None is a path that it does not have."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __call__(self, asked: Asked) -> Reply:
        answer = self.answers.get(asked.path)
        return reply(404, "404 page not found", "text/plain") if answer is None else reply_json(answer)


class Ollama(Service):
    """Models with their parameters as a Modelfile has them; some are loaded, with a context."""

    def __init__(self, models: dict[str, str], loaded: dict[str, int] | None = None) -> None:
        families = {name: "nomic-bert" if "embed" in name else "qwen3" for name in models}
        tags = [
            {"name": name, "model": name, "size": 2_600_000_000, "details": {"family": families[name]}}
            for name in models
        ]
        openai = [{"id": name, "object": "model", "created": 1, "owned_by": "library"} for name in models]
        running = [
            {"name": name, "model": name, "context_length": window}
            for name, window in (loaded or {}).items()
        ]
        super().__init__(
            {
                "/v1/models": {"object": "list", "data": openai or None},
                "/api/version": {"version": "0.12.6"},
                "/api/tags": {"models": tags},
                "/api/ps": {"models": running},
            }
        )
        self.models = models

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != "/api/show":
            return super().__call__(asked)
        name = json.loads(asked.body)["model"]
        if name not in self.models:
            return reply_json({"error": f"model '{name}' not found"}, 404)
        return reply_json(
            {
                "parameters": self.models[name],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960},
            }
        )


class LMStudio(Service):
    """Models with the context with which they are loaded, None where they are not."""

    def __init__(self, models: dict[str, int | None]) -> None:
        entries = [{"id": name, "object": "model", "owned_by": "organization_owner"} for name in models]
        details: list[dict[str, Any]] = [
            {
                "id": name,
                "object": "model",
                "type": "embeddings" if "embed" in name else "llm",
                "publisher": "owls",
                "state": "loaded" if window else "not-loaded",
                "max_context_length": 32_768,
            }
            | ({"loaded_context_length": window} if window else {})
            for name, window in models.items()
        ]
        super().__init__(
            {
                "/v1/models": {"object": "list", "data": entries},
                "/api/v0/models": {"object": "list", "data": details},
            }
        )

    def __call__(self, asked: Asked) -> Reply:
        if asked.path not in self.answers:  # its way to say 404
            return reply_json({"error": f"Unexpected endpoint or method. (GET {asked.path})"})
        return super().__call__(asked)

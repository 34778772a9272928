"""What a server says of a model: its size, its context, whether llama.cpp runs it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openai import APIConnectionError, OpenAI, OpenAIError

from rag.errors import ModelError

_SECONDS = 5.0
_IN_NAME = re.compile(r"(?<![^\W_])(?<!\.)(\d+(?:\.\d+)?)([bm])(?![^\W_])", re.IGNORECASE)
_UNITS = {"b": 1e9, "m": 1e6}


@dataclass(frozen=True)
class Description:
    """What is known of a model: parameters, its context in tokens; None where nobody says."""

    parameters: float | None = None
    window: int | None = None
    is_llama_cpp: bool = False


def describe(client: OpenAI, model: str) -> Description | None:
    """What its server says of a model, nothing where it lists none; None if it cannot be reached."""
    try:
        listed = client.with_options(timeout=_SECONDS, max_retries=0).models.list().data
        models = {entry.id: entry.to_dict() for entry in listed or []}
    except APIConnectionError:
        return None
    except (OpenAIError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error.__cause__, ModelError):  # a model on this computer does not start
            return None
        models = {}
    only = next(iter(models.values())) if len(models) == 1 else {}
    return read_description(models.get(model, only), model)


def read_description(entry: Mapping[str, Any], model: str) -> Description:
    """From an entry of a server's list of models: llama.cpp's has `meta`, vLLM's `max_model_len`."""
    meta = entry.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    window = _number(meta.get("n_ctx")) or _number(entry.get("max_model_len"))
    return Description(
        parameters=_number(meta.get("n_params")) or named_parameters(model),
        window=int(window) if window else None,
        is_llama_cpp=entry.get("owned_by") == "llamacpp",
    )


def named_parameters(model: str) -> float | None:
    """The parameters that a model's name states ("qwen3:4b"); None if it states none."""
    found = _IN_NAME.search(model)
    return float(found[1]) * _UNITS[found[2].lower()] if found else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value < math.inf else None

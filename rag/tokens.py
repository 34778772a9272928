"""Counts tokens with tiktoken, whose vocabulary comes with LlamaIndex: nothing is downloaded."""

import importlib.util
import os
from functools import cache
from pathlib import Path

import tiktoken

ENCODING = "o200k_base"


def count_tokens(text: str) -> int:
    """Number of tokens of a text in the o200k_base encoding."""
    return len(_encoding().encode_ordinary(text))


def token_offsets(text: str) -> list[int]:
    """The offset in characters at which each token starts."""
    encoding = _encoding()
    return encoding.decode_with_offsets(encoding.encode_ordinary(text))[1]


@cache
def _encoding() -> tiktoken.Encoding:
    """The encoding, from the files in llama_index.core (without importing it) or the user's own folder."""
    variable = "TIKTOKEN_CACHE_DIR"
    module = importlib.util.find_spec("llama_index.core")
    if variable in os.environ or not module or not module.origin:
        return tiktoken.get_encoding(ENCODING)
    os.environ[variable] = str(Path(module.origin).parent / "_static" / "tiktoken_cache")
    try:
        return tiktoken.get_encoding(ENCODING)
    finally:
        del os.environ[variable]

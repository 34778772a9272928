"""Counts tokens with tiktoken, whose vocabulary comes with LlamaIndex: nothing is downloaded."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _vocabulary_folder():
        return tiktoken.get_encoding(ENCODING)


@contextmanager
def _vocabulary_folder() -> Iterator[None]:
    """Point tiktoken to the files in llama_index.core without importing it, unless the user chose one."""
    variable = "TIKTOKEN_CACHE_DIR"
    module = importlib.util.find_spec("llama_index.core")
    if variable in os.environ or not module or not module.origin:
        yield
        return
    os.environ[variable] = str(Path(module.origin).parent / "_static" / "tiktoken_cache")
    try:
        yield
    finally:
        del os.environ[variable]

"""Texts to vectors: by the embedded encoder, or by a model on a server where the settings name one."""

from functools import cache
from typing import TYPE_CHECKING

from rag.embedding.base import Encoder
from rag.settings import Settings, embedding_cache

if TYPE_CHECKING:
    from rag.embedding.minilm import MiniLM


def open_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name; nothing is loaded or sent before the first text.

    Raises ModelError: a model is named, and there is neither a key nor a server for it.
    """
    if not settings.embedding_model:
        return embedded_encoder()
    from rag.embedding.cache import VectorCache
    from rag.embedding.openai import OpenAIEncoder

    return OpenAIEncoder(settings.embedding_model, settings, VectorCache(embedding_cache()))


@cache
def embedded_encoder() -> "MiniLM":
    """The embedded encoder; everyone shares one, as its weights take 90 MB."""
    from rag.embedding.minilm import MiniLM

    return MiniLM()


def hang_up(encoder: Encoder) -> None:
    """Close the connection of an encoder that has one; it can still be used."""
    if close := getattr(encoder, "close", None):
        close()

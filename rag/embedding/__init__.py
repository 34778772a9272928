"""Texts to vectors: by the embedded encoder, or by a model on a server where the settings name one."""

import functools

from rag.embedding.base import Encoder
from rag.embedding.cache import VectorCache
from rag.embedding.minilm import MiniLM
from rag.settings import Settings, embedding_cache


def open_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name; nothing is loaded or sent before the first text.

    Raises ModelError: a model is named, and there is neither a key nor a server for it.
    """
    if not settings.embedding_model:
        return embedded_encoder()
    from rag.embedding.openai import OpenAIEncoder

    return OpenAIEncoder(settings.embedding_model, settings, VectorCache(embedding_cache()))


@functools.cache
def embedded_encoder() -> MiniLM:
    """The embedded encoder; all share one, as its weights take 90 MB."""
    return MiniLM()


def hang_up(encoder: Encoder) -> None:
    """Close the connection of an encoder that has one; it can still be used."""
    if close := getattr(encoder, "close", None):
        close()

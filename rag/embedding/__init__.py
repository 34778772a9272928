"""Texts to vectors: by the embedded encoder, or by a model on a server where the settings name one."""

import functools

from rag.embedding.base import Encoder
from rag.embedding.cache import VectorCache
from rag.embedding.minilm import MiniLM
from rag.settings import Settings, embedding_cache


def open_encoder(settings: Settings) -> Encoder:
    """The encoder of the settings; nothing is loaded or sent before the first text.

    Raises ModelError if a model is named without a key or a server.
    """
    if not settings.embedding_model:
        return embedded_encoder()
    from rag.embedding.openai import OpenAIEncoder

    return OpenAIEncoder(settings.embedding_model, settings, VectorCache(embedding_cache()))


@functools.cache
def embedded_encoder() -> MiniLM:
    """The embedded encoder, one for all, as its weights take 90 MB."""
    return MiniLM()


def hang_up(encoder: Encoder) -> None:
    """Close the connection of an encoder, if it has one; it can still be used."""
    if close := getattr(encoder, "close", None):
        close()

"""An encoder on a server: any OpenAI-compatible embedding model; each text is sent once."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rag.embedding.base import Vectors
from rag.embedding.cache import VectorCache
from rag.errors import ModelError
from rag.model.address import server_name
from rag.model.base import EMBEDDING
from rag.model.client import open_client, translated
from rag.settings import Settings
from rag.tokens import count_tokens, token_offsets

if TYPE_CHECKING:
    from openai import OpenAI

_TEXTS = 32  # a request: what text-embeddings-inference takes; OpenAI takes 2,048
_TOKENS = 16_000  # a request: about 10 s of a small server's work; OpenAI takes 300,000
_LONGEST = 8_000  # tokens of a text, the rest is cut off; OpenAI's models take 8,191
_BLANK = "-"  # what is sent for a text without a visible character, which servers refuse
_PROBE = "dimension"  # what is sent to learn how long the vectors are


class OpenAIEncoder:
    """The vectors of a model on a server, normalised. Safe to use from several threads.

    Nothing is sent before the first text, and nothing for a text whose vector is in the cache.
    """

    def __init__(self, model: str, settings: Settings, cache: VectorCache) -> None:
        """`settings` names the server and holds the key. Raises ModelError: no model can be asked."""
        if not settings.has_model:
            raise ModelError(
                f"the embedding model {model} has no server: set OPENAI_API_KEY, or OPENAI_BASE_URL "
                f"for a compatible server, or {EMBEDDING.without}"
            )
        self.name = f"{model} at {server_name(settings)}"
        self._model = model
        self._settings = settings
        self._cache = cache
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """Length of a vector; sends a probe if no vector of the model is known. Raises ModelError."""
        return self._known_dimension() or int(self.encode([_PROBE]).shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), unit length. Raises ModelError."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        prepared = [_prepared(text) for text in texts]
        known = self._cache.get(self.name, set(prepared))
        for batch in _batches([text for text in dict.fromkeys(prepared) if text not in known]):
            vectors = dict(zip(batch, self._request(batch), strict=True))
            self._cache.put(self.name, vectors)  # now, so that a later failure costs nothing twice
            known |= vectors
        return np.stack([known[text] for text in prepared])

    def close(self) -> None:
        """Close the connection; the next text that is not in the cache opens a new one."""
        if client := self.__dict__.pop("_client", None):
            client.close()

    @cached_property
    def _client(self) -> "OpenAI":
        return open_client(self._settings)

    def _known_dimension(self) -> int | None:
        self._dimension = self._dimension or self._cache.dimension(self.name)
        return self._dimension

    def _request(self, texts: list[str]) -> Vectors:
        with translated(self._model, EMBEDDING):
            # Asked for as numbers: not every server knows base64, the client's default.
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
            numbered = {row.index: row.embedding for row in answer.data}
            if len(answer.data) != len(texts) or set(numbered) != set(range(len(texts))):
                raise ModelError(
                    f"the model {self._model} did not send one vector for each of {len(texts)} texts: "
                    "check that OPENAI_BASE_URL is an OpenAI-compatible server"
                )
            rows = np.array([numbered[place] for place in range(len(texts))], np.float64)
        return self._checked(rows)

    def _checked(self, rows: np.ndarray) -> Vectors:
        """The rows scaled to unit length. Raises ModelError unless they are vectors of the same length."""
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
        if rows.ndim != 2 or not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise ModelError(
                f"the model {self._model} sent a vector that is zero or no numbers: check that "
                f"{EMBEDDING.variable} names an embedding model"
            )
        expected = self._known_dimension() or rows.shape[1]
        if rows.shape[1] != expected:
            raise ModelError(
                f"the model {self._model} sent vectors of {rows.shape[1]} numbers, and of {expected} "
                f"before: remove {self._cache.path} and run `askpapers library reindex`"
            )
        self._dimension = expected
        checked: Vectors = (rows / lengths).astype(np.float32)
        return checked


def _prepared(text: str) -> str:
    """The text as servers accept it: no lone surrogates, not blank, not too long."""
    whole = text.encode("utf-8", "replace").decode()
    if not whole.strip():
        return _BLANK
    if len(whole.encode()) <= _LONGEST:  # a token has at least a byte
        return whole
    offsets = token_offsets(whole)
    return whole if len(offsets) <= _LONGEST else whole[: offsets[_LONGEST]]


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in requests of bounded size; each has at least one."""
    batch: list[str] = []
    used = 0
    for text in texts:
        size = count_tokens(text)
        if batch and (len(batch) == _TEXTS or used + size > _TOKENS):
            yield batch
            batch, used = [], 0
        batch.append(text)
        used += size
    if batch:
        yield batch

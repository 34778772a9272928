"""The embedded encoder: all-MiniLM-L6-v2 in onnxruntime, on the CPU, without PyTorch."""

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.embedding.base import Vectors
from rag.embedding.weights import find_weights

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Encoding, Tokenizer

_LONGEST = 256  # word pieces, the length with which the model is used; more is cut off
_BATCH = 16


class MiniLM:
    """Mean of the last layer's token vectors, normalised (Reimers and Gurevych, 2019).

    Nothing is loaded before the first text. Safe to use from several threads.
    """

    name = "all-MiniLM-L6-v2"
    dimension = 384

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._session: onnxruntime.InferenceSession | None = None
        self._tokenizer: Tokenizer | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), 384), unit length. Raises EncoderMissingError."""
        session, tokenizer = self._load()
        pieces = tokenizer.encode_batch_fast(list(texts))
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        shortest_first = sorted(range(len(texts)), key=lambda i: len(pieces[i].ids))
        for start in range(0, len(texts), _BATCH):
            rows = shortest_first[start : start + _BATCH]
            ids, mask = _pad([pieces[row] for row in rows])
            (tokens,) = session.run(["tokens"], {"input_ids": ids, "attention_mask": mask})
            vectors[rows] = _pool(tokens, mask)
        return vectors

    def _load(self) -> "tuple[onnxruntime.InferenceSession, Tokenizer]":
        with self._loading:
            if self._session is None or self._tokenizer is None:
                self._session, self._tokenizer = _open()
            return self._session, self._tokenizer


def _open() -> "tuple[onnxruntime.InferenceSession, Tokenizer]":
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it is read at import, and never after
    import onnxruntime
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    from rag.embedding.minilm_graph import build_graph

    weights = find_weights()
    graph, tensors = build_graph(load_file(weights.tensors))
    options = onnxruntime.SessionOptions()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(weights.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return session, tokenizer


def _pad(pieces: "list[Encoding]") -> tuple[np.ndarray, np.ndarray]:
    """Token ids and mask, int64, (texts, longest text)."""
    ids = np.zeros((len(pieces), max(len(piece.ids) for piece in pieces)), np.int64)
    mask = np.zeros_like(ids)
    for row, piece in enumerate(pieces):
        ids[row, : len(piece.ids)] = piece.ids
        mask[row, : len(piece.ids)] = 1
    return ids, mask


def _pool(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
    means = np.einsum("btd,bt->bd", tokens, mask.astype(np.float32))
    norms: np.ndarray = means / np.linalg.norm(means, axis=1, keepdims=True)
    return norms

"""The embedded encoder: all-MiniLM-L6-v2 in onnxruntime, on the CPU, without PyTorch."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Tokens, Vectors, unit

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Encoding, Tokenizer

_BATCH = 8  # texts; 16 passages of 64 tokens are slower, 4 are no faster
_THREADS = min(os.cpu_count() or 1, 8)  # each runs a batch by itself


class MiniLM:
    """Mean of the last layer's token vectors, normalised (Reimers and Gurevych, 2019).

    Nothing is loaded before the first text. Safe to use from several threads.
    """

    name = "all-MiniLM-L6-v2"
    dimension = width = 384
    vocabulary = 30_522

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._loaded: tuple[onnxruntime.InferenceSession, Tokenizer] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), 384), unit length. Raises EncoderMissingError."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for rows, _, tokens, mask in self._run(texts):
            vectors[rows] = _pool(tokens, mask)
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text. Raises EncoderMissingError."""
        return self.encode_both(texts)[1]

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
        """`encode` and `encode_tokens` from one pass. Raises EncoderMissingError."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        tokens: dict[int, Tokens] = {}
        for rows, pieces, of_pieces, mask in self._run(texts):
            vectors[rows] = _pool(of_pieces, mask)
            for row, piece, of_piece in zip(rows, pieces, of_pieces, strict=True):
                tokens[row] = self._tokens(piece, of_piece)
        return vectors, [tokens[row] for row in range(len(texts))]

    def _run(
        self, texts: Sequence[str]
    ) -> "Iterator[tuple[list[int], list[Encoding], Vectors, NDArray[np.int64]]]":
        """Batches, the shortest texts first: their rows, word pieces, token vectors and mask."""
        session, tokenizer = self._load()
        pieces = tokenizer.encode_batch(list(texts))
        shortest_first = sorted(range(len(texts)), key=lambda row: len(pieces[row].ids))
        batches = [shortest_first[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]

        def run(rows: list[int]) -> "tuple[list[int], list[Encoding], Vectors, NDArray[np.int64]]":
            batch = [pieces[row] for row in rows]
            ids, mask = _pad(batch)
            (tokens,) = session.run(["tokens"], {"input_ids": ids, "attention_mask": mask})
            return rows, batch, tokens, mask

        if len(batches) < 2:
            yield from map(run, batches)
            return
        with ThreadPoolExecutor(_THREADS) as threads:
            yield from threads.map(run, batches)

    def _tokens(self, piece: "Encoding", vectors: Vectors) -> Tokens:
        ids = np.array(piece.ids, np.int32)
        kept = np.flatnonzero(self._is_word[ids])
        starts = np.array([start for start, _ in piece.offsets], np.int32)
        return Tokens(ids[kept], vectors[kept], starts[kept])

    @cached_property
    def _is_word(self) -> NDArray[np.bool_]:
        """Which word pieces are neither punctuation nor marks, bool (vocabulary,)."""
        _, tokenizer = self._load()
        is_word = np.zeros(self.vocabulary, np.bool_)
        for piece, number in tokenizer.get_vocab().items():
            is_word[number] = not piece.startswith("[") and any(map(str.isalnum, piece))
        return is_word

    def _load(self) -> "tuple[onnxruntime.InferenceSession, Tokenizer]":
        with self._loading:
            if self._loaded is None:
                os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reads it at its import
                from rag.embedding.minilm_session import open_session

                self._loaded = open_session()
            return self._loaded


def _pad(pieces: "list[Encoding]") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and mask, int64, (texts, longest text)."""
    ids = np.zeros((len(pieces), max(len(piece.ids) for piece in pieces)), np.int64)
    mask = np.zeros_like(ids)
    for row, piece in enumerate(pieces):
        ids[row, : len(piece.ids)] = piece.ids
        mask[row, : len(piece.ids)] = 1
    return ids, mask


def _pool(tokens: Vectors, mask: NDArray[np.int64]) -> Vectors:
    return unit(np.einsum("btd,bt->bd", tokens, mask.astype(np.float32)))

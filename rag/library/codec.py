"""Token vectors in few bytes.

`Plain` keeps them in 16 bits a number; it needs nothing to begin with. `Compact` centres them, turns
them to their principal components, and keeps 4 bits of each of the largest. The components are divided by
the fourth root of their variance ("half-whitened"): a few of them carry most of the variance of
an encoder's token vectors, and little of what tells them apart. What is lost at which size:
docs/retrieval.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Vectors, unit

COMPONENTS = 128
_HALF = COMPONENTS // 2  # two numbers a byte
_LEVELS = 16
_MIDDLE = (_LEVELS - 1) / 2
_RANGE = 2.6  # standard deviations of a component to either side; what lies beyond is cut
_SMALL = 500_000  # multiplications that OpenBLAS does in the thread that asks: see `_product`
_LEAST = 1e-9  # stands for a variance of nothing


class Codec(Protocol):
    """How token vectors are stored, and compared as they are stored."""

    def encode(self, vectors: Vectors) -> bytes:
        """What is stored of token vectors (n, width)."""
        ...

    def similarities(self, stored: bytes, queries: Vectors) -> Vectors:
        """Cosine of each stored vector to each query (queries, width), float32 (n, queries)."""
        ...


@dataclass(frozen=True)
class Plain:
    """Unit vectors in 16 bits a number."""

    width: int

    def encode(self, vectors: Vectors) -> bytes:
        return unit(vectors).astype(np.float16).tobytes()

    def decode(self, stored: bytes) -> Vectors:
        """The unit vectors that were stored, float32 (n, width)."""
        return np.frombuffer(stored, np.float16).reshape(-1, self.width).astype(np.float32)

    def similarities(self, stored: bytes, queries: Vectors) -> Vectors:
        cosines: Vectors = self.decode(stored) @ unit(queries).T
        return cosines


@dataclass(frozen=True)
class Compact:
    """A fitted transform, and 4 bits a component.

    `mean` is (width,), `basis` (width, components), `steps` (components,) the distance between two
    levels of each; float32.
    """

    mean: Vectors
    basis: Vectors
    steps: Vectors

    @classmethod
    def fit(cls, vectors: Vectors) -> "Compact":
        """The transform for token vectors like these, (n, width)."""
        mean = unit(vectors).mean(axis=0)
        centred = unit(vectors) - mean
        variances, components = np.linalg.eigh(centred.T @ centred / len(centred))
        largest = slice(None, -COMPONENTS - 1, -1)
        scale = np.maximum(variances[largest], _LEAST) ** 0.25
        basis = components[:, largest] / scale
        deviations = np.maximum(unit(centred @ basis).std(axis=0), _LEAST)
        steps = 2 * _RANGE * deviations / (_LEVELS - 1)
        return cls(*(part.astype(np.float32) for part in (mean, basis, steps)))

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Compact":
        """What `to_bytes` gave."""
        numbers = np.frombuffer(stored, np.float32)
        width = (len(numbers) - COMPONENTS) // (COMPONENTS + 1)
        mean, basis, steps = np.split(numbers, [width, width + width * COMPONENTS])
        return cls(mean, basis.reshape(width, COMPONENTS), steps)

    def to_bytes(self) -> bytes:
        """All numbers as float32, one part after the other."""
        return np.concatenate([self.mean, self.basis.ravel(), self.steps]).tobytes()

    def encode(self, vectors: Vectors) -> bytes:
        levels = np.clip(np.rint(self._transform(vectors) / self.steps + _MIDDLE), 0, _LEVELS - 1)
        small: NDArray[np.uint8] = levels.astype(np.uint8)
        return bytes(np.bitwise_or(np.left_shift(small[:, :_HALF], 4), small[:, _HALF:]).tobytes())

    def similarities(self, stored: bytes, queries: Vectors) -> Vectors:
        codes: NDArray[np.uint8] = np.frombuffer(stored, np.uint8).reshape(-1, _HALF)
        wanted = self._transform(queries) * self.steps
        high, low = (np.ascontiguousarray(half.T) for half in np.split(wanted, 2, axis=1))
        cosines = np.empty((len(codes), len(wanted)), np.float32)
        for rows in _blocks(len(codes), high.size):
            cosines[rows] = (codes[rows] >> 4).astype(np.float32) @ high
            cosines[rows] += (codes[rows] & 15).astype(np.float32) @ low
        cosines -= np.float32(_MIDDLE) * wanted.sum(axis=1)
        return cosines

    def _transform(self, vectors: Vectors) -> Vectors:
        return unit(_product(unit(vectors) - self.mean, self.basis))


def _product(left: Vectors, right: Vectors) -> Vectors:
    """`left @ right`, block by block.

    A large product wakes BLAS's other threads. Where the cores are busy, as they are beside the encoder,
    waiting for them takes 5 to 15 ms, which is many times the product.
    """
    product = np.empty((len(left), right.shape[1]), np.float32)
    for rows in _blocks(len(left), right.size):
        np.matmul(left[rows], right, out=product[rows])
    return product


def _blocks(rows: int, size: int) -> Iterator[slice]:
    """The rows that a matrix of this size is multiplied with at a time."""
    step = max(_SMALL // size, 1)
    return (slice(start, start + step) for start in range(0, rows, step))

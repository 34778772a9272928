"""Recognises what a short text asks by its likeness to examples, with the embedded encoder."""

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from rag.embedding import embedded_encoder
from rag.embedding.base import Vectors, unit

Label = TypeVar("Label", bound=Hashable)


class Examples(Generic[Label]):
    """Examples of each label, separated by vertical bars; encoded when they are first needed.

    A text is like them if its cosine to the nearest one is `whole` at least, and if each of its word pieces
    has a cosine of `piece` at least to one of the same label. Examples under None are of no label.
    """

    def __init__(self, texts: Mapping[Label | None, str], *, whole: float, piece: float) -> None:
        self._texts = [(label, text) for label, own in texts.items() for text in own.split(" | ")]
        self._whole, self._piece = whole, piece

    def label_of(self, text: str) -> Label | None:
        """The label of the examples that a text is like; None if it is like none, or has no word pieces."""
        labels, examples, pieces = self._encoded
        (vector,), (tokens,) = embedded_encoder().encode_both([text])
        cosines = examples @ vector
        label = labels[int(cosines.argmax())]
        if label is None or float(cosines.max()) < self._whole or not len(tokens.vectors):
            return None
        least = float((unit(tokens.vectors) @ pieces[label].T).max(axis=1).min())
        return label if least >= self._piece else None

    @cached_property
    def _encoded(self) -> tuple[list[Label | None], Vectors, dict[Label | None, Vectors]]:
        """The label and the vector of each example; the vectors of each label's word pieces."""
        labels = [label for label, _ in self._texts]
        vectors, tokens = embedded_encoder().encode_both([text for _, text in self._texts])
        parts: dict[Label | None, list[Vectors]] = {}
        for label, example in zip(labels, tokens, strict=True):
            parts.setdefault(label, []).append(unit(example.vectors))
        return labels, vectors, {label: np.concatenate(own) for label, own in parts.items()}

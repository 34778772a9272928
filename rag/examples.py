"""Recognises what a short text asks by its likeness to examples, with the embedded encoder."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from rag.embedding import embedded_encoder
from rag.embedding.base import Vectors, unit

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True)
class Likeness(Generic[Label]):
    """The label of the nearest example, its cosine, and the least best cosine of a word piece of the text
    to those of the label's examples; 0 where the text has none."""

    label: Label
    whole: float
    piece: float


class Examples(Generic[Label]):
    """Examples of each label, separated by vertical bars; encoded when they are first needed."""

    def __init__(self, texts: Mapping[Label, str]) -> None:
        self._texts = [(label, text) for label, own in texts.items() for text in own.split(" | ")]

    def likeness(self, text: str) -> Likeness[Label]:
        """How like the examples a text is."""
        labels, examples, pieces = self._encoded
        (vector,), (tokens,) = embedded_encoder().encode_both([text])
        cosines = examples @ vector
        label = labels[int(cosines.argmax())]
        least = 0.0
        if len(tokens.vectors):
            least = float((unit(tokens.vectors) @ pieces[label].T).max(axis=1).min())
        return Likeness(label, float(cosines.max()), least)

    @cached_property
    def _encoded(self) -> tuple[list[Label], Vectors, dict[Label, Vectors]]:
        """The label and the vector of each example; the vectors of each label's word pieces."""
        labels = [label for label, _ in self._texts]
        vectors, tokens = embedded_encoder().encode_both([text for _, text in self._texts])
        parts: dict[Label, list[Vectors]] = {}
        for label, example in zip(labels, tokens, strict=True):
            parts.setdefault(label, []).append(unit(example.vectors))
        return labels, vectors, {label: np.concatenate(own) for label, own in parts.items()}

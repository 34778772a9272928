"""The embedded encoder in tests: one that remembers, and the real one."""

from collections.abc import Sequence

import numpy as np

from rag.embedding.base import Tokens, Vectors
from rag.embedding.minilm import MiniLM
from rag.recent import Recent

ENCODED = 8000  # texts that are remembered with their vectors, 40 KB each


class Forgetful(MiniLM):
    """The embedded encoder as it is; elsewhere in the tests it remembers."""

    encode, encode_tokens, encode_both = MiniLM.encode, MiniLM.encode_tokens, MiniLM.encode_both


def remember_what_is_encoded() -> None:
    """Let the embedded encoder encode each text once for all tests: most ask about the same few papers."""
    memory = Recent(lambda texts: zip(*forgetful.encode_both(texts), strict=True), ENCODED)
    forgetful = Forgetful()

    def encode_both(self: MiniLM, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
        known = memory.of(texts)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = known[text][0]
        return vectors, [known[text][1] for text in texts]

    MiniLM.encode_both = encode_both
    MiniLM.encode = lambda self, texts: self.encode_both(texts)[0]

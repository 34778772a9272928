"""A token encoder that remembers the texts it has just seen."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from rag.embedding.base import TokenEncoder, Tokens

_TEXTS = 600  # sentences; one of 25 word pieces takes 40 KB


class Remembering:
    """Encodes each text once, as long as it is among the last ones. Safe to use from several threads.

    Answering reads the same sentences several times: for what they say of the question, for the
    answer, for its check, and again at the next question about the same papers.
    """

    def __init__(self, encoder: TokenEncoder, texts: int = _TEXTS) -> None:
        self._encoder = encoder
        self._most = texts
        self._known: OrderedDict[str, Tokens] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def width(self) -> int:
        return self._encoder.width

    @property
    def vocabulary(self) -> int:
        return self._encoder.vocabulary

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = list(dict.fromkeys(text for text in texts if text not in found))
        if new:
            found |= zip(new, self._encoder.encode_tokens(new), strict=True)
        with self._lock:
            for text in dict.fromkeys(texts):
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return [found[text] for text in texts]

"""Whether a question is addressed to the program and not to the papers: by its likeness to examples.

It is where its vector is close to that of an example, and each of its word pieces to one of the examples.
So a single word ("Google") makes "list all papers by Google" a question to the papers.
"""

from functools import cache, lru_cache
from typing import Literal

import numpy as np

from rag.embedding import embedded_encoder
from rag.embedding.base import Vectors, unit

Topic = Literal["greeting", "thanks", "program", "library"]

_EXAMPLES: dict[Topic | None, tuple[str, ...]] = {
    "greeting": (
        "hello",
        "hi",
        "hey",
        "good morning",
        "good evening",
        "hello, how are you",
        "hello there, nice to meet you",
    ),
    "thanks": (
        "thanks",
        "thank you",
        "thank you very much",
        "thanks a lot",
        "many thanks for your help",
        "thanks, that helped",
        "great, thanks",
    ),
    "program": (
        "what can you do",
        "what are you",
        "who are you",
        "how can you help me",
        "what can I ask you",
        "what kind of questions can I ask",
        "what does this program do",
        "how do I use this program",
        "how do I add papers",
        "how can I upload my own papers",
    ),
    "library": (
        "which papers do you have",
        "what papers are there",
        "how many papers are there",
        "how many papers do you have",
        "list all papers",
        "show me all the papers",
        "what is in the library",
        "which papers are in the library",
    ),
    # Follow-ups that read like these.
    None: (
        "papers",
        "which papers",
        "what papers",
        "how many papers",
        "what are these papers",
        "which papers are those",
        "what does it do",
        "what can they do",
        "how can I help",
    ),
}
# The cosine of the whole, and that of the word piece that is least like the examples', which separate the
# two kinds of questions in tests/test_about.py.
_LIKE, _PIECE_LIKE = 0.78, 0.6
_LONGEST = 12  # words


def topic_of(question: str) -> Topic | None:
    """What a remark to the program is about; None for a question to the papers."""
    text = question.strip(" \n\t?!.").lower()
    return _topic(text) if 0 < len(text.split()) <= _LONGEST and len(text) < 20 * _LONGEST else None


@lru_cache(maxsize=1024)
def _topic(text: str) -> Topic | None:
    topics, examples, pieces = _examples()
    (vector,), (tokens,) = embedded_encoder().encode_both([text])
    likeness = examples @ vector
    topic = topics[int(likeness.argmax())]
    if topic is None or likeness.max() < _LIKE or not len(tokens.vectors):
        return None
    least = (unit(tokens.vectors) @ pieces[topic].T).max(axis=1).min()
    return topic if least >= _PIECE_LIKE else None


@cache
def _examples() -> tuple[list[Topic | None], Vectors, dict[Topic | None, Vectors]]:
    """The topic and the vector of each example; the vectors of the word pieces of each topic."""
    topics = [topic for topic, texts in _EXAMPLES.items() for _ in texts]
    vectors, tokens = embedded_encoder().encode_both(
        [text for texts in _EXAMPLES.values() for text in texts]
    )
    by_topic = {
        topic: np.concatenate(
            [unit(each.vectors) for each, of in zip(tokens, topics, strict=True) if of == topic]
        )
        for topic in _EXAMPLES
    }
    return topics, vectors, by_topic

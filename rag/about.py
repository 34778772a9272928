"""Recognises remarks to the program, such as "thanks", by their likeness to examples.

The vector of a remark is close to that of an example, and each of its word pieces to one of the topic's.
So a single word ("Google") makes "list all papers by Google" a question to the papers.
"""

from functools import lru_cache
from typing import Literal

from rag.examples import Examples
from rag.plain import encodable

Topic = Literal["greeting", "thanks", "program", "library"]

_EXAMPLES: dict[Topic | None, str] = {
    "greeting": "hello | hi | hey | good morning | good evening | hello, how are you"
    " | hello there, nice to meet you",
    "thanks": "thanks | thank you | thank you very much | thanks a lot | many thanks for your help"
    " | thanks, that helped | great, thanks",
    "program": "what can you do | what are you | who are you | how can you help me | what can I ask you"
    " | what kind of questions can I ask | what does this program do | how do I use this program"
    " | how do I add papers | how can I upload my own papers",
    "library": "which papers do you have | what papers are there | how many papers are there"
    " | how many papers do you have | list all papers | show me all the papers | what is in the library"
    " | which papers are in the library",
    # Follow-ups that read like these.
    None: "papers | which papers | what papers | how many papers | what are these papers"
    " | which papers are those | what does it do | what can they do | how can I help",
}
# tests/test_about.py has remarks and questions that these cosines separate.
_KNOWN = Examples[Topic](_EXAMPLES, whole=0.78, piece=0.6)
_LONGEST = 12  # words


def topic_of(question: str) -> Topic | None:
    """The topic of a remark to the program; None for a question to the papers."""
    text = encodable(question).strip(" \n\t?!.").lower()
    return _topic(text) if 0 < len(text.split()) <= _LONGEST and len(text) < 20 * _LONGEST else None


@lru_cache(maxsize=1024)
def _topic(text: str) -> Topic | None:
    return _KNOWN.label_of(text)

"""How likely a clause holds what a question asks for: a logistic model of a few features.

Fitted by `benchmarks/calibrate_answers.py` on the questions about single papers of the sets `dev` and
`calibration`, with the real abstracts: docs/retrieval.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.embedding.base import Vectors
from rag.logistic import Logistic
from rag.names import is_titled
from rag.query import Kind
from rag.reading import Reading, Sentence
from rag.types import Hit, Span
from rag.words import numbers

# Per unit of each feature.
WEIGHTS: Mapping[str, float] = {
    "match": 6.25,
    "place": 1.89,
    "score": 7.4,
    "first_paper": 0.73,
    "number": 1.01,
    "reason": 2.06,
    "first_sentence": -1.15,
    "length": 0.67,
    "question": -1.97,
    "defines": 2.0,  # by hand: too few of the questions ask what something is
    "titled": 1.5,  # by hand, too: the paper of what is to be defined may not repeat its name
}
INTERCEPT = -15.08
relevance = Logistic(WEIGHTS, INTERCEPT)
"""The probability that a clause with these features answers."""

_ASKS_FOR_NUMBER = re.compile(
    r"\bhow (?:much|many|large|big|long|fast|far|often|small|high|low|close|well|good)\b|\bby what\b|"
    r"\bwhat (?:percent\w*|share|fraction|size|score|accuracy|number|bleu|speed|factor|gain|improvement)\b|"
    r"\b(?:size|number|percentage|amount) of\b|"
    r"\bhow .{0,20}(?:faster|smaller|better|larger|cheaper|fewer|less)\b",
    re.IGNORECASE,
)
_ASKS_WHY = re.compile(
    r"\bwhy\b|\breasons?\b|\bwhat for\b|\bmotivat|\bpurpose\b|\bhow come\b", re.IGNORECASE
)
_REASON = re.compile(
    r"\b(?:because|due to|since|caused?|in order to|suffers?|lacks?|limit\w*|problem|challenge|expensive|"
    r"costly|to (?:address|reduce|avoid|overcome|tackle|mitigate|alleviate|enable))\b",
    re.IGNORECASE,
)
_ASKS_WHAT_IS = re.compile(
    r"^\s*(?:so |and )?(?:what(?:['’]s| is| are)|explain|define|describe|tell me about|who is)\s+"
    r"(?:an? |the )?[\w.+-]+(?: [\w.+-]+){0,2}\s*\??$",
    re.IGNORECASE,
)
_BRINGS = re.compile(
    r"\b(?:we|this (?:paper|work|study|article))\b.{0,40}\b(?:propos|introduc|present|develop|releas|"
    r"describ|call|build|creat|construct|design)\w*|"
    r"^[A-Z][\w-]{0,60}[A-Z0-9][\w-]{0,60}(?:,| is) (?:an?|the)\b",
    re.IGNORECASE,
)
# Where code can be had: said in many abstracts, and asked for in few questions.
_LINK = re.compile(
    r"https?:|\bgithub\b|\bcodes?\b.{0,40}\b(?:available|released|public|open-?sourced?)\b", re.IGNORECASE
)
_ASKS_FOR_LINK = re.compile(
    r"\b(?:available|availability|downloads?|releas\w+|github|links?|urls?|open-?sourced?|public(?:ly)?)\b"
    r"|\b(?:the|its|their) code\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """What a question asks for, as far as its words show it."""

    text: str
    kind: Kind = "single"

    @property
    def wants_number(self) -> bool:
        return bool(_ASKS_FOR_NUMBER.search(self.text))

    @property
    def wants_reason(self) -> bool:
        return bool(_ASKS_WHY.search(self.text))

    @property
    def wants_definition(self) -> bool:
        """Whether it asks what something is, or for what papers do."""
        return self.kind == "list" or bool(_ASKS_WHAT_IS.search(self.text))

    @property
    def wants_link(self) -> bool:
        return bool(_ASKS_FOR_LINK.search(self.text))


def gives_link(sentence: str) -> bool:
    """Whether a sentence says where code can be had: no answer where that is not asked for."""
    return bool(_LINK.search(sentence))


def rest_weights(reading: Reading) -> Vectors:
    """Per hit, the weights of the question's word pieces that its title does not match already,
    (hits, question pieces): what a question says beside the name of a paper tells its sentences apart."""
    rest = reading.weights * np.clip(1 - reading.titles, 0, 1)
    weights: Vectors = rest / np.maximum(rest.sum(axis=1, keepdims=True), 1e-9)
    return weights


def features(
    question: Question, sentence: Sentence, span: Span, hits: Sequence[Hit], weights: Vectors
) -> dict[str, float]:
    """The features of a clause of a sentence; `weights` are those of `rest_weights`."""
    text = sentence.text[slice(*span)]
    hit = hits[sentence.hit]
    return {
        "match": float(sentence.best(span) @ weights[sentence.hit]),
        "place": sentence.span[0] / len(hit.paper.abstract),
        "score": hit.score,
        "first_paper": float(sentence.hit == 0),
        "number": float(question.wants_number and bool(numbers(text))),
        "reason": float(question.wants_reason and bool(_REASON.search(text))),
        "first_sentence": float(not hit.paper.abstract[: sentence.span[0]].strip()),
        "length": float(np.log(max(len(text.split()), 1))),
        "defines": float(question.wants_definition and bool(_BRINGS.search(text))),
        "titled": float(question.wants_definition and is_titled(question.text, hit.paper)),
        "question": float(sentence.text.endswith("?")),
    }

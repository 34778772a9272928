"""Whether a library holds anything on what is asked: a logistic model of how near its best papers are.

The signals complete each other: the word pieces of a question find no match where the subject is
another, its rare words and names stand in no paper where the paper that is meant is not there, and
what is addressed to a language model instead of the papers has words of its own.
Fitted by `benchmarks/calibrate_answers.py` on the question sets `dev` and `calibration`, with the real
abstracts; the threshold refuses about 2 in 100 of those that the papers answer: docs/evaluation.md.
"""

import math
import re
from collections.abc import Mapping, Sequence

from rag.logistic import Logistic
from rag.names import Name, introduces, is_titled, mentions, named_in, names
from rag.reading import Reading
from rag.types import Hit
from rag.words import content_words

HITS = 5  # the papers that are looked at
WEIGHTS: Mapping[str, float] = {
    "match": 5.5,
    "cosine": 7.94,
    "shared": 1.79,
    "cues": -3.99,
    "known_name": 1.53,
    "unknown_name": -1.32,
    "foreign_name": -0.19,
    "foreign_subject": -3.65,
}
INTERCEPT = -8.19
nearness = Logistic(WEIGHTS, INTERCEPT)
"""How likely a question with these features is about the papers."""
LEAST = 0.4  # the log-odds from which a question is taken to be about the papers
# The same for a short question that may go on from the one before: by eye, on 26 such follow-ups, all
# above it, and 15 questions on other subjects, 12 of them below.
LEAST_OF_CHANGE = -3.4
LEAST_OF_LIST = 0.0  # the same for the bare subject of a list; by eye, on 41 subjects of which 22 are there

# What is said to a language model: that it has instructions, a prompt or rules, and that it should
# drop them, play a role, or say given words.
_ADDRESSES_MODEL = re.compile(
    r"\b(?:ignor\w*|disregard\w*|overrid\w*|bypass\w*|pretend\w*|act as|role-?play\w*|jailbreak\w*|sudo|"
    r"system prompt|your (?:prompt|instructions?|rules?|guidelines|developers?|api|keys?|training data)|"
    r"(?:previous|prior|above|earlier) (?:instructions?|messages?|rules?|text)|"
    r"(?:my|new|hidden|secret|system) instructions?|instructions? (?:above|below|before|you)|"
    r"developer mode|api keys?|passwords?|secrets?|respond only|say (?:only|exactly)|word for word|"
    r"you are (?:now|an?|no longer)|new (?:rules?|task)|admin\w*|from now on|this conversation)\b"
    r"|(?:^|[.!?:;,\"“)]\s*|\b(?:and|then|just|please|now|instead|first|simply)\s+)"
    r"(?:print|output|repeat|reply|respond|confirm|say)\b"
    r"|</?\w[^>]{0,40}>|<\||\{\s*\"|^[^\S\n]*(?:system|assistant|user)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_CUES = 3
# Words before a name that make it what a question is about.
_BEFORE_SUBJECT = re.compile(
    r"(?:^|[:,]|\b(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|in|of|about|explain|define|"
    r"describe|why|how|what|which))\s*$",
    re.IGNORECASE,
)


def features(question: str, hits: Sequence[Hit], reading: Reading, papers: int) -> dict[str, float]:
    """How near these hits (one at least) are to a question, in a library of so many papers."""
    rarest = math.log1p((papers - 0.5) / 1.5)  # the weight that BM25 gives to a word of one paper
    asked = names(question)
    coined = [name for name in asked if name.is_coined]
    foreign = [name for name in coined if not any(introduces(hit.paper, name) for hit in hits)]
    cues = {cue.lower() for cue in _ADDRESSES_MODEL.findall(question)}
    return {
        "match": float(reading.papers.mean(axis=1).max()) if reading.papers.size else 0.0,
        "cosine": float(reading.cosines.max()),
        "shared": max(min(hit.signals["lexical"] / rarest, _shared(question, hit)) for hit in hits),
        "cues": float(min(len(cues), _MOST_CUES)),
        "known_name": float(any(named_in(question, hit.paper) for hit in hits)),
        "unknown_name": float(any(not any(mentions(hit.paper, name) for hit in hits) for name in asked)),
        "foreign_name": float(coined[:1] != [] and coined[0] in foreign),
        "foreign_subject": float(
            (subject := _subject(question, coined)) is not None and subject in foreign
        ),
    }


def _shared(question: str, hit: Hit) -> int:
    """The number of content words that a question shares with a paper: the most that they count for, as
    in a library of few papers even "the" is a rare word."""
    return len(set(content_words(question)) & set(content_words(f"{hit.paper.title} {hit.paper.abstract}")))


def off_subject(
    question: str, hits: Sequence[Hit], reading: Reading, papers: int, least: float = LEAST
) -> str | None:
    """Why the best hits of a library of so many papers do not speak of what is asked, else None."""
    found = features(question, hits, reading, papers)
    meant = next((hit.paper for hit in hits if is_titled(question, hit.paper)), None)
    is_of_paper = meant and not found["cues"] and _asks_of(question, meant.title)
    if is_of_paper or nearness.log_odds(found) >= least:
        return None
    if found["cues"]:
        return "this is addressed to the program, and no question that the papers answer"
    if meant:
        return f"“{meant.title}” does not speak of this"
    asked = names(question)
    unknown = [name for name in asked if not any(mentions(hit.paper, name) for hit in hits)]
    if found["foreign_subject"] and (
        subject := _subject(question, [name for name in asked if name.is_coined])
    ):
        unknown.append(subject)
    return f"no paper in the library is about {unknown[0].text if unknown else 'this'}"


def _asks_of(question: str, title: str) -> bool:
    """Whether a question has the coined name that a title begins with ("REALM"), or says hardly more
    than a plain one ("What is Starbucks?")."""
    head = title.partition(":")[0].strip()
    if any(name.is_coined and name.text == head for name in names(question)):
        return True
    return head in question and len(set(content_words(question)) - set(content_words(head))) <= 1


def _subject(question: str, coined: Sequence[Name]) -> Name | None:
    """The first name that a question is about rather than brings in ("compared with GaLore")."""
    return next((name for name in coined if _BEFORE_SUBJECT.search(question[: name.start])), None)

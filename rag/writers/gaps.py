"""What a question takes for granted or asks for, and the paper that it is about does not say.

The extractive writer has nothing but the papers' sentences, and one can always be found that is
near. So it looks for what would be missing from it: a detail, a reason, the thing itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.names import mentions, named_in, names
from rag.reading import Reading, Sentence
from rag.support import Judge, support
from rag.types import Hit
from rag.words import content_words
from rag.writers.details import HITS, missing_details

_WHY = re.compile(
    r"\b(?:why|how come|what (?:explains|makes|made|causes|caused)|for what reason)\b"
    r"(?:\s+(?:is|are|was|were|do|does|did|has|have|had|can|could|would|should)\b)?",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|due to|since|owing to|thanks to|attribut\w+|stems?|caus(?:e|ed|es|ing)|reasons?|so that|"
    r"result(?:s|ed|ing)? (?:in|from)|leads? to|allow(?:s|ing)?|enabl(?:es|ing)|suffers?|problems?|"
    r"drawbacks?|avoid(?:s|ing)?|prevent(?:s|ing)?|overcom\w+|mitigat\w+|address(?:es)?)\b",
    re.IGNORECASE,
)
# Chosen on the sets `dev` and `calibration`: docs/evaluation.md.
_SPOKEN_OF = 0.5  # evidence from which a paper speaks of what a question takes for granted
_AGREES = 0.6  # share of the evidence that supports it, below which the paper says otherwise
_PREMISE = 3  # content words, of which something can be taken for granted
_PARTS = re.compile(
    r"[?;]\s+|,?\s+and\s+(?=(?:what|which|how|who|where|when|why|under|on|in|is|does|do|did|was|were|at)\b)"
    r"|,\s+(?=(?:what|which|how|who|where|when)\b)|,?\s+and (?=number of)",
    re.IGNORECASE,
)

_ASKS = re.compile(
    r"\b(?:what|which|how|who|where|when|why|does|do|did|is|are|was|were|number of)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Gap:
    """What is not said. `whole` tells that nothing else is asked; `shows` is the nearest sentence."""

    reason: str
    missing: str
    shows: Sentence
    whole: bool = True


def find_gap(
    question: str, hits: Sequence[Hit], about: Sequence[int], reading: Reading, judge: Judge
) -> Gap | None:
    """What the paper that a question is about does not say of it, or None.

    `about` are the places of the papers that are meant among the hits, as `asked_about` gives them;
    `reading` is that of the question against the hits.
    """
    meant = about[0]
    of_paper = [sentence for sentence in reading.sentences if sentence.hit == meant]
    if not of_paper:
        return None
    shows = max(of_paper, key=lambda sentence: float(sentence.best() @ reading.weights))
    title = hits[meant].paper.title
    if missing := missing_details(question, hits, about, reading):
        what, more = " and ".join(missing), _asks_more(question, hits, about, reading)
        return Gap(f"“{title}” does not give {what}", what, shows, not more)
    if foreign := _foreign(question, hits):
        return Gap(f"“{title}” does not speak of {foreign}", foreign, shows)
    if _WHY.search(question):
        return _unexplained(question, hits[meant], reading, shows, judge)
    return None


def _asks_more(question: str, hits: Sequence[Hit], about: Sequence[int], reading: Reading) -> bool:
    """Whether a part of the question asks for something that is not missing."""
    cuts = [0, *(place for found in _PARTS.finditer(question) for place in found.span()), len(question)]
    parts = zip(cuts[::2], cuts[1::2], strict=True)
    return any(
        not missing_details(question, hits, about, reading, part)
        for part in parts
        if _ASKS.search(question, *part)
    )


def _foreign(question: str, hits: Sequence[Hit]) -> str | None:
    """A capitalised word, such as a language, that the papers which a question names do not have; None
    where another paper has all that it names: "the Thai RoBERTa"."""
    named = [hit.paper for hit in hits[:HITS] if named_in(question, hit.paper)]
    asked = names(question)
    if not named or any(all(mentions(hit.paper, name) for name in asked) for hit in hits):
        return None
    plain = (name for name in asked if not name.is_coined)
    return next((name.text for name in plain if not any(mentions(paper, name) for paper in named)), None)


def _unexplained(question: str, hit: Hit, reading: Reading, shows: Sentence, judge: Judge) -> Gap | None:
    """What a question asks the reason of, where the paper says otherwise or gives no reason."""
    premise = " ".join(_WHY.sub(" ", question).rstrip(" ?").split())
    judged = support(premise, [hit.paper.title, hit.paper.abstract], judge)
    if judged.evidence < _SPOKEN_OF or len(content_words(premise)) < _PREMISE:
        return None
    if judged.conflicts or judged.value < _AGREES * judged.evidence:
        granted = f"the question takes for granted what “{hit.paper.title}”"
        conflict = f" contradicts ({judged.conflicts[0]})" if judged.conflicts else " does not say"
        return Gap(granted + conflict, "the reason", shows)
    place = reading.sentences.index(shows)
    around = [one.text for one in reading.sentences[max(place - 1, 0) : place + 2] if one.hit == shows.hit]
    if _REASON.search(" ".join(around)):
        return None
    return Gap(f"“{hit.paper.title}” gives no reason for this", "the reason", shows)

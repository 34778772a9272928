"""Details that a question asks for and that the abstracts do not give.

Abstracts seldom give how a model was trained, on what, by whom the data were labelled, or what it cost.
Such a detail is known by the words that ask for it, and given where an abstract has words that tell
it. What is counted ("how many payslips") is given where a number stands before it, or before
a word near to it by its word pieces.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.names import named_in, titled
from rag.reading import Reading
from rag.types import Hit, Span
from rag.words import content_words

HITS = 3  # the papers among which the one that is meant is looked for
_NUMBER = re.compile(
    r"\d[\d,.]*\s?(?:[kKMBT]B?\b|million|billion|trillion|thousand|hundred)?\+?"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|dozens?|"
    r"hundreds?|thousands?|millions?|billions?|trillions?|single|both|half|pairs?)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:how many|number of)\s+(?P<what>(?:(?!(?:is|are|was|were|do|does|did|has|have|had|can|could|"
    r"will|would|should|to|of|in|on|for|from|by|with|at|that|which|than|they|it|we|you|there|the|and|or|when|where|went|"
    r"ended|sat|used|came|make|made)\b)[\w-]+\s*){1,4})",
    re.IGNORECASE,
)
_WORDS = ("three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_LISTED = re.compile(
    rf"\b(?:which|what)(?: are| were)?(?: the)? "
    rf"(?P<what>(?P<number>{'|'.join(_WORDS)}|[3-9]|[1-9]\d) [\w-]+)",
    re.IGNORECASE,
)
_LISTS = re.compile(r":|\(|,.*,|\b(?:namely|such as|including|i\.e\.)")  # behind a number: what it counts
_BEHIND = re.compile(r"(?:[\s-]*[^\s.;:()]+){1,5}")  # a number: what it may count
_NEAR = 0.45  # cosine from which a word behind a number is near to what is counted
_UNCOUNTED = frozenset(content_words("points times percent percentage kinds ways more fewer less"))


@dataclass(frozen=True)
class _Detail:
    """Something that can be asked for: the words that ask for it, and those that tell it."""

    name: str
    asks: re.Pattern[str]
    tells: re.Pattern[str]

    @classmethod
    def of(cls, name: str, asks: str, tells: str) -> "_Detail":
        return cls(name, re.compile(asks, re.IGNORECASE), re.compile(tells, re.IGNORECASE))


_TIME = r"(?:hours?|days?|weeks?|months?|minutes?|seconds?|hrs?)"
_SOME = r"(?:\d|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|single|few|several)\b)"
_DETAILS = (
    _Detail.of("the learning rate", r"\blearning[- ]rates?\b", r"\blearning[- ]rates?\b"),
    _Detail.of("the batch size", r"\bbatch[- ]?sizes?\b", r"\bbatch"),
    _Detail.of(
        "the optimizer",
        r"\b(?:which|what) (?:\w+ )?optimi[sz]er\b|\boptimi[sz]er (?:did|was|is|do|used)\b",
        r"\boptimi[sz]er|\bAdam|\bSGD\b|\bAdafactor|\bLAMB\b|\bShampoo",
    ),
    _Detail.of(
        "the hyperparameters",
        r"\bhyper-?param\w*|\bweight decay\b|\bwarm-?up\b|\bsampling temperature\b|\brandom seeds?\b",
        r"\bhyper-?param|\bweight decay\b|\bwarm-?up\b|\btemperature\b|\bseeds?\b",
    ),
    _Detail.of("the dropout", r"\bdropout\b", r"\bdropout\b"),
    _Detail.of(
        "the number of epochs or steps",
        r"\b(?:how many|number of) (?:[\w-]+ ){0,2}(?:epochs?|steps?|iterations?|updates)\b",
        r"\d[\d,.]*\s?[kKM]?\s*(?:[\w-]+ ){0,2}(?:epochs?|steps?|iterations?|updates)\b|\bsteps?\b",
    ),
    _Detail.of(
        "the hardware",
        r"\b(?:which|what|how many|kind of|type of|number of) (?:[\w-]+ ){0,2}(?:GPUs?|TPUs?|accelerators?|"
        r"hardware|machines?|chips?)\b|\b(?:GPU|TPU|compute) (?:hours|days)\b|"
        r"\b(?:their|its) (?:hardware|GPUs?)\b",
        r"\b(?:GPUs?|TPUs?|[AVHP]100s?|accelerators?|hardware|CPUs?|workstations?|devices?)\b",
    ),
    _Detail.of(
        "how long it took",
        r"\bhow long (?:did|does|do|is|was|it)\b.*\b(?:take|took|train\w*|run|pre-?train\w*|"
        rf"fine-?tun\w*)\b|\b(?:training|wall-clock|running) time\b|\bhow many (?:[\w-]+ )?{_TIME}\b",
        rf"{_SOME}[\s-]*(?:[\w-]+\s)?{_TIME}\b|\b{_TIME}\b|\btime\b",
    ),
    _Detail.of(
        "the licence",
        r"\blicen[cs]\w*\b|\bcommercial(?:ly)? use\b|\buse it commercially\b",
        r"\blicen[cs]|\bMIT\b|\bApache\b|\bCC[- ]BY|\bGPL\b",
    ),
    _Detail.of(
        "the agreement between annotators",
        r"\b(?:inter-?\s?(?:annotator|coder|rater)|annotator|coder|rater)s?['’]? agreement\b|\bkappa\b",
        r"\bagreement\b|\bkappa\b",
    ),
    _Detail.of(
        "who labelled the data",
        r"\bwho (?:annotated|labell?ed|coded|rated)\b|\b(?:how many|number of|which) (?:\w+ )?"
        r"(?:annotators?|labell?ers?|raters?|crowd ?workers?)\b|\b(?:annotators?|crowd ?workers?) paid\b",
        r"\bannotat(?:ors?|ed by)|\bexperts?\b|\bcrowd|\bvolunteers?\b|\bnative speakers?\b|"
        r"\bphysicians?\b|\bradiologists?\b|\bstudents?\b|\blabell?ed by\b|\bhumans?\b",
    ),
    _Detail.of(
        "what it cost",
        r"\bhow much (?:money|did (?:it|they|the \w+) cost|does (?:it|the \w+) cost)\b|\bcosts? in\b|"
        r"\bprice\b|\bin (?:US )?(?:dollars|euros)\b|\bhow expensive\b|\bhow much .{0,40}\bpaid\b",
        r"\$|\bdollars?\b|\bUSD\b|\bcosts?\b|\bbudget\b|\bprice|\bcheap",
    ),
    _Detail.of(
        "the number of parameters",
        r"\b(?:how many|number of) (?:\w+ )?param\w*|\bparameter count\b",
        r"\d[\d,.]*\s*[MB]\b|\d\s*(?:million|billion|trillion)|\d\w?%?[^.]{0,30}\bparam|\bparam[^.]{0,30}\d",
    ),
    _Detail.of(
        "the number of layers",
        r"\b(?:how many|number of|which) (?:[\w-]+ ){0,2}(?:layers?|heads?)\b",
        r"\blayers?\b|\bheads?\b|\bblocks?\b",
    ),
    _Detail.of(
        "the size of the vocabulary",
        r"\bvocab\w*[- ]size\b|\bsize of (?:the|its) vocab|\bhow (?:big|large) is (?:the|its) vocab",
        r"\bvocabulary size|\d[\d,k]*[\s-](?:\w+\s)?(?:word ?pieces?|sub-?words?|vocab)",
    ),
    _Detail.of(
        "the rank",
        r"\b(?:what|which) (?:LoRA |adapter )?ranks?\b",
        r"\branks?[- ](?:of )?\d|\brank[- ]one\b|\branked\b",
    ),
    _Detail.of(
        "the latency",
        r"\blatency\b|\bin milliseconds?\b|\bframes per second\b|\bfps\b",
        r"\blatency\b|\bmilliseconds?\b|\d ?ms\b|\bfps\b|\bspeed",
    ),
    _Detail.of(
        "the energy",
        r"\b(?:how much|what) (?:\w+ )?(?:energy|electricity|power|carbon|CO2)\b|\bkWh\b",
        r"\benergy\b|\belectric|\bpower\b|\bkWh\b|\bcarbon\b|\bCO2\b|\bemission",
    ),
    _Detail.of(
        "the authors",
        r"\bwho (?:wrote|are the authors|is the (?:first|lead|last|corresponding) author)\b|"
        r"\bfirst author\b|\baffiliat\w+|\bwhich (?:university|company|institute)\b|\be-?mail\b",
        r"\bauthors?\b|\buniversit|\binstitut|\bcompany\b",
    ),
    _Detail.of(
        "where it appeared",
        r"\b(?:which|what) (?:conference|journal|venue)\b|"
        r"\bwhere (?:was|is) (?:it|this|[\w-]+) published\b|\bpeer[- ]review\w*|"
        r"\bhow (?:many times|often) (?:was|has|is) (?:it|[\w-]+) (?:been )?cited\b",
        r"\bconference\b|\bjournal\b|\bworkshop\b|\bproceedings\b|\bpeer[- ]review|\bcited\b",
    ),
    _Detail.of(
        "when it appeared",
        r"\bwhen (?:was|were|did) .{0,60}\b(?:publish|propos|releas|introduc|appear|written|submitted|"
        r"come out|invented)|\b(?:what|which) year (?:was|were|did)\b|\bpublication (?:date|year)\b",
        r"\b(?:19|20)\d\d\b",
    ),
    _Detail.of(
        "who paid for it",
        r"\bfund(?:ed|ing)\b|\bgrants?\b|\bsponsor\w*",
        r"\bfund|\bgrant|\bsponsor",
    ),
    _Detail.of(
        "the share",
        r"\bwhat (?:share|percentage|fraction|proportion|per ?cent) of\b",
        r"\d\s?\\?%|\bper ?cent\b|\bhalf\b|\bthirds?\b|\bquarters?\b|\d/\d|\bfraction\b|\d ?(?:x|times)\b",
    ),
    _Detail.of(
        "the size in bytes",
        r"\bin [GTM]B\b|\bhow many (?:giga|tera|mega)bytes\b",
        r"\d\s?[GTM]i?B\b|bytes\b",
    ),
)


def missing_details(
    question: str, hits: Sequence[Hit], meant: Collection[int], reading: Reading, span: Span | None = None
) -> list[str]:
    """The details that a question, or this part of it, asks for and the papers that are meant do not give,
    by their names.

    `meant` are the places of those papers among the hits; `reading` is that of the question against
    the hits.
    """
    start, end = span or (0, len(question))
    text = " ".join(f"{hits[place].paper.title}. {hits[place].paper.abstract}" for place in meant)
    missing = [
        detail.name
        for detail in _DETAILS
        if detail.asks.search(question, start, end) and not detail.tells.search(text)
    ]
    counted = _COUNTED.finditer(question, start, end)
    return missing or [
        *_unlisted(question[start:end], text),
        *_uncounted(counted, meant, text, reading),
    ]


def asked_about(question: str, hits: Sequence[Hit]) -> list[int]:
    """The places of the hits that a question names, by what their titles begin with before what they
    speak of; or that of the best one."""
    nearest = hits[:HITS]
    named = (place for place, hit in enumerate(nearest) if named_in(question, hit.paper))
    return titled(question, nearest) or list(named) or [0]


def _unlisted(question: str, text: str) -> Iterator[str]:
    """The things that a question asks the names of, where the text has no more than their number."""
    for found in _LISTED.finditer(question):
        number = found["number"].lower()
        told = re.compile(
            rf"\b(?:{number}|{_WORDS.index(number) + 3 if number in _WORDS else number})\b", re.I
        )
        behind = [text[match.end() :].split(". ")[0] for match in told.finditer(text)]
        if behind and not any(_LISTS.search(rest) for rest in behind):
            yield f"which {found['what'].strip()}"


def _uncounted(
    counted: Iterable[re.Match[str]], meant: Collection[int], text: str, reading: Reading
) -> Iterator[str]:
    """The things that a question asks the number of, and before which no number stands."""
    for found in counted:
        what = found["what"].strip()
        head, end = found.start("what") + what.rfind(" ") + 1, found.start("what") + len(what)
        pieces = np.flatnonzero((reading.starts >= head) & (reading.starts < end))
        stems = set(content_words(what))
        is_word = len(pieces) == 1 or bool(stems & set(content_words(text)))  # and no slip of the pen
        if is_word and not _UNCOUNTED & stems and not _is_counted(stems, pieces, meant, reading):
            yield f"the number of {what}"


def _is_counted(
    stems: set[str], pieces: NDArray[np.intp], meant: Collection[int], reading: Reading
) -> bool:
    """Whether one of the papers has a number of this; `pieces` are those of its noun in the question."""
    for sentence in (one for one in reading.sentences if one.hit in meant):
        for number in _NUMBER.finditer(sentence.text):
            behind = _BEHIND.match(sentence.text, number.end())
            if behind is None:
                continue
            rows = (sentence.starts >= behind.start()) & (sentence.starts < behind.end())
            is_near = bool(rows.any()) and sentence.similar[rows][:, pieces].max() >= _NEAR
            if is_near or stems & set(content_words(behind[0])):
                return True
    return False

"""Which clauses of a sentence can be left out, so that what remains is still a sentence.

From the front goes what only leads in ("However, ", "In this paper, ", "Our results show that "); what
hedges ("may", "we believe that") stays, as does what says where something holds ("On GLUE, ..."). From
the end goes what is joined on ("; ", ", which ...", ", while ..."), as whole clauses from the last one
back; where that would leave no verb ("The module, which ...") or half of an enumeration, it stays.
"""

import re
from collections.abc import Set as AbstractSet

from rag.types import Span
from rag.words import content_words, numbers

_LEADS_IN = re.compile(
    r"(?:however|moreover|furthermore|in addition|additionally|therefore|thus|hence|consequently|"
    r"specifically|in particular|notably|importantly|finally|lastly|besides|meanwhile|nevertheless|"
    r"nonetheless|indeed|overall|in (?:this|our) (?:paper|work|study|article|survey|report|research)|"
    r"in summary|in conclusion|to this end|as a result|accordingly|remarkably|interestingly|"
    r"surprisingly|more (?:specifically|importantly|precisely)|for this (?:purpose|reason)|here|"
    r"for (?:example|instance)|in (?:this way|contrast|recent years)|on the (?:other hand|contrary)|"
    r"first(?:ly)?|second(?:ly)?|third(?:ly)?|similarly|likewise|collectively|empirically|in fact|"
    r"unfortunately|recently|currently|crucially|concretely|in short)\s*,\s+|"
    r"in (?:this|our) (?:paper|work|study|article|survey|report)\s+(?=we\b)",
    re.IGNORECASE,
)
_SHOWS_THAT = re.compile(
    r"(?:(?:our|the|these|extensive|comprehensive|empirical|experimental|evaluation|further|detailed|"
    r"thorough|quantitative|qualitative|automatic|human|and|additional|ablation|numerical|main)\s+){0,5}"
    r"(?:results?|experiments?|evaluations?|findings?|analys[ie]s|studies|study)"
    r"(?:\s+(?!not\b|fail|show|demonstrate|indicate|reveal|confirm|that\b)[\w-]+){0,10}?\s+"
    r"(?:shows?|demonstrates?|indicates?|reveals?|confirms?|showed|demonstrated|revealed|confirmed|indicated)\s+that\s+(?!\()"
    r"|we\s+(?:(?:also|further|empirically|then|finally)\s+)?(?:show|demonstrate|find|found|observe|showed|"
    r"demonstrated|observed|report|note|discover)\s+that\s+(?!\()",
    re.IGNORECASE,
)
# What follows says who does it: a pronoun could stand for something in the clause that goes.
_SUBORDINATE = re.compile(
    r"(?:while|although|though|despite|to|in order to|inspired by|motivated by|based on|building (?:up)?on|"
    r"following|due to|because of|since|unlike|instead of|rather than)\b[^,;:()]*,\s+"
    r"(?!(?:it|its|they|their|them|such|and|or|but|including|which|who|that|especially|particularly|\w+ing)\b)",
    re.IGNORECASE,
)
_MAIN_CLAUSE = re.compile(r"(?:^|,)\s+(?:we|this|our)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|when|unless|only|without|not|no|under|until|except)\b", re.IGNORECASE)
_JOINED_ON = re.compile(
    r";\s+|,\s+(?:and|but|which|where|while|whereas|thereby|thus|hence|making|leading|resulting|allowing|enabling|"
    r"providing|offering|with|using|demonstrating|showing|indicating|suggesting|highlighting|by|as well as|"
    r"especially|particularly|such as|including|so|even|although|though|outperforming|achieving|surpassing|"
    r"reducing|improving)\b",
    re.IGNORECASE,
)
_ENUMERATOR = re.compile(r"\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])\)\s+")
_FIRST_OF_MANY = re.compile(r"(?:^|[\s(])(?:1|i|a)\)\s", re.IGNORECASE)
# A verb by its looks: a common one, what stands behind a pronoun, or a word in -s before no preposition.
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|will|would|should|must|cannot|"
    r"remains?|leads?|results? in|consists?|serves?|relies|suffers?|depends|performs?|works)\b"
    r"|\b(?:we|they|it|who)\s+(?:\w+ly\s+)?[a-z]+"
    r"|\b[a-z]+[^\W\ds]s\s+(?!(?:and|or|as|at|between|by|for|from|in|into|like|of|on|over|such|than|through|to|under|"
    r"using|via|when|where|which|that|with|within|without|\w+ing|\w+ed)\b)\w"
    r"|\b[a-z]+ed\s+(?:the|an?|our|its|their|that|how|both|all|new)\b",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"\b(?:and|or)\b")
_MAY_BE_ITEM = re.compile(
    r",\s+(?:and\s+(?!(?:we|it|they|this|these|there|thus|hence|therefore|thereby)\b)|\w+ing\b)",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"(?:while|although|though|despite|given|to|with|by|if|when|because|since|as|for|from|on|in|at|after|through|"
    r"unlike|due|until|once)\b",
    re.IGNORECASE,
)
_WORDS = 4  # the fewest of a clause
_LEFT = 4  # words that a sentence keeps at least when its front goes
_LONGEST = 2_000  # characters of a sentence that is taken apart
_LEADS = 3  # that stand before each other: "However, in this paper, we show that"


def clauses(sentence: str, asked: AbstractSet[str], *, keep_reasons: bool = False) -> list[Span]:
    """The clauses of a sentence that an answer may hold, as [start, end) in it: the first `n` of them
    are a sentence for every `n`. A question, and an enumeration, is left whole.

    `asked` are the content words of the question: a subordinate clause at the front that has
    one stays, as does one with a number or a condition, or any where reasons are asked for.
    """
    start = _front(sentence, asked, keep_reasons)
    cuts, last, verb_from = [start], start, start
    is_whole = len(sentence) > _LONGEST or sentence.endswith("?") or _FIRST_OF_MANY.search(sentence, start)
    for found in () if is_whole else _JOINED_ON.finditer(sentence, start):
        before, place = sentence[last : found.start()], found.start()
        if _is_open(sentence, place) or min(_count(before), _count(sentence[found.end() :])) < _WORDS:
            continue
        if not _VERB.search(sentence, verb_from, place) or _leans(sentence[start:place]):
            comma = sentence.find(", ", found.end())  # behind it the clause may go on
            verb_from = comma if comma > 0 else len(sentence)
        elif not _is_listing(sentence[start:place], found):
            last = place
            cuts.append(last)
    return list(zip(cuts, [*cuts[1:], len(sentence)], strict=True))


def _front(sentence: str, asked: AbstractSet[str], keep_reasons: bool) -> int:
    """Where the sentence begins without what leads in."""
    found = _ENUMERATOR.match(sentence)
    is_alone = found is not None and not _ENUMERATOR.search(sentence, found.end())
    start = found.end() if found and is_alone and found.end() < len(sentence) else 0
    for _ in range(_LEADS):
        lead = _LEADS_IN.match(sentence, start) or _SHOWS_THAT.match(sentence, start)
        if lead is None and not keep_reasons:
            lead = _SUBORDINATE.match(sentence, start)
            if lead and (
                _CONDITION.search(lead[0])
                or numbers(lead[0])
                or asked & set(content_words(lead[0]))
                or _goes_on(sentence[lead.end() :])
            ):
                lead = None
        if lead is None or _count(sentence[lead.end() :]) < _LEFT:
            break
        start = lead.end()
    return start


def _goes_on(rest: str) -> bool:
    """Whether a subordinate clause goes on: "To extract lexical, | syntactic and other traits, we ..."."""
    item, _, behind = rest.partition(",")
    return not _VERB.search(item) and bool(_MAIN_CLAUSE.search(behind))


def _leans(text: str) -> bool:
    """Whether a text is only what stands before a clause: "In single-view MIM"."""
    return ", " not in text and bool(_LEANS.match(text))


def _is_listing(text: str, joined: re.Match[str]) -> bool:
    """Whether what is joined on is a further item of what the text lists: "A, B" and ", and C"."""
    if "not only" in text.lower() and joined[0].endswith("but"):
        return True
    _, comma, item = text.rpartition(", ")
    if not comma or not _MAY_BE_ITEM.match(joined.string, joined.start()):
        return False
    return not _CLOSED.search(item) and not _VERB.search(item)


def _is_open(sentence: str, place: int) -> bool:
    """Whether a bracket is open at this place."""
    return any(
        sentence.count(left, 0, place) > sentence.count(right, 0, place) for left, right in ("()", "[]")
    )


def _count(text: str) -> int:
    return len(text.split())

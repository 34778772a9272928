"""Which clauses of a sentence can be left out, so that what remains is still a sentence.

From the front goes what only leads in ("However, ", "In this paper, ", "Our results show that "); what
hedges ("may", "we believe that") stays. From the end goes what is joined on ("; ", ", which ...",
", while ..."), as whole clauses from the last one back.
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
    r"unfortunately|recently|currently|crucially|concretely|in short)\s*,\s+",
    re.IGNORECASE,
)
_SHOWS_THAT = re.compile(
    r"(?:(?:our|the|these|extensive|comprehensive|empirical|experimental|evaluation|preliminary|further|detailed|"
    r"thorough|quantitative|qualitative|automatic|human|and|additional|ablation|numerical|main)\s+){0,5}"
    r"(?:results?|experiments?|evaluations?|findings?|analys[ie]s|studies|study)"
    r"(?:\s+(?!not\b|fail|show|demonstrate|indicate|reveal|confirm|that\b)[\w-]+){0,10}?\s+"
    r"(?:shows?|demonstrates?|indicates?|reveals?|confirms?|showed|demonstrated|revealed|confirmed|indicated)\s+that\s+"
    r"|we\s+(?:(?:also|further|empirically|then|finally)\s+)?(?:show|demonstrate|find|found|observe|showed|"
    r"demonstrated|observed|report|note|discover)\s+that\s+",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"(?:while|although|though|despite|given|to|with|inspired by|motivated by|based on|building (?:up)?on|"
    r"in order to|following|due to|because of|since|as|unlike|compared (?:to|with)|for|through|after|"
    r"from|on|in|at|among|instead of|rather than|during)\b[^,;:()]*,\s+"
    r"(?=(?:we|this|our|the|it|they|these|there|an?|[A-Z][\w-]*)\s)",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|unless|only|without|not|no|under|until|except)\b", re.IGNORECASE)
_JOINED_ON = re.compile(
    r";\s+|,\s+(?:and|but|which|where|while|whereas|thereby|thus|hence|making|leading|resulting|allowing|enabling|"
    r"providing|offering|with|using|demonstrating|showing|indicating|suggesting|highlighting|by|as well as|"
    r"especially|particularly|such as|including|so|even|although|though|outperforming|achieving|surpassing|"
    r"reducing|improving)\b",
    re.IGNORECASE,
)
_ENUMERATOR = re.compile(r"\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])\)\s+")
_FIRST_OF_MANY = re.compile(r"\((?:1|i|a)\)")
_WORDS = 4  # the fewest of a clause
_LEFT = 4  # words that a sentence keeps at least when its front goes
_LEADS = 3  # that stand before each other: "However, in this paper, we show that"


def clauses(sentence: str, asked: AbstractSet[str], *, keep_reasons: bool = False) -> list[Span]:
    """The clauses of a sentence that an answer may hold, as [start, end) in it: the first `n` of them
    are a sentence for every `n`. A question, and an enumeration, is left whole.

    `asked` are the content words of the question: a subordinate clause at the front that has
    one stays, as does one with a number or a condition, or any where reasons are asked for.
    """
    start = _front(sentence, asked, keep_reasons)
    cuts, last = [start], start
    is_whole = sentence.endswith("?") or _FIRST_OF_MANY.search(sentence, start)
    for found in () if is_whole else _JOINED_ON.finditer(sentence, start):
        before = sentence[last : found.start()]
        if (
            _is_open(sentence, found.start())
            or min(_count(before), _count(sentence[found.end() :])) < _WORDS
        ):
            continue
        last = found.start()
        cuts.append(last)
    return list(zip(cuts, [*cuts[1:], len(sentence)], strict=True))


def _front(sentence: str, asked: AbstractSet[str], keep_reasons: bool) -> int:
    """Where the sentence begins without what leads in."""
    start = found.end() if (found := _ENUMERATOR.match(sentence)) else 0
    for _ in range(_LEADS):
        lead = _LEADS_IN.match(sentence, start) or _SHOWS_THAT.match(sentence, start)
        if lead is None and not keep_reasons:
            lead = _SUBORDINATE.match(sentence, start)
            if lead and (
                _CONDITION.search(lead[0]) or numbers(lead[0]) or asked & set(content_words(lead[0]))
            ):
                lead = None
        if lead is None or _count(sentence[lead.end() :]) < _LEFT:
            break
        start = lead.end()
    return start


def _is_open(sentence: str, place: int) -> bool:
    """Whether a bracket is open at this place."""
    return any(
        sentence.count(left, 0, place) > sentence.count(right, 0, place) for left, right in ("()", "[]")
    )


def _count(text: str) -> int:
    return len(text.split())

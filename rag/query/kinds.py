"""The kind of answer that a question calls for: about one thing, a list of papers, or a comparison."""

import re

from rag.query.quoted import unquoted
from rag.types import Kind

_PAPERS = r"(?:papers|studies|articles|publications|preprints|trials|reviews|surveys|literature|research)"
_THINGS = r"(?:methods|approaches|techniques|models|data ?sets|tools|treatments|ways|strategies)"
_FEW = (
    r"(?:(?!(?:is|are|was|were|do|does|did|has|have|had|can|of|in|on|that|if|it|we)\b)[\w/&'’-]+,?\s+){0,4}"
)
_LIST = re.compile(
    # Which papers …, any work on …, list …, papers about …
    rf"\b(?:which|what|any|all|some|other|more|there|find|recommend|of\s+(?:the|these|my))\s+{_FEW}{_PAPERS}\b"
    r"(?!\s+(?:did|does|than)\b)|\b(?:any|which|what|got|recent|other|there|been)\s+work\b"
    r"|^\W*(?:please\s+)?list\b|\b(?:papers|studies|publications)\W*$|^\W*which\s+ones\b"
    rf"|^\W*\b{_FEW}(?:papers|studies|articles|publications)\b|^\W*(?:\w+\s+)?(?:work|research|literature)\s+(?:on|about)\b"
    rf"|\b(?:I\s+(?:want|need)|looking\s+for|interested\s+in)\s+{_FEW}(?:{_PAPERS}|{_THINGS})\b"
    # Which methods exist …; not "which methods did they use".
    rf"|\b(?:which|what|any|some|there)\s+(?:kinds?\s+of\s+)?{_FEW}{_THINGS}\b"
    r"(?!\s+(?:did|does|do|was|were|is|has|had|can|could|in|from|of|the|they|show\w*|\w+ed)\b)"
    # What do we have on …, anything about …, who has worked on …, has anyone …?
    r"|\bwhat\s+(?:do|can|did)\s+(?:we|you|I)\s+(?:have|know|find|cite|read)\b|\bwhat\s+should\s+I\s+(?:read|cite)\b"
    r"|\bwhat(?:['’]s|\s+(?:else\s+)?is)\s+(?:out\s+)?(?:there|known|new|published|available)\b"
    r"|\bwhat(?:['’]s|\s+has|\s+have)\s+(?:been|people|others)\s+\w+\b|\bwhat\s+(?:came\s+out|exists)\b"
    r"|\b(?:anything|everything|something)\s+(?:new\s+|recent\s+|else\s+)?(?:on|about)\b|\beverything\s+that\b"
    r"|(?:^|[.?!,]\s+|\s[–-]\s)(?:and\s+)?who\s+(?:else\s+)?"
    r"(?!(?:wrote|is|was|were|made|invented|introduced|named|owns|paid|took|had|funded|label\w*|annotated)\b)\w"
    r"|^\W*(?:(?:has|have|did|does|is)\s+)?(?:anyone|anybody|others)\b[^?]*\?$"
    r"|\bhow\s+(?:is|are)\s+[^?]{2,60}\bbeing\s+\w",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"\b(?:vs|versus|contrast)\b|\bcompar(?:e|ing|ison\s+of)\b|\bdiffer(?:s|ences?)?\b|\bdifferent\s+from\b|\bin\s+common\b"
    r"|\b(?:do|does|did)\s+[^?]{3,80}\b(?:both|each|agree|disagree)\b|\bthe\s+other\s+way\s+(?:a)?round\b"
    r"|\bone\s+(?:study|paper|trial)\b[^?]{0,100}\banother\b|\b(?:two|three|both)\s+(?:\w+\s+)?(?:papers|studies|groups)\b"
    r"|\bpros\s+and\s+cons\b|^\W*(?:is|are|was|were)\s[^?]{2,80}\sthan\s|^\W*\b[^\s?]+\s+or\s+[^\s?]*\w\W*$"
    r"|^[^?:]{2,80}\b(?:and|or)\b[^?:]{2,60}:\s|^which\b[^?]{2,80}[,:]\s+[^?]{2,60}\s+or\s"
    r"|\b(?:should|would|do)\s+(?:I|we|you)\s+(?:rather\s+)?(?:use|take|choose|pick|prefer)\b[^?]{2,60}\sor\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind:
    """Whether a question asks for papers, compares things, or is about one thing.

    "Which papers compare A and B?" asks for papers.
    """
    text = unquoted(question)
    if _LIST.search(text):
        return "list"
    return "comparison" if _COMPARISON.search(text) else "single"

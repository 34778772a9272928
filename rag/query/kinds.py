"""What kind of answer a question wants: about one thing, a list of papers, or a comparison."""

import re

from rag.query.quoted import unquoted
from rag.types import Kind
from rag.words import content_words

# What is published, and what publications are about. "works" is a verb more often than not.
PUBLICATIONS = (
    r"(?:papers|studies|work|publications|articles|preprints|surveys|overviews|research|literature)"
)
ARTEFACTS = (
    r"(?:models|encoders|methods|approaches|techniques|ways|strategies|algorithms|architectures|systems|"
    r"tools|data ?sets|corpora|benchmarks|resources|alternatives|options|attempts|"
    r"examples|groups|teams|people|researchers|authors)"
)
_SOUGHT = rf"(?:{PUBLICATIONS}|{ARTEFACTS})"
_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|would|should|will|may|might)(?:n['’]t)?"
)
_NO_ADJECTIVE = r"(?:of|in|on|for|from|by|to|at|with|how|when|why|the|an?|this|that|these|those)"
_ADJECTIVES = rf"(?:(?!{_AUXILIARY}\s|{_NO_ADJECTIVE}\s)[\w&/'’+-]+,?\s+){{0,4}}"  # "recent multilingual"
_ANY = r"(?:any|some|more|other|further|all|many)"
_FRAME = r"(?:^|[.?!;:,]\s+)(?:(?:and|but|so|or|also|okay|hi|hello|please|now|then),?\s+)*"
_BEGIN = rf"{_FRAME}(?:(?:can|could|would|will)\s+you\s+|please\s+)*"
_ABOUT = (
    r"(?:on|about|that|which|using|with|where|in|from|of|for|since|after|before|regarding|dealing|"
    r"studying|published|related)"
)
_NAME = (
    r"(?:[A-Za-z]{0,30}[a-z0-9-][A-Z]\w*|[A-Z]{2}[\w-]*|[A-Z][\w-]{0,30}\d[\w-]{0,30})"
    r"(?:[ -]?\d+(?:\.\d+)?)?"
)
_NAMED = rf"(?:the\s+)?{_NAME}(?:\s+[a-z]\w+)?"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_LISTED = _any(
    # Which papers …, what kinds of methods …; not "which papers does X cite", "which data sets are in X".
    rf"\b(?:which|what)\s+(?:(?:(?:kind|type|sort)s?\s+)?of\s+(?:(?:the|these|your)\s+)?)?{_ADJECTIVES}{PUBLICATIONS}\b"
    r"(?!\s+d(?:id|oes)\b)|\bwhich\s+(?:ones|others)\b|"
    rf"\bwhich\s+of\s+(?:these|those|them|my|the|your)(?:\s+(?:{PUBLICATIONS}|{ARTEFACTS}))?\s+"
    r"(?!is\b|was\b|two\b|(?:are|were)\s+(?:\w+er|more|less)\b)[a-z]|"
    r"\bwhat\s+(?:should|could)\s+I\s+(?:read|look)\b",
    rf"\b(?:which|what)\s+(?:(?:kind|type|sort)s?\s+of\s+)?{_ADJECTIVES}{ARTEFACTS}\b"
    r"(?!\s+(?:did|does|was|is|has|had|can|could|do\s+(?:they|the|we)|in|from|of)\b)",
    # List …, show me papers …, find anything …; not "list the two tasks of X", "show me how X works".
    rf"{_BEGIN}list\b(?!\s+(?:the\s+)?(?:two|three|four|five|differences?|similarit\w+|pros)\b)",
    rf"{_BEGIN}(?:show|find|give|name|tell|get|bring|collect|recommend|suggest|summari[sz]e|point)\b"
    rf"(?:\s+(?:me|us))?(?:\s+(?:to|about))?\s+(?:(?:all|every|everything\s+on|anything|something)\b|"
    rf"(?:the\s+|an?\s+(?=few|couple|list|handful))?{_ADJECTIVES}(?:{PUBLICATIONS}|works|ones|list|references)\b)",
    r"\b(?:references|reading|literature)\s+(?:on|about|for)\b|\bwhat\s+(?:should|could|can)\s+I\s+cite\b",
    r"\bwhere\s+(?:can|could|do)\s+I\s+(?:read|find|learn|look)\b|^(?:some\s+)?examples\s+of\b",
    r"\b(?:looking|searching)\s+for\s+(?:anything|everything|something)\b|\b(?:papers|studies)\s*[.?!]*$",
    rf"\b(?:looking\s+for|searching\s+for|interested\s+in|need|want)\s+{_ADJECTIVES}{PUBLICATIONS}\b",
    rf"\boverview\s+(?:of|over)\s+(?:the\s+)?{_ADJECTIVES}{_SOUGHT}\b",
    # What has been done on …, what is there on …, what do we have on …, what came out on …
    r"\bwhat(?:['’]s|\s+(?:has|have|had))\s+(?:already\s+|recently\s+)?(?:been|anyone|people|others|"
    r"researchers)\s+(?:done|tried|published|written|proposed|said|found|stud\w+|learn\w+|explored|"
    r"investigated|attempted|reported|released|suggested|shown|known|out)\b",
    r"\bwhat(?:['’]s|\s+(?:else\s+)?is)\s+(?:out\s+)?(?:there|new|available|known)\b",
    r"\bwhat\s+(?:do|did|can)\s+(?:we|you|people|researchers|others)\s+(?:have|find|know|got|do|try|use)\s+"
    r"(?:on|about|for|to|in)\b",
    r"\bwhat\s+(?:came\s+out|appeared|exists|was\s+(?:published|released|done|written|tried))\b",
    r"\bwhat\s+are\s+(?:some|the\s+(?:main|different|various|common|known|existing|latest|recent|usual))"
    rf"\s+{_ADJECTIVES}{_SOUGHT}\b",
    # Who has worked on …, who pre-trains …; not "who wrote X", "who is the author", "who trained BERT".
    r"\bwho\s+(?:else\s+)?(?:has|have|had)\b(?!\s+(?:the|a)\b)|\bwho\s+are\s+the\s+(?:people|groups|researchers)\b",
    rf"{_FRAME}who\s+(?:else\s+)?(?!(?:wrote|writes|invented|introduced|proposed|coined|won|made|created|"
    rf"owns|founded|released|developed|came|annotated|labell?ed|transcribed|rated|funded|sponsored|paid)\b|{_AUXILIARY}\s+(?!\w+ing\b|continued)|the\b)"
    rf"(?!\w+\s+(?-i:{_NAME})\s*\??$)(?!\w+ed\s+the\s+(?:\w+\s+)?\w+\s*\??$)[a-z-]+",
    # Are there papers …, is there any work …, any work on …, anything on …; not "is there a model".
    rf"\b(?:are|were|have|has|know(?:\s+of)?)\s+(?:there\s+)?(?:been\s+)?(?:{_ANY}\s+)?{_ADJECTIVES}{PUBLICATIONS}\b",
    rf"\bare\s+there\s+(?:{_ANY}\s+)?{_ADJECTIVES}{ARTEFACTS}\b",
    r"\bis\s+there\s+(?:any\s+|some\s+|other\s+|more\s+)?(?:\w+\s+)?(?:work|research|literature)\b",
    rf"{_FRAME}(?:any|some|more|other|further)\s+{_ADJECTIVES}{_SOUGHT}\b",
    rf"(?:{_FRAME}|\b(?:there|have|has|got|find|know|me|been)\s+)(?:anything|something)\s+(?:new\s+|recent\s+|"
    rf"else\s+|out\s+there\s+)*{_ABOUT}\b",
    # Papers about …, recent work on …, everything on …
    rf"{_FRAME}(?:everything|{_ADJECTIVES}{PUBLICATIONS})\s+{_ABOUT}\b",
    # How is X being used for Y, how do people …: a practice, so of many papers.
    r"\bhow\s+(?:is|are)\s+[^?]{2,80}?\bbeing\s+\w+",
    r"\bhow\s+(?:do|did|have|are)\s+(?:people|others|researchers|papers|groups)\b",
)

# Questions that a set of papers answers unless they go on to ask for one thing, or name one.
_OPEN = _any(
    # Has anyone …, anyone building …, do people …
    r"^(?:(?:has|have|did|does|is)\s+)?(?:anyone|anybody|someone|somebody|people|others)\b",
    # Models for robots? Ways to …?
    rf"^(?!(?:{_AUXILIARY}|how|why|when|where|who|which|what)\b){_ADJECTIVES}(?:(?:{ARTEFACTS}|"
    r"[\w-]{3,}[^s\W]s)\s+(?:for|on|about|that|which|with|without|to|of|in|outside|beyond|across|from)\b[^?]{4,}"
    rf"|{ARTEFACTS})\?$",
    # Which pre-training tasks have been designed for …
    rf"\b(?:which|what)\s+(?:{_ADJECTIVES})[\w-]{{3,}}[^s\W]s\s+(?:have|are|were|can|could|exist|do\s+people)\b",
)
_GOES_ON = _any(
    r"[,;.?!]\s+(?:and\s+|but\s+)?(?:by\s+|if\s+so\s+)?(?:how|what|which|when|where|why|did|does|do|is|was|were|are)\b",
    r"\band\s+(?:by\s+)?(?:how|what|which|when|where|why|did|does|was|were)\b",
)
_POINTS_BACK = re.compile(r"\b(?:it|its|them|this|they)\b", re.IGNORECASE)
_NAMES_ONE = re.compile(rf"(?<!^)\b(?!\d){_NAME}(?!\s+(?:ones|variants|{ARTEFACTS})\b)")

_COMPARED = _any(
    r"\b(?<!gain )(?<!gains )(?:vs|versus)\b"
    r"(?!\.?\s+(?:from\s+scratch|(?:the\s+)?baselines?|\w+\s+alone)\b)",
    r"\bcompar(?:e|ing)\b(?!\s+(?:against|to|with)\s*(?:\?|$))|\bcomparison\s+(?:of|between)\b",
    r"\bdifferences?\b[^?]{0,30}\bbetween\b|\bdiffers?\b|\b(?:is|are)\s+[^?,]{2,60}\bdifferent\s+from\b",
    r"\bcontrast\s+(?!ive)\w|\bin\s+common\b|\bside\s+by\s+side\b|\bsimilarit\w+\s+between\b",
    r"\b(?:pros\s+and\s+cons|trade-?offs?)\s+(?:of|between)\b[^?]{0,80}\b(?:and|or)\b",
    r"\bthe\s+other\s+way\s+a?round\b|\bdistinguish\w*\s+[^?]{2,40}\bfrom\b",
    r"\b(?:do|does|did)\s+[^?]{3,80}\b(?:both|each|agree|disagree)\b",
    r"\bone\s+(?:study|paper|work|group)\b[^?]{0,100}\banother\b",
    r"\b(?:do|did|are|were)\s+(?:(?:the|these|those)\s+)?(?:two|three|four|both)\s+[^?]{0,60}\b(?:models|"
    r"papers|studies|methods|approaches|data ?sets|systems|encoders)\b",
    r"\bthat\s+[^?,]{2,40}\s+(?:does(?:n['’]t|\s+not)|do(?:n['’]t|\s+not)|lacks?)\s*(?:[?,]|$)",
    # BERT or RoBERTa: which …? Which is faster, BERT or RoBERTa? Should I use BERT or RoBERTa?
    r"^[^?:]{2,80}\b(?:and|or)\b[^?:]{2,60}:\s+(?:(?:on|in|for)\s+)?(?:how|what|which|who|do|does|did|is|"
    r"are|where|when|why)\b",
    r"\bwhich\b[^?]{2,80}[,:]\s+(?:\S+\s+){1,3}or\s+(?:\S+\s+){0,2}[^\s?]+\s*\?",
    r"\b(?:should|would|do)\s+(?:I|we|you)\s+(?:rather\s+)?(?:use|take|choose|pick|prefer)\s+[^?]{2,60}\sor\b",
    # What do BERT, ELECTRA and RoBERTa …: several names are the subject. Is ELECTRA cheaper than BERT?
    rf"\b(?:do|did|are|were|have)\s+(?-i:{_NAMED}(?:,\s+{_NAMED})*,?\s+(?:and|or)\s+{_NAMED})",
    rf"{_FRAME}(?-i:{_NAMED}\s+(?:or|against)\s+{_NAMED})",
    rf"\b(?:is|are|does|was)\s+(?-i:{_NAMED})\s+[^?]{{0,60}}(?:er|more\s\w+|less\s\w+)\s+than\s+(?-i:{_NAMED})",
    rf"(?:er|more\s\w+|less\s\w+)\s+(?:is|are)\s+(?-i:{_NAMED})\s+than\s+(?-i:{_NAMED})",
    rf"\bdifferent\s+from\s+(?-i:{_NAMED})|\bwhich\s+of\s+(?-i:{_NAMED})\s+(?:and|or)\b",
)

# What only says that papers are asked for: "Which papers deal with", "What has been done on".
_ASKS_FOR_LIST = re.compile(
    r"^(?:(?:which|what|any|are|is|has|have|been|done|list|show|give|find|name|me|us|all|the|there|recent|"
    r"anything|something|everything)\s+)*(?:(?:papers|studies|work|publications|articles|research|literature)\b\s*)?"
    r"(?:(?:are|is|there|that|which|deal(?:s|ing)?|with|about|on|treat|look|at|study|cover|discuss)\b\s*)*|"
    r"\s+(?:are|is) there\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind:
    """Whether a question asks for papers, sets things side by side, or is about one thing.

    "Which papers compare A and B?" asks for papers. Questions for one witness ("has anyone …?",
    "is there a model that …?") and what one paper compares with its own baseline ("how much
    smaller compared with …?") are about one thing.
    """
    said = unquoted(question)
    if _LISTED.search(said) or _is_open(said):
        return "list"
    return "comparison" if _COMPARED.search(said) else "single"


def _is_open(said: str) -> bool:
    said = said.strip()
    if not _OPEN.search(said) or _GOES_ON.search(said):
        return False
    return not any(pattern.search(said) for pattern in (_NAMES_ONE, _POINTS_BACK, _COMPARED))


def listed_subject(question: str) -> str:
    """What the papers that a question asks for are about: "Which papers deal with code?" is about
    "code?". The whole question where nothing else is left."""
    subject = _ASKS_FOR_LIST.sub("", question.strip())
    return subject if content_words(subject) else question

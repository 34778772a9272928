"""Finds years in a question. Those that date publications become a filter, others are offered as one."""

import re
from dataclasses import dataclass, field
from datetime import date

from rag.months import MONTH_PATTERN
from rag.query.quoted import unquoted
from rag.types import Filters, Span

_MOST = 8  # phrases of years; a text with more of them is no question with a filter
_NEAR = 200  # characters before a phrase in which publications count
_NUMBERS = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

# The ways to say years; the first that matches counts.
_MONTH = rf"{MONTH_PATTERN}\.?\s"
_T = rf"(?:(?:{_MONTH})?\d{{4}}|(?:the\s)?\d{{3}}0s|(?:this|last)\syear)"
_IN = r"(?:(?:in|from|of|during|for|within|over|dated)\s)"
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS[1:])})"
_OPEN = r"on(?=\s?(?:[^\w\s]|$)|\s(?:that|which|who|is|are|do|does|did|have|has|can|use|study|show)\b)"
_THEIRS = r"\s(?:papers|publications|preprints|studies|articles)\b"
_FORMS = {
    "through": rf"between\s{_T}\s(?:and|to)\s{_T}|{_IN}?{_T}(?:\s(?:to|until|through)\s|\s?[-–—]\s?){_T}",
    "inside": rf"after\s{_T},?\s(?:and|but)\sbefore\s{_T}",
    "since": rf"(?:since|as\sof|starting\s(?:in|from)|not?\s(?:before|(?:earlier|older)\sthan))\s{_T}|"
    rf"{_IN}?{_T}\s(?:(?:or|and)\s(?:later|newer|after)|(?:(?:or|and)\s)?onwards?)|from\s{_T}\s{_OPEN}",
    "until": rf"(?:until|till|up\s(?:to|until)|through|by|not?\s(?:after|later\sthan))\s{_T}|"
    rf"{_IN}?{_T}\s(?:or|and)\s(?:earlier|older|before)",
    "after": rf"(?:after\s|(?:later|newer)\sthan\s){_T}|post-\d{{4}}",
    "before": rf"(?:before\s|prior\sto\s|(?:earlier|older)\sthan\s){_T}|pre-\d{{4}}",
    "window": rf"{_IN}?(?:the\s)?(?:last|past)\s(?:{_COUNT}\s(?:year|decade)s|decade)",
    "within": rf"{_IN}{_T}(?!{_THEIRS})|(?:this|last)\syear",
    "own": rf"(?:\d{{4}}|(?:this|last)\syear['’]s)(?={_THEIRS})",
}
_PHRASE = re.compile(
    rf"(?<![\w.,$€£#/–—-])(?:{'|'.join(f'(?P<{name}>{form})' for name, form in _FORMS.items())})"
    rf"(?![\w%'’]|[.,:/–—-]\w|\s%|\s?(?:,|/|and|or|vs\.?)\s?{_IN}?\d{{4}}\b)",
    re.IGNORECASE,
)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


# Publications after the beginning of a sentence or after words that ask for them. Not: "trained on papers
# since 2020", "return to work in 2020", "news articles of 2020".
_PLURAL, _MASS = r"(?:papers?|publications?|preprints?|studies|articles)", r"(?:research|literature)"
_PAPERS = rf"(?:{_PLURAL}|{_MASS})"
_START = r"(?:^|[.?!:]\s)(?:(?:and|but|so|please)\s)?"
_ASKED = (
    rf"(?:{_START}|\b(?:which|what|list|find|show|give|me|us|need|want|there|recommend|summari[sz]e|compare|"
    r"(?:look|search)(?:ing)?\sfor|(?:list|overview|summary)\sof)\s)"
)
_NEW = r"(?:any|recent|newe?r?|earlier|previous|prior|existing|published)\s"
_ANY = rf"(?:{_NEW}|(?:the|all|some|other|more|most|only)\s){{0,3}}"
_TOPIC = (
    r"(?:(?!(?:of|on|in|to|for|by|from|with|than|over|using|without|except|about|and|or|not|no|do|does|did|"
    r"is|are|was|were|can|has|have|wh\w+|how|news\w*|wikipedia|market)\s)[\w'’-]{1,30}(?<!ing)\s)"
)
_NAMED = (
    rf"(?:(?:{_START}{_ANY}{_TOPIC}{{0,2}}|{_ASKED}{_ANY}{_TOPIC}?){_PAPERS}|"
    rf"\b(?:do|does|did|have|has|are|is|can|in|according\sto)\s{_ANY}{_PLURAL}|"
    rf"\b(?:does|has|according\sto)\s{_ANY}{_MASS}|(?:{_START}|\b(?:what|which)\s|\b{_NEW})work)"
)
_CAME_OUT = r"(?:(?:was|were|ha(?:s|ve)\sbeen)\s(?:published|written)|came\sout|appeared)"
_WORD = r"(?:(?!(?:that|which|who|whose|what|where|when|how|why|whether)\s)[^\s.?!;]{1,30}\s)"
_DATES = _pattern(
    rf"(?:{_NAMED}(?:,?\s(?:(?:(?:that|which)\s)?{_CAME_OUT}|published|written|dated|out))?|"
    rf"{_NAMED}\s(?:on|about)\s{_WORD}{{1,8}}{_CAME_OUT}|"  # not: on the data published in 2020
    rf"{_NAMED}\s(?:on|about)\s(?:(?!(?:the|an?|data|news)\s){_WORD}){{1,8}}(?<![^\Wsu]s\s)published|"
    rf"{_START}(?:only\s)?published|\b(?:anything|everything|what\s(?:was|has\sbeen))\spublished)[\s,(]*$"
)
_OPENS = _pattern(rf"{_START}$")
_ASKS = _pattern(rf"(?:{_ASKED}|\b(?:how|what)\s(?:do|did|have)\s){_ANY}$")
_OF_PAPERS = _pattern(_THEIRS)
_THEN_PAPERS = _pattern(rf",?\s(?:which|what|are\sthere|list|find|show\sme)\s{_ANY}{_TOPIC}?{_PAPERS}\b")
_OTHERS = _pattern(rf"\b(?:{_PAPERS}|those|ones|and|or|but|than|versus)(?:\s(?:published|written))?\W*$")
_DENIED = _pattern(r"\b(?:not|no|except|excluding|without|ignoring)\s(?:\w{1,30}\s)?$")
_VERB_FOLLOWS = _pattern(r"\b(?:which|what|do|does|did|have|has|can)\s")
_ENDS = _pattern(
    r"\s?(?:$|[^\w\s])|\s(?:on|about|in|for|with|that|which|who|where|what|how|and|or|but|by|from|of|to|at|as|"
    r"is|are|was|were|do|does|did|has|have|had|can|using|concerning|regarding|dealing|among|only|please)\b"
)
_THINGS = _pattern(r"\s[\w-]*[^\Wsu]s\b")
_ONE = _pattern(r"\b(?:research|literature|work|paper)[\s,(]*$")


@dataclass(frozen=True)
class YearWords:
    """The filter that years ask for, with the spans of their words, or else a filter to offer."""

    filters: Filters = field(default_factory=Filters)
    spans: tuple[Span, ...] = ()
    offered: Filters | None = None


def find_years(question: str, today: date) -> YearWords:
    """The years in a question. In doubt they are offered: a wrong filter hides papers, an offer costs a
    click."""
    phrases = list(_PHRASE.finditer(unquoted(question)))
    if len(phrases) > _MOST:
        return YearWords()
    years = {phrase: filters for phrase in phrases if (filters := _filters(phrase, today))}
    dating = [phrase for phrase in years if _dates_papers(phrase)]
    if any(_before(_OTHERS, phrase) for phrase in phrases if phrase not in dating) and dating:
        return YearWords()  # "papers before 2020 or after 2022"
    if len(dating) == 1:
        return YearWords(years[dating[0]], (dating[0].span(),))
    offers = [phrase for phrase in years if _may_date(phrase)]
    return YearWords(offered=years[offers[0]] if len(offers) == 1 else None)


def without_years(question: str, years: YearWords) -> str:
    """The question without the words that became a filter; unchanged if nothing else would be left."""
    rest = question
    for start, end in years.spans:
        rest = re.sub(r"\(\s*\)", " ", f"{rest[:start]} {rest[end:]}")
        rest = re.sub(r"\s+(?=[,.;:?!)])", "", re.sub(r"\s+", " ", rest)).lstrip(" ,.;:").rstrip(" ,;:")
    return rest if re.search(r"\w", rest) else question


def without_phrases(text: str) -> str:
    """The text without any phrase of years."""
    return _PHRASE.sub(" ", text)


def describe(filters: Filters) -> str:
    """The years in words that follow "papers": "from 2021 on", "up to 2019", "of 2022"."""
    first, last = filters.from_year, filters.to_year
    if first == last:
        return f"of {first}"
    if last is None:
        return f"from {first} on"
    return f"up to {last}" if first is None else f"from {first} to {last}"


def _before(words: re.Pattern[str], phrase: re.Match[str]) -> re.Match[str] | None:
    return words.search(phrase.string, max(0, phrase.start() - _NEAR), phrase.start())


def _dates_papers(phrase: re.Match[str]) -> bool:
    """Whether publications stand next to the years, or are asked for after them."""
    text, end = phrase.string, phrase.end()
    if _OF_PAPERS.match(text, end):
        return bool(_before(_ASKS, phrase))
    if _before(_OPENS, phrase) and _THEN_PAPERS.match(text, end):
        return True
    if not (named := _before(_DATES, phrase)):
        return False
    return bool(_ENDS.match(text, end) or (_VERB_FOLLOWS.search(named[0]) and not _is_count(phrase)))


def _may_date(phrase: re.Match[str]) -> bool:
    """Whether the years are worth an offer: no count, no name, not excluded by the question."""
    return not (_is_count(phrase) or phrase["own"] or _before(_DENIED, phrase))


def _is_count(phrase: re.Match[str]) -> bool:
    """Whether things are counted: "after 2000 steps"; not "which research since 2020 shows …"."""
    text, end = phrase.string, phrase.end()
    return not _ENDS.match(text, end) and bool(_THINGS.match(text, end)) and not _before(_ONE, phrase)


def _filters(phrase: re.Match[str], today: date) -> Filters | None:
    """The filter that a phrase means; None if its numbers are no years of papers, or no range."""
    words, form = phrase[0].lower(), str(phrase.lastgroup)
    if form == "window":  # the oldest of "the last two years" began two years ago
        count = next(iter(re.findall(_COUNT, words)), "1")
        number = int(count) if count.isdecimal() else _NUMBERS.index(count)
        return Filters(today.year - number * (10 if "decade" in words else 1))
    times = re.findall(r"(\d{4})(s?)|(this|last)\syear", words)
    years = [(int(year or today.year - (name == "last")), 9 * bool(s)) for year, s, name in times]
    (low, _), high = years[0], sum(years[-1])
    if not all(1900 <= year <= today.year + 1 for year, _ in years):
        return None
    step = not re.search(_MONTH, words)  # "after June 2020": the rest of that year counts
    first, last = {
        "since": (low, None),
        "after": (high + step, None),
        "until": (None, high),
        "before": (None, low - step),
        "inside": (sum(years[0]) + step, years[-1][0] - step),
    }.get(form, (low, high))
    return None if first and last and first > last else Filters(first, last)

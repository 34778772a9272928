"""What a year belongs to: the papers that are asked for, or data, events and counts that they speak of.

"Papers from 2021" bounds the papers, "trained on tweets from 2012 to 2019" describes the tweets.
Where both readings are possible, the year is not taken for the papers'.
"""

import re

from rag.query.kinds import ARTEFACTS, PUBLICATIONS, asks_for_papers
from rag.query.year_phrases import YearPhrase

_PUBLICATION = rf"(?:{PUBLICATIONS}|papers?|study|publication|article|preprint|survey|overview|thesis)"
_FAR = 500  # characters before a year in which it is looked for what it belongs to
_UP_TO = r"(?:\W+[\w'’-]+){0,%d}\W*$"  # that many words to the end


def _ending(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{words})\s*[,(]?\s*$", re.IGNORECASE)


def _near_end(words: str, distance: int) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b" + _UP_TO % distance, re.IGNORECASE)


# Directly before the year: papers, what is asked for ("which data sets"), or how they came out.
_PAPERS = _ending(
    rf"\b(?<!news )(?<!newspaper )(?<!wikipedia ){_PUBLICATION}|"
    rf"\b(?:which|what|any|all|new|list|recent)\s+(?:[\w-]+\s+){{0,2}}{ARTEFACTS}|"
    r"\b(?:published|released|appeared|presented|proposed|introduced|came\s+out|come\s+out|out|written)|"
    r"\b(?:anything|something|everything|stuff|those|ones)"
)
_PAPERS_ON = _near_end(rf"({_PUBLICATION}\s+(?:on|about|regarding|dealing\s+with|concerning))", 4)
_SINGULAR = _ending(r"\b(?:work|research|literature|paper|study|publication|article|survey|anyone|who)")
_NOTHING = _ending(  # a follow-up that has little but the year: "and only those from 2021?"
    r"^(?:(?:and|but|or|also|only|just|what|how|about|those|ones|the|anything|something|maybe|please|ok|no|"
    r"then|now|again)\b[\s,]*)*"
)
_DENIED = _ending(
    r"\b(?:not|no|except|excluding|without|besides|ignoring|other\s+than|apart\s+from|rather\s+than|unlike)"
    r"(?:\s+(?:for|in|from|those|the|ones|any|papers|published))*"
)
_DETERMINER = _ending(
    r"^|[,;:.?!]\s|\b(?:which|what|any|all|the|some|list|find|show|me|of|for|this|that|these|those|and|are|"
    r"other|only|recent|a|in|by|from)"
)

# What has years of its own, and what has them only where a model learns from it.
_DATED = (
    r"tweets?|posts?|news|newspapers?|dumps?|crawls?|snapshots?|wikipedia|reddit|twitter|data(?!\s?sets?)|"
    r"corpus|corpora|records?|recordings?|observations?|events?|elections?|patents?|speeches|transcripts?|"
    r"reports?|e-?mails?|books?|novels?|wars?|pandemics?|covid(?:-19)?|challenge|competition|contest|"
    r"shared\s+task|track|workshop|conference|leaderboard|season|games|olympics|reviews?|measurements?|notes|prices|"
    r"sales|cases|logs|quer(?:y|ies)|claims|patients|accidents|crimes|earthquakes|storms|weather|"
    r"knowledge|facts?|cut-?off|abstracts"
)
_LEARNT_FROM = (
    r"texts?|articles?|pages?|documents?|images?|photos?|pictures?|videos?|audio|speech|scans?|comments?|"
    r"sentences?|writing|literature|papers?|publications?|studies"
)
_HAS_YEARS = re.compile(
    rf"\b(?:{_DATED})\b(?:\W+(?!{_PUBLICATION}\b|came\b|appeared\b)[\w'’-]+){{0,3}}\W*$", re.IGNORECASE
)
_IS_LEARNT_FROM = _near_end(_LEARNT_FROM, 3)
_LEARNS = _near_end(
    r"((?:(?:pre-?|fine-?)?train\w*|learn\w*|tun\w*|evaluat\w*|test\w*|built|based|index\w*|consist\w*|made)"
    r"\s+(?:up\s+)?(?:on|from|of|with|over|using)|(?:corpus|corpora|collections?|data ?sets?|archives?)\s+"
    r"(?:of|from|with))",
    7,
)
_GATHERED = _near_end(
    r"collect\w*|record\w*|crawled|scraped|gathered|harvested|sampled|drawn|taken|captured|filmed|spoken|"
    r"tweeted|posted|(?:texts?|pages?|documents?|images?|videos?)\s+(?:\w+\s+){0,2}(?:written|published)|"
    r"cover(?:s|ing|ed)?|span(?:s|ning)?|forecast\w*|predict\w*|knows?|won|wins?|topped|ranked|held|hosted|"
    r"happened|took\s+place|elected|changed|occurred|emerged",
    4,
)

# Papers that use models released before 2019: the years are the models'.
_USES_OLDER = _ending(
    rf"\b{_PUBLICATION}\b[^,;]*\b{ARTEFACTS}\s+(?:that\s+\w+\s+)?(?:released|published|proposed|"
    r"introduced|presented|(?:pre-?)?trained|built|made)"
)

# Behind the year: what shows that it is a count ("2000 steps") or a name ("2021 Wikipedia").
_COUNTED = re.compile(
    rf"\s+(?!{_PUBLICATION}\b)(?:(?!(?:is|was|does|has|as|towards|besides)\b)[a-z]+(?<![siu])s\b|people\b|"
    r"percent\b|million\b|thousand\b|[A-Z])"
)
_GOES_ON = re.compile(
    r"\s*(?:$|[,.;:?!()\"])|\s+(?:who|what|which|how|where|why|is|are|was|were|do|does|did|has|have|had|can|"
    r"could|and|but|or|on|about|for|with|that|using|in|to|at|by|of|the|an?|any|anything|some|there|we|"
    r"people|please|only|as|from|among|within|across|regarding|concerning|dealing|applied|"
    rf"{_PUBLICATION})\b",
    re.IGNORECASE,
)


def concerns_papers(text: str, phrase: YearPhrase, lead: str = "") -> bool:
    """Whether the years are those of the papers that are asked for; `lead` was asked before."""
    start, end = phrase.span
    before, behind = re.split(r"[.;?!]\s", text[max(0, start - _FAR) : start])[-1], text[end:]
    if phrase.attachment == "own":
        return bool(_DETERMINER.search(before)) and not _DENIED.search(before)
    if text.isupper():
        behind = behind.lower()
    is_counted = _COUNTED.match(behind) and not _SINGULAR.search(before)
    if is_counted or _DENIED.search(before) or _GATHERED.search(before) or _USES_OLDER.search(before):
        return False
    is_named = bool(_PAPERS.search(before))
    asks = asks_for_papers(text) or asks_for_papers(lead)
    if _is_of_data(before, phrase, is_named):
        return False
    if is_named or (asks and _NOTHING.search(before)):
        return True
    if phrase.attachment == "noun":
        on = _PAPERS_ON.search(before)
        return on is not None and not _IS_LEARNT_FROM.search(before, on.end(1))
    return asks and (phrase.attachment == "since" or bool(_GOES_ON.match(behind)))


def _is_of_data(before: str, phrase: YearPhrase, is_named: bool) -> bool:
    """Whether the years are those of something that the papers use."""
    has_years = bool(_HAS_YEARS.search(before))
    if learns := _LEARNS.search(before):
        clings = phrase.attachment in ("noun", "range")
        return is_named or clings or has_years or bool(_IS_LEARNT_FROM.search(before, learns.end(1)))
    return has_years and phrase.attachment != "since"

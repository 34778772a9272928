"""The DOI, the arXiv id and the day of publication that the first page of a paper prints."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ingest.pdf.lines import Line
from ingest.sources.base import LONGEST_DETAIL, is_date
from rag.identity import arxiv_key, doi_key

_DOI = re.compile(
    r"(?:\bdoi\b[:\s]*|doi\.org/)?\b(10\.\d{4,9}(?:\.\d+)*/[^\s\"<>{}|\\^,;]+)", re.IGNORECASE
)
_BROKEN_DOI = re.compile(r"\b10\.\d{4,9}/$")
_PLACEHOLDER = re.compile(
    r"n{3,}|x{3,}|v0+\.i0+|0{6,}|1122445\.1122456|1234567|/0+(?:\.0+)*$|/(?:insert|doi|tba|todo)",
    re.IGNORECASE,
)
_ARXIV = re.compile(r"arxiv:\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(v\d+)?", re.IGNORECASE)
_MONTHS = (
    "jan|ene|gen",
    "feb|fév|fev",
    "mar(?!k)|mär|mrz",
    "apr|avr|abr",
    "may|mai|mag",
    "jun|juin|giu",
    "jul|juil|lug",
    "aug|aoû|ago",
    "sep|set",
    "oct|okt|ott",
    "nov",
    "dec|dez|déc|dic",
)
_MONTH = rf"(?:{'|'.join(_MONTHS)})[^\W\d_]{{0,7}}\.?"
_YEAR = r"(?:19|20)\d\d"
_DATES = (
    rf"(?P<y>{_YEAR})[-/](?P<n>0[1-9]|1[0-2])[-/](?P<d>[0-3]\d)\b",
    rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th|\.)?(?:\s+of|\s+de)?[\s-]+(?P<m>{_MONTH})(?:,|\s+de)?[\s-]+(?P<y>{_YEAR})\b",
    rf"\b(?P<m>{_MONTH})\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:\s*[–-]\s*\d+)?,?\s+(?P<y>{_YEAR})\b",
    rf"\b(?P<m>{_MONTH})(?:\s*[-–/]\s*{_MONTH})?(?:,|\s+de)?\s+(?P<y>{_YEAR})\b",
    r"\b(?P<d>[0-3]?\d)\.(?P<n>0?[1-9]|1[0-2])\.(?P<y>(?:19|20)\d\d)\b",
    r"\b(?P<n>0?[1-9]|1[0-2])/(?P<d>1[3-9]|2\d|3[01])/(?P<y>(?:19|20)\d\d)\b",  # 3/4/2014 has two readings
    r"\b(?P<d>1[3-9]|2\d|3[01])/(?P<n>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)\b",
    rf"(?P<y>{_YEAR})[-/](?P<n>0[1-9]|1[0-2])\b(?![-/\d])",
)
_DATE = [re.compile(pattern, re.IGNORECASE) for pattern in _DATES]
_PUBLISHED = re.compile(
    r"\b(?:published(?:\s+online)?|publication(?:\s+date)?|posted|veröffentlicht|publié|publicado"
    r"|available online)\b",
    re.IGNORECASE,
)
_OF_HISTORY = re.compile(
    r"\W*(?:accepted|available online|published|posted|doi\b|https?://(?:dx\.)?doi\.org|©|copyright)", re.I
)
_ACCEPTED = re.compile(r"\b(?:accepted|angenommen|accepté|aceptado)\b", re.IGNORECASE)
_COPYRIGHT = re.compile(rf"(?:©|\(c\)|copyright)\W*(?:\(c\)|©)?\D{{0,40}}?({_YEAR})\b", re.IGNORECASE)
_VOLUME = re.compile(
    rf"(?:\b(?:vol|volume|no|number|issue|bd|band|pp|pages)\b|\d+\s*\(\d+\)|\d\s*:\s*\d|\({_YEAR}\)\s*\d)",
    re.IGNORECASE,
)
_WHOLE_YEAR = re.compile(rf"(?<![\d.:/–-]){_YEAR}(?![\d.:/–-]|\.\d)")
_FARTHEST = 45  # characters between a word such as "published" and the end of its date
_LONGEST_PRINT = 80  # characters of a line of small print beside the text
_MOST_BESIDE = 45  # letters of a line beside its date


def printed_doi(texts: Sequence[str], hint: str = "") -> str | None:
    """The first DOI around the text or beside the title; or the file's own, `hint`, if it is among them."""
    broken = [f"{text}{after}" for text, after in pairwise(texts) if _BROKEN_DOI.search(text)]
    dois = [doi for text in (*broken, *texts) for doi in _dois(text)]
    own = doi_key(hint or "")
    return own if own in dois else next(iter(dois), None)


def doi_of(text: str) -> str | None:
    """The DOI that the file gives for itself."""
    return next(iter(_dois(text)), None)


def printed_arxiv(texts: Iterable[str]) -> tuple[str, str | None] | None:
    """The arXiv id, with the day on the stamp of a first version, or else the month of the id."""
    for text in texts:
        match = _ARXIV.search(text)
        if match and (arxiv_id := arxiv_key(match[1])):
            day = date_in(text[match.end() :]) if match[2] in (None, "v1") else None
            return arxiv_id, day or _month_of(arxiv_id)
    return None


def printed_date(furniture: Sequence[str], opening: Sequence[str], stamped: str | None) -> str | None:
    """When the paper was published, as its first page tells: by the surest of its dates.

    `furniture` are the lines around the title and the text, `opening` those between them.
    """
    texts = [*furniture, *opening]
    issued, published = _of_issue(furniture), _after(_PUBLISHED, texts)
    if issued and published and issued[:4] == published[:4]:
        return max(issued, published, key=len)
    dates = [issued, published, stamped, _after(_ACCEPTED, texts)]
    alone = (date_in(text) for text in (*opening, *furniture) if _is_alone(text))
    return next((date for date in (*dates, *alone) if date), None) or _copyright(texts)


def _after(words: re.Pattern[str], texts: Sequence[str]) -> str | None:
    """The date that stands next behind these words."""
    whole = " ".join(texts)
    dates = (date_in(whole[match.end() :].partition(";")[0][:_FARTHEST]) for match in words.finditer(whole))
    return next((date for date in dates if date), None)


def date_in(text: str) -> str | None:
    """The first date of a text, as YYYY-MM-DD or YYYY-MM."""
    matches = [match for pattern in _DATE if (match := pattern.search(text))]
    if not matches:
        return None
    parts = min(matches, key=lambda match: (match.start(), -match.end())).groupdict()
    month = parts.get("n") or next(
        place for place, names in enumerate(_MONTHS, 1) if re.match(names, parts["m"], re.IGNORECASE)
    )
    date = f"{parts['y']}-{int(month):02}"
    whole = f"{date}-{int(parts['d']):02}" if parts.get("d") else date
    return whole if is_date(whole) else date


def _of_issue(furniture: Sequence[str]) -> str | None:
    """The month or the year of the issue, from a line with volume, number or pages."""
    for text in furniture:
        if _VOLUME.search(text) and not _ARXIV.search(text):
            years: set[str] = set(_WHOLE_YEAR.findall(_DOI.sub("", text)))
            if day := date_in(text):
                return day
            if len(years) == 1:
                return years.pop()
    return _copyright(furniture)


def _copyright(texts: Sequence[str]) -> str | None:
    return max((match[1] for text in texts for match in _COPYRIGHT.finditer(text)), default=None)


def _is_alone(text: str) -> bool:
    rest = text
    for pattern in _DATE:
        rest = pattern.sub("", rest, count=1)
    return len(rest.strip()) <= _MOST_BESIDE


def _dois(text: str) -> list[str]:
    dois = [doi_key(match[1].rstrip(").]:'*")) for match in _DOI.finditer(text)]
    return [doi for doi in dois if doi and len(doi) <= LONGEST_DETAIL and not _PLACEHOLDER.search(doi)]


def _month_of(arxiv_id: str) -> str | None:
    digits = arxiv_id.rpartition("/")[2]
    century = "19" if digits[0] == "9" and "/" in arxiv_id else "20"
    month = f"{century}{digits[:2]}-{digits[2:4]}"
    return month if is_date(month) else None


def is_around(cell: Line, top: float, foot: float, size: float) -> bool:
    """Whether a line stands around the title and the text: above it, in the margin, in small print."""
    if cell.box[3] <= top or _OF_HISTORY.match(cell.text):
        return True
    is_small_print = cell.size < size - 1.2 and len(cell.text) < _LONGEST_PRINT
    return is_small_print or (cell.box[1] > foot and cell.size < size - 0.1)

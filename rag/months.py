"""The English names of months."""

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
MONTHS = tuple(name[:3].lower() for name in MONTH_NAMES)
MONTH_PATTERN = rf"(?:{'|'.join(MONTHS)})[a-z]{{0,6}}"
"""Matches a month in lower case, abbreviated or in full: `sep`, `sept`, `september`."""


def in_words(published: str) -> str:
    """A date as texts have it: 3 May 2021 for 2021-05-03, May 2021 for 2021-05."""
    year, *rest = published.split("-")
    month = MONTH_NAMES[int(rest[0]) - 1] if rest else ""
    day = str(int(rest[1])) if len(rest) > 1 else ""
    return " ".join(filter(None, (day, month, year)))


def month_number(name: str) -> int | None:
    """1 to 12 for a name that begins as a month does, in any case; else None."""
    start = name[:3].lower()
    return MONTHS.index(start) + 1 if start in MONTHS else None

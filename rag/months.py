"""The English names of months."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_PATTERN = rf"(?:{'|'.join(MONTHS)})[a-z]{{0,6}}"
"""Matches a month in lower case, abbreviated or in full: `sep`, `sept`, `september`."""


def month_number(name: str) -> int | None:
    """1 to 12 for a name that begins as a month does, in any case; else None."""
    start = name[:3].lower()
    return MONTHS.index(start) + 1 if start in MONTHS else None

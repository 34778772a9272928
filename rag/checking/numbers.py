"""The numbers of a claim, with their units, against those of the passages.

"45 %" is "45.0 percent", "1,000" is "1000", "1.5B" is "1.5 billion", "twice" is "2x", "half" is "50%".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_FROM_TEN = [
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = [*_ONES, *_FROM_TEN, *(f"{ten}-{one}".removesuffix("-zero") for ten in _TENS for one in _ONES)]
_VALUES = {word: float(value) for value, word in enumerate(_WORDS)}
_MAGNITUDES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SHORT = {"k": 1e3, "K": 1e3, "M": 1e6, "b": 1e9, "B": 1e9, "bn": 1e9, "T": 1e12}  # close to the number
_UNITS = {
    **dict.fromkeys(["%", "percent", "per cent", "percentage"], "%"),
    **dict.fromkeys(["x", "X", "×", "times", "fold"], "times"),
    **dict.fromkeys(["ms", "millisecond", "milliseconds"], "ms"),
    **{form: unit for unit in ("KB", "MB", "GB", "TB") for form in (unit, unit.lower())},
    **{
        f"{unit}{plural}": unit
        for unit in ("second", "minute", "hour", "day", "week", "month", "year")
        for plural in ("", "s")
    },
}
_WRITTEN_OUT = {
    **dict.fromkeys(["twice", "double", "doubles", "doubled", "doubling", "twofold"], (2.0, "times")),
    **dict.fromkeys(["thrice", "triple", "triples", "tripled", "tripling", "threefold"], (3.0, "times")),
    **dict.fromkeys(["half", "halve", "halves", "halved", "halving"], (50.0, "%")),
    "quarter": (25.0, "%"),
}


def _any(forms: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, forms), key=len, reverse=True))


_NUMBER = re.compile(
    rf"""
    (?<![\w.]) (?<![^\W\d_]-)                       # no part of a name: "BERT2", "v1.2", "GPT-4"
    (?: (?P<digits> \d{{1,3}}(?:,\d{{3}})+(?:\.\d+)? | \d+[.,·]\d+ | \.?\d+ ) (?! [.,·]?\d )
      | (?P<word> (?i:{_any(_WORDS)}) ) (?![^\W_]) )
    (?: (?P<short> {_any(_SHORT)} ) (?![^\W_]) | [\s-] (?P<magnitude> (?i:{_any(_MAGNITUDES)}) ) \b )?
    (?: s? (?![^\W_]) | (?= [\s\\-]*(?:{_any(_UNITS)}) ) )   # "the 1990s", "2x"; not "3D", a name
    (?: \$? [\s\\-]* (?P<unit> {_any(_UNITS)} ) (?![^\W_]) )?
    """,
    re.VERBOSE,
)
_ANY_UNIT = "*"
_ROUNDED = range(4)  # digits behind the decimal point
_DIGITS = re.compile(r"\d++(?:[.,·]\d++)*+")
_JOINED = re.compile(rf"(?<![\w.,·])(?<![^\W\d_]-){_DIGITS.pattern}(?=[^\W\d_])")
_HUNDREDS = re.compile(rf"\b({_any(_ONES)})[ -]hundred(?: and)?[ -]({_any(_WORDS)})\b", re.IGNORECASE)
_RELIC = re.compile(r"\b(simeq|sim|approx|leq?|geq?|pm)(?=\.?\d)")  # of LaTeX: "approx0.5"
_OTHER = re.compile(rf"\b(?:{_any(_WRITTEN_OUT)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, "" where it has none that we know. `text` is how it is written."""

    value: float
    unit: str
    text: str

    @property
    def forms(self) -> Iterator[tuple[str, float]]:
        """The units and values by which another text may give it: rounded, without its unit, as a share."""
        rounded = {_key(self.value), *(_key(round(self.value, digits)) for digits in _ROUNDED)}
        for value in rounded:
            yield from ((self.unit, value), (_ANY_UNIT, value))
        if self.unit == "%":
            yield "", _key(self.value / 100)
        if not self.unit and 0 < self.value < 1:
            yield "%", _key(self.value * 100)


def find_quantities(text: str) -> list[Quantity]:
    """The numbers of a text, those in digits or words before those that are written out ("twice")."""
    text = _HUNDREDS.sub(_in_digits, _RELIC.sub(r"\1 ", text))
    found = [_read(match) for match in _NUMBER.finditer(text)]
    return found + [Quantity(*_WRITTEN_OUT[match[0].lower()], match[0]) for match in _OTHER.finditer(text)]


def missing_numbers(claim: str, passages: Sequence[str]) -> list[str]:
    """The numbers of a claim that no passage gives, as the claim writes them.

    Only what is written in digits: "two papers" may be the writer's own count, "half" a round 47 %.
    Digits count if they are joined to a unit that we do not know ("263pg/ml").
    """
    wanted = [quantity for quantity in find_quantities(claim) if quantity.text[:1].isdigit()]
    if not wanted:
        return []
    given = {quantity for passage in passages for quantity in find_quantities(passage)}
    forms = {form for quantity in given for form in quantity.forms}
    unread = {digits for passage in passages for digits in _unread_numbers(passage)}

    def is_there(quantity: Quantity) -> bool:
        value = _key(quantity.value)
        units = (quantity.unit, "") if quantity.unit else ("", _ANY_UNIT)
        return any((unit, value) in forms for unit in units) or unread.issuperset(
            _DIGITS.findall(quantity.text)
        )

    return list(dict.fromkeys(quantity.text for quantity in wanted if not is_there(quantity)))


def _unread_numbers(text: str) -> Iterator[str]:
    """The digits before letters that are no unit of ours, and no part of a name."""
    read = {place for match in _NUMBER.finditer(text) for place in range(*match.span())}
    return (match[0] for match in _JOINED.finditer(text) if match.start() not in read)


def _in_digits(match: re.Match[str]) -> str:
    """ "117" for "one hundred and seventeen"."""
    return f"{_VALUES[match[1].lower()] * 100 + _VALUES[match[2].lower()]:.0f}"


def _read(match: re.Match[str]) -> Quantity:
    digits, word = match["digits"], match["word"]
    value = _value(digits) if digits else _VALUES[word.lower()]
    value *= _SHORT.get(match["short"], 1) * _MAGNITUDES.get((match["magnitude"] or "").lower(), 1)
    return Quantity(value, _UNITS.get(match["unit"] or "", ""), match[0].strip(" $\\-"))


def _value(digits: str) -> float:
    is_grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits)
    return float(digits.replace(",", "") if is_grouped else re.sub("[,·]", ".", digits))


def _key(value: float) -> float:
    """The value without what computing with it may add."""
    return float(f"{value:.9g}")

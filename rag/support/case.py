"""One claim with its passages: what they lack, what they turn round, and the features of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.support import matching, polarity
from rag.support.comparison import swapped
from rag.support.matching import Matches
from rag.support.names import missing_names
from rag.support.numbers import Quantity, find_quantities, missing_numbers
from rag.support.texts import Text
from rag.support.verbatim import is_verbatim


@dataclass(frozen=True)
class Case:
    """A claim, the passages and their sentences, of which there is at least one with words."""

    claim: Text
    passages: Sequence[str]
    sentences: Sequence[Text]

    @cached_property
    def matches(self) -> Matches:
        """The words of the claim against those of the sentences."""
        return matching.match(self.claim, self.sentences)

    @cached_property
    def numbers(self) -> list[Quantity]:
        """The numbers of the claim that no passage gives."""
        return missing_numbers(self.claim.text, self.passages)

    @cached_property
    def names(self) -> list[str]:
        """The names of the claim that no passage has."""
        return missing_names(self.claim.text, self.passages)

    @property
    def is_verbatim(self) -> bool:
        """Whether the claim is a passage's own words."""
        of_one = any(is_verbatim(self.claim.text, passage) for passage in self.passages)
        return of_one and not self.numbers and not self.names

    @property
    def features(self) -> Mapping[str, float]:
        """What the probabilities are computed from."""
        return {
            **matching.features(self.claim, self.sentences, self.matches),
            "lacks_number": float(bool(self.numbers)),
            "lacks_name": float(bool(self.names)),
            "turned": float(bool(self.turned)),
            **polarity.features(self.claim, self.sentences, self.matches),
        }

    @cached_property
    def turned(self) -> tuple[str, ...]:
        """What the passages say the other way round, in words."""
        seen = (self.claim, self.sentences, self.matches)
        words = dict.fromkeys([*polarity.opposed(*seen), *swapped(*seen)])
        return (
            *(f"negated: {words}" for words in polarity.denied(*seen)),
            *(f"turned round: {word}" for word in words),
        )

    @property
    def other_numbers(self) -> tuple[str, ...]:
        """The numbers in place of which the passages give others of their unit, in words."""
        given = {each.unit for passage in self.passages for each in find_quantities(passage)}
        return tuple(f"another number: {each.text}" for each in self.numbers if each.unit in given)

    @property
    def absent(self) -> tuple[str, ...]:
        """What the passages do not have: numbers, names and other words, in words."""
        words = matching.unmatched(self.claim, self.matches)
        named = {word for name in self.names for word in name.lower().split("-")}
        numbers = [number.text for number in self.numbers]
        found = [*numbers, *self.names, *(word for word in words if word not in named)]
        return tuple(f"not there: {each}" for each in dict.fromkeys(found))

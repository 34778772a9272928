"""What a run asks: cases, the files they come from, and a selection of them."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.cases import Case, read_sets
from eval.errors import CaseError


@dataclass(frozen=True)
class Questions:
    """Cases, and `sources`: their files, each with its SHA-256 and number of cases."""

    cases: tuple[Case, ...]
    sources: tuple[dict[str, Any], ...]

    @classmethod
    def read(cls, given: str | Path | Case | Sequence[str | Path | Case]) -> "Questions":
        """From files, folders, names of bundled sets, and cases.

        Raises CaseError, also if two cases have the same id.
        """
        things = [given] if isinstance(given, str | Path | Case) else list(given)
        cases = [thing for thing in things if isinstance(thing, Case)]
        places = [str(thing) for thing in things if not isinstance(thing, Case)]
        sets = read_sets(places) if places or not cases else {}
        sources = [_source(path.name, path.read_bytes(), members) for path, members in sets.items()]
        if cases:
            dumped = "\n".join(case.model_dump_json() for case in cases)
            sources.append(_source("cases", dumped.encode(), cases))
        cases += [case for members in sets.values() for case in members]
        counts = Counter(case.id for case in cases)
        if doubled := next((id_ for id_, number in counts.items() if number > 1), None):
            raise CaseError(f"`{doubled}` is the id of {counts[doubled]} cases: give each its own")
        return cls(tuple(cases), tuple(sources))


def _source(name: str, content: bytes, cases: Sequence[Case]) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "cases": len(cases)}


@dataclass(frozen=True)
class Selection:
    """Which cases are asked: those with one of the tags, and of these a random sample."""

    tags: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """The chosen cases in their order; a case has a tag if one of its turns has it.

        Raises CaseError if a tag is unknown or the sample empty.
        """
        chosen = self._tagged(cases)
        if self.sample is None or self.sample >= len(chosen):
            return chosen
        if self.sample < 1:
            raise CaseError("a sample has one question or more: give another number with --sample")
        places = random.Random(self.seed).sample(range(len(chosen)), self.sample)  # noqa: S311
        return [chosen[place] for place in sorted(places)]

    def to_dict(self) -> dict[str, Any]:
        return {"tags": sorted(self.tags), "sample": self.sample, "seed": self.seed}

    def _tagged(self, cases: Sequence[Case]) -> list[Case]:
        known = tags_of(cases)
        if unknown := sorted(set(self.tags) - known):
            raise CaseError(
                f"no question has the tag {', '.join(unknown)}: name one of "
                f"{', '.join(sorted(known)) or 'none, as there are no tags'}"
            )
        return [case for case in cases if not self.tags or tags_of([case]).intersection(self.tags)]


def tags_of(cases: Iterable[Case]) -> set[str]:
    """The tags of cases and their turns."""
    return {tag for case in cases for turn in case.turns for tag in turn.tags}

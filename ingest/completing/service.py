"""What a service says of works by their DOIs, asked for several at once."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ingest.sources.loose import read_doi
from ingest.sources.web_service import RefusedError

Fields = Mapping[str, Any]
"""What `loose_record` takes of a work."""
Work = Mapping[str, Any]
"""A work as a service writes it."""
_SEPARATORS = re.compile(r"[,|]")


class CompletingService(Protocol):
    """A service that knows works by their DOIs."""

    @property
    def source(self) -> str:
        """The name under which the catalog keeps what it says."""
        ...

    def works(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What it says of the works that it knows, by DOI. Raises SourceError."""
        ...


def works_of(service: CompletingService, dois: Sequence[str]) -> dict[str, Fields]:
    """The same, where the service may refuse some DOIs: the others are then asked for without them.

    Raises SourceError, and RefusedError where it refuses all.
    """
    try:
        return service.works(dois)
    except RefusedError:
        if len(dois) == 1:
            raise
    middle = len(dois) // 2
    works: dict[str, Fields] = {}
    refusals = []
    for half in (dois[:middle], dois[middle:]):
        try:
            works |= works_of(service, half)
        except RefusedError as error:
            refusals.append(error)
    if len(refusals) == 2:
        raise refusals[0]
    return works


def is_listable(doi: str) -> bool:
    """Whether a DOI can stand in a list: one with the mark that separates them is asked for alone."""
    return not _SEPARATORS.search(doi)


def json_object(answer: bytes, name: str) -> Any:
    """What is under a name of an answer. Raises ValueError, RecursionError."""
    whole = json.loads(answer)
    if not isinstance(whole, dict) or name not in whole:
        raise ValueError(f"no {name}")
    return whole[name]


def by_doi(works: Any) -> dict[str, Work]:
    """The works of a list, each by its DOI; the first of several with the same. Raises ValueError."""
    if not isinstance(works, list):
        raise ValueError("no list of works")
    known: dict[str, Work] = {}
    for work in works:
        if isinstance(work, Mapping) and (doi := read_doi(work.get("DOI") or work.get("doi"))):
            known.setdefault(doi, work)
    return known

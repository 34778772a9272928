"""The interface of a completing service, and how works are looked up there by their DOIs, many at once."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ingest.sources.service import RefusedError
from rag.identity import doi_key

Fields = Mapping[str, Any]
"""What `loose_record` takes of a work."""
Work = Mapping[str, Any]
"""A work as a service writes it."""
_SEPARATORS = re.compile(r"[,|]")


class CompletingService(Protocol):
    """A service that knows works by their DOIs. Its methods raise SourceError."""

    @property
    def source(self) -> str:
        """The name under which the catalog keeps what it says."""
        ...

    def listed(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What it says of the works that it knows, by DOI."""
        ...

    def single(self, doi: str) -> dict[str, Fields]:
        """The same of one work, whose DOI no list can hold; RefusedError where it has none."""
        ...


def works_of(service: CompletingService, dois: Sequence[str]) -> dict[str, Fields]:
    """What a service says of the works that it knows, by DOI, without those that it refuses to look up.

    Raises SourceError, and RefusedError where it refuses the whole list.
    """
    listed = [doi for doi in dois if not _SEPARATORS.search(doi)]
    works = _listed(service, listed) if listed else {}
    for doi in sorted(set(dois).difference(listed)):
        with suppress(RefusedError):
            works |= service.single(doi)
    return works


def _listed(service: CompletingService, dois: Sequence[str]) -> dict[str, Fields]:
    """Asks for halves of a list that the service refuses as a whole."""
    try:
        return service.listed(dois)
    except RefusedError as error:
        if len(dois) == 1:
            return _single(service, dois[0], error)
    middle = len(dois) // 2
    works: dict[str, Fields] = {}
    refusals = []
    for half in (dois[:middle], dois[middle:]):
        try:
            works |= _listed(service, half)
        except RefusedError as error:
            refusals.append(error)
    if len(refusals) == 2:
        raise refusals[0]
    return works


def _single(service: CompletingService, doi: str, refusal: RefusedError) -> dict[str, Fields]:
    """The work of a DOI that no list may hold. Raises the refusal of the list where it is refused, too."""
    try:
        return service.single(doi)
    except RefusedError:
        raise refusal from None


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
        if isinstance(work, Mapping) and (doi := doi_key(str(work.get("DOI") or work.get("doi")))):
            known.setdefault(doi, work)
    return known

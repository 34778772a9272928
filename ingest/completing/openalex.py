"""OpenAlex: an open index of works, which has abstracts that publishers do not give to Crossref."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ingest.completing.service import Fields, Work, by_doi, json_object
from ingest.sources.base import LONGEST_ABSTRACT
from ingest.sources.csl_fields import csl_date, csl_item
from ingest.sources.json_values import list_of, object_of
from ingest.sources.loose import plain_text
from ingest.sources.retraction import RETRACTED
from ingest.sources.service import RetryPolicy
from ingest.sources.web_service import WebService

ADDRESS = "https://api.openalex.org/"
_PAUSE = 0.1  # seconds
_PARTS = "doi,type,language,publication_date,authorships,biblio,primary_location,is_retracted"
_SELECTED = {"select": f"{_PARTS},abstract_inverted_index"}
_MOST = "100"  # works of a request
_NO_DAY = "-01-01"  # stands for a day that OpenAlex does not know
_TYPES = {
    "journal": "article-journal",
    "conference": "paper-conference",
    "book series": "chapter",
    "repository": "article",
}  # CSL's names, by that of the place of publication


class OpenAlex:
    """Asked for the works of a list of DOIs; more a day with a key, which is free."""

    source = "openalex"

    def __init__(
        self,
        address: str = ADDRESS,
        mailto: str | None = None,
        key: str | None = None,
        pause: float = _PAUSE,
        retries: RetryPolicy = RetryPolicy(),
    ) -> None:
        """`mailto` is an e-mail address that OpenAlex may write to."""
        self._web = WebService("OpenAlex", address, pause, retries, {"mailto": mailto, "api_key": key})

    def listed(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What OpenAlex says of the works that it knows, by DOI. Raises SourceError."""
        wanted = {"filter": f"doi:{'|'.join(dois)}", "per-page": _MOST, **_SELECTED}
        works = self._web.ask("works", wanted, lambda text: by_doi(json_object(text, "results")))
        return {doi: _fields(work) for doi, work in works.items()}

    def single(self, doi: str) -> dict[str, Fields]:
        """The same of one work. Raises SourceError."""
        work = self._web.ask(f"works/doi:{quote(doi, safe='')}", _SELECTED, _read_work)
        return {doi: _fields(work) for doi, work in by_doi([work]).items()}


def _read_work(answer: bytes) -> Work:
    work: Work = json.loads(answer)
    json_object(answer, "doi")
    return work


def _fields(work: Work) -> Fields:
    place = object_of(work.get("primary_location"))
    venue = object_of(place.get("source"))
    numbers = object_of(work.get("biblio"))
    published = str(work.get("publication_date") or "").removesuffix(_NO_DAY)
    authors = [name for name in map(_author, list_of(work.get("authorships"))) if name]
    known = {
        "type": _TYPES.get(str(venue.get("type"))),
        "container-title": plain_text(venue.get("display_name")),
        "publisher": plain_text(venue.get("host_organization_name")),
        "ISSN": plain_text(venue.get("issn_l")),
        "volume": plain_text(numbers.get("volume")),
        "issue": plain_text(numbers.get("issue")),
        "page": _pages(plain_text(numbers.get("first_page")), plain_text(numbers.get("last_page"))),
        "language": plain_text(work.get("language")),
        "issued": csl_date(published),
    }
    return {
        "abstract": _text(work.get("abstract_inverted_index")),
        "published": [published],
        "authors": authors,
        "retracted": RETRACTED if work.get("is_retracted") is True else None,
        "csl": csl_item(known, OpenAlex.source, {}),
    }


def _text(places: Any) -> str:
    """The text of an index that has the places of each word; empty for one that is no abstract's."""
    words = [
        (place, str(word))
        for word, of_word in object_of(places).items()
        for place in list_of(of_word)
        if isinstance(place, int)
    ]
    text = " ".join(word for _, word in sorted(words)) if len(words) <= LONGEST_ABSTRACT else ""
    return text if len(text) <= LONGEST_ABSTRACT else ""


def _author(authorship: Any) -> str:
    return plain_text(object_of(object_of(authorship).get("author")).get("display_name"))


def _pages(first: str, last: str) -> str:
    return f"{first}-{last}" if last and last != first else first

"""OpenAlex: an open index of works, which has abstracts that publishers do not give to Crossref."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ingest.completing.service import Fields, Work, by_doi, is_listable, json_object
from ingest.sources.base import LONGEST_ABSTRACT
from ingest.sources.csl_fields import csl_date, csl_item
from ingest.sources.loose import plain_text
from ingest.sources.retraction import RETRACTED
from ingest.sources.service import RetryPolicy
from ingest.sources.web_service import RefusedError, WebService

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
        self, address: str = ADDRESS, mailto: str | None = None, key: str | None = None, **options: Any
    ) -> None:
        """`mailto` is an e-mail address that OpenAlex may write to; `options` are those of WebService."""
        pace = {"pause": _PAUSE, "retries": RetryPolicy()} | options
        self._web = WebService("OpenAlex", address, private={"mailto": mailto, "api_key": key}, **pace)

    def works(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What OpenAlex says of the works that it knows, by DOI. Raises SourceError."""
        listed = [doi for doi in dois if is_listable(doi)]
        works = self._listed(listed) if listed else {}
        for doi in set(dois).difference(listed):
            works |= self._single(doi, is_only=len(dois) == 1)
        return {doi: _fields(work) for doi, work in works.items()}

    def _listed(self, dois: Sequence[str]) -> dict[str, Work]:
        wanted = {"filter": f"doi:{'|'.join(dois)}", "per-page": _MOST, **_SELECTED}
        return self._web.ask("works", wanted, lambda text: by_doi(json_object(text, "results")))

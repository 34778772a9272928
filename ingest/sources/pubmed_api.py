"""Papers from PubMed by NCBI's E-utilities: by their PMIDs, or by a query in PubMed's own syntax."""

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from ingest.sources.base import Entry, Rejection
from ingest.sources.pubmed_xml import pubmed_entries
from ingest.sources.service import PUBMED_FORMS, RefusedError, RetryPolicy, ServiceQuery, TemporaryError
from ingest.sources.web_service import WebService
from rag.errors import SourceError
from rag.types import Paper

Answer = TypeVar("Answer")
DEFAULT_MOST, LARGEST_MOST = 100, 10_000  # papers of a query; PubMed gives no further ones
_ADDRESS = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
_AT_A_TIME = 200  # papers of a request, as NCBI asks for
_PAUSE, _PAUSE_WITH_KEY = 0.34, 0.1  # seconds: 3 requests a second, and 10
_END = b"</PubmedArticleSet>"
_EMPTY = b"<PubmedArticleSet/>"  # of ids that PubMed does not have


@dataclass(frozen=True)
class PubMed:
    """The service. All sources that share this object keep to its pace together.

    With a key it may be asked more often; an e-mail address lets NCBI write before it blocks a program.
    """

    address: str = _ADDRESS
    key: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    retries: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "PubMed":
        """With the key and the address of NCBI_API_KEY and NCBI_EMAIL, where they are set."""
        given = {name: environment.get(name, "").strip() or None for name in ("NCBI_API_KEY", "NCBI_EMAIL")}
        return cls(key=given["NCBI_API_KEY"], email=given["NCBI_EMAIL"])

    @cached_property
    def web(self) -> WebService:
        private = {"tool": "askpapers", "api_key": self.key, "email": self.email}
        pause = _PAUSE_WITH_KEY if self.key else _PAUSE
        return WebService("PubMed", self.address, pause, self.retries, private)


@dataclass(frozen=True)
class PubMedSource:
    """The papers with the PMIDs of a query, or those that match it, the most relevant first."""

    query: ServiceQuery
    service: PubMed = field(default_factory=PubMed)

    @property
    def name(self) -> str:
        return f"pubmed:{','.join(self.query.ids) or f'query={self.query.value}'}"

    def read(self) -> Iterator[Entry]:
        """Yield each paper as PubMed gives it now. Raises SourceError."""
        if self.query.ids:
            yield from self._named(self.query.ids)
            return
        ids, total = self._matching()
        yield from self._named(ids)
        if not ids:
            yield Rejection(self.name, None, "PubMed finds no paper")
        elif self.query.most is None and total > len(ids):
            reason = f"PubMed finds {total:,} papers, of which these are the {len(ids)} most relevant"
            yield Rejection(self.name, None, f"{reason}: say ;max=N for more")

    def _named(self, ids: tuple[str, ...]) -> Iterator[Entry]:
        for start in range(0, len(ids), _AT_A_TIME):
            batch = ids[start : start + _AT_A_TIME]
            form = {"db": "pubmed", "id": ",".join(batch), "retmode": "xml"}
            answer = self._ask("efetch.fcgi", form, _read_papers)
            entries = list(pubmed_entries(io.BytesIO(answer), self.name))
            yield from entries
            if len(entries) < len(batch):
                yield from self._missing(batch, entries)

    def _missing(self, batch: tuple[str, ...], entries: list[Entry]) -> Iterator[Entry]:
        known = {str(entry.csl.get("PMID")) for entry in entries if isinstance(entry, Paper)}
        for pmid in batch:
            if len(self.query.ids) == 1:
                raise SourceError(f"PubMed has no paper {pmid}: check the id")
            if pmid not in known:
                yield Rejection(self.name, None, f"PubMed has no paper {pmid}")

    def _matching(self) -> tuple[tuple[str, ...], int]:
        """The PMIDs of the best matches, and the number of all matches."""
        most = str(self.query.most or DEFAULT_MOST)
        form = {"db": "pubmed", "term": self.query.value, "retmax": most, "sort": "relevance"}
        return self._ask("esearch.fcgi", form | {"retmode": "json"}, _read_matches)

    def _ask(self, path: str, form: dict[str, str], read: Callable[[bytes], Answer]) -> Answer:
        """Forms keep the key out of addresses."""
        try:
            return self.service.web.ask(path, form, read, is_form=True)
        except RefusedError as error:
            key = ", and check NCBI_API_KEY" if self.service.key else ""
            raise SourceError(f"{error}: say it like {PUBMED_FORMS}{key}") from error


def pubmed_source(query: ServiceQuery, service: PubMed) -> PubMedSource:
    """The source of a query. Raises ValueError where PubMed has no such query."""
    if query.pdf or (query.most or 1) > LARGEST_MOST:
        raise ValueError("not a query of PubMed's")
    return PubMedSource(query, service)


def _read_matches(answer: bytes) -> tuple[tuple[str, ...], int]:
    """The PMIDs, and the number of all matches. Raises ValueError, TemporaryError."""
    whole = json.loads(answer)
    result = whole.get("esearchresult") if isinstance(whole, dict) else None
    if not isinstance(result, dict):
        raise ValueError("no result of a search")
    if "ERROR" in result:
        raise TemporaryError("fails to search: check the query, and run it again")
    ids, count = result.get("idlist"), result.get("count")
    if not isinstance(ids, list) or not isinstance(count, str):
        raise ValueError("no list of ids")
    unique = dict.fromkeys(pmid for pmid in map(str, ids) if pmid.isascii() and pmid.isdecimal())
    return tuple(unique)[:LARGEST_MOST], int(count)


def _read_papers(answer: bytes) -> bytes:
    """The answer, if it is a whole list of papers. Raises ValueError, RefusedError."""
    end = answer[-200:].rstrip()
    if b"<ERROR>" in answer[:2000]:
        raise RefusedError("PubMed does not take the request")
    if not end.endswith((_END, _EMPTY)):
        raise ValueError("no list of papers")
    return answer

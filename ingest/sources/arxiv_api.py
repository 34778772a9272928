"""Papers from arXiv's API, by their ids or by a query in arXiv's own syntax."""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import arxiv
import requests

from ingest.sources.base import Attachment, Entry, Rejection, entry_from
from ingest.sources.service import (
    ARXIV_FORMS,
    BUSY,
    RetryPolicy,
    ServiceQuery,
    TemporaryError,
    busy_error,
    connection_error,
    with_retries,
)
from rag.errors import SourceError
from rag.identity import arxiv_key, doi_key
from rag.plain import cut, in_a_line
from rag.types import Paper

DEFAULT_MOST, LARGEST_MOST = 100, 30_000  # papers of a query; arXiv gives no further ones
_ADDRESS = "https://export.arxiv.org/api/query?{}"
_PDF_ADDRESS = "https://export.arxiv.org/pdf/{}"
_LARGEST_PDF = 100 << 20  # bytes
_PIECE = 1 << 16  # bytes
_PDF_MARK = b"%PDF-"
_PAGE = 100  # papers of an answer, and ids of a request
_SHOWN = 200  # characters of arXiv's own error message
_UNREADABLE = "sends a list of papers that cannot be read: check the connection and run it again"
_EMPTY = "sends an empty page, as it does when it is busy: run it again later"
_WITHDRAWN = re.compile(r"\W*(th(is|e) )?\w+ (has been|was|is) withdrawn\b", re.IGNORECASE)
_PROBLEM = re.compile(rb"<id>[^<]*/api/errors.*?<summary[^>]*>(.*?)</summary>", re.DOTALL)

logging.getLogger("arxiv").addHandler(logging.NullHandler())  # keeps its warnings off the terminal


@dataclass(frozen=True)
class Arxiv:
    """The service. `delay` seconds lie between two requests, as arXiv asks for; all sources that share
    this object keep to it together."""

    address: str = _ADDRESS  # {} stands for the parameters
    delay: float = 3.0
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    pdf_address: str = _PDF_ADDRESS  # {} stands for the id with its version

    @cached_property
    def client(self) -> "_PatientClient":
        return _PatientClient(self)


@dataclass(frozen=True)
class ArxivSource:
    """The papers with the ids of a query, or those that match it, the most relevant first."""

    query: ServiceQuery
    service: Arxiv = field(default_factory=Arxiv)

    @property
    def name(self) -> str:
        what = ",".join(self.query.ids) or f"query={self.query.value}"
        return f"arxiv:{what}{';pdf' if self.query.pdf else ''}"

    def read(self) -> Iterator[Entry]:
        """Yield each paper as arXiv gives it now, and perhaps its PDF. Raises SourceError."""
        for result in self._named() if self.query.ids else self._matching():
            entry = result if isinstance(result, Rejection) else _entry(result, self.name)
            yield entry
            if self.query.pdf and isinstance(result, arxiv.Result) and isinstance(entry, Paper):
                address = self.service.pdf_address.format(result.get_short_id())
                fetch = partial(self.service.client.fetch, address)
                yield Attachment(self.name, Path(address), entry, keeps=True, label=address, fetch=fetch)

    def _named(self) -> Iterator["arxiv.Result | Rejection"]:
        for start in range(0, len(self.query.ids), _PAGE):
            ids = self.query.ids[start : start + _PAGE]
            results = {arxiv_key(result.entry_id): result for result in self.service.client.named(ids)}
            yield from results.values()
            for missing in [arxiv_id for arxiv_id in ids if arxiv_id not in results]:
                if len(self.query.ids) == 1:
                    raise SourceError(f"arXiv has no paper {missing}: check the id")
                yield Rejection(self.name, None, f"arXiv has no paper {missing}")

    def _matching(self) -> Iterator["arxiv.Result | Rejection"]:
        ids = set()
        for result in self.service.client.matching(self.query.value, self.query.most or DEFAULT_MOST):
            if result.entry_id not in ids:  # an unreadable entry moves those behind it up a page
                yield result
            ids.add(result.entry_id)
        if not ids:
            yield Rejection(self.name, None, "arXiv finds no paper")


def arxiv_source(query: ServiceQuery, service: Arxiv) -> ArxivSource:
    """The source of a query. Raises ValueError where arXiv has no such query."""
    if not query.ids and (query.key != "query" or (query.most or 1) > LARGEST_MOST):
        raise ValueError("not a query of arXiv's")
    return ArxivSource(query, service)


class _PatientClient(arxiv.Client):  # type: ignore[misc]  # the package has no types
    """The package's client, with time-outs, and with pauses before failed requests are tried again."""

    _last_request_dt: datetime | None

    def __init__(self, service: Arxiv) -> None:
        super().__init__(_PAGE, service.delay, num_retries=0)  # its own retries do not wait longer
        self.query_url_format = service.address
        self._session = _Session(service.retries.timeout)
        self._retries = service.retries

    def named(self, ids: tuple[str, ...]) -> list[arxiv.Result]:
        """Those of at most _PAGE ids that arXiv has. Raises SourceError."""
        url = self._format_url(arxiv.Search(id_list=list(ids)), 0, len(ids))
        feed = with_retries("arXiv", lambda: self._page(url, is_first=True), self._retries)
        return list(feed.results)

    def matching(self, query: str, most: int) -> Iterator[arxiv.Result]:
        """What matches a query, page by page. Raises SourceError."""
        self.page_size = min(_PAGE, most)
        yield from self.results(arxiv.Search(query, max_results=most))

    def fetch(self, address: str, path: Path) -> None:
        """Write a PDF to a path. Raises SourceError."""
        with_retries("arXiv", lambda: self._fetch(address, path), self._retries)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> Any:
        def ask() -> Any:
            feed = self._page(url, is_first=first_page)
            if feed.header.total_results and not feed.results:
                raise TemporaryError(_EMPTY)
            return feed

        return with_retries("arXiv", ask, self._retries)

    def _fetch(self, address: str, path: Path) -> None:
        """Write a PDF to a path, tried once. Raises TemporaryError, SourceError."""
        if self._last_request_dt:  # which the package's own requests keep to, too
            since = datetime.now() - self._last_request_dt
            time.sleep(max(0.0, self.delay_seconds - since.total_seconds()))
        try:
            with self._session.pdf(address) as response:
                if not response.ok:
                    raise SourceError(f"arXiv has no PDF of it (HTTP {response.status_code})")
                _write(response, path)
        except requests.RequestException as error:
            raise connection_error(error) from error
        except OSError as error:
            raise SourceError(f"cannot be kept ({error.strerror}): make room on the disk") from error
        finally:
            self._last_request_dt = datetime.now()

    def _page(self, url: str, is_first: bool) -> Any:
        """One page, tried once. Raises TemporaryError, SourceError."""
        try:
            feed = super()._parse_feed(url, is_first)
        except arxiv.HTTPError as error:
            raise SourceError(
                f"arXiv refuses the request (HTTP {error.status}): run it again later"
            ) from error
        except arxiv.UnexpectedEmptyPageError as error:
            raise TemporaryError(_EMPTY) from error
        except requests.RequestException as error:
            raise connection_error(error) from error
        except ValueError as error:  # a broken date
            raise TemporaryError(_UNREADABLE) from error
        if feed.malformed:
            raise TemporaryError(_UNREADABLE)
        return feed


class _Session(requests.Session):
    """Has a time-out, and returns nothing but lists of papers, or a PDF that is still to be read."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def pdf(self, address: str) -> requests.Response:
        """The response to a request for a PDF. Raises TemporaryError, RequestException."""
        response = super().request("GET", address, timeout=self._seconds, stream=True)
        _check_not_busy(response)
        return response

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        response = super().request(*arguments, **options | {"timeout": self._seconds})
        _check_not_busy(response)
        if problem := _PROBLEM.search(response.content):
            reason = cut(in_a_line(problem[1].decode(errors="replace")), _SHOWN)
            raise SourceError(f"arXiv does not take the request ({reason}): say it like {ARXIV_FORMS}")
        if response.ok and not response.content.rstrip().endswith(b"</feed>"):
            raise TemporaryError(_UNREADABLE)
        return response


def _check_not_busy(response: requests.Response) -> None:
    if response.status_code in BUSY:
        response.close()
        raise busy_error(response.status_code, response.headers.get("Retry-After"))


def _write(response: requests.Response, path: Path) -> None:
    """Write what comes as a PDF. Raises SourceError if it is none or too large, TemporaryError if empty."""
    size = 0
    with path.open("wb") as file:
        for piece in response.iter_content(_PIECE):
            if not size and not piece.lstrip().startswith(_PDF_MARK):
                raise SourceError("arXiv sends no PDF of it: look at its page there")
            size += len(piece)
            if size > _LARGEST_PDF:
                raise SourceError(f"arXiv's PDF of it has more than {_LARGEST_PDF >> 20} MB")
            file.write(piece)
    if not size:
        raise TemporaryError("sends an empty PDF: run it again later")


def _entry(result: arxiv.Result, source: str) -> Entry:
    doi = next(iter((result.doi or "").split()), "")  # the first of several
    summary = in_a_line(result.summary)
    record = {
        "title": in_a_line(result.title),
        "abstract": None if _WITHDRAWN.match(summary) else summary,
        "published": result.published.date().isoformat(),
        "authors": [in_a_line(author.name) for author in result.authors],
        "arxiv_id": arxiv_key(result.entry_id),
        "doi": doi if doi_key(doi) else None,
    }
    return entry_from(record, source, None)

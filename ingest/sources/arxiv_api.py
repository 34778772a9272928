"""Papers from arXiv's API, by their ids or by a query in arXiv's own syntax."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import arxiv
import requests

from ingest.sources.base import Entry, Rejection, entry_from
from ingest.sources.service import ARXIV_FORMS, BUSY, Passing, Patience, Wish, asked, busy, silent
from rag.errors import SourceError
from rag.identity import arxiv_key, doi_key
from rag.plain import cut, in_a_line

DEFAULT_MOST, LARGEST_MOST = 100, 30_000  # papers of a query; arXiv gives no further ones
_ADDRESS = "https://export.arxiv.org/api/query?{}"
_PAGE = 100  # papers of an answer, and ids of a request
_SHOWN = 200  # characters of what arXiv says of an error
_UNREADABLE = "sends a list of papers that cannot be read: check the connection and run it again"
_EMPTY = "sends an empty page, as it does when it is busy: run it again later"
_WITHDRAWN = re.compile(r"\W*(th(is|e) )?\w+ (has been|was|is) withdrawn\b", re.IGNORECASE)
_PROBLEM = re.compile(rb"<id>[^<]*/api/errors.*?<summary[^>]*>(.*?)</summary>", re.DOTALL)

logging.getLogger("arxiv").addHandler(logging.NullHandler())  # else its warnings go to the terminal


@dataclass(frozen=True)
class Arxiv:
    """The service, and how gently it is asked: `delay` seconds lie between two requests, as it asks
    for, whichever of the sources that share this object they are for."""

    address: str = _ADDRESS  # {} stands for the parameters
    delay: float = 3.0
    patience: Patience = field(default_factory=Patience)

    @cached_property
    def client(self) -> "_PatientClient":
        return _PatientClient(self)


@dataclass(frozen=True)
class ArxivSource:
    """The papers of a wish: those of its ids, or those that a query finds, the most relevant first."""

    wish: Wish
    service: Arxiv = field(default_factory=Arxiv)

    @property
    def name(self) -> str:
        return f"arxiv:{','.join(self.wish.ids) or f'query={self.wish.value}'}"

    def read(self) -> Iterator[Entry]:
        """Yield each paper as arXiv gives it now. Raises SourceError."""
        yield from self._named() if self.wish.ids else self._found()

    def _named(self) -> Iterator[Entry]:
        for start in range(0, len(self.wish.ids), _PAGE):
            ids = self.wish.ids[start : start + _PAGE]
            results = {arxiv_key(each.entry_id): each for each in self.service.client.named(ids)}
            yield from (_entry(result, self.name) for result in results.values())
            for missing in [each for each in ids if each not in results]:
                if len(self.wish.ids) == 1:
                    raise SourceError(f"arXiv has no paper {missing}: check the id")
                yield Rejection(self.name, None, f"arXiv has no paper {missing}")

    def _found(self) -> Iterator[Entry]:
        met = set()
        for result in self.service.client.found(self.wish.value, self.wish.most or DEFAULT_MOST):
            if result.entry_id not in met:  # one that could not be read moves those behind it up a page
                yield _entry(result, self.name)
            met.add(result.entry_id)
        if not met:
            yield Rejection(self.name, None, "arXiv finds no paper")


def arxiv_source(wish: Wish, service: Arxiv) -> ArxivSource:
    """The source of a wish. Raises ValueError where arXiv fulfils no such wish."""
    if not wish.ids and (wish.key != "query" or (wish.most or 1) > LARGEST_MOST):
        raise ValueError("not a wish that arXiv fulfils")
    return ArxivSource(wish, service)


class _PatientClient(arxiv.Client):  # type: ignore[misc]  # the package has no types
    """The package's client, with requests that end some time and failed ones made again after a pause."""

    def __init__(self, service: Arxiv) -> None:
        super().__init__(_PAGE, service.delay, num_retries=0)  # its own come as fast as all others
        self.query_url_format = service.address
        self._session = _Session(service.patience.answer)
        self._patience = service.patience

    def named(self, ids: tuple[str, ...]) -> list[arxiv.Result]:
        """Those of at most _PAGE ids that arXiv has. Raises SourceError."""
        url = self._format_url(arxiv.Search(id_list=list(ids)), 0, len(ids))
        feed = asked("arXiv", lambda: self._page(url, is_first=True), self._patience)
        return list(feed.results)

    def found(self, query: str, most: int) -> Iterator[arxiv.Result]:
        """What a query finds, page by page. Raises SourceError."""
        self.page_size = min(_PAGE, most)
        yield from self.results(arxiv.Search(query, max_results=most))

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> Any:
        def ask() -> Any:
            feed = self._page(url, is_first=first_page)
            if feed.header.total_results and not feed.results:
                raise Passing(_EMPTY)
            return feed

        return asked("arXiv", ask, self._patience)

    def _page(self, url: str, is_first: bool) -> Any:
        """One answer, asked for once. Raises Passing, SourceError."""
        try:
            feed = super()._parse_feed(url, is_first)
        except arxiv.HTTPError as error:
            raise SourceError(
                f"arXiv refuses the request (HTTP {error.status}): run it again later"
            ) from error
        except arxiv.UnexpectedEmptyPageError as error:
            raise Passing(_EMPTY) from error
        except requests.RequestException as error:
            raise silent(error) from error
        except ValueError as error:  # of a date that is none
            raise Passing(_UNREADABLE) from error
        if feed.malformed:
            raise Passing(_UNREADABLE)
        return feed


class _Session(requests.Session):
    """Waits for no answer forever, and lets nothing through but lists of papers."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        response = super().request(*arguments, **options | {"timeout": self._seconds})
        if response.status_code in BUSY:
            raise busy(response.status_code, response.headers.get("Retry-After"))
        if problem := _PROBLEM.search(response.content):
            said = cut(in_a_line(problem[1].decode(errors="replace")), _SHOWN)
            raise SourceError(f"arXiv does not take the request ({said}): say it like {ARXIV_FORMS}")
        if response.ok and not response.content.rstrip().endswith(b"</feed>"):
            raise Passing(_UNREADABLE)
        return response


def _entry(result: arxiv.Result, source: str) -> Entry:
    doi = next(iter((result.doi or "").split()), "")  # of several, which spaces separate, the first
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

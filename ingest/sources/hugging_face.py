"""Papers from the Hugging Face Hub: by their ids, by a search, or those featured in Daily Papers."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import count, islice
from typing import Any, TypeVar

from huggingface_hub import HfApi, constants, get_session
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.errors import HTTPError as ConnectionFailed  # type: ignore[attr-defined]
from huggingface_hub.hf_api import PaperInfo
from huggingface_hub.utils._http import parse_ratelimit_headers

from ingest.sources.base import Entry, Rejection, entry_from, unwrapped
from ingest.sources.service import (
    BUSY,
    HF_FORMS,
    RetryPolicy,
    ServiceQuery,
    busy_error,
    connection_error,
    is_address,
    with_retries,
)
from rag.errors import SourceError
from rag.identity import arxiv_key
from rag.plain import cut, in_a_line

Answer = TypeVar("Answer")
MOST_FOUND = 120  # papers of a search; the Hub gives no further ones
_PAGE = 100  # papers of a page of Daily Papers; the Hub gives no larger one
_LONGEST_QUERY = 250  # characters, as the Hub has it
_SHOWN = 200  # characters of the Hub's own error message
# What the client raises for other JSON than that of papers.
_NOT_PAPERS = (ValueError, TypeError, AttributeError, KeyError, RecursionError)


def _monday(week: str) -> date:
    year, number = map(int, week.split("-W"))
    return date.fromisocalendar(year, number, 1)


_PERIODS: dict[str, Callable[[str], object]] = {  # each raises ValueError for a time that does not exist
    "date": lambda value: datetime.strptime(value, "%Y-%m-%d"),
    "week": _monday,
    "month": lambda value: datetime.strptime(value, "%Y-%m"),
}
_PERIOD = re.compile(r"\d{4}-(W?\d\d|\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class Hub:
    """The service. `endpoint` is its address; None means that of HF_ENDPOINT, or else the usual one."""

    endpoint: str | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class HubSource:
    """The papers with the ids of a query, those that match its words, or those that were featured on a
    date, in a week or in a month."""

    query: ServiceQuery
    hub: Hub = field(default_factory=Hub)

    @property
    def name(self) -> str:
        return f"hf:{','.join(self.query.ids) or f'{self.query.key}={self.query.value}'}"

    def read(self) -> Iterator[Entry]:
        """Yield each paper as the Hub gives it now. Raises SourceError."""
        api = _open(self.hub.endpoint)
        if self.query.ids:
            yield from (self._named(api, arxiv_id) for arxiv_id in self.query.ids)
            return
        papers = self._matching(api) if self.query.key == "query" else self._featured(api)
        is_empty = True
        for paper in islice(papers, self.query.most):
            is_empty = False
            yield _entry(paper, self.name)
        if is_empty:
            yield Rejection(self.name, None, "the Hugging Face Hub lists no paper")

    def _named(self, api: HfApi, arxiv_id: str) -> Entry:
        try:
            return _entry(_ask(lambda: api.paper_info(arxiv_id), self.hub), self.name)
        except _UnknownError as error:
            unknown = f"the Hugging Face Hub has no paper {arxiv_id}"
            if len(self.query.ids) == 1:
                raise SourceError(f"{unknown}: check the id, or say arxiv:{arxiv_id}") from error
            return Rejection(self.name, None, f"{unknown}: say arxiv:{arxiv_id}")

    def _matching(self, api: HfApi) -> Iterator[PaperInfo]:
        most = self.query.most or MOST_FOUND
        yield from _ask(
            lambda: list(api.list_papers(query=self.query.value, limit=most, token=False)), self.hub
        )

    def _featured(self, api: HfApi) -> Iterator[PaperInfo]:
        """Page by page, each paper once: a paper may move to the next page in the meantime."""
        period: dict[str, Any] = {self.query.key: self.query.value, "limit": _PAGE, "token": False}
        ids: set[str] = set()
        for number in count():
            page = _ask(partial(_page, api, **period, p=number), self.hub)
            new = {str(paper.id): paper for paper in page if str(paper.id) not in ids}
            yield from new.values()
            ids |= new.keys()
            if len(page) < _PAGE or not new:
                return


def hub_source(query: ServiceQuery, hub: Hub) -> HubSource:
    """The source of a query. Raises ValueError where the Hub has no such query."""
    if query.key == "query":
        is_possible = len(query.value) <= _LONGEST_QUERY and (query.most or 1) <= MOST_FOUND
    else:
        is_period = query.key in _PERIODS and _PERIOD.fullmatch(query.value)
        is_possible = bool(query.ids or (is_period and _PERIODS[query.key](query.value)))
    if not is_possible or query.pdf:
        raise ValueError("not a query of the Hub's")
    return HubSource(query, hub)


class _UnknownError(SourceError):
    """The Hub has no paper with this id."""


def _open(endpoint: str | None) -> HfApi:
    if "HF_HUB_DISABLE_TELEMETRY" not in os.environ:
        constants.HF_HUB_DISABLE_TELEMETRY = True
    api = HfApi(endpoint, token=False)  # all papers are public
    if not is_address(api.endpoint):
        raise SourceError("HF_ENDPOINT is no address of a server: unset it, or say https://NAME")
    return api


def _page(api: HfApi, **parameters: Any) -> list[PaperInfo]:
    return list(api.list_daily_papers(**parameters))


def _ask(ask: Callable[[], Answer], hub: Hub) -> Answer:
    return with_retries("the Hugging Face Hub", lambda: _once(ask, hub.retries.timeout), hub.retries)


def _once(ask: Callable[[], Answer], seconds: float) -> Answer:
    """The result of `ask`, tried once. Raises TemporaryError, SourceError."""
    try:
        with _timeout(seconds):
            return ask()
    except OfflineModeIsEnabled as error:
        raise SourceError(
            "HF_HUB_OFFLINE is set, so the Hugging Face Hub is not asked: unset it"
        ) from error
    except HfHubHTTPError as error:
        raise _translated(error) from error
    except ConnectionFailed as error:
        raise connection_error(error) from error
    except _NOT_PAPERS as error:
        raise SourceError(
            "the Hugging Face Hub sends what is no list of papers: check the connection and HF_ENDPOINT, "
            "and run it again"
        ) from error


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """Give the client's requests a time-out, which they lack."""
    session = get_session()
    before, session.timeout = session.timeout, seconds
    try:
        yield
    finally:
        session.timeout = before


def _translated(error: HfHubHTTPError) -> Exception:
    """The TemporaryError or SourceError for a status other than 200."""
    response = error.response
    status, headers = response.status_code, response.headers
    if status in BUSY:
        limit = parse_ratelimit_headers(headers)
        is_used_up = status == 429 and limit is not None and not limit.remaining
        return busy_error(
            status, str(limit.reset_in_seconds) if limit and is_used_up else headers.get("Retry-After")
        )
    if status == 404:
        return _UnknownError("the Hugging Face Hub has no papers at its address: check HF_ENDPOINT")
    reason = cut(in_a_line(error.server_message or f"HTTP {status}"), _SHOWN)
    return SourceError(f"the Hugging Face Hub does not take the request ({reason}): say it like {HF_FORMS}")


def _entry(paper: PaperInfo, source: str) -> Entry:
    organization = paper.organization
    record = {
        "title": unwrapped(paper.title),
        "abstract": unwrapped(paper.summary),
        "published": paper.published_at.date().isoformat() if paper.published_at else None,
        "authors": [unwrapped(author.name) for author in paper.authors or []],
        "organization": unwrapped(organization.fullname or organization.name) if organization else None,
        "arxiv_id": paper.id if isinstance(paper.id, str) and arxiv_key(paper.id) else None,
    }
    return entry_from(record, source, None)

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
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, get_session
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.errors import HTTPError as ConnectionFailed  # type: ignore[attr-defined]
from huggingface_hub.hf_api import PaperInfo
from huggingface_hub.utils._http import parse_ratelimit_headers

from ingest.sources.base import Entry, Rejection, entry_from
from ingest.sources.service import BUSY, HF_FORMS, Patience, Wish, asked, busy, silent
from rag.errors import SourceError
from rag.identity import arxiv_key
from rag.plain import cut, in_a_line

Answer = TypeVar("Answer")
MOST_FOUND = 120  # papers of a search; the Hub gives no further ones
_PAGE = 100  # papers of a page of Daily Papers; the Hub gives no larger one
_LONGEST_QUERY = 250  # characters, as the Hub has it
_SHOWN = 200  # characters of what the Hub says of an error


def _monday(week: str) -> date:
    year, number = map(int, week.split("-W"))
    return date.fromisocalendar(year, number, 1)


_PERIODS: dict[str, Callable[[str], object]] = {  # each raises ValueError for a time that is none
    "date": lambda value: datetime.strptime(value, "%Y-%m-%d"),
    "week": _monday,
    "month": lambda value: datetime.strptime(value, "%Y-%m"),
}
_PERIOD = re.compile(r"\d{4}-(W?\d\d|\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class Hub:
    """The service; `endpoint` is the Hub's address, None for that of HF_ENDPOINT or else the usual one."""

    endpoint: str | None = None
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class HubSource:
    """The papers of a wish: those of its ids, those that a query finds, or those that were featured on
    a date, in a week or in a month."""

    wish: Wish
    hub: Hub = field(default_factory=Hub)

    @property
    def name(self) -> str:
        return f"hf:{','.join(self.wish.ids) or f'{self.wish.key}={self.wish.value}'}"

    def read(self) -> Iterator[Entry]:
        """Yield each paper as the Hub gives it now. Raises SourceError."""
        api = _open(self.hub.endpoint)
        if self.wish.ids:
            yield from (self._named(api, each) for each in self.wish.ids)
            return
        papers = self._found(api) if self.wish.key == "query" else self._featured(api)
        is_empty = True
        for paper in islice(papers, self.wish.most):
            is_empty = False
            yield _entry(paper, self.name)
        if is_empty:
            yield Rejection(self.name, None, "the Hugging Face Hub lists no paper")

    def _named(self, api: HfApi, arxiv_id: str) -> Entry:
        try:
            return _entry(_asked(lambda: api.paper_info(arxiv_id), self.hub), self.name)
        except _UnknownError as error:
            unknown = f"the Hugging Face Hub has no paper {arxiv_id}"
            if len(self.wish.ids) == 1:
                raise SourceError(f"{unknown}: check the id, or say arxiv:{arxiv_id}") from error
            return Rejection(self.name, None, f"{unknown}: say arxiv:{arxiv_id}")

    def _found(self, api: HfApi) -> Iterator[PaperInfo]:
        most = self.wish.most or MOST_FOUND
        yield from _asked(
            lambda: list(api.list_papers(query=self.wish.value, limit=most, token=False)), self.hub
        )

    def _featured(self, api: HfApi) -> Iterator[PaperInfo]:
        """Page by page, each paper once: it may move to the next page while they are read."""
        period: dict[str, Any] = {self.wish.key: self.wish.value, "limit": _PAGE, "token": False}
        met: set[str] = set()
        for number in count():
            page = _asked(partial(_page, api, period | {"p": number}), self.hub)
            new = {str(paper.id): paper for paper in page if str(paper.id) not in met}
            yield from new.values()
            met |= new.keys()
            if len(page) < _PAGE or not new:
                return


def hub_source(wish: Wish, hub: Hub) -> HubSource:
    """The source of a wish. Raises ValueError where the Hub fulfils no such wish."""
    if wish.key == "query":
        is_fulfilled = len(wish.value) <= _LONGEST_QUERY and (wish.most or 1) <= MOST_FOUND
    else:
        is_period = wish.key in _PERIODS and _PERIOD.fullmatch(wish.value)
        is_fulfilled = bool(wish.ids or (is_period and _PERIODS[wish.key](wish.value)))
    if not is_fulfilled:
        raise ValueError("not a wish that the Hub fulfils")
    return HubSource(wish, hub)


class _UnknownError(SourceError):
    """The Hub has nothing of the name that was asked for."""


def _open(endpoint: str | None) -> HfApi:
    if "HF_HUB_DISABLE_TELEMETRY" not in os.environ:
        constants.HF_HUB_DISABLE_TELEMETRY = True
    api = HfApi(endpoint, token=False)  # all papers are public
    if not _is_address(api.endpoint):
        raise SourceError("HF_ENDPOINT is no address of a server: unset it, or say https://NAME")
    return api


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _page(api: HfApi, wanted: dict[str, Any]) -> list[PaperInfo]:
    return list(api.list_daily_papers(**wanted))


def _asked(ask: Callable[[], Answer], hub: Hub) -> Answer:
    return asked("the Hugging Face Hub", lambda: _once(ask, hub.patience.answer), hub.patience)


def _once(ask: Callable[[], Answer], seconds: float) -> Answer:
    """One answer, asked for once. Raises Passing, SourceError."""
    try:
        with _ending(seconds):
            return ask()
    except OfflineModeIsEnabled as error:
        raise SourceError(
            "HF_HUB_OFFLINE is set, so the Hugging Face Hub is not asked: unset it"
        ) from error
    except HfHubHTTPError as error:
        raise _told(error) from error
    except ConnectionFailed as error:
        raise silent(error) from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:  # no JSON of papers
        raise SourceError(
            "the Hugging Face Hub sends what is no list of papers: check the connection and HF_ENDPOINT, "
            "and run it again"
        ) from error


@contextmanager
def _ending(seconds: float) -> Iterator[None]:
    """Within this, requests of the client end some time, as they do not by themselves."""
    session = get_session()
    before, session.timeout = session.timeout, seconds
    try:
        yield
    finally:
        session.timeout = before


def _told(error: HfHubHTTPError) -> Exception:
    """What a status other than 200 means: Passing or SourceError."""
    response = error.response
    status, headers = response.status_code, response.headers
    if status in BUSY:
        limit = parse_ratelimit_headers(headers)
        is_used_up = status == 429 and limit is not None and not limit.remaining
        return busy(
            status, str(limit.reset_in_seconds) if limit and is_used_up else headers.get("Retry-After")
        )
    if status == 404:
        return _UnknownError("the Hugging Face Hub has no papers at its address: check HF_ENDPOINT")
    said = cut(in_a_line(error.server_message or f"HTTP {status}"), _SHOWN)
    return SourceError(f"the Hugging Face Hub does not take the request ({said}): say it like {HF_FORMS}")


def _entry(paper: PaperInfo, source: str) -> Entry:
    organization = paper.organization
    record = {
        "title": _unwrapped(paper.title),
        "abstract": _unwrapped(paper.summary),
        "published": paper.published_at.date().isoformat() if paper.published_at else None,
        "authors": [_unwrapped(author.name) for author in paper.authors or []],
        "organization": _unwrapped(organization.fullname or organization.name) if organization else None,
        "arxiv_id": paper.id if isinstance(paper.id, str) and arxiv_key(paper.id) else None,
    }
    return entry_from(record, source, None)


def _unwrapped(value: Any) -> Any:
    return in_a_line(value) if isinstance(value, str) else value

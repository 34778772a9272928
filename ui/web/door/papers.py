"""The pages of papers as pictures, their PDFs, and what the viewer shows of them.

Papers are named by their ids: no request names a file.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ingest.pdf.faults import PdfError
from ingest.pdf.pictures import picture
from rag.library import Library
from rag.types import Paper, Span
from ui.web.door.guard import PAPERS, refuse
from ui.web.originals import OriginalError, Originals
from ui.web.viewing import version_of, view

WIDTHS = (600, 900, 1200, 1600, 2400)  # pixels
MOST_OF_ONE, MOST_OF_ALL = 8, 32  # requests for pages that wait or are being answered
_THREADS = 4
_MOST_SPANS, _LONGEST_SPAN = 16, 20_000  # spans of one request, and characters of each
_SPANS = re.compile(r"(?:\d{1,9}-\d{1,9}(?:\.(?!\Z)|\Z))*")
_PRIVATE = {"Cache-Control": "private, max-age=600"}
_NOTHING = "there is no such page: the paper is not in the library, or has no PDF"
_OTHER = "the paper has changed since this was shown: ask again"


@dataclass
class PaperPages:
    """Answers requests for the papers of a library. `library` gives the one that is served now."""

    library: Callable[[], Library]
    _originals: Originals = field(default_factory=Originals)
    _limiter: CapacityLimiter | None = None
    _at_once: Counter[str] = field(default_factory=Counter)

    @property
    def routes(self) -> list[Route]:
        """The addresses that it answers; the id of a paper may have slashes."""
        answers = {"view": self.view, "pages/{page:int}": self.page, "pdf": self.pdf}
        return [Route(f"{PAPERS}{{paper_id:path}}/{name}", answer) for name, answer in answers.items()]

    async def view(self, request: Request) -> Response:
        """What the viewer shows of a paper and of spans of its body, as JSON."""
        return await self._answer(request, self._view)

    async def page(self, request: Request) -> Response:
        """The picture of a page."""
        return await self._answer(request, self._picture)

    async def pdf(self, request: Request) -> Response:
        """The PDF of a paper."""
        return await self._answer(request, self._pdf)

    async def _answer(self, request: Request, answer: Callable[[Request], Response]) -> Response:
        """Answer in a thread, apart from those that answer questions."""
        self._limiter = self._limiter or CapacityLimiter(_THREADS)
        visitor = request.scope["visitor"]
        if self._at_once[visitor] >= MOST_OF_ONE or self._at_once.total() >= MOST_OF_ALL:
            return refuse(429, "too many pages are asked for at once: try again", {"Retry-After": "1"})
        with self._counted(visitor):
            return await run_sync(answer, request, limiter=self._limiter)

    @contextmanager
    def _counted(self, visitor: str) -> Iterator[None]:
        self._at_once[visitor] += 1
        try:
            yield
        finally:
            self._at_once[visitor] -= 1
            if not self._at_once[visitor]:
                del self._at_once[visitor]

    def _view(self, request: Request) -> Response:
        found = self._paper(request)
        spans = _spans(request.query_params.get("spans", ""))
        if found is None or spans is None:
            return refuse(404, _NOTHING)
        library, paper = found
        if request.query_params.get("version") != version_of(paper):
            return refuse(409, _OTHER)
        body = library.catalog.with_bodies([paper])[0].body
        if body is None or any(end > len(body.text) for _, end in spans):
            return refuse(404, _NOTHING)
        try:
            self._originals.path_of(library, paper)
            problem = None
        except OriginalError as error:
            problem = str(error)
        return JSONResponse(
            view(paper, body, spans, problem), headers={"Cache-Control": "private, no-cache"}
        )

    def _picture(self, request: Request) -> Response:
        path, number = self._path(request), request.path_params["page"]
        width = request.query_params.get("width", str(WIDTHS[0]))
        if path is None or not number or not re.fullmatch("[0-9]{1,5}", width):
            return refuse(404, _NOTHING)
        step = next((step for step in WIDTHS if step >= int(width)), WIDTHS[-1])
        try:
            image = picture(path, number, step)
        except PdfError:
            return refuse(404, "this page cannot be shown as a picture")
        return Response(image.content, media_type=image.media_type, headers=_PRIVATE)

    def _pdf(self, request: Request) -> Response:
        path = self._path(request)
        if path is None:
            return refuse(404, _NOTHING)
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", request.path_params["paper_id"]).strip(".-")[:80]
        return FileResponse(
            path,
            media_type="application/pdf",
            filename=f"{name or 'paper'}.pdf",
            content_disposition_type="inline",
            headers=_PRIVATE,
        )

    def _path(self, request: Request) -> Path | None:
        """The file of the paper that a request names; None if there is none to show."""
        found = self._paper(request)
        try:
            return self._originals.path_of(*found) if found else None
        except OriginalError:
            return None

    def _paper(self, request: Request) -> tuple[Library, Paper] | None:
        """The paper with a body that a request names, and its library."""
        library, paper_id = self.library(), request.path_params["paper_id"]
        paper = library.catalog.papers([paper_id]).get(paper_id)
        return (library, paper) if paper and paper.file else None


def _spans(text: str) -> list[Span] | None:
    """The spans in a text like "10-25.70-98"; None if it holds anything else, or too many."""
    if not re.fullmatch(_SPANS, text):
        return None
    spans = [tuple(map(int, part.split("-"))) for part in text.split(".") if part]
    fits = all(start < end <= start + _LONGEST_SPAN for start, end in spans)
    return [(start, end) for start, end in spans] if fits and len(spans) <= _MOST_SPANS else None

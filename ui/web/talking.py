"""A visitor's session: asking questions, and what the chat shows of the answers."""

import logging
import re
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from queue import SimpleQueue

from ingest.exports.holdings import whole_papers
from rag.errors import AskpapersError
from rag.query.years import describe
from rag.streams import AnswerStream
from rag.types import Answer, Filters, History
from ui.desk import Desk
from ui.web.chat_settings import ChatSettings
from ui.web.chats import STOPPED, Chat, Exchange
from ui.web.rendering import answer_html, shown_papers
from ui.web.suggestions import next_questions
from ui.web.visitors import Visitor

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_JOINER = "\u2060"  # has no width and is no space
MOST_SHOWN = 6_000_000  # bytes of a conversation's page; one of 30 lists has about a third
MOST_HELD = 12 * 2**20  # bytes of all pages of exchanges
_UNSHOWN = "this conversation is too long to be shown whole: ask again in a new one"
_FAULT = "something went wrong on the server: ask again; what happened is in its log"


class Pages:
    """The last pages shown of exchanges that are over. Safe to use from several threads."""

    def __init__(self, most_bytes: int = MOST_HELD) -> None:
        self._most_bytes = most_bytes
        self._pages: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._changing = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(map(sys.getsizeof, self._pages.values()))

    def get(self, session: int, exchange: str) -> str | None:
        """The page of an exchange as a session was shown it, by their ids."""
        with self._changing:
            if (session, exchange) in self._pages:
                self._pages.move_to_end((session, exchange))
            return self._pages.get((session, exchange))

    def put(self, session: int, exchange: str, html: str) -> None:
        """Keep a page; those that were shown longest ago are dropped."""
        with self._changing:
            self._pages[session, exchange] = html
            self._pages.move_to_end((session, exchange))
            while self.size > self._most_bytes:
                self._pages.popitem(last=False)


@dataclass(frozen=True)
class Bookmark:
    """Where an open page is, which Gradio keeps between its events: no texts.

    The session itself is held with its visitor, and goes with it.
    """

    session: "weakref.ref[Session]"
    chat: str
    listed: tuple[str, ...]
    judged: str | None


@dataclass(eq=False)
class Session:
    """What the server holds of one open page. Of two questions at once the later one goes on.

    `leave` ends the work on the question that is being answered. `listed` are the ids of the conversations
    among which the page offers a choice; `judged` is the exchange for whose like the visitor may give a
    reason.
    """

    visitor: Visitor
    chat: Chat = field(default_factory=Chat)
    answering: Exchange | None = None
    leave: Callable[[], None] | None = None
    listed: tuple[str, ...] = ()
    judged: str | None = None
    pages: Pages = field(default_factory=Pages)
    id: int = field(default_factory=count().__next__)

    @classmethod
    def begin_at(cls, visitor: Visitor, bookmark: Bookmark | None, pages: Pages) -> "Session":
        """Go on where a page was whose session is gone; a new page begins in the newest conversation."""
        if bookmark is None:
            return cls(visitor, next(iter(visitor.chats), Chat()), pages=pages)
        chat = visitor.latest(Chat(id=bookmark.chat))
        return cls(visitor, chat, listed=bookmark.listed, judged=bookmark.judged, pages=pages)

    @property
    def bookmark(self) -> Bookmark:
        return Bookmark(weakref.ref(self), self.chat.id, self.listed, self.judged)

    def stop(self) -> None:
        """Stop answering; what is written of the answer stays."""
        if self.leave:
            self.leave()
            self.leave = None
        if self.answering:
            self.change(replace(self.answering, error=STOPPED, waits_for=None, step=""))

    def open(self, chat: Chat) -> None:
        """Show another conversation, and stop answering in this one."""
        self.stop()
        self.chat, self.judged = chat, None

    def put(self, chat: Chat) -> None:
        """Take in the conversation as it is now."""
        self.chat = chat
        self.visitor.put(chat)

    def change(self, exchange: Exchange) -> None:
        """Take in a new state of an exchange; other pages may have changed the same conversation."""
        self.chat = self.visitor.update(self.chat, exchange)
        if self.answering and self.answering.id == exchange.id:
            self.answering = None if exchange.is_over else exchange


def ask(
    session: Session, question: str, desk: Desk, settings: ChatSettings, *, is_alone: bool = False
) -> Iterator[None]:
    """Ask in the open conversation; at each step the session holds what there is to show.

    `is_alone` leaves out the history.
    """
    session.stop()
    before = session.visitor.latest(session.chat)
    chat = before.asked(question, is_alone=is_alone)
    session.put(chat)
    session.answering = exchange = chat.exchanges[-1]
    answering = _Answering(exchange, [] if is_alone else before.history, desk, settings)
    session.leave = answering.leave
    yield
    try:
        for changed in answering.states():
            session.change(changed)
            yield
    finally:
        if session.leave == answering.leave:
            session.leave = None


@dataclass
class _Answering:
    """An exchange with more and more of its answer, which a thread of its own makes: a model may be silent
    for minutes, and who stops it wants to ask again at once."""

    exchange: Exchange
    history: History
    desk: Desk
    settings: ChatSettings
    _made: SimpleQueue[Exchange | None] = field(default_factory=SimpleQueue)
    _stream: AnswerStream | None = None
    _is_left: bool = False

    def states(self) -> Iterator[Exchange]:
        """The exchange whenever it has changed, until it is left."""
        if self._is_left:
            return
        threading.Thread(target=self._make, name="askpapers-answering", daemon=True).start()
        try:
            while (state := self._made.get()) and not self._is_left:
                yield state
        finally:
            self.leave()

    def leave(self) -> None:
        """Let no model work on; from any thread."""
        self._is_left = True
        self._made.put(None)
        if self._stream:
            self._stream.stop()

    def _make(self) -> None:
        with closing(self._answer()) as states:
            for state in states:
                self._made.put(state)
                if self._is_left:
                    return
        self._made.put(None)

    def _answer(self) -> Generator[Exchange]:
        """The exchange, whatever happens; at its end with the final text."""
        exchange, written = self.exchange, ""
        try:
            with self.desk.answering():
                request = self.settings.ask(exchange.question, self.history)
                self._stream = stream = self.desk.stream(request, self.settings.model)
                if self._is_left:  # meanwhile
                    stream.stop()
                shown = replace(exchange, waits_for=stream.waits_for)
                if stream.waits_for:
                    yield shown
                for piece in stream.with_steps():
                    written += piece
                    changed = replace(shown, written=written, step=stream.step, papers=stream.papers)
                    if changed != shown:
                        yield (shown := changed)
            yield replace(exchange, answer=stream.answer)
        except AskpapersError as error:
            yield replace(exchange, written=written, error=str(error))
        except Exception:  # a fault of ours: it is logged, and the page goes on
            logging.getLogger("askpapers").exception("a question could not be answered")
            yield replace(exchange, written=written, error=_FAULT)


@dataclass(frozen=True)
class Bubble:
    """What the chat shows of an exchange: the question as text, the answer as HTML, next questions."""

    question: str
    html: str
    suggestions: tuple[str, ...] = ()


def bubbles(session: Session, desk: Desk) -> list[Bubble]:
    """The open conversation; if it is too large, its first exchanges are one line each. The last answer has
    suggestions."""
    shown: list[Bubble] = []
    left = MOST_SHOWN
    for exchange in reversed(session.chat.exchanges):
        html = _html(session, exchange, desk) if left > 0 else ""
        left -= sys.getsizeof(html)
        if left <= 0:
            html = answer_html(replace(exchange, written="", answer=None, error=_UNSHOWN), "", {})
        suggested = _suggested(exchange.answer, desk) if exchange.answer and not shown else ()
        shown.append(Bubble(inert(exchange.question), html, tuple(suggested)))
    return shown[::-1]


def inert(text: str) -> str:
    """The text with nothing that opens an element: the chat fetches the pictures of a question even if it
    shows it as text."""
    return _TAG.sub(f"<{_JOINER}", text)


def as_typed(text: str) -> str:
    """The text that `inert` was given."""
    return text.replace(_JOINER, "")


def _html(session: Session, exchange: Exchange, desk: Desk) -> str:
    """The page of an exchange, made once when it is over."""
    html = session.pages.get(session.id, exchange.id)
    if html is None:
        papers = whole_papers(desk.library.catalog, set(shown_papers(exchange.answer)))
        html = answer_html(exchange, f"source-{exchange.id}", papers)
        if exchange.is_over:
            session.pages.put(session.id, exchange.id, html)
    return html


def years_offered(session: Session) -> Filters | None:
    """The years to which the last answer can be limited."""
    answer = session.chat.exchanges[-1].answer if session.chat.exchanges else None
    return answer.offered_filters if answer else None


def offer_of(years: Filters | None) -> list[str]:
    """The text of the button that asks again for papers of these years, if there are any."""
    return [f"Only papers {describe(years)}"] if years and years.has_years else []


def _suggested(answer: Answer, desk: Desk) -> list[str]:
    """A button for the years that are offered, and next questions."""
    ids = [ranked.paper_id for ranked in answer.papers]
    by_id = desk.library.catalog.papers(ids)
    papers = [by_id[paper_id] for paper_id in ids if paper_id in by_id]
    return offer_of(answer.offered_filters) + next_questions(answer, papers)

"""A visitor's session: questions asked and answered, and what the chat shows of them."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.errors import AskpapersError
from rag.query import History
from rag.types import Answer
from ui.desk import Desk
from ui.web.chats import STOPPED, Chat, Exchange, Shelf
from ui.web.rendering import answer_html, papers_of
from ui.web.suggestions import next_questions
from ui.web.wishes import Wishes

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_JOINER = "\u2060"  # has no width and is no space
_FAULT = "something went wrong on the server: ask again; what happened is in its log"


@dataclass
class Session:
    """What the server holds of one open page. Of two questions at once the later one goes on.

    `listed` are the conversations among which the page offers a choice, `shown` the pages of the
    exchanges that are over, by id; `judged` is the exchange whose like may be given a reason.
    """

    shelf: Shelf
    chat: Chat = field(default_factory=Chat)
    answering: Exchange | None = None
    number: int = 0  # of the question that is being answered
    listed: list[Chat] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    judged: str | None = None

    def begin(self, chat: Chat) -> Exchange:
        """Take in a conversation whose last question is to be answered now."""
        self.put(chat)
        self.answering = chat.exchanges[-1]
        return self.answering

    def stop(self) -> None:
        """Leave the question that is being answered; what is written of it stays."""
        self.number += 1
        if self.answering:
            self.change(replace(self.answering, error=STOPPED))

    def open(self, chat: Chat) -> None:
        """Show another conversation; what was being answered is left."""
        self.stop()
        self.chat, self.shown, self.judged = chat, {}, None

    def put(self, chat: Chat) -> None:
        """Take in the conversation as it is now."""
        self.chat = chat
        self.shelf.put(chat)
        held = {exchange.id for exchange in chat.exchanges}
        self.shown = {id_: page for id_, page in self.shown.items() if id_ in held}

    def change(self, exchange: Exchange) -> None:
        """Take in what became of an exchange; other pages may have gone on in the same conversation."""
        self.chat = self.shelf.update(self.chat, exchange)
        if self.answering and self.answering.id == exchange.id:
            self.answering = None if exchange.is_over else exchange


def ask(session: Session, question: str, desk: Desk, wishes: Wishes) -> Iterator[None]:
    """Ask in the open conversation; at each step the session holds what there is to show."""
    session.stop()
    number, before = session.number, session.shelf.latest(session.chat)
    asked = session.begin(before.asked(question))
    yield
    for further in _written(asked, before.history, desk, wishes):
        if session.number != number:
            return
        session.change(further)
        yield


def _written(asked: Exchange, history: History, desk: Desk, wishes: Wishes) -> Iterator[Exchange]:
    """The exchange with more and more of its answer, whatever happens."""
    written = ""
    try:
        assistant = desk.assistant(wishes.writer, wishes.model)
        with desk.answering():
            stream = assistant.stream(asked.question, history=history, **wishes.options())
            for piece in stream:
                written += piece
                yield replace(asked, written=written)
        yield replace(asked, answer=stream.answer)
    except AskpapersError as error:
        yield replace(asked, written=written, error=str(error))
    except Exception:  # a fault of ours: it is logged, and the page goes on
        logging.getLogger("askpapers").exception("a question could not be answered")
        yield replace(asked, written=written, error=_FAULT)


@dataclass(frozen=True)
class Bubble:
    """What the chat shows of an exchange: the question as text, the answer as HTML, where to go on."""

    question: str
    html: str
    suggestions: tuple[str, ...] = ()


def bubbles(session: Session, desk: Desk) -> list[Bubble]:
    """The open conversation; the last answer has suggestions."""
    *before, last = session.chat.exchanges or (None,)
    shown = [Bubble(inert(each.question), _html(session, each, desk)) for each in before if each]
    if last:
        suggested = tuple(_suggested(last.answer, desk)) if last.answer else ()
        shown.append(Bubble(inert(last.question), _html(session, last, desk), suggested))
    return shown


def inert(text: str) -> str:
    """The text, with what would open an element made none: the chat fetches a question's pictures even
    where it shows it as text."""
    return _TAG.sub(f"<{_JOINER}", text)


def as_typed(text: str) -> str:
    """What `inert` was made of."""
    return text.replace(_JOINER, "")


def _html(session: Session, exchange: Exchange, desk: Desk) -> str:
    """The page of an exchange, made once when it is over."""
    if exchange.id not in session.shown:
        papers = desk.library.catalog.papers(papers_of(exchange.answer))
        html = answer_html(exchange, f"source-{exchange.id}", papers)
        if not exchange.is_over:
            return html
        session.shown[exchange.id] = html
    return session.shown[exchange.id]


def _suggested(answer: Answer, desk: Desk) -> list[str]:
    ids = [each.paper_id for each in answer.papers]
    found = desk.library.catalog.papers(ids)
    return next_questions(answer, [found[paper_id] for paper_id in ids if paper_id in found])

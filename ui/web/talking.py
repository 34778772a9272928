"""A visitor's session: questions asked and answered, and what the chat shows of them."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.errors import AskpapersError
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
    """What the server holds of one open page. Of two questions at once the later one goes on."""

    shelf: Shelf
    chat: Chat = field(default_factory=Chat)  # the conversation that is shown
    shown: dict[str, str] = field(default_factory=dict)  # pages of its exchanges that are over, by id
    judged: str | None = None  # the exchange whose like or dislike may be given a reason
    listed: list[Chat] = field(
        default_factory=list
    )  # the conversations among which the page offers a choice
    number: int = 0  # of the question that is being answered

    def stop(self) -> None:
        """Leave the question that is being answered; what is written of it stays."""
        self.number += 1
        if self.chat.exchanges and not self.chat.exchanges[-1].is_over:
            self.chat = self.chat.with_last(error=STOPPED)
            self.shelf.replace(self.chat)

    def open(self, chat: Chat) -> None:
        """Show another conversation; what was being answered is left."""
        self.stop()
        self.chat, self.shown, self.judged = chat, {}, None

    def put(self, chat: Chat) -> None:
        """Take in what became of the conversation."""
        self.chat = chat
        self.shelf.put(chat)


def ask(session: Session, question: str, desk: Desk, wishes: Wishes) -> Iterator[None]:
    """Ask in the open conversation; at each step the session holds what there is to show."""
    session.number += 1
    number, before = session.number, session.shelf.latest(session.chat)
    chat = before.asked(question)
    session.put(chat)
    yield
    for further in _written(chat, before, desk, wishes):
        if session.number != number:
            return
        session.put(further)
        yield


def _written(chat: Chat, before: Chat, desk: Desk, wishes: Wishes) -> Iterator[Chat]:
    """The conversation with more and more of the answer, whatever happens."""
    try:
        assistant = desk.assistant(wishes.writer, wishes.model)
        question, written = chat.exchanges[-1].question, ""
        stream = assistant.stream(question, history=before.history, **wishes.options())
        for piece in stream:
            written += piece
            yield chat.with_last(written=written)
        yield chat.with_last(written="", answer=stream.answer)
    except AskpapersError as error:
        yield chat.with_last(error=str(error))
    except Exception:  # a fault of ours: it is logged, and the page goes on
        logging.getLogger("askpapers").exception("a question could not be answered")
        yield chat.with_last(error=_FAULT)


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

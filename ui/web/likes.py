"""Likes and dislikes of answers, and the visitor's reason for them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from rag.errors import AskpapersError
from ui.web.chat_settings import ChatSettings
from ui.web.feedback import Feedback, Rating
from ui.web.talking import Bookmark, Session

FindSession = Callable[[Bookmark | None, Any], Session]
"""The page's session, or a new one from what the browser keeps."""

_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass
class Likes:
    """The row for a reason, and the events of liking and disliking."""

    feedback: Feedback

    def lay_out(self) -> None:
        """Add the row, hidden; to be called inside the open layout."""
        with gr.Group(visible=False, elem_id="reason") as self.row, gr.Row():
            self.reason = gr.Textbox(
                label="Why? (optional)",
                placeholder="What was right, wrong or missing?",
                max_length=2000,
                scale=4,
            )
            with gr.Column(scale=1, min_width=120):
                self.send = gr.Button("Send", size="sm", variant="primary")
                self.leave = gr.Button("Not now", size="sm")

    def wire(
        self, chatbot: gr.Chatbot, mine: Sequence[Any], settings: Sequence[Any], find: FindSession
    ) -> None:
        """Connect the events; `mine` are the session and what the browser keeps."""
        self.find = find
        shown = [*mine, self.row, self.reason]
        chatbot.like(self._judge, [*mine, *settings], shown, **_QUICK)
        for send in (self.send.click, self.reason.submit):
            send(self._explain, [self.reason, *mine, *settings], shown, **_QUICK)
        self.leave.click(self._leave, mine, shown, **_QUICK)

    def _judge(
        self, data: gr.LikeData, bookmark: Bookmark | None, stored: Any, *settings: Any
    ) -> list[Any]:
        """Keep a like or dislike at once; a reason may follow."""
        session, place = self.find(bookmark, stored), place_of(data.index)
        exchanges = session.chat.exchanges
        if not 0 <= place < len(exchanges) or not exchanges[place].answer:
            return [session.bookmark, *[gr.skip()] * 3]
        is_liked, id_ = data.liked if isinstance(data.liked, bool) else None, exchanges[place].id
        session.change(replace(exchanges[place], is_liked=is_liked))
        session.judged = None if is_liked is None else id_
        if is_liked is None:
            _kept(lambda: self.feedback.withdraw(id_))
        else:
            _kept(lambda: self.feedback.save(_rating(session, None, settings)))
        dumped = gr.update(value=session.visitor.dump())
        return [session.bookmark, dumped, gr.update(visible=is_liked is not None), ""]

    def _explain(self, reason: str, bookmark: Bookmark | None, stored: Any, *settings: Any) -> list[Any]:
        session = self.find(bookmark, stored)
        if session.judged and reason.strip():
            rating = _rating(session, reason.strip(), settings)
            if _kept(lambda: self.feedback.save(rating)):
                gr.Info("Thank you: it is kept with the question.", duration=4)
        return self._leave(session.bookmark, stored)

    def _leave(self, bookmark: Bookmark | None, stored: Any) -> list[Any]:
        session = self.find(bookmark, stored)
        session.judged = None
        return [session.bookmark, gr.skip(), gr.update(visible=False), ""]


def place_of(index: int | tuple[int, ...] | list[int]) -> int:
    """The place of a message's exchange: each has two messages, the question and the answer."""
    return (index if isinstance(index, int) else index[0]) // 2


def _rating(session: Session, reason: str | None, settings: Sequence[Any]) -> Rating:
    """The rating of the answer that was judged last, with the conversation that led to it."""
    exchanges = session.chat.exchanges
    place = [exchange.id for exchange in exchanges].index(str(session.judged))
    turns = tuple((turn.question, turn.answer) for turn in exchanges[: place + 1] if turn.answer)
    is_liked = bool(exchanges[place].is_liked)
    return Rating(exchanges[place].id, turns, is_liked, reason, ChatSettings.of(settings).request.filters)


def _kept(save: Callable[[], None]) -> bool:
    """Whether feedback could be kept; if not, the visitor is told, and the log says why."""
    try:
        save()
    except AskpapersError as error:
        logging.getLogger("askpapers").error("%s", error)
        gr.Warning("The feedback could not be kept on the server.")
        return False
    return True

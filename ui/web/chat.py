"""The chat tab: its components, and the events of asking and of choosing conversations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
from gradio.context import LocalContext

from rag.plain import plain
from rag.types import Filters
from ui.desk import Desk
from ui.web import talking
from ui.web.chat_settings import ChatSettings, lay_out_settings, model_options, writer_options
from ui.web.chats import Chat
from ui.web.likes import Likes, place_of
from ui.web.models import Models
from ui.web.rendering import chips_html
from ui.web.suggestions import opening_questions
from ui.web.talking import Bookmark, Pages, Session
from ui.web.trial import TrialPanel
from ui.web.visitors import Visitors

_LONGEST_QUESTION = 20_000  # characters; the box takes fewer
_NEWEST = 40  # papers from whose names the first questions are made
Steps = Iterator[list[Any]]
"""What the components show, step by step."""


@dataclass
class ChatTab:
    """The components of the tab, and the events between them."""

    desk: Desk
    likes: Likes
    session: gr.State
    browser: gr.BrowserState
    models: Models
    trial: TrialPanel
    visitors: Visitors = field(default_factory=Visitors)
    pages: Pages = field(default_factory=Pages)
    settings: Sequence[Any] = ()
    _sessions: WeakValueDictionary[str, Session] = field(default_factory=WeakValueDictionary)

    def lay_out(self) -> None:
        """Add the components of the conversation; to be called inside the open layout."""
        self.chips = gr.HTML(elem_id="chips", js_on_load=None)
        self.chatbot = gr.Chatbot(
            label="Conversation",
            show_label=False,
            render_markdown=False,  # questions are text; answers are components that escape theirs
            latex_delimiters=[],
            editable="user",
            layout="panel",
            buttons=[],
            autoscroll=False,  # Gradio scrolls to the end of a long answer, page.js to its beginning
            height="calc(100dvh - 245px)",
            min_height=280,
            placeholder=_PLACEHOLDER,
            elem_id="chat",
            group_consecutive_messages=False,
        )
        look = gr.HTML(js_on_load=None, render=False).get_config()  # cannot be made inside an event
        self.blank = {"type": "component", "component": "html", "constructor_args": {}, "props": look}
        self.likes.lay_out()
        self.box = gr.Textbox(
            label="Your question",
            show_label=False,
            placeholder="Ask about the papers…",
            submit_btn=True,
            stop_btn=False,  # replaces the other button while an answer is being written
            max_length=4000,
            max_lines=8,
            autofocus=True,
            elem_id="question",
        )
        # page.js puts the id of an exchange here to ask its question on its own.
        self.alone = gr.Textbox(show_label=False, max_length=64, elem_id="alone", container=False)

    def lay_out_side(self, *, has_password: bool) -> None:
        """Add the list of conversations and the settings, beside all tabs."""
        with gr.Sidebar(label="Conversations and settings", width=300, elem_id="side"):
            self.new = gr.Button("New conversation", variant="secondary", size="sm")
            self.past = gr.Dataset(
                components=[gr.Textbox(visible=False)],
                samples=[],
                type="index",
                layout="table",
                label="Conversations in this browser",
                show_label=False,
                headers=["Conversations"],
                samples_per_page=8,
                elem_id="past",
            )
            self.forget = gr.Button(
                "Delete this conversation", variant="secondary", size="sm", visible=False
            )
            with gr.Accordion("Settings", open=False):
                self.settings = lay_out_settings(self.models, self.trial)
            if has_password:
                gr.HTML('<a class="ap-out" href="/logout">Sign out</a>', js_on_load=None)

    def wire(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Connect the events."""
        mine = [self.session, self.browser]
        talk = [self.box, self.chatbot, self.session, self.browser, self.past, self.forget, self.likes.row]
        asking: list[Any] = [
            event(
                ask,
                [*inputs, *mine, *self.settings],
                talk,
                show_progress="minimal",
                show_progress_on=self.chatbot,
                **_ASKING,
            )
            for event, ask, inputs in (
                (self.box.submit, self._ask, [self.box]),
                (self.chatbot.option_select, self._take, []),
                (self.chatbot.example_select, self._take, []),
                (self.alone.change, self._ask_alone, [self.alone]),
                (self.chatbot.retry, self._retry, []),
                (self.chatbot.edit, self._edit, []),
            )
        ]
        for leave, handler, inputs in (
            (self.box.stop, self._stop, []),
            (self.new.click, self._new, []),
            (self.past.click, self._open, [self.past]),
            (self.forget.click, self._forget, []),
            (self.chatbot.clear, self._forget, []),
        ):
            leave(handler, [*inputs, *mine], talk, cancels=asking, **_QUICK)
        self.likes.wire(self.chatbot, mine, self.settings, self._mine)
        for go in (self.new.click, self.past.click):
            go(lambda: gr.Tabs(selected="chat"), None, tabs, **_QUICK)
        for setting in self.settings:
            setting.change(self._chips, self.settings, self.chips, trigger_mode="always_last", **_QUICK)
        writer_and_model = self.settings[:2]
        loaded = [*talk, self.chips, *writer_and_model, *self.trial.shown]
        page.load(self._restore, [self.browser, *self.settings], loaded, **_QUICK)
        page.unload(self._leave)
        self.trial.wire(writer_and_model)

    # Asking

    def _ask(self, question: str, bookmark: Bookmark | None, stored: Any, *settings: Any) -> Steps:
        yield from self._answer(self._mine(bookmark, stored), question, settings)

    def _take(self, data: gr.SelectData, bookmark: Bookmark | None, stored: Any, *settings: Any) -> Steps:
        """Ask what a button says: a suggestion is a text, an example of an empty chat has one."""
        session = self._mine(bookmark, stored)
        text = str(data.value["text"] if isinstance(data.value, dict) else data.value)
        years = talking.years_offered(session)
        if text in talking.offer_of(years):
            place = len(session.chat.exchanges) - 1
            yield from self._again(session, place, None, settings, years)
        else:
            yield from self._answer(session, text, settings)

    def _ask_alone(self, id_and_time: str, bookmark: Bookmark | None, stored: Any, *settings: Any) -> Steps:
        session = self._mine(bookmark, stored)
        id_ = id_and_time.partition(" ")[0]
        questions = {exchange.id: exchange.question for exchange in session.chat.exchanges}
        yield from self._answer(session, questions.get(id_, ""), settings, is_alone=True)

    def _retry(self, data: gr.RetryData, bookmark: Bookmark | None, stored: Any, *settings: Any) -> Steps:
        yield from self._again(self._mine(bookmark, stored), place_of(data.index), None, settings)

    def _edit(self, data: gr.EditData, bookmark: Bookmark | None, stored: Any, *settings: Any) -> Steps:
        question = talking.as_typed(str(data.value))
        yield from self._again(self._mine(bookmark, stored), place_of(data.index), question, settings)

    def _again(
        self,
        session: Session,
        place: int,
        question: str | None,
        settings: Sequence[Any],
        years: Filters | None = None,
    ) -> Steps:
        """Ask again from this exchange on, with another question or other years if they are given."""
        exchanges = session.chat.exchanges
        if not 0 <= place < len(exchanges):
            yield self._all(session)
            return
        session.put(session.chat.until(place))
        yield self._all(session)  # without the likes of what is asked again
        before = exchanges[place]
        question = question or before.question
        yield from self._answer(session, question, settings, years=years, is_alone=before.is_alone)

    def _answer(
        self,
        session: Session,
        question: str,
        settings: Sequence[Any],
        *,
        years: Filters | None = None,
        is_alone: bool = False,
    ) -> Steps:
        question = plain(question[:_LONGEST_QUESTION]).strip()
        if not question:
            yield self._all(session)
            return
        session.judged = None
        chosen = ChatSettings.of(settings).within(years)
        steps = talking.ask(session, question, self.desk, chosen, is_alone=is_alone)
        next(steps)  # the question alone
        cleared, hidden = gr.update(value="", submit_btn=False, stop_btn=True), gr.update(visible=False)
        yield [cleared, self._messages(session), session.bookmark, *[gr.skip()] * 3, hidden]
        for _ in steps:  # meanwhile a next question may be typed
            yield [gr.skip(), self._messages(session), session.bookmark, *[gr.skip()] * 4]
        yield self._around(session, self._messages(session))

    def _stop(self, bookmark: Bookmark | None, stored: Any) -> list[Any]:
        session = self._mine(bookmark, stored)
        session.stop()
        return self._all(session, stored)

    def _leave(self, request: gr.Request) -> None:
        """A page was closed: nobody waits for its answer."""
        if session := self._sessions.pop(str(request.session_hash), None):
            session.stop()

    # Choosing a conversation

    def _new(self, bookmark: Bookmark | None, stored: Any) -> list[Any]:
        session = self._mine(bookmark, stored)
        session.open(Chat())
        return self._all(session, stored)

    def _open(self, place: int, bookmark: Bookmark | None, stored: Any) -> list[Any]:
        session = self._mine(bookmark, stored)
        if 0 <= place < len(session.listed):
            session.open(session.visitor.latest(Chat(id=session.listed[place])))
        return self._all(session, stored)

    def _forget(self, bookmark: Bookmark | None, stored: Any) -> list[Any]:
        session = self._mine(bookmark, stored)
        session.visitor.remove(session.chat)
        session.open(Chat())
        return self._all(session, stored)

    def _restore(self, stored: Any, *settings: Any) -> list[Any]:
        """The newest conversation of this browser, and the settings with the models that are here now."""
        writer, model = gr.update(**writer_options(self.models)), gr.update(**model_options(self.models))
        shown = [self._chips(*settings), writer, model, *self.trial.show(*settings[:2])]
        return [*self._all(self._mine(None, stored), stored), *shown]

    def _mine(self, bookmark: Bookmark | None, stored: Any) -> Session:
        """The page's session; if the server has lost it, a new one from what the browser keeps."""
        session = bookmark.session() if bookmark else None
        if session is None:
            session = Session.begin_at(self.visitors.find(stored), bookmark, self.pages)
        self.visitors.keep(session.visitor, session)
        if request := LocalContext.request.get(None):
            self._sessions[str(request.session_hash)] = session
        return session

    # What is shown

    def _chips(self, *settings: Any) -> str:
        return chips_html(ChatSettings.of(settings).chips(self.desk))

    def _all(self, session: Session, stored: Any = None) -> list[Any]:
        """All components for another conversation: with its likes, or with questions to start from."""
        exchanges = session.chat.exchanges
        newest = [] if exchanges else self.desk.library.catalog.browse(most=_NEWEST)
        chatbot = gr.update(
            value=self._messages(session),
            examples=[{"text": question} for question in opening_questions(newest)],
            feedback_value=[_VERDICTS[exchange.is_liked] for exchange in exchanges],
        )
        return self._around(session, chatbot, stored)

    def _around(self, session: Session, conversation: Any, stored: Any = None) -> list[Any]:
        """The values of all components around the conversation, in the order of `talk` in `wire`.

        The browser is sent its text only if that has changed.
        """
        chats, dumped = session.visitor.chats, session.visitor.dump()
        session.listed = tuple(chat.id for chat in chats)
        self.visitors.keep(session.visitor, session)  # which may have grown
        return [
            gr.update(submit_btn=True, stop_btn=False),
            conversation,
            session.bookmark,
            # No plain value, as Gradio keeps those that follow a skip.
            gr.skip() if dumped == stored else gr.update(value=dumped),
            gr.Dataset(samples=[[chat.title] for chat in chats]),
            gr.update(visible=bool(session.chat.exchanges)),
            gr.update(visible=False),
        ]

    def _messages(self, session: Session) -> list[dict[str, Any]]:
        """The open conversation as Gradio takes it.

        The list keeps its shape from step to step, so that Gradio sends only the changes; for a
        `gr.update` it would make the component anew.
        """
        messages: list[dict[str, Any]] = []
        for bubble in talking.bubbles(session, self.desk):
            answer = self.blank | {"value": bubble.html}
            options = [{"value": text} for text in bubble.suggestions] or None
            messages.append({"role": "user", "content": bubble.question})
            messages.append({"role": "assistant", "content": [answer], "options": options})
        return messages


_VERDICTS = {True: "Like", False: "Dislike", None: None}
_PLACEHOLDER = (Path(__file__).parent / "templates" / "placeholder.html").read_text(encoding="utf-8")
_ASKING: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "asking", "concurrency_limit": 8}
_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

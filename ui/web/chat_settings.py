"""A visitor's settings for answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from rag.errors import QuestionError
from rag.plain import cut
from rag.types import Filters, History, Request
from ui.desk import Desk
from ui.web.models import EXTRACTIVE, Models, writer_title
from ui.web.trial import TrialPanel

_DIGITS = 4
_NO_MODEL = (
    "To have a language model write: `askpapers model list` shows what to pull and which servers run "
    "here; or set OPENAI_API_KEY."
)


@dataclass(frozen=True)
class ChatSettings:
    """How to ask the next question, and which model writes, None for that of the server's settings.

    `problem` says what is wrong with the settings.
    """

    request: Request = field(default_factory=Request)
    model: str | None = None
    problem: str | None = None

    @classmethod
    def of(cls, values: Sequence[Any]) -> "ChatSettings":
        """From the values of the settings' components, in their order."""
        writer, model, *numbers, years = values
        model = None if writer == "extractive" else model
        try:
            from_year, to_year, k, words = map(whole, numbers)
        except QuestionError as error:
            return cls(Request(writer=writer), model, str(error))
        filters = Filters(from_year, to_year)
        request = Request(filters=filters, k=k, words=words, writer=writer, years_from_question=bool(years))
        return cls(request, model)

    def within(self, years: Filters | None) -> "ChatSettings":
        """The same for papers of these years, if there are any."""
        return replace(self, request=self.request.within(years)) if years else self

    def ask(self, question: str, history: History) -> Request:
        """The request of a question. Raises QuestionError."""
        if self.problem:
            raise QuestionError(self.problem)
        return replace(self.request, question=question, history=history)

    def chips(self, desk: Desk) -> dict[str, str]:
        """The settings in force, each a name and a value."""
        papers = f"{desk.library.catalog.count():,} papers"
        papers += " that come with askpapers" if desk.is_bundled else ""
        chips = {"Library": papers, "Writer": self._writer(desk)}
        request, years = self.request, self.request.filters
        if years.has_years:
            chips["Years"] = f"{years.from_year or '…'} to {years.to_year or '…'}"
        if request.k:
            chips["Written from"] = f"at most {request.k} papers"
        if request.words:
            chips["Length"] = f"about {request.words} words"
        if not request.years_from_question:
            chips["Years in a question"] = "mere words"
        if self.problem:
            chips["Settings"] = self.problem
        return chips

    def _writer(self, desk: Desk) -> str:
        if self.request.writer == "extractive":
            return EXTRACTIVE
        return writer_title(desk.settings_for(self.model))


def whole(typed: str | None) -> int | None:
    """The number in a field, None if it is empty. Raises QuestionError."""
    text = (typed or "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise QuestionError(f"{cut(text, 20)} is no whole number: write digits, or leave the field empty")
    return int(text) if text else None


def lay_out_settings(models: Models, trial: TrialPanel) -> list[Component]:
    """The components that `ChatSettings.of` reads, in the open layout."""
    who = "auto" if models.settings.has_model else "extractive"
    writer = gr.Radio(label="Who writes", value=who, **writer_options(models))
    model = gr.Dropdown(label="Model", elem_id="model", **model_options(models))
    trial.lay_out()
    return [
        writer,
        model,
        _number("From year", "any"),
        _number("To year", "any"),
        _number("Papers an answer is written from", "the best ones; for a list all that fit"),
        _number("Words of an answer", "78; as many as it takes with a model"),
        gr.Checkbox(
            label="Years in a question bound the papers",
            info="“papers since 2021”, “2019 papers”",
            value=True,
        ),
    ]


def _number(label: str, otherwise: str) -> Component:
    """A field for a number: a text box, as Gradio's own shows 0 when it is empty."""
    return gr.Textbox(label=label, placeholder=otherwise, max_length=_DIGITS)


def writer_options(models: Models) -> dict[str, Any]:
    """What the choice of the writer offers now."""
    has_choice = bool(models.choices)
    choices = [("a language model", "auto")] if has_choice else []
    return {
        "choices": [*choices, (EXTRACTIVE, "extractive")],
        "info": None if has_choice else _NO_MODEL,
        "interactive": has_choice,
    }


def model_options(models: Models) -> dict[str, Any]:
    """What the choice of the model offers now."""
    return {"choices": models.choices, "value": models.default, "visible": bool(models.choices)}

"""What a visitor has set for answers, and what of it is in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.errors import QuestionError
from rag.options import AskOptions, WriterName
from rag.plain import cut
from rag.query import check_filters
from rag.types import Filters
from ui.desk import Desk

if TYPE_CHECKING:
    from gradio.components import Component

_DIGITS = 4
_NO_MODEL = "A language model writes where the server has OPENAI_API_KEY or OPENAI_BASE_URL set."
EXTRACTIVE = "the papers' own sentences"


@dataclass(frozen=True)
class Wishes:
    """Who writes, from which papers, how long; None where all is one."""

    writer: WriterName = "auto"
    model: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    k: int | None = None
    words: int | None = None
    years_from_question: bool = True
    problem: str | None = None  # with what was typed in

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Wishes":
        """Of the values of the settings' components, in their order."""
        writer, model, *numbers, years = values
        try:
            from_year, to_year, k, words = map(whole, numbers)
        except QuestionError as error:
            return cls(writer, model, problem=str(error))
        return cls(writer, model, from_year, to_year, k, words, bool(years))

    def within(self, years: Filters | None) -> "Wishes":
        """The same for papers of these years, where there are any."""
        return replace(self, from_year=years.from_year, to_year=years.to_year) if years else self

    @property
    def filters(self) -> Filters:
        return Filters(self.from_year, self.to_year)

    def options(self) -> AskOptions:
        """What the assistant is asked with. Raises QuestionError where no paper can fulfil it."""
        if self.problem:
            raise QuestionError(self.problem)
        return {
            "filters": check_filters(self.filters),
            "k": self.k,
            "words": self.words,
            "years_from_question": self.years_from_question,
        }

    def chips(self, desk: Desk) -> dict[str, str]:
        """What is in force, a name and a value each."""
        library = desk.library.catalog
        papers = f"{library.count():,} papers"
        if desk.is_bundled:
            papers += " that come with askpapers"
        chips = {"Library": papers, "Writer": self._writer(desk)}
        if self.from_year or self.to_year:
            chips["Years"] = f"{self.from_year or '…'} to {self.to_year or '…'}"
        if self.k:
            chips["Written from"] = f"at most {self.k} papers"
        if self.words:
            chips["Length"] = f"about {self.words} words"
        if not self.years_from_question:
            chips["Years in a question"] = "mere words"
        if self.problem:
            chips["Settings"] = self.problem
        return chips

    def _writer(self, desk: Desk) -> str:
        if self.writer == "extractive" or not desk.settings.has_model:
            return EXTRACTIVE
        return self.model or desk.settings.model


def whole(typed: str | None) -> int | None:
    """The number in a field, None where it is empty. Raises QuestionError."""
    text = (typed or "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise QuestionError(f"{cut(text, 20)} is no whole number: write digits, or leave the field empty")
    return int(text) if text else None


def lay_out_settings(desk: Desk, models: Sequence[str]) -> "list[Component]":
    """The components that `Wishes.of` reads, in the open layout; visitors choose among `models`."""
    import gradio as gr

    has_model = desk.settings.has_model
    choices = [("a language model", "auto")] if has_model else []
    return [
        gr.Radio(
            [*choices, (EXTRACTIVE, "extractive")],
            value="auto" if has_model else "extractive",
            label="Who writes",
            info=None if has_model else _NO_MODEL,
            interactive=has_model,
        ),
        gr.Dropdown(
            list(dict.fromkeys([desk.settings.model, *models])),
            value=desk.settings.model,
            label="Model",
            visible=has_model,
        ),
        _number("From year", "any"),
        _number("To year", "any"),
        _number("Papers an answer is written from", "the best 8; for a list all that fit"),
        _number("Words of an answer", "60; as many as it takes with a model"),
        gr.Checkbox(
            label="Years in a question bound the papers",
            info="“papers since 2021”, “2019 papers”",
            value=True,
        ),
    ]


def _number(label: str, otherwise: str) -> "Component":
    """A field for a number: a text, as Gradio's own shows 0 where there is none."""
    import gradio as gr

    return gr.Textbox(label=label, placeholder=otherwise, max_length=_DIGITS)

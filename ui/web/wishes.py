"""What a visitor has set for answers, and what of it is in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.options import AskOptions, WriterName
from rag.query import check_filters
from rag.types import Filters
from ui.desk import Desk

if TYPE_CHECKING:
    from gradio.components import Component

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

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Wishes":
        """Of the values of the settings' components, in their order."""
        writer, model, *numbers, years = values
        from_year, to_year, k, words = map(whole, numbers)
        return cls(writer, model, from_year, to_year, k, words, bool(years))

    @property
    def filters(self) -> Filters:
        return Filters(self.from_year, self.to_year)

    def options(self) -> AskOptions:
        """What the assistant is asked with. Raises QuestionError where no paper can fulfil it."""
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
        return chips

    def _writer(self, desk: Desk) -> str:
        if self.writer == "extractive" or not desk.settings.has_model:
            return EXTRACTIVE
        return self.model or desk.settings.model


def whole(value: float | None) -> int | None:
    """The number of a field, which may be empty."""
    return None if value is None else int(value)


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
        gr.Number(label="From year", value=None, precision=0, minimum=1, maximum=9999),
        gr.Number(label="To year", value=None, precision=0, minimum=1, maximum=9999),
        gr.Number(
            label="Papers an answer is written from",
            info="Empty: the best 8, for a list all that fit.",
            value=None,
            precision=0,
            minimum=1,
            maximum=40,
        ),
        gr.Number(
            label="Words of an answer",
            info="Empty: 60 without a model.",
            value=None,
            precision=0,
            minimum=1,
            maximum=1000,
        ),
        gr.Checkbox(
            label="Years in a question bound the papers", info="“since 2021”, “before 2020”", value=True
        ),
    ]

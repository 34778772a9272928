"""The trial of the chosen model in the settings: its state, and the button that begins it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from rag.checking.trial import trial_of
from rag.checking.trial.trying import PASS
from rag.errors import ModelError
from rag.model.judges import ENTAILMENT, judge_identity
from rag.settings import Settings
from ui.desk import Desk
from ui.web.models import writer_title
from ui.web.rendering import trial_html

_EVERY = 1.0  # seconds between looks at a trial that goes on
_BEGIN, _AGAIN, _STOP = "Let it check sentences", "Test it again", "Stop the test"
_OFF = "Checks are off (ASKPAPERS_JUDGE_MODEL is off)."


@dataclass(frozen=True)
class TrialState:
    """What the page says of a trial; `button` is None where there is nothing to begin."""

    line: str = ""
    button: str | None = None
    is_running: bool = False


def trial_state(desk: Desk, writer: str, model: str | None) -> TrialState:
    """The state of the trial of a model, of which nothing is said where none writes."""
    settings = desk.settings_for(model)
    if writer == "extractive" or not settings.has_model:
        return TrialState()
    if not settings.checks:
        return TrialState(_OFF)
    if running := desk.trials.running:
        tried = _judge_title(desk.settings_for(running.model))
        return TrialState(f"{tried} is being tested: {running.line}.", _STOP, is_running=True)
    title, last = _judge_title(settings), desk.trials.last
    try:
        trial = trial_of(judge_identity(settings))
    except ModelError as error:
        return TrialState(f"{title} cannot be tested: {error}.")
    if trial and trial.passes:
        return TrialState(
            f"{title} checks sentences: it passed the test (kappa {trial.kappa:.2f}).", _AGAIN
        )
    if last and last.error and last.model == model:
        return TrialState(f"The test of {title} has failed: {last.error}.", _AGAIN)
    if not trial:
        return TrialState(f"{title} has not been tested: sentences stay unchecked.", _BEGIN)
    return TrialState(
        f"{title} does not pass the test (kappa {trial.kappa:.2f}, {PASS:.2f} is needed): its verdicts are "
        "not used, and sentences stay unchecked.",
        _AGAIN,
    )


def _judge_title(settings: Settings) -> str:
    """The judge of answers by the model of these settings, and where it is."""
    if settings.judge_model and settings.judge_model.startswith(ENTAILMENT):
        return f"{settings.judge_model.removeprefix(ENTAILMENT)} on this computer"
    judge = settings.for_judge()
    return writer_title(judge if judge.has_model else settings)


@dataclass
class TrialPanel:
    """The components, and the events between them. On a page that is read only, there is no button."""

    desk: Desk
    is_read_only: bool = False

    def lay_out(self) -> None:
        """Add the components; to be called inside the open layout."""
        self.line = gr.HTML(js_on_load=None, elem_id="trial", visible=False)
        self.button = gr.Button(_BEGIN, size="sm", visible=False, elem_id="try")
        self.timer = gr.Timer(_EVERY, active=False)

    @property
    def shown(self) -> list[Component]:
        """The components, in the order of `show`."""
        return [self.line, self.button, self.timer]

    def wire(self, choice: Sequence[Any]) -> None:
        """Connect the events; `choice` are the components of the writer and of the model."""
        gr.on(
            [self.timer.tick, *(component.change for component in choice)],
            self.show,
            [*choice],
            self.shown,
            trigger_mode="always_last",
            **_QUICK,
        )
        if not self.is_read_only:
            self.button.click(self._begin_or_stop, [*choice], self.shown, **_QUICK)

    def _begin_or_stop(self, writer: str, model: str | None) -> list[Any]:
        if self.desk.trials.running:
            self.desk.trials.stop()
        else:
            self.desk.trials.begin(model)
        return self.show(writer, model)

    def show(self, writer: str, model: str | None) -> list[Any]:
        """The line, the button and the timer for this choice."""
        state = trial_state(self.desk, writer, model)
        has_button = bool(state.button) and not self.is_read_only
        return [
            gr.update(value=trial_html(state.line), visible=bool(state.line)),
            gr.update(value=state.button, visible=has_button),
            gr.Timer(_EVERY, active=state.is_running),
        ]


_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

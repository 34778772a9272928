"""The trial of the chosen model in the settings: its state, and the button that begins it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from rag.checking.trial import Trial, trial_of
from rag.checking.trial.trying import PASS
from rag.errors import ModelError
from rag.model.judges import judge_identity
from rag.settings import Settings
from ui.desk import Desk
from ui.web.rendering import trial_html

_EVERY = 1.0  # seconds between looks at a trial that goes on
_BEGIN, _AGAIN = "Let it check sentences", "Test it again"
_UNTESTED = "Not tested: its sentences stay unchecked. The test takes it through 60 labelled sentences."
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
        other = "" if running.model == model else "Another model is being tested: "
        return TrialState(f"{other or 'Being tested: '}{running.line}.", _BEGIN, is_running=True)
    last = desk.trials.last
    if last and last.error and last.model == model:
        return TrialState(f"The test came to no end: {last.error}.", _AGAIN)
    try:
        trial = trial_of(judge_identity(settings))
    except ModelError as error:
        return TrialState(f"It cannot be tested: {error}.")
    return TrialState(_result(trial, settings), _AGAIN) if trial else TrialState(_UNTESTED, _BEGIN)


def _result(trial: Trial, settings: Settings) -> str:
    """What a trial that has ended says."""
    judge = f"{settings.judge_model} checks" if settings.judge_model else "Checks"
    if trial.passes:
        return f"{judge} sentences: it passed the test (kappa {trial.kappa:.2f})."
    return (
        f"Failed the test (kappa {trial.kappa:.2f}, {PASS:.2f} is needed): its verdicts are not used, and "
        "sentences stay unchecked."
    )


@dataclass
class TrialPanel:
    """The components, and the events between them. On a page that is read only, there is no button."""

    desk: Desk
    is_read_only: bool = False

    def lay_out(self) -> None:
        """Add the components; to be called inside the open layout."""
        self.line = gr.HTML(js_on_load=None, elem_id="trial", visible=False)
        self.button = gr.Button(_BEGIN, size="sm", visible=False)
        self.timer = gr.Timer(_EVERY, active=False)

    def wire(self, page: gr.Blocks, choice: Sequence[Component]) -> None:
        """Connect the events; `choice` are those of the writer and of the model."""
        shown = [self.line, self.button, self.timer]
        gr.on(
            [page.load, self.timer.tick, *(component.change for component in choice)],
            self._show,
            [*choice],
            shown,
            trigger_mode="always_last",
            **_QUICK,
        )
        if not self.is_read_only:
            self.button.click(self._begin, [*choice], shown, **_QUICK)

    def _begin(self, writer: str, model: str | None) -> list[Any]:
        self.desk.trials.begin(model)
        return self._show(writer, model)

    def _show(self, writer: str, model: str | None) -> list[Any]:
        state = trial_state(self.desk, writer, model)
        has_button = bool(state.button) and not self.is_read_only
        return [
            gr.update(value=trial_html(state.line), visible=bool(state.line)),
            gr.update(value=state.button, visible=has_button, interactive=not state.is_running),
            gr.Timer(_EVERY, active=state.is_running),
        ]


_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

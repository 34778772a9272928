"""The register of trials: one result for each model, in a file in the user's data folder."""

from dataclasses import asdict

from rag.checking.trial.claims import fingerprint
from rag.checking.trial.trying import Trial
from rag.errors import NotWritableError
from rag.register import Register
from rag.settings import data_folder

_NEXT = "`askpapers model test` lets it check sentences"


def trial_of(identity: str) -> Trial | None:
    """The result for this model; None if there is none by the claims and rules of today."""
    try:
        trial = Trial(**_register().rows()[identity])
    except (OSError, ValueError, KeyError, TypeError):  # TypeError: another version wrote it
        return None
    return trial if trial.fingerprint == fingerprint() else None


def keep(trial: Trial) -> None:
    """Keep a result in place of an earlier one for the same model. Raises NotWritableError."""
    register = _register()
    try:
        register.keep(trial.identity, asdict(trial), replaces_damaged=True)
    except OSError as error:
        raise NotWritableError(
            f"the result of the test cannot be kept in {register.path} ({error.strerror}): give yourself "
            "the right to write there"
        ) from error


def why_unused(identity: str) -> str | None:
    """Why the verdicts of this model are not used, in a line; None if it passed the trial."""
    if trial := trial_of(identity):
        return None if trial.passes else f"the model failed the test of judges ({trial.summary})"
    register = _register()
    try:
        register.rows()
    except (OSError, ValueError):
        return f"{register.path}, which holds the results of tests, cannot be read: {_NEXT} again"
    return f"nobody has tested the model as a judge: {_NEXT}"


def _register() -> Register:
    return Register(data_folder() / "trials.json")

"""Results of the trial of judges for models of the tests, where a test is about what follows from one."""

from pathlib import Path

import pytest

from rag.checking.trial import Trial, keep
from rag.checking.trial.claims import fingerprint


def trial(identity: str, kappa: float = 1.0) -> Trial:
    """The result of a trial with this kappa."""
    return Trial("llm:scripted", identity, "2026-11-30", 60, 60, kappa, 0, 0, 0, 1.0, fingerprint())


def keep_trial(data: Path, identity: str, kappa: float = 1.0) -> None:
    """Keep the result of a trial for processes whose XDG_DATA_HOME is this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(data))
        keep(trial(identity, kappa))

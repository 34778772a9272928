"""Pulls from the Hugging Face Hub with a progress bar; loads its client only then."""

from rag.model.files import ModelFile
from rag.model.judges import JudgeFiles
from ui.terminal import track


def pull_model(name: str, source: str) -> ModelFile:
    """As `rag.model.pulling.pull_model`. Raises ModelError."""
    from rag.model import pulling

    return pulling.pull_model(name, source, track)


def pull_judge(name: str) -> JudgeFiles:
    """As `rag.model.pulling.pull_judge`. Raises ModelError."""
    from rag.model import pulling

    return pulling.pull_judge(name, track)

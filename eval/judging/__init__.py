"""The judge layer: a language model's verdicts on claims and answers, apart from what rules know."""

from pathlib import Path
from typing import Literal, get_args

from eval.judging.asked_once import ChatJudge
from eval.judging.base import JudgeInput, Kind, ModelJudge, Verdict
from rag.errors import ModelError
from rag.settings import Settings, verdict_cache

__all__ = ["JUDGES", "ChatJudge", "JudgeInput", "JudgeName", "Kind", "ModelJudge", "Verdict", "open_judge"]

JudgeName = Literal["llm", "llamaindex"]
JUDGES: tuple[JudgeName, ...] = get_args(JudgeName)


def open_judge(name: JudgeName, settings: Settings, cache: Path | None = None) -> ChatJudge:
    """The judge of this name with the model that the settings name. Sends nothing yet.

    `llm` judges claims as answers are checked, `llamaindex` by LlamaIndex's evaluators. Verdicts are kept
    in the file `cache`, by default in the user data folder. As a context manager it closes its connections.
    Raises ModelError if no model is configured.
    """
    if not settings.has_model:
        raise ModelError(
            "no model is configured that could judge: set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
            "compatible server, or evaluate without a judge"
        )
    from eval.judging import opening

    return opening.open_chat_judge(name, settings, cache or verdict_cache())

"""The judge layer: what a language model says of claims and answers, apart from the deterministic layer."""

from pathlib import Path
from typing import Literal, get_args

from eval.judging.base import ChatJudge, JudgeInput, Kind, ModelJudge, Verdict
from eval.judging.cache import CachedJudge
from eval.judging.prompted import PromptedJudge
from rag.errors import ModelError
from rag.model.base import JUDGING
from rag.settings import Settings, verdict_cache

__all__ = [
    "JUDGES",
    "CachedJudge",
    "JudgeInput",
    "JudgeName",
    "Kind",
    "ModelJudge",
    "Verdict",
    "open_judge",
]

JudgeName = Literal["llm", "llamaindex"]
JUDGES: tuple[JudgeName, ...] = get_args(JudgeName)


def open_judge(name: JudgeName, settings: Settings, cache: Path | None = None) -> CachedJudge:
    """The judge of this name with the model that the settings name; nothing is sent before the first claim.

    `llm` judges by our rules, `llamaindex` by LlamaIndex's evaluators. Verdicts are kept in the file
    `cache`, by default in the user data folder. Close it behind you.
    Raises ModelError where no model is configured.
    """
    if not settings.has_model:
        raise ModelError(
            "no model is configured that could judge: set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
            "compatible server, or evaluate without a judge"
        )
    return CachedJudge(_open(name, settings.for_judge()), cache or verdict_cache())


def _open(name: JudgeName, settings: Settings) -> ChatJudge:
    from rag.model.chat import ChatModel

    model = ChatModel.open(settings, JUDGING)
    if name == "llm":
        return PromptedJudge(model)
    from eval.judging.llamaindex import LlamaIndexJudge

    return LlamaIndexJudge(model)

"""The judge layer: what a language model says of claims and answers, apart from the deterministic layer."""

from pathlib import Path
from typing import Literal, get_args

from eval.judging.base import Asked, Kind, ModelJudge, Verdict
from rag.errors import ModelError
from rag.model_client import server_name
from rag.settings import Settings, verdict_cache

__all__ = ["JUDGES", "Asked", "JudgeName", "Kind", "ModelJudge", "Verdict", "open_judge"]

JudgeName = Literal["llm", "llamaindex"]
JUDGES: tuple[JudgeName, ...] = get_args(JudgeName)


def open_judge(name: JudgeName, settings: Settings, cache: Path | None = None) -> ModelJudge:
    """The judge of this name with the model that the settings name; nothing is sent before the first claim.

    `llm` judges by our rules, `llamaindex` by LlamaIndex's evaluators. Verdicts are kept in the file
    `cache`, by default in the user data folder. Raises ModelError where no model is configured.
    """
    if not settings.has_model:
        raise ModelError(
            "no model is configured that could judge: set OPENAI_API_KEY, or OPENAI_BASE_URL for a "
            "compatible server, or evaluate without a judge"
        )
    from eval.judging.cache import CachedJudge

    return CachedJudge(_open(name, settings.for_judge()), cache or verdict_cache())


def _open(name: JudgeName, settings: Settings) -> ModelJudge:
    from rag.writers.llm import open_model

    given = open_model(settings), server_name(settings), settings.prices
    if name == "llm":
        from eval.judging.prompted import PromptedJudge

        return PromptedJudge(*given)
    from eval.judging.llamaindex import LlamaIndexJudge

    return LlamaIndexJudge(*given)

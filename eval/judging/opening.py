"""Opens judges. This module loads the model's client and LlamaIndex."""

from pathlib import Path

from eval.judging.asked_once import ChatJudge
from eval.judging.llamaindex import LlamaIndexJudge
from eval.judging.prompted import PromptedJudge
from rag.model.base import JUDGING
from rag.model.chat import ChatModel
from rag.settings import Settings

_JUDGES: dict[str, type[ChatJudge]] = {"llm": PromptedJudge, "llamaindex": LlamaIndexJudge}


def open_chat_judge(name: str, settings: Settings, cache: Path) -> ChatJudge:
    """The judge of this name. Raises KeyError for another one."""
    return _JUDGES[name](ChatModel.open(settings.for_judge(), JUDGING), cache)

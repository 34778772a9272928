"""One request to the model that judges."""

from collections.abc import Sequence

from rag.chat_model import ChatModel, Message
from rag.errors import ModelFailedError
from rag.model_client import Use
from rag.plain import cut
from rag.writers.model_text import readable

JUDGING = Use("ASKPAPERS_JUDGE_MODEL (or ASKPAPERS_MODEL)", "evaluate without a judge")

_SHOWN = 300  # characters of a reason


def ask(model: ChatModel, messages: Sequence[Message], usage: dict[str, float]) -> str:
    """The whole reply, without what the model reasoned before it; what it took is added to `usage`.

    Raises ModelError: nothing was said, or not to its end.
    """

    def cut(reason: str) -> None:
        raise ModelFailedError(f"the model {model.name} stopped before the end of its verdict ({reason})")

    reply = "".join(readable(model.stream(messages, usage, cut))).strip()
    if not reply:
        raise ModelFailedError(f"the model {model.name} wrote nothing")
    return reply


def shortened(text: str) -> str:
    """What a model said, as a line."""
    return cut(" ".join(text.split()), _SHOWN)

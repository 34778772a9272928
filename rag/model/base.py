"""What requests to a model share: messages, prompts, usage, purposes. Loads no vendor."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

Message = tuple[str, str]
"""A role and a text."""
Usage = dict[str, float]
"""The number of requests, their tokens and, if prices are set, their cost."""


@dataclass(frozen=True)
class Use:
    """What a model is used for; error messages name it."""

    variable: str  # the setting that names the model
    without: str  # how to do without a model, after "or"


WRITING = Use("ASKPAPERS_MODEL", "answer without a model with `--writer extractive`")
CHECKING = Use(
    "ASKPAPERS_JUDGE_MODEL (or ASKPAPERS_MODEL)", "leave answers unchecked with ASKPAPERS_JUDGE_MODEL=off"
)
JUDGING = Use("ASKPAPERS_JUDGE_MODEL (or ASKPAPERS_MODEL)", "evaluate without a judge")
EMBEDDING = Use("ASKPAPERS_EMBEDDING_MODEL", "unset ASKPAPERS_EMBEDDING_MODEL for the embedded encoder")

WINDOW = 8192
"""Tokens of context, if neither the settings nor a table know the model's."""
FRAME_TOKENS = 8
"""Tokens that a message takes in addition to its text, at most."""


def reply_tokens(window: int) -> int:
    """How many tokens of a context window are reserved for the reply."""
    return min(2048, window // 4)


@cache
def read_prompt(package: str, name: str) -> str:
    """The text of a prompt, a file beside the module that sends it."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")

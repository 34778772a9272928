"""What the assistant uses one language model for: to write, to rewrite follow-ups, to check."""

from dataclasses import dataclass

from llama_index.core.llms import LLM

from rag.query.rewriting import ModelRewriter
from rag.settings import Settings
from rag.support.base import Judge
from rag.support.llm import LLMJudge
from rag.writers.llm import LLMWriter, open_model


@dataclass(frozen=True)
class ModelUses:
    """The uses of one model, which share its connection."""

    llm: LLM
    writer: LLMWriter
    rewrite: ModelRewriter

    def judge(self, otherwise: Judge) -> Judge:
        """The model as the judge of sentences; `otherwise` judges where it fails."""
        return LLMJudge(self.llm, otherwise)

    def close(self) -> None:
        """Close its connection."""


def open_uses(llm: LLM | None, settings: Settings) -> ModelUses:
    """The uses of this model, or of the one that the settings name. Nothing is sent yet."""
    llm = llm or open_model(settings)
    return ModelUses(llm, LLMWriter(llm, settings.prices), ModelRewriter(llm, settings.prices))

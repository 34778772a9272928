"""The judge of support: how far do passages support a claim?"""

from rag.support.base import Judge, Support, support
from rag.support.calibrated import CalibratedJudge
from rag.support.llm import LLMJudge

__all__ = ["CalibratedJudge", "Judge", "LLMJudge", "Support", "support"]

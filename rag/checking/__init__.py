"""Checks the sentences of answers against the papers that they cite."""

from rag.checking.base import Judge, Quote, Statement, Verdict
from rag.checking.by_model import ModelJudge

__all__ = ["Judge", "ModelJudge", "Quote", "Statement", "Verdict"]

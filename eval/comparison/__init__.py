"""Two runs of the same questions: what differs, how sure that is, and which questions changed side."""

from eval.comparison.compare import Comparison, Layer, Side, compare
from eval.comparison.differences import Difference

__all__ = ["Comparison", "Difference", "Layer", "Side", "compare"]

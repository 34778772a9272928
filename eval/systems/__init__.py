"""Who answers the questions of a run: our assistant, or anybody's program."""

from eval.systems.adapting import as_system
from eval.systems.answers import Refuses
from eval.systems.assistant import AssistantSystem
from eval.systems.base import Answered, System
from eval.systems.function import FunctionSystem
from eval.systems.query_engine import query_engine_system
from eval.systems.replies import Reply, Source

__all__ = [
    "Answered",
    "AssistantSystem",
    "FunctionSystem",
    "Refuses",
    "Reply",
    "Source",
    "System",
    "as_system",
    "query_engine_system",
]

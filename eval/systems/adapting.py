"""Whatever answers questions, as a System."""

from typing import Any

from eval.systems.answers import Refuses
from eval.systems.assistant import AssistantSystem
from eval.systems.base import System
from eval.systems.function import FunctionSystem
from eval.systems.query_engine import QueryEngine, query_engine_system
from rag.assistant import Assistant
from rag.library import Library
from rag.types import Request


def as_system(
    thing: object,
    *,
    library: Library | None = None,
    options: Request | None = None,
    refuses: Refuses | None = None,
    name: str | None = None,
) -> System:
    """An Assistant, a query engine, a callable, or a System itself, as a System.

    All but `options` is for the replies of other programs: `library` knows their papers, `refuses` their
    refusals. Raises TypeError for what cannot answer.
    """
    if isinstance(thing, Assistant):
        return AssistantSystem(thing, options)
    own: dict[str, Any] = {"library": library, "name": name, "refuses": refuses}
    if not isinstance(thing, type):
        if isinstance(thing, System):
            return thing
        if callable(thing):
            return FunctionSystem(thing, options=options, **own)
        if isinstance(thing, QueryEngine):
            return query_engine_system(thing, options=options, **own)
    what = f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
    raise TypeError(
        f"{what} cannot be asked: give an Assistant, a LlamaIndex query engine, or a callable from a "
        "question to a text, (text, sources), a Reply or an Answer"
    )

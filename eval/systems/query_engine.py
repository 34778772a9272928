"""LlamaIndex query engines as the system of a run, ours and anybody's."""

import re
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from eval.systems.answers import Refuses
from eval.systems.function import FunctionSystem
from eval.systems.replies import Reply, Source
from rag.library import Library
from rag.types import Answer, Request

_NUMBERED = re.compile(r"Source (\d+):\n")  # what CitationQueryEngine puts before each node's text


@runtime_checkable
class QueryEngine(Protocol):
    """What answers with `response`, or a stream of it, and `source_nodes`."""

    def query(self, question: str, /) -> Any: ...


def query_engine_system(
    engine: QueryEngine,
    *,
    library: Library | None = None,
    options: Request | None = None,
    name: str | None = None,
    refuses: Refuses | None = None,
) -> FunctionSystem:
    """A query engine as a system: its source nodes are the sources, in their order.

    The metadata of a node say which paper it is of: `title`; `paper_id`, `arxiv_id`, `doi` or
    `file_name`; else it is the document that the node was cut from. An engine of ours has its whole
    Answer in the metadata of the response, and that is taken. A query engine has no earlier turns.
    """

    return FunctionSystem(
        lambda question: read_response(engine.query(question)),
        library=library,
        options=options,
        name=name or type(engine).__name__,
        kind="query engine",
        refuses=refuses,
    )


def read_response(response: Any) -> object:
    """The Answer in a LlamaIndex response, else its text with its sources; what is none stays as it is."""
    if not hasattr(response, "source_nodes"):
        return response
    if answer := _our_answer(response.metadata):
        return answer
    if hasattr(response, "get_response"):  # a stream, or an object that stands for a text
        response = response.get_response()
    return Reply(response.response or "", _sources(response.source_nodes))


def _our_answer(metadata: object) -> Answer | None:
    record = metadata.get("answer") if isinstance(metadata, Mapping) else None
    try:
        return Answer.from_dict(record) if isinstance(record, Mapping) else None
    except (KeyError, TypeError):
        return None


def _sources(nodes: list[Any]) -> list[Source]:
    """The sources that nodes with a score are."""
    texts = [node.node.get_content() for node in nodes]
    numbers = [_NUMBERED.match(text) for text in texts]
    if all(number and int(number[1]) == place for place, number in enumerate(numbers, start=1)):
        texts = [_NUMBERED.sub("", text, count=1).removesuffix("\n") for text in texts]
    return [_source(node, text) for node, text in zip(nodes, texts, strict=True)]


def _source(node: Any, text: str) -> Source:
    metadata = node.node.metadata
    named = (metadata.get(name) for name in ("paper_id", "arxiv_id", "doi", "file_name"))
    title = metadata.get("title")
    return Source(
        text=text,
        title=title,
        paper_id=next(filter(None, named), None if title else node.node.ref_doc_id),
        score=node.score,
    )

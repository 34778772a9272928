"""Our retriever and our assistant as LlamaIndex types, for LlamaIndex programs."""

from collections.abc import Sequence
from typing import Any, Protocol

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import FunctionTool

from rag.library import Library
from rag.retrieval import Retriever
from rag.types import Answer, Filters, Paper
from rag.with_sources import with_sources

NAME = "research_papers"
DESCRIPTION = (
    "Answers a question about research papers, each sentence cited and checked, or says that the "
    "papers do not answer it. Ask one whole question at a time."
)


class Answering(Protocol):
    """What LlamaIndex's types need of an assistant."""

    library: Library

    def ask(self, question: str) -> Answer: ...
    async def aask(self, question: str) -> Answer: ...


class PaperRetriever(BaseRetriever):
    """Ranked papers as nodes: title and abstract as text, the rest as metadata."""

    def __init__(self, retriever: Retriever, k: int = 10, filters: Filters = Filters()) -> None:
        super().__init__()
        self._papers = retriever
        self._k = k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._papers.search(query_bundle.query_str, self._k, self._filters)
        return [NodeWithScore(node=_node(hit.paper), score=hit.score) for hit in hits]


class CitedQueryEngine(BaseQueryEngine):
    """Answers with the cited papers as source nodes and the Answer in `metadata["answer"]`."""

    def __init__(self, assistant: Answering) -> None:
        super().__init__(CallbackManager([]))
        self._assistant = assistant

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        return self._response(self._assistant.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._response(await self._assistant.aask(query_bundle.query_str))

    def _response(self, answer: Answer) -> Response:
        cited = list(dict.fromkeys(citation.paper_id for citation in answer.citations))
        papers = self._assistant.library.catalog.papers(cited)
        quoted = {id_: _quoted(answer, id_) for id_ in cited}
        scores = {ranked.paper_id: ranked.score for ranked in answer.papers}
        metadata: dict[str, Any] = {"answer": answer.to_dict()}
        nodes = [
            NodeWithScore(node=_node(papers[id_], quoted[id_]), score=scores.get(id_))
            for id_ in cited
            if id_ in papers
        ]
        return Response(answer.text, source_nodes=nodes, metadata=metadata)


def make_tool(assistant: Answering, name: str, description: str) -> FunctionTool:
    """A tool for agents: the answer's text with its sources as content, the Answer as raw output."""

    def answer(question: str) -> Answer:
        return assistant.ask(question)

    async def answer_later(question: str) -> Answer:
        return await assistant.aask(question)

    return FunctionTool.from_defaults(
        fn=answer, async_fn=answer_later, name=name, description=description, callback=with_sources
    )


def _quoted(answer: Answer, paper_id: str) -> list[str]:
    """What an answer quotes of a paper beside its abstract; a note is called one."""
    quotes = (each for each in answer.citations if each.paper_id == paper_id and each.part != "abstract")
    return [f"Your note: {each.quote}" if each.part == "note" else each.quote for each in quotes]


def _node(paper: Paper, quoted: Sequence[str] = ()) -> TextNode:
    metadata = {"title": paper.title, "published": paper.published, "organization": paper.organization}
    metadata |= {"retracted": paper.retracted} if paper.retracted else {}
    return TextNode(
        id_=paper.paper_id, text="\n".join([paper.title, paper.abstract, *quoted]), metadata=metadata
    )

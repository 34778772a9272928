"""Our retriever and assistant inside a LlamaIndex program."""

import asyncio

from rag.assistant import Assistant
from rag.llamaindex import PaperRetriever
from rag.retrieval import Retriever

QUESTION = "How much compute does bert2BERT save?"


def test_the_retriever_gives_nodes_in_the_order_of_the_hits(bundled):
    retriever = Retriever(bundled)
    nodes = PaperRetriever(retriever, k=5).retrieve(QUESTION)
    assert [node.node_id for node in nodes] == [hit.paper.paper_id for hit in retriever.search(QUESTION, 5)]
    assert nodes[0].metadata["title"].startswith("bert2BERT")


def test_the_query_engine_answers_as_the_assistant_does(bundled):
    assistant = Assistant(bundled)
    engine = assistant.as_query_engine()
    answer = assistant.ask(QUESTION)
    for response in (engine.query(QUESTION), asyncio.run(engine.aquery(QUESTION))):
        assert str(response) == answer.text
        assert response.metadata["answer"]["citations"] == answer.to_dict()["citations"]
        cited = {citation.paper_id for citation in answer.citations}
        assert {node.node_id for node in response.source_nodes} == cited

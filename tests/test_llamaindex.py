"""Our retriever and assistant inside a LlamaIndex program."""

import asyncio
import json
from dataclasses import replace

import model_server as served
import pytest
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent, ToolCallResult
from llama_index.llms.openai_like import OpenAILike

from rag.assistant import Assistant
from rag.llamaindex import PaperRetriever
from rag.plain import sentence
from rag.retrieval import Retriever
from rag.with_sources import with_sources

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


def test_the_tool_gives_the_answer_with_its_sources(bundled):
    assistant = Assistant(bundled)
    tool = assistant.as_tool(name="my_papers", description="What my papers say.")
    assert (tool.metadata.name, tool.metadata.description) == ("my_papers", "What my papers say.")
    assert tool.metadata.get_parameters_dict()["required"] == ["question"]
    answer = assistant.ask(QUESTION)
    for output in (tool.call(question=QUESTION), asyncio.run(tool.acall(question=QUESTION))):
        assert output.raw_output.citations == answer.citations
        assert output.content.startswith(f"{answer.text}\n")
        sources = output.content.removeprefix(f"{answer.text}\n").splitlines()
        assert len(sources) == len({citation.number for citation in answer.citations})
        for citation in answer.citations:
            source = sources[citation.number - 1]
            assert source.startswith(f"[{citation.number}] {citation.title} (")
            assert citation.quote in source


def test_the_tool_says_why_it_has_no_answer(bundled):
    output = Assistant(bundled).as_tool().call(question="How long should I boil an egg for breakfast?")
    assert output.raw_output.status == "refused"
    assert output.content.splitlines()[1] == sentence(output.raw_output.reason)


def test_the_tool_says_what_is_missing_from_an_answer(bundled):
    answer = replace(Assistant(bundled).ask(QUESTION), status="partial", missing="the learning rate")
    rest = with_sources(answer).removeprefix(f"{answer.text}\n").splitlines()
    assert rest[0] == "Not in the papers: the learning rate."


def tool_call(name, arguments):
    """A streamed reply that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"index": 0, "id": "call-1", "type": "function", "function": function}
    choice = {"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return served.events(json.dumps(chunk), "[DONE]")


AGENTS = [
    (FunctionAgent, tool_call("research_papers", {"question": QUESTION}), "About 45%."),
    (
        ReActAgent,
        served.answer(
            "Thought: I need a tool.\nAction: research_papers\n"
            f'Action Input: {{"question": "{QUESTION}"}}\n'
        ),
        "Thought: I can answer without using any more tools.\nAnswer: About 45%.",
    ),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LlamaIndex's own agents
@pytest.mark.parametrize(("agent_kind", "call", "reply"), AGENTS)
def test_agents_use_the_tool(bundled, server, agent_kind, call, reply):
    async def run():
        llm = OpenAILike(
            model="scripted",
            api_base=server.url,
            api_key="none",
            is_chat_model=True,
            is_function_calling_model=True,
        )
        agent = agent_kind(tools=[Assistant(bundled).as_tool()], llm=llm)
        handler = agent.run("What does bert2BERT save?")
        results = [event async for event in handler.stream_events() if isinstance(event, ToolCallResult)]
        return results, str(await handler)

    server.play(call, served.answer(reply))
    (result,), text = asyncio.run(run())
    assert result.tool_output.raw_output.papers[0].title.startswith("bert2BERT")
    assert "[1] bert2BERT" in json.dumps(server.requests[-1].body["messages"])
    assert text == "About 45%."

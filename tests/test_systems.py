"""Programs of others under our evaluation: what they reply, read and scored."""

import asyncio
import functools
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest.mock import ANY

import model_server as served
import pytest
from conftest import ledgers, library_of
from hypothesis import given
from hypothesis import strategies as st
from judge_replies import data_of, decided, play
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.node_parser import TokenTextSplitter
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.llms.openai_like import OpenAILike

from eval.cases import Case, CaseTurn
from eval.errors import ProgramError
from eval.evidence import find_evidence
from eval.judging import open_judge
from eval.metrics.registry import METRICS
from eval.rows import Row
from eval.runner import evaluate
from eval.scoring import expect, score
from eval.shelf import Papers
from eval.systems import Answered, AssistantSystem, Reply, Source, as_system
from rag import Assistant, Filters, KeyRefusedError
from rag.llamaindex import PaperRetriever
from rag.markers import find_markers, without_markers
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.types import Answer, Paper, Request

TOPICS = ["owls", "bees", "foxes"]
QUESTION = "How many entries does the ledger of owls hold?"
RANKING = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10")
SETS = ("set_precision", "set_recall", "set_f1")
EVIDENCE = ("verbatim", "names_and_numbers", "citation_validity")


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    """A library of three papers, of 2011 to 2013, that tests only read."""
    with library_of(ledgers(TOPICS), tmp_path_factory.mktemp("papers"), encoder) as library:
        yield library


@pytest.fixture(scope="module")
def assistant(library):
    return Assistant(library, writer="extractive")


OWLS = Source("We count owls in the field. A ledger of owls holds 131 entries.", title="A Study of owls")
COST = Source("It cost 12% less.", title="a study of OWLS!")  # a piece of the same paper
BEES = Source("A ledger of bees holds 231 entries.", title="A Study of bees")


def turn(question=QUESTION, **fields) -> CaseTurn:
    return CaseTurn.model_validate({"question": question} | fields)


def ask(thing, asked=None, history=(), **options) -> Answered:
    return as_system(thing, **options).answer(asked or turn(), history)


def replying(reply):
    return lambda question: reply


def outcomes(answered, asked):
    expected = expect(asked, answered.shelf)
    return answered.applicable(score(asked, expected, answered.answer, answered.shelf))


def values(reply, *names, asked=None, **options):
    """The values of these metrics, None where they do not apply, for a program that replies so."""
    asked = asked or turn(papers=["A Study of owls"], tags=["list"])
    found = outcomes(ask(replying(reply), asked, **options), asked)
    return [found[name].value for name in names]


def test_markers_count_into_the_sources_and_a_paper_has_one_number():
    answered = ask(
        replying(("The ledger of owls holds 131 entries [1]. It cost 12% less [2].", [OWLS, COST]))
    )
    answer = answered.answer
    assert answer.text == "The ledger of owls holds 131 entries [1]. It cost 12% less [1]."
    assert [claim.citations for claim in answer.claims] == [(1,), (1,)]
    assert [claim.quotes for claim in answer.claims] == [(0,), (1,)]
    assert [each.quote for each in answer.citations] == [
        "A ledger of owls holds 131 entries.",
        COST.text[:-1],
    ]
    (owls,) = answered.shelf.papers([each.paper_id for each in answer.citations]).values()
    assert owls.abstract == f"{OWLS.text}\n\n{COST.text}"
    assert all(owls.abstract[each.start : each.end] == each.quote for each in answer.citations)


def test_sentences_are_unchecked_but_for_those_that_are_quoted():
    text = "The ledger of owls holds 131 entries [1]. A ledger of owls holds 131 entries [1]."
    answered = ask(replying((text, [OWLS])))
    assert [claim.check for claim in answered.answer.claims] == ["unchecked", "verbatim"]
    assert answered.answer.checked_by is None
    found = outcomes(answered, turn())
    assert (found["faithfulness"].value, found["faithfulness"].unchecked) == (1, 1)
    assert found["verbatim"].value == 0.5


def test_a_judge_judges_the_sentences_of_others(tmp_path):
    case = Case(id="one", turns=[turn()])
    reply = ("In the ledger of owls are 131 entries [1]. Violins sing [1].", [OWLS])

    def judge(request):
        if "sentences" in data_of(request):
            return decided(request, lambda text, _: "not found" if "Violins" in text else "supported")
        return json.dumps({"score": 2})

    with served.running() as server:
        play(server, served.answered_by(judge))
        settings = Settings(base_url=server.url, model="scripted")
        with open_judge("llm", settings, tmp_path / "verdicts.sqlite") as judge:
            run = evaluate(lambda question: reply, case, out=tmp_path / "run", model_judge=judge)
    summary = run.summary()
    assert summary["judge"]["metrics"]["judge_faithfulness"]["mean"] == 0.5
    assert summary["judge"]["metrics"]["judge_citation_recall"]["mean"] == 0.5
    faithful = summary["metrics"]["faithfulness"]
    assert (faithful["mean"], faithful["unchecked"], faithful["not_applicable"]) == (None, 2, 1)


def test_a_right_reply_is_scored_by_every_metric_that_applies():
    reply = ("The ledger of owls holds 131 entries [1].", [OWLS, BEES])
    known = {"papers": ["A Study of owls"], "facts": [["131"]], "expected_filters": {}, "tags": ["list"]}
    found = outcomes(ask(replying(reply), turn(**known)), turn(**known))
    assert list(found) == list(METRICS)
    ones = (*RANKING, *SETS, "fact_recall", "names_and_numbers", "citation_validity")
    assert [found[name].value for name in ones] == [1] * len(ones)
    assert (found["words"].value, found["over_refusal"].value) == (7, 0)
    assert "years" in found["filter_accuracy"].explanation
    assert found["faithfulness"].explanation == "nobody judged its 1 sentence"
    assert {found[name].kind for name in ("filter_accuracy", "abstention_recall", "requests")} == {
        "not applicable"
    }


def test_a_paper_is_ranked_once_in_the_order_of_its_sources():
    answer = ask(
        replying(("Bees.", [replace(BEES, score=0.5), OWLS, COST, "A text without a name."]))
    ).answer
    assert [each.title for each in answer.papers] == [BEES.title, OWLS.title, "A text without a name."]
    assert [each.score for each in answer.papers] == [0.5, 0.5, 0.3333]


def test_sources_are_one_paper_by_id_or_title():
    named = [
        Source("One.", paper_id="arXiv:2110.07143v2"),
        Source("Two.", paper_id="https://arxiv.org/abs/2110.07143", title="A Study"),
        Source("Three.", title="a study"),
        Source("Four.", paper_id="x-7"),
        Source("Five.", paper_id=7),
    ]
    answered = ask(replying(("[1][2][3][4][5] All.", named)))
    assert [each.paper_id for each in answered.answer.papers] == ["2110.07143", "x-7", "7"]
    assert answered.shelf.find(["arXiv:2110.07143", "A STUDY", "x-7"]) == {
        "arXiv:2110.07143": "2110.07143",
        "A STUDY": "2110.07143",
        "x-7": "x-7",
    }


def test_pieces_of_a_paper_share_its_number_and_keep_their_quotes():
    sources = [Source("Owls hoot.", title="T"), Source("Owls nest.", title="T")]
    answered = ask(replying(("Owls hoot [1]. Owls nest [2]. They hoot [1].", [*sources, sources[0]])))
    assert [each.quote for each in answered.answer.citations] == ["Owls hoot.", "Owls nest."]
    assert [claim.citations for claim in answered.answer.claims] == [(1,), (1,), (1,)]
    assert [claim.quotes for claim in answered.answer.claims] == [(0,), (1,), (0,)]
    (paper,) = find_evidence(answered.answer, answered.shelf).cited[1].papers
    assert paper.abstract == "Owls hoot.\n\nOwls nest."


MARKED = [  # a text, citations of each claim, written, unknown
    ("It cost 12% less [1, 2].", [(1,)], 2, 0),
    ("It cost 12% less [3, 2].", [(1, 2)], 2, 0),
    ("It cost 12% less. [3] Owls hoot.[1]", [(1,), (2,)], 2, 0),
    ("It cost 12% less【2†source】.", [(1,)], 1, 0),
    ("It cost 12% less [2][9].", [(1,)], 2, 1),
    ("It cost 12% less [0].", [()], 1, 1),
    ("It cost 12% less.", [()], 0, 0),
]


@pytest.mark.parametrize(("text", "citations", "written", "unknown"), MARKED)
def test_markers_as_programs_write_them(text, citations, written, unknown):
    answer = ask(replying((text, [OWLS, COST, BEES]))).answer
    assert [claim.citations for claim in answer.claims] == citations
    assert (answer.markers.written, answer.markers.unknown) == (written, unknown)


def test_markers_that_name_no_source_count_against_the_program():
    reply = ("The ledger of owls holds 131 entries [1][7].", [OWLS])
    assert values(reply, *EVIDENCE) == [0, 1, 0.5]


def test_a_reply_without_markers_is_compared_with_all_its_sources():
    reply = ("The ledger of owls holds 131 entries. Violins cost 99 euros.", [BEES, OWLS])
    names = (*EVIDENCE, "hit@1", "hit@5", "set_precision", "set_recall")
    assert values(reply, *names) == [0, 0.5, None, 0, 1, None, 0]


def test_of_a_text_alone_nothing_is_said_that_rests_on_sources():
    asked = turn(papers=["A Study of owls"], facts=[["131"]], tags=["list"])
    found = outcomes(ask(replying("The ledger holds 131 entries [1]."), asked), asked)
    lacking = (*RANKING, *SETS, "faithfulness", *EVIDENCE)
    assert {found[name].kind for name in lacking} == {"not applicable"}
    assert found["verbatim"].explanation == "the reply does not say its sources"
    assert (found["fact_recall"].value, found["words"].value) == (1, 5)


def test_a_program_that_found_nothing_is_scored_for_it():
    names = ("hit@1", "set_recall", *EVIDENCE)
    assert values(("The ledger holds 131 entries [1].", []), *names) == [0, 0, 0, 0, 0]


def test_sources_without_names_are_no_ranking_but_evidence():
    reply = ("The ledger of owls holds 131 entries [1].", [OWLS.text])
    names = ("hit@1", "set_f1", "names_and_numbers", "citation_validity")
    assert values(reply, *names) == [None, None, 1, 1]


def test_papers_that_a_library_knows_have_its_ids(library):
    (known,) = library.catalog.find(["A Study of owls"]).values()
    sources = [Source("A text.", paper_id="7", title="a study of OWLS"), Source("More.", paper_id=known)]
    answered = ask(replying(("Owls [1].", sources)), library=library)
    assert [(each.paper_id, each.title) for each in answered.answer.papers] == [(known, "A Study of owls")]
    assert answered.answer.citations[0].published == "2011-05-06"
    assert answered.shelf.papers([known])[known].abstract == "A text.\n\nMore."
    others = library.catalog.find(["A Study of bees"])
    assert answered.shelf.find(["A Study of bees"]) == others
    assert answered.shelf.papers(list(others.values())) == library.catalog.papers(list(others.values()))


def test_a_source_without_a_text_has_that_of_the_library(library):
    reply = ("The ledger of owls holds 131 entries [1].", [Source("", title="A Study of owls")])
    assert values(reply, "names_and_numbers", "citation_validity", library=library) == [1, 1]
    assert values(reply, "names_and_numbers", "citation_validity") == [0, 1]


@pytest.mark.parametrize("text", ["", " \n", "Empty Response"])
def test_an_empty_reply_is_a_refusal(text):
    answered = ask(replying((text, [OWLS])))
    assert (answered.answer.status, answered.answer.reason) == ("refused", "the reply is empty")
    asked = turn(answerable=False)
    assert outcomes(answered, asked)["abstention_recall"].value == 1


def test_no_words_are_taken_for_a_refusal_unless_the_user_says_so():
    sorry = "I am sorry, but the sources do not say."
    assert ask(replying(sorry)).answer.status == "answered"
    assert ask(replying(sorry), refuses=lambda text: "sorry" in text).answer.status == "refused"
    assert ask(replying(Reply(sorry, refused=True))).answer.status == "refused"
    refused = Reply("", refused=False)
    assert ask(replying(refused), refuses=lambda text: True).answer.status == "answered"
    found = outcomes(ask(replying(Reply(sorry, [OWLS], refused=True))), turn())
    assert (found["faithfulness"].value, found["over_refusal"].value) == (None, 1)


def test_a_function_is_given_what_its_signature_names():
    class Program:
        def __call__(self, question, *, filters):
            return f"{question} {filters.from_year}"

        def method(self, question, history):
            return f"{question} {history[0]['content']}"

    def several(question, words, history=(), filters=None):
        history.append("a copy")
        return f"{words} {len(history)} {filters.to_year}"

    history = [{"role": "user", "content": "Before?"}]
    options = Request(filters=Filters(2012, 2016), words=5)
    asked = turn("Now?", filters={"from_year": 2014})

    def said(thing):
        return ask(thing, asked, history, options=options).answer.text

    assert said(Program()) == "Now? 2014"
    assert said(Program().method) == "Now? Before?"
    assert said(several) == "5 2 2016"
    assert said(functools.partial(several, words=7)) == "7 2 2016"
    assert said(lambda question, *rest, **more: f"{len(rest)}, {len(more)}") == "0, 0"
    assert said(str.upper) == "NOW?"
    assert history == [{"role": "user", "content": "Before?"}]
    assert ask(Program(), asked, options=options).answer.filters == Filters(2014, 2016)
    assert ask(several, asked, options=options).answer.filters == Filters(2014, 2016)
    assert ask(str.upper, asked, options=options).answer.filters == Filters()


def test_async_programs_answer_also_where_a_loop_is_running():
    loops = set()

    class Program:
        async def __call__(self, question):
            await asyncio.sleep(0)
            loops.add(asyncio.get_running_loop())
            return (f"{question} [1]", [OWLS])

    system = as_system(Program())

    async def inside():
        return system.answer(turn("Inside?"), ()).answer.text

    assert system.answer(turn("Outside?"), ()).answer.text == "Outside? [1]"
    assert asyncio.run(inside()) == "Inside? [1]"
    assert len(loops) == 1  # so that clients keep their connections


def test_async_programs_are_asked_at_once_and_their_thread_ends_with_them():
    both = asyncio.Barrier(2)

    async def program(question):
        await both.wait()
        return question

    before = set(threading.enumerate())
    system = as_system(program)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(system.answer, turn(f"Is it {number}?"), ()) for number in range(2)]
    assert [each.result().answer.text for each in asked] == ["Is it 0?", "Is it 1?"]
    (thread,) = set(threading.enumerate()) - before
    del system
    thread.join(10)
    assert not thread.is_alive()


class Interrupted(KeyboardInterrupt):
    pass


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_program_raises_is_an_error_of_its_question(is_async):
    def program(question):
        raise {
            "value": ValueError("no\nmore\ud800 sk-abcdef123456"),
            "key": KeyRefusedError("refused"),
        }.get(question, Interrupted())

    async def later(question):
        return program(question)

    thing = later if is_async else program
    message = rf"{thing.__name__} failed \(ValueError: no more …\): mend it, and run again"
    with pytest.raises(ProgramError, match=message):
        ask(thing, turn("value"))
    with pytest.raises(KeyRefusedError):
        ask(thing, turn("key"))
    with pytest.raises(Interrupted):
        ask(thing, turn("interrupt"))


def test_an_async_program_that_cancels_itself_is_an_error_of_its_question():
    async def program(question):
        raise asyncio.CancelledError

    with pytest.raises(ProgramError, match="CancelledError"):
        ask(program)


async def _stream(question):
    yield question


NO_REPLIES = [
    (replying({"answer": "Owls."}), "the reply is of the type dict: return a text"),
    (replying(None), "NoneType"),
    (replying(("Owls.", "A text.")), "what should be the sources is of the type str"),
    (replying(("Owls.", [3])), "a source is of the type int"),
    (replying(Reply(text=None)), "the text of the reply is of the type NoneType"),
    (replying(("Owls.", [Source(None)])), "the text of a source is of the type NoneType"),
    (_stream, "async_generator"),
    (lambda: "Owls.", "TypeError"),
]


@pytest.mark.parametrize(("program", "message"), NO_REPLIES)
def test_what_is_no_reply_says_what_would_be_one(program, message):
    with pytest.raises(ProgramError, match=message):
        ask(program)


def test_a_mistake_in_refuses_is_an_error_of_the_question():
    with pytest.raises(ProgramError, match="KeyError"):
        ask(replying("Owls."), refuses=lambda text: {}[text])


PIECES = st.sampled_from(
    [
        *("Owls eat mice", "bees. ", "12% ", "e.g. ", "et al. (2020)", "? ", "…", "ünï ", "<b>", "(1)"),
        *("\n", "\n\n- ", "# ", "* ", "\t", "\u00a0", "\x00", "\u202e"),
        *("[1]", "[2, 9]", "【3†source】", "[^1]", "[1](https://x.org)", "\\[1\\]", "[paper 1: T]"),
        *(" [", "] ", "[1", "[key", "`x[1]`", "$a_{[1]}$"),
    ]
)
WILD = st.text(st.characters(exclude_categories=["Nd"]), max_size=8)  # "1. " may be the number of a list
TEXTS = st.lists(PIECES | WILD, max_size=12).map("".join)


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_nothing_of_a_text_is_lost_and_each_quote_stands_in_its_source(text, sources):
    answered = ask(replying((text, sources)))
    answer = answered.answer
    plain = text.encode("utf-8", "replace").decode()
    written = "".join(piece for piece in find_markers([f"{plain}\n"]) if isinstance(piece, str))
    assert letters(without_markers(answer.text)) == letters(written)
    papers = answered.shelf.papers([each.paper_id for each in answer.citations])
    assert all(
        papers[each.paper_id].abstract[each.start : each.end] == each.quote for each in answer.citations
    )
    assert {number for claim in answer.claims for number in claim.citations} <= {
        each.number for each in answer.citations
    }
    asked = turn(papers=["A Study of owls"], tags=["list"])
    shares = [each.value for name, each in outcomes(answered, asked).items() if not METRICS[name].unit]
    assert all(value is None or 0 <= value <= 1 for value in shares)
    json.dumps(answer.to_dict(), allow_nan=False).encode()


def letters(text):
    return "".join(filter(str.isalnum, text))


def test_scores_that_are_no_numbers_give_way_to_the_rank():
    sources = [replace(OWLS, score=float("nan")), replace(BEES, score=float("inf"))]
    assert [each.score for each in ask(replying(("Owls.", sources))).answer.papers] == [1, 0.5]


def test_an_answer_of_ours_is_scored_as_the_assistants(assistant, library):
    asked = turn(papers=["A Study of owls"], facts=[["131"]], tags=["list"])
    direct = outcomes(AssistantSystem(assistant).answer(asked, ()), asked)
    for thing in (lambda question: assistant.ask(question), assistant.as_query_engine()):
        found = outcomes(ask(thing, asked, library=library), asked)
        assert {**found, "seconds": None} == {**direct, "seconds": None}
        assert found["faithfulness"].value == 1


def test_an_answer_whose_papers_are_not_at_hand_is_judged_by_its_quotes(assistant):
    asked = turn(papers=["A Study of owls"])
    found = outcomes(ask(lambda question: assistant.ask(question), asked), asked)
    assert [found[name].value for name in ("hit@1", "faithfulness")] == [1, 1]
    assert {found[name].explanation for name in EVIDENCE} == {
        "its papers are not at hand: give their library"
    }


@pytest.fixture(scope="module")
def server():
    with served.running() as server:
        yield server


@pytest.fixture
def llm(server):
    return OpenAILike(model="scripted", api_base=server.url, api_key="none", is_chat_model=True)


def whole(text):
    """A reply that is not streamed."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return served.body("application/json", json.dumps(body))


@pytest.fixture(scope="module")
def index():
    """An index of two documents, one with a title in several nodes, one that is a file."""
    documents = [
        Document(text=f"{OWLS.text} {COST.text}", metadata={"title": OWLS.title}),
        Document(text=BEES.text, metadata={"file_name": "bees.txt"}),
    ]
    splitter = TokenTextSplitter(chunk_size=30, chunk_overlap=0)
    return VectorStoreIndex.from_documents(
        documents, embed_model=MockEmbedding(4), transformations=[splitter]
    )


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_llamaindex_query_engine_is_a_system(index, llm, server, is_streamed):
    engine = index.as_query_engine(llm=llm, similarity_top_k=9, streaming=is_streamed)
    text = "The ledger of owls holds 131 entries. It cost 12% less."
    server.play((served.answer if is_streamed else whole)(text))
    answered = ask(engine)
    assert answered.answer.text == text
    assert {each.title for each in answered.answer.papers} == {OWLS.title, "bees.txt"}
    assert len(answered.answer.papers) == 2
    found = outcomes(answered, turn(papers=["bees.txt", OWLS.title]))
    names = ("recall@10", "names_and_numbers", "citation_validity")
    assert [found[name].value for name in names] == [1, 1, None]


def test_the_numbers_of_a_citation_query_engine_are_those_of_its_sources(index, llm, server):
    splitter = TokenTextSplitter(chunk_size=30, chunk_overlap=0)
    engine = CitationQueryEngine.from_args(index, llm=llm, text_splitter=splitter, similarity_top_k=9)
    server.play(whole("Bees [1]. Bees [2]. Bees [3]. Bees [4]."))
    answered = ask(engine)
    answer = answered.answer
    sent = str(server.requests[-1].body["messages"]).partition("Below are several")[2]
    shown = re.findall(r"Source \d:\\n(.*?)\\n", sent)
    assert [answer.markers.written, answer.markers.unknown] == [4, 1]
    cited = find_evidence(answer, answered.shelf).cited
    for statement, text in zip(cited, shown, strict=False):
        assert text in statement.papers[0].abstract
    assert [len(statement.papers) for statement in cited] == [1, 1, 1, 0]


def test_a_query_engine_over_our_retriever_is_scored_with_the_library(library, llm, server):
    engine = RetrieverQueryEngine(
        PaperRetriever(Retriever(library), k=3), get_response_synthesizer(llm=llm)
    )
    server.play(whole("The ledger of owls holds 131 entries [1]."))
    asked = turn(papers=["A Study of owls"], tags=["list"])
    found = outcomes(ask(engine, asked, library=library), asked)
    names = ("hit@1", "set_f1", "names_and_numbers", "citation_validity")
    assert [found[name].value for name in names] == [1] * len(names)


def test_a_query_engine_that_retrieves_nothing_refuses(llm):
    index = VectorStoreIndex([], embed_model=MockEmbedding(4))
    assert ask(index.as_query_engine(llm=llm)).answer.status == "refused"


def test_what_a_query_method_of_others_replies_is_read_as_a_functions():
    class Program:
        def query(self, question):
            return ("It cost 12% less [1].", [COST])

    assert len(ask(Program()).answer.citations) == 1


def test_a_program_that_needs_more_than_it_is_given_is_refused_at_once():
    def program(question, retriever, *, history, model):
        return "Owls."

    with pytest.raises(TypeError, match="program needs retriever, model"):
        as_system(program)
    as_system(functools.partial(program, retriever=1, model=2))


def test_a_library_may_be_named_by_its_folder(library):
    case = Case(id="one", turns=[turn(papers=["A Study of owls"])])
    reply = (OWLS.text, [Source(OWLS.text, title="a study of owls")])
    (row,) = evaluate(lambda question: reply, case, library=str(library.folder)).rows
    assert row.outcomes["hit@1"].value == 1
    assert row.expected.papers == tuple(library.catalog.find(["A Study of owls"]).values())


def test_who_is_asked_is_recorded(assistant, library):
    options = Request(words=5)

    def mine(question):
        return "Owls."

    class Program:
        __call__ = staticmethod(mine)

    def record(thing, **more):
        return as_system(thing, options=options, **more).record

    known = record(assistant)["library"]
    assert known["papers"] == 3
    assert record(mine) == {"kind": "function", "writer": "mine", "options": options.to_dict()}
    assert record(mine, library=library)["library"] == known
    engine = assistant.as_query_engine()
    whose = [record(each)["writer"] for each in (Program(), functools.partial(mine), Program().__call__)]
    assert whose == ["Program", "mine", "mine"]
    assert (record(engine)["kind"], record(engine)["writer"]) == ("query engine", "CitedQueryEngine")
    assert record(mine, name="v2")["writer"] == "v2"
    assert (record(assistant)["kind"], record(assistant)["options"]["words"]) == ("assistant", 5)


def test_a_system_is_itself():
    system = as_system(replying("Owls."))
    assert as_system(system) is system


@pytest.mark.parametrize("thing", [3, "my-papers", None, AssistantSystem, Source])
def test_what_cannot_be_asked_says_what_can(thing):
    with pytest.raises(TypeError, match="give an Assistant, a LlamaIndex query engine, or a callable"):
        as_system(thing)


def test_several_threads_may_ask_at_once():
    def program(question):
        number = int(question.split()[-1])
        return (f"The ledger holds {number} entries [1].", [f"The ledger holds {number} entries."])

    system = as_system(program)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda number: system.answer(turn(f"Is it {number}"), ()).answer, range(40))
        )
    for number, answer in enumerate(answers):
        assert answer.citations[0].quote == f"The ledger holds {number} entries"
        assert answer.claims[0].check == "verbatim"


def test_a_run_asks_a_function_and_goes_on_behind_its_errors(tmp_path):
    asked, broken = [], {"Two?"}

    def program(question, history):
        asked.append((question, len(history)))
        if question in broken:
            raise ValueError("not today")
        return ("The ledger of owls holds 131 entries [1].", [OWLS])

    talk = Case(id="talk", turns=[turn("One?"), turn("Two?", papers=["A Study of owls"])])
    cases = [talk, Case(id="alone", turns=[turn("Three?", papers=["A Study of owls"])])]
    run = evaluate(program, cases, out=tmp_path, workers=2)
    assert sorted(asked) == [("One?", 0), ("Three?", 0), ("Two?", 2)]
    assert "program failed (ValueError: not today)" in run.rows[1].error
    means = run.summary()["metrics"]
    assert (means["hit@1"]["mean"], means["hit@1"]["errors"], means["verbatim"]["n"]) == (1, 1, 2)
    broken.clear()
    again = evaluate(program, cases, out=tmp_path)
    assert asked[3:] == [("Two?", 2)]
    assert again.summary()["metrics"]["hit@1"] == means["hit@1"] | {"n": 2, "errors": 0, "ci95": ANY}


def test_pieces_of_one_paper_stand_one_behind_the_other():
    first, second = Paper("T", "One.", paper_id="t"), Paper("T", "Two.", paper_id="t")
    shelf = Papers([first, second, first, Paper("U", "Three.", paper_id="u")])
    assert shelf.papers(["t", "u", "v"])["t"].abstract == "One.\n\nTwo."


def test_what_a_reply_was_answered_from_is_kept_with_its_row():
    """So that a judge can be asked later."""
    case = Case(id="one", turns=[turn()])
    (row,) = evaluate(
        lambda question: ("It holds 131 entries [1]. It cost 12% less [2].", [OWLS, COST]), case
    ).rows
    read = Row.from_dict(json.loads(json.dumps(row.to_dict())))
    assert [paper.abstract for paper in read.sources] == [f"{OWLS.text}\n\n{COST.text}"]
    found = find_evidence(Answer.from_dict(read.answer), Papers(read.sources))
    assert [statement.papers for statement in found.cited] == [read.sources] * 2


def test_our_own_rows_leave_the_papers_in_the_library(assistant):
    (row,) = evaluate(assistant, Case(id="one", turns=[turn()])).rows
    assert row.sources == ()

"""What a model reads of bodies: excerpts under their headings, cut to the room that there is."""

import json
from contextlib import closing
from dataclasses import replace

import model_server as served
import small_pdfs
from runs import runs_of

from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.body import Block, Body, Page
from rag.checking import Statement
from rag.checking.by_model import ModelJudge
from rag.checking.evidence import quotes_of
from rag.finding import Finder
from rag.library import Library
from rag.model.chat import ChatModel
from rag.paper_fields import paper_fields
from rag.query import Understanding
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.types import Hit, Paper, Passage, Request
from rag.writers.prompting import fit_papers, write_prompt

QUESTION = Understanding(Request("How do owls hunt?"), None, "How do owls hunt?")
BLOCKS = [
    ("paragraph", "Owls hunt at night.", "1 Hunting"),
    ("paragraph", "They hear mice under the snow.", "1 Hunting"),
    ("formula", "d = 0.5 (l + r)", "1 Hunting"),
    ("paragraph", "Here d is the distance.", "1 Hunting"),
    ("paragraph", "Rain is loud. " * 250, "1 Hunting"),
    ("paragraph", "Owls hunt in pairs.", "1 Hunting"),
    ("paragraph", "Owls hunt at night.", "2 Results"),
]


def whole(abstract="Owls are birds."):
    """A paper of these blocks, and the place of each."""
    text, blocks = "", []
    for kind, words, section in BLOCKS:
        blocks.append(Block(kind, len(text), len(text) + len(words), section))
        text += f"{words}\n\n"
    body = Body(text, tuple(blocks), (Page(500.0, 700.0),), runs_of([(0, 4, 1, 0, (0.0, 0.0, 9.0, 9.0))]))
    paper = Paper("Owls", abstract, "2020", body=body)
    return paper, [Passage(paper.paper_id, block.start, block.end, "body") for block in blocks]


def excerpted(*places, abstract="Owls are birds."):
    """A hit with excerpts of these blocks, the first ones closest."""
    paper, passages = whole(abstract)
    closeness = {passages[place]: 1 / (1 + rank) for rank, place in enumerate(places)}
    in_order = tuple(passages[place] for place in sorted(places))
    paper = Paper("Owls", abstract, "2020", body=paper.body, excerpts=in_order)
    return Hit(paper, 1.0, in_order[0], closeness=closeness)


def test_excerpts_of_a_section_that_stand_together_are_one_with_what_is_displayed_between():
    hit = excerpted(0, 1, 5, 6)
    assert paper_fields(3, hit.paper) == {
        "key": 3,
        "title": "Owls",
        "year": 2020,
        "text": "Owls are birds.",
        "excerpts": [
            {
                "section": "1 Hunting",
                "text": "Owls hunt at night.\n\nThey hear mice under the snow.\n\nd = 0.5 (l + r)",
            },
            {"section": "1 Hunting", "text": "Owls hunt in pairs."},
            {"section": "2 Results", "text": "Owls hunt at night."},
        ],
        "record": "Published 2020.",
    }


def test_a_paper_without_an_abstract_has_excerpts_alone():
    fields = ["key", "title", "year", "excerpts", "record"]
    assert list(paper_fields(1, excerpted(0, abstract="").paper)) == fields
    assert paper_fields(1, Paper("Owls", ""))["text"] == ""


def test_words_that_a_body_repeats_are_those_of_the_excerpt_that_was_read():
    paper, passages = whole()
    assert [quote.span[0] for quote in quotes_of("Owls hunt at night", [paper])] == [0]
    (quote,) = quotes_of("Owls hunt at night", [excerpted(6).paper])
    assert (quote.part, quote.span[0], quote.text) == ("body", passages[6].start, "Owls hunt at night")
    (other,) = quotes_of("They hear mice under the snow", [excerpted(6).paper])
    assert other.span[0] == passages[1].start


def test_where_room_is_short_the_closest_excerpts_stay_and_other_papers_too():
    hits = {1: excerpted(6, 0, 4), 2: Hit(Paper("Bees", "Bees fly by day."), 0.5, Passage("b", 0, 5))}
    messages = write_prompt(QUESTION, ())
    whole_papers = fit_papers(messages, hits, 100_000)
    assert [len(json.loads(line).get("excerpts", ())) for line in whole_papers] == [2, 0]
    for window in range(1024, 1400, 8):
        papers = [json.loads(line) for line in fit_papers(messages, hits, window)]
        texts = [excerpt["text"] for excerpt in papers[0].get("excerpts", ())]
        assert papers[0]["text"] == "Owls are birds."
        assert not texts or texts[-1] == "Owls hunt at night."
        assert len(papers) == 2


def test_a_list_has_one_excerpt_of_each_body(tmp_path, encoder):
    for bird in ("Owls", "Hawks", "Gulls"):
        sentences = [f"In winter {number} of the {bird.lower()} hunt mice by ear." for number in range(60)]
        file = small_pdfs.paper(f"{bird} That Hunt Mice", f"We count {bird.lower()}.", *sentences)
        (tmp_path / f"{bird}.pdf").write_bytes(file)
    with Library.create(tmp_path / "library", encoder) as library:
        ingest(library, [FileSource(path) for path in sorted(tmp_path.glob("*.pdf"))])
        finder = Finder(library, Retriever(library), Reader(encoder, library.tokens.weights))

        def excerpts(kind):
            question = replace(QUESTION, kind=kind, queries=("hunt mice by ear",), is_from_model=True)
            return sorted(len(hit.paper.excerpts) for hit in finder.for_model(question).shown)

        assert excerpts("list") == [1, 1, 1]
        assert min(excerpts("single")) > 1


def test_a_judge_with_little_room_gets_the_excerpts_that_share_words_with_the_sentence(server):
    statement = Statement("The owls can hear mice in snow.", (excerpted(0, 1, 4, 6).paper,))

    def sent(window):
        settings = Settings(base_url=server.url, model="scripted", context_window=window)
        server.play(checking=served.verdicts(served.verdict("not found")))
        with closing(ChatModel.open(settings)) as model:
            assert [verdict.check for verdict in ModelJudge(model).judge([statement], {})] == ["not found"]
        (paper,) = json.loads(server.checks[-1].body["messages"][1]["content"])["papers"]
        return " ".join(excerpt["text"] for excerpt in paper["excerpts"])

    assert "Rain is loud" in sent(8192)
    short = sent(1400)
    assert "hear mice under the snow" in short
    assert "Rain is loud" not in short

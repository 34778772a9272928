"""Whole texts: their form, their passages, how they are searched, read, quoted and evaluated."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import runs_of

from eval.evidence import find_evidence
from ingest.chunking import split_abstract, split_body
from rag import Assistant, Paper, Request
from rag.body import SEARCHED, Block, Body, Page
from rag.checking import Statement
from rag.checking.evidence import absent, quotes_of
from rag.library.paper_files import PaperFile
from rag.retrieval import Retriever
from rag.sentences import says_something, sentences_in
from rag.types import Filters, Passage

OWLS = Paper("Owls of the North", "We study how owls live in the far north.", published="2021")
BEES = Paper("Bees of the South", "We study how bees live in the far south.", published="2022")
LETTER, LINE = 5.0, 12.0  # points


def body(*blocks):
    """A body of (kind, section, text) with a page for each section; every word has a box on its line."""
    text, made, rows, sections = "", [], [], []
    line = 0
    for kind, section, words in blocks:
        text += "\n\n" if text else ""
        sections += [section] if section not in sections else []
        page, start = sections.index(section) + 1, len(text)
        left = 0.0
        for word in words.split(" "):
            if left > 300:
                left, line = 0.0, line + 1
            at = len(text)
            text += word
            top = LINE * line
            rows.append((at, len(text), page, line, (left, top, left + LETTER * len(word), top + 10)))
            text += " "
            left += LETTER * (len(word) + 1)
        line += 1
        text = text[:-1]
        made.append(Block(kind, start, len(text), section))
    return Body(
        text, tuple(made), tuple(Page(600, 800, f"A{n}") for n in range(len(sections))), runs_of(rows)
    )


NESTS = body(
    ("front", None, "Owls of the North"),
    ("heading", "1 Nests", "1 Nests"),
    ("paragraph", "1 Nests", "Owls build their nests in hollow birches. A nest holds 31 eggs on average."),
    ("heading", "2 Food", "2 Food"),
    ("paragraph", "2 Food", "Voles are most of what they eat. Each owl needs four voles a night."),
    ("caption", "2 Food", "Table 1: What owls eat."),
    ("row", "2 Food", "voles\t70 %"),
    ("row", "2 Food", "shrews\t30 %"),
    ("references", "References", "Strix, A. Secret glaciers of Patagonia, 1999."),
)


def put(library, paper, text=None, source="a.pdf"):
    """Write a paper, and its body if it has one."""
    recorder = library.catalog.recorder(split_abstract)
    if text:
        file = paper.title.encode().hex()[:64].ljust(64, "0")
        recorder.put_file(PaperFile(file, source, False, 1, {}), text, split_body(text))
        paper = replace(paper, file=file)
    recorder.put([paper], source)
    library.sync()
    return paper


@pytest.fixture
def north(library):
    """A library of a paper with a body and one without."""
    put(library, OWLS, NESTS)
    put(library, BEES, source="b.bib")
    return library


words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join)
kinds = st.sampled_from(["paragraph", "row", "formula", "heading", "references", "caption"])
blocks = st.lists(st.tuples(kinds, st.sampled_from([None, "1 A", "2 B"]), words), min_size=1, max_size=12)


@given(blocks)
def test_a_packed_body_is_the_same_to_a_tenth_of_a_point(made):
    one = body(*made)
    other = Body.from_bytes(one.to_bytes())
    assert (other.text, other.blocks, other.pages) == (one.text, one.blocks, one.pages)
    for name in ("starts", "ends", "pages", "lines"):
        assert np.array_equal(getattr(other.runs, name), getattr(one.runs, name))
    assert np.abs(other.runs.boxes - one.runs.boxes).max() <= 0.051


@given(blocks, st.data())
def test_boxes_cover_the_words_of_a_span_line_by_line(made, data):
    one = body(*made)
    start = data.draw(st.integers(0, len(one.text) - 1))
    end = data.draw(st.integers(start + 1, len(one.text)))
    boxes = one.boxes_of(start, end)
    runs = one.runs
    touched = [n for n in range(len(runs.starts)) if runs.starts[n] < end and runs.ends[n] > start]
    assert len(boxes) == len({int(runs.lines[n]) for n in touched})
    for n in touched:
        left, top, right, bottom = runs.boxes[n]
        assert any(
            box.page == runs.pages[n]
            and (box.left, box.top) <= (left, top)
            and box.right >= right
            and box.bottom >= bottom
            for box in boxes
        )
    assert one.page_of(start, end) == (int(runs.pages[touched[0]]) if touched else None)


@given(blocks, st.integers(8, 60))
def test_the_passages_of_a_body_are_what_is_searched_and_keep_to_their_sections(made, budget):
    one = body(*made)
    spans = split_body(one, budget)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    covered = {place for span in spans for place in range(*span) if not one.text[place].isspace()}
    searched = {
        place
        for block in one.blocks
        if block.kind in SEARCHED
        for place in range(block.start, block.end)
        if not one.text[place].isspace()
    }
    assert covered == searched
    for span in spans:
        assert len({(block.section, block.kind in SEARCHED) for block in one.blocks_around(*span)}) == 1


def test_a_question_of_detail_is_answered_from_the_body_with_page_section_and_offsets(north):
    answer = Assistant(north).ask("How many eggs does a nest of owls hold?")
    quote = next(each for each in answer.citations if "31 eggs" in each.quote)
    assert (quote.part, quote.page, quote.label, quote.section) == ("body", 2, "A1", "1 Nests")
    assert NESTS.text[quote.start : quote.end] == quote.quote
    assert "31 eggs" in answer.text


def test_the_row_of_a_table_is_quoted_whole(north):
    answer = Assistant(north).ask(Request("What share of what owls eat are shrews?", words=100))
    assert "shrews\t30 %" in [each.quote for each in answer.citations]


def test_a_body_finds_its_paper_and_its_passage(north):
    hit = Retriever(north).search("hollow birches")[0]
    assert (hit.paper.paper_id, hit.passage.part, hit.page) == (OWLS.paper_id, "body", 2)
    assert "hollow birches" in hit.passage_text
    assert Retriever(north).search("bees of the far south")[0].paper.paper_id == BEES.paper_id


def test_references_are_not_searched(north):
    assert north.standing("Patagonia") == "nowhere"
    assert north.standing("birches") == "there"


def test_bodies_of_others_leave_the_scores_of_a_paper_as_they_are(library):
    put(library, BEES, source="b.bib")
    before = Retriever(library).search("how bees live")[0]
    put(library, OWLS, NESTS)
    after = Retriever(library).search("how bees live")[0]
    assert after.paper == before.paper
    assert after.signals["dense"] == pytest.approx(before.signals["dense"], abs=1e-6)


def test_a_paper_whose_body_says_less_than_its_abstract_keeps_its_signals(library):
    put(library, OWLS)
    before = Retriever(library).search(OWLS.abstract)[0]
    put(library, OWLS, NESTS)
    after = Retriever(library).search(OWLS.abstract)[0]
    assert after.passage.part == "abstract"
    assert after.score == pytest.approx(before.score, abs=1e-4)


def test_filters_hold_for_bodies(north):
    hits = Retriever(north).search("hollow birches", filters=Filters(from_year=2022))
    assert [hit.paper.paper_id for hit in hits] == [BEES.paper_id]


def test_a_paper_without_abstract_and_text_is_found_by_its_title(library):
    put(library, Paper("A Bestiary of Weasels", ""), source="c.bib")
    assert library.verify() == []
    assert Retriever(library).search("bestiary of weasels")[0].paper.title == "A Bestiary of Weasels"
    assert library.catalog.count_titles() == 1
    answer = Assistant(library).ask("What is in the bestiary of weasels?")
    assert "The library has only the title of “A Bestiary of Weasels”." in answer.notes


def test_words_are_looked_up_in_the_abstract_and_then_in_the_body():
    owls = replace(OWLS, body=NESTS)
    (quote,) = quotes_of("build their nests in hollow", [owls])
    assert (quote.part, quote.text) == ("body", "build their nests in hollow")
    (quote,) = quotes_of("how owls live in the far north", [owls])
    assert quote.part == "abstract"
    assert absent(Statement("There are 31 eggs.", (owls,))) == []
    assert absent(Statement("There are 32 eggs.", (owls,))) == ["32"]


def test_an_abstract_that_is_quoted_has_its_page_too(library):
    text = body(("abstract", "Abstract", OWLS.abstract), ("paragraph", "1 Nests", "A nest holds 31 eggs."))
    put(library, OWLS, text)
    answer = Assistant(library).ask("Where do the owls of the study live?")
    quote = next(each for each in answer.citations if each.part == "abstract")
    assert (quote.quote, quote.page, quote.label) == (OWLS.abstract, 1, "A0")


def test_scraps_between_formulas_are_not_quoted():
    text = body(
        ("paragraph", None, "where x is the number of owls"),
        ("paragraph", None, "x y"),
        ("row", None, "x\t5"),
        ("caption", None, "Table 1"),
        ("paragraph", None, "Owls hunt as follows:"),
    )
    owls = replace(OWLS, abstract="", body=text, excerpts=(Passage("", 0, len(text.text), "body"),))
    told = [owls.words_of(each) for each in sentences_in(owls) if says_something(owls, each)]
    assert told == ["x\t5", "Table 1", "Owls hunt as follows:"]


def test_an_evaluation_sees_the_blocks_that_are_quoted(north):
    answer = Assistant(north).ask("How many eggs does a nest of owls hold?")
    evidence = find_evidence(answer, north.catalog)
    assert evidence.broken == 0
    papers = [paper for statement in evidence.cited for paper in statement.papers]
    assert any("hollow birches. A nest holds 31 eggs" in paper.shown_text for paper in papers)
    broken = replace(answer.citations[0], start=answer.citations[0].start + 1)
    assert find_evidence(replace(answer, citations=(broken,)), north.catalog).broken == 1


def test_the_indexes_of_bodies_follow_the_catalog(north):
    assert north.verify() == []
    assert north.behind() == 0
    put(north, OWLS, body(("paragraph", "1 Nests", "Owls build no nests at all in this new version.")))
    assert north.verify() == []
    assert north.standing("birches") == "nowhere"
    north.reindex(names=("body-dense", "body-lexical"))
    assert north.verify() == []
    north.remove([OWLS.paper_id])
    assert north.verify() == []
    assert north.standing("version") == "nowhere"

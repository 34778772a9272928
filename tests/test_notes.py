"""The user's own notes on papers: found, quoted, and never shown as the paper's words."""

from dataclasses import replace

import pytest

from ingest.annotating import annotate
from ingest.pipeline import ingest
from rag import Assistant
from rag.checking import Statement
from rag.checking.evidence import quotes_of
from rag.cited_papers import cited_papers, place_of
from rag.llamaindex import CitedQueryEngine
from rag.paper_fields import paper_fields
from rag.retrieval import Retriever
from rag.types import Paper
from rag.with_sources import with_sources
from tests.conftest import Listed, ledgers
from ui.export import to_markdown
from ui.terminal import print_answer
from ui.web.cards import Card

OWLS = Paper("Owls of the North", "We count owls in forests of the north.", published="2019")
NOTE = "Compare with the badger census.\n\nTheir microphone traps miss hedgehogs entirely."
ASKED = "Do the microphone traps miss hedgehogs?"


@pytest.fixture
def shelf(library):
    ingest(
        library, [Listed((OWLS, *(Paper(**row) for row in ledgers(["bread", "ships", "tea"]))), "shelf")]
    )
    return library


def with_note(shelf, note=NOTE):
    annotate(shelf, [OWLS.paper_id], lambda own: replace(own, note=note))
    shelf.sync()


def test_a_note_is_found_and_quoted_as_the_users_own(shelf):
    with_note(shelf)
    hit = Retriever(shelf).search(ASKED)[0]
    assert (hit.paper.paper_id, hit.passage.part) == (OWLS.paper_id, "note")
    answer = Assistant(shelf).ask(ASKED)
    (quote,) = [each for each in answer.citations if each.part == "note"]
    assert quote.quote == NOTE[quote.start : quote.end] == "Their microphone traps miss hedgehogs entirely."
    assert f"Your note: {quote.quote[:-1]} [1]." in answer.text
    assert place_of(quote) == "your note"
    assert any(note.startswith("Resting on your own notes") for note in answer.notes)
    paper = shelf.catalog.papers([OWLS.paper_id])
    assert "(your note)" in with_sources(answer)
    assert "(your note)" in to_markdown(answer, paper)
    card = Card(cited_papers(answer)[0], paper[OWLS.paper_id])
    assert "".join(each.text for each in card.note_segments) == NOTE
    assert card.is_whole
    nodes = CitedQueryEngine(Assistant(shelf)).query(ASKED).source_nodes
    assert f"Your note: {quote.quote}" in nodes[0].text


def test_indexes_follow_a_note_and_know_papers_without_one_as_before(shelf):
    (change,) = [each for each in shelf.catalog.changes_after(0, 99) if each.paper_id == OWLS.paper_id]
    before = {index.name: index.wanted(change) for index in shelf.indexes}
    with_note(shelf)
    assert not shelf.verify()
    (noted,) = [each for each in shelf.catalog.changes_after(0, 99) if each.paper_id == OWLS.paper_id]
    after = {index.name: index.wanted(noted) for index in shelf.indexes}
    assert all(after[name] != known for name, known in before.items())
    with_note(shelf, "")
    (again,) = [each for each in shelf.catalog.changes_after(0, 99) if each.paper_id == OWLS.paper_id]
    assert {index.name: index.wanted(again) for index in shelf.indexes} == before


def test_words_of_the_paper_are_the_papers_though_a_note_repeats_them():
    paper = replace(OWLS, note=f"{OWLS.abstract} They miss all of the hedgehogs.")
    (own,) = quotes_of("count owls in forests of the north", [paper])
    (noted,) = quotes_of("miss all of the hedgehogs", [paper])
    assert (own.part, noted.part) == ("abstract", "note")
    assert Statement("x", (paper,)).papers[0].shown_text == OWLS.abstract


def test_a_model_reads_a_note_under_its_own_name():
    fields = paper_fields(1, replace(OWLS, note=NOTE, retracted="2020-05-01"))
    assert (fields["text"], fields["reader_note"]) == (OWLS.abstract, NOTE)
    assert fields["retracted"] is True
    assert paper_fields(1, Paper("Owls", "We count.")) == {
        "key": 1,
        "title": "Owls",
        "year": None,
        "text": "We count.",
    }


def test_of_a_long_note_the_passages_are_read_that_are_near(shelf):
    filler = "\n".join(f"Page {page}: nothing of interest was remarked here." for page in range(120))
    with_note(shelf, f"{filler}\n{NOTE}")
    retriever = Retriever(shelf)
    (hit, *_) = retriever.read(ASKED, retriever.search(ASKED))
    assert "hedgehogs" in hit.paper.shown_note
    assert len(hit.paper.shown_note) < 3000
    assert "hedgehogs" in Assistant(shelf).ask(ASKED).text


def test_a_paper_with_nothing_but_a_note_answers(library):
    ingest(library, [Listed((Paper("Owls of the North", "", note=NOTE),), "shelf")])
    answer = Assistant(library).ask(ASKED)
    assert [each.part for each in answer.citations] == ["note"]


def test_a_note_that_says_nothing_of_the_question_is_not_quoted(library):
    """Also where the question is near to a paper, by its title, that has no text."""
    notes = {
        "EEG of the Alpha Rhythm": "Ask Tom for the data.",
        "Owls of the North": "The methods are weak.",
    }
    papers = (Paper(title, "", note=note) for title, note in notes.items())
    ingest(library, [Listed(tuple(papers), "shelf")])
    answer = Assistant(library).ask("how many participants were in the EEG alpha rhythm study")
    assert (answer.status, answer.citations) == ("refused", ())
    assert answer.papers[0].title == "EEG of the Alpha Rhythm"


def test_an_answer_says_that_a_paper_it_cites_is_retracted(library, capsys):
    ingest(library, [Listed((replace(OWLS, retracted="10.1000/x", key="owls2019"),), "shelf")])
    answer = Assistant(library).ask("How are owls counted in forests of the north?")
    print_answer(answer)
    for shown in (capsys.readouterr().out, to_markdown(answer, {})):
        (line,) = [line for line in shown.splitlines() if line.startswith("[1]")]
        assert line.endswith(", retracted")
    assert (answer.citations[0].retracted, answer.citations[0].key) == ("10.1000/x", "owls2019")
    assert "“Owls of the North” [1] is retracted (notice 10.1000/x)." in answer.notes

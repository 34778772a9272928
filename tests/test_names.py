"""Names in texts, and those that a paper brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.names import introduces, is_titled, mentions, named_in, names
from rag.types import Paper

MOLE = Paper(
    title="MoleBERT: Reusing Small Models for Dutch",
    abstract="We present LoRAX, which starts from RoBERTa. Domain-adaptive pre-training (DAPT) is compared "
    "with masked language modelling on GPT-4 outputs. FUR2, a data set of moles, is released.",
)
BEES = Paper(title="Bees: A Survey", abstract="Flower-aware dancing of honey bees is reviewed.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How does bert2BERT compare with LoRA?", ["bert2BERT", "LoRA"]),
        ("What is GPT-4?", ["GPT-4"]),
        ("Does it help for Dutch?", ["Dutch"]),
        ("Dutch models. German ones? Thai too", []),  # each begins a sentence
        ("why is I'm here", []),
        ("what do owls hunt", []),
        ("What is C++ in X?", ["C++"]),
        ("", []),
    ],
)
def test_names_are_coined_words_and_capitalised_ones_within_a_sentence(text, found):
    assert [name.text for name in names(text)] == found


def test_a_coined_name_is_told_from_a_capitalised_word():
    assert [(name.text, name.is_coined) for name in names("Is LoRA used for Dutch?")] == [
        ("LoRA", True),
        ("Dutch", False),
    ]


@given(st.text())
def test_a_name_stands_at_its_place(text):
    for name in names(text):
        assert text[name.start : name.start + len(name.text)] == name.text


def only(name: str):
    return names(f"x {name}")[0]


@pytest.mark.parametrize(
    "name", ["LoRAX", "LORAX", "RoBERTa", "Roberta", "GPT4", "GPT-4", "DAPT", "Dutch", "MLMs"]
)
def test_a_paper_mentions_a_name_in_any_spelling(name):
    assert mentions(MOLE, only(name))


@pytest.mark.parametrize("name", ["GaLore", "GPT-3", "Swahili", "ELECTRA"])
def test_a_name_that_is_not_there_is_not_mentioned(name):
    assert not mentions(MOLE, only(name))


@pytest.mark.parametrize("name", ["MoleBERT", "LoRAX", "DAPT", "FUR2", "MoleBERTs", "MoleBRT"])
def test_a_paper_introduces_what_it_presents_spells_out_or_explains(name):
    assert introduces(MOLE, only(name))


def test_a_title_may_begin_with_the_name_that_it_introduces():
    paper = Paper(title="Dance-it! Bees in Flowers", abstract="Bees dance.")
    assert introduces(paper, only("DANCE-IT"))
    assert not introduces(Paper(title="Bees: Dance-it and Flowers", abstract=""), only("DANCE-IT"))


@pytest.mark.parametrize("name", ["GaLore", "ELECTRA"])
def test_a_paper_does_not_introduce_what_it_does_not_have(name):
    assert not introduces(MOLE, only(name))


@pytest.mark.parametrize(
    ("text", "is_named"),
    [("how good is molebert", True), ("is molbert good", True), ("how good are moles", False), ("", False)],
)
def test_a_question_names_a_paper_in_any_case(text, is_named):
    assert named_in(text, MOLE) is is_named


@pytest.mark.parametrize(
    ("text", "paper", "expected"),
    [
        ("what is mole bert?", MOLE, True),
        ("what is MoleBERT?", MOLE, True),
        ("what about Mole?", MOLE, False),
        ("bees, please", BEES, True),
        ("beeswax", BEES, False),
        ("", BEES, False),
        ("No Colon Here", Paper(title="No Colon Here", abstract=""), False),
        ("how far bees fly", Paper(title="How Far Bees: a study", abstract=""), True),
        ("how far bees fly", Paper(title="How Far Bees Fly: a study", abstract=""), False),
    ],
)
def test_a_text_may_hold_the_name_that_a_title_begins_with(text, paper, expected):
    assert is_titled(text, paper) is expected

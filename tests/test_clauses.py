"""Which clauses of a sentence may be left out, and what must stay."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.bundled import BundledSource
from rag.sentences import sentence_spans, strip_span
from rag.types import Paper
from rag.words import content_words
from rag.writers.clauses import clauses

SENTENCES = [
    paper.abstract[slice(*strip_span(paper.abstract, span))]
    for paper in BundledSource().read()
    if isinstance(paper, Paper)
    for span in sentence_spans(paper.abstract)
]
BITS = [
    "However, ",
    "In this paper, ",
    "while ",
    ", which ",
    "; ",
    ", and ",
    "(",
    ")",
    "[1]",
    "we show that ",
]
BITS += ["owls hunt", " the mice", " 45%", "?", ".", " is ", ", such as ", "(i) ", ", but not only "]


def beginnings(sentence: str, asked: str = "", **options: bool) -> list[str]:
    """What a sentence can be cut to, the shortest first."""
    spans = clauses(sentence, set(content_words(asked)), **options)
    return [sentence[spans[0][0] : end] for _, end in spans]


def check(sentence: str, spans: list[tuple[int, int]]) -> None:
    assert 0 <= spans[0][0] <= spans[-1][1] == len(sentence)
    assert all(first[1] == second[0] for first, second in pairwise(spans))
    assert all(start < end for start, end in spans) or not sentence


@given(st.lists(st.one_of(st.sampled_from(BITS), st.text(max_size=8)), max_size=12).map("".join))
def test_clauses_follow_each_other_to_the_end_of_the_sentence(sentence):
    check(sentence, clauses(sentence, set()))


@pytest.mark.parametrize("keep_reasons", [False, True])
def test_each_beginning_of_a_real_sentence_is_a_sentence_by_its_signs(keep_reasons):
    for sentence in SENTENCES:
        spans = clauses(sentence, set(), keep_reasons=keep_reasons)
        check(sentence, spans)
        for _, end in spans:
            text = sentence[spans[0][0] : end]
            assert len(text.split()) >= min(4, len(sentence.split()))
            assert text.count("(") == text.count(")") or sentence.count("(") != sentence.count(")")
            assert text[-1] not in ",;:(" or text[-1] == sentence[-1]


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("However, owls hunt mice at night.", "owls hunt mice at night."),
        ("However, in this paper, we show that owls hunt mice at night.", "owls hunt mice at night."),
        ("Second, owls hunt mice at night.", "owls hunt mice at night."),
        ("In this paper we study how owls hunt.", "we study how owls hunt."),
        ("Our extensive experiments show that owls hunt mice at night.", "owls hunt mice at night."),
        ("For example, owls hunt mice at night.", "owls hunt mice at night."),
        ("While bees sleep at night, owls hunt mice at night.", "owls hunt mice at night."),
        ("To see what they eat, we watched forty owls.", "we watched forty owls."),
        ("Inspired by BERT, we propose a new model of text.", "we propose a new model of text."),
        ("(2) Owls hunt mice at night.", "Owls hunt mice at night."),
    ],
)
def test_what_leads_in_may_go(sentence, rest):
    assert beginnings(sentence)[-1] == rest


@pytest.mark.parametrize(
    "sentence",
    [
        "Owls may hunt mice at night.",  # a hedge
        "We believe that owls hunt mice at night.",
        "Our results suggest that owls hunt mice at night.",
        "Preliminary results show that owls hunt mice at night.",
        "While not asleep at night, owls hunt mice at night.",  # a negation
        "Although only tested in winter, owls hunt mice at night.",  # a condition
        "Unless the moon is out, owls hunt mice at night.",
        "If the moon is out, owls hunt mice at night.",
        "Despite 12 nights of rain, owls hunt mice at night.",  # a number
        "On the island of Texel, owls hunt mice at night.",  # where it holds
        "With a full moon, owls hunt mice at night.",
        "While owls sleep by day, they hunt mice at night.",  # who "they" are
        "Despite their size, such owls hunt mice at night.",
        "To capture lexical, syntactic and other traits, we propose a new model of text.",  # it goes on
        "We show that (i) owls hunt mice and (ii) bees do not.",
        "Therefore, owls do hunt.",  # too little is left
    ],
)
def test_what_says_when_where_or_how_surely_stays(sentence):
    assert beginnings(sentence) == [sentence]


def test_what_is_asked_for_stays():
    sentence = "While bees sleep at night, the owls of Texel hunt mice."
    assert beginnings(sentence) == ["the owls of Texel hunt mice."]
    assert beginnings(sentence, "what do bees do at night?") == [sentence]
    because = "Because of the dark, the owls of Texel hunt by ear."
    assert beginnings(because) == ["the owls of Texel hunt by ear."]
    assert beginnings(because, keep_reasons=True) == [because]


@pytest.mark.parametrize(
    ("sentence", "shortest"),
    [
        ("Owls are quick at night; bees are asleep by then.", "Owls are quick at night"),
        ("Owls are quick at night, which mice know very well.", "Owls are quick at night"),
        ("Owls are quick at night, and bees are asleep by then.", "Owls are quick at night"),
        ("Owls hunt the mice, leading to fewer mice in fields.", "Owls hunt the mice"),
        (
            "Mice, voles and shrews are hunted by owls, and we counted all of them.",
            "Mice, voles and shrews are hunted by owls",
        ),
    ],
)
def test_what_is_joined_on_may_go(sentence, shortest):
    assert beginnings(sentence) == [shortest, sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "We counted the owls, the bees, and the foxes of Texel.",  # an enumeration
        "Cost falls by about 1,000, 4,500, and 500 times in all.",
        "It has three parts: counting the owls, feeding the bees, improving nests, and resting for long.",
        "The owls of the island, which hunt mice at night, are quick.",  # no verb yet
        "A variety of small birds, including owls and larks, are hunted here.",
        "In the nights of May, which are short and dark, owls hunt.",
        "The owls (in May, which is a dark month here) are quick.",  # within brackets
        "Owls not only hunt the mice at night, but also eat them whole.",
        "We show (1) that owls are quick, which is known, (2) that bees are not.",
        "(1) Owls hunt mice at night; (2) bees are asleep by then.",
        "We want 1) to count owls in May; 2) to feed the bees here.",
        "Are owls quick at night, and are the bees asleep by then?",  # a question
        "Owls are quick, and so are bees.",  # too little would be left
    ],
)
def test_what_would_be_half_a_sentence_stays_whole(sentence):
    assert beginnings(sentence) == [sentence]

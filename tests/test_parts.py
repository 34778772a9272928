"""An answer's text cut into claims and markers: put together again it is the text."""

import re
from dataclasses import replace

import model_server as served
import pytest
from answers import an_answer
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.settings import Settings
from rag.types import Citation, Claim
from ui.parts import Piece, parts_of, pieces_of

QUESTION = "How much compute does bert2BERT save?"
CLAIM = "bert2BERT saves about 45% of the pre-training computation for BERT_BASE"
WHALES = "Whales sing at 52 hertz in winter"
MARKER = re.compile(r" ?\[(\d+)\]")

WRITTEN = {
    "one sentence": f"{CLAIM} [1].",
    "one that is not supported": f"{CLAIM} [1]. {WHALES} [1].",
    "only what cites nothing": f"{CLAIM} [1]. {WHALES}.",
    "a marker in the middle": f"{CLAIM} [1], which is much [2]. It reuses [1] a smaller model [2].",
    "markers in a row": f"{CLAIM} [1][2] [3]. {CLAIM} [2, 3].",
    "a marker before the sentence": f"[1] {CLAIM}. {CLAIM} [1]!",
    "bullets": f"Two results:\n\n- {CLAIM} [1]\n- {WHALES} [1]\n- {CLAIM} [2].\n\nThat is all.",
    "numbers and headings": f"# Result\n\n1. {CLAIM} [1].\n2. {WHALES} [2].\n\n\n**Rest** [1]",
    "a table": f"| a | b |\n|---|---|\n| {CLAIM} [1] | {WHALES} [2] |\n",
    "the same sentence twice": f"{CLAIM} [1]. {CLAIM} [1]. {CLAIM} [1].",
    "a sentence inside another": f"{CLAIM} [1]. {CLAIM} by reusing a smaller model [1].",
    "wide spaces": f"{CLAIM}\u00a0[1].  {WHALES}\u3000[1].\n\n\n {CLAIM} [2].",
    "markup": f"<b>{CLAIM}</b> [1]. `x[2]` and $y_{{[3]}}$ hold [1].",
    "another language": "このモデルは計算量を45%削減します[1]。 Модель экономит 45% вычислений [1].",
}
ASKED = (
    QUESTION,
    "What is bert2BERT?",
    "Which papers study Dutch?",
    "How do I boil an egg?",
    "Which papers pre-train on source code?",
    "What did they report for children's speech recognition, and at what cost in watts?",
)


@pytest.fixture(scope="module")
def own(bundled):
    """Answers in the papers' own sentences."""
    return Assistant(bundled)


@pytest.fixture(scope="module")
def modelled(bundled, server):
    """Answers as the scripted model writes them."""
    return Assistant(bundled, settings=Settings(base_url=server.url, model="scripted"))


def is_whole(answer):
    """Nothing of the text is lost or moved, every claim is there, every number is a citation."""
    parts = parts_of(answer)
    pieces = [piece for part in parts for piece in part.pieces]
    said = "".join(piece.text for piece in pieces if piece.number is None)
    assert said == MARKER.sub("", answer.text)
    numbers = [int(found[1]) for found in MARKER.finditer(answer.text)]
    assert [piece.number for piece in pieces if piece.number is not None] == numbers
    assert set(numbers) <= {citation.number for citation in answer.citations}
    assert [part.claim for part in parts if part.claim] == list(answer.claims)
    near = set()
    for part in parts:
        near |= {piece.number for piece in part.pieces if piece.number}
        if part.claim:
            assert letters(part) == "".join(part.claim.text.split())
            assert set(part.claim.citations) <= near | set(part.rests_on)  # in it, or at once before it
            near = set()


def letters(part):
    return "".join("".join(piece.text for piece in part.pieces if piece.number is None).split())


def answer_of(text, claims=(), numbers=()):
    return an_answer(
        text=text,
        claims=tuple(Claim(claim, (), "supported", 0.5) for claim in claims),
        citations=tuple(Citation(number, "p", "", None, None, "", 0, 0) for number in numbers),
    )


@pytest.mark.parametrize("question", ASKED)
def test_what_the_papers_own_sentences_answer_is_cut_and_whole(own, question):
    is_whole(own.ask(question))


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_what_a_model_writes_is_cut_and_whole(modelled, server, written):
    server.play(served.answer(written))
    answer = modelled.ask(QUESTION)
    assert answer.writer == "scripted"
    is_whole(answer)


def test_a_sentence_without_support_is_a_part_of_its_own(modelled, server):
    server.play(served.answer(WRITTEN["one that is not supported"]))
    parts = [part for part in parts_of(modelled.ask(QUESTION)) if part.claim]
    assert [part.claim.supported for part in parts] == [True, False]
    assert WHALES in parts[1].pieces[0].text


bits = st.sampled_from(["[1]", " [2]", "[", "]", " ", "\n", "\n- ", "\u00a0", "[a]", "[-1]"])
odd = st.lists(bits | st.text("ab .é١[]\u2028😀", max_size=4), max_size=12).map("".join)


@given(odd)
def test_pieces_give_the_text_back_but_for_the_spaces_before_markers(text):
    pieces = list(pieces_of(text))
    assert "".join(piece.text for piece in pieces if piece.number is None) == MARKER.sub("", text)
    assert all(piece.text for piece in pieces)
    numbers = [int(marker[1]) for marker in MARKER.finditer(text)]
    assert [piece.number for piece in pieces if piece.number is not None] == numbers


@given(odd, st.lists(odd, max_size=3), st.data())
def test_whatever_the_claims_nothing_of_the_text_is_lost(text, claims, data):
    for _ in range(data.draw(st.integers(0, 3))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        claims.insert(data.draw(st.integers(0, len(claims))), MARKER.sub("", text[start:end]))
    answer = answer_of(text, claims)
    parts = parts_of(answer)
    pieces = [piece for part in parts for piece in part.pieces]
    shown = "".join(piece.text for piece in pieces)
    assert "".join(shown.split()) == "".join(text.split())
    given_claims = iter(answer.claims)
    assert all(part.claim in given_claims for part in parts if part.claim)  # in their order, each once
    for part in parts:
        if part.claim:
            assert letters(part) == "".join(part.claim.text.split())


@given(st.lists(st.text("abc ", min_size=1).filter(str.strip), min_size=1, max_size=5), st.data())
def test_every_claim_of_a_text_that_is_made_of_them_is_found(claims, data):
    marked = [f"{claim} {data.draw(st.sampled_from(['', '[1]', '[1][2]', '[3] [1]']))}" for claim in claims]
    joined = data.draw(st.sampled_from([" ", "\n- ", "\n\n"])).join(marked)
    parts = parts_of(answer_of(joined, claims))
    assert [part.claim.text for part in parts if part.claim] == claims


def test_a_marker_inside_a_claim_stays_in_it():
    (part, rest) = parts_of(
        answer_of("It saves [1] half of it [2][3]. So.", ["It saves half of it."], [1, 2, 3])
    )
    assert part.pieces == (
        Piece("It saves"),
        Piece("[1]", 1),
        Piece(" half of it"),
        Piece("[2]", 2),
        Piece("[3]", 3),
        Piece("."),
    )
    assert (rest.claim, rest.pieces) == (None, (Piece(" So."),))


def test_a_number_that_is_longer_than_any_citation_is_text():
    long = f"It is [{'9' * 5000}]."
    assert "".join(piece.text for piece in pieces_of(long)) in (long, long.replace(" [", "["))


def test_an_empty_text_has_no_parts():
    assert parts_of(answer_of("", ["A claim."])) == []
    assert list(pieces_of("")) == []


def test_a_sentence_without_markers_rests_on_what_it_cites():
    claims = tuple(
        Claim(text, numbers) for text, numbers in (("No.", (1, 2)), ("A. B.", (1,)), ("C.", (2,)))
    )
    parts = parts_of(replace(answer_of("No. A [1]. B.\n[2] C.", numbers=[1, 2]), claims=claims))
    rests = {part.claim.text: part.rests_on for part in parts if part.claim}
    assert rests == {"No.": (1, 2), "A. B.": (), "C.": ()}

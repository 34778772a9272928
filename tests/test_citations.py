"""From what a writer writes to claims and quotes: markers, sentences, words, support, questions."""

import re
from itertools import pairwise

import pytest
from conftest import CommonWords
from hypothesis import example, given
from hypothesis import strategies as st

from rag import Filters, Hit, Paper, Passage, QuestionError
from rag.citations import Composer, Heading, Quote, best_quote
from rag.embedding import embedded_encoder
from rag.markers import UNSUPPORTED, Marker, find_markers, without_markers
from rag.query.checks import LONGEST_QUESTION, check_question, check_request
from rag.sentences import sentence_spans, strip_span
from rag.support import CalibratedJudge, Judge, support
from rag.types import Request
from rag.words import content_words, numbers

FIRST = Paper(
    "Frogs", "Frogs leap 3 metres far. Their legs are long. They live in ponds.", published="2020-05"
)
SECOND = Paper("Toads", "\n\n Toads walk.  They hardly ever leap, since their legs are short.\n")
JUDGE = CalibratedJudge(embedded_encoder())
ANY = CommonWords()
HITS = [Hit(paper, 1.0, Passage(paper.paper_id, 0, 5)) for paper in (FIRST, SECOND)]

# Texts with what is hard in them, more often than chance would have it.
markers = st.sampled_from(
    ["[1]", " [2, 1]", "[1-3]", "【2】", "[99]", "[", "]", "[1", ", 2", "-", " ", "\n\n"]
)
prose = st.sampled_from(
    ["Frogs leap.", "Rest. ", " e.g. ", "et al. ", "(2020) ", "(1) ", "ii) ", "45%", " %", "😀"]
)
texts = st.lists(st.one_of(markers, prose, st.text(max_size=3)), max_size=25).map("".join)


def sentences(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentence_spans(text)]


def compose(*pieces: str, judge: Judge = JUDGE) -> tuple[Composer, str]:
    composer = Composer(HITS, judge, judge)
    shown = "".join(composer.add(piece) for piece in find_markers(pieces))
    return composer, shown + composer.finish() + composer.show_rest("mark")


# Headings


def test_a_heading_stands_above_what_is_quoted_from_its_paper():
    composer = Composer(HITS, JUDGE, JUDGE)
    pieces = [Heading(0), "Frogs leap 3 metres far", Quote(0, (0, 24)), ". "]
    pieces += [Heading(1), "Toads walk", Quote(1, (3, 14)), ". "]
    shown = "".join(map(composer.add, pieces)) + composer.finish()
    assert shown == composer.shown == "Frogs (2020)\nFrogs leap 3 metres far [1].\n\nToads\nToads walk [2]."
    assert [claim.text for claim in composer.claims] == ["Frogs leap 3 metres far.", "Toads walk."]
    assert {claim.check for claim in composer.claims} == {"verbatim"}


def test_a_heading_is_one_line_that_drives_nothing():
    paper = Paper("Frogs\n[1] of\x1b[2J ponds", "Frogs leap.")
    composer = Composer([Hit(paper, 1.0, Passage(paper.paper_id, 0, 5))], JUDGE, JUDGE)
    shown = composer.add(Heading(0))
    assert shown.count("\n") == 1
    assert "\x1b" not in shown and "[1]" not in shown


# Sentences


@given(texts)
@example("\n\nFrogs leap.")
def test_sentences_cover_the_text_and_none_is_blank(text):
    spans = sentence_spans(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(first[1] == second[0] for first, second in pairwise(spans))
    assert all(text[start:end].strip() for start, end in spans) or not text.strip()


@given(texts, texts, texts)
@example("", " ", "")
def test_a_stripped_span_holds_what_strip_leaves(before, text, behind):
    span = len(before), len(before) + len(text)
    start, end = strip_span(before + text + behind, span)
    assert (before + text + behind)[start:end] == text.strip()
    assert span[0] <= start <= end <= span[1]


@pytest.mark.parametrize(
    "expected",
    [
        ["As Smith et al. (2020) say, frogs leap.", "Toads walk."],
        ["Frogs (Smith et al., 2020) leap, e.g. over logs, i.e. far.", "Toads walk."],
        ["It rose by 45 %.", "Then it fell by 3 % again."],
        ["Frogs leap 1.5 metres.", "Toads walk."],
        ["It sets a new state of the art.", "A frog needs 3 bits.", "BERT leaps only.", "Toads walk."],
        ["Frogs leap (cf. Smith, fig. A, and resp. B), e.g. BERT.", "Toads walk."],
        ["(1) Frogs leap.", "(2) Toads walk.", "(3) Newts swim.", "(4) Eels wriggle.", "Rest.", "More."],
        ["We show: (1) frogs leap; (2) toads walk; and (3) newts swim.", "Rest.", "More."],
        ["i) Frogs leap.", "ii) Toads walk.", "Rest.", "More."],
        [*(f"({n}) item number {n}." for n in range(1, 20)), "Rest.", "More."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(expected):
    assert sentences(" ".join(expected)) == expected


# Markers


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a [1] b", [(1,)]),
        ("a [1][ 2 ] b", [(1,), (2,)]),
        ("a [1, 2;3] b", [(1, 2, 3)]),
        ("a [1-3] [2–4] b", [(1, 2, 3), (2, 3, 4)]),
        ("a [3-1, 2] b", [(1, 2, 3)]),
        ("a【1】b", [(1,)]),
        ("a [CLS] [a1] [1.5] [x, 1] [] (1) [1.] {1} b", []),
        ("a [12345] [1 2] b", [(12345,), (1, 2)]),
        ("a [^1] [#2] [key 1, key 2] [Paper 2: Toads, and more] b", [(1,), (2,), (1, 2), (2,)]),
        ("a 【1†source】 [1†L1-L9] [sources 1 and 2] [1 to 3] b", [(1,), (1,), (1, 2), (1, 2, 3)]),
        ("a \\[1\\] [[2]] [1](https://example.org/a) ［１］ b", [(1,), (2,), (1,), (1,)]),
        ("`a[1]` [2] and $x_{[1]}$ and \\(a[1]\\), `a [3]", [(2,), (3,)]),
        ("$5 [1] or $6 [2]", [(1,), (2,)]),
        ("a [1 b [ [12", []),
        ("a [1-9999] b", [tuple(range(1, 52))]),
    ],
)
def test_markers_are_read_in_every_spelling(text, keys):
    assert [piece.keys for piece in find_markers([text]) if isinstance(piece, Marker)] == keys


@given(texts, st.lists(st.integers(0, 200)))
def test_the_cut_of_a_stream_changes_nothing(text, cuts):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert compose(*pieces, judge=ANY) == compose(text, judge=ANY)


@given(st.lists(texts, max_size=5))
def test_no_marker_stays_in_the_text_and_nothing_else_is_lost(pieces):
    pieces = [re.sub(r"[`$\\]", "", piece) for piece in pieces]  # in code and math a marker is text
    found = list(find_markers([*pieces, "."]))
    kept = "".join(piece for piece in found if isinstance(piece, str))
    space = r"[ \t]{0,3}"
    keys = rf"{space}[\^#@]?\d{{1,9}}(?:{space}[,;&/+\-–—]?{space}[\^#@]?\d{{1,9}})*{space}"
    marker = rf"[\[【［]{{1,2}}{keys}(?:[:†|][^\[\]【】［］\n]*)?[\]】］]{{1,2}}"
    assert kept == re.sub(marker, "", "".join([*pieces, "."]))


@pytest.mark.parametrize("keys", [1, 19])
@pytest.mark.parametrize("spaces", [0, 100])
def test_a_marker_may_take_long_to_become_whole(keys, spaces):
    marker = f"{' ' * spaces}[{'1, ' * keys}1]"
    assert compose(*f"Frogs leap{marker}.") == compose(f"Frogs leap{marker}.")
    assert compose(*f"Frogs leap{marker}.")[1] == "Frogs leap [1]."
    assert compose(*f"Frogs leap{marker[:-1]}")[1] == f"Frogs leap {UNSUPPORTED}"  # half of one never is


# Composer


@given(texts)
def test_what_is_shown_is_the_text_with_numbers_counted_from_one(text):
    composer, shown = compose(text, judge=ANY)
    citations = composer.citations()
    assert composer.shown == shown
    assert [citation.number for citation in citations] == list(range(1, len(citations) + 1))
    for citation in citations:
        paper = {hit.paper.paper_id: hit.paper for hit in HITS}[citation.paper_id]
        assert (
            citation.quote == paper.abstract[citation.start : citation.end] == citation.quote.strip() != ""
        )
    for claim in composer.claims:
        assert set(claim.citations) <= {citation.number for citation in citations}
        assert claim.citations or claim.support == 0
    assert 0 <= composer.markers().unknown <= composer.markers().written


def test_a_removed_marker_leaves_no_trace():
    composer, shown = compose("Frogs leap [3]. They live  [99] in [0]\nponds [1].")
    assert shown == "Frogs leap. [unsupported] They live in ponds [1]."
    assert (composer.markers().written, composer.markers().unknown) == (4, 3)


def test_a_marker_belongs_to_the_sentence_that_it_closes():
    composer, shown = compose("Frogs leap far. [1] Toads walk.[2]\n\nNewts swim.")
    assert shown == "Frogs leap far. [1] Toads walk. [2]\n\nNewts swim. [unsupported]"
    assert [(claim.text, claim.citations) for claim in composer.claims] == [
        ("Frogs leap far.", (1,)),
        ("Toads walk.", (2,)),
        ("Newts swim.", ()),
    ]


def test_one_number_a_quote_and_one_quote_a_sentence():
    _, shown = compose(
        "Frogs leap 3 metres far [1]. They live in ponds [1]. Frogs leap 3 metres far [1, 1]."
    )
    assert shown == "Frogs leap 3 metres far [1]. They live in ponds [2]. Frogs leap 3 metres far [1]."


def test_a_quote_is_cited_as_it_is_given():
    composer = Composer(HITS, JUDGE, JUDGE)
    span = (25, 45)
    shown = "".join(composer.add(piece) for piece in ["Their legs are long", Quote(0, span), "."])
    shown += composer.finish()
    (citation,) = composer.citations()
    assert shown == "Their legs are long [1]."
    assert (citation.quote, citation.start, citation.end) == ("Their legs are long.", *span)
    assert (citation.title, citation.published, citation.organization) == ("Frogs", "2020-05", None)


def test_the_text_before_a_quote_is_one_sentence_with_its_layout():
    composer = Composer(HITS, JUDGE, JUDGE)
    legs, ponds = Quote(0, (25, 45)), Quote(0, (46, 65))
    pieces = ["- Their legs\nare long", legs, ", and They live. in ponds", ponds, ".\n"]
    shown = "".join(composer.add(piece) for piece in [*pieces, "- They live. In ponds", ponds, ". "])
    shown += composer.finish()
    assert shown == "- Their legs are long [1], and They live. in ponds [2].\n- They live. In ponds [2]."
    assert [(claim.text, claim.citations) for claim in composer.claims] == [
        ("Their legs are long, and They live. in ponds.", (1, 2)),
        ("They live. In ponds.", (2,)),
    ]


@pytest.mark.parametrize(
    ("claim", "paper", "quote"),
    [
        ("The legs of frogs are long.", FIRST, "Their legs are long."),
        ("They leap 3 metres.", FIRST, "Frogs leap 3 metres far."),
        ("Frogs live in ponds and their legs are long.", FIRST, "Their legs are long. They live in ponds."),
        ("Toads walk.", SECOND, "Toads walk."),
        ("", SECOND, "Toads walk."),
    ],
)
def test_the_best_quote_is_as_long_as_the_claim_needs(claim, paper, quote):
    start, end = best_quote(claim, paper, JUDGE)
    assert paper.abstract[start:end] == quote


# Words and support


def test_words_are_stems_without_function_words():
    assert content_words("The frogs are LEAPING, and leaped over pre-trained_logs") == [
        *("frog", "leap", "leap", "pre", "train", "log")
    ]
    assert content_words("What is it that they do?") == []


def test_numbers_are_compared_as_numbers():
    assert numbers("1,000 of 45% in 2.5 h; BERT2, v1.2 and 3-5") == {"1000", "45", "2.5", "3", "5"}
    assert numbers("1,000,000.5 and 1,5") == {"1000000.5", "1,5"}
    assert numbers("1,000") == numbers("1000")


@given(texts, texts)
def test_support_lies_in_the_unit_interval_and_never_falls_with_more_evidence(claim, evidence):
    value = support(claim, [evidence], JUDGE).value
    assert 0 <= value <= 1
    assert support(claim, [f"{evidence} Frogs leap 45 metres. {claim}"], JUDGE).value >= value
    whole = support(claim, [claim], JUDGE).value
    assert whole == (1 if content_words(claim) else 0)
    assert support(claim, [""], JUDGE).value == 0


def test_a_number_that_the_evidence_lacks_is_no_support():
    claim = "The green frogs leap 4 metres far over ponds"
    assert not support(claim, [claim.replace("4", "40")], JUDGE).supported
    assert support(claim, [claim], JUDGE).supported


# Questions


@given(st.text(max_size=50))
def test_a_question_is_stripped_or_refused(text):
    if text.strip():
        assert check_question(f" {text}\n") == text.strip()
    else:
        with pytest.raises(QuestionError, match="empty"):
            check_question(text)


def test_a_question_has_a_longest_length():
    assert check_question("x" * LONGEST_QUESTION)
    with pytest.raises(QuestionError, match="100,000 characters"):
        check_question("x" * 100_000)


def test_half_a_character_of_a_question_is_replaced():
    assert check_question("Frogs \udcff?") == "Frogs ??"


@pytest.mark.parametrize(("option", "bad"), [("words", 0), ("words", -1), ("k", 0)])
def test_a_number_that_cannot_be_is_refused(option, bad):
    with pytest.raises(QuestionError, match="at least 1"):
        check_request(Request("?", **{option: bad}))
    assert getattr(check_request(Request("?", **{option: 1})), option) == 1


def test_years_include_both_ends_and_may_be_open():
    assert Request.of("?", from_year=2020, to_year=2020).filters == Filters(2020, 2020)
    assert Request.of("?", filters=Filters(2019, 2020), to_year=2021).filters == Filters(None, 2021)
    assert Request.of("?", filters=Filters(2019, 2020)).filters == Filters(2019, 2020)
    with pytest.raises(QuestionError, match="2021 to 2020"):
        check_request(Request.of("?", from_year=2021, to_year=2020))


def test_the_quote_is_chosen_for_the_whole_sentence_wherever_the_marker_stands():
    for text in ("According to [1], frogs leap 3 metres far.", "[1] Frogs leap 3 metres far."):
        composer, _ = compose(text)
        (claim,), (citation,) = composer.claims, composer.citations()
        assert (claim.citations, claim.supported) == ((1,), True)
        assert citation.quote == "Frogs leap 3 metres far."


def test_a_paper_s_own_reference_numbers_are_no_markers():
    assert (
        without_markers("As shown in [3], dogs bark [7, 12]. In [0, 1]. [unsupported]")
        == "As shown in, dogs bark. In [0, 1]."
    )

"""From what a writer writes to text, claims and quotes: sentences, markers, numbers."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import Hit, Paper, Passage
from rag.checking import Quote, Verdict
from rag.checking.evidence import quotes_of
from rag.citations import Cited, cite
from rag.composing import ANEW, Heading, Piece, Quoted, Written
from rag.markers import Marker, find_markers, without_markers
from rag.parts import Sentence, sentences_of, split, without
from rag.sentences import sentence_spans, strip_span
from rag.types import Markers

FIRST = Paper(
    "Frogs", "Frogs leap 3 metres far. Their legs are long. They live in ponds.", published="2020-05"
)
SECOND = Paper("Toads", "\n\n Toads walk.  They hardly ever leap, since their legs are short.\n")
HITS = [Hit(paper, 1.0, Passage(paper.paper_id, 0, 5)) for paper in (FIRST, SECOND)]

# Texts with what is hard in them, more often than chance would have it.
markers = st.sampled_from(
    ["[1]", " [2, 1]", "[1-3]", "【2】", "[99]", "[", "]", "[1", ", 2", "-", " ", "\n\n"]
)
prose = st.sampled_from(
    [
        "Frogs leap.",
        "Rest. ",
        " e.g. ",
        "et al. ",
        "(2020) ",
        "(1) ",
        "ii) ",
        "45%",
        " %",
        "😀",
        "\n- ",
        "```",
    ]
)
letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])  # which no reply holds
texts = st.lists(st.one_of(markers, prose, st.text(letters, max_size=3)), max_size=25).map("".join)


class FirstSentence:
    """In place of a reader: the first sentence of the paper."""

    def nearest(self, text: str, paper: Paper) -> Quote:
        spans = sentence_spans(paper.abstract)
        return Quote(paper, strip_span(paper.abstract, spans[0]) if spans else (0, 0))


def sentences(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentence_spans(text)]


def write(*pieces: Piece) -> tuple[Written, str]:
    """What was written, and what was shown of it on the way."""
    written = Written(HITS)
    shown = "".join([*map(written.add, pieces), written.end()])
    return written, shown


def compose(*texts: str) -> tuple[Cited, str, Markers]:
    """The answer to a stream of texts, what was shown of it, and its markers."""
    written, shown = write(*find_markers(texts))
    return cite(written.finish(), HITS, FirstSentence()), shown, written.markers()


def cited(text: str) -> Cited:
    return compose(text)[0]


def letters_of(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def plain(text: str) -> str:
    """A text without numbers, brackets, bullets and white space."""
    return re.sub(r"\[\d+\]|\s", "", text)


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


@given(st.lists(texts, max_size=5))
def test_no_marker_stays_in_the_text_and_nothing_else_is_lost(pieces):
    pieces = [re.sub(r"[`$\\]", "", piece) for piece in pieces]  # in code and math a marker is text
    found = list(find_markers([*pieces, "."]))
    kept = "".join(piece for piece in found if isinstance(piece, str))
    space = r"[ \t]{0,3}"
    keys = rf"{space}[\^#@]?\d{{1,9}}(?:{space}[,;&/+\-–—]?{space}[\^#@]?\d{{1,9}})*{space}"
    marker = rf"[\[【［]{{1,2}}{keys}(?:[:†|][^\[\]【】［］\n]*)?[\]】］]{{1,2}}"
    assert kept == re.sub(marker, "", "".join([*pieces, "."]))


# What is written


@given(texts)
@example("see [foo")
@example("[")
@example("a [1]\n\n[2] b")
def test_what_is_shown_is_the_text_with_numbers_counted_from_one(text):
    answer, shown, markers = compose(text)
    if not answer.claims:
        assert not letters_of(plain(shown)) and not answer.citations
        return
    assert shown == answer.text
    numbers = [citation.number for citation in answer.citations]
    assert sorted(set(numbers)) == list(range(1, len(set(numbers)) + 1))
    assert list(dict.fromkeys(re.findall(r"\[(\d+)\]", shown))) == [
        str(number) for number in sorted(set(numbers))
    ]
    papers = {hit.paper.paper_id: hit.paper for hit in HITS}
    for citation in answer.citations:
        paper = papers[citation.paper_id]
        assert (
            citation.quote == paper.abstract[citation.start : citation.end] == citation.quote.strip() != ""
        )
    for claim in answer.claims:
        assert set(claim.citations) == {answer.citations[place].number for place in claim.quotes}
    assert 0 <= markers.unknown <= markers.written


@given(texts, st.lists(st.integers(0, 200)))
@example("a [b [1] c]", [3, 4, 5])
def test_the_cut_of_a_stream_changes_nothing(text, cuts):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert compose(*pieces) == compose(text)


@given(texts)
def test_nothing_of_a_text_is_lost_and_each_marker_belongs_to_a_sentence(text):
    raw = Written(HITS)
    for piece in find_markers([text]):
        raw.add(piece)
    parts = raw.finish()
    kept = "".join(piece for piece in find_markers([text]) if isinstance(piece, str))
    said = re.sub("\0[0-9,]+\0", "", "".join(part if isinstance(part, str) else part.raw for part in parts))
    assert re.sub(r"[\s()\[\]]", "", said) == re.sub(r"[\s()\[\]【】［］]", "", kept)
    own = sentences_of(parts)
    for sentence in own:
        keys = [int(key) for mark in re.findall("\0([0-9,]+)\0", sentence.raw) for key in mark.split(",")]
        assert sentence.keys == tuple(dict.fromkeys(keys))
        assert letters_of(re.sub("\0[0-9,]+\0", "", sentence.raw)) == letters_of(sentence.text)
        assert "\n" not in sentence.text and any(map(str.isalnum, sentence.text))
    assert not own or not any("\0" in part for part in parts if isinstance(part, str))


@pytest.mark.parametrize("keys", [1, 19])
@pytest.mark.parametrize("spaces", [0, 100])
def test_a_marker_may_take_long_to_become_whole(keys, spaces):
    marker = f"{' ' * spaces}[{'1, ' * keys}1]"
    assert compose(*f"Frogs leap{marker}.") == compose(f"Frogs leap{marker}.")
    assert "".join(compose(*f"Frogs leap{marker}.")[1].split()) == "Frogsleap[1]."
    assert compose(*f"Frogs leap{marker[:-1]}")[1] == "Frogs leap"  # half of one never is


def test_a_removed_marker_leaves_no_trace():
    _, shown, markers = compose("Frogs leap [3]. They live  [99] in [0]\nponds [1].")
    assert re.sub(" +", " ", shown.replace("\n", " ")) == "Frogs leap. They live in ponds [1]."
    assert markers == Markers(written=4, unknown=3)


def test_a_marker_belongs_to_the_sentence_that_it_closes():
    answer = cited("Frogs leap far. [1] Toads walk.[2]\n\nNewts swim.")
    assert answer.text == "Frogs leap far. [1] Toads walk. [2]\n\nNewts swim."
    assert [(claim.text, claim.citations) for claim in answer.claims] == [
        ("Frogs leap far.", (1,)),
        ("Toads walk.", (2,)),
        ("Newts swim.", ()),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("According to [1], frogs leap.", [("According to, frogs leap.", (1,))]),
        ("[1] Frogs leap. Rest.", [("Frogs leap.", (1,)), ("Rest.", ())]),
        ("Frogs leap.\n[2] Toads walk.", [("Frogs leap.", ()), ("Toads walk.", (2,))]),
        ("Frogs leap.\n[2]\n\nToads walk.", [("Frogs leap.", (2,)), ("Toads walk.", ())]),
        ("- Frogs leap [1]\n- Toads walk [2]", [("Frogs leap", (1,)), ("Toads walk", (2,))]),
        ("1. Frogs leap. [1]\n2. Toads walk. [2]", [("Frogs leap.", (1,)), ("Toads walk.", (2,))]),
        ("Frogs [1] and toads [2] leap [1].", [("Frogs and toads leap.", (1, 2))]),
        ("Frogs\nleap [1].", [("Frogs leap.", (1,))]),
        ("Frogs leap (see [1]).", [("Frogs leap (see).", (1,))]),
        ("```\nFrogs leap [1].\n```", [("Frogs leap.", (1,))]),
        ("[1]", []),
        ("... [1] !", []),
    ],
)
def test_a_sentence_keeps_its_markers_and_loses_its_layout(text, expected):
    written, _ = write(*find_markers([text]))
    assert [(each.text, each.keys) for each in sentences_of(written.finish())] == expected


@pytest.mark.parametrize("text", ["", " ", "\n\n", "- ", "1. ", "```\n```"])
def test_a_text_without_words_has_no_sentence(text):
    assert sentences_of(split(text)) == []


def test_one_number_a_paper_and_several_quotes_under_it():
    leap, legs, walk = (
        next(quotes_of(words, [paper]))
        for words, paper in (
            ("Frogs leap 3 metres far", FIRST),
            ("Their legs are long", FIRST),
            ("They hardly ever leap", SECOND),
        )
    )
    parts = write(*find_markers(["Toads hardly leap [2]. Frogs leap [1]. Their legs [1]. Both [1, 2]."]))[
        0
    ].finish()
    for sentence, quotes in zip(
        sentences_of(parts), [[walk], [leap, legs], [legs], [walk, leap]], strict=True
    ):
        sentence.verdict = Verdict("supported", tuple(quotes), "why")
    answer = cite(parts, HITS, FirstSentence())
    assert answer.text == "Toads hardly leap [1]. Frogs leap [2]. Their legs [2]. Both [2][1]."
    assert [(each.number, each.quote) for each in answer.citations] == [
        (1, "They hardly ever leap"),
        (2, "Frogs leap 3 metres far"),
        (2, "Their legs are long"),
    ]
    assert [(claim.citations, claim.quotes) for claim in answer.claims] == [
        *(((1,), (0,)), ((2,), (1, 2)), ((2,), (2,)), ((2, 1), (0, 1))),
    ]
    assert {(claim.check, claim.supported, claim.support, claim.reason) for claim in answer.claims} == {
        ("supported", True, None, "why")
    }
    assert answer.citations[1].title, answer.citations[1].published == ("Frogs", "2020-05")


def test_a_paper_that_no_judge_quotes_shows_its_nearest_words():
    answer = cited("Frogs leap [1]. It is so.")
    (citation,) = answer.citations
    assert (citation.quote, citation.start, citation.end) == ("Frogs leap 3 metres far.", 0, 24)
    assert [(claim.check, claim.supported, claim.quotes) for claim in answer.claims] == [
        ("unchecked", None, (0,)),
        ("unchecked", None, ()),
    ]


def test_notes_say_what_stands_nowhere_in_the_cited_papers():
    answer = cited("Frogs leap 3 metres [1]. Toads leap 4 metres beside BERT [1]. No 5 is cited.")
    assert [claim.notes for claim in answer.claims] == [
        (),
        ("stands nowhere in what it cites: 4, BERT",),
        (),
    ]


def test_a_verdict_sentence_cites_the_papers_that_the_final_text_still_cites():
    written, _ = write(*find_markers(["They differ. Frogs leap [1]. Toads walk [2]."]))
    first, frogs, toads = sentences_of(parts := written.finish())
    first.keys = (1, 2)
    walk = next(quotes_of("They hardly ever leap", [SECOND]))
    first.verdict = Verdict("supported", (walk,))
    toads.verdict = Verdict("not found")
    assert cite(parts, HITS, FirstSentence()).claims[0].citations == (1, 2)
    kept = cite(without(parts, ["not found"]), HITS, FirstSentence())
    assert kept.text == "They differ. Frogs leap [1]."
    assert [claim.citations for claim in kept.claims] == [(1,), (1,)]
    assert {citation.title for citation in kept.citations} == {"Frogs"}
    frogs.verdict = Verdict("not found")
    alone = cite(without(parts, ["not found"]), HITS, FirstSentence())
    assert alone.text == "They differ [1][2]."
    assert alone.claims[0].citations == (1, 2)


def test_what_is_left_out_takes_its_bullet_along_and_leaves_no_gap():
    def left(text: str, *places: int) -> str:
        written = Written(HITS)
        written.add(text)
        parts = written.finish()
        for place in places:
            sentences_of(parts)[place].verdict = Verdict("not found")
        return cite(without(parts, ["not found"]), HITS, FirstSentence()).text

    assert left("One. Two. Three.", 0) == "Two. Three."
    assert left("One. Two. Three.", 1) == "One. Three."
    assert left("One. Two. Three.", 1, 2) == "One."
    assert left("1. One.\n2. Two.\n3. Three.", 0) == "2. Two.\n3. Three."
    assert left("- One.\n- Two.\n\nThree.", 1) == "- One.\n\nThree."
    assert left("One.\n\nTwo. Three.", 0, 1) == "Three."


def test_words_of_ours_stay_when_the_sentence_behind_them_goes():
    written = Written(HITS)
    assert written.say("No.\n\n") + written.add("Frogs. ") + written.add("Toads.") == "No.\n\nFrogs. Toads."
    parts = written.finish()
    sentences_of(parts)[0].verdict = Verdict("not found")
    assert cite(without(parts, ["not found"]), HITS, FirstSentence()).text == "No.\n\nToads."


def test_what_is_written_anew_takes_the_place_of_what_was_written():
    written, shown = write("Toads ", Marker((2,)), " and [ha", ANEW, "Frogs leap", Marker((1, 9)), ".")
    answer = cite(written.finish(), HITS, FirstSentence())
    assert shown == "Toads [1] and\n\nFrogs leap [1]."
    assert answer.text == "Frogs leap [1]."
    assert written.markers() == Markers(2, 1)
    assert [citation.title for citation in answer.citations] == ["Frogs"]


def test_nothing_is_written_where_all_that_was_does_not_count():
    written = Written(HITS)
    assert written.is_empty
    written.add("Toads.")
    assert not written.is_empty
    written.add(ANEW)
    assert written.is_empty


# Quotations


def test_a_heading_stands_above_what_is_quoted_from_its_paper():
    pieces = [Heading(0), Quoted("Frogs leap 3 metres far.", 0, Passage("", 0, 24))]
    pieces += [Heading(1), Quoted("Toads walk.", 1, Passage("", 3, 14))]
    pieces += [Quoted("They leap.", 1, Passage("", 16, 68))]
    written, shown = write(*pieces)
    answer = cite(written.finish(), HITS, FirstSentence())
    assert shown == answer.text
    assert answer.text == (
        "Frogs (2020)\nFrogs leap 3 metres far [1].\n\nToads\nToads walk [2]. They leap [2]."
    )
    assert [claim.text for claim in answer.claims] == [
        "Frogs leap 3 metres far.",
        "Toads walk.",
        "They leap.",
    ]
    assert {(claim.check, claim.support, claim.notes) for claim in answer.claims} == {("verbatim", 1.0, ())}
    assert [(each.number, each.start, each.end) for each in answer.citations] == [
        *((1, 0, 24), (2, 3, 14), (2, 16, 68)),
    ]
    assert written.markers() == Markers(3, 0)


def test_a_heading_is_one_line_that_drives_nothing():
    paper = Paper("Frogs\n[1] of\x1b[2J ponds", "Frogs leap.")
    shown = Written([Hit(paper, 1.0, Passage(paper.paper_id, 0, 5))]).add(Heading(0))
    assert shown.count("\n") == 1
    assert "\x1b" not in shown and "[1]" not in shown


@pytest.mark.parametrize("end", [".", "?", "!", "", ".”", " "])
def test_a_number_stands_before_the_full_stop(end):
    sentence = Sentence(f"Frogs leap{end}", f"Frogs leap{end}", ())
    sentence.cite([2, 1])
    assert sentence.keys == (2, 1)
    assert sentence.raw.replace("\0", "|").startswith("Frogs leap")
    assert "|2,1|" in sentence.raw.replace("\0", "|")


def test_a_paper_s_own_reference_numbers_are_no_markers():
    assert (
        without_markers("As shown in [3], dogs bark [7, 12]. In [0, 1].")
        == "As shown in, dogs bark. In [0, 1]."
    )

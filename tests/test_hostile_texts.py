"""Texts of others that are one long run take no time worth mentioning, and ordinary ones read as before."""

import json
import re
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.hostile_texts import Worst, run_of, runs
from benchmarks.text_readers import readers
from eval.judging.prompted import read_score
from eval.metrics.facts import holds
from ingest.sources.arxiv_snapshot import snapshot_record
from ingest.sources.base import Rejection, paper_from
from ingest.sources.files import FileSource
from ingest.sources.loose import loose_record, plain_text, read_date, read_doi, read_names
from rag import Paper
from rag.checking import Statement
from rag.checking.names import find_names
from rag.checking.numbers import missing_numbers
from rag.checking.verbatim import find_quote
from rag.checking.verdicts import read_verdicts
from rag.composing import Written
from rag.errors import AskpapersError
from rag.latex import latex_to_text
from rag.markers import Marker, find_markers, without_markers
from rag.parts import split
from rag.query.kinds import kind_of
from rag.sentences import LONGEST_SENTENCE, sentence_spans
from rag.words import stem, subject_of
from rag.writers.prompting import read_corrections

SECONDS = 2.0  # of a call that takes some hundredths, and took minutes
ABSTRACT = "Barn owls hunt by ear alone. We count what they bring home."
STATEMENT = Statement("Owls hunt.", (Paper("Owls", ABSTRACT),))
BEFORE = {  # what took over a second of 20,000 to 100,000 characters, most of them over a minute
    "a title of spaces": lambda: plain_text(f"a{' ' * 79_000}<"),
    "spaces before a marker": lambda: without_markers(" " * 100_000),
    "line feeds": lambda: sentence_spans("\n" * 100_000),
    "opening quotation marks": lambda: sentence_spans("“" * 100_000),
    "words": lambda: subject_of("GPT-4 " * 40_000),
    "hyphens": lambda: subject_of("A-1" * 7_000),
    "names in a question": lambda: kind_of("A-1" * 1_333),
    "braces of a score": lambda: read_score("relevancy", "{" * 200_000),
    "braces of verdicts": lambda: read_verdicts("{" * 200_000, [STATEMENT]),
    "nested verdicts": lambda: read_verdicts('{"a":' * 20_000 + "}", [STATEMENT]),
    "lines of corrections": lambda: read_corrections("\n" * 20_000, 1),
    "braces of corrections": lambda: read_corrections("{" * 200_000, 1),
    "a quote of one letter": lambda: find_quote("a " * 1_000 + "b", "a " * 10_000),
    "a quote in one word": lambda: find_quote("a " * 1_000, "a" * 20_000),
    "line feeds of a sentence": lambda: split("\n" * 100_000),
    "bullets": lambda: split("- " * 50_000),
    "fences": lambda: split("```\n" * 25_000),
    "keys": lambda: split("a\0001\0 " * 10_000),
    "markers": lambda: list(find_markers(["[1] " * 40_000])),
    "open math": lambda: list(find_markers(["\\( [1] " * 5_000])),
    "spaces of an index": lambda: latex_to_text("$_\\text" + " " * 40_000),
    "other numbers": lambda: missing_numbers("1 " * 2_000, ["2 " * 10_000]),
    "parts of a name": lambda: find_names("a-" * 100_000),
    "a form of a fact": lambda: holds("a" * 100_000 + " owls", "a" * 100_000),
    "a word without end": lambda: stem("since" * 400_000),
}


def seconds(call):
    """Of this thread's work, however busy the machine is."""
    started = time.thread_time()
    call()
    return time.thread_time() - started


@pytest.mark.parametrize("call", BEFORE.values(), ids=BEFORE)
def test_no_run_takes_long(call):
    assert seconds(call) < SECONDS


@pytest.mark.parametrize("unit", [" ", "\n", "\t", "a ", "(a. ", "“", "1. ", "x"])
@pytest.mark.parametrize("size", [4, 20_000])
def test_a_model_that_streams_a_run_is_read_on_time(unit, size):
    def write():
        text = run_of(unit, 20_000)
        written = Written([])
        shown.extend(written.add(text[start : start + size]) for start in range(0, len(text), size))
        shown.append(written.end())
        parts.extend(written.finish())

    shown: list[str] = []
    parts: list[Any] = []
    assert seconds(write) < SECONDS
    text = "".join(part if isinstance(part, str) else part.raw for part in parts)
    assert text == "".join(shown)
    assert "".join(text.split()) == "".join(run_of(unit, 20_000).split())


@pytest.mark.slow
def test_every_reader_takes_a_short_run_of_every_kind():
    """What is measured works, whatever it is given."""
    for reader in readers():
        for unit in list(runs().values())[::7]:
            try:
                reader.read(run_of(unit, 40))
            except AskpapersError as error:
                assert "\n" not in str(error)


def test_a_fault_is_a_long_call_or_one_that_grows_faster_than_its_text():
    assert Worst("a", half=100, whole=199).fault is None
    assert "200 ms" in Worst("a", half=100, whole=201).fault
    assert Worst("a", half=100, whole=201, entries=100).fault is None
    assert "grows" in Worst("a", half=10, whole=31).fault
    assert Worst("a", half=1, whole=19).fault is None


prose = st.lists(
    st.sampled_from(
        ["Owls sleep [1]. ", "They hunt [2, 3], ", "e.g. for mice ", "\n", " [12] ", "(1) ", "[0] ", "  "]
    )
).map("".join)


@given(st.text(alphabet="[]1, \n\u00a0a", max_size=40) | prose)
def test_texts_lose_the_same_markers_as_ever(text):
    before = re.compile(r"\s*\[(?:[1-9]\d{0,2}(?:\s*,\s*[1-9]\d{0,2})*|unsupported)\]")
    assert without_markers(text) == before.sub("", text)


@given(prose, st.integers(1, 9))
def test_markers_are_the_same_however_a_stream_is_cut(text, size):
    def read(pieces):
        found = list(find_markers(pieces))
        words = "".join(each for each in found if isinstance(each, str))
        return words, [each for each in found if isinstance(each, Marker)]

    cut = [text[start : start + size] for start in range(0, len(text), size)]
    assert read(cut) == read([text])


@given(st.text(max_size=60), st.text(max_size=3))
@example("saves 2.45%", "45%")
@example("1,000 owls", "1000")
@example("145% and 45%", "45%")
def test_a_fact_is_held_as_whole_words_and_numbers(text, form):
    from eval.metrics.facts import _plain

    pattern = rf"(?<![^\W_])(?<!\d\.){re.escape(_plain(form))}(?![^\W_])(?!\.\d)"
    assert holds(text, form) == (re.search(pattern, _plain(text)) is not None)


@given(
    st.lists(st.sampled_from(["Owls sleep by day. ", "x" * 900, "a" * 5_000 + " ", "“", "\n", "%"])).map(
        "".join
    )
)
def test_long_sentences_are_cut_and_nothing_is_lost(text):
    spans = sentence_spans(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert all(len(text[start:end].strip()) <= LONGEST_SENTENCE for start, end in spans)


def test_a_window_of_sentences_changes_no_sentence():
    sentence = "We show that owls (Smith et al., 2020) see 3.5 mice, e.g. at night. "
    spans = sentence_spans(sentence * 200)
    assert {end - start for start, end in spans} == {len(sentence)}


def test_a_half_of_a_surrogate_pair_is_split_like_anything_else():
    text = "Owls sleep.\ud800 Mice do not."
    assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("title", 1_000),
        ("abstract", 20_000),
        ("published", 1_000),
        ("organization", 1_000),
        ("arxiv_id", 1_000),
        ("doi", 1_000),
    ],
)
def test_a_field_that_is_too_long_is_a_broken_entry(field, longest):
    record = {"title": "Owls", "abstract": ABSTRACT} | {field: "a" * (longest + 1)}
    with pytest.raises(
        ValueError, match=f"the {field} has {longest + 1:,} characters, and at most {longest:,}"
    ):
        paper_from(record)


FILES = {
    "a.jsonl": lambda title: json.dumps({"title": title, "abstract": ABSTRACT}),
    "a.csv": lambda title: f'title,abstract\n"{title}","{ABSTRACT}"\n',
    "a.bib": lambda title: f"@misc{{a, title = {{{title}}}, abstract = {{{ABSTRACT}}}}}",
    "csl.json": lambda title: json.dumps([{"title": title, "abstract": ABSTRACT}]),
    "arxiv.json": lambda title: json.dumps(
        {"id": "2110.07143", "title": title, "abstract": ABSTRACT, "versions": []}
    ),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("run", ["a", "a ", "<p ", "\\textbf", "&amp;"])
def test_a_title_of_80_000_characters_is_rejected_unread_in_every_format(tmp_path, name, run):
    path = tmp_path / name
    path.write_text(
        FILES[name](run_of(run.replace("\\", "\\\\") if "json" in name else run, 80_000).strip())
    )
    found = []
    assert seconds(lambda: found.extend(FileSource(path).read())) < SECONDS
    (rejection,) = found
    assert isinstance(rejection, Rejection)
    assert re.fullmatch(r"the title has [\d,]+ characters, and at most 1,000 are read", rejection.reason)


def test_markup_may_be_longer_than_what_it_says():
    marked = "<b>o</b>" * 400
    assert loose_record(marked, ABSTRACT)["title"] == "o" * 400
    assert loose_record(" " * 80_000 + "Owls" + "\n" * 80_000, ABSTRACT)["title"] == "Owls"


def test_details_that_are_too_long_are_left_out():
    told = loose_record(
        "Owls",
        ABSTRACT,
        published=["in 2021" + " " * 1_000, "2020"],
        authors=["Lind, Ann", "<p " * 1_000],
        doi="10.1000/182 " + "a" * 1_000,
        organization="a" * 1_001,
    )
    assert (told["published"], told["authors"]) == ("2020", ["Ann Lind"])
    assert (told["doi"], told["organization"]) == (None, None)
    assert read_date("2021" + " " * 1_000) is None
    assert read_doi("10.1000/182") == "10.1000/182"
    assert read_names([{"family": "a" * 2_000}, "Ann Lind"]) == ["Ann Lind"]
    parsed = snapshot_record({"authors_parsed": [["Lind", "Ann"], ["\\textbf{" * 900, ""]]})["authors"]
    assert parsed == ["Ann Lind"]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Is GPT-4 cheaper than BERT?", "comparison"),
        ("BERT or RoBERTa?", "comparison"),
        ("How large is Llama-3.1-70B-Instruct?", "single"),
    ],
)
def test_the_kind_of_a_question_is_what_it_was(question, kind):
    assert kind_of(question) == kind

"""What the measurements on whole papers stand on: the questions, and how quotes and titles are compared."""

import os
from pathlib import Path

import pytest
from synthetic_runs import answer

from benchmarks.papers.collection import QUESTIONS, WholePaper, whole_papers
from benchmarks.papers.fetch import FetchError, fetch
from benchmarks.papers.poppler import fold, in_lines, is_on
from benchmarks.papers.scores import summarise_answers
from benchmarks.papers.titles import ids_of, with_ids
from eval.cases import Case, PageEvidence, read_cases
from eval.outcomes import not_applicable
from eval.rows import Expected, Row
from eval.run import Run
from rag.types import Paper


@pytest.fixture(scope="module")
def cases():
    return read_cases([str(QUESTIONS)])


def whole(key="owls", titles=("Owls: A Study", "Owls")):
    return WholePaper(key, f"r-cran-{key}", f"{key}/doc/{key}.pdf", "", 3, titles, "one column", None)


def test_the_questions_are_about_the_collection(cases):
    pages = {paper.titles[0]: paper.pages for paper in whole_papers()}
    for case in cases:
        (turn,) = case.turns
        assert not case.unread
        assert {place.paper for place in turn.evidence} == set(turn.papers) <= pages.keys()
        for place in turn.evidence:
            assert place.quote and 0 < (place.page or 0) <= pages[place.paper]
        assert bool(turn.facts) == bool(turn.evidence) == turn.answerable
    assert {paper for case in cases for paper in case.turns[0].papers} == pages.keys()


def test_a_question_needs_as_many_papers_and_pages_as_its_kind_says(cases):
    def counts(kind):
        turns = [case.turns[0] for case in cases if kind in case.turns[0].tags]
        places = ([(place.paper, place.page) for place in turn.evidence] for turn in turns)
        return {(len(turn.papers), len(set(each))) for turn, each in zip(turns, places, strict=True)}

    assert (counts("pages"), counts("compare"), counts("unanswerable")) == ({(1, 2)}, {(2, 2)}, {(0, 0)})
    assert {papers for papers, _ in counts("single")} == {1}
    assert sum("paraphrase" in case.turns[0].tags for case in cases) >= 15


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the fixed effects are efficient", "the \x0bxed e\x0cects are\ne\x0ecient"),
        ("the fixed effects are efficient", "the ﬁxed eﬀects are eﬃcient"),
        ("of finding a well-known model", "of \x03nding a well-\nknown model"),
        ("the “Chow test” isn't known", "the \x10Chow test\x11 isn’t known"),
        ("a successive test of −0.5", "a suc-\ncessive test of –0.5"),
    ],
)
def test_lines_dashes_and_ligatures_make_no_difference_between_extractors(quote, text):
    assert fold(quote) == fold(text)
    assert is_on([text], 1, quote)


def test_other_words_and_numbers_make_one():
    assert fold("it saves 45%") != fold("it saves 54%")
    assert not is_on(["it saves 45%"], 1, "it saves 45% of the cost")


def test_a_quote_may_end_on_the_next_page_and_begin_on_no_other():
    pages = [
        "one. The owls of the north hunt\n1",
        "Owls 2\nby night and rest by day.",
        "By night and rest.",
    ]
    quote = "The owls of the north hunt by night"
    assert [is_on(pages, page, quote) for page in (1, 2, 3)] == [True, False, False]
    assert not is_on(pages, 1, "by night and rest by day.")
    assert is_on(pages, 2, "by night and rest by day.")
    assert not is_on(pages, 9, "by night")


def test_words_broken_at_the_end_of_lines_are_whole():
    assert in_lines("a suc-\n  cessive ﬁt\nof it") == "a successive fit of it"


def test_a_paper_with_a_wrong_title_is_found_and_told():
    collection = [whole(), whole("bees", ("Bees and their flowers",)), whole("eels", ("Eels",))]
    collection.append(whole("foxes", ("Foxes in large cities and what they eat there at night in winter",)))
    papers = [
        Paper("OWLS", "", paper_id="o"),
        Paper("Bees and their flowers Ann Lee", "", paper_id="b"),
        Paper("CMR10", "", paper_id="c"),
        Paper("Foxes in Large Cities", "", paper_id="f"),
    ]
    ids, wrong = ids_of(collection, papers)
    titles = [paper.titles[0] for paper in collection if paper.key != "eels"]
    assert ids == dict(zip(titles, "obf", strict=True))
    assert wrong == [
        "bees: Bees and their flowers Ann Lee",
        "eels: not in the library",
        "foxes: Foxes in Large Cities",
    ]
    places = [{"paper": "Owls: A Study", "page": 2}]
    record = {"question": "?", "papers": ["Owls: A Study", "Eels"], "evidence": places}
    (turn,) = with_ids(Case.model_validate({"id": "one", "turns": [record]}), ids).turns
    assert (turn.papers, turn.evidence[0].paper, turn.evidence[0].page) == (("o", "Eels"), "o", 2)


def a_row(id_, tags, answered, facts=(("45%",),)):
    names = ("hit@1", "hit@5", "page_hit", "over_refusal", "abstention_recall", "words")
    known = {name: not_applicable("not looked at here") for name in names}
    return Row(id_, 1, "?", tags, Expected(papers=("a", "b"), facts=facts), answered, known)


def test_what_is_cited_is_scored_beside_what_eval_scores():
    def cites(*places):
        return [{"paper_id": paper, "page": page, "quote": "It saves."} for paper, page in places]

    right = answer("It saves 45% [1]. " + "Then " * 9, citations=cites(("a", 2), ("b", 9)))
    late = answer("Then " * 9 + "it saves 45% [1].", citations=cites(("a", 2)))
    refused = answer("", status="refused", citations=cites(("a", 2)))
    rows = [a_row("x", ("pages",), right), a_row("y", ("pages",), late), a_row("z", ("single",), refused)]
    evidence = [PageEvidence(paper="a", page=2), PageEvidence(paper="b", page=3)]
    run = Run({"seconds": 1.0}, rows)
    figures = summarise_answers(run, dict.fromkeys("xyz", evidence), {}, words=5)
    means = {name: figure["mean"] for name, figure in figures["metrics"].items()}
    assert (means["right_papers_cited"], means["pages_cited"], means["facts"]) == (0.5, 0.5, 0.3333)
    assert means["quotes_on_page"] is None
    assert figures["metrics"]["pages_cited"]["n"] == 2
    assert figures["by_tag"]["single"]["facts"]["mean"] == 0


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Puts programs of the given scripts, and no others, on the path."""

    def tools(**scripts):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("cp", "mkdir", "touch"):
            (folder / name).symlink_to(
                next(p for p in map(Path, ("/bin", "/usr/bin")) if (p / name).exists()) / name
            )
        for name, script in scripts.items():
            program = folder / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return tools


needs_a_shell = pytest.mark.skipif(os.name != "posix", reason="needs /bin/sh")


@needs_a_shell
def test_a_paper_is_copied_out_of_its_package_and_not_fetched_twice(tmp_path, tools, monkeypatch):
    unpack = "mkdir -p $3/usr/owls/doc; echo of $2 > $3/usr/owls/doc/owls.pdf"
    tools(apt_get="touch $3_1.2_all.deb; echo $3 >> $LOG", dpkg_deb=unpack)
    log = tmp_path / "log"
    monkeypatch.setenv("LOG", str(log))
    for _ in range(2):
        fetch([whole()], tmp_path / "papers")
    assert (tmp_path / "papers/owls.pdf").read_text() == "of r-cran-owls_1.2_all.deb\n"
    assert log.read_text() == "r-cran-owls\n"


@needs_a_shell
@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        ({}, "apt-get and dpkg-deb not found"),
        (
            {"apt_get": "echo 'E: Unable to locate package' >&2; exit 100", "dpkg_deb": ""},
            "r-cran-owls cannot be downloaded (E: Unable to locate package)",
        ),
        (
            {"apt_get": "touch owls.deb", "dpkg_deb": "mkdir -p files"},
            "owls.deb has no owls/doc/owls.pdf any more",
        ),
    ],
)
def test_what_cannot_be_fetched_is_told_in_one_line(tmp_path, tools, scripts, says):
    tools(**scripts)
    with pytest.raises(FetchError) as error:
        fetch([whole()], tmp_path / "papers")
    assert says in str(error.value)
    assert "\n" not in str(error.value)

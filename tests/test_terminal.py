"""What a terminal is shown of answers and rankings, and a pipe."""

import io
import re
import sys
from dataclasses import replace

import pytest
from test_rendering import BY_ID, FOREST, THREE, answer_of, quoting, quoting_thrice

from rag.types import Claim, Hit, Passage
from ui import terminal
from ui.authors import in_short


@pytest.fixture
def on_terminal(monkeypatch):
    """What is shown on a terminal of some width."""

    def show(width, *answers):
        shown = io.StringIO()
        shown.isatty = lambda: True
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stdout", shown)
        for answer in answers:
            terminal.print_answer(answer)
        return re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())

    return show


def test_a_list_is_a_table_on_a_terminal_and_text_in_a_pipe(on_terminal):
    table = on_terminal(90, quoting("list")).splitlines()
    assert table[0].split() == ["Paper", "Authors", "Year", "Sentence"]
    assert table[2].split()[:5] == ["Forests", "[1]", "Oak", "et", "al."]
    assert max(map(len, table)) <= 90
    assert on_terminal(40, quoting("list")).splitlines()[0] == "Forests (1) (2020)"


def test_a_pipe_is_given_the_text_as_it_is(capsys):
    terminal.print_answer(quoting("list"))
    assert capsys.readouterr().out.startswith(quoting().text)


def test_words_that_stand_above_are_not_repeated_below(capsys):
    terminal.print_answer(quoting())
    out = capsys.readouterr().out
    assert out.count("Bats sleep in caves") == 1
    assert f"[1] Forests [1], {FOREST.published}" in out and "[2] Caves, " in out
    terminal.print_answer(replace(quoting(), claims=()))
    assert "“Bats sleep in caves.”" in capsys.readouterr().out


def test_each_doubt_is_told_and_why_and_a_quotation_is_none(capsys):
    note = "stands nowhere in the cited papers: 45 %"
    claims = (
        Claim("It is verbatim.", (1,), "verbatim"),
        Claim("It is partly so.", (1,), "partly", reason="the paper says more"),
        Claim("It is supported.", (1,), "supported", reason="it says so"),
        Claim("It is 45 %.", (1,), "supported", notes=(note,)),
        Claim("It is open.", (1,), "unchecked", notes=(note,)),
        Claim("Nobody knows.", (1,), "unchecked", reason="the judge showed no words"),
        Claim("So it is.", (), "unchecked"),
    )
    terminal.print_answer(answer_of(claims=claims))
    lines = capsys.readouterr().out.splitlines()
    expected = (
        "Partly supported by what it cites: It is partly so. (The paper says more.)",
        "Supported by what it cites: It is 45 %. (Stands nowhere in the cited papers: 45 %.)",
        "Not checked: It is open. (Stands nowhere in the cited papers: 45 %.)",
        "Cites nothing: So it is.",
        "Not checked: 1 sentence. The judge showed no words.",
    )
    assert [line for line in lines if re.match("[A-Z][a-z ]+: (It|So|1)", line)] == list(expected)


def test_a_paper_is_named_once_with_all_its_quotes(capsys):
    terminal.print_answer(quoting_thrice())
    out = capsys.readouterr().out
    assert "[1] Owls, 2021-03, Owls\n" + "".join(f"    “{quote}”\n" for quote in THREE) in out
    body = replace(quoting_thrice().citations[0], part="body", page=3, section="Results")
    terminal.print_answer(quoting_thrice(citations=(body,)))
    assert f"“{body.quote}” (page 3, Results)\n" in capsys.readouterr().out


@pytest.mark.parametrize("reason", ["no paper mentions owls", "No paper mentions owls."])
def test_a_refusal_says_why_in_a_sentence(capsys, reason):
    terminal.print_answer(answer_of(status="refused", reason=reason, claims=()))
    assert "\nNo paper mentions owls.\n\nNearest papers:\n" in capsys.readouterr().out


def test_a_ranking_says_where_nothing_is_close(capsys):
    hits = [Hit(paper, 0.2, Passage(paper.paper_id, 0, 4), is_near=False) for paper in BY_ID.values()]
    terminal.print_hits(hits)
    assert capsys.readouterr().out.startswith(terminal.NOTHING_CLOSE)
    terminal.print_hits([replace(hits[0], is_near=True), hits[1]])
    assert terminal.NOTHING_CLOSE not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("names", "count", "short"),
    [
        ((), None, ""),
        (("Ann Oak",), 1, "Oak"),
        (("Ann Oak",), 9, "Oak et al."),
        (("Ludwig van den Berg", "Elm, Bo"), 2, "van den Berg and Elm"),
        (("Ann Oak", "Bo Elm", "C. Yew"), None, "Oak et al."),
    ],
)
def test_authors_in_short(names, count, short):
    assert in_short(names, count) == short

"""What a terminal is shown of answers and rankings, and a pipe."""

import io
import re
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from test_rendering import BY_ID, FOREST, THREE, answer_of, quoting, quoting_thrice

from rag.streams import AnswerStream, Steps
from rag.types import Claim, Hit, Paper, Passage
from ui import terminal
from ui.authors import in_short, of_paper
from ui.steps import GOING_ON
from ui.streaming import StatusLine, print_read, read_along


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
        "Not checked: 1 other sentence. The judge showed no words.",
    )
    assert [line for line in lines if re.match("[A-Z][a-z ]+: (It|So|1)", line)] == list(expected)


def test_a_paper_is_named_once_with_all_its_quotes(capsys):
    terminal.print_answer(quoting_thrice())
    out = capsys.readouterr().out
    assert "[1] Owls, 2021-03, Owls\n" + "".join(f"    “{quote}”\n" for quote in THREE) in out
    body = replace(quoting_thrice().citations[0], part="body", page=3, section="Results")
    terminal.print_answer(quoting_thrice(citations=(body,)))
    assert f"“{body.quote}” (p. 3, Results)\n" in capsys.readouterr().out


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


def test_a_ranking_names_authors_and_says_what_is_retracted(capsys):
    paper = replace(next(iter(BY_ID.values())), authors=("Ann Lee", "Bo Chen", "Cy Day"), retracted="2024")
    terminal.print_hits([Hit(paper, 0.2, Passage(paper.paper_id, 0, 4), is_near=True)])
    line = capsys.readouterr().out.splitlines()[0]
    assert "  Lee et al.  " in line and line.endswith("  0.20  retracted")


# While an answer is written


class Screen(io.StringIO):
    """A terminal of some columns and 24 rows that understands what is written to it, as far as we need."""

    def __init__(self, columns):
        super().__init__()
        self.columns, self.rows, self.row, self.column = columns, [""], 0, 0
        self.seen = []  # at each flush

    def isatty(self):
        return True

    def write(self, text):
        for number, kind, character in re.findall(r"\x1b\[([\d;]*)([A-Za-z])|(.)", text, re.DOTALL):
            if kind == "A":
                self.row -= int(number)
            elif kind == "K":
                self.rows[self.row] = ""
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self._next()
            elif character:
                if self.column + cell_len(character) > self.columns:
                    self._next()
                self.rows[self.row] = self.rows[self.row] * bool(self.column) + character
                self.column += cell_len(character)
        return len(text)

    def _next(self):
        self.row, self.column = self.row + 1, 0
        self.rows += [""] * (self.row + 1 - len(self.rows))

    def flush(self):
        self.seen.append("\n".join(self.rows))


WAITING = "Waiting for the model."


def stream_of(answer, pieces, status):
    """A stream of an answer; a step among the pieces is a tuple, and the model is silent at None."""
    steps = Steps()

    def run():
        for piece in pieces:
            if piece is None:
                status.wait(WAITING)
                continue
            if isinstance(piece, tuple):
                steps.now, *papers = piece
                steps.papers = sum(papers)
            yield "" if isinstance(piece, tuple) else piece
        return answer

    return AnswerStream(run(), steps=steps)


def show(answer, pieces, **options):
    status = StatusLine()
    stream = stream_of(answer, pieces, status)
    shown = read_along(stream, status, **{"is_written": True, "is_json": False} | options)
    print_read(stream.answer, shown)


@pytest.fixture
def screen_of(monkeypatch):
    """The screen on which an answer has been shown."""

    def screen_of(*shown, **options):
        screen = Screen(40)
        for name, value in {"COLUMNS": "40", "LINES": "24", "TERM": "xterm"}.items():
            monkeypatch.setenv(name, value)
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, screen)
        show(*shown, **options)
        return screen

    return screen_of


LONG = "Owls live in oaks, which grow in forests, where it is dark at night [1]. "


@pytest.mark.parametrize("first", [LONG, f"{LONG}\n{LONG * 3}\n\n{'x' * 80}", "猫" * 50])
def test_what_was_corrected_takes_the_place_of_what_was_shown(screen_of, first):
    pieces = [("understand",), None, ("retrieve",), ("write",), ("write", 5), first, None, ("check",)]
    pieces += [None, ("repair",)]
    usage = {"requests": 4.0, "total_tokens": 4210.0, "cost": 0.0012}
    seconds = {"understand": 1.2, "write": 3.0, "total": 5.0}
    screen = screen_of(answer_of(usage=usage, seconds=seconds), pieces)
    for line in (*GOING_ON.values(), "Reading 5 papers…"):
        assert any(line[:39] in seen for seen in screen.seen)
    shown = "\n".join(screen.rows)
    assert shown.startswith("Owls live in oaks [1]. Owls fly.\n\nUnderstood as: Owls")
    assert not any(line[:20] in shown for line in (WAITING, *GOING_ON.values()))
    assert any(WAITING[:39] in seen for seen in screen.seen)  # both lines are too long for it
    assert first[:40] not in shown
    told = "4 requests · 4,210 tokens · $0.0012 · understand 1.2 s, write 3.0 s"
    assert told in "".join(screen.rows)


def test_what_has_left_the_screen_is_printed_anew(screen_of):
    shown = "\n".join(screen_of(answer_of(), [("write",), LONG * 20, ("check",)]).rows)
    assert (
        shown.startswith("Owls live in oaks, which")
        and "\nThe answer, corrected:\n\nOwls live in oaks [1]." in shown
    )


def test_what_stays_is_printed_once(screen_of):
    answer = answer_of()
    screen = screen_of(answer, [("write",), "", answer.text[:8], "", answer.text[8:], ("check",), ""])
    assert "\n".join(screen.rows).count("Owls live in oaks") == 1


@pytest.mark.parametrize("options", [{"is_written": False}, {"is_json": True}])
def test_quotations_and_json_come_whole(screen_of, options):
    screen = screen_of(answer_of(), [("write",), LONG, ("check",)], **options)
    assert screen.rows[0].startswith("Owls live in oaks [1]. Owls fly.")
    assert any("Checking" in seen for seen in screen.seen) == ("is_json" in options)


def test_a_pipe_gets_the_final_text_alone(capsys):
    show(answer_of(usage={"requests": 1.0}), [("write",), LONG, ("check",)])
    out, err = capsys.readouterr()
    assert out.startswith("Owls live in oaks [1]. Owls fly.") and LONG not in out
    assert err == "1 request\n"


@pytest.mark.parametrize(
    ("names", "count", "short"),
    [
        ((), None, ""),
        (("Ann Oak",), 1, "Oak"),
        (("Ann Oak",), 9, "Oak et al."),
        (("Ludwig van den Berg", "Elm, Bo"), 2, "van den Berg and Elm"),
        (("Ann Oak", "Bo Elm", "C. Yew"), None, "Oak et al."),
        (("Ann Oak", "Bat Health Group"), 2, "Oak and Bat Health Group"),
    ],
)
def test_authors_in_short(names, count, short):
    assert in_short(names, count) == short


@pytest.mark.parametrize(
    ("names", "written", "short"),
    [
        (
            ("William Strunk Jr.", "Luis García Pérez"),
            (("Strunk", "William", "Jr."), ("García Pérez", "Luis")),
            "Strunk and García Pérez",
        ),
        (("Ann Oak", "Bo Elm"), (("Yew", "Another"),), "Oak and Elm"),
    ],
)
def test_family_names_are_as_the_source_gives_them_where_they_fit(names, written, short):
    parts = [dict(zip(("family", "given", "suffix"), name, strict=False)) for name in written]
    paper = Paper("Owls", "", authors=names, csl={"author": parts})
    assert of_paper(paper) == short

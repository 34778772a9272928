"""Reports of a run: right numbers, safe with any text, the same bytes each time."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import synthetic_runs as made
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from eval.errors import RunError
from eval.markdown import code
from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcome, failed, not_applicable, scored
from eval.report import write_reports
from eval.report.colours import DARK, LIGHT
from eval.report.faults import find_faults
from eval.report.html import render_html
from eval.report.markdown import render_markdown
from eval.report.numbers import format_interval, format_value
from eval.report.plots import chart_by_tag, chart_recall, chart_seconds, recalls
from eval.run import Run

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Page(HTMLParser):
    """The elements of a page in order, their attributes, and the texts of those under each path."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data):
        self.comments.append(data)

    def text(self) -> str:
        return "".join(data for tag, data in self.texts if tag not in ("script", "style"))

    def names(self) -> set[tuple[str, str | None]]:
        """Each element with each of its attributes."""
        return {(tag, name) for tag, attributes in self.elements for name in (*attributes, None)}


def cells(html: str) -> list[list[str]]:
    """The cells of every row that holds no other rows, as text."""
    found = re.findall(r"<tr[^>]*>((?:(?!<tr).)*?)</tr>", html, flags=re.DOTALL)
    parts = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in found)
    return [[" ".join(Page(cell).text().split()) for cell in row] for row in parts]


def whole() -> Run:
    return made.run(made.judged(made.rows()), judge=made.JUDGE)


@pytest.fixture(scope="module")
def html() -> str:
    return render_html(whole())


@pytest.fixture(scope="module")
def hostile() -> str:
    return render_html(made.hostile_run())


def test_the_page_has_every_mean_as_the_summary_has_it(html):
    means = "".join(re.findall(r'<table class="means">.*?</table>', html, flags=re.DOTALL))
    summary, rows = whole().summary(), {row[0].split(" ")[0]: row for row in cells(means)}
    for layer, metrics in ((summary, METRICS), (summary["judge"], JUDGED)):
        for name, metric in metrics.items():
            found = layer["metrics"][name]
            counts = [str(found[key]) for key in ("n", "not_applicable", "errors")]
            assert rows[name][1].startswith(format_value(found["mean"], metric))
            assert rows[name][2] == format_interval(found, metric)
            assert rows[name][-3:] == counts


def test_the_page_tells_under_which_conditions_a_run_was_made(html):
    text = Page(html).text()
    told = ("run1", "extractive", "333 papers", "2026-11-21", "9b9e083", "test.jsonl", "llm:large")
    assert not [
        each for each in (*told, "llm:gpt-4.1-mini", "3,400 tokens", "0.0018 dollars") if each not in text
    ]
    assert "Not a plain run" not in text


@pytest.mark.usefixtures("without_charts")
@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"finished": False}, "not finished"),
        ({"dirty": True}, "not committed"),
        ({"sample": 20, "seed": 7}, "a sample of 20 questions (seed 7)"),
        ({"tags": ["list", "year"]}, "only questions tagged list, year"),
        ({"system": {"options": {"words": 40}}}, "at most 40 words"),
        ({"system": {"options": {"years_from_question": False}}}, "years are not taken"),
        ({"system": {"options": {"filters": {"from_year": 2020}}}}, "filter from_year 2020"),
    ],
)
def test_what_differs_from_a_plain_run_is_told(record, told):
    run = made.run([made.row("one")], **record)
    assert told in Page(render_html(run)).text()
    assert told in render_markdown(run)


def test_the_judge_layer_stands_apart_and_only_where_there_is_one(html):
    alone = made.run(made.rows())
    assert html.index("recall@10</b>") < html.index("What the judge says") < html.index("<b>judge_")
    assert "judge says" not in Page(render_html(alone)).text().lower()
    assert "judge" not in render_markdown(alone)
    assert "llm:gpt-4.1-mini" in render_markdown(whole())


def test_a_question_opens_to_all_that_is_known_of_it(html):
    text = " ".join(Page(html).text().split())
    for told in (
        "What of unsupported?",
        "Claim 2. ✗ not found 0.20 The words of quote 2.[2] Paper 2, 2021-10",
        "Claim 1. ✓ supported 0.90 The words of quote 1.",
        "45% said",
        "The right paper at rank 1",
        "somewhere else not retrieved",
        "Title of 2110.07000 ignored",
        "Title of 2110.07001 ✓ right",
        "A refusal: the papers do not answer it.",
        "Refused: no paper is near",
        "Not in the papers: the price",
        "Note: digests",
        "Understood as: What of it, in full?",
        "Error the model's server refused the request (HTTP 500): try again",
        "not said: 45%",
        "nothing is known of it",
        "“maybe?” is no verdict",
        "total_tokens 321",
        "total 0.12 s",
        "Id later, turn 2, tagged single",
    ):
        assert told in text, told


def test_rows_say_what_went_wrong():
    assert {row.case_id: find_faults(row) for row in made.rows()} == {
        "good": [],
        "partial": [],
        "unsupported": ["claims not supported"],
        "facts": ["facts missing"],
        "missed": ["no right paper among five"],
        "refused": ["wrongly refused", "no right paper among five", "facts missing"],
        "rightly refused": [],
        "not refused": ["not refused"],
        "broken": ["error"],
        "later": [],
    }
    unread = replace(made.row("one"), judged={"judge_relevancy": failed("no verdict")})
    assert find_faults(unread) == ["not all scored"]


def test_no_element_and_no_attribute_comes_of_data(hostile):
    page, harmless = Page(hostile), Page(render_html(Run({**whole().record, "dirty": True}, whole().rows)))
    assert page.names() <= harmless.names()
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not page.comments
    values = " ".join(value or "" for _, attributes in page.elements for value in attributes.values())
    assert not [
        text for text in ("hacked", "onerror", "javascript:", "example.com", "{{") if text in values
    ]


def test_hostile_texts_are_shown_as_they_are(hostile):
    shown_text = Page(hostile).text()
    for text in made.HOSTILE:
        assert CONTROLS.sub(lambda found: " " if found[0].isspace() else "", text).replace(
            "\uffff", ""
        ) in (shown_text)
    assert not CONTROLS.search(hostile)
    assert "49" not in re.findall(r"<p class=\"answer\"[^>]*>(.*?)</p>", hostile)


def test_nothing_is_fetched_and_only_our_script_may_run(hostile):
    page = Page(hostile)
    policy = next(
        each["content"] for tag, each in page.elements if "content-security-policy" in str(each).lower()
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    links = [each["href"] for tag, each in page.elements if tag == "a"]
    assert not [
        link for link in links if not re.fullmatch(r"https://(arxiv\.org/abs|doi\.org)/[\w./%-]+", link)
    ]
    loading = {"src", "srcset", "data", "action", "formaction", "poster", "ping", "background", "style"}
    carriers = {name for tag, each in page.elements for name in each if name in loading and tag != "path"}
    assert carriers <= {"style"}
    assert not re.search(r"url\((?!#)|@import", hostile[: hostile.index("</style>")])
    inside = {each["href"] for tag, each in page.elements if tag == "use"}
    assert all(place.startswith("#") for place in inside)


def test_papers_are_linked_where_their_ids_say_where_they_are(html):
    links = {each["href"] for tag, each in Page(html).elements if tag == "a"}
    assert "https://arxiv.org/abs/2110.07001" in links
    doi = made.row("one", expected=replace(made.row("").expected, papers=('10.1000/a"b<c',)))
    page = Page(render_html(made.run([doi])))
    assert "https://doi.org/10.1000/a%22b%3Cc" in {each.get("href") for _, each in page.elements}


def test_the_same_run_gives_the_same_bytes(html):
    assert render_html(whole()) == html
    assert render_markdown(whole()) == render_markdown(whole())


def test_ids_are_unique_and_all_that_is_pointed_at_is_there(html):
    elements = Page(html).elements
    ids = [each["id"] for _, each in elements if "id" in each]
    assert len(ids) == len(set(ids))
    wanted = {name for _, each in elements for name in (each.get("aria-labelledby") or "").split()}
    wanted |= {each["href"][1:] for tag, each in elements if tag == "use"}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", html))
    assert wanted <= set(ids)


def test_every_plot_says_in_words_what_it_shows(html):
    found = re.findall(r"<svg[^>]*class=\"chart\".*?</svg>", html, flags=re.DOTALL)
    assert len(found) >= 8
    assert all(re.search(r'role="img".*<title id=.+?</title><desc id=.+?</desc>', each) for each in found)


def test_plots_take_the_colours_of_the_page():
    run = whole()
    drawn = [chart_seconds(run.rows), chart_recall(run.rows)]
    svg = "".join(each.svg for each in drawn if each)
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= set(LIGHT.values())
    assert all(f"var(--{name}, {LIGHT[name]})" in svg for name in ("ink", "accent"))
    assert LIGHT.keys() == DARK.keys()


def test_recall_by_k_is_the_metric_at_ten():
    rows = [row for row in made.rows() if row.answer]
    values = [found["recall@10"].value for row in rows if (found := recalls(row))]
    scores = [row.outcomes["recall@10"].value for row in rows if row.expected.papers]
    assert values == scores
    assert recalls(made.row("one"))["recall@1"].value == 1  # the one before is ignored
    chart = chart_recall(rows)
    assert chart and f"{sum(values) / len(values):.2f} at 10" in chart.says


def test_each_verdict_is_told_and_a_quotation_has_no_tick():
    row = made.row("all", answer=made.answer(checks=("verbatim", "unchecked", "contradicted")))
    text = " ".join(Page(render_html(made.run([row]))).text().split())
    assert "Claim 1. quoted The words" in text
    assert "Claim 2. not checked The words" in text
    assert "Claim 3. ✗ contradicted The words" in text
    assert "✓ supported" not in text


def test_seconds_are_counted():
    seconds = chart_seconds(whole().rows)
    assert seconds and "p50 0.12 s" in seconds.says and "at most 0.30 s; n = 9" in seconds.says


def test_a_claim_has_all_quotes_of_its_own_though_they_share_a_number():
    answer = made.answer(checks=("supported", "partly"))
    for citation in answer["citations"]:
        citation["number"] = 1
    answer["claims"][0] |= {"citations": [1], "quotes": [0]}
    answer["claims"][1] |= {"citations": [1], "quotes": [1, 0], "reason": "half of it", "notes": ["no 45"]}
    text = " ".join(Page(render_html(made.run([made.row("one", answer=answer)]))).text().split())
    assert "Claim 1. ✓ supported 0.90 The words of quote 1.[1] Paper 1, 2021-10 Claim 2." in text
    assert "Claim 2. ✗ partly: half of it no 45 The words of quote 2." in text
    assert "Behind no claim" not in text


def test_who_checked_what_nobody_judged_and_each_step_are_told():
    unjudged = Outcome(0.5, "so", unchecked=3)
    row = made.row("one", outcomes=made.outcomes(requests=3) | {"faithfulness": unjudged})
    run = made.run([row, replace(row, case_id="two")])
    for text in (Page(render_html(run)).text(), render_markdown(run)):
        assert "faithfulness: checked by llm:large, 6 sentences unchecked" in text
        assert "understand 2 requests, 42 tokens; write 4 requests, 600 tokens" in text
    assert run.summary()["metrics"]["requests"]["mean"] == 3
    quoted = replace(row, answer=made.answer(checks=("verbatim",)), outcomes=made.outcomes(faithfulness=1))
    assert "faithfulness: quotations alone" in render_markdown(made.run([quoted]))


def test_a_run_of_an_earlier_version_is_still_shown():
    run = made.run([made.row_of_earlier("one")], **made.OF_EARLIER)
    text = " ".join(Page(render_html(run)).text().split())
    assert "Claim 1. ✓ supported 0.90 The words of quote 1.[1] Paper 1, 2021-10 Claim 2." in text
    assert "citation_recall0.50why citation_recall" in text
    assert "faithfulness" in render_markdown(run)
    assert "citation_recall" not in render_markdown(run)


def test_a_plot_by_tag_tells_means_intervals_and_what_it_leaves_out():
    rows = [made.row(f"q{n}", tags=(f"tag {n}", "$x$", "many")) for n in range(30)]
    chart = chart_by_tag(made.run(rows).summary(), METRICS["hit@1"])
    assert chart and "many 1.000 (0.884 to 1.000) of 30" in chart.says
    assert ">$x$</text>" in chart.svg
    assert chart.says.endswith("8 rarer tags are left out")
    assert chart_by_tag(made.run(rows).summary(), METRICS["set_f1"]) is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [made.row("one", tags=())],
        [
            made.row(
                "one", outcomes={name: not_applicable("no") for name in METRICS}, answer=None, error="x"
            )
        ],
        [row for row in made.rows() if row.error],
        [made.row("one", outcomes={})],
        [made.row("one", answer=made.answer("", (), papers=[], usage={}, seconds={"total": 0.0}))],
    ],
    ids=["none", "one", "nothing applies", "all errors", "no metric", "nothing said"],
)
def test_runs_with_little_in_them_are_shown(rows, tmp_path):
    run = made.run(rows)
    assert cells(render_html(run))
    assert tables(render_markdown(run))
    assert len(run.frame()) == len(rows)


def test_a_record_of_another_program_may_say_little():
    run = Run({"name": "theirs", "seconds": 1.0, "system": {"name": "query engine"}}, [made.row("one")])
    assert "query engine" in Page(render_html(run)).text()
    assert "`theirs`" in render_markdown(run)


def tables(markdown: str) -> list[list[list[Token]]]:
    """The tables of a text: the cells of each row."""
    found: list[list[list[Token]]] = []
    tokens = MARKDOWN.parse(markdown)
    for before, token in pairwise([Token("", "", 0), *tokens]):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif before.type in ("th_open", "td_open"):
            found[-1][-1].append(token)
    return found


def test_markdown_has_every_mean_and_the_worst_questions():
    run = whole()
    means, by_tag, judge, _, worst = tables(render_markdown(run))
    summary = run.summary()
    for row in means[1:] + judge[1:]:
        name, *values = (cell.content for cell in row)
        found = (summary["metrics"] | summary["judge"]["metrics"])[name]
        metric = (METRICS | JUDGED)[name]
        assert values[:2] == [format_value(found["mean"], metric), format_interval(found, metric)]
        assert values[2:] == [str(found[key]) for key in ("n", "not_applicable", "errors")]
    assert {row[0].content for row in by_tag[1:]} == {"`a`", "`single`", "`unanswerable`"}
    assert [row[0].content for row in worst[1:4]] == ["`broken`", "`refused`", "`not refused`"]
    assert "HTTP 500" in worst[1][2].content


def test_markdown_names_a_bounded_number_of_questions():
    rows = [made.row(f"q{n}", answer=None, error="x", tags=(f"t{n}",)) for n in range(500)]
    assert "the 20 worst of 500" in render_markdown(made.run(rows))
    assert len(render_markdown(made.run(rows))) < 20_000


def test_nothing_in_markdown_comes_alive():
    text = render_markdown(made.hostile_run())
    tokens = MARKDOWN.parse(text)
    kinds = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "em_open",
        "strong_open",
        "s_open",
    }
    loose = " ".join(
        child.content for token in tokens for child in token.children or () if child.type != "code_inline"
    )
    assert not [
        each for each in ("hacked", "@some", "#1", "example.com", "://", "$", "{{") if each in loose
    ]
    assert all(len({len(row) for row in table}) == 1 for table in tables(text))
    assert not CONTROLS.search(text)


@given(st.text(), st.text())
def test_a_text_stays_in_its_cell(one, other):
    (table,) = tables(f"| a | b |\n| --- | --- |\n| {code(one)} | {code(other)} |\n")
    kinds = [[child.type for child in cell.children or ()] for cell in table[1]]
    assert len(table) == 2
    assert all(kind in (["code_inline"], ["text"]) for kind in kinds)
    assert len(kinds) == 2


def test_reports_are_written_whole(html, tmp_path):
    folder = tmp_path / "runs" / "one"
    assert [path.name for path in write_reports(whole(), folder)] == ["report.html", "report.md"]
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.md"]
    assert (folder / "report.html").read_bytes() == html.encode()
    write_reports(made.run([]), folder)
    assert "0 questions" in (folder / "report.md").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_an_error_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="name another folder") as caught:
        write_reports(made.run([]), tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_frame_has_a_row_a_question_and_a_column_a_metric():
    run = whole()
    frame = run.frame()
    summary = run.summary()
    assert list(frame["id"]) == [row.case_id for row in run.rows]
    assert list(frame.columns[:7]) == ["id", "turn", "tags", "question", "status", "answer", "error"]
    assert list(frame.columns[7:]) == [*METRICS, *JUDGED]
    assert frame["hit@1"].mean() == pytest.approx(summary["metrics"]["hit@1"]["mean"], abs=1e-4)
    assert frame["set_f1"].isna().all() and frame["set_f1"].dtype == "float64"
    assert frame[frame["status"].isna()]["id"].tolist() == ["broken"]
    assert frame[frame["tags"].map(lambda tags: "unanswerable" in tags)]["id"].tolist() == [
        "rightly refused",
        "not refused",
    ]
    assert not set(JUDGED) & set(made.run(made.rows()).frame().columns)


def test_the_long_frame_tells_why_a_value_is_missing():
    run = whole()
    frame = run.outcomes_frame()
    assert len(frame) == sum(len(row.outcomes) + len(row.judged) for row in run.rows)
    kinds = frame.groupby(["layer", "metric", "kind"]).size()
    found = run.summary()["metrics"]["faithfulness"]
    assert kinds["deterministic", "faithfulness", "scored"] == found["n"]
    assert kinds["deterministic", "faithfulness", "error"] == found["errors"]
    assert kinds["deterministic", "faithfulness", "not applicable"] == found["not_applicable"]
    assert "“maybe?” is no verdict" in set(frame[frame["layer"] == "judge"]["explanation"])
    assert frame["value"].isna().sum() == (frame["kind"] != "scored").sum()


def test_scores_are_shown_short():
    assert (
        "0.67" in Page(render_html(made.run([made.row("one", outcomes={"hit@1": scored(2 / 3)})]))).text()
    )

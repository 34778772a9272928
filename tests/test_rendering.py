"""What the page shows: nothing in a text of others becomes markup, and what is marked is what was cited."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import synthetic_runs as made
from answers import an_answer
from hypothesis import given
from hypothesis import strategies as st
from runs import runs_of
from tables import in_one_test

from eval.comparison import compare
from ingest.exports.bibtex import to_bibtex
from ingest.pipeline import Report
from ingest.sources.base import Rejection
from rag.body import Block, Body
from rag.body import Page as Page_
from rag.drafts import REFUSAL
from rag.notes import UNCHECKED, offer_note
from rag.plain import plain
from rag.readable import readable, without_markup
from rag.types import Answer, Citation, Claim, Filters, Hit, Markers, Paper, Passage, RankedPaper
from rag.writers.extractive import BY_CHOICE, NO_MODEL
from ui.export import to_markdown
from ui.steps import GOING_ON
from ui.web.chats import Exchange
from ui.web.rendering import (
    SIGNALS,
    answer_html,
    chips_html,
    comparison_html,
    error_html,
    frame_html,
    hits_html,
    paper_html,
    report_html,
    shown_papers,
)

HOSTILE = (
    *made.HOSTILE,
    "</details></li></ol><form action=//evil.example><input name=a>",
    "</p><iframe srcdoc='<script>1</script>'></iframe>",
    "</textarea></title></style></noscript><b id=x>",
    '" autofocus onfocus=alert(1) x="',
    "[1](javascript:alert(1)) [99]",
)
hostile = in_one_test("text", HOSTILE)
VOID = {"br", "img", "input", "meta", "link", "hr"}
ANCHOR = f"source-{'a' * 32}"


class Page(HTMLParser):
    """The elements of some HTML with their attributes, and the texts inside each class."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl):
        raise AssertionError(f"a declaration: {decl}")

    unknown_decl = handle_pi = handle_decl

    @property
    def text(self):
        return "".join(data for _, data in self.texts)

    def inside(self, name):
        """The text inside elements of this tag or class."""
        return "".join(
            data
            for open_, data in self.texts
            if any(name == tag or name in classes.split() for tag, classes in open_)
        )

    def all(self, name):
        """The attributes of each element of this tag or class."""
        return [
            attributes
            for tag, attributes in self.elements
            if name == tag or name in (attributes.get("class") or "").split()
        ]

    @property
    def skeleton(self):
        """All that markup says, but for titles and the content of files that are offered."""
        return [
            (
                tag,
                {
                    key: "data" if key == "title" or (value or "").startswith("data:") else value
                    for key, value in attributes.items()
                },
            )
            for tag, attributes in self.elements
        ]


def in_words(text):
    """The text as it is read, however its white space was written."""
    return " ".join(plain(text).split())


ABSTRACT = "We count 31 owls in the forest. They live in oaks. They sleep by day."
QUOTE = "They live in oaks."


def paper_of(text=None, **changes):
    """A paper with this text wherever others write, or a harmless one."""
    said = text or "Owls"
    abstract = ABSTRACT if text is None else f"{text} {QUOTE} {text}"
    made_of = {"published": "2021-03", "organization": said, "arxiv_id": "2110.07143"}
    return Paper(said, abstract, **(made_of | {"paper_id": "p1"} | changes))


def cited(paper, quote=QUOTE, number=1):
    start = paper.abstract.index(quote)
    return Citation(
        number,
        paper.paper_id,
        paper.title,
        paper.published,
        paper.organization,
        quote,
        start,
        start + len(quote),
    )


def answer_of(text=None, paper=None, **changes):
    """An answer with this text wherever others write, or a harmless one."""
    said, paper = text or "Owls", paper or paper_of(text)
    made_of = an_answer(
        question=said,
        text=f"{said} live in oaks [1]. {said} fly.",
        claims=(
            Claim(f"{said} live in oaks.", (1,), "supported", 0.93, (0,), said, (said,)),
            Claim(f"{said} fly.", (), "not found", reason=said),
        ),
        citations=(cited(paper),),
        papers=(RankedPaper("p1", paper.title, 0.9), RankedPaper("p2", said, 0.4)),
        resolved_question=said,
        notes=(said,),
        writer=said,
        markers=Markers(1),
        usage={"total_tokens": 742.0, "cost": 0.0012},
        seconds={"total": 1.26},
    )
    return replace(made_of, **changes)


def shown(answer, papers=None, **exchange):
    papers = {"p1": paper_of(), "p2": paper_of(paper_id="p2")} if papers is None else papers
    exchange = Exchange(answer.question, answer=answer, id="a" * 32, **exchange)
    return Page(answer_html(exchange, ANCHOR, papers))


# Every text is escaped


STATUSES = ("answered", "partial", "refused")


@hostile
@in_one_test("status", STATUSES)
def test_no_text_of_an_answer_becomes_markup(text, status):
    papers = {name: paper_of(text, paper_id=name) for name in ("p1", "p2")}
    told = {"status": status, "reason": text, "missing": text}
    page = shown(answer_of(text, papers["p1"], **told), papers)
    harmless = shown(answer_of(status=status, reason="Owls", missing="Owls"))
    if not re.search(r"\[(1|99)\]", text):  # a marker of its own, where numbers of citations stand
        assert page.skeleton == harmless.skeleton
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in harmless.elements}
    assert in_words(without_markup(text)) in in_words(page.inside("ap-title"))
    assert in_words(text) in in_words(page.inside("ap-org"))
    assert in_words(text).casefold() in in_words(page.inside("ap-banner") or page.text).casefold()
    assert in_words(QUOTE) == in_words(page.inside("mark"))


@hostile
def test_no_text_of_an_unfinished_exchange_becomes_markup(text):
    for changes in ({"written": text}, {"error": text}, {"written": text, "error": text}):
        page = Page(answer_html(Exchange(text, **changes), ANCHOR, {}))
        harmless = Page(answer_html(Exchange("Owls", **dict.fromkeys(changes, "Owls")), ANCHOR, {}))
        assert page.skeleton == harmless.skeleton


@hostile
def test_no_text_of_a_paper_becomes_markup(text):
    page = Page(paper_html(paper_of(text, authors=(text, text)), ["upload/" + text, text]))
    harmless = Page(paper_html(paper_of(authors=("Owl", "Bee")), ["upload/owls.txt", "owls.txt"]))
    assert page.skeleton == harmless.skeleton
    assert in_words(page.inside("ap-abstract")) == in_words(readable(f"{text} {QUOTE} {text}"))
    assert in_words(page.inside("h3")) == in_words(without_markup(text))


@hostile
def test_no_text_of_a_ranking_becomes_markup(text):
    def page(paper, note):
        start = paper.abstract.index(QUOTE)
        passage = Passage("p1", start, start + len(QUOTE))
        return Page(hits_html([Hit(paper, 0.8, passage, dict.fromkeys(SIGNALS, 0.5))], note))

    hits = page(paper_of(text), text)
    assert hits.skeleton == page(paper_of(), "Owls").skeleton
    assert in_words(hits.inside("mark")) == QUOTE
    shown = " ".join(map(readable, paper_of(text).abstract.partition(QUOTE)))
    assert in_words(hits.inside("ap-abstract")) == in_words(shown)


@hostile
def test_no_name_of_a_file_and_no_reason_becomes_markup(text):
    def page(said):
        report = Report(
            seen=2, rejected=[Rejection(f"upload/{said}", 3, said), Rejection(said, None, said)]
        )
        return Page(report_html(report)), Page(error_html(said, "Nothing was added."))

    for found, harmless in zip(page(text), page("owls.txt"), strict=True):
        assert found.skeleton == harmless.skeleton
        assert in_words(text).casefold() in in_words(found.text).casefold()


@hostile
def test_nothing_that_is_in_force_becomes_markup(text):
    page = Page(chips_html({"Library": text, text: "1"}))
    assert page.skeleton == Page(chips_html({"Library": "Owls", "Owls": "1"})).skeleton
    assert in_words(text) in in_words(page.inside("dd"))


def test_no_text_of_a_run_becomes_markup():
    before, after = made.hostile_run(), made.hostile_run()
    for place, row in enumerate(after.rows):
        other = made.rows()[place % len(made.rows())].outcomes
        after.rows[place] = replace(row, outcomes=other)
    after.record["name"] = made.HOSTILE[1]
    page = Page(comparison_html(compare(before, after)))
    allowed = {"div", "p", "strong", "br", "table", "thead", "tbody", "tr", "th", "td", "h3"}
    assert {tag for tag, _ in page.elements} <= allowed | {"details", "summary", "span", "ul", "li", "code"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert names <= {"class", "scope", "tabindex", "role", "aria-label"}
    failed = Page(error_html(made.HOSTILE[0]))
    assert in_words(made.HOSTILE[0]) in in_words(failed.text)
    assert [tag for tag, _ in failed.elements] == ["p", "span"]


@hostile
def test_the_page_of_a_run_stays_in_a_frame_that_reaches_nothing(text):
    page = Page(frame_html(text, text))
    ((tag, attributes),) = page.elements
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == plain(text)
    assert attributes.keys() == {"class", "title", "sandbox", "srcdoc"}


@given(st.text(st.sampled_from("<>\"'&/=;! abimgp\x00\n`{}%#[]1-"), max_size=60))
def test_no_text_at_all_becomes_markup(text):
    papers = {name: paper_of(text or "-", paper_id=name) for name in ("p1", "p2")}
    said = re.sub(r"[\[\]]", "(", text) or "-"
    answer = answer_of(said, papers["p1"], status="partial", missing=text)
    expected = answer_of(status="partial", missing="Owls" * bool(text))
    assert shown(answer, papers).skeleton == shown(expected).skeleton


@pytest.mark.parametrize(
    "known",
    [
        {"arxiv_id": "javascript:alert(1)"},
        {"arxiv_id": '2110.07143" onclick=alert(1) x="'},
        {"arxiv_id": None, "doi": "javascript:alert(1)"},
        {"arxiv_id": None, "doi": '10.1000/"><script>alert(1)</script>'},
        {"arxiv_id": None, "doi": "10.1000/' onclick='alert(1)"},
        {"arxiv_id": None, "doi": "10.1000/\ud800@evil.example"},
    ],
)
def test_addresses_lead_to_the_known_places_and_tell_them_nothing(known):
    papers = {name: paper_of(paper_id=name, **known) for name in ("p1", "p2")}
    passage = Passage("p1", 0, 10)
    pages = [
        shown(answer_of(status="partial"), papers),
        Page(paper_html(papers["p1"], [])),
        Page(hits_html([Hit(papers["p1"], 0.5, passage)], None)),
    ]
    for page in pages:
        assert "script" not in {tag for tag, _ in page.elements}
        for link in page.all("a"):
            assert not {name for name in link if name.startswith("on")}
            assert re.match(r"https://arxiv\.org/abs/|https://doi\.org/10\.|#source-|data:", link["href"])
            if link["href"].startswith("http"):
                assert link["rel"] == "noopener noreferrer"


# What is marked


def test_the_mark_is_the_quote_at_its_place_in_the_abstract():
    for quote in (QUOTE, ABSTRACT, ABSTRACT[:31], ABSTRACT[-5:], "oaks"):
        paper = paper_of()
        page = shown(answer_of(citations=(cited(paper, quote),)))
        assert page.inside("mark") == quote
        assert page.inside("ap-abstract") == ABSTRACT
        assert "".join(data for open_, data in page.texts if ("mark", "") in open_) == quote
        before = page.text.index(ABSTRACT)
        start = paper.abstract.index(quote)
        assert page.text[before + start : before + start + len(quote)] == quote


def test_white_space_and_line_ends_of_an_abstract_move_no_mark():
    abstract = "  We count owls.\n\nThey  live in\u2003oaks. \n End.  "
    paper = paper_of()
    paper = replace(paper, abstract=abstract)
    quote = "They  live in\u2003oaks."
    page = shown(answer_of(citations=(cited(paper, quote),)), {"p1": paper})
    assert page.inside("mark") == quote == abstract[cited(paper, quote).start : cited(paper, quote).end]
    assert page.inside("ap-abstract") == abstract


def test_a_paper_that_is_gone_or_has_changed_is_told_and_the_cited_words_stay():
    gone = shown(answer_of(), {})
    assert "no longer in the library" in gone.text
    other = replace(paper_of(), abstract="A new abstract. " + ABSTRACT)
    changed = shown(answer_of(), {"p1": other})
    assert "has changed since" in changed.text
    assert "A new abstract" not in changed.text
    for page in (gone, changed):
        assert page.inside("mark") == page.inside("ap-abstract") == QUOTE
    assert not {"changed", "longer"} & set(shown(answer_of()).text.split())


def test_every_marker_leads_to_the_card_of_its_source():
    paper = paper_of()
    citations = (cited(paper), cited(paper, "We count 31 owls in the forest.", 2))
    text = "Owls live in oaks [1][2]. There are 31 [2]. See [7]."
    claims = (
        Claim("Owls live in oaks.", (1, 2), "supported", 0.9),
        Claim("There are 31.", (2,), "supported", 0.9),
        Claim("See.", (), "not found", 0.0),
    )
    page = shown(replace(answer_of(), text=text, claims=claims, citations=citations))
    cards = [card["id"] for card in page.all("details") if "id" in card]
    assert cards == [f"{ANCHOR}-1", f"{ANCHOR}-2"]
    assert [marker["href"][1:] for marker in page.all("ap-marker")] == [cards[0], cards[1], cards[1]]
    assert "[7]" in page.inside("ap-text")  # of no source of this answer: mere text
    assert page.inside("ap-text").count("✓") == 2


def test_each_claim_says_whether_its_source_supports_it():
    page = shown(answer_of())
    assert len(page.all("ap-claim")) == 2
    assert len(page.all("ap-doubt")) == 1
    assert "cites nothing" in page.inside("ap-doubt")
    weak = Claim("Owls live in oaks.", (1,), "not found", 0.2)
    page = shown(answer_of(claims=(weak,)))
    assert "✗ not found in what it cites" in page.inside("ap-doubt")


@pytest.mark.parametrize(
    ("check", "support", "mark"),
    [
        ("verbatim", 1.0, "✓ verbatim"),
        ("supported", 0.93, "✓"),
        ("supported", None, "✓"),
        ("partly", None, "◐ partly supported by what it cites"),
        ("contradicted", 0.0, "✗ contradicted by what it cites"),
        ("not found", None, "✗ not found in what it cites"),
        ("unchecked", None, "not checked"),
    ],
)
def test_each_verdict_has_its_mark_that_says_why(check, support, mark):
    notes = ("stands nowhere in the cited papers: 45 %",)
    claim = Claim("Owls live in oaks.", (1,), check, support, (0,), "the paper says elms", notes)
    answer = answer_of(claims=(claim,))
    page = shown(answer)
    assert page.inside("ap-mark") == mark
    (each,) = page.all("ap-mark")
    assert each["title"].endswith("The paper says elms. Stands nowhere in the cited papers: 45 %.")
    assert bool(page.all("ap-doubt")) == (check in ("partly", "contradicted", "not found"))
    assert "The paper says elms." in page.inside("ap-why")
    quoted = shown(replace(answer, writer="extractive"))
    assert quoted.inside("ap-mark") == ("" if check == "verbatim" else mark)


def test_what_is_in_doubt_is_counted_and_what_is_not_is_left_alone():
    checks = ("verbatim", "supported", "partly", "not found", "unchecked", "unchecked")
    page = shown(answer_of(claims=tuple(Claim("Owls.", (1,), check) for check in checks)))
    assert page.inside("summary").startswith(
        "Of 6 sentences, 1 verbatim, 1 supported, 1 partly supported, 1 not found, 2 not checked"
    )
    sound = shown(answer_of(claims=(Claim("Owls fly.", (1,), "supported", reason="it says so"),)))
    assert not sound.all("ap-why") and "It says so." in sound.all("ap-mark")[0]["title"]


# One card a paper


THREE = ("They live in oaks.", "We count 31 owls in the forest.", "live in oaks. They sleep")


def quoting_thrice(**changes):
    """Two sentences that rest on quotes of one paper, two of which overlap, and one on another paper."""
    paper, other = paper_of(), paper_of(paper_id="p2")
    citations = (*(cited(paper, quote) for quote in THREE), cited(other, QUOTE, 2))
    claims = (
        Claim("Owls live in oaks.", (1,), "supported", quotes=(0, 2)),
        Claim("There are 31, in oaks.", (1, 2), "supported", quotes=(1, 3, 99)),
        Claim("No, they agree.", (1, 2), "not found"),
    )
    text = "Owls live in oaks [1]. There are 31, in oaks [1][2]. No, they agree."
    made_of = {"text": text, "claims": claims, "citations": citations}
    return replace(answer_of(), **(made_of | changes))


def test_a_paper_has_one_card_with_all_its_quotes():
    page = shown(quoting_thrice())
    assert [card["id"] for card in page.all("ap-card")] == [f"{ANCHOR}-1", f"{ANCHOR}-2"]
    assert page.inside("ap-abstract") == ABSTRACT * 2
    marks = [each["data-quotes"] for each in page.all("mark")]
    assert marks == ["1", "0", "0 2", "2", "3"]
    texts = [data for open_, data in page.texts if open_[-1:] == (("mark", ""),)]
    for place, quote in enumerate(THREE):
        words = [text for text, places in zip(texts, marks, strict=True) if str(place) in places.split()]
        assert "".join(words) == quote


def test_a_number_opens_the_quotes_of_its_sentence():
    page = shown(quoting_thrice())
    markers = [(each["href"][-1], each["data-quotes"]) for each in page.all("ap-marker")]
    assert markers == [("1", "0 2"), ("1", "1"), ("2", "3"), ("1", ""), ("2", "")]
    assert page.all("ap-marker")[0]["title"] == f"“{THREE[0]}” “{THREE[2]}”"


def test_a_sentence_without_markers_shows_on_which_papers_it_rests():
    rests = shown(quoting_thrice()).all("ap-rests")
    assert [each["aria-label"] for each in rests] == ["Rests on source 1", "Rests on source 2"]


def test_quotes_of_a_body_stand_below_the_abstract_with_their_page():
    body = replace(cited(paper_of()), quote="Owls hoot.", part="body", page=3, section="Results")
    page = shown(answer_of(citations=(cited(paper_of()), body)))
    assert page.inside("ap-abstract") == f"{ABSTRACT}Owls hoot. p. 3, Results"
    assert page.inside("mark") == f"{QUOTE}Owls hoot."
    assert "changed" not in page.text


def with_body(text):
    """A paper with one page, whose body is a heading and two sentences around the quote."""
    before, after = f"{text} fly at night. ", f" {text} hoot."
    whole = f"1 Owls\n\n{before}{QUOTE}{after}"
    blocks = (Block("heading", 0, 6, "1 Owls"), Block("paragraph", 8, len(whole), f"1 {text}"))
    starts = range(len(whole))
    runs = runs_of([(start, start + 1, 1, 1, (start, 10.0, start + 1.0, 20.0)) for start in starts])
    return Body(whole, blocks, (Page_(500.0, 700.0, "127"),), runs)


def in_body(paper):
    start = paper.body.text.index(QUOTE)
    place = {"start": start, "end": start + len(QUOTE), "part": "body", "page": 1, "label": "127"}
    return replace(cited(paper), **place)


@hostile
def test_no_text_of_a_body_becomes_markup(text):
    def page(text):
        paper = paper_of(file="f" * 64, body=with_body(text))
        return shown(answer_of(paper=paper, citations=(in_body(paper),)), {"p1": paper})

    hostile_page = page(text)
    assert hostile_page.skeleton == page("O" * len(text)).skeleton
    assert hostile_page.inside("mark") == QUOTE
    shown_text = in_words(hostile_page.inside("ap-abstract"))
    assert shown_text in in_words(f"{text} fly at night. {QUOTE} {text} hoot.")


def test_a_quote_of_a_body_stands_in_the_text_around_it_and_opens_its_page():
    paper = paper_of(file="f" * 64, body=with_body("Owls"))
    citation = in_body(paper)
    page = shown(answer_of(citations=(citation,)), {"p1": paper})
    assert page.inside("ap-abstract") == f"Owls fly at night. {QUOTE} Owls hoot."
    assert page.inside("mark") == QUOTE
    assert page.inside("ap-view") == "p. 1 (printed 127), 1 Owls: show the page"
    (button,) = page.all("ap-view")
    assert button["data-address"] == "/papers/p1"
    assert button["data-version"] == "f" * 16
    assert (button["data-quotes"], button["data-spans"]) == ("0", f"{citation.start}-{citation.end}")


def test_words_of_the_abstract_open_the_page_that_has_them():
    paper = paper_of(file="f" * 64, body=with_body("Owls"))
    page = shown(answer_of(), {"p1": paper})
    assert page.inside("ap-abstract") == ABSTRACT
    start = paper.body.text.index(QUOTE)
    (button,) = page.all("ap-view")
    assert button["data-spans"] == f"{start}-{start + len(QUOTE) - 1}"  # words, without the full stop
    assert not shown(answer_of()).all("ap-view")


def test_a_body_that_has_changed_is_told_and_the_cited_words_stay():
    paper = paper_of(file="f" * 64, body=with_body("Owls"))
    other = replace(paper, body=with_body("Other owls"))
    page = shown(answer_of(citations=(in_body(paper),)), {"p1": other})
    assert "has changed since" in page.text
    assert page.inside("mark") == QUOTE
    assert not page.all("ap-view")


def test_the_page_of_a_paper_with_a_whole_text_says_how_long_it_is_and_opens_it():
    page = Page(paper_html(paper_of(file="f" * 64, body=with_body("Owls")), []))
    assert "whole text1 page" in page.inside("ap-facts").replace("\n", "")
    (button,) = page.all("ap-view")
    assert button["data-spans"] == ""
    assert not Page(paper_html(paper_of(), [])).all("ap-view")


def test_a_hit_in_a_body_stands_in_the_text_around_it_and_opens_its_page():
    paper = paper_of(file="f" * 64, body=with_body("Owls"), authors=("Ada Owl", "Bo Night"))
    start = paper.body.text.index(QUOTE)
    hit = Hit(paper, 0.8, Passage("p1", start, start + len(QUOTE), "body"), dict.fromkeys(SIGNALS, 0.5))
    page = Page(hits_html([hit], None))
    assert page.inside("ap-by") == "Owl and Night"
    assert page.inside("ap-abstract") == f"Owls fly at night. {QUOTE} Owls hoot."
    assert page.inside("mark") == QUOTE
    assert page.all("ap-view")[0]["data-spans"] == f"{start}-{start + len(QUOTE)}"


def test_an_answer_of_an_older_version_is_shown():
    now = answer_of().to_dict()
    for claim in now["claims"]:
        del claim["quotes"], claim["reason"], claim["notes"], claim["check"]
    old = {name: now[name] for name in now if name not in ("queries", "steps")}
    old["text"] = "Owls live in oaks [1]. Owls fly. [unsupported]"
    page = shown(Answer.from_dict(json.loads(json.dumps(old))))
    assert page.all("ap-marker")[0]["data-quotes"] == "0"
    assert in_words(page.inside("ap-text")) == "Owls live in oaks1.✓ Owls fly.✗ cites nothing"


# Quotations stand by paper


FOREST = Paper(
    "Forests [1]", "Oaks grow. They last.", "2020", authors=("Ann Oak", "Bo Elm", "C. Yew"), paper_id="p3"
)
CAVES = Paper("Caves", "Bats sleep in caves.", None, paper_id="p4")
BY_ID = {paper.paper_id: paper for paper in (FOREST, CAVES)}


def quoting(kind="single", **changes):
    """Two sentences of a paper and one of another, below their titles as the writer puts them."""
    quotes = [(FOREST, "Oaks grow.", 1), (FOREST, "They last.", 1), (CAVES, "Bats sleep in caves.", 2)]
    citations = tuple(replace(cited(*each), authors=each[0].authors) for each in quotes)
    text = "Forests (1) (2020)\nOaks grow [1]. They last [1].\n\nCaves\nBats sleep in caves [2]."
    claims = tuple(
        Claim(each.quote, (each.number,), "verbatim", 1.0, (place,)) for place, each in enumerate(citations)
    )
    made_of = {"text": text, "claims": claims, "citations": citations, "writer": "extractive"}
    return replace(answer_of(), **({"kind": kind, "notes": (NO_MODEL,)} | made_of | changes))


def test_sentences_stand_below_the_title_of_their_paper():
    page = shown(quoting(), BY_ID)
    assert [in_words(data) for open_, data in page.texts if open_[-1:] == (("strong", ""),)] == [
        "Forests [1]",
        "Caves",
    ]
    assert in_words(page.inside("ap-said")) == "Oaks grow1. They last1.Bats sleep in caves2."
    assert len(page.all("ap-group")) == 2 and not page.all("ap-sides") and not page.all("table")
    assert "✓" not in page.text
    (sides,) = shown(quoting("comparison"), BY_ID).all("ap-sides")
    assert "ap-whole" in sides["class"]


def test_a_list_is_a_table():
    page = shown(quoting("list"), BY_ID)
    assert [in_words(head["scope"]) for head in page.all("th")] == ["col"] * 4 + ["row"] * 2
    assert in_words(page.inside("caption"))
    assert [link["href"] for link in page.all("ap-to")] == [f"#{ANCHOR}-1", f"#{ANCHOR}-2"]
    assert [each["data-quotes"].split() for each in page.all("ap-to")] == [["0", "1"], ["2"]]
    assert in_words(page.inside("tbody")) == (
        "Forests [1] Oak et al.2020 Oaks grow1. They last1. Caves Bats sleep in caves2."
    )
    titles = [each.get("title") for each in page.all("ap-by")]
    assert titles[0] == "Ann Oak, Bo Elm, C. Yew"
    nameless = tuple(replace(each, authors=(), published=None) for each in quoting().citations)
    text = quoting().text.replace(" (2020)", "")
    bare = shown(quoting("list", citations=nameless, text=text), {})
    assert in_words(bare.inside("thead")) == "PaperSentence"


def test_a_list_that_a_model_wrote_is_a_table_where_each_sentence_cites_a_paper():
    citations = quoting().citations
    claims = (Claim("Oaks grow.", (1,), "supported"), Claim("Bats sleep.", (2,), "not found"))
    text = "- Oaks grow [1].\n- Bats sleep [2]."
    written = quoting("list", text=text, claims=claims, citations=citations, writer="gpt")
    page = shown(written, BY_ID)
    assert in_words(page.inside("tbody")) == (
        "Forests [1] Oak et al.2020 Oaks grow1.✓ Caves Bats sleep2.✗ not found in what it cites"
    )
    assert not shown(replace(written, text=f"Two papers:\n{text}"), BY_ID).all("table")
    assert not shown(replace(written, kind="single"), BY_ID).all("table")


def test_that_no_model_is_set_up_is_told_once_with_what_to_do():
    page = shown(quoting(), BY_ID)
    assert page.text.count(NO_MODEL) == 1
    assert "OPENAI_BASE_URL" in page.inside("ap-own")
    chosen = shown(quoting(notes=(BY_CHOICE,)), BY_ID)
    assert chosen.text.count(BY_CHOICE) == 1 and "OPENAI" not in chosen.text
    assert not shown(answer_of()).all("ap-own")


def test_the_note_that_offers_years_is_left_to_the_button_and_no_other_is():
    years, other = Filters(2019, 2019), "To bound publication years: choose others."
    notes = (offer_note(years), other)
    assert offer_note(years) not in shown(answer_of(notes=notes, offered_filters=years)).text
    assert other in shown(answer_of(notes=notes, offered_filters=years)).text
    assert offer_note(years) in shown(answer_of(notes=notes)).text


def test_a_refusal_is_said_once():
    answer = replace(answer_of(status="refused", reason="No paper mentions owls.", claims=()), text=REFUSAL)
    page = shown(answer)
    assert page.text.count(REFUSAL) == 1
    assert "No paper mentions owls. " in in_words(page.text) and not page.all("ap-text")
    late = shown(
        replace(answer, text=f"{REFUSAL}\n\nOwls live in oaks [1].", claims=answer_of().claims[:1])
    )
    assert in_words(late.inside("ap-text")) == "Owls live in oaks1.✓"
    assert late.text.count(REFUSAL) == 1


def test_a_follow_up_can_be_asked_on_its_own():
    (button,) = shown(answer_of()).all("ap-alone")
    assert button["data-exchange"] == "a" * 32
    assert not shown(answer_of(resolved_question=None)).all("ap-alone")


# What became of a question


def test_what_became_of_a_question_is_seen():
    refused = Exchange("?", answer=answer_of(status="refused", reason="no paper is about it", claims=()))
    partial = Exchange("?", answer=answer_of(status="partial", missing="the cost"))
    exchanges = {
        "answered": Exchange("?", answer=answer_of()),
        "refused": refused,
        "partial": partial,
        "failed": Exchange("?", error="the model failed: ask again"),
        "writing": Exchange("?"),
    }
    told = set()
    for status, exchange in exchanges.items():
        page = Page(answer_html(exchange, ANCHOR, {}))
        assert exchange.status == status
        assert page.elements[0] == ("div", {"class": f"ap-answer ap-{status}"})
        told.add(in_words(page.inside("ap-banner") or page.inside("ap-waiting")))
    assert told == {
        "",
        "∅ The papers in this library do not answer this question. No paper is about it.",
        "◐ Answered in part. Not in the papers: the cost.",
        "! No answer. The model failed: ask again.",
        "Reading the papers…",
    }


def test_an_error_is_told_to_those_who_hear_the_page():
    page = Page(answer_html(Exchange("?", error="the model failed: ask again"), ANCHOR, {}))
    assert [each.get("role") for each in page.all("ap-banner")] == ["alert"]


def test_what_was_written_before_an_error_stays_under_it():
    page = Page(answer_html(Exchange("?", "Owls live [1]", error="none: ask again"), ANCHOR, {}))
    assert in_words(page.inside("ap-text")) == "Owls live [1]"
    assert not page.all("ap-marker")  # there is no source yet
    assert "No answer." in page.text


def test_the_nearest_papers_stand_under_what_is_not_answered_and_only_there():
    papers = {f"p{number}": paper_of(paper_id=f"p{number}") for number in range(1, 10)}
    ranked = tuple(RankedPaper(name, "Owls", 0.5) for name in papers)
    for status, count in (("answered", 0), ("partial", 5), ("refused", 5)):
        answer = answer_of(status=status, papers=ranked, reason="none")
        page = shown(answer, papers)
        assert len(page.all("ap-card")) == 1 + count
        assert shown_papers(answer)[0] == "p1"
        assert len(shown_papers(answer)) <= 1 + 6
    assert shown_papers(None) == []


def test_the_writer_the_time_and_the_cost_are_told():
    assert "Written by Owls · 1.3 s · 742 tokens · $0.0012" in shown(answer_of()).text
    own = answer_of(writer="extractive", usage={})
    assert "Quotes only · 1.3 s" in shown(own).text
    refused = shown(answer_of(writer="extractive", usage={}, claims=(), status="refused")).text
    assert "1.3 s" in refused and "Quotes" not in refused


def test_each_step_that_took_time_or_requests_is_told_behind_the_total():
    used = {"requests": 2, "total_tokens": 4210, "cost": 0.0021}
    steps = {"write": {"requests": 1, "total_tokens": 3000, "cost": 0.0015}, "check": {"requests": 1}}
    seconds = {"retrieve": 0.1, "write": 3.04, "check": 2.1, "total": 5.3}
    answer = answer_of(usage=used, steps=steps, seconds=seconds, queries=("owls",), checked_by="llm:gpt")
    page = shown(answer)
    assert page.inside("summary").endswith("5.3 s · 2 requests · 4,210 tokens · $0.0021")
    assert [in_words(row) for row in re.split("(?=search|write|check)", page.inside("tbody"))[1:]] == [
        "search0.1 s", "write3.0 s13,000$0.0015", "check2.1 s1"
    ]  # fmt: skip
    assert "Searched for: “owls”" in page.text and "Checked by llm:gpt" in page.text
    assert not shown(answer_of()).all("ap-took")


@pytest.mark.parametrize(("step", "line"), GOING_ON.items())
def test_what_goes_on_is_told(step, line):
    page = Page(answer_html(Exchange("?", "", step=step), ANCHOR, {}))
    assert in_words(page.inside("ap-waiting")) == line
    page = Page(answer_html(Exchange("?", "Owls live [1]", step=step), ANCHOR, {}))
    assert in_words(page.inside("ap-text")) == "Owls live [1]"
    assert in_words(page.inside("ap-waiting")) == (line if step in ("check", "repair") else "")
    assert not page.all("ap-mark") and not page.all("ap-marker")


@pytest.mark.parametrize(("papers", "line"), [(1, "Reading 1 paper…"), (5, "Reading 5 papers…")])
def test_how_many_papers_the_model_reads_is_told(papers, line):
    page = Page(answer_html(Exchange("?", "", step="write", papers=papers), ANCHOR, {}))
    assert in_words(page.inside("ap-waiting")) == line


def test_why_sentences_are_not_checked_stands_once_right_under_the_answer():
    note = f"{UNCHECKED}nobody has tested the model as a judge."
    page = shown(answer_of(notes=("Another note.", note)), BY_ID)
    assert page.text.count(note) == 1
    assert page.text.index(note) < page.text.index("Another note.")


def test_digests_are_told_from_abstracts():
    papers = {"p1": paper_of(is_digest=True)}
    assert "A digest in our own words" in shown(answer_of(), papers).text
    assert "A digest in our own words" in Page(paper_html(papers["p1"], [])).text
    assert "digest" not in shown(answer_of()).text


def test_the_files_that_are_offered_are_what_their_names_say():
    answer, papers = answer_of(HOSTILE[0]), {"p1": paper_of()}
    files = {
        each["download"]: base64.b64decode(each["href"].partition("base64,")[2]).decode()
        for each in shown(answer, papers).all("a")
        if "download" in each
    }
    assert json.loads(files["answer.json"]) == json.loads(json.dumps(answer.to_dict()))
    assert files["answer.md"] == to_markdown(answer, papers)
    assert files["references.bib"] == to_bibtex(papers.values())
    assert "references.bib" not in answer_html(Exchange("?", answer=answer), ANCHOR, {})


# What a server keeps to itself


def test_no_folder_of_the_server_is_shown():
    sources = ["/srv/secret/saved page.txt", "upload/other.jsonl", "demo", "hf:2024-01"]
    page = Page(paper_html(paper_of(), sources))
    assert "saved page.txt, other.jsonl" in page.text
    assert "secret" not in page.text
    assert "upload" not in page.text
    rejected = [Rejection("upload/mine.jsonl", 2, "no title")]
    told = Page(report_html(Report(seen=1, rejected=rejected)))
    assert "mine.jsonl:2" in told.text
    assert "upload" not in told.text


def test_authors_are_named_the_first_dozen_of_many():
    names = tuple(f"Owl {number}" for number in range(20))

    def shown(count, names):
        return Page(paper_html(Paper("Owls", ABSTRACT, author_count=count, authors=names), [])).text

    assert "Owl 0, Owl 1" in shown(2, names[:2])
    assert "others" not in shown(2, names[:2])
    assert "Owl 1 and others" in shown(None, names[:2])
    assert "Owl 1 and others, 9 in all" in shown(9, names[:2])
    assert "Owl 11 and others, 20 in all" in shown(20, names)
    assert "Owl 12" not in shown(20, names)


def test_what_is_not_known_is_not_made_up():
    page = Page(paper_html(Paper("Owls", ABSTRACT), []))
    assert "not known" in page.text
    assert not page.all("a")
    assert not {"None", "organisation", "DOI", "arXiv", "authors"} & set(page.text.split())
    assert "None" not in shown(answer_of(resolved_question=None), {"p1": paper_of(arxiv_id=None)}).text


def test_long_lists_of_what_was_rejected_are_cut():
    rejected = [Rejection("upload/a.jsonl", line, "no title") for line in range(1, 251)]
    page = Page(report_html(Report(seen=250, rejected=rejected)))
    assert len(page.all("li")) == 101
    assert "and 150 more" in page.text


def test_a_ranking_says_where_nothing_is_close():
    hits = [Hit(paper_of(), 0.2, Passage("p1", 0, 10), is_near=near) for near in (False, True)]
    nothing = "Nothing close to this query. The nearest papers:"
    assert nothing in Page(hits_html(hits[:1], None)).text
    assert nothing not in Page(hits_html(hits, None)).text
    assert nothing not in Page(hits_html([], None)).text


def test_where_nothing_is_found_the_next_step_is_told():
    assert "No paper fulfils these conditions." in Page(hits_html([], None)).text

"""The chat page in a real browser: what visitors do, what they see, and what must have no effect."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import model_server as played
import pytest
import synthetic_runs as made
from chromium import AXE, faults, in_chromium, needs_axe
from page_visit import (
    Served,
    Watch,
    answered,
    ask,
    box,
    conversations,
    expect,
    go,
    is_ready,
    questions,
    serving,
    upload,
)
from small_pdfs import paper as pdf_of
from test_saved_page import detailed, entry
from trials import keep_trial

from eval.cases import read_cases
from eval.folder import RunFolder, write_summary
from eval.report import write_reports
from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag import Answer
from rag import ask as ask_directly
from rag.library import Library
from rag.model.files import add_model
from rag.settings import Settings
from rag.types import Paper

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = in_chromium

# Digests that are enough to ask about: speech, source code, language models.
SHELF = (
    *("ChildMandarin", "bert2BERT", "GraphCodeBERT", "ContraBERT", "GottBERT", "MosaicBERT", "LightHuBERT"),
    *("W2v-BERT", "TERA", "TinyHelen", "LXMERT", "UNITER", "URLBERT", "PASS", "Model soups", "TimelyGPT"),
)
CHILD, HOURS = "What is ChildMandarin?", "How many hours is it?"
SPEECH_PAPERS = "Which papers study speech?"
SAVES = "How much compute does bert2BERT save?"
PIZZA = "What is the best pizza in Naples?"
PASSWORD = "correct horse"
MARKUP = (
    """<img src="/hacked.png" onerror="window.hacked='img'"> <script>window.hacked='script'</script> """
    "![p](https://example.com/p.png) [l](javascript:window.hacked=1) ${alert(1)} {{constructor}} "
    "</textarea>"
)


def paper(name: str, what: str, year: int = 2024) -> Paper:
    """A made-up paper long enough to be an abstract beyond doubt."""
    text = (
        f"{name} counts {what} from recordings of a whole summer. "
        f"The recordings of {name} cover {year - 1900} hours in eleven valleys, and three people "
        "heard each of them twice. "
        f"Beside {what}, {name} notes the weather, the hour and the height of the place. "
        f"In a comparison with counts by eye, {name} errs by four in a hundred {what}. "
        f"Its recordings are open to everybody who studies {what}."
    )
    return Paper(f"{name}: Counting {what} by Ear", text, f"{year}-05-01", organization="Valley Institute")


OWLS, MOTHS = paper("OwlEar", "owls"), paper("MothLamp", "moths")
HOSTILE = Paper(
    f"HackNet: {MARKUP}",
    """HackNet reads pages that hold <img src="/hacked.png" onerror="window.hacked='img'"> or """
    "<script>window.hacked='script'</script> and shows them as text. On 93 pages with "
    "![p](https://example.com/p.png), ${alert(1)} or {{constructor}}, HackNet shows 93 as text. "
    "HackNet ends each text box at </textarea> only once.",
    "2023-01-01",
    organization=MARKUP,
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, encoder) -> Iterator[Served]:
    """A page of digests, which no test changes, with three runs."""
    folder = tmp_path_factory.mktemp("shelf")
    wanted = [each for each in BundledSource().read() if each.title.startswith(SHELF)]
    fill(folder / "library", encoder, wanted)
    served = Served(folder / "library", folder / "home")
    write_run(served.runs / "first", made.run(made.rows()))
    write_run(served.runs / "second", made.run(made.rows()[:-2], name="run2"))
    write_run(served.runs / "hostile <img src=x onerror='window.hacked=1'>", made.hostile_run())
    yield from serving(served)


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory, encoder) -> Iterator[Served]:
    """A page of made-up papers, one of them hostile; tests add and remove their own."""
    folder = tmp_path_factory.mktemp("changing")
    fill(folder / "library", encoder, [OWLS, MOTHS, HOSTILE])
    yield from serving(Served(folder / "library", folder / "home"))


@pytest.fixture(scope="module")
def modelled(shelf: Served, server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page with a password, where a scripted model writes."""
    settings = {
        "OPENAI_BASE_URL": server.url,
        "ASKPAPERS_MODEL": "scripted",
        "ASKPAPERS_PASSWORD": PASSWORD,
    }
    home = tmp_path_factory.mktemp("modelled") / "home"
    keep_trial(home, f"scripted at {server.url}")
    yield from serving(Served(shelf.library, home, settings))


def fill(folder: Path, encoder, papers: list[Paper]) -> None:
    source = folder.with_name("papers.jsonl")
    source.write_text("".join(line(each) for each in papers), encoding="utf-8")
    with Library.create(folder, encoder) as library:
        report = ingest(library, [FileSource(source)])
    assert report.added == len(papers)


def line(paper: Paper) -> str:
    names = ("title", "abstract", "published", "organization", "is_digest")
    return json.dumps({name: getattr(paper, name) for name in names}) + "\n"


def write_run(folder: Path, run) -> None:
    with RunFolder(folder, run.record) as opened:
        for row in run.rows:
            opened.append(row)
        finished = opened.finish([row.place for row in run.rows])
    write_summary(finished, folder)
    write_reports(finished, folder)


@pytest.fixture(scope="module")
def shared(browser, shelf) -> Iterator[tuple[Watch, "Page"]]:
    """One page of the shelf, as loading one takes longer than most tests."""
    options = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True}
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    watch = Watch(contexts=[context])
    yield watch, watch.open(context, shelf.address)
    context.close()


@pytest.fixture
def page(shared) -> Iterator["Page"]:
    """The page of the shelf with a new conversation, for tests that leave its settings as they are. Sees at
    the end what `visit` does."""
    watch, page = shared
    go(page, "Chat")
    if page.locator(".ap-answer").count():  # else nothing shows when the click has been answered
        page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".ap-answer")).to_have_count(0)
    yield page
    assert not watch.hacked()
    watch.check()


@pytest.fixture
def signed_in(browser, modelled):
    """A browser that has given the password of the page with a model."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    assert context.request.post(f"{modelled.address}login", form={"password": PASSWORD}).ok
    return context


def abstracts(served: Served, encoder) -> dict[str, str]:
    """The abstract of each paper in the catalog, by title."""
    with Library.open(served.library, Settings()) as library:
        return {paper.title: paper.abstract for paper in library.catalog.browse(most=1000)}


def text_of(found: "Locator") -> str:
    """The text as it is, without what the layout makes of it."""
    return found.evaluate("element => element.textContent")


# The way in


@needs_axe
def test_the_password_lets_in_and_who_signs_out_is_out(browser, modelled):
    page = browser.new_page()
    page.goto(modelled.address)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert faults(page) == []
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    is_ready(page)
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(modelled.address)
    expect(page.get_by_label("Password")).to_be_visible()
    page.close()


def test_no_script_of_others_runs_in_the_page(visit, shelf):
    page = visit(shelf)
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.hacked = 'inline'";
            const picture = document.createElement("div");
            picture.innerHTML = "<img src='data:,' onerror='window.hacked = 1'>";
            document.body.append(script, picture);
        }"""
    )
    page.wait_for_timeout(300)
    visit.forgive(
        "Content Security Policy"
    )  # what the browser says of both; that nothing ran is seen at the end


# Asking and reading


def test_asks_and_opens_a_source_with_the_keyboard_alone(visit, shelf):
    page = visit(shelf)
    expect(box(page)).to_be_focused()
    page.keyboard.type(SAVES)
    page.keyboard.press("Enter")
    answered(page, 1)
    for _ in range(40):
        if page.evaluate("document.activeElement.matches('a.ap-marker')"):
            break
        page.keyboard.press("Shift+Tab")
    number = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    card = page.locator(".ap-cards details[open]")
    expect(card).to_have_count(1)
    expect(card.locator("mark.ap-on")).to_be_in_viewport()
    assert card.locator(".ap-number").inner_text() == number
    expect(card.locator("summary")).to_be_focused()


def test_a_marker_opens_the_words_of_the_paper_that_it_cites(page, shelf, encoder):
    answer = ask(page, SAVES)
    told = Answer.from_dict(json.loads(downloaded(page, answer, "JSON", "answer.json")))
    known = abstracts(shelf, encoder)
    assert len(told.claims) > 1
    for claim, marker in zip(told.claims, answer.locator("a.ap-marker").all(), strict=True):
        marker.click()
        (citation,) = [told.citations[place] for place in claim.quotes]
        card = answer.locator(f".ap-card[id$='-{citation.number}'][open]")
        expect(card.locator("mark.ap-on")).to_be_visible()
        abstract = known[citation.title]
        assert (
            text_of(card.locator("mark.ap-on")) == citation.quote == abstract[citation.start : citation.end]
        )
        assert text_of(card.locator(".ap-abstract")) == abstract
        assert card.locator(".ap-title").inner_text() == citation.title
    assert answer.locator(".ap-claim").count() == len(told.claims)
    expect(answer.locator(".ap-mark")).to_have_count(0)  # a quotation is one, which is all that is said
    expect(answer.locator(".ap-of")).to_contain_text(told.citations[0].title)
    expect(answer).to_contain_text("Quotes only")


def test_a_list_is_a_table_whose_titles_open_their_sources(page):
    answer = ask(page, SPEECH_PAPERS)
    table = answer.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["Paper", "Year", "Sentence"]
    rows = table.get_by_role("row")
    assert rows.count() == answer.locator(".ap-cards > li").count() + 1 > 2
    title = rows.nth(1).get_by_role("rowheader").get_by_role("link")
    title.click()
    card = answer.locator(".ap-card[open]")
    expect(card.locator(".ap-title")).to_have_text(title.inner_text())


def test_a_follow_up_is_understood_and_says_how_and_is_asked_on_its_own_at_a_click(page):
    expect(ask(page, CHILD)).not_to_contain_text("Understood as")
    follow_up = ask(page, HOURS)
    expect(follow_up).to_contain_text(f"Understood as: {CHILD} {HOURS}")
    expect(follow_up).to_contain_text("41.25")
    assert questions(page) == [CHILD, HOURS]
    follow_up.get_by_role("button", name="Ask it on its own").click()
    expect(answered(page, 3)).not_to_contain_text("Understood as")
    assert questions(page) == [CHILD, HOURS, HOURS]


def test_a_question_off_the_subject_is_refused_with_what_is_near(page):
    answer = ask(page, PIZZA)
    banner = answer.locator(".ap-banner")
    expect(banner).to_contain_text("The papers in this library do not answer this question.")
    reason = banner.inner_text().split("question.", 1)[1].strip()
    assert len(reason) > 20 and reason.endswith(".")
    assert answer.locator(".ap-claim").count() == 0
    near = answer.locator(".ap-nearest .ap-card")
    assert near.count() == 5
    near.first.locator("summary").click()
    expect(near.first.locator(".ap-abstract")).to_be_visible()


def test_questions_that_are_offered_are_asked_when_clicked(page):
    offered = page.locator("#chat .example")
    expect(offered).to_have_count(4)
    first = offered.first.inner_text().strip()
    offered.first.click()
    answer = answered(page, 1)
    assert questions(page) == [first]
    expect(answer).to_have_class(re.compile("ap-answered|ap-partial"))
    suggested = page.locator("#chat .option")
    second = suggested.first.inner_text().strip()
    suggested.first.click()
    expect(answered(page, 2)).to_have_class(re.compile("ap-answered|ap-partial"))
    assert questions(page) == [first, second]


def test_years_that_are_offered_are_applied_by_a_button(page):
    question = "How were programming languages learnt in 2021?"
    answer = ask(page, question)
    expect(answer).not_to_contain_text("--from-year")
    offer = page.get_by_role("button", name="Only papers of 2021", exact=True)
    expect(offer).to_have_count(1)
    anchor = answer.locator(".ap-card").first.get_attribute("id") or ""
    offer.press("Enter")
    expect(page.locator(f"#{anchor}")).to_have_count(0)
    again = answered(page, 1)
    expect(offer).to_have_count(0)
    assert questions(page) == [question]
    expect(again.locator(".ap-date").first).to_be_visible()
    assert all(date.startswith("2021") for date in again.locator(".ap-date").all_inner_texts())


def test_a_question_can_be_edited_and_asked_again(page):
    ask(page, PIZZA)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.locator("#chat .edit-textarea").fill(CHILD)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator(".ap-answer.ap-answered")).to_have_count(1)
    answered(page, 1)
    assert questions(page) == [CHILD]
    anchor = "document.querySelector('.ap-card').id"
    before = page.evaluate(anchor)
    page.get_by_role("button", name="Retry", exact=True).click()
    page.wait_for_function(
        f"before => document.querySelector('.ap-card') && {anchor} !== before", arg=before
    )
    answered(page, 1)
    assert questions(page) == [CHILD]


def test_years_in_the_settings_bound_the_papers_of_an_answer(visit, shelf):
    page = visit(shelf)
    listed = "Which papers study language models?"
    everything = dates(ask(page, listed))
    side = page.locator("#side")
    side.get_by_role("button", name="Settings").click()
    side.get_by_label("From year").fill("2023")
    side.get_by_label("From year").press("Tab")
    expect(page.locator(".ap-chips")).to_contain_text("2023 to …")
    since = dates(ask(page, listed))
    assert min(everything) < "2023" <= min(since)
    expect(page.locator(".ap-chips")).to_contain_text("the papers' own sentences")


def dates(answer: "Locator") -> list[str]:
    return answer.locator(".ap-date").all_inner_texts()


# A model writes


def slowly(first: str, rest: str, goes_on: threading.Event) -> played.Script:
    """An answer word by word, whose second part comes when it is let."""

    def reply(exchange, request) -> None:
        def send(delta, reason=None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
            exchange.send_event(json.dumps(chunk | {"choices": [choice]}))

        exchange.begin_events()
        for word in first.split(" "):
            send({"content": f"{word} "})
        goes_on.wait(60)
        send({"content": rest})
        send({}, "stop")
        exchange.send_event("[DONE]")
        exchange.end_events()

    return reply


SPEECH = "ChildMandarin holds 41.25 hours of speech from 397 speakers"


def test_an_answer_streams_and_can_be_stopped_and_asked_again(visit, modelled, signed_in, server):
    goes_on = threading.Event()
    try:
        server.play(
            slowly(f"{SPEECH} [1]. It is free for academic", "use by all [1].", goes_on),
            played.answer(f"{SPEECH} [1]."),
        )
        page = visit(modelled, signed_in)
        box(page).fill(CHILD)
        box(page).press("Enter")
        writing = page.locator(".ap-answer.ap-writing")
        expect(writing).to_contain_text(SPEECH)
        page.locator("#question .stop-button").click()
        stopped = answered(page, 1)
        expect(stopped).to_contain_text("Stopped before the answer was whole")
        expect(stopped).to_contain_text(SPEECH)
        expect(stopped).not_to_contain_text("by all")
        expect(visit(modelled, page.context).locator(".ap-answer")).to_contain_text(SPEECH)
        page.get_by_role("button", name="Retry", exact=True).click()
        expect(page.locator(".ap-answer.ap-answered")).to_contain_text("Written by scripted")
        assert questions(page) == [CHILD]
    finally:
        goes_on.set()


def test_a_visitor_who_leaves_ends_the_work_of_a_silent_model(visit, modelled, signed_in, server):
    silence = played.Silence()
    server.play(silence)
    page = visit(modelled, signed_in)
    box(page).fill(CHILD)
    box(page).press("Enter")
    expect(page.locator(".ap-waiting")).to_contain_text(re.compile(r"Reading \d+ papers?…"))
    assert silence.begun.wait(60)
    page.close()
    assert silence.left.wait(10)
    stopped = visit(modelled, signed_in).locator(".ap-answer")
    expect(stopped).to_contain_text("Stopped before the answer was whole")


def test_a_model_is_chosen_and_tried_in_the_settings(visit, modelled, signed_in, server, tmp_path):
    (tmp_path / "small.gguf").write_bytes(b"GGUF small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(modelled.home))
        add_model(tmp_path / "small.gguf")
    server.play(checking=played.BY_COMMON_WORDS)
    page = visit(modelled, signed_in)
    side, chips = page.locator("#side"), page.locator(".ap-chips")
    place = server.url.split("/")[2]
    expect(chips).to_contain_text(f"scripted at {place}")
    side.get_by_role("button", name="Settings").click()
    expect(side.locator("#trial")).to_contain_text("checks sentences: it passed the test (kappa 1.00)")
    try:
        side.get_by_role("button", name="Test it again").click()
        expect(side.locator("#trial")).to_contain_text("does not pass the test (kappa 0.")
    finally:
        keep_trial(modelled.home, f"scripted at {server.url}")
    side.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="small on this computer").click()
    expect(chips).to_contain_text("small on this computer")
    expect(side.locator("#trial")).to_contain_text("small on this computer has not been tested")
    expect(side.get_by_role("button", name="Let it check sentences")).to_be_enabled()


WRITTEN = (
    f"They differ. {SPEECH} [1]. It has 52 recorders [1]. Its speakers are adults [1]. "
    "Penguins recorded it on the Moon."
)


def verdicts_of(exchange, request) -> None:
    """The verdicts of a judge on these sentences, once it has taken its time."""
    (rows,) = [json.loads(request["messages"][-1]["content"])["sentences"]]
    labels = {"They": "supported", "ChildM": "supported", "It has": "not found", "Its": "contradicted"}
    words = {
        "They": ("Mandarin speech dataset of children aged 3 to 5",),
        "Its": ("Mandarin speech dataset of children",),
    }
    words["ChildM"] = (
        "41.25 hours of carefully hand-transcribed speech from 397 speakers",
        "is a new Mandarin speech dataset",
    )
    told = [
        played.verdict(labels[begin], *words.get(begin, ()), reason="so it is", number=row["number"])
        for row in rows
        for begin in labels
        if row["sentence"].startswith(begin)
    ]
    played.verdicts(*told)(exchange, request)


def test_each_sentence_of_a_model_is_marked_once_it_is_checked(visit, modelled, signed_in, server):
    goes_on = threading.Event()

    def check(exchange, request) -> None:
        goes_on.wait(60)
        verdicts_of(exchange, request)

    understanding = played.understood(kind="comparison")
    server.play(played.answer(WRITTEN), understanding=understanding, checking=check)
    page = visit(modelled, signed_in, reduced_motion="reduce")
    box(page).fill(CHILD)
    box(page).press("Enter")
    writing = page.locator(".ap-answer.ap-writing")
    try:
        expect(writing).to_contain_text("Checking each sentence against the papers…")
        expect(writing).to_contain_text("Penguins recorded it on the Moon.")
        expect(writing.locator(".ap-mark")).to_have_count(0)
    finally:
        goes_on.set()
    answer = answered(page, 1)
    marks = [mark.inner_text().strip() for mark in answer.locator(".ap-mark").all()]
    assert marks == [
        "✓",
        "✓",
        "✗ not found in what it cites",
        "✗ contradicted by what it cites",
        "✗ cites nothing",
    ]
    expect(answer.get_by_role("link", name="Rests on source 1")).to_have_count(1)
    unsound = answer.locator(".ap-claim").nth(3)
    assert "So it is." in unsound.locator(".ap-mark").get_attribute("title")
    assert unsound.evaluate("claim => getComputedStyle(claim).textDecorationLine") == "underline"
    answer.get_by_role("link", name="Source 1", exact=True).first.click()
    lit = answer.locator(".ap-card[open] mark.ap-on")
    assert lit.all_inner_texts() == [
        *("is a new ", "Mandarin speech dataset"),  # a part of which another sentence rests on
        "41.25 hours of carefully hand-transcribed speech from 397 speakers",
    ]
    answer.get_by_role("link", name="Rests on source 1").press("Enter")
    assert "".join(lit.all_inner_texts()) == "Mandarin speech dataset of children aged 3 to 5"
    answer.locator(".ap-why summary").click()
    answer.locator(".ap-took summary").click()
    expect(answer.get_by_role("row", name="check")).to_be_visible()
    if AXE.is_file():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert not {(rule, html) for rule, is_ours, html in faults(page) if is_ours}


# Judging


def test_likes_and_dislikes_become_cases(visit, shelf):
    page = visit(shelf)
    ask(page, CHILD)
    page.get_by_role("button", name="Like", exact=True).click()
    give_reason(page, "right and short")
    ask(page, HOURS)
    page.get_by_role("button", name="Dislike", exact=True).last.click()
    give_reason(page, "too <b>long</b>")
    lines = [json.loads(each) for each in shelf.feedback.read_text(encoding="utf-8").splitlines()]
    assert [each["feedback"]["reason"] for each in lines] == ["right and short", "too <b>long</b>"]
    liked, disliked = read_cases([str(shelf.feedback)])
    assert [turn.question for turn in liked.turns] == [CHILD]
    assert [turn.question for turn in disliked.turns] == [CHILD, HOURS]
    assert liked.turns[0].answerable and liked.turns[0].papers
    visit.reload(page)
    expect(page.get_by_role("button", name="Liked", exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Disliked", exact=True)).to_have_count(1)


def give_reason(page: "Page", reason: str) -> None:
    page.get_by_label("Why? (optional)").fill(reason)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_label("Why? (optional)")).to_be_hidden()


def test_copies_and_downloads_what_is_shown(page, shelf):
    answer = ask(page, SAVES)
    answer.get_by_role("button", name="Copy").click()
    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == downloaded(page, answer, "Markdown", "answer.md")
    assert copied.startswith(f"# {SAVES}")
    assert "45%" in copied.split("## References")[0]
    assert "\n[1] bert2BERT\\: Towards" in copied or "\n[1] bert2BERT: Towards" in copied
    assert "\n> " in copied.split("## References")[1]
    references = downloaded(page, answer, "BibTeX", "references.bib")
    assert "@misc{bert2bert2021," in references and "year = {2021}" in references
    told = json.loads(downloaded(page, answer, "JSON", "answer.json"))
    direct = json.loads(json.dumps(ask_directly(SAVES, library=shelf.library).to_dict()))
    assert told | {"seconds": None} == direct | {"seconds": None}


def downloaded(page: "Page", answer: "Locator", name: str, file: str) -> str:
    with page.expect_download() as download:
        answer.get_by_role("link", name=name, exact=True).click()
    assert download.value.suggested_filename == file
    return Path(download.value.path()).read_text(encoding="utf-8")


# The library


def test_uploaded_papers_are_found_in_the_chat_that_was_open(visit, changing):
    page = visit(changing)
    bees, tides = paper("BeeDrum", "bees"), paper("TideClock", "tides")
    ask(page, "What is OwlEar?")
    saved = detailed(entry(tides.title, tides.abstract, "  • 3 authors", "·", "May 1, 2024"))
    report = upload(page, ("bees.jsonl", line(bees)), ("page.txt", saved))
    expect(report).to_contain_text("2 added")
    go(page, "Chat")
    assert questions(page) == ["What is OwlEar?"]
    for each, name in ((bees, "BeeDrum"), (tides, "TideClock")):
        answer = ask(page, f"What does {name} count?")
        expect(answer.locator(".ap-card .ap-title").first).to_have_text(each.title)


PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"


def test_an_upload_that_cannot_be_read_says_why_and_a_hostile_name_is_shown_as_it_is(visit, changing):
    page = visit(changing)
    name = "<img src=x onerror=\"window.hacked='name'\">"
    report = upload(page, (f"{name}.txt", PDF))
    expect(report).to_contain_text("0 added")
    expect(report).to_contain_text(".txt is damaged, or no PDF")
    assert " /" not in report.inner_text()  # where the server keeps files
    assert page.locator("#report img, #upload img").count() == 0
    report = upload(page, (f"{name}.jsonl", line(OWLS) + '{"abstract": "Half"}\n'))
    expect(report).to_contain_text("1 rejected")
    expect(report).to_contain_text(".jsonl:2 no title")
    assert "/" not in report.inner_text()
    assert page.locator("#report img, #upload img").count() == 0


def test_a_pdf_that_is_uploaded_is_kept(visit, changing):
    page = visit(changing)
    abstract = "We count newts at night, and find that many of them keep a ledger of flies."
    content = pdf_of("Ledgers of Newts", abstract, "The ledger of newts holds 2,718 entries.")
    report = upload(page, ("newts.pdf", content), ("broken.pdf", PDF))
    expect(report).to_contain_text("1 added")
    expect(report).to_contain_text("broken.pdf is damaged, or no PDF")
    assert "/" not in report.inner_text()
    expect(page.locator("#counts")).to_contain_text("1 with their whole text")
    open_paper(page, "Newts", "Ledgers of Newts")
    expect(page.locator(".ap-paper")).to_contain_text(abstract)


def test_a_file_of_another_kind_is_not_taken(visit, changing):
    page = visit(changing)
    go(page, "Library")
    page.get_by_role("button", name="Add papers").click()
    page.locator("#upload input[type=file]").set_input_files(
        [{"name": "paper.doc", "mimeType": "application/msword", "buffer": PDF}]
    )
    expect(page.get_by_role("alert").or_(page.get_by_test_id("toast-body"))).to_contain_text("file type")


def test_a_removed_paper_is_not_found_any_more(visit, changing):
    page = visit(changing)
    question = "What does MothLamp count?"
    expect(ask(page, question).locator(".ap-card .ap-title").first).to_have_text(MOTHS.title)
    open_paper(page, "MothLamp", MOTHS.title)
    page.get_by_role("button", name="Remove from the library").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("button", name="Yes, remove it")).to_be_hidden()
    expect(page.locator(".ap-paper h3")).to_have_text(MOTHS.title)
    page.get_by_role("button", name="Remove from the library").click()
    page.get_by_role("button", name="Yes, remove it").click()
    expect(page.get_by_text("No paper is like that.")).to_be_visible()
    expect(page.locator(".ap-paper")).to_be_hidden()
    go(page, "Chat")
    expect(page.locator(".ap-answer").first).to_contain_text(MOTHS.title)  # what was said stays
    assert MOTHS.title not in text_of(ask(page, question))


def open_paper(page: "Page", words: str, title: str) -> "Locator":
    """Find a paper in the library tab by words and open its page."""
    go(page, "Library")
    expect(page.get_by_text("Select one to read it.")).to_be_visible()  # the table is there
    page.get_by_label("Find papers").fill(words)
    expect(page.get_by_text("1 paper. Select it")).to_be_visible()
    page.locator(".ap-papers [data-paper]").first.click()
    shown = page.locator(".ap-paper")
    expect(shown.locator("h3")).to_have_text(title)
    return shown


def test_columns_and_order_are_remembered_and_a_paper_takes_tags_and_a_note(visit, changing):
    page = visit(changing)
    open_paper(page, "OwlEar", OWLS.title)
    page.get_by_role("button", name="Your tags and your note").click()
    page.get_by_label("Your tags").first.fill("night, birds")
    page.get_by_label("Your note").first.fill("Ask them for the recordings.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".ap-own-note")).to_contain_text("Ask them for the recordings.")
    expect(page.locator(".ap-papers .ap-col-tags").first).to_have_text("Tags: night, birds")
    page.get_by_role("button", name="Columns").click()
    page.locator("#columns").get_by_label("Journal").check()
    expect(page.locator(".ap-papers thead")).to_contain_text("Journal")
    page.locator(".ap-papers thead").get_by_text("Title").click()
    expect(page.locator(".ap-papers th[aria-sort=ascending]")).to_contain_text("Title")
    visit.reload(page)
    go(page, "Library")
    expect(page.locator(".ap-papers thead")).to_contain_text("Journal")
    expect(page.locator(".ap-papers th[aria-sort=ascending]")).to_contain_text("Title")


def test_a_paper_that_another_process_brings_is_found_by_the_next_question(
    visit, changing, encoder, tmp_path
):
    page = visit(changing)
    ants = paper("AntChoir", "ants")
    question = "What does AntChoir count?"
    assert ants.title not in text_of(ask(page, question))
    (tmp_path / "ants.jsonl").write_text(line(ants), encoding="utf-8")
    with Library.create(changing.library, encoder) as library:
        ingest(library, [FileSource(tmp_path / "ants.jsonl")])
    expect(ask(page, question).locator(".ap-card .ap-title").first).to_have_text(ants.title)


def test_a_question_about_a_paper_is_put_into_the_chat(page):
    shown = open_paper(page, "bert2BERT", "bert2BERT: Towards Reusable Pretrained Language Models")
    expect(shown.locator(".ap-abstract")).to_contain_text("45%")
    page.get_by_role("button", name="Ask about this paper").click()
    expect(box(page)).to_be_visible()
    expect(box(page)).to_have_value(re.compile("bert2BERT: Towards"))


# Conversations


def test_a_reload_loses_nothing(visit, shelf):
    page = visit(shelf)
    before = [text_of(ask(page, question)) for question in (CHILD, HOURS)]
    visit.reload(page)
    expect(page.locator(".ap-answer")).to_have_count(2)
    assert [text_of(each) for each in page.locator(".ap-answer").all()] == before
    assert questions(page) == [CHILD, HOURS]
    expect(ask(page, "Who speaks in it?")).to_contain_text("Understood as")


def test_conversations_are_begun_opened_and_deleted(visit, shelf):
    page = visit(shelf)
    ask(page, CHILD)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".ap-answer")).to_have_count(0)
    ask(page, SAVES)
    expect(conversations(page)).to_have_text([SAVES, CHILD])
    conversations(page).nth(1).click()
    expect(page.locator("#chat .user .message-content")).to_have_text([CHILD])
    page.get_by_role("button", name="Delete this conversation").click()
    expect(conversations(page)).to_have_text([SAVES])
    expect(page.locator(".ap-answer")).to_have_count(0)
    visit.reload(page)
    expect(conversations(page)).to_have_text([SAVES])


def test_a_restart_of_the_server_loses_nothing(visit, changing):
    from playwright.sync_api import Error as PlaywrightError

    page = visit(changing)
    ask(page, "What is OwlEar?")
    visit.forgive("")  # a page may complain of anything while its server is away
    changing.stop()
    changing.start()
    changing.wait()
    follow_up = "How many hours does it cover?"
    try:
        ask(page, follow_up)
    except PlaywrightError:  # now and then Gradio's page hears nothing of a new server until it is reloaded
        visit.reload(page)
        if follow_up not in questions(page):
            ask(page, follow_up)
    expect(page.locator(".ap-answer").last).to_contain_text("Understood as")
    both = ["What is OwlEar?", "How many hours does it cover?"]
    assert questions(page) == both
    visit.reload(page)
    expect(page.locator(".ap-answer")).to_have_count(2)
    assert questions(page) == both


def test_two_tabs_of_a_browser_share_their_conversations(visit, shelf):
    one = visit(shelf)
    other = visit(shelf, one.context)
    ask(one, CHILD)
    ask(other, SAVES)
    ask(one, HOURS)
    for page in (one, other):
        visit.reload(page)
        expect(conversations(page)).to_have_text([CHILD, SAVES])
        assert questions(page) == [CHILD, HOURS]


def test_two_visitors_do_not_see_each_other(visit, shelf):
    one, other = visit(shelf), visit(shelf)
    ask(one, CHILD)
    ask(other, SAVES)
    for page, asked in ((one, CHILD), (other, SAVES)):
        visit.reload(page)
        expect(conversations(page)).to_have_text([asked])
        assert questions(page) == [asked]


# Texts of others


def test_a_hostile_paper_is_shown_as_it_is(visit, changing):
    page = visit(changing)
    answer = ask(page, "What does HackNet show as text?")
    expect(answer.locator(".ap-card .ap-title").first).to_have_text(HOSTILE.title)
    answer.locator("a.ap-marker").first.click()
    assert text_of(answer.locator(".ap-card[open] .ap-abstract")) == HOSTILE.abstract
    assert page.locator("#chat .option", has_text=MARKUP).count() == 0
    shown = open_paper(page, "HackNet", HOSTILE.title)
    assert text_of(shown.locator(".ap-abstract")) == HOSTILE.abstract
    assert MARKUP in text_of(shown.locator(".ap-facts"))
    row = page.locator(".ap-papers tbody tr").first
    assert HOSTILE.title in text_of(row) and MARKUP in text_of(row)
    page.get_by_role("button", name="Ask about this paper").click()
    expect(box(page)).to_have_value(re.compile(re.escape(HOSTILE.title)))
    box(page).press("Enter")
    answered(page, 2)
    assert MARKUP in questions(page)[1]
    go(page, "Search")
    page.locator("#query textarea").fill(f"hackers {MARKUP}")
    page.locator("#query textarea").press("Enter")
    hit = page.locator(".ap-hit", has_text="HackNet")
    expect(hit.locator(".ap-title")).to_have_text(HOSTILE.title)
    hit.locator("summary").click()
    assert text_of(hit.locator(".ap-abstract")) == HOSTILE.abstract
    assert page.locator(".ap-answer img, .ap-paper img, .ap-hits img, #chat .user img").count() == 0


def test_hostile_questions_are_shown_as_they_are(visit, shelf):
    page = visit(shelf)
    asked = [MARKUP, *made.HOSTILE[:5], made.HOSTILE[8], made.HOSTILE[9]]
    for question in asked:
        ask(page, question)
        assert [each.split() for each in questions(page)] == [question.split()]
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".ap-answer")).to_have_count(0)
    visit.reload(page)
    expect(conversations(page)).to_have_count(len(asked))
    for question, row in zip(reversed(asked), conversations(page).all(), strict=True):
        assert " ".join(text_of(row).replace("\u2060", "").split())[:50] == " ".join(question.split())[:50]
    conversations(page).last.click()
    expect(page.locator("#chat .user")).to_contain_text("constructor")
    assert questions(page) == [MARKUP]
    assert page.locator("#chat .user img, #past img, .ap-answer img").count() == 0


# Evaluation


def test_runs_are_listed_shown_and_compared(page):
    go(page, "Evaluation")
    expect(page.locator("#runs")).to_contain_text("second")
    choose(page, "Report of", "first")
    report = page.frame_locator(".ap-frame")
    expect(report.locator("h2", has_text="Summary").first).to_be_visible()
    expect(report.locator("#questions > tbody")).to_have_count(len(made.rows()))
    choose(page, "Compare", "first")
    choose(page, "with", "second")
    page.get_by_role("button", name="Compare", exact=True).click()
    compared = page.locator(".ap-comparison")
    expect(compared).to_contain_text(f"Questions in both: {len(made.rows()) - 2}")
    expect(compared.get_by_role("rowheader", name="fact_recall")).to_be_visible()


def test_a_hostile_run_does_nothing(page, shelf):
    hostile = next(path.name for path in shelf.runs.iterdir() if path.name.startswith("hostile"))
    go(page, "Evaluation")
    expect(page.locator("#runs")).to_contain_text(hostile)
    choose(page, "Report of", hostile)
    report = page.frame_locator(".ap-frame")
    expect(report.locator("#questions > tbody")).to_have_count(len(made.HOSTILE))
    choose(page, "Compare", hostile)
    choose(page, "with", hostile)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".ap-comparison")).to_contain_text(f"Questions in both: {len(made.HOSTILE)}")
    assert page.locator("#run img, #runs img").count() == 0


def choose(page: "Page", label: str, name: str) -> None:
    """Pick a run in one of the lists."""
    chooser = page.get_by_role("tabpanel").get_by_label(label, exact=True)
    chooser.click()
    options = page.locator(f"[id^='{chooser.get_attribute('aria-controls')}-']")  # each list has them
    options.and_(page.get_by_role("option", name=name, exact=True)).click()


# Looks


CONTRAST = """element => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    let behind = element;
    const isClear = (at) => (parse(getComputedStyle(at).backgroundColor)[3] ?? 1) === 0;
    while (behind.parentElement && isClear(behind)) behind = behind.parentElement;
    const both = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
    const [one, other] = both.map((colour) => light(parse(colour)) + 0.05);
    return Math.max(one, other) / Math.min(one, other);
}"""  # WCAG 2.2, 1.4.3


def test_follows_the_colours_of_the_screen(visit, shelf):
    page = visit(shelf, color_scheme="dark", reduced_motion="reduce")
    ask(page, SAVES)
    backgrounds = set()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        visit.reload(page)  # Gradio looks at the colours of the screen when it starts
        assert page.evaluate(IS_DARK) is (scheme == "dark")
        answer = page.locator(".ap-answer")
        answer.locator("a.ap-marker").first.click()
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for part in (".ap-text", ".ap-marker", ".ap-card[open] .ap-abstract", "mark", ".ap-foot"):
            assert answer.locator(part).first.evaluate(CONTRAST) >= 4.5, (scheme, part)
    assert len(backgrounds) == 2


def test_fits_a_phone(visit, shelf):
    page = visit(shelf, width=390, has_touch=True, is_mobile=True)
    expect(page.locator("#side.open")).to_have_count(0)
    expect(page.get_by_role("button", name="New conversation")).not_to_be_in_viewport()
    answer = ask(page, SAVES)
    answer.locator("a.ap-marker").first.tap()
    expect(answer.locator(".ap-card[open] mark.ap-on")).to_be_in_viewport()
    for tab in ("Chat", "Library", "Search", "Evaluation"):
        go(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab


IS_DARK = "document.body.classList.contains('dark')"
FAULTS_OF_GRADIO = {
    "aria-required-children": "its list of example questions holds buttons",
}
"""Rules of axe that Gradio's own elements break, each with what is wrong."""


@needs_axe
def test_nothing_keeps_people_from_using_the_page(visit, shelf):
    page = visit(shelf, reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = faults(page)
    ask(page, SAVES).locator("a.ap-marker").first.click()
    found += faults(page)
    ask(page, SPEECH_PAPERS).locator(".ap-own summary").click()
    found += faults(page)
    ask(page, CHILD)
    expect(ask(page, HOURS).locator(".ap-alone")).to_be_visible()
    found += faults(page)
    ask(page, PIZZA).locator(".ap-nearest summary").first.click()
    found += faults(page)
    open_paper(page, "bert2BERT", "bert2BERT: Towards Reusable Pretrained Language Models")
    found += faults(page)
    go(page, "Search")
    page.locator("#query textarea").fill("speech")
    page.locator("#query textarea").press("Enter")
    expect(page.locator(".ap-hit").first).to_be_visible()
    found += faults(page)
    go(page, "Evaluation")
    expect(page.locator("#runs")).to_contain_text("second")
    choose(page, "Compare", "first")
    choose(page, "with", "second")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".ap-comparison")).to_be_visible()
    found += faults(page)
    assert not {(rule, html) for rule, is_ours, html in found if is_ours}
    others = {(rule, html) for rule, is_ours, html in found if not is_ours}
    assert not {(rule, html) for rule, html in others if rule not in FAULTS_OF_GRADIO}


@needs_axe
def test_nothing_keeps_people_from_using_the_settings(visit, modelled, signed_in):
    page = visit(modelled, signed_in, reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.locator("#side").get_by_role("button", name="Settings").click()
    expect(page.locator("#trial")).to_contain_text("kappa")
    found = faults(page)
    assert not [fault for fault in found if fault[1] or fault[0] not in FAULTS_OF_GRADIO]

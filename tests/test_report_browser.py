"""The page of a run in a real browser, opened from disk."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import synthetic_runs as made
from chromium import in_chromium

from eval.report import write_reports

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = in_chromium


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports on disk: of ordinary questions, and of hostile texts."""
    folder = tmp_path_factory.mktemp("reports")
    runs = {
        "plain": made.run(made.rows()),
        "hostile": made.hostile_run(),
        "empty": made.run([]),
    }
    return {name: write_reports(run, folder / name)[0] for name, run in runs.items()}


@pytest.fixture
def open_page(browser, pages):
    """Opens a report, and sees at the end that nothing was asked for, and nothing complained."""
    contexts, requests, complaints = [], [], []

    def open_one(name: str, width: int = 1200, **options) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(pages[name].as_uri())
        return page

    yield open_one
    assert set(requests) <= {path.as_uri() for path in pages.values()}
    assert not complaints
    for context in contexts:
        context.close()


def ids(page: "Page") -> list[str]:
    """The ids of the questions that are shown, in their order."""
    shown = "body => !body.hidden"
    return page.eval_on_selector_all(
        "#questions > tbody", f"all => all.filter({shown}).map(body => body.rows[0].cells[0].textContent)"
    )


IN_ORDER = [row.case_id + (" · 2" if row.turn == 2 else "") for row in made.rows()]


def test_sorts_by_a_column_by_mouse_and_keyboard(open_page):
    page = open_page("plain")
    head = page.locator("#questions th", has_text="fact recall")
    assert head.get_attribute("aria-sort") == "none"
    without = ["rightly refused", "not refused", "broken"]  # stay last, as they have no value
    others = [each for each in IN_ORDER if each not in ("facts", "refused", *without)]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert ids(page) == ["facts", "refused", *others, *without]
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert ids(page) == [*others, "facts", "refused", *without]
    page.keyboard.press("Space")
    assert ids(page) == IN_ORDER
    page.locator("#questions th", has_text="Id").get_by_role("button").click()
    assert ids(page) == sorted(IN_ORDER)


def test_filters_by_words_faults_status_and_tag(open_page):
    page = open_page("plain")
    count = page.locator(".tools output")
    assert count.inner_text() == "10 of 10"
    page.get_by_label("Search").fill("UNSUPPORTED what")
    assert ids(page) == ["unsupported"]
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("all that went wrong")
    assert ids(page) == ["unsupported", "facts", "missed", "refused", "not refused", "broken"]
    assert count.inner_text() == "6 of 10"
    page.get_by_label("Show").select_option("facts missing")
    assert ids(page) == ["facts", "refused"]
    page.get_by_label("Status").select_option("refused")
    assert ids(page) == ["refused"]
    page.get_by_label("Show").select_option("all")
    page.locator("select[name=tag]").select_option("unanswerable")
    assert ids(page) == ["rightly refused"]


def test_a_question_opens_to_its_claims_and_quotes(open_page):
    page = open_page("plain")
    question = page.locator("#questions > tbody", has_text="What of unsupported?")
    quote = question.get_by_text("The words of quote 2.")
    assert not quote.is_visible()
    question.locator("summary").focus()
    page.keyboard.press("Enter")
    assert quote.is_visible()
    assert question.get_by_text("✗ not found").is_visible()
    error = page.locator("#questions > tbody", has_text="What of broken?")
    error.locator("summary").click()
    assert error.get_by_text("HTTP 500").is_visible()


def test_opens_without_scripts(open_page):
    page = open_page("plain", java_script_enabled=False)
    assert not page.locator(".tools").is_visible()
    question = page.locator("#questions > tbody", has_text="What of unsupported?")
    question.locator("summary").click()
    assert question.get_by_text("The words of quote 2.").is_visible()


@pytest.mark.parametrize("name", ["hostile", "empty"])
def test_hostile_texts_do_nothing(open_page, name):
    page = open_page(name)
    page.locator("#questions > tbody > tr > td > details > summary").evaluate_all(
        "all => all.forEach(one => one.click())"
    )
    page.get_by_label("Search").fill("hacked")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, object, embed, link").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("body").is_visible()
    texts = page.locator("#questions > tbody > tr > td > details > summary span").all_inner_texts()
    assert (made.HOSTILE[0] in texts) == (name == "hostile")


def test_the_policy_stops_what_would_be_let_in(browser, pages, tmp_path):
    """Even were a text not escaped, its script would not run and its picture not be asked for."""
    broken = tmp_path / "report.html"
    page_text = pages["plain"].read_text(encoding="utf-8")
    insertion = (
        '<img src="https://example.com/x.png" onerror="window.hacked=1"><script>window.hacked=1</script>'
    )
    broken.write_text(page_text.replace("<h1", f"{insertion}<h1", 1), encoding="utf-8")
    page = browser.new_page()
    stopped = {}
    page.on("requestfailed", lambda request: stopped.update({request.url: request.failure}))
    page.goto(broken.as_uri())
    assert page.evaluate("window.hacked") is None
    assert stopped == {"https://example.com/x.png": "csp"}
    page.close()


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_fits_a_phone(open_page, name):
    page = open_page(name, width=390)
    for part in page.locator("details > summary").all()[:12]:
        part.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#questions th", has_text="faithfulness").first.is_visible()


def test_follows_the_colours_of_the_screen(open_page):
    background = "getComputedStyle(document.documentElement).backgroundColor"
    ink = "getComputedStyle(document.querySelector('svg.chart text')).fill"
    light, dark = open_page("plain", color_scheme="light"), open_page("plain", color_scheme="dark")
    assert light.evaluate(background) == "rgb(255, 255, 255)" != dark.evaluate(background)
    assert light.evaluate(ink) != dark.evaluate(ink)
    dark.emulate_media(media="print")
    assert dark.evaluate(background) == "rgb(255, 255, 255)"

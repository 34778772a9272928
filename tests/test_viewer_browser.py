"""The viewer in a real browser: the page that a number opens, and the quoted words under its highlights."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import AXE, faults, in_chromium, needs_axe
from page_visit import Served, ask, expect, go, serving
from two_columns import HEIGHT, QUOTE, TITLE, WIDTH, Word, write_paper

from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.library import Library
from ui.web.originals import GONE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = in_chromium

MOTHS = "How many moths did the mercury lamp draw in a night?"
TOLERANCE = 2.0  # points


class Shelf(Served):
    """A page of one paper in two columns, with a PDF whose words are known."""

    pdf: Path
    words: list[Word]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, encoder) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("viewer")
    served = Shelf(folder / "library", folder / "home")
    served.pdf = folder / "moths.pdf"
    served.words = write_paper(served.pdf)
    with Library.create(served.library, encoder) as library:
        assert ingest(library, [FileSource(served.pdf)]).added == 1
    yield from serving(served)


def opened(page: "Page") -> "Locator":
    """The viewer, after a click on the number of the sentence about the mercury lamp."""
    answer = ask(page, MOTHS)
    answer.locator(".ap-claim", has_text="mercury lamp").locator("a.ap-marker").click()
    viewer = page.locator(".ap-viewer")
    has_picture(viewer)
    return viewer


def has_picture(viewer: "Locator") -> None:
    expect(viewer.locator(".ap-sheet.ap-loading")).to_have_count(0)
    picture = viewer.locator(".ap-sheet img")
    expect(picture).to_be_visible()
    assert picture.evaluate("async each => { await each.decode(); return each.naturalWidth; }") >= 600


def lights(viewer: "Locator") -> list[tuple[float, float, float, float]]:
    """The highlights in points from the top left corner of the page."""
    found: list[tuple[float, float, float, float]] = viewer.evaluate(
        """viewer => {
            const sheet = viewer.querySelector(".ap-sheet").getBoundingClientRect();
            return [...viewer.querySelectorAll(".ap-light")].map((light) => {
                const box = light.getBoundingClientRect();
                const sides = [box.left - sheet.left, box.top - sheet.top, box.right - sheet.left];
                return [...sides, box.bottom - sheet.top]
                    .map((side, at) => side / (at % 2 ? sheet.height : sheet.width));
            });
        }"""
    )
    sizes = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return [tuple(side * size for side, size in zip(box, sizes, strict=True)) for box in found]  # type: ignore[misc]


def is_inside(word: Word, box: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = box
    return (
        left - TOLERANCE <= word.left
        and word.right <= right + TOLERANCE
        and top - TOLERANCE <= word.top
        and word.bottom <= bottom + TOLERANCE
    )


def has_middle_of(box: tuple[float, float, float, float], word: Word) -> bool:
    left, top, right, bottom = box
    return left < (word.left + word.right) / 2 < right and top < (word.top + word.bottom) / 2 < bottom


def covers_the_quote_alone(viewer: "Locator", shelf: Shelf) -> None:
    boxes = lights(viewer)
    quoted = [word for word in shelf.words if word.sentence == QUOTE]
    others = [word for word in shelf.words if word.page == quoted[0].page and word.sentence != QUOTE]
    assert len(boxes) == 4  # lines
    assert all(any(is_inside(word, box) for box in boxes) for word in quoted)
    assert not [word for word in others if any(has_middle_of(box, word) for box in boxes)]


def test_a_number_opens_its_page_with_the_quoted_words_highlighted(visit, shelf):
    page = visit(shelf)
    viewer = opened(page)
    expect(viewer.locator("h2")).to_have_text(TITLE)
    expect(viewer.locator(".ap-caption")).to_have_text("p. 2, 3. Results of the summer")
    expect(viewer.get_by_label("Page number")).to_have_value("2")
    expect(viewer.locator(".ap-passage mark")).to_have_text(QUOTE)
    covers_the_quote_alone(viewer, shelf)
    for name in ("Zoom in", "Zoom in", "Fit page", "Zoom out"):
        viewer.get_by_role("button", name=name).click()
        covers_the_quote_alone(viewer, shelf)
    expect(viewer.locator(".ap-light").first).to_be_in_viewport()
    card = page.locator(".ap-card[open]")
    expect(card.locator("mark.ap-on")).to_have_text(QUOTE)
    expect(card.locator("mark.ap-on")).to_be_in_viewport()  # beside the page


def test_the_viewer_is_used_with_the_keyboard_alone(visit, shelf):
    page = visit(shelf)
    viewer = opened(page)
    number = viewer.get_by_label("Page number")
    expect(viewer.get_by_role("region", name="Page 2 of 2")).to_be_focused()
    for key, shown in (
        ("PageUp", "1"),
        ("PageUp", "1"),
        ("ArrowRight", "2"),
        ("PageDown", "2"),
        ("ArrowLeft", "1"),
    ):
        page.keyboard.press(key)
        expect(number).to_have_value(shown)
    expect(viewer.locator(".ap-light")).to_have_count(0)
    expect(viewer.locator(".ap-caption")).to_have_text("p. 1")
    width = "document.querySelector('.ap-sheet').offsetWidth"
    before = page.evaluate(width)
    page.keyboard.press("+")
    assert page.evaluate(width) > before
    page.keyboard.press("-")
    assert page.evaluate(width) == before
    number.focus()
    for typed, shown in (("2", "2"), ("99", "2"), ("x", "2"), ("0", "1")):
        number.fill(typed)
        page.keyboard.press("Enter")
        expect(number).to_have_value(shown)
    page.keyboard.press("Escape")
    expect(viewer).not_to_be_visible()
    focused = page.locator("a.ap-marker:focus")
    expect(focused).to_have_count(1)
    page.keyboard.press("Enter")
    expect(viewer).to_be_visible()
    viewer.get_by_role("button", name="Close").click()
    expect(focused).to_have_count(1)


def test_a_quote_in_its_card_opens_the_page(visit, shelf):
    page = visit(shelf)
    viewer = opened(page)
    page.keyboard.press("Escape")
    card = page.locator(".ap-card[open]")
    card.get_by_role("button", name="p. 2, 3. Results of the summer").first.click()
    expect(viewer.locator(".ap-light")).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(viewer).not_to_be_visible()
    card.locator("mark", has_text=QUOTE).click()
    expect(viewer.locator(".ap-passage mark")).to_have_text(QUOTE)


def test_the_pdf_opens_at_the_page(visit, shelf):
    page = visit(shelf)
    link = opened(page).get_by_role("link", name="Open the PDF at this page")
    address = link.get_attribute("href") or ""
    assert address.endswith("/pdf#page=2")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener")
    answer = page.request.get(shelf.address + address[1:].partition("#")[0])
    assert answer.body() == shelf.pdf.read_bytes()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert page.request.get(f"{shelf.address}papers/unknown/pdf").status == 404


def test_a_pdf_that_is_gone_is_told_and_the_quote_is_shown(visit, shelf):
    page = visit(shelf)
    viewer = opened(page)
    page.keyboard.press("Escape")
    away = shelf.pdf.rename(shelf.pdf.with_suffix(".away"))
    try:
        page.locator("a.ap-marker:focus").press("Enter")
        expect(viewer.get_by_role("alert")).to_have_text(GONE)
        expect(viewer.locator(".ap-passage mark")).to_have_text(QUOTE)
        expect(viewer.locator(".ap-sheet")).not_to_be_visible()
        expect(viewer.get_by_role("link")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(viewer).not_to_be_visible()
    finally:
        away.rename(shelf.pdf)
    page.locator("a.ap-marker:focus").press("Enter")
    has_picture(viewer)


def test_a_page_that_cannot_be_shown_is_told_and_others_are_shown(visit, shelf):
    page = visit(shelf)
    page.route("**/pages/1?*", lambda route: route.fulfill(status=404))
    viewer = opened(page)
    page.keyboard.press("PageUp")
    expect(viewer.get_by_role("alert")).to_contain_text("cannot be shown as a picture")
    page.keyboard.press("PageDown")
    expect(viewer.get_by_role("alert")).not_to_be_visible()
    covers_the_quote_alone(viewer, shelf)
    visit.forgive("404")


def test_a_paper_of_the_library_opens_at_its_first_page(visit, shelf):
    page = visit(shelf)
    go(page, "Library")
    page.locator("#papers").get_by_text(TITLE).last.click()
    paper = page.locator("#paper")
    expect(paper.locator(".ap-facts")).to_contain_text("2 pages")
    paper.get_by_role("button", name="Open the paper").click()
    viewer = page.locator(".ap-viewer")
    expect(viewer.get_by_label("Page number")).to_have_value("1")
    has_picture(viewer)
    expect(viewer.locator(".ap-passage")).not_to_be_visible()
    page.keyboard.press("Escape")
    expect(paper.locator("button.ap-view")).to_be_focused()


def test_the_viewer_covers_the_page_on_a_phone_and_follows_the_window(visit, shelf):
    page = visit(shelf, width=390, has_touch=True, is_mobile=True)
    viewer = opened(page)
    assert viewer.evaluate("each => each.matches(':modal') && each.offsetWidth === innerWidth")
    covers_the_quote_alone(viewer, shelf)
    for control in viewer.locator("button:visible, input:visible").all():
        box = control.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, 2.5.8
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator("[data-beside] .ap-viewer:not(:modal)")).to_be_visible()
    covers_the_quote_alone(viewer, shelf)


@needs_axe
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_keeps_people_from_using_the_viewer(visit, shelf, width):
    page = visit(shelf, width=width, reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    opened(page)
    assert not {(rule, html) for rule, is_ours, html in faults(page) if is_ours}

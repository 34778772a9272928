"""A visit of the whole page in a headless Chromium: what it asks for, and what it complains of."""

import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.attacks.papers import OTTERS, QUESTION
from benchmarks.chromium import browsing
from benchmarks.served_page import ServedPage

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

_PATIENCE = 60_000  # milliseconds
_PAPER: "FilePayload" = {"name": "a.jsonl", "mimeType": "text/plain", "buffer": OTTERS}
_OPEN = re.compile(r"(file=|heartbeat/|assets/|static/|svelte/).*")


@dataclass
class Visit:
    """A page that is open; what it asked for and what it complained of so far."""

    page: "Page"
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def routes(self) -> list[str]:
        """Method, route and statuses, each once, without what differs from visit to visit."""
        statuses: dict[str, set[int]] = {}
        for method, url, status in self.requests:
            path = _OPEN.sub(r"\1…", urllib.parse.urlsplit(url).path)
            statuses.setdefault(f"{method} {path}", set()).add(status)
        return [f"{route} {'/'.join(map(str, sorted(statuses[route])))}" for route in sorted(statuses)]

    def sign_in(self, password: str) -> None:
        """Where the page asks for a password."""
        self.page.locator("input[type=password]").first.wait_for()
        name = self.page.locator("input[type=text], input:not([type]), textarea").first
        if name.count() and name.is_visible():
            name.fill("a")
        self.page.locator("input[type=password]").first.fill(password)
        self.page.locator("button[type=submit], input[type=submit], button.primary, button").first.click()

    def is_ready(self) -> None:
        self.page.locator(".ap-chips").wait_for()
        self.page.locator("#question .submit-button").wait_for()

    def ask(self, question: str = QUESTION) -> None:
        """Until its answer is whole."""
        box = self.page.locator("#question textarea")
        box.fill(question)
        box.press("Enter")
        self.page.locator(".ap-answer:not(.ap-writing)").last.wait_for()
        self.page.locator("#question .submit-button").wait_for()

    def open(self, tab: str) -> None:
        self.page.get_by_role("tab", name=tab, exact=True).click()
        self.page.wait_for_timeout(500)

    def use_all(self) -> None:
        """Ask, judge, look at papers, add one, search, look at runs, change a setting."""
        self.ask()
        self.page.get_by_role("button", name="Like", exact=True).last.click()
        self.page.wait_for_timeout(500)
        self.open("Library")
        self.page.locator("#papers .virtual-row").get_by_role("gridcell").first.click()
        self.page.locator("#paper").first.wait_for()
        self._add_a_paper()
        self.open("Search")
        self.page.locator("#query textarea").fill("owls")
        self.page.locator("#query textarea").press("Enter")
        self.page.locator("#hits").get_by_text("Study of owls").first.wait_for()
        self.open("Evaluation")
        self.open("Chat")
        self._stop()
        self.page.get_by_role("button", name="Settings").first.click()
        self.page.wait_for_timeout(500)
        self.page.get_by_role("button", name="New conversation").click()
        self.page.wait_for_timeout(500)
        self._look_below()

    def _stop(self) -> None:
        """Ask, and do not wait for the answer."""
        box = self.page.locator("#question textarea")
        box.fill("Which papers count animals in the valley, and how many of them are there?")
        box.press("Enter")
        with suppress(Exception):  # it has been answered already
            self.page.locator("#question .stop-button").click(timeout=2000)
        self.page.locator("#question .submit-button").wait_for()

    def _look_below(self) -> None:
        """What the foot of the page leads to, and the page anew, in the dark."""
        for name in ("Use via API", "Settings"):
            with suppress(Exception):  # another version has no such link
                self.page.locator("footer").get_by_text(name).first.click(timeout=2000)
                self.page.wait_for_timeout(1500)
                self.page.keyboard.press("Escape")
        address = self.page.url.partition("?")[0]
        self.page.goto(f"{address}?__theme=dark")
        self.is_ready()

    def _add_a_paper(self) -> None:
        if not self.page.locator("#upload").is_visible():
            self.page.get_by_role("button", name="Add papers").click()
        self.page.locator("#upload input[type=file]").set_input_files(_PAPER)
        self.page.locator("#upload .file-preview").wait_for()
        self.page.get_by_role("button", name="Add to the library").click()
        self.page.locator("#report").get_by_text("added").first.wait_for()


@contextmanager
def visiting(target: ServedPage) -> Iterator[Visit]:
    """A page as a browser shows it that has never been here; signed in where that takes a password."""
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(_PATIENCE)
        visit = Visit(page)
        page.on("response", lambda got: visit.requests.append((got.request.method, got.url, got.status)))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on(
            "console", lambda line: visit.complaints.append(line.text) if line.type == "error" else None
        )
        page.goto(f"http://127.0.0.1:{target.port}/")
        if target.password:
            visit.sign_in(target.password)
        visit.is_ready()
        yield visit

"""The chat page in a headless Chromium: what a visitor waits for, timed inside the page."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PAUSE = 400  # milliseconds between an answer and the next question; nobody reads faster
_LONGEST = 300_000  # milliseconds
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_WATCH = """
const marks = { load: {}, asked: null };
window.marks = marks;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.closest("#question")) return;
  const before = document.querySelectorAll("#chat .ap-answer").length;
  marks.asked = { start: event.timeStamp, before, echo: null, first: null, whole: null };
}, { capture: true });
function look() {
  const now = performance.now(), { load, asked } = marks;
  const box = document.querySelector("#question textarea");
  if (!load.box && box && !box.disabled && box.offsetHeight) load.box = now;
  if (!load.openings && document.querySelector("#chat .example")) load.openings = now;
  const answers = document.querySelectorAll("#chat .ap-answer");
  if (!asked || asked.whole || answers.length <= asked.before) return;
  const answer = answers[answers.length - 1];
  asked.echo ??= now - asked.start;
  if (answer.querySelector(".ap-text:not(.ap-waiting)")) asked.first ??= now - asked.start;
  if (!answer.classList.contains("ap-writing")) asked.whole = now - asked.start;
}
new MutationObserver(look).observe(document,
  { childList: true, subtree: true, characterData: true, attributes: true });
"""
_OFFERED = """[...document.querySelectorAll('#chat .ap-answer a[download="answer.json"]')].pop()?.href"""


@dataclass(frozen=True)
class Opening:
    """Milliseconds from the address to a box that can be typed in, and to the questions offered above it.

    The latter come with the conversation that the browser kept: from then on all is in place.
    """

    box: float
    openings: float | None


@dataclass(frozen=True)
class Wait:
    """Milliseconds from Enter: to the question's echo, the first words of its answer, the whole answer.

    `assistant` is what the answer says that it took the assistant; None where a question failed.
    """

    echo: float
    first: float | None
    whole: float
    assistant: float | None

    @property
    def page(self) -> float | None:
        """What the page adds to the assistant's time."""
        return None if self.assistant is None else self.whole - self.assistant


@dataclass
class Visit:
    """A page that is open in a browser that has kept nothing."""

    context: "BrowserContext"
    page: "Page"

    @classmethod
    def start(cls, browser: "Browser", address: str) -> Self:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.set_default_timeout(_LONGEST)
        page.goto(address)
        page.wait_for_function("marks.load.box")
        return cls(context, page)

    def opening(self) -> Opening:
        """How long it took until all was in place."""
        self.page.wait_for_function("marks.load.openings || performance.now() > marks.load.box + 20000")
        return Opening(**self.page.evaluate("({ box: marks.load.box, openings: marks.load.openings })"))

    def ask(self, question: str) -> Wait:
        """Type a question and wait for its answer."""
        box = self.page.locator("#question textarea")
        box.fill(question)
        box.press("Enter")
        self.page.wait_for_function("marks.asked?.whole")
        told = self.page.evaluate("marks.asked")
        offered = self.page.evaluate(_OFFERED)
        self.page.wait_for_timeout(PAUSE)
        return Wait(told["echo"], told["first"], told["whole"], _assistant_ms(offered))

    def begin_anew(self) -> None:
        """Open a new conversation, as somebody does who turns to something else."""
        self.page.get_by_role("button", name="New conversation").click()
        self.page.wait_for_function("!document.querySelector('#chat .ap-answer')")
        self.page.wait_for_timeout(PAUSE)

    def close(self) -> None:
        self.context.close()


def missing() -> str | None:
    """What has to be installed first; None where all is there."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the page is not opened in a browser: pip install playwright"
    if _chromium() is None:
        return "the page is not opened in a browser: apt-get install chromium"
    return None


@contextmanager
def browsing() -> Iterator["Browser"]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_chromium(), args=list(_FLAGS))
        yield browser
        browser.close()


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _assistant_ms(offered: str | None) -> float | None:
    """The seconds of an answer that the page offers as JSON, in milliseconds."""
    if not offered:
        return None
    answer = json.loads(base64.b64decode(offered.partition("base64,")[2]))
    return float(answer["seconds"]["total"]) * 1000

"""The chat page in a browser, timed inside the page: what a visitor waits for."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_PAUSE = 400  # milliseconds between an answer and the next question; nobody reads faster
_LONGEST = 300_000  # milliseconds
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

Times = Mapping[str, float | None]
"""Milliseconds, by what took them; None for what did not come."""


@dataclass
class TimedVisit:
    """A page that is open in a browser that has kept nothing."""

    page: "Page"

    @classmethod
    def start(cls, browser: "Browser", address: str) -> Self:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.add_init_script(_WATCH)
        page.set_default_timeout(_LONGEST)
        page.goto(address)
        page.wait_for_function("marks.load.box")
        return cls(page)

    def opening(self) -> Times:
        """From the address to a box that can be typed in, and to the questions offered above it.

        The latter come with the conversation that the browser kept: from then on all is in place.
        """
        self.page.wait_for_function("marks.load.openings || performance.now() > marks.load.box + 20000")
        times: Times = self.page.evaluate(
            "({ box: marks.load.box, openings: marks.load.openings ?? null })"
        )
        return times

    def ask(self, question: str) -> Times:
        """From Enter to the question's echo, the first words of its answer, and the whole answer.

        `assistant` is what the answer says that it took the assistant, `page` what the page adds to it.
        """
        box = self.page.locator("#question textarea")
        box.fill(question)
        box.press("Enter")
        self.page.wait_for_function("marks.asked?.whole")
        marks = self.page.evaluate("marks.asked")
        offered = self.page.evaluate(_OFFERED)
        self.page.wait_for_timeout(_PAUSE)
        times = {name: marks[name] for name in ("echo", "first", "whole")}
        if not offered:  # the question failed
            return times | {"assistant": None, "page": None}
        seconds = json.loads(base64.b64decode(offered.partition("base64,")[2]))["seconds"]["total"]
        return times | {"assistant": seconds * 1000, "page": times["whole"] - seconds * 1000}

    def begin_anew(self) -> None:
        """Open a new conversation, as somebody does who turns to something else."""
        self.page.get_by_role("button", name="New conversation").click()
        self.page.wait_for_function("!document.querySelector('#chat .ap-answer')")
        self.page.wait_for_timeout(_PAUSE)

    def close(self) -> None:
        self.page.context.close()

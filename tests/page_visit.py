"""The chat page served by a process of its own, and what visitors do and see there."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

ROOT = Path(__file__).parents[1]
# Gradio's paths and ours
_OWN = r"(?:assets/|papers/|static/js/|gradio_api/|theme\.css|favicon\.ico|manifest\.json|\Z)"
PATIENCE = 60_000  # milliseconds, for a busy machine; nothing waits so long where all is well


@dataclass
class Served:
    """The page of a library. `home` holds what the server keeps: its secret, feedback, runs and log."""

    library: Path
    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: free_port())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def feedback(self) -> Path:
        return self.home / "feedback.jsonl"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Begin to start; `wait` says when it serves."""
        self.home.mkdir(exist_ok=True)
        command = [
            str(Path(sys.executable).with_name("askpapers")),
            "ui",
            "--json",
            "--library",
            str(self.library),
        ]
        command += ["--port", str(self.port), "--runs", str(self.runs), "--feedback", str(self.feedback)]
        environment = os.environ | {"XDG_DATA_HOME": str(self.home)} | self.settings
        with (self.home / "log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def wait(self) -> "Served":
        """Itself, once it serves."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self.log
        assert json.loads(line)["address"] == self.address
        return self

    def stop(self) -> None:
        """End it as a crash would: it has no time to put anything in order."""
        self._process.kill()
        self._process.communicate()


def serving(served: Served) -> Iterator[Served]:
    served.start()
    try:
        yield served.wait()
        assert "Traceback" not in served.log
    finally:
        served.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Watch:
    """All that pages asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    contexts: list["BrowserContext"] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    _own: list[re.Pattern[str]] = field(default_factory=lambda: [re.compile("data:|blob:|about:")])

    def open(self, context: "BrowserContext", address: str) -> "Page":
        """A page that is ready to be asked."""
        self._own.append(re.compile(re.escape(address) + _OWN))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self._note(told.type, told.text))
        page.goto(address)
        is_ready(page)
        return page

    def reload(self, page: "Page") -> None:
        """Load the page anew until it is ready; Gradio complains of the requests that this ends."""
        page.reload()
        is_ready(page)
        self.forgive("AbortError", "Connection errored out")

    def forgive(self, *words: str) -> None:
        """Let complaints with any of these words be, also those that the browser has not delivered yet."""
        self.forgiven += words

    def hacked(self) -> list[str]:
        """What the scripts of others left, in whichever page and frame."""
        frames = [frame for context in self.contexts for page in context.pages for frame in page.frames]
        return [found for frame in frames if (found := frame.evaluate("window.hacked"))]

    def check(self) -> None:
        """Nothing complained since the last time, and no request but the page's own was made: none went
        beyond its server, or for what is not on it."""
        complaints, self.complaints[:] = list(self.complaints), []
        unforgiven = [each for each in complaints if not any(word in each for word in self.forgiven)]
        assert not unforgiven, unforgiven
        foreign = [each for each in self.requests if not any(own.match(each) for own in self._own)]
        assert not foreign, foreign

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)


def expect(found):
    from playwright.sync_api import expect as expect_within

    expect_within.set_options(timeout=PATIENCE)
    return expect_within(found)


def box(page: "Page") -> "Locator":
    """Where questions are typed."""
    return page.get_by_placeholder("Ask about the papers…")


def is_ready(page: "Page") -> None:
    """Wait until the page takes questions: what it says of the library comes from the server."""
    page.locator(".ap-chips").wait_for()
    page.locator("#question .submit-button").wait_for()


def ask(page: "Page", question: str) -> "Locator":
    """Type a question and send it; its answer, once that is whole."""
    count = page.locator(".ap-answer").count()
    box(page).fill(question)
    box(page).press("Enter")
    return answered(page, count + 1)


def answered(page: "Page", count: int) -> "Locator":
    """The last answer, once there are so many and it is over."""
    page.wait_for_function(
        """count => {
            const all = document.querySelectorAll(".ap-answer");
            const last = all[all.length - 1];
            return all.length === count && !last.matches(".ap-writing")
                && document.querySelector("#question .submit-button");
        }""",
        arg=count,
    )
    return page.locator(".ap-answer").last


def questions(page: "Page") -> list[str]:
    """The questions of the open conversation, as they are read."""
    return [
        each.replace("\u2060", "")
        for each in page.locator("#chat .user .message-content").all_inner_texts()
    ]


def conversations(page: "Page") -> "Locator":
    """The rows of the list beside the chat."""
    return page.locator("#past").get_by_role("gridcell")


def go(page: "Page", tab: str) -> None:
    """Open a tab; where there is little room the last ones are behind a button."""
    shown = page.get_by_role("tab", name=tab, exact=True)
    if not shown.count():
        page.get_by_role("button", name="More tabs").click()
        shown = page.locator(".overflow-dropdown").get_by_role("button", name=tab, exact=True)
    shown.click()


def upload(page: "Page", *files: tuple[str, str | bytes]) -> "Locator":
    """Add files, each a name and its content, in the library tab; what the page says of it."""
    go(page, "Library")
    chooser = page.locator("#upload input[type=file]")
    if not page.locator("#upload").is_visible():
        page.get_by_role("button", name="Add papers").click()
    chooser.set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": as_bytes(content)} for name, content in files]
    )
    page.locator("#upload .file-preview").wait_for()
    page.get_by_role("button", name="Add to the library").click()
    return page.locator("#report")


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()

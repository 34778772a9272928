"""Draws docs/page.png: the chat page with an answer and an opened source, as Chromium shows it.

python docs/page_picture.py http://127.0.0.1:7860 "How much does bert2BERT save?" docs/page.png [dark]
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WIDTH, HEIGHT = 1200, 1060  # pixels
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def main(address: str, question: str, target: str, scheme: str = "light") -> None:
    """Ask, open the first source, and take a picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        page.goto(address)
        _ask(page, question)
        page.screenshot(path=Path(target))
        browser.close()


def _ask(page: Page, question: str) -> None:
    box = page.get_by_placeholder("Ask about the papers…")
    box.fill(question)
    box.press("Enter")
    page.locator(".ap-exports").wait_for()
    marker = page.locator("a.ap-marker").first
    marker.click()
    page.locator(f"{marker.get_attribute('href')}[open] mark.ap-on").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # until what lit up is calm again


if __name__ == "__main__":
    main(*sys.argv[1:])

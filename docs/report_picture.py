"""Draws docs/report.png: the report of a run, as Chromium shows it.

python docs/report_picture.py runs/test/report.html
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

TARGET = Path(__file__).with_name("report.png")
WIDTH, HEIGHT = 1120, 1400  # pixels: from the summary to the first plots
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def main(report: str) -> None:
    """Open the report and take its picture, from the summary on."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(Path(report).absolute().as_uri())
        page.locator("h2", has_text="Summary").first.evaluate("heading => heading.scrollIntoView()")
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])

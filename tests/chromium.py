"""The browser that tests of pages run in, and axe, which finds what keeps people from using a page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.chromium import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

in_chromium = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium"),
]
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not installed: npm install --prefix .venv/axe axe-core@4"
)
_FIND = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"], iframes: false});
    const ours = "[class^='ap-'], [class*=' ap-']";
    const isOurs = (node) => document.querySelector(node.target[0])?.closest(ours) !== null;
    return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact))
        .flatMap((rule) => rule.nodes.map((node) => [rule.id, isOurs(node), node.html.slice(0, 160)]));
}"""


def faults(page: "Page") -> list[tuple[str, bool, str]]:
    """The serious and critical faults of what is shown, in dark and in light colours: the rule, whether
    it is of what we add, where."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"document.body.classList.toggle('dark', {json.dumps(scheme == 'dark')})")
        page.wait_for_function("document.getAnimations().every((each) => each.playState !== 'running')")
        found += [tuple(each) for each in page.evaluate(_FIND)]
    return found

"""The browser that tests of pages run in, and axe, which finds what keeps people from using a page."""

from pathlib import Path

import pytest

from benchmarks.chromium import CHROMIUM

AXE = Path(__file__).parents[1] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

in_chromium = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium"),
]
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not installed: npm install --prefix .venv/axe axe-core@4"
)

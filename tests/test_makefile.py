"""The question reaches the program as it was typed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

ODD = [
    "How much compute does bert2BERT save, and how?",
    "a \"quoted\" word and an 'apostrophe'",
    "costs $5, $$6, $HOME, ${HOME}, $(HOME) and $(shell touch broken)",
    "`touch broken` && touch broken; touch broken | cat # no comment",
    r"a backslash \ and \n, one at the end \\",
    "spaces behind  ",
    "-k --json",
    "Fräulein, 日本語, 🙂?",
    "two\nlines",
    "100 % of * and [a-z]?",
]


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make with a stand-in for the installed program that prints what it was given."""
    program = folder / "askpapers"
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{show}' \"$@\"\n")
    program.chmod(0o755)
    (folder / "ready").touch()
    command = ["make", "--silent", "-f", str(ROOT / "Makefile"), f"BIN={folder}", "READY=ready", *words]
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
    (folder / "ready").touch()
    # These tests run under `make test` too, whose flags and question are not theirs.
    inherited = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "Q")
    clean = {name: value for name, value in os.environ.items() if name not in inherited}
    return subprocess.run(command, env=clean, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("question", ODD)
def test_the_question_arrives_to_the_character(tmp_path, question):
    done = make(tmp_path, "ask", f"Q={question}")
    assert json.loads(done.stdout) == ["ask", "--", question]
    assert done.stderr == ""
    assert not (tmp_path / "broken").exists()


def test_without_a_question_it_says_what_to_type(tmp_path):
    done = make(tmp_path, "ask")
    assert done.returncode == 2
    assert 'make ask Q="' in done.stderr
    assert done.stdout == ""

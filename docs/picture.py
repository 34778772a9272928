"""Draws docs/ask.svg: what `askpapers ask` prints in a terminal, from a real run.

python docs/picture.py "How much compute does bert2BERT save, and how?"
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 96  # characters
TARGET = Path(__file__).with_name("ask.svg")


def main(question: str) -> None:
    """Ask, and draw the command with what it prints."""
    environment = {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "ask", question, "--writer", "extractive"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        console.print(Text(f'$ askpapers ask "{question}"\n', "bold"))
        console.print(Text.from_ansi(done.stdout.rstrip()))
        svg = console.export_svg(title="askpapers")
    # The drawing fetches nothing: the reader's own monospaced font is as good.
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

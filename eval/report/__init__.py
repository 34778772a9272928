"""What is read of a run: a page, Markdown, frames. Each is made of a `Run` alone."""

import os
from pathlib import Path

from eval.errors import RunError
from eval.run import Run

HTML, MARKDOWN = "report.html", "report.md"


def write_reports(run: Run, folder: Path) -> list[Path]:
    """Both reports into the folder, each whole or not at all; where they stand. Raises RunError."""
    from eval.report.html import render_html
    from eval.report.markdown import render_markdown

    texts = {HTML: render_html(run), MARKDOWN: render_markdown(run)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(text, folder / name) for name, text in texts.items()]
    except OSError as error:
        raise RunError(
            f"no report can be written to {folder} ({error.strerror}): name another folder or make room"
        ) from error


def _write(text: str, path: Path) -> Path:
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        os.replace(unfinished, path)  # noqa: PTH105, atomic everywhere
    finally:
        unfinished.unlink(missing_ok=True)
    return path

"""The reports on a run: a web page and Markdown. Each is made from a `Run` alone."""

from pathlib import Path

from eval.folder import HTML, MARKDOWN, RECORD, translated, write_whole
from eval.report.markdown import render_markdown
from eval.run import Run


def write_reports(run: Run, folder: Path) -> list[Path]:
    """Write both reports into the folder, and return their paths. Raises RunError.

    In the folder of a run they are as private as the run; elsewhere they follow the umask, as exports do.
    """
    from eval.report.html import render_html

    texts = {folder / HTML: render_html(run), folder / MARKDOWN: render_markdown(run)}
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        is_export = not (folder / RECORD).exists()
    for path, text in texts.items():
        write_whole(path, [text], is_export=is_export)
    return list(texts)

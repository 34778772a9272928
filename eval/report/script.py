"""The script of a report. It stands apart because the chat page allows it without making any report."""

from pathlib import Path


def script() -> str:
    """Sorts and filters the questions of a report, where scripts may run."""
    return (Path(__file__).parent / "report.js").read_text(encoding="utf-8")

"""A run as one page that needs no network, no server and no other file.

What comes from questions, papers, models and records is text: the template escapes it, control
characters are left out, and a policy forbids loading anything and running any script but ours.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval import wording
from eval.markdown import NONE
from eval.metrics.registry import JUDGED, MAIN, METRICS
from eval.report.colours import as_css
from eval.report.faults import KINDS, is_fault
from eval.report.head import conditions, judge_facts, peculiarities
from eval.report.numbers import format_interval, format_score, format_value, scored_metrics
from eval.report.plots import Chart, chart_by_tag, chart_recall, chart_seconds
from eval.report.questions import STATUSES, show_questions, telling_columns
from eval.report.script import script
from eval.run import Run
from rag.plain import plain

_HERE = Path(__file__).parent
_REGISTRY = METRICS | JUDGED


def render_html(run: Run) -> str:
    """The page; the same run always gives the same bytes."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "registry": _REGISTRY,
        "format_value": format_value,
        "format_interval": format_interval,
        "format_score": format_score,
        "notes": wording.notes,
        "is_fault": is_fault,
        "NONE": NONE,
    }
    page = environment.get_template("report.html.jinja").render(
        _content(run),
        style=as_css() + "\n" + (_HERE / "report.css").read_text(encoding="utf-8"),
        script=script(),
        script_hash=base64.b64encode(hashlib.sha256(script().encode()).digest()).decode(),
    )
    return plain(page.lstrip())


def _content(run: Run) -> dict[str, Any]:
    """The values for the template."""
    summary = run.summary()
    tags = list(summary["by_tag"])
    questions = show_questions(run.rows, tags)
    present = {fault for question in questions for fault in question.faults}
    return {
        "run": run,
        "record": json.dumps(dict(run.record), ensure_ascii=False, indent=2, default=str),
        "summary": summary,
        "conditions": conditions(run),
        "peculiarities": list(peculiarities(run)),
        "judge_facts": judge_facts(run),
        "main": scored_metrics(summary),
        "judged": scored_metrics(summary["judge"], tuple(JUDGED)) if "judge" in summary else [],
        "charts": _drawn(chart_recall(run.rows), chart_seconds(run.rows)),
        "tag_charts": _tag_charts(summary, MAIN),
        "judge_charts": _tag_charts(summary["judge"], tuple(JUDGED)) if "judge" in summary else [],
        "tags": tags,
        "questions": questions,
        "columns": telling_columns(questions),
        "statuses": [status for status in STATUSES if any(one.status == status for one in questions)],
        "faults": [fault for fault in KINDS if fault in present],
    }


def _drawn(*charts: Chart | None) -> list[Chart]:
    return [chart for chart in charts if chart]


def _tag_charts(layer: Mapping[str, Any], names: Sequence[str]) -> list[Chart]:
    return _drawn(*(chart_by_tag(layer, _REGISTRY[name]) for name in names)) if layer["by_tag"] else []

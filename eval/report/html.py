"""A run as one page that needs nothing else: no network, no server, no further file.

All that comes from questions, papers, models and records is text: the template escapes it, control
characters are left out, and a policy lets nothing load and no script but ours run.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.metrics.registry import JUDGED, MAIN, METRICS
from eval.report.colours import as_css
from eval.report.faults import KINDS, is_fault
from eval.report.head import conditions, judge_facts, peculiarities
from eval.report.numbers import NONE, applying, shown, shown_interval, shown_score
from eval.report.plots import Chart, chart_by_tag, chart_recall, chart_seconds, chart_support
from eval.report.questions import STATUSES, show_questions, telling_columns
from eval.report.script import script
from eval.run import Run
from rag.plain import plain

_HERE = Path(__file__).parent
_REGISTRY = METRICS | JUDGED


def render_html(run: Run) -> str:
    """The page, the same to the byte for the same run."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "registry": _REGISTRY,
        "shown": shown,
        "shown_interval": shown_interval,
        "shown_score": shown_score,
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
    """What the template shows."""
    summary = run.summary()
    tags = list(summary["by_tag"])
    questions = show_questions(run.rows, tags)
    present = {fault for question in questions for fault in question.faults}
    return {
        "run": run,
        "record": json.dumps(dict(run.record), ensure_ascii=False, indent=2, default=str),
        "summary": summary,
        "conditions": conditions(run),
        "peculiarities": peculiarities(run),
        "judge_facts": judge_facts(run),
        "main": applying(summary),
        "judged": applying(summary["judge"], tuple(JUDGED)) if "judge" in summary else [],
        "charts": _charts(run),
        "tag_charts": _tag_charts(summary, MAIN),
        "judge_charts": _tag_charts(summary["judge"], tuple(JUDGED)) if "judge" in summary else [],
        "tags": tags,
        "questions": questions,
        "columns": telling_columns(questions),
        "statuses": [status for status in STATUSES if any(each.status == status for each in questions)],
        "faults": [fault for fault in KINDS if fault in present],
    }


def _charts(run: Run) -> list[Chart]:
    drawn = (chart_recall(run.rows), chart_support(run.rows), chart_seconds(run.rows))
    return [chart for chart in drawn if chart]


def _tag_charts(layer: Mapping[str, Any], names: Sequence[str]) -> list[Chart]:
    drawn = [chart_by_tag(layer, _REGISTRY[name]) for name in names] if layer["by_tag"] else []
    return [chart for chart in drawn if chart]

"""Runs of made-up rows of every kind, for what is read of a run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcome, Outcomes, failed, not_applicable, scored
from eval.rows import Expected, Row
from eval.run import Run
from rag.types import Check, Claim

HOSTILE = (
    "</script><img src=x onerror=\"window.hacked='img'\">",
    '"><svg onload="window.hacked=1"><style>*{display:none}</style>',
    "' onmouseover='window.hacked=1' x='",
    "<!--<script>window.hacked=1</script>-->",
    "{{7*7}}{% include '/etc/passwd' %}",
    r"$\frac{1}{0}$ \n \u003cscript\u003e",
    "javascript:window.hacked=1",
    "right \u202eto left\u2066 \x00\x1b[31m\x07 \ud800 \uffff\u2028",
    "a|b\n| --- |\n# c `d` ``e`` \\| \\",
    "![p](https://example.com/p.png) [l](https://example.com) <https://example.com> www.example.com",
    "@somebody #1 somebody@example.com :tada: ~~s~~ *e* _u_",
    "😀 السؤال 問題",
    "&lt;b&gt; &#x202e; &amp;",
    "w" * 20_000,
)
RECORD: Mapping[str, Any] = {
    "format": 1,
    "name": "run1",
    "started": "2026-11-21T07:10:00Z",
    "seconds": 31.2,
    "finished": True,
    "commit": "9b9e083" + 33 * "0",
    "dirty": False,
    "version": "0.1.0",
    "code": 64 * "a",
    "python": "3.11.2",
    "platform": "Linux x86_64",
    "cores": 2,
    "packages": {"numpy": "2.4.6"},
    "questions": [{"name": "test.jsonl", "sha256": 64 * "b", "cases": 110}],
    "tags": [],
    "sample": None,
    "seed": 0,
    "system": {
        "writer": "extractive",
        "encoder": "MiniLM",
        "library": {"papers": 333, "passages": 1897, "sha256": "5d" * 32, "digests": False},
        "options": {
            "filters": {"from_year": None, "to_year": None},
            "words": None,
            "years_from_question": True,
        },
    },
    "judge": None,
}
OF_EARLIER = {"support_judge": "calibrated-1", "code": 64 * "e"}
"""What the record of an earlier version has instead."""
JUDGE = {
    "name": "llm:gpt-4.1-mini",
    "usage": {
        "requests": 12,
        "prompt_tokens": 3000,
        "completion_tokens": 400,
        "total_tokens": 3400,
        "cost": 0.0018,
    },
}
PAPERS = [f"2110.0{number}" for number in range(7000, 7012)]


def outcomes(**values: float) -> Outcomes:
    """Of every metric: those named are scored (`hit_1` is hit@1), the others do not apply."""
    told = {name: values.get(name.replace("@", "_")) for name in METRICS}
    return {
        name: not_applicable("nothing is known of it") if value is None else scored(value, f"why {name}")
        for name, value in told.items()
    }


def answer(
    text: str = "It saves 45% [1].", checks: tuple[Check, ...] = ("supported",), **others: Any
) -> dict[str, Any]:
    """As `ask --json` prints it, with a claim for each verdict; the judge gives two of them a number."""
    numbers = {"verbatim": 1.0, "supported": 0.9, "not found": 0.2}
    claims = [
        Claim(f"Claim {n}.", (n,), check, numbers.get(check), quotes=(n - 1,))
        for n, check in enumerate(checks, start=1)
    ]
    is_checked = any(check not in ("verbatim", "unchecked") for check in checks)
    return {
        "question": "How much does it save?",
        "status": "answered",
        "text": text,
        "reason": None,
        "claims": [
            {**claim.to_dict(), "citations": list(claim.citations), "quotes": list(claim.quotes)}
            for claim in claims
        ],
        "citations": [
            {
                "number": n,
                "paper_id": PAPERS[n],
                "title": f"Paper {n}",
                "published": "2021-10",
                "organization": None,
                "quote": f"The words of quote {n}.",
                "start": 0,
                "end": 22,
            }
            for n in range(1, len(claims) + 1)
        ],
        "papers": [
            {"paper_id": id_, "title": f"Title of {id_}", "score": 1 - place / 20}
            for place, id_ in enumerate(PAPERS)
        ],
        "filters": {"from_year": None, "to_year": None},
        "resolved_question": None,
        "missing": None,
        "notes": [],
        "writer": "extractive",
        "markers": {"written": len(claims), "unknown": 0},
        "usage": {"requests": 3, "total_tokens": 321},
        "steps": {
            "understand": {"requests": 1, "total_tokens": 21},
            "write": {"requests": 2, "total_tokens": 300},
        },
        "checked_by": "llm:large" if is_checked else None,
        "seconds": {"retrieve": 0.02, "write": 0.1, "total": 0.12},
    } | others


def row(case_id: str, **fields: Any) -> Row:
    """A question that is answered rightly, but for what is said otherwise."""
    found = outcomes(
        hit_1=1, hit_5=1, recall_10=1, fact_recall=1, faithfulness=1, over_refusal=0, seconds=0.12
    )
    known = Expected(
        papers=(PAPERS[1],),
        ignore=(PAPERS[0],),
        facts=(("45%", "45 percent"),),
        reference="45%.",
        titles={PAPERS[1]: "The right paper"},
    )
    return replace(Row(case_id, 1, f"What of {case_id}?", ("single",), known, answer(), found), **fields)


def rows() -> list[Row]:
    """A row of every kind."""
    refused = answer(
        "The papers do not answer this.", (), status="refused", reason="no paper is near", papers=[]
    )
    return [
        row("good"),
        row("partial", answer=answer(status="partial", missing="the price", notes=["digests"])),
        row(
            "unsupported",
            answer=answer("One [1]. Two [2].", ("supported", "not found")),
            outcomes=row("").outcomes | {"faithfulness": scored(0.5, "not supported: “Claim 2.”")},
        ),
        row("facts", outcomes=row("").outcomes | {"fact_recall": scored(0, "not said: 45%")}, tags=("a",)),
        row(
            "missed",
            outcomes=row("").outcomes | {"hit@1": scored(0), "hit@5": scored(0), "recall@10": scored(0)},
            expected=Expected(papers=("somewhere else",)),
        ),
        row(
            "refused",
            answer=refused,
            outcomes=outcomes(over_refusal=1, hit_1=0, hit_5=0, recall_10=0, fact_recall=0, seconds=0.05),
        ),
        row(
            "rightly refused",
            answer=refused,
            expected=Expected(answerable=False),
            outcomes=outcomes(abstention_recall=1, seconds=0.05),
            tags=("unanswerable",),
        ),
        row(
            "not refused",
            expected=Expected(answerable=False),
            outcomes=outcomes(abstention_recall=0, faithfulness=1, seconds=0.3),
            tags=("unanswerable",),
        ),
        row(
            "broken",
            answer=None,
            error="the model's server refused the request (HTTP 500): try again",
            outcomes={name: failed("no answer") for name in METRICS},
        ),
        row("later", turn=2, answer=answer(resolved_question="What of it, in full?")),
    ]


def judged(found: list[Row]) -> list[Row]:
    """The rows with what a judge says of those that were answered; one verdict cannot be read."""
    verdicts: list[Outcomes] = [
        dict.fromkeys(JUDGED, scored(place % 2, "so it says")) for place in range(2)
    ]
    unread: Outcomes = {name: Outcome(None, "“maybe?” is no verdict", is_error=True) for name in JUDGED}
    return [
        replace(each, judged=unread if place == 2 else verdicts[place % 2]) if each.answer else each
        for place, each in enumerate(found)
    ]


def run(found: list[Row], **record: Any) -> Run:
    return Run({**RECORD, **record}, found)


def row_of_earlier(case_id: str) -> Row:
    """A row of an earlier version: other metrics, a number for each quote, no word on who checked."""
    written = answer("One [1]. Two [2].", ("supported", "not found"))
    for claim in written["claims"]:
        del claim["quotes"], claim["reason"], claim["notes"]
    for name in ("checked_by", "steps"):
        del written[name]
    found = {name: scored(0.5, f"why {name}") for name in ("hit@1", "faithfulness", "citation_recall")}
    return row(case_id, answer=written, outcomes=found)


def hostile_run() -> Run:
    """Each hostile text wherever a text of others can stand."""
    return run(
        [_hostile_row(place, text) for place, text in enumerate(HOSTILE)],
        name=HOSTILE[0],
        commit=HOSTILE[3],
        version=HOSTILE[4],
        platform=HOSTILE[1],
        questions=[{"name": HOSTILE[9], "sha256": HOSTILE[0], "cases": 1}],
        tags=list(HOSTILE),
        system={
            "writer": HOSTILE[0],
            "encoder": HOSTILE[1],
            "options": {"filters": {HOSTILE[0]: HOSTILE[1]}},
        },
        judge=JUDGE | {"name": HOSTILE[10]},
    )


def _hostile_row(place: int, text: str) -> Row:
    written = answer(text, ("supported", "not found"))
    written |= dict.fromkeys(
        ("question", "reason", "resolved_question", "missing", "writer", "status", "checked_by"), text
    )
    written |= {"notes": [text], "usage": {text: 1}, "seconds": {text: 1, "total": 1}}
    written |= {"steps": {text: {"requests": 1}}}
    for claim in written["claims"]:
        claim |= {"reason": text, "notes": [text]}
    for told in (*written["claims"], *written["citations"], *written["papers"]):
        told |= dict.fromkeys(told.keys() & {"text", "quote", "title", "published", "paper_id"}, text)
    found = {name: (scored, failed)[place % 2](*((1, text), (text,))[place % 2]) for name in METRICS}
    return Row(
        case_id=f"{text}{place}",
        turn=1,
        question=text,
        tags=(text, "single"),
        expected=Expected((text,), (), ((text, text),), True, text, {text: text}),
        answer=None if place % 5 == 4 else written,
        outcomes=found | {"set_f1": not_applicable(text)},
        judged={name: scored(0.5, text) for name in JUDGED},
        error=text if place % 5 == 4 else None,
    )

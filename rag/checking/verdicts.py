"""How verdicts are asked for and read, in answers and evaluations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from rag.checking.base import Quote, Statement, Verdict
from rag.checking.evidence import lacking, quotes_of
from rag.model.base import Message
from rag.model.replies import read_line, read_number, read_object, read_rows
from rag.types import Check, Paper

LABELS: tuple[Check, ...] = ("supported", "partly", "contradicted", "not found")
_MOST_QUOTES = 5  # of a verdict
_LONGEST_QUOTE = 2000  # characters
_LONGEST_REASON = 300
_NO_EVIDENCE = "the judge shows no words that hold it"
_SUPPORTS_ALL = "the judge calls a made-up sentence supported too"
# No paper that a question is answered from says this; who calls it supported does not judge.
_MADE_UP = "In 1987, 417 fishing households of three coastal villages kept a diary of the weather."


@cache
def check_rules() -> str:
    """The system message of a check."""
    return resources.files(__package__).joinpath("check.txt").read_text(encoding="utf-8")


def check_prompt(statements: Sequence[Statement]) -> list[Message]:
    """The messages that ask for a verdict on each statement, the first of which has the number 1, and on a
    made-up one behind them."""
    papers = {paper.paper_id: paper for statement in statements for paper in statement.papers}
    keys = {paper_id: key for key, paper_id in enumerate(papers, start=1)}
    asked = [*statements, Statement(_MADE_UP, statements[0].papers)]
    data = {
        "papers": [_fields(keys[paper_id], paper) for paper_id, paper in papers.items()],
        "sentences": [
            {
                "number": number,
                "sentence": statement.text,
                "papers": [keys[paper.paper_id] for paper in statement.papers],
            }
            | ({"words": list(statement.words)} if statement.words else {})
            for number, statement in enumerate(asked, start=1)
        ],
    }
    return [("system", check_rules()), ("user", json.dumps(data, ensure_ascii=False))]


def read_verdicts(reply: str, statements: Sequence[Statement]) -> list[Verdict]:
    """The verdict on each statement; "unchecked" where the reply has none, or two, or no words for one.

    Support needs quotes that stand in the papers of the statement and together hold its numbers and names,
    and a judge that does not support everything: the last sentence that it was sent is made up.
    """
    rows = _rows(reply)
    verdicts = [
        _read(rows[number], statement) if number in rows else Verdict()
        for number, statement in enumerate(statements, start=1)
    ]
    if _label(rows.get(len(statements) + 1, {})) != "supported":
        return verdicts
    return [
        replace(verdict, check="unchecked", reason=_SUPPORTS_ALL)
        if verdict.check == "supported"
        else verdict
        for verdict in verdicts
    ]


def _rows(reply: str) -> dict[int, Mapping[str, Any]]:
    """The one verdict on each number."""
    rows: dict[int, Mapping[str, Any]] = {}
    twice = set()
    for row in read_rows(read_object(reply), "verdicts"):
        if (number := read_number(row, "number")) is not None:
            twice |= {number} & rows.keys()
            rows[number] = row
    return {number: row for number, row in rows.items() if number not in twice}


def _label(row: Mapping[str, Any]) -> Check | None:
    label = read_line(row, "verdict", _LONGEST_REASON).lower()
    return next((known for known in LABELS if known == label), None)


def _read(row: Mapping[str, Any], statement: Statement) -> Verdict:
    check = _label(row)
    if check is None:
        return Verdict()
    reason = read_line(row, "reason", _LONGEST_REASON) or None
    verdict = Verdict(check, tuple(read_quotes(row, statement.papers)), reason)
    if check != "supported":
        return verdict
    if not verdict.quotes:
        return replace(verdict, check="unchecked", reason=_NO_EVIDENCE, lacks_words=True)
    if missing := lacking(statement.text, verdict.quotes):
        without = f"the words that the judge shows do not hold {', '.join(missing)}"
        return replace(verdict, check="unchecked", reason=without, lacks_words=True)
    return verdict


def read_quotes(row: Mapping[str, Any], papers: Sequence[Paper]) -> list[Quote]:
    """The quotes of a verdict that stand in one of these papers, each once; which key they give does not
    matter, as they are looked up."""
    found = (
        quote
        for given in islice(read_rows(row, "quotes"), _MOST_QUOTES)
        for quote in islice(quotes_of(read_line(given, "words", _LONGEST_QUOTE), papers), 1)
    )
    return list({(quote.paper.paper_id, quote.span): quote for quote in found}.values())


def _fields(key: int, paper: Paper) -> dict[str, Any]:
    return {"key": key, "title": paper.title, "year": paper.year, "text": paper.abstract}

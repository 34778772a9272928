"""How verdicts are asked for and read, in answers and evaluations."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from rag.checking.base import Quote, Statement, Verdict
from rag.checking.evidence import quotes_of, supported
from rag.model.base import Message, read_prompt
from rag.model.replies import PASSAGE, Fields, read_line, read_numbered, read_rows
from rag.paper_fields import paper_fields
from rag.types import Check, Paper

LABELS: tuple[Check, ...] = ("supported", "partly", "contradicted", "not found")
_MOST_QUOTES = 5  # of a verdict
_SUPPORTS_ALL = "the judge calls a made-up sentence supported too"
# No paper that a question is answered from says this; who calls it supported does not judge.
_MADE_UP = "In 1987, 417 fishing households of three coastal villages kept a diary of the weather."


def check_rules() -> str:
    """The system message of a check."""
    return read_prompt(__package__, "check.txt")


def check_prompt(statements: Sequence[Statement]) -> list[Message]:
    """The messages that ask for a verdict on each statement, and on a made-up one behind them.

    The first statement has the number 1.
    """
    papers = {paper.paper_id: paper for statement in statements for paper in statement.papers}
    keys = {paper_id: key for key, paper_id in enumerate(papers, start=1)}
    rows = []
    for number, statement in enumerate([*statements, Statement(_MADE_UP, statements[0].papers)], start=1):
        cited = [keys[paper.paper_id] for paper in statement.papers]
        row: dict[str, Any] = {"number": number, "sentence": statement.text, "papers": cited}
        rows.append(row | ({"words": list(statement.words)} if statement.words else {}))
    data = {"papers": [paper_fields(keys[id_], paper) for id_, paper in papers.items()], "sentences": rows}
    return [("system", check_rules()), ("user", json.dumps(data, ensure_ascii=False))]


def read_verdicts(reply: str, statements: Sequence[Statement]) -> list[Verdict]:
    """The verdict on each statement; "unchecked" where the reply has none, or two, or no words for one.

    Support needs quotes that stand in the papers of the statement and together hold its numbers and names,
    and a judge that does not support everything: the last sentence that it was sent is made up.
    """
    rows = read_numbered(reply, "verdicts")
    numbered = enumerate(statements, start=1)
    verdicts = [_read(rows.get(number, {}), statement) for number, statement in numbered]
    if _label(rows.get(len(statements) + 1, {})) != "supported":
        return verdicts
    return [
        Verdict("unchecked", verdict.quotes, _SUPPORTS_ALL) if verdict.check == "supported" else verdict
        for verdict in verdicts
    ]


def _label(row: Fields) -> Check | None:
    label = read_line(row, "verdict").lower()
    return next((known for known in LABELS if known == label), None)


def _read(row: Fields, statement: Statement) -> Verdict:
    check = _label(row)
    if check is None:
        return Verdict()
    quotes = read_quotes(row, statement.papers)
    reason = read_line(row, "reason") or None
    if check == "supported":
        return supported(statement.text, quotes, reason)
    return Verdict(check, quotes, reason)


def read_quotes(row: Fields, papers: Sequence[Paper]) -> tuple[Quote, ...]:
    """The quotes of a verdict that stand in one of these papers, each once.

    Which key they give does not matter, as they are looked up.
    """
    words = (read_line(quote, "words", PASSAGE) for quote in read_rows(row, "quotes")[:_MOST_QUOTES])
    return tuple(dict.fromkeys(quote for text in words for quote in islice(quotes_of(text, papers), 1)))

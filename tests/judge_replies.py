"""Replies of a model that judges, in the form that our rules ask for."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model_server import ModelServer, Request, Script, verdict

Decide = Callable[[str, str], object]
"""The verdict on a sentence, by the text of the papers that it cites."""
_LONGEST = 1000  # characters of a quote


def play(server: ModelServer, script: Script) -> None:
    """Reply to all requests by this script, those for verdicts on sentences too."""
    server.play(script, checking=script)


def sent(server: ModelServer) -> list[Request]:
    """All that the server was sent."""
    return [*server.understandings, *server.checks, *server.requests]


def data_of(request: Mapping[str, Any]) -> Any:
    """What is to be judged: sentences with their papers, or an answer with its question."""
    return json.loads(request["messages"][-1]["content"])


def sentences_in(request: Mapping[str, Any]) -> list[str]:
    """The sentences on which verdicts are asked for, without the made-up one behind them."""
    return [row["sentence"] for row in data_of(request).get("sentences", ())][:-1]


def decided(request: Mapping[str, Any], decide: Decide, reason: str = "as I see it") -> str:
    """A verdict on each sentence, which quotes the text of its first paper that has any; the one that is
    made up, the last, is not found."""
    data = data_of(request)
    texts = {paper["key"]: paper["text"] for paper in data["papers"]}

    def judge(row: Mapping[str, Any]) -> dict[str, object]:
        own: Sequence[str] = [texts[key] for key in row["papers"]]
        words = next(filter(None, own), "")
        words = words[: words.rindex(" ", 0, _LONGEST)] if len(words) > _LONGEST else words
        label = decide(row["sentence"], "\n".join(own))
        shown = [words] if label == "supported" else []
        return verdict(label, *shown, reason=reason, number=row["number"])

    *asked, made_up = data["sentences"]
    last = verdict("not found", number=made_up["number"])
    return json.dumps({"verdicts": [*map(judge, asked), last]})

"""The steps of an answer: what is said while one goes on, and what each took."""

from collections.abc import Mapping
from dataclasses import dataclass

from rag.types import Answer

GOING_ON = {
    "understand": "Understanding the question…",
    "retrieve": "Searching the papers…",
    "write": "Reading the papers…",
    "check": "Checking each sentence against the papers…",
    "repair": "Correcting what is not supported…",
}
_NAMES = {name: "search" if name == "retrieve" else name for name in GOING_ON}


def going_on(step: str, papers: int) -> str:
    """The line that says what goes on; `papers` are those that the writer reads, 0 before it is known."""
    if step == "write" and papers:
        return f"Reading {papers} paper{'' if papers == 1 else 's'}…"
    return GOING_ON.get(step, "")


@dataclass(frozen=True)
class Step:
    """What a step took, as far as that is known; the parts are ready to be shown."""

    name: str
    seconds: str
    requests: str
    tokens: str
    cost: str


def steps_of(answer: Answer) -> list[Step]:
    """The steps that took time or requests, in their order."""
    return [
        _step(name, answer.seconds.get(key), answer.steps.get(key, {}))
        for key, name in _NAMES.items()
        if key in answer.seconds or key in answer.steps
    ]


def _step(name: str, seconds: float | None, usage: Mapping[str, float]) -> Step:
    return Step(name, "" if seconds is None else f"{seconds:.1f} s", *_counts(usage))


def usage_parts(usage: Mapping[str, float]) -> list[str]:
    """Requests, tokens and dollars in words, as far as they are known."""
    requests, tokens, cost = _counts(usage)
    parts = [f"{requests} request{'' if requests == '1' else 's'}"] if requests else []
    return parts + ([f"{tokens} tokens"] if tokens else []) + ([cost] if cost else [])


def _counts(usage: Mapping[str, float]) -> tuple[str, str, str]:
    requests, tokens = (usage.get(name) for name in ("requests", "total_tokens"))
    cost = f"${usage['cost']:.4f}" if "cost" in usage else ""
    return f"{requests:,.0f}" if requests else "", f"{tokens:,.0f}" if tokens else "", cost


def cost_line(answer: Answer) -> str:
    """What an answer by a model took: "3 requests · 4,210 tokens · $0.0012 · search 0.1 s, write 2.0 s"."""
    if not answer.usage:
        return ""
    times = [f"{step.name} {step.seconds}" for step in steps_of(answer) if step.seconds]
    return " · ".join([*usage_parts(answer.usage), *([", ".join(times)] if times else [])])

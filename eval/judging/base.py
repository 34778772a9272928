"""The inputs and verdicts of the judges of the judge layer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

from rag.checking import Statement
from rag.model.base import Usage
from rag.plain import cut, encodable, in_a_line
from rag.types import Paper

Kind = Literal["support", "correctness", "relevancy"]
KINDS: tuple[Kind, ...] = ("support", "correctness", "relevancy")

SUPPORTED, UNCHECKED = "supported", "unchecked"
_SHOWN = 300  # characters


@dataclass(frozen=True)
class JudgeInput:
    """What is to be judged, as JSON types. All of it is data, none of it an instruction."""

    kind: Kind
    data: Mapping[str, Any]

    @classmethod
    def for_support(cls, statement: Statement) -> "JudgeInput":
        """Do the papers of a statement support it?"""
        papers = [
            {"title": paper.title, "published": paper.published, "text": paper.shown_text}
            for paper in statement.papers
        ]
        return cls("support", {"claim": statement.text, "papers": papers})

    @classmethod
    def for_correctness(
        cls, question: str, answer: str, reference: str, earlier: Sequence[str] = ()
    ) -> "JudgeInput":
        """Does the answer say what the reference says? `earlier` are the questions before it."""
        data = {"question": question, "reference": reference, "answer": answer}
        return cls("correctness", _earlier(earlier) | data)

    @classmethod
    def for_relevancy(cls, question: str, answer: str, earlier: Sequence[str] = ()) -> "JudgeInput":
        """Is the answer about the question?"""
        return cls("relevancy", _earlier(earlier) | {"question": question, "answer": answer})

    @property
    def statement(self) -> Statement:
        """The statement of `for_support`. Papers are the same if they have the same text."""
        papers = (
            Paper(paper["title"], paper["text"], paper["published"], paper_id=digest(paper))
            for paper in self.data["papers"]
        )
        return Statement(self.data["claim"], tuple(papers))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of kind and data."""
        return digest([self.kind, self.data])


@dataclass(frozen=True)
class Verdict:
    """A judge's verdict.

    `label` is its own word, `value` what that is worth, in [0, 1]; for support 1 means all of it. Both
    are None if no verdict can be read: an error, never a guess; `reason` says why. The label "unchecked",
    without a value, is a verdict of support for which the judge shows no words.
    """

    label: str | None
    value: float | None
    reason: str = ""

    @property
    def is_error(self) -> bool:
        return self.label is None

    @property
    def supported(self) -> bool | None:
        """Whether the papers say all of the claim; None if that is unknown."""
        return None if self.value is None else self.value == 1

    @property
    def words(self) -> str:
        """The label and the reason."""
        return f"{self.label}: {self.reason}" if self.reason else str(self.label)


@runtime_checkable
class ModelJudge(Protocol):
    """Judges claims and answers by a language model. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """Names it in a run: "llm:gpt-4.1-mini"."""
        ...

    @property
    def model(self) -> str:
        """The model and its server: "gpt-4.1-mini at https://api.openai.com/v1"."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The possible verdicts on support; "supported" is one of them."""
        ...

    def prompt(self, kind: Kind) -> str:
        """SHA-256 of the rules that it follows for a kind of question."""
        ...

    def verdicts(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        """Its verdicts, in order; adds to `usage`.

        Raises KeyRefusedError and ModelMissingError, which end all judging.
        """
        ...


def score_verdict(score: float, scale: tuple[int, int], reason: str) -> Verdict:
    """A score on a scale, both ends of which it may have."""
    low, high = scale
    return Verdict(f"{score:g} of {high}", (score - low) / (high - low), reason)


def unreadable(reply: str) -> Verdict:
    """The error for a reply that holds no verdict."""
    return Verdict(None, None, f"no verdict that can be read: {in_short(reply)}")


def in_short(text: str) -> str:
    """The beginning of a reply, in one line."""
    return cut(in_a_line(text), _SHOWN)


def quoted(value: object) -> str:
    """A value as JSON in one line, whose strings nothing in them can end; no halves of characters."""
    return encodable(json.dumps(value, ensure_ascii=False))


def digest(value: object) -> str:
    """SHA-256 of JSON types."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _earlier(questions: Sequence[str]) -> dict[str, Any]:
    return {"earlier questions": list(questions)} if questions else {}

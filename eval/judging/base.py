"""What a judge of the second layer is asked, and what it says."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

from rag.errors import KeyRefusedError, ModelError, ModelMissingError
from rag.plain import encodable

Kind = Literal["support", "correctness", "relevancy"]
KINDS: tuple[Kind, ...] = ("support", "correctness", "relevancy")

SUPPORTED = "supported"


@dataclass(frozen=True)
class Asked:
    """A question to a judge: what it is about, as JSON types. All of it is data, none an instruction."""

    kind: Kind
    data: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The data as a line of JSON: nothing in it can end the string that it stands in."""
        return quoted(self.data)

    @property
    def digest(self) -> str:
        """SHA-256 of kind and data."""
        return digest([self.kind, self.data])


@dataclass(frozen=True)
class Verdict:
    """What a judge says, and what asking took.

    `label` is its own word, `value` what it is worth, in [0, 1]; of support 1 means all of it. Both are
    None where there is no verdict that can be read: an error, never a guess; `reason` says why.
    """

    label: str | None
    value: float | None
    reason: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        return self.value is None

    @property
    def supported(self) -> bool | None:
        """Of a verdict on support: whether the passages say all of the claim; None upon an error."""
        return None if self.value is None else self.value == 1


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
        """What its verdicts on support may be; "supported" is one."""
        ...

    def prompt(self, kind: Kind) -> str:
        """SHA-256 of the rules that it is given for a kind of question."""
        ...

    def verdict(self, asked: Asked) -> Verdict:
        """Its verdict. Raises KeyRefusedError and ModelMissingError, which end all judging."""
        ...


def support(claim: str, passages: Sequence[str]) -> Asked:
    """Do the passages support the claim?"""
    return Asked("support", {"claim": claim, "passages": list(passages)})


def correctness(question: str, answer: str, reference: str, earlier: Sequence[str] = ()) -> Asked:
    """Does the answer say what the reference says? `earlier` are the questions before it."""
    return Asked(
        "correctness", _with_earlier(earlier, question=question, reference=reference, answer=answer)
    )


def relevancy(question: str, answer: str, earlier: Sequence[str] = ()) -> Asked:
    """Is the answer about the question?"""
    return Asked("relevancy", _with_earlier(earlier, question=question, answer=answer))


def unread(reason: str) -> Verdict:
    """No verdict, and why."""
    return Verdict(None, None, reason)


def attempt(judge: Callable[[dict[str, float]], Verdict]) -> Verdict:
    """What a judge says who counts what it takes; no verdict where the model fails.

    Raises KeyRefusedError, ModelMissingError.
    """
    usage: dict[str, float] = {}
    try:
        found = judge(usage)
    except (KeyRefusedError, ModelMissingError):
        raise
    except ModelError as error:
        found = unread(str(error))
    return replace(found, usage=usage)


def quoted(value: object) -> str:
    """A value as JSON that a model reads: letters as they are, no halves of characters."""
    return encodable(json.dumps(value, ensure_ascii=False))


def digest(value: object) -> str:
    """SHA-256 of JSON types."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _with_earlier(earlier: Sequence[str], **data: str) -> dict[str, Any]:
    return {"earlier questions": list(earlier), **data} if earlier else dict(data)

"""One answer before the judge: what of it is judged, and the outcome of each metric of the second layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from eval.evidence import Evidence, find_evidence
from eval.judging.base import KINDS, JudgeInput, ModelJudge, Verdict, digest
from eval.metrics.registry import JUDGED
from eval.outcomes import Outcome, Outcomes, failed, not_applicable, scored
from eval.rows import Row
from eval.shelf import Shelf
from eval.supporting import faithfulness_outcome, named, precision_outcome, recall_outcome
from rag.markers import without_markers
from rag.model.usage import total_usage
from rag.types import Answer

_FORMAT = 1  # of what is judged and of what follows from it: what another one left is judged anew
_TAKES = ("seconds", "usage")  # fields of an answer that say nothing of its worth
_NOTHING = Verdict("not mentioned", 0.0, "it cites nothing that can be read")

Ask = Callable[[JudgeInput], Verdict]


@dataclass(frozen=True)
class Subject:
    """A row with what its answer rests on; `earlier` are the questions before it in its conversation."""

    row: Row
    answer: Answer | None
    evidence: Evidence
    earlier: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Row, shelf: Shelf, earlier: Sequence[str] = ()) -> "Subject":
        """Raises KeyError, TypeError where the answer of the row is none."""
        answer = None if row.answer is None else Answer.from_dict(row.answer)
        evidence = find_evidence(answer, shelf) if answer else Evidence((), (), 0)
        return cls(row, answer, evidence, tuple(earlier))

    def digest(self, judge: ModelJudge) -> str:
        """SHA-256 of all that decides what is said: judge, rules, answer and evidence."""
        row = self.row
        answer = {name: value for name, value in (row.answer or {}).items() if name not in _TAKES}
        known = [row.question, row.expected.reference, row.expected.answerable, row.error, *self.earlier]
        rules = [judge.name, judge.model, *map(judge.prompt, KINDS)]
        return digest([_FORMAT, rules, known, answer, asdict(self.evidence)])


@dataclass(frozen=True)
class Judged:
    """What a judge says of an answer; `claims` are its verdicts on the claims by their quotes."""

    outcomes: Outcomes
    claims: tuple[Verdict, ...] = ()
    usage: Mapping[str, float] = field(default_factory=dict)


def judge_answer(subject: Subject, ask: Ask) -> Judged:
    """The outcomes of the judge layer, in the order of JUDGED. What does not apply is not asked.

    Raises what `ask` raises.
    """
    answer = subject.answer
    if answer and answer.status == "refused":
        return Judged(dict.fromkeys(JUDGED, not_applicable("the answer is a refusal")))
    inapplicable = _without_reference(subject)
    if answer is None:
        why = subject.row.error or "there is no answer"
        return Judged({name: inapplicable.get(name) or failed(why) for name in JUDGED})
    hearing = _Hearing(subject, answer, ask)
    outcomes = {name: inapplicable.get(name) or hearing.outcome(name) for name in JUDGED}
    return Judged(outcomes, hearing.claims, hearing.usage)


def _without_reference(subject: Subject) -> Outcomes:
    expected = subject.row.expected
    if not expected.answerable:
        return {"judge_correctness": not_applicable("the papers do not answer it")}
    if not (expected.reference or "").strip():
        return {"judge_correctness": not_applicable("no reference answer is known")}
    return {}


class _NoVerdictError(Exception):
    """A verdict that a metric needs is an error; the text says why."""


class _Hearing:
    """All that a judge is asked of one answer, nothing twice."""

    def __init__(self, subject: Subject, answer: Answer, ask: Ask) -> None:
        self._row = subject.row
        self._evidence = subject.evidence
        self._earlier = subject.earlier
        self._answer = answer
        self._ask = ask
        self._said = without_markers(answer.text)
        self._verdicts: dict[str, Verdict] = {}
        self._supports = _Supports(self._is_supported)
        self._outcomes: dict[str, Callable[[], Outcome]] = {
            "judge_faithfulness": self._faithfulness,
            "judge_citation_precision": lambda: precision_outcome(answer, self._evidence, self._supports),
            "judge_citation_recall": lambda: recall_outcome(answer, self._evidence, self._supports),
            "judge_correctness": self._correctness,
            "judge_relevancy": self._relevancy,
        }

    @property  # not cached_property, whose lock in Python 3.11 is one for all threads
    def claims(self) -> tuple[Verdict, ...]:
        """The verdict on each claim by its quotes."""
        pairs = zip(self._answer.claims, self._evidence.quotes, strict=True)
        return tuple(self._support(claim.text, quotes) for claim, quotes in pairs)

    @property
    def usage(self) -> dict[str, float]:
        return total_usage(verdict.usage for verdict in self._verdicts.values())

    def outcome(self, name: str) -> Outcome:
        try:
            return self._outcomes[name]()
        except _NoVerdictError as error:
            return failed(str(error))

    def _faithfulness(self) -> Outcome:
        found = [
            _readable(verdict, claim.text)
            for claim, verdict in zip(self._answer.claims, self.claims, strict=True)
        ]
        doubts = {place: _told(verdict) for place, verdict in enumerate(found) if not verdict.supported}
        return faithfulness_outcome(self._answer, doubts)

    def _correctness(self) -> Outcome:
        reference = self._row.expected.reference or ""
        return self._scored(
            JudgeInput.for_correctness(self._row.question, self._said, reference, self._earlier)
        )

    def _relevancy(self) -> Outcome:
        return self._scored(JudgeInput.for_relevancy(self._row.question, self._said, self._earlier))

    def _scored(self, judge_input: JudgeInput) -> Outcome:
        verdict = _readable(self._verdict(judge_input), "the answer")
        return scored(verdict.value or 0.0, _told(verdict))

    def _is_supported(self, claim: str, text: str) -> bool:
        return bool(_readable(self._support(claim, [text]), claim).supported)

    def _support(self, claim: str, passages: Sequence[str]) -> Verdict:
        if not any(passage.strip() for passage in passages):
            return _NOTHING
        return self._verdict(JudgeInput.for_support(claim, passages))

    def _verdict(self, judge_input: JudgeInput) -> Verdict:
        if judge_input.digest not in self._verdicts:
            self._verdicts[judge_input.digest] = self._ask(judge_input)
        return self._verdicts[judge_input.digest]


class _Supports(dict[tuple[str, str], bool]):
    """Whether a text supports a claim, asked when it is looked up: few of all pairs are needed."""

    def __init__(self, is_supported: Callable[[str, str], bool]) -> None:
        super().__init__()
        self._is_supported = is_supported

    def __missing__(self, pair: tuple[str, str]) -> bool:
        self[pair] = self._is_supported(*pair)
        return self[pair]


def _readable(verdict: Verdict, of: str) -> Verdict:
    """Raises _NoVerdictError where it is an error."""
    if verdict.is_error:
        raise _NoVerdictError(f"no verdict on “{named([of])}”: {verdict.reason}")
    return verdict


def _told(verdict: Verdict) -> str:
    return f"{verdict.label}: {verdict.reason}" if verdict.reason else str(verdict.label)

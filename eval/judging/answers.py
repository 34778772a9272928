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
    verdicts = _Verdicts(ask)
    metrics = _metrics(subject, answer, verdicts)
    outcomes = {name: inapplicable.get(name) or _outcome(metrics[name]) for name in JUDGED}
    return Judged(outcomes, verdicts.on_claims(answer, subject.evidence), verdicts.usage)


def _without_reference(subject: Subject) -> Outcomes:
    expected = subject.row.expected
    if not expected.answerable:
        return {"judge_correctness": not_applicable("the papers do not answer it")}
    if not (expected.reference or "").strip():
        return {"judge_correctness": not_applicable("no reference answer is known")}
    return {}


class _NoVerdictError(Exception):
    """A verdict that a metric needs is an error; the text says why."""


class _Verdicts(dict[tuple[str, str], bool]):
    """The verdicts on one answer, each asked for once, and only when it is needed.

    As a mapping: whether a text, the second of a pair, supports a claim, the first.
    """

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._given: dict[str, Verdict] = {}

    def __missing__(self, pair: tuple[str, str]) -> bool:
        claim, text = pair
        self[pair] = bool(_readable(self._on_claim(claim, [text]), claim).supported)
        return self[pair]

    @property
    def usage(self) -> dict[str, float]:
        return total_usage(verdict.usage for verdict in self._given.values())

    def on(self, judge_input: JudgeInput) -> Verdict:
        if judge_input.digest not in self._given:
            self._given[judge_input.digest] = self._ask(judge_input)
        return self._given[judge_input.digest]

    def on_claims(self, answer: Answer, evidence: Evidence) -> tuple[Verdict, ...]:
        """The verdict on each claim by its quotes."""
        pairs = zip(answer.claims, evidence.quotes, strict=True)
        return tuple(self._on_claim(claim.text, quotes) for claim, quotes in pairs)

    def _on_claim(self, claim: str, passages: Sequence[str]) -> Verdict:
        if not any(passage.strip() for passage in passages):
            return _NOTHING
        return self.on(JudgeInput.for_support(claim, passages))


def _metrics(subject: Subject, answer: Answer, verdicts: _Verdicts) -> dict[str, Callable[[], Outcome]]:
    """What computes each metric; each raises _NoVerdictError."""
    row, evidence = subject.row, subject.evidence
    about = row.question, without_markers(answer.text)

    def faithfulness() -> Outcome:
        pairs = zip(answer.claims, verdicts.on_claims(answer, evidence), strict=True)
        on_claims = [_readable(verdict, claim.text) for claim, verdict in pairs]
        doubts = {
            place: _shown(verdict) for place, verdict in enumerate(on_claims) if not verdict.supported
        }
        return faithfulness_outcome(answer, doubts)

    def score(judge_input: JudgeInput) -> Outcome:
        verdict = _readable(verdicts.on(judge_input), "the answer")
        return scored(verdict.value or 0.0, _shown(verdict))

    return {
        "judge_faithfulness": faithfulness,
        "judge_citation_precision": lambda: precision_outcome(answer, evidence, verdicts),
        "judge_citation_recall": lambda: recall_outcome(answer, evidence, verdicts),
        "judge_correctness": lambda: score(
            JudgeInput.for_correctness(*about, row.expected.reference or "", subject.earlier)
        ),
        "judge_relevancy": lambda: score(JudgeInput.for_relevancy(*about, subject.earlier)),
    }


def _outcome(metric: Callable[[], Outcome]) -> Outcome:
    try:
        return metric()
    except _NoVerdictError as error:
        return failed(str(error))


def _readable(verdict: Verdict, of: str) -> Verdict:
    """Raises _NoVerdictError where it is an error."""
    if verdict.is_error:
        raise _NoVerdictError(f"no verdict on “{named([of])}”: {verdict.reason}")
    return verdict


def _shown(verdict: Verdict) -> str:
    return f"{verdict.label}: {verdict.reason}" if verdict.reason else str(verdict.label)

"""Judges one answer: what is sent to the judge, and the outcome of each metric of the judge layer."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import compress

from eval.evidence import Evidence, find_evidence
from eval.judging.base import KINDS, JudgeInput, ModelJudge, Verdict, digest
from eval.judging.citing import UncheckedError, precision_outcome, recall_outcome
from eval.metrics.citations import alone, without
from eval.metrics.registry import JUDGED
from eval.outcomes import Outcome, Outcomes, failed, not_applicable, scored
from eval.rows import Row
from eval.shelf import Shelf
from eval.supporting import JudgedSentence, faithfulness_outcome, named
from rag.checking import Statement
from rag.markers import without_markers
from rag.types import Answer

_FORMAT = 2  # of the judgements; those of another format are made anew
_COSTS = ("seconds", "usage", "steps")  # fields of an answer that no judge sees
_NOTHING = Verdict("not found", 0.0, "it cites nothing that can be read")

Ask = Callable[[Sequence[JudgeInput]], Sequence[Verdict]]


@dataclass(frozen=True)
class Subject:
    """A row with the evidence for its answer; `earlier` are the questions before it in its conversation."""

    row: Row
    answer: Answer | None
    evidence: Evidence
    earlier: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Row, shelf: Shelf, earlier: Sequence[str] = ()) -> "Subject":
        """Raises KeyError, TypeError if the answer of the row cannot be read."""
        answer = None if row.answer is None else Answer.from_dict(row.answer)
        evidence = find_evidence(answer, shelf) if answer else Evidence()
        return cls(row, answer, evidence, tuple(earlier))

    def digest(self, judge: ModelJudge) -> str:
        """SHA-256 of all that decides the verdicts: judge, rules, answer and evidence."""
        row = self.row
        answer = {name: value for name, value in (row.answer or {}).items() if name not in _COSTS}
        expected = [row.expected.reference, row.expected.answerable]
        question = [row.question, *expected, row.error, *self.earlier]
        rules = [judge.name, judge.model, *map(judge.prompt, KINDS)]
        return digest([_FORMAT, rules, question, answer, asdict(self.evidence)])


@dataclass(frozen=True)
class Judged:
    """The outcomes of an answer's metrics, and the verdicts on its sentences."""

    outcomes: Outcomes
    claims: tuple[Verdict, ...] = ()


def judge_answer(subject: Subject, ask: Ask) -> Judged:
    """The outcomes of the judge layer, in the order of JUDGED. Asks nothing for metrics that do not apply.

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
    verdicts.ask_for(subject.evidence)
    metrics = _metrics(subject, answer, verdicts)
    outcomes = {name: inapplicable.get(name) or _outcome(metrics[name]) for name in JUDGED}
    return Judged(outcomes, tuple(verdicts.on_statements(subject.evidence.statements)))


def _without_reference(subject: Subject) -> Outcomes:
    expected = subject.row.expected
    if not expected.answerable:
        return {"judge_correctness": not_applicable("the papers do not answer it")}
    if not (expected.reference or "").strip():
        return {"judge_correctness": not_applicable("no reference answer is known")}
    return {}


class _NoVerdictError(Exception):
    """A verdict that a metric needs is an error; the text says why."""


class _Verdicts:
    """The verdicts on one answer, each asked for once, several in a request."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._given: dict[str, Verdict] = {}

    def ask_for(self, evidence: Evidence) -> None:
        """Ask for what the metrics need, as much at a time as is known to be needed."""
        self.on_statements([*evidence.statements, *evidence.cited])
        several = [each for each in evidence.cited if len(each.papers) > 1]
        supported = zip(several, self.on_statements(several), strict=True)
        pairs = [
            (each, n) for each, verdict in supported if verdict.supported for n in range(len(each.papers))
        ]
        lone = zip(pairs, self.on_statements([alone(*pair) for pair in pairs]), strict=True)
        self.on_statements([without(*pair) for pair, verdict in lone if verdict.supported is False])

    def supports(self, statement: Statement) -> bool:
        """Raises UncheckedError, and _NoVerdictError if the verdict is an error."""
        (verdict,) = self.on_statements([statement])
        if _readable(verdict, statement.text).supported is None:
            raise UncheckedError
        return bool(verdict.supported)

    def on_statements(self, statements: Sequence[Statement]) -> list[Verdict]:
        readable = [any(paper.shown_text.strip() for paper in each.papers) for each in statements]
        judge_inputs = map(JudgeInput.for_support, compress(statements, readable))
        verdicts = iter(self.on(list(judge_inputs)))
        return [next(verdicts) if is_readable else _NOTHING for is_readable in readable]

    def on(self, judge_inputs: Sequence[JudgeInput]) -> list[Verdict]:
        new = {each.digest: each for each in judge_inputs if each.digest not in self._given}
        if new:
            self._given |= zip(new, self._ask(list(new.values())), strict=True)
        return [self._given[each.digest] for each in judge_inputs]


def _metrics(subject: Subject, answer: Answer, verdicts: _Verdicts) -> dict[str, Callable[[], Outcome]]:
    """The functions that compute the metrics; each raises _NoVerdictError."""
    row, evidence = subject.row, subject.evidence
    about = row.question, without_markers(answer.text)

    def faithfulness() -> Outcome:
        statements = evidence.statements
        pairs = zip(statements, verdicts.on_statements(statements), strict=True)
        readable = [(each.text, _readable(verdict, each.text)) for each, verdict in pairs]
        return faithfulness_outcome(
            [JudgedSentence(text, verdict.supported, verdict.words) for text, verdict in readable]
        )

    def score(judge_input: JudgeInput) -> Outcome:
        verdict = _readable(verdicts.on([judge_input])[0], "the answer")
        return scored(verdict.value or 0.0, verdict.words)

    return {
        "judge_faithfulness": faithfulness,
        "judge_citation_precision": lambda: precision_outcome(
            answer.claims, evidence.cited, answer.markers.unknown, verdicts.supports
        ),
        "judge_citation_recall": lambda: recall_outcome(evidence.cited, verdicts.supports),
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
    """The verdict. Raises _NoVerdictError if it is an error."""
    if verdict.is_error:
        raise _NoVerdictError(f"no verdict on “{named([of])}”: {verdict.reason}")
    return verdict

"""`askpapers model test`: how well a model answers, and whether it may check sentences."""

import argparse
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.text import Text

from rag.assistant import Assistant
from rag.checking.trial import Trial
from rag.checking.trial.trying import PASS
from rag.errors import ModelError
from rag.model.choice import choose, key_in
from rag.notes import MODEL_FAILED
from rag.plain import in_a_line
from rag.settings import Settings
from rag.types import Answer
from ui.cli.commands import Group
from ui.opening import open_bundled
from ui.terminal import print_json, print_table, print_text, track

_WRITING = 0.5  # seconds; a text that comes all at once does not tell how fast it was written


@dataclass(frozen=True)
class BuiltIn:
    """A question on the papers of the program. Of each group of words a right answer says one."""

    kind: str
    question: str
    words: tuple[tuple[str, ...], ...]

    def is_right(self, text: str) -> bool:
        return all(any(word.lower() in text.lower() for word in group) for group in self.words)


QUESTIONS = (
    BuiltIn(
        "single",
        "How much of the full model's performance does INGENIOUS keep with a subset of the corpus?",
        (("99",),),
    ),
    BuiltIn(
        "comparison",
        "What does LightHuBERT change about HuBERT, and what does HuBERTopic?",
        (("compress", "prun", "once-for-all", "lightweight"), ("topic",)),
    ),
    BuiltIn("list", "Which papers are about Dutch language models?", (("RobBERT",),)),
)


@dataclass(frozen=True)
class Try:
    """How a question was answered; None where nobody counted."""

    kind: str
    question: str
    seconds_to_first_word: float | None
    tokens_per_second: float | None
    answered: bool
    cited: float | None  # of its sentences
    right: bool


def add(group: Group) -> None:
    testing = group.add(
        "test",
        "ask a model three questions, and try it as a judge of sentences",
        run_test,
        has_library=False,
    )
    testing.add_argument(
        "name", nargs="?", metavar="NAME", help="as for `model use` (default: the one in use)"
    )
    testing.add_argument("--skip-judge", action="store_true", help="ask the three questions only")


def run_test(arguments: argparse.Namespace) -> int:
    settings = Settings.read()
    if arguments.name:
        sent = key_in(os.environ)
        choice = choose(arguments.name, sent=sent)
        settings = replace(choice.applied_to(settings, sent), judge_model=None, checks=True)
    try_model(settings, is_json=arguments.json, has_trial=not arguments.skip_judge)
    return 0


def try_model(settings: Settings, *, is_json: bool, has_trial: bool = True) -> None:
    """Ask the three questions, try the model as a judge, and print both results. Raises ModelError."""
    if not settings.has_model:
        raise ModelError("no model is in use: see `askpapers model list`")
    with (
        open_bundled(settings, track) as library,
        Assistant(library, settings=settings, writer="llm") as assistant,
    ):
        waiting = ([built_in] for built_in in QUESTIONS)
        tries = [_ask(assistant, q) for [q] in track(waiting, "questions", len(QUESTIONS))]
        if not is_json:
            _print_tries(tries)
        trial = assistant.try_judge(track) if has_trial and settings.checks else None
    if is_json:
        print_json({"questions": list(map(asdict, tries)), "judge": trial_json(trial)})
    elif trial:
        print_trial(trial)


def _ask(assistant: Assistant, built_in: BuiltIn) -> Try:
    """Ask and measure. Raises ModelError where the model fails."""
    started, first, last = time.monotonic(), 0.0, 0.0
    stream = assistant.stream(built_in.question)
    for piece in stream:
        last = time.monotonic()
        if piece.strip():
            first = first or last
    answer = stream.answer
    failure = next((note for note in answer.notes if note.startswith(MODEL_FAILED)), None)
    if failure and not answer.usage.get("completion_tokens"):  # it wrote nothing at all
        raise ModelError(failure.removeprefix(MODEL_FAILED).rstrip("."))
    answered = answer.status != "refused" and answer.writer != "extractive"
    written = answer.steps.get("write", {}).get("completion_tokens")
    return Try(
        built_in.kind,
        built_in.question,
        round(first - started, 2) if first else None,
        round(written / (last - first), 1) if written and last - first >= _WRITING else None,
        answered,
        _cited(answer) if answered else None,
        answered and built_in.is_right(answer.text),
    )


def _cited(answer: Answer) -> float | None:
    """The share of its sentences that cite a paper."""
    cited = [bool(claim.citations) for claim in answer.claims]
    return round(sum(cited) / len(cited), 2) if cited else None


def _print_tries(tries: list[Try]) -> None:
    rows = [
        [
            one.kind,
            _number(one.seconds_to_first_word, "s"),
            _number(one.tokens_per_second, ""),
            "yes" if one.answered else "no",
            "–" if one.cited is None else f"{one.cited:.0%}",
            "yes" if one.right else "no",
        ]
        for one in tries
    ]
    head = ("question", "first word", "tokens a second", "answered", "sentences cited", "right")
    print_table(head, rows)


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.1f} {unit}".strip()


def print_trial(trial: Trial) -> None:
    """The result of a trial, and what follows."""
    print_text(Text(f"\nAs a judge, {in_a_line(trial.judge)}: {trial.summary}."))
    print_text(Text(f"{outcome(trial).capitalize()}."))


def outcome(trial: Trial) -> str:
    """What follows from a trial."""
    if trial.passes:
        return f"it may check sentences (kappa {trial.kappa:.2f})"
    return f"its verdicts are not used: kappa {trial.kappa:.2f}, under {PASS}"


def trial_json(trial: Trial | None) -> Mapping[str, Any] | None:
    return asdict(trial) | {"passes": trial.passes} if trial else None

"""How well a model on this computer answers, or one of a server: a line of figures, as JSON.

    python -m benchmarks.local --model FILE.gguf [--single N] [--comparisons N] [SET... --library DIR]
    python -m benchmarks.local --server URL [--name MODEL] ...

Asks answerable questions of the sets (default: `test`) that are not in other words than the papers', on
the bundled papers or on the library that holds those of the sets; each answer is told on stderr. After each
one the same server reads a new text as long as its prompt was: `first_word_ratio` is the median of the time
from the question to the first word of the answer against the time to the first word on that text.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.commands import parser
from eval.cases import Case, CaseTurn, read_cases
from eval.metrics import fact_recall
from rag.assistant import Assistant
from rag.library import Library
from rag.markers import without_markers
from rag.model.chat import ChatModel
from rag.model.files import add_model
from rag.settings import LOCAL, Settings
from rag.types import Answer
from ui.opening import open_bundled
from ui.terminal import tell, track

_WORDS = ("tide", "lamp", "orchard", "copper", "violin", "granite", "ferry", "saddle", "meadow")
_REPLY = 24  # tokens of the reply to a bare prompt
_FRAME = 20  # tokens of the bare prompt beside its words


@dataclass(frozen=True)
class Asked:
    """A question with its answer, and the seconds to the first word, of it and of a bare prompt.

    `speed` is in tokens a second, of the reply to the bare prompt.
    """

    turn: CaseTurn
    answer: Answer
    first_word: float
    bare: float
    speed: float
    relevant: frozenset[str]

    @property
    def is_answered(self) -> bool:
        """Neither refused nor in the papers' own sentences, as the model failed."""
        return self.answer.status != "refused" and self.answer.writer != "extractive"

    @property
    def cites_right_paper(self) -> bool:
        return bool(self.relevant.intersection(one.paper_id for one in self.answer.citations))

    @property
    def facts(self) -> float:
        return fact_recall(without_markers(self.answer.text), self.turn.facts) if self.is_answered else 0.0

    def written(self, name: str) -> float:
        """What the request of the answer took, such as "prompt_tokens"."""
        return self.answer.steps.get("write", {}).get(name, 0)


def chosen(sets: Sequence[str], single: int, comparisons: int, seed: int) -> list[CaseTurn]:
    """Answerable questions that stand alone, not in other words than the papers'."""
    cases = [case for case in read_cases(sets) if len(case.turns) == 1 and case.turns[0].answerable]
    plain = [case for case in cases if "paraphrase" not in case.turns[0].tags]
    return [*_sample(plain, "single", single, seed), *_sample(plain, "comparison", comparisons, seed)]


def ask(library: Library, settings: Settings, turns: Iterable[CaseTurn]) -> Iterator[Asked]:
    """The answers of the model, and how long the same server takes for a bare prompt of that length."""
    with (
        Assistant(library, settings=settings, writer="llm") as assistant,
        closing(ChatModel.open(settings)) as model,
    ):
        assistant.ask(next(iter(library.catalog.browse(most=1))).title)  # the model is loaded
        for turn in turns:
            started = time.perf_counter()
            first = 0.0
            stream = assistant.stream(turn.question)
            for piece in stream:
                first = first or (time.perf_counter() - started if piece.strip() else 0.0)
            relevant = frozenset(library.catalog.find(turn.papers).values())
            tokens = int(stream.answer.steps.get("write", {}).get("prompt_tokens", 0))
            bare, speed = _bare(model, tokens) if tokens else (0.0, 0.0)
            asked = Asked(turn, stream.answer, first, bare, speed, relevant)
            tell(f"{turn.question}\n  {stream.answer.text}\n  {', '.join(stream.answer.notes)}")
            yield asked


def measure(asked: Sequence[Asked]) -> dict[str, Any]:
    """The figures of these answers: shares, means of an answer, seconds."""
    answered = [one for one in asked if one.is_answered]
    claims = [claim for one in answered for claim in one.answer.claims]
    timed = [one for one in answered if one.bare and one.first_word]
    return {
        "questions": len(asked),
        "answered": _mean(one.is_answered for one in asked),
        "right_paper_cited": _mean(one.is_answered and one.cites_right_paper for one in asked),
        "facts": _mean(one.facts for one in asked if one.turn.facts),
        "words": _mean(len(without_markers(one.answer.text).split()) for one in answered),
        "sentences_cited": _mean(bool(claim.citations) for claim in claims),
        "sentences_supported": _mean(claim.check == "supported" for claim in claims),
        "sentences_with_notes": _mean(bool(claim.notes) for claim in claims),
        "requests": _mean(one.answer.usage.get("requests", 0) for one in asked),
        "most_prompt_tokens": max((one.written("prompt_tokens") for one in answered), default=None),
        "first_word": _median(one.first_word for one in timed),
        "first_word_ratio": _median(one.first_word / one.bare for one in timed),
        "tokens_per_second": _median(one.speed for one in timed),
    }


def _bare(model: ChatModel, tokens: int) -> tuple[float, float]:
    """Of a reply to a text of so many tokens that the server has not seen: seconds to its first word, and
    tokens a second from there on."""
    words = " ".join(random.choices(_WORDS, k=tokens - _FRAME))  # noqa: S311
    started = time.perf_counter()
    with closing(model.stream([("user", words)], {}, lambda _: None, most_tokens=_REPLY)) as pieces:
        times = [time.perf_counter() - started for _ in pieces]
    return times[0], (len(times) - 1) / max(times[-1] - times[0], 1e-9)


def _sample(cases: Sequence[Case], tag: str, most: int, seed: int) -> list[CaseTurn]:
    turns = [case.turns[0] for case in cases if tag in case.turns[0].tags]
    return random.Random(seed).sample(turns, min(most, len(turns)))  # noqa: S311


def _mean(values: Iterable[float]) -> float | None:
    known = [float(value) for value in values]
    return round(mean(known), 3) if known else None


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(median(known), 2) if known else None


def _settings(arguments: argparse.Namespace) -> Settings:
    """Of the model file, or of the server."""
    if arguments.server:
        return Settings(base_url=arguments.server, model=arguments.name or "model")
    return Settings(model=f"{LOCAL}{add_model(arguments.model, track=track).name}")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sets", nargs="*", metavar="SET", help="question sets (default: test)")
    model = options.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", type=Path, metavar="FILE.gguf", help="a model file")
    model.add_argument("--server", metavar="URL", help="an OpenAI-compatible server")
    options.add_argument("--name", help="of the server's model")
    options.add_argument("--library", type=Path, metavar="DIR", help="holds the papers of the sets")
    options.add_argument("--single", type=int, default=24, metavar="N", help="questions (default: 24)")
    options.add_argument("--comparisons", type=int, default=8, metavar="N", help="of these (default: 8)")
    options.add_argument("--seed", type=int, default=0, help="of the choice of questions (default: 0)")
    arguments = options.parse_args()
    turns = chosen(arguments.sets or ["test"], arguments.single, arguments.comparisons, arguments.seed)
    with TemporaryDirectory() as folder:
        if not arguments.library:
            library = open_bundled(Settings(), track)
        else:
            library = Library.open(arguments.library, Settings(), track)
        os.environ["XDG_DATA_HOME"] = folder  # the file does not stay among the models of this computer
        with library:
            settings = _settings(arguments)
            waiting = ([one] for one in ask(library, settings, turns))
            asked = [one for [one] in track(waiting, "questions", len(turns))]
    print(json.dumps({"model": str(arguments.model or arguments.server)} | measure(asked)))


if __name__ == "__main__":
    main()

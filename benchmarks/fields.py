"""Answers without a language model on question sets about several fields: one row a set.

    python -m benchmarks.fields [SET...] [--library DIR] [--data FOLDER] [--whole DIR] [--json]

DIR of `--library` holds the papers of `dev`, `test`, `calibration` and `fresh` (the real abstracts; the
bundled digests unless it is named), FOLDER is SciFact's, without which the sets on biomedicine are left
out. `--whole` names a library of all of SciFact: the lists on biomedicine are asked there too, and judged
on the abstracts that the questions are about. Only questions that are asked alone count.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.commands import parser, turns_of
from eval.cases import CaseTurn, bundled_sets
from eval.fields import BIOMEDICINE, by_field
from eval.metrics import fact_recall, hit_at, set_f1
from rag.assistant import Assistant
from rag.embedding import embedded_encoder
from rag.library import Library
from rag.markers import without_markers
from rag.settings import Settings
from rag.types import Answer, Filters
from ui.fields import needs_data, open_field
from ui.opening import open_bundled
from ui.terminal import tell, track

LIST, PARAPHRASE = "list", "paraphrase"


@dataclass(frozen=True)
class AskedTurn:
    """A question with its answer; the ids of papers that answer, and of those that count neither way."""

    turn: CaseTurn
    answer: Answer
    relevant: frozenset[str]
    ignored: frozenset[str]

    @property
    def is_refused(self) -> bool:
        return self.answer.status == "refused"

    @property
    def ranking(self) -> list[str]:
        return [paper.paper_id for paper in self.answer.papers]

    @property
    def facts(self) -> float:
        """The share of the facts that the answer holds."""
        return 0.0 if self.is_refused else fact_recall(without_markers(self.answer.text), self.turn.facts)

    def list_f1(self, among: frozenset[str] | None = None) -> float:
        """F1 of the cited papers, of those among some."""
        cited = {each.paper_id for each in self.answer.citations if not self.is_refused} - self.ignored
        return set_f1(cited if among is None else cited & among, set(self.relevant))

    @property
    def years(self) -> tuple[Filters, Filters]:
        """The years that bound the answer, and those that the question's words ask for, mostly none."""
        expected, taken = self.turn.expected_filters, self.answer.filters
        asked_for = expected.as_filters() if expected else Filters()
        return Filters(taken.from_year, taken.to_year), asked_for


def ask(library: Library, turns: Iterable[CaseTurn]) -> Iterator[AskedTurn]:
    """The answers of the extractive writer."""
    assistant = Assistant(library, settings=Settings(), writer="extractive")
    for turn in turns:
        relevant, ignored = (library.catalog.find(papers).values() for papers in (turn.papers, turn.ignore))
        yield AskedTurn(turn, assistant.ask(turn.question), frozenset(relevant), frozenset(ignored))


def measure(answered: Sequence[AskedTurn]) -> dict[str, Any]:
    """What the answers to a set are worth; None for what it does not ask."""
    answerable = [one for one in answered if one.turn.answerable]
    single = [one for one in answerable if LIST not in one.turn.tags and one.relevant]
    with_facts = [one for one in answerable if one.turn.facts]
    tags = dict.fromkeys(tag for one in answerable for tag in one.turn.tags)
    kinds = dict.fromkeys(one.turn.tags[-1] for one in answered if not one.turn.answerable)
    years = [one.years for one in answered]
    paraphrased = [one for one in single if PARAPHRASE in one.turn.tags]
    return {
        "questions": len(answered),
        "refused_wrongly": _mean(one.is_refused for one in answerable),
        "refused_wrongly_by_tag": {
            tag: _mean(one.is_refused for one in answerable if tag in one.turn.tags) for tag in tags
        },
        "refused_rightly": {
            kind: _mean(one.is_refused for one in answered if one.turn.tags[-1] == kind) for kind in kinds
        },
        "hit@1": _mean(hit_at(1, one.ranking, one.relevant) for one in single),
        "hit@5": _mean(hit_at(5, one.ranking, one.relevant) for one in single),
        "paraphrase_hit@1": _mean(hit_at(1, one.ranking, one.relevant) for one in paraphrased),
        "paraphrase_hit@5": _mean(hit_at(5, one.ranking, one.relevant) for one in paraphrased),
        "facts": _mean(one.facts for one in with_facts),
        "words": _mean(len(one.answer.text.split()) for one in with_facts if not one.is_refused),
        "list_f1": _mean(one.list_f1() for one in answerable if LIST in one.turn.tags),
        "wrong_years": sum(taken.has_years and taken != wanted for taken, wanted in years),
        "missed_years": sum(wanted.has_years and not taken.has_years for taken, wanted in years),
    }


def _mean(values: Iterable[float]) -> float | None:
    known = [float(value) for value in values]
    return round(sum(known) / len(known), 3) if known else None


def rows(names: Sequence[str], arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row of each set; of the lists on biomedicine in all of SciFact too."""
    encoder = embedded_encoder()
    for field, files in by_field(names).items():
        if missing := needs_data(field, arguments.data):
            tell(f"Left out: {missing}.")
            continue
        with ExitStack() as stack:
            library = stack.enter_context(
                open_field(field, arguments.data, Settings(), track)
                if field
                else Library(arguments.library, encoder)
                if arguments.library
                else open_bundled(Settings(), track)
            )
            for file in files:
                yield Path(file).stem, measure(list(ask(library, turns_of([file]))))
            if field == BIOMEDICINE and arguments.whole:
                whole = stack.enter_context(Library(arguments.whole, encoder))
                yield "lists in all of SciFact", {"list_f1": lists_in(whole, library, files)}


def lists_in(whole: Library, part: Library, files: Sequence[str]) -> float | None:
    """F1 of lists that are asked on a larger library, judged on the papers of the smaller one."""
    titles = [paper.title for paper in part.catalog.browse(most=part.catalog.count())]
    among = frozenset(whole.catalog.find(titles).values())
    lists = [turn for turn in turns_of(files) if LIST in turn.tags and turn.answerable]
    return _mean(one.list_f1(among) for one in ask(whole, lists))


def table(results: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Shares in percent; the refusals of each kind in a line of their own."""
    same = {name: name.replace("_", " ") for name in ("refused_wrongly", "hit@1", "hit@5")}
    paraphrases = {"paraphrase_hit@1": "paraphrase@1", "paraphrase_hit@5": "paraphrase@5"}
    years = {"wrong_years": "wrong years", "missed_years": "missed years"}
    names = {"questions": "asked", **same, **paraphrases}
    names |= {"facts": "facts", "words": "words", "list_f1": "list F1", **years}
    yield f"{'set':24}" + "".join(f"{name:>{len(name) + 3}}" for name in names.values())
    for name, row in results.items():
        yield f"{name:24}" + "".join(
            f"{_cell(row.get(key)):>{len(heading) + 3}}" for key, heading in names.items()
        )
    for kind, heading in (
        ("refused_rightly", "refused rightly"),
        ("refused_wrongly_by_tag", "refused wrongly"),
    ):
        yield f"\n{heading}"
        for name, row in results.items():
            shares = ", ".join(f"{tag} {_cell(share)}" for tag, share in row.get(kind, {}).items())
            yield from [f"{name:24}   {shares}"] if shares else []


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) and value <= 1 else f"{value:g}"


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "sets", nargs="*", metavar="SET", help="sets that come with askpapers (default: all)"
    )
    options.add_argument("--library", type=Path, metavar="DIR", help="holds the real abstracts of `dev`")
    options.add_argument("--data", type=Path, metavar="FOLDER", help="SciFact's folder")
    options.add_argument("--whole", type=Path, metavar="DIR", help="a library of all of SciFact")
    options.add_argument("--json", action="store_true", help="the rows as JSON")
    arguments = options.parse_args()
    results = {}
    for name, row in rows(arguments.sets or bundled_sets(), arguments):
        tell(f"{name}: done")
        results[name] = row
    print(json.dumps(results, indent=2) if arguments.json else "\n".join(table(results)))


if __name__ == "__main__":
    main()

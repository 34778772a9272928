"""`askpapers eval`: ask questions with known answers, and score what comes back."""

import argparse
from contextlib import nullcontext
from pathlib import Path

from eval.errors import GateError
from eval.folder import read_answered
from eval.gates import check_tag, require
from eval.judging import JUDGES, open_judge
from eval.judging.check import check_judge
from eval.labelled import read_claims
from eval.run import Run
from eval.runner import evaluate, missing_papers
from eval.selection import Questions
from rag.assistant import Assistant
from rag.library import Library
from rag.plain import in_a_line
from rag.query import check_names
from rag.settings import Settings
from ui.cli.commands import add_common
from ui.cli.gates import add_gates, exit_code
from ui.cli.options import add_answering, request_of
from ui.cli.parts import Part, parts_of
from ui.tables import print_check, print_summary
from ui.terminal import USAGE, print_error, print_json, tell, track, whoever_reads

_MOST_ERRORS = 0.05
_JUDGED_AT_A_TIME = 4


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTIONS",
        help="a question file (.jsonl, .yaml), a folder of those, or a set that comes with the "
        "program: dev, test, calibration, fresh, biomedicine-dev, biomedicine-test, economics",
    )
    command.add_argument(
        "--out",
        type=_folder,
        metavar="DIR",
        help="folder of the run: rows, means and reports; a run that was stopped there goes on",
    )
    command.add_argument(
        "--demo",
        action="store_true",
        help="ask about the papers that come with askpapers, whatever your library",
    )
    command.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="SciFact's folder, whose corpus.jsonl has the abstracts that the questions on biomedicine are "
        "about; a field's questions are asked on a library of its own, unless --library names one",
    )
    command.add_argument("--fresh", action="store_true", help="begin anew, whatever run DIR holds")
    command.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="only questions with one of these tags"
    )
    command.add_argument("--sample", type=int, metavar="N", help="only so many of them, at random")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample (default: 0)")
    command.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="questions asked, or answers judged by a model, at a time (default: 1 and 4)",
    )
    command.add_argument(
        "--max-errors",
        type=_share,
        default=_MOST_ERRORS,
        metavar="SHARE",
        help=f"fail where more of the questions are errors (default: {_MOST_ERRORS})",
    )
    add_gates(command, "--require", 'fail where this does not hold for a mean: "hit@5>=0.9"')
    command.add_argument(
        "--judge",
        choices=JUDGES,
        help="let a language model judge too, by our rules or by LlamaIndex's evaluators; its scores "
        "stand apart",
    )
    command.add_argument(
        "--check-judge",
        nargs="?",
        const="",
        metavar="CLAIMS",
        help="in place of a run: how well the judge of --judge judges claims whose labels are known "
        "(default: those that come with the program)",
    )
    add_answering(command, writer="extractive", tag_option="--paper-tag")


def run(arguments: argparse.Namespace) -> int:
    if arguments.check_judge is not None:
        given = {"QUESTIONS": arguments.questions, "--out": arguments.out, "--require": arguments.require}
        if unread := [name for name, value in given.items() if value]:
            return print_error(
                f"--check-judge takes the place of a run: leave {', '.join(unread)} out", USAGE
            )
        if not arguments.judge:
            return print_error("--check-judge needs a language model to check: add --judge llm", USAGE)
        return _check_judge(arguments)
    for name, given in (("QUESTIONS", arguments.questions), ("--out DIR", arguments.out)):
        if not given:
            return print_error(
                f"{name} is missing: say `askpapers eval test --out DIR`, or see --help", USAGE
            )
    return _evaluate(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    parts = parts_of(arguments)  # before anything is built
    try:
        for gate in arguments.require:
            check_tag(gate, set().union(*(part.tags for part in parts)))
    except GateError as error:
        return print_error(error, USAGE)
    runs = {part.name: _run_part(arguments, part) for part in parts}
    if arguments.json:
        summaries = {name: run.summary() for name, (run, _) in runs.items()}
        with whoever_reads():
            print_json(summaries if parts[0].out != arguments.out else summaries[parts[0].name])
    return max((code for _, code in runs.values()), default=0)


def _run_part(arguments: argparse.Namespace, part: Part) -> tuple[Run, int]:
    """The run of a part, which is printed here unless JSON is wanted, and its exit code."""
    done = _ask_part(arguments, part)
    if not arguments.json:
        with whoever_reads():
            if part.out != arguments.out:  # one of several
                print(f"{part.name}:")
            print_summary(done.summary(), part.out)
    gates = [gate for gate in arguments.require if gate.tag is None or gate.tag in part.tags]
    failed = exit_code([require(gate, done.rows) for gate in gates], f"look at {part.out / 'report.html'}")
    return done, _too_many_errors(done, arguments.max_errors) or failed


def _ask_part(arguments: argparse.Namespace, part: Part) -> Run:
    """Ask the questions of a part, or those that are left of it."""
    settings, request = Settings.read(), request_of(arguments)
    with (
        open_judge(arguments.judge, settings) if arguments.judge else nullcontext() as model_judge,
        part.open(arguments, settings) as library,
        Assistant(library, settings=settings, writer=arguments.writer) as assistant,
    ):
        check_names(library, request.filters)
        _warn(part.questions, library)
        if not arguments.fresh and (answered := len(read_answered(part.out))):
            tell(f"Questions answered already in {part.out}: {answered}; --fresh asks them anew.")
        try:
            return evaluate(
                assistant,
                part.questions,
                request=request,
                selection=part.selection,
                out=part.out,
                fresh=arguments.fresh,
                workers=arguments.workers or 1,
                model_judge=model_judge,
                judge_workers=arguments.workers or _JUDGED_AT_A_TIME,
                track=track,
            )
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                f"interrupted: the answers so far are in {part.out}; the same command goes on"
            ) from interrupt


def _check_judge(arguments: argparse.Namespace) -> int:
    """How well a judge judges claims whose labels are known."""
    claims = read_claims(arguments.check_judge or None)
    with open_judge(arguments.judge, Settings.read()) as judge:
        agreement = check_judge(claims, judge, arguments.workers or _JUDGED_AT_A_TIME, track)
    with whoever_reads():
        (print_json if arguments.json else print_check)(agreement)
    errors, count = agreement["errors"], agreement["n"]
    if errors <= arguments.max_errors * count:
        return 0
    return print_error(
        f"{errors} of {count} verdicts are errors, more than {arguments.max_errors:.0%}: "
        "try another model, or allow more with --max-errors"
    )


def _too_many_errors(done: Run, most_errors: float) -> int:
    """1 where more of the questions are errors, in either layer, than are allowed; says so on stderr."""
    failed = [row for row in done.rows if row.failures]
    if len(failed) <= most_errors * len(done.rows):
        return 0
    return print_error(
        f"{len(failed)} of {len(done.rows)} questions are errors, more than {most_errors:.0%} "
        f"(--max-errors), such as {failed[0].case_id}: {failed[0].failures[0]}"
    )


def _warn(questions: Questions, library: Library) -> None:
    """Say which fields of the question files have no effect, and which papers this library lacks."""
    if unread := {name for case in questions.cases for name in case.unread}:
        tell(in_a_line(f"Fields that are not read: {', '.join(sorted(unread))}."))
    if missing := missing_papers(library, questions.cases):
        lacking = f"{len(missing)} of the questions' papers, such as {missing[0]}"
        tell(in_a_line(f"Not in this library, so never found: {lacking}."))


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share from 0 to 1")
    return share

"""`askpapers eval`: questions with known answers, and what the answers are worth."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ui.cli.gates import add_gates, exit_code
from ui.cli.options import Parsers, add_answering, filters_of

if TYPE_CHECKING:
    from eval.run import Run
    from eval.selection import Questions
    from rag.library import Library
    from rag.settings import Settings

_MOST_ERRORS = 0.05
_JUDGED_AT_A_TIME = 4
_USAGE = 2


def add(parsers: Parsers) -> None:
    command = parsers.add("eval", "ask questions with known answers and score what comes back", run)
    command.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTIONS",
        help="a question file (.jsonl, .yaml), a folder of those, or a set that comes with the "
        "program: dev, test, calibration",
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
        choices=("llm", "llamaindex"),
        help="let a language model judge too, by our rules or by LlamaIndex's evaluators; its scores "
        "stand apart",
    )
    command.add_argument(
        "--check-judge",
        nargs="?",
        const="",
        metavar="CLAIMS",
        help="in place of a run: how well the judge of support, or that of --judge, judges claims whose "
        "labels are known (default: those that come with the program)",
    )
    add_answering(command, writer="extractive")


def run(arguments: argparse.Namespace) -> int:
    from ui.terminal import print_error

    if arguments.check_judge is not None:
        given = {"QUESTIONS": arguments.questions, "--out": arguments.out, "--require": arguments.require}
        if unread := [name for name, value in given.items() if value]:
            print_error(f"--check-judge takes the place of a run: leave {', '.join(unread)} out")
            return _USAGE
        return _check_judge(arguments)
    for name, given in (("QUESTIONS", arguments.questions), ("--out DIR", arguments.out)):
        if not given:
            print_error(f"{name} is missing: say `askpapers eval test --out DIR`, or see --help")
            return _USAGE
    return _evaluate(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from eval.errors import GateError
    from eval.gates import check_tag, require
    from eval.judging import open_judge
    from eval.runner import evaluate
    from eval.selection import Questions, Selection
    from eval.systems import Options
    from rag.assistant import Assistant
    from rag.query import check_papers, check_words
    from rag.settings import Settings
    from ui.tables import print_summary
    from ui.terminal import print_error, print_json, track, whoever_reads

    settings = Settings.from_environment()
    questions = Questions.read(arguments.questions)  # before anything is built
    selection = Selection(tuple(arguments.tag), arguments.sample, arguments.seed)
    chosen = selection.of(questions.cases)
    try:
        for each in arguments.require:
            check_tag(each, {tag for case in chosen for turn in case.turns for tag in turn.tags})
    except GateError as error:
        print_error(error)
        return _USAGE
    options = Options(
        filters_of(arguments),
        check_words(arguments.words),
        check_papers(arguments.k),
        not arguments.no_years,
    )
    model_judge = open_judge(arguments.judge, settings) if arguments.judge else None
    with _library(arguments, settings) as library:
        assistant = Assistant(library, settings=settings, writer=arguments.writer)
        _warn(questions, library)
        if not arguments.fresh:
            _tell_known(arguments.out)
        try:
            done = evaluate(
                assistant,
                questions,
                options=options,
                selection=selection,
                out=arguments.out,
                fresh=arguments.fresh,
                workers=arguments.workers or 1,
                model_judge=model_judge,
                judge_workers=arguments.workers or _JUDGED_AT_A_TIME,
                track=track,
            )
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                f"interrupted: the answers so far are in {arguments.out}; the same command goes on"
            ) from interrupt
    with whoever_reads():
        if arguments.json:
            print_json(done.summary())
        else:
            print_summary(done.summary(), arguments.out)
    checks = [require(each, done.rows) for each in arguments.require]
    failed = exit_code(checks, f"look at {arguments.out / 'report.html'}")
    return _too_many_errors(done, arguments.max_errors) or failed


def _check_judge(arguments: argparse.Namespace) -> int:
    """How well a judge judges claims whose labels are known."""
    from eval.judging import open_judge
    from eval.judging.check import check_judge
    from eval.labelled import read_claims
    from rag.embedding import embedded_encoder
    from rag.settings import Settings
    from rag.support import CalibratedJudge
    from ui.tables import print_check
    from ui.terminal import print_error, print_json, track, whoever_reads

    claims = read_claims(arguments.check_judge or None)
    judge = (
        open_judge(arguments.judge, Settings.from_environment())
        if arguments.judge
        else CalibratedJudge(embedded_encoder())
    )
    found = check_judge(claims, judge, arguments.workers or _JUDGED_AT_A_TIME, track)
    with whoever_reads():
        if arguments.json:
            print_json(found)
        else:
            print_check(found)
    if found["errors"] <= arguments.max_errors * found["n"]:
        return 0
    print_error(
        f"{found['errors']} of {found['n']} verdicts are errors, more than {arguments.max_errors:.0%}: "
        "try another model, or allow more with --max-errors"
    )
    return 1


def _library(arguments: argparse.Namespace, settings: "Settings") -> "Library":
    """The library that is asked. Raises RunError."""
    from eval.errors import RunError
    from rag.embedding import open_encoder
    from rag.library.chroma_server import ChromaServer
    from ui.cli.places import open_for_reading
    from ui.desk import open_bundled
    from ui.terminal import track

    if not arguments.demo:
        return open_for_reading(arguments)
    if arguments.library:
        raise RunError("--demo asks about the papers that come with askpapers: leave --library out")
    return open_bundled(open_encoder(settings), track, ChromaServer.from_settings(settings))


def _too_many_errors(done: "Run", most_errors: float) -> int:
    """1 where more of the questions are errors, in either layer, than may be; and why on stderr."""
    from ui.terminal import print_error

    failed = [row for row in done.rows if row.failures]
    if len(failed) <= most_errors * len(done.rows):
        return 0
    print_error(
        f"{len(failed)} of {len(done.rows)} questions are errors, more than {most_errors:.0%} "
        f"(--max-errors), such as {failed[0].case_id}: {failed[0].failures[0]}"
    )
    return 1


def _warn(questions: "Questions", library: "Library") -> None:
    """Say what of the question files has no effect, or cannot be met by this library."""
    from eval.runner import missing_papers
    from rag.plain import in_a_line
    from ui.terminal import tell

    if unread := {name for case in questions.cases for name in case.unread}:
        tell(in_a_line(f"Fields that are not read: {', '.join(sorted(unread))}."))
    if missing := missing_papers(library, questions.cases):
        tell(
            in_a_line(
                f"Not in this library, so never found: {len(missing)} of the questions' papers, such as "
                f"{missing[0]}."
            )
        )


def _tell_known(folder: Path) -> None:
    """Say that a run goes on."""
    from eval.folder import read_answered
    from ui.terminal import tell

    if known := len(read_answered(folder)):
        tell(f"Questions answered already in {folder}: {known}; --fresh asks them anew.")


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

"""Options that several commands share, and the request that they make."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from rag.query import check_filters, check_options
from rag.types import Filters, Request


def add_filters(command: argparse.ArgumentParser, tag_option: str = "--tag") -> None:
    """Which papers a question is about: --from-year and its like, --no-years, --day."""
    add_conditions(command, tag_option)
    command.add_argument(
        "--no-years",
        action="store_true",
        help='take years in the words of a question ("papers since 2021") as words, not as a condition',
    )
    command.add_argument(
        "--day",
        type=as_day,
        metavar="YYYY-MM-DD",
        help='day of the question, from which "the last three years" are counted (default: today)',
    )


def add_conditions(command: argparse.ArgumentParser, tag_option: str = "--tag") -> None:
    """Which papers a command is about: --from-year and its like.

    `tag_option` is the option for a tag, for commands that have a --tag of another meaning.
    """
    filters = command.add_argument_group("only papers …")
    filters.add_argument("--from-year", type=int, metavar="Y", help="of this year or later")
    filters.add_argument("--to-year", type=int, metavar="Y", help="of this year or earlier")
    filters.add_argument("--min-authors", type=int, metavar="N", help="by so many authors or more")
    filters.add_argument("--max-authors", type=int, metavar="N", help="by so many authors or fewer")
    filters.add_argument("--organization", metavar="NAME", help="of this organisation")
    filters.add_argument("--author", metavar="NAME", help="by this author; a family name will do")
    filters.add_argument(tag_option, dest="paper_tag", metavar="T", help="with this tag")
    filters.add_argument("--collection", metavar="C", help="in this collection, or in one inside it")
    filters.add_argument("--source", metavar="FILE", help="that were ingested from this file")
    filters.add_argument(
        "--paper",
        action="append",
        metavar="ID",
        help="of this id, citation key or title; may be given several times",
    )


def filters_of(arguments: argparse.Namespace) -> Filters:
    """The filters that the options give. Raises QuestionError where no paper can fulfil them."""
    return check_filters(
        Filters(
            from_year=arguments.from_year,
            to_year=arguments.to_year,
            min_authors=arguments.min_authors,
            max_authors=arguments.max_authors,
            organization=arguments.organization,
            source=arguments.source,
            author=arguments.author,
            tag=arguments.paper_tag,
            collection=arguments.collection,
            papers=tuple(arguments.paper) if arguments.paper else None,
        )
    )


def request_of(arguments: argparse.Namespace, question: str = "") -> Request:
    """A question with the options of `add_filters` or `add_answering`.

    Raises QuestionError where the options cannot be fulfilled.
    """

    given = vars(arguments)
    names = ("words", "k", "writer", "day")
    options = {name: given[name] for name in names if given.get(name) is not None}
    filters, years = filters_of(arguments), not arguments.no_years
    return check_options(Request(question, filters=filters, years_from_question=years, **options))


def typed(words: Sequence[str]) -> str:
    """What words say together; a single hyphen stands for standard input."""
    if list(words) != ["-"] or not sys.stdin:
        return " ".join(words)
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    return sys.stdin.read()


def as_day(text: str) -> date:
    """Raises ArgumentTypeError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day: write it like 2025-12-08") from error


def tell_years(arguments: argparse.Namespace, years: Filters) -> None:
    """Say on stderr how to drop the years that came from the words of the question."""
    if years.has_years and arguments.from_year is None and arguments.to_year is None:
        print("--no-years lets papers of all years in.", file=sys.stderr)


def add_answering(command: argparse.ArgumentParser, writer: str, tag_option: str = "--tag") -> None:
    """The options that shape an answer; `writer` is the default one."""
    add_filters(command, tag_option)
    command.add_argument(
        "--words",
        type=int,
        metavar="N",
        help="about how long the answer may be (default: 78 with titles for the extractive writer, whose "
        "lists are as long as there are papers; else the model decides)",
    )
    command.add_argument(
        "-k",
        type=int,
        metavar="N",
        help="papers that the writer is shown at most (default: 10; for a list 40, as far as they fit)",
    )
    add_writer(command, writer)


def add_writer(command: argparse.ArgumentParser, default: str) -> None:
    """--writer."""
    command.add_argument(
        "--writer",
        choices=("auto", "llm", "extractive"),
        default=default,
        help="who writes: a language model (llm), the papers' own sentences (extractive), or the "
        f"model where one is configured (auto) (default: {default})",
    )

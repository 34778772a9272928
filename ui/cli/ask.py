"""`askpapers ask`: a question, a cited answer."""

import argparse
import sys
from contextlib import closing

from ui.cli.options import Parsers, add_answering, filters_of, tell_years


def add(parsers: Parsers) -> None:
    command = parsers.add("ask", "answer a question about the papers, with citations", run)
    command.add_argument("question", help="what you want to know, in quotes")
    add_answering(command, writer="auto")


def run(arguments: argparse.Namespace) -> int:
    from rag.assistant import Assistant
    from rag.query import check_question
    from rag.settings import Settings
    from ui.cli.places import open_for_reading
    from ui.terminal import print_answer, print_json, print_rest, tell, write_piece

    check_question(arguments.question)  # before anything is built
    settings = Settings.from_environment()
    with (
        open_for_reading(arguments) as library,
        closing(Assistant(library, settings=settings, writer=arguments.writer, on_wait=tell)) as assistant,
    ):
        stream = assistant.stream(
            arguments.question,
            filters=filters_of(arguments),
            words=arguments.words,
            k=arguments.k,
            years_from_question=not arguments.no_years,
        )
        is_shown = sys.stdout.isatty() and not arguments.json and assistant.writer != "extractive"
        for piece in stream:
            if is_shown:
                write_piece(piece)
        if arguments.json:
            print_json(stream.answer.to_dict())
        elif is_shown:
            print_rest(stream.answer)
        else:
            print_answer(stream.answer)
        if not arguments.json:
            tell_years(arguments, stream.answer.filters)
    return 0

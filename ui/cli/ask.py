"""`askpapers ask`: a question, a cited answer."""

import argparse
import sys

from rag.assistant import Assistant
from rag.query import check_request
from rag.settings import Settings
from ui.cli.commands import add_common
from ui.cli.options import add_answering, request_of, tell_years
from ui.cli.places import open_for_reading
from ui.terminal import print_answer, print_json, print_rest, tell, write_piece


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument("question", help="what you want to know, in quotes")
    add_answering(command, writer="auto")


def run(arguments: argparse.Namespace) -> int:
    request = check_request(request_of(arguments, arguments.question))  # before anything is built
    settings = Settings.from_environment()
    with (
        open_for_reading(arguments) as library,
        Assistant(library, settings=settings, on_wait=tell) as assistant,
    ):
        stream = assistant.stream(request)
        is_written = assistant.writer_for(request.writer) != "extractive"
        is_shown = is_written and sys.stdout.isatty() and not arguments.json
        for piece in stream:
            if is_shown:
                write_piece(piece)
        if arguments.json:
            print_json(stream.answer.to_dict())
            return 0
        (print_rest if is_shown else print_answer)(stream.answer)
        tell_years(arguments, stream.answer.filters)
    return 0

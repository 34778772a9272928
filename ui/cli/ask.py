"""`askpapers ask`: a question, a cited answer."""

import argparse

from rag.assistant import Assistant
from rag.query import check_names, check_request
from rag.settings import Settings
from rag.types import Request
from ui.cli.commands import add_common
from ui.cli.hint import hint_once
from ui.cli.options import add_answering, request_of, tell_years, typed
from ui.cli.places import open_for_reading, place_of
from ui.streaming import StatusLine, print_read, read_along
from ui.terminal import print_json


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "question", nargs="+", help="what you want to know; - reads it from standard input"
    )
    add_answering(command, writer="auto")


def run(arguments: argparse.Namespace) -> int:
    request = check_request(request_of(arguments, typed(arguments.question)))  # before anything is built
    try:
        return _ask(arguments, request)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("interrupted before the answer was finished") from interrupt


def _ask(arguments: argparse.Namespace, request: Request) -> int:
    settings, status = Settings.read(), StatusLine()
    with (
        open_for_reading(arguments) as library,
        Assistant(library, settings=settings, on_wait=status.wait) as assistant,
    ):
        check_names(library, request.filters, place_of(arguments))
        _answer(assistant, request, arguments, status)
        hint_once(arguments, settings)
    return 0


def _answer(
    assistant: Assistant, request: Request, arguments: argparse.Namespace, status: StatusLine
) -> None:
    is_written = assistant.writer_for(request.writer) != "extractive"
    stream = assistant.stream(request)
    shown = read_along(stream, status, is_written=is_written, is_json=arguments.json)
    if arguments.json:
        print_json(stream.answer.to_dict())
        return
    print_read(stream.answer, shown)
    tell_years(arguments, stream.answer.filters)

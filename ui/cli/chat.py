"""`askpapers chat`: one question after the other, each understood with those before."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from rag.assistant import Assistant
from rag.conversation import Conversation
from rag.errors import ModelError, QuestionError
from rag.query import check_names
from rag.settings import Settings
from rag.streams import AnswerStream
from rag.types import Request
from ui.cli.commands import add_common
from ui.cli.options import add_answering, request_of, tell_years
from ui.cli.places import open_for_reading, place_of
from ui.streaming import StatusLine, print_read, read_along
from ui.terminal import print_error, print_json_line

_HELP = (
    "Ask about the papers. /alone asks the last question again without what was said before it, "
    "/alone QUESTION another one; /clear forgets what was said, /quit (or Ctrl-D) leaves."
)
_ALONE = "/alone"
_PROMPT = "\n> "

Read = Callable[[AnswerStream], str]
"""Reads an answer to its end; the text that was shown."""


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    add_answering(command, writer="auto")


def run(arguments: argparse.Namespace) -> int:
    options, settings = request_of(arguments), Settings.read()
    status = StatusLine()
    with (
        open_for_reading(arguments) as library,
        Assistant(library, settings=settings, on_wait=status.wait) as assistant,
    ):
        check_names(library, options.filters, place_of(arguments))
        is_written = assistant.writer_for(options.writer) != "extractive"
        read = partial(read_along, status=status, is_written=is_written, is_json=arguments.json)
        try:
            return _converse(Conversation(assistant), options, arguments, read)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt("interrupted: the conversation is over") from interrupt


def _converse(
    conversation: Conversation, options: Request, arguments: argparse.Namespace, read: Read
) -> int:
    """Answer line by line; 1 where a question that was piped in could not be answered."""
    is_typed, failed, last_question = sys.stdin.isatty(), 0, ""
    if is_typed:
        print(_HELP, file=sys.stderr)
    for line in _lines(is_typed):
        if line == "/quit":
            break
        if line == "/clear":
            conversation.clear()
            print("Forgotten.", file=sys.stderr)
            continue
        command, _, question = line.partition(" ")
        if command == _ALONE and (question.strip() or last_question):
            conversation.clear()
            line = question.strip() or last_question
        if line.startswith("/"):
            print(f"There is no such command. {_HELP}", file=sys.stderr)
            continue
        last_question = line
        try:
            _answer(conversation, replace(options, question=line), arguments, read)
        except KeyboardInterrupt:
            if not is_typed:
                raise
            print("Stopped: ask again, or leave with /quit.", file=sys.stderr)
        except (QuestionError, ModelError) as error:  # the next question may do better
            failed += 1
            print_error(error)
    return 1 if failed and not is_typed else 0


def _answer(
    conversation: Conversation, request: Request, arguments: argparse.Namespace, read: Read
) -> None:
    stream = conversation.stream(request)
    shown = read(stream)
    if arguments.json:
        print_json_line(stream.answer.to_dict())
        return
    print_read(stream.answer, shown, _ALONE)
    tell_years(arguments, stream.answer.filters)


def _lines(is_typed: bool) -> Iterator[str]:
    """The lines that are typed or piped in, without empty ones."""
    if is_typed:
        import readline  # noqa: F401  gives input() its editing and history
    else:
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    while True:
        if is_typed and not sys.stdout.isatty():
            print(_PROMPT, end="", file=sys.stderr, flush=True)
        try:
            line = input(_PROMPT if is_typed and sys.stdout.isatty() else "")
        except EOFError:
            return
        if line.strip():
            yield line.strip()

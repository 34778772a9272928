"""`askpapers chat`: one question after the other, each knowing those before."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from ui.cli.options import Parsers, add_answering, filters_of, tell_years

if TYPE_CHECKING:
    from rag.conversation import Conversation
    from rag.options import AskOptions

_HELP = (
    "Ask about the papers. /alone asks the last question again without what was said before it, "
    "/alone QUESTION another one; /clear forgets what was said, /quit (or Ctrl-D) leaves."
)
_ALONE = "/alone"
_PROMPT = "\n> "


def add(parsers: Parsers) -> None:
    command = parsers.add(
        "chat", "ask one question after the other, with follow-ups; without a terminal, one a line", run
    )
    add_answering(command, writer="auto")


def run(arguments: argparse.Namespace) -> int:
    from rag.assistant import Assistant
    from rag.conversation import Conversation
    from rag.query import check_papers, check_words
    from rag.settings import Settings
    from ui.cli.places import open_for_reading
    from ui.terminal import tell

    options: AskOptions = {
        "filters": filters_of(arguments),
        "words": check_words(arguments.words),
        "k": check_papers(arguments.k),
        "years_from_question": not arguments.no_years,
    }
    settings = Settings.from_environment()
    with (
        open_for_reading(arguments) as library,
        closing(Assistant(library, settings=settings, writer=arguments.writer, on_wait=tell)) as assistant,
    ):
        is_streamed = not arguments.json and sys.stdout.isatty() and assistant.writer != "extractive"
        try:
            return _converse(Conversation(assistant), options, arguments, is_streamed)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt("interrupted: the conversation is over") from interrupt


def _converse(
    conversation: "Conversation", options: "AskOptions", arguments: argparse.Namespace, is_streamed: bool
) -> int:
    """Answer line by line; 1 where a question that was piped in could not be answered."""
    from rag.errors import ModelError, QuestionError
    from ui.terminal import print_error

    is_typed, failed, asked = sys.stdin.isatty(), 0, ""
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
        if command == _ALONE and (question.strip() or asked):
            conversation.clear()
            line = question.strip() or asked
        if line.startswith("/"):
            print(f"There is no such command. {_HELP}", file=sys.stderr)
            continue
        asked = line
        try:
            _answer(conversation, line, options, arguments, is_streamed)
        except (QuestionError, ModelError) as error:  # the next question may do better
            failed += 1
            print_error(error)
    return 1 if failed and not is_typed else 0


def _answer(
    conversation: "Conversation",
    question: str,
    options: "AskOptions",
    arguments: argparse.Namespace,
    is_streamed: bool,
) -> None:
    from ui.terminal import print_answer, print_json_line, print_rest, write_piece

    stream = conversation.stream(question, **options)
    for piece in stream:
        if is_streamed:
            write_piece(piece)
    if arguments.json:
        print_json_line(stream.answer.to_dict())
        return
    (print_rest if is_streamed else print_answer)(stream.answer, _ALONE)
    sys.stdout.flush()
    tell_years(arguments, stream.answer.filters)


def _lines(is_typed: bool) -> Iterator[str]:
    """What is typed or piped in, line by line, without empty ones, to its end."""
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

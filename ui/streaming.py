"""An answer on a terminal while it is written: its text on stdout, what goes on meanwhile on stderr."""

import sys
import threading

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from rag.plain import plain
from rag.streams import AnswerStream
from rag.types import Answer
from ui.steps import cost_line, going_on
from ui.terminal import print_answer, print_rest, print_text, tell, write_piece

_CORRECTED = "The answer, corrected:"


def read_along(stream: AnswerStream, status: "StatusLine", *, is_written: bool, is_json: bool) -> str:
    """Read a stream to its end; what a model writes is shown meanwhile, on a terminal.

    Returns the text that was shown, whose last line is ended. An interrupt ends the model's work.
    """
    is_shown = is_written and not is_json and sys.stdout.isatty()
    shown = ""
    try:
        for piece in stream.with_steps():
            if piece and is_shown:
                status.clear()
                write_piece(piece)
                shown += piece
            elif not piece and not (shown and stream.step == "write"):
                if shown and not shown.endswith("\n"):
                    write_piece("\n")
                    shown += "\n"
                if is_written:
                    status.show(going_on(stream.step, stream.papers))
    except KeyboardInterrupt:
        stream.stop()
        raise
    finally:
        status.clear()
    if shown and not shown.endswith("\n"):
        write_piece("\n")
        shown += "\n"
    return shown


def print_read(answer: Answer, shown: str, alone: str | None = None) -> None:
    """An answer of which `shown` is on the terminal; other text is put in its place.

    `alone` is the command that asks a follow-up on its own. What the answer took is a line on stderr.
    """
    if shown and plain(shown).strip() == plain(answer.text).strip():
        print_rest(answer, alone)
    else:
        if shown and not _taken_back(shown):
            print_text(Text(f"\n{_CORRECTED}\n", "dim"))
        print_answer(answer, alone)
    sys.stdout.flush()
    if line := cost_line(answer):
        Console(stderr=True, highlight=False).print(Text(line, "dim"), soft_wrap=True)


def _taken_back(shown: str) -> bool:
    """Clear a text that was written last, if all of it is still on the screen."""
    console = Console()
    rows = sum(_rows(line, console.width) for line in plain(shown).removesuffix("\n").split("\n"))
    if console.is_dumb_terminal or rows >= console.height:
        return False
    for _ in range(rows):
        console.control(Control((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)))
    return True


def _rows(line: str, width: int) -> int:
    """The rows that a terminal breaks a line into."""
    rows, column = 1, 0
    for character in line:
        cells = cell_len(character)
        if column + cells > width:
            rows, column = rows + 1, 0
        column += cells
    return rows


class StatusLine:
    """One line on stderr that is replaced and cleared; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._is_on = self._console.is_terminal and not self._console.is_dumb_terminal
        self._shown = ""
        self._changing = threading.RLock()

    def show(self, line: str) -> None:
        with self._changing:
            if self._is_on and line != self._shown:
                self.clear()
                self._console.print(Text(line, "dim"), end="", overflow="ellipsis", no_wrap=True)
                self._shown = line

    def clear(self) -> None:
        with self._changing:
            if self._shown:
                control = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
                self._console.control(control)
                self._shown = ""

    def wait(self, line: str) -> None:
        """Show what is waited for, from another thread; a line of its own where stderr is no terminal."""
        with self._changing:
            if self._shown:
                both = f"{self._shown} {line}"
                self.show(both if cell_len(both) < self._console.width else line)
        if not self._is_on:
            tell(line)

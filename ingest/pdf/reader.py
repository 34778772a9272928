"""Reads PDFs in a child process, which is replaced when a file has ended it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from ingest.pdf.child import Child, DiedError
from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits, check_file
from ingest.pdf.messages import MalformedError

Result = TypeVar("Result")


class Reader(Generic[Result]):
    """Does a task for one file after the other; of one thread at a time, but for `close`.

    `unpack` makes the result of a message. Raises MalformedError where there is none in it.
    """

    def __init__(
        self, task: str, limits: Limits, unpack: Callable[[dict[str, Any], bytes], Result]
    ) -> None:
        self._task, self._limits, self._unpack = task, limits, unpack
        self._child: Child | None = None
        self._is_closed = False
        self._guard = threading.Lock()

    def read(self, path: Path, **order: Any) -> Result:
        """What the task returns for a file. Raises PdfError."""
        check_file(path, self._limits)
        try:
            return self._try(path, order)
        except DiedError:  # what other files have left behind in the child may be the reason
            if self._child_before_was_new:
                raise
            return self._try(path, order)

    def close(self) -> None:
        """End the child at once; from any thread."""
        with self._guard:
            self._is_closed = True
            if self._child:
                self._child.end()

    def _try(self, path: Path, order: dict[str, Any]) -> Result:
        child = self._usable_child()
        self._child_before_was_new = child.is_new
        try:
            return self._unpack(*child.ask(path, **order))
        except PdfError:
            raise
        except MalformedError as error:
            child.end()
            raise PdfError(
                "takes over the reader of PDFs, which answers nonsense: do not open it"
            ) from error
        except BaseException:  # Ctrl-C: what it answers now would be taken for the answer to the next order
            child.end()
            raise

    def _usable_child(self) -> Child:
        with self._guard:
            if self._is_closed:
                raise PdfError("was not read: add it again")
            if self._child and not self._child.is_usable:
                self._child.end()
                self._child = None
            try:
                self._child = self._child or Child(self._task, self._limits)
            except OSError as error:
                raise PdfError(
                    f"waits for a reader that does not start ({error.strerror}): try again"
                ) from error
            return self._child

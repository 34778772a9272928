"""Papers that are piped in. They are kept in a temporary file, as reading some formats takes seeking."""

import shutil
import sys
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

from ingest.sources.base import ReadOptions
from ingest.sources.files import FileSource
from ingest.sources.recognition import recognise
from rag.errors import SourceError

STANDARD_INPUT = "-"  # its name on a command line
_NAME = "standard input"


def open_standard_input(options: ReadOptions = ReadOptions()) -> FileSource:
    """The papers of standard input, which is read at once. Its file is deleted with the source, so the
    library keeps a copy if it is a PDF.

    Raises SourceError.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("nothing is piped in: name a file, or pipe one to `askpapers ingest -`")
    with tempfile.NamedTemporaryFile(prefix="askpapers-", delete=False) as kept:
        path = Path(kept.name)
        source = FileSource(path, replace(options, keep=True), _NAME)
        weakref.finalize(source, path.unlink, missing_ok=True)
        try:
            shutil.copyfileobj(sys.stdin.buffer, kept)
        except OSError as error:
            raise SourceError(
                f"{_NAME} cannot be kept ({error.strerror}): make room on the disk"
            ) from error
    recognise(path, _NAME, options)
    return source

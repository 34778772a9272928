"""The key under which browsers keep conversations: the same after a restart, or they would be lost."""

import os
import secrets
from pathlib import Path

from rag.errors import SettingError
from rag.private import FILE, make_folder

_LENGTH = 32  # hexadecimal digits


def read_secret(path: Path) -> str:
    """The key in a file that only its owner can read, made where there is none. Raises SettingError."""
    try:
        if not path.is_file() or len(path.read_text(encoding="ascii", errors="replace").strip()) != _LENGTH:
            _make(path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(
            f"{path} cannot be written ({error.strerror}): give yourself the right to write there"
        ) from error


def _make(path: Path) -> None:
    """Write a new key whole, or none; of two processes at once the last one wins."""
    make_folder(path.parent)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.touch(FILE)
    new.write_text(secrets.token_hex(_LENGTH // 2), encoding="ascii")
    new.replace(path)

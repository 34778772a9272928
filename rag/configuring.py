"""Writes the configuration file; what a user wrote there, comments too, stays."""

from collections.abc import Mapping
from pathlib import Path

import tomlkit

from rag.configuration import configuration_file, read_configuration
from rag.errors import SettingError
from rag.private import atomic_write, make_folder


def configure(changes: Mapping[str, str | None]) -> Path:
    """Change settings of the file, by their names there; None removes one. Returns the file's place.

    Raises SettingError, also where the file is damaged.
    """
    read_configuration()
    file = configuration_file()
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    for name, value in changes.items():
        if value is not None:
            document[name] = value
        elif name in document:
            del document[name]
    try:
        make_folder(file.parent)
        with atomic_write(file) as written:
            written.write(tomlkit.dumps(document).encode())
    except OSError as error:
        raise SettingError(f"{file} cannot be written ({error.strerror}): see who owns it") from error
    return file

"""The PDF that an entry of BibTeX names in its field `file`, as reference managers write it."""

import re
from collections.abc import Iterator
from pathlib import Path

_LONGEST, _MOST = 20_000, 20  # characters of the field, and files in it
_BACKSLASH = re.compile(r"\$\\backslash\$|\{\\textbackslash\}|\\textbackslash(?:\{\})?")
_LATEX = re.compile(r"\{\\([_&%#$])\}")  # Mendeley escapes names as if they were text
_SEMICOLON, _COLON = re.compile(r"(?<!\\);"), re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_SUFFIX = ".pdf"


def pdf_in(field: str, folder: Path) -> Path | None:
    """The first PDF that is there, else the first that is named; None if none is.

    The field is a path, or `description:path:type` as JabRef, Zotero and Mendeley have it, with `;` between
    several. Paths are relative to a folder; Mendeley leaves out the slash that begins absolute ones.
    """
    names = [name for file in _SEMICOLON.split(_plain(field[:_LONGEST]))[:_MOST] for name in _names(file)]
    paths = [folder / name for name in names] + [Path("/", name) for name in names]
    return next(filter(_is_file, paths), next(iter(paths), None))


def _names(file: str) -> Iterator[str]:
    """What may be the path in a part of the field, the likelier first."""
    parts = _COLON.split(file)
    possible = [parts[1:-1]] if len(parts) > 2 else []
    # A path of Windows, and a description with a colon.
    possible += [parts, parts[1:], parts[-2:-1]]
    for name in dict.fromkeys(_ESCAPED.sub(r"\1", ":".join(some)).strip() for some in possible):
        if name.lower().endswith(_SUFFIX) and "\0" not in name:
            yield name


def _plain(field: str) -> str:
    return _LATEX.sub(r"\1", _BACKSLASH.sub(lambda _: "\\", field))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False

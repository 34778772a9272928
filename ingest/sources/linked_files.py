"""The PDFs that references name: in BibTeX's field `file`, or by addresses in RIS and EndNote's XML."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

_LONGEST, _MOST = 20_000, 20  # characters of the field, and files in it
_BACKSLASH = re.compile(r"\$\\backslash\$|\{\\textbackslash\}|\\textbackslash(?:\{\})?")
_LATEX = re.compile(r"\{\\([_&%#$])\}")  # Mendeley escapes names as if they were text
_SEMICOLON, _COLON = re.compile(r"(?<!\\);"), re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_SUFFIX = ".pdf"
_INTERNAL = "internal-pdf"  # EndNote's own, in the folder with the data of a library


def pdf_in(field: str, folder: Path) -> Path | None:
    """The first PDF that is there, else the first that is named; None if none is.

    The field is a path, or `description:path:type` as JabRef, Zotero and Mendeley have it, with `;` between
    several. Paths are relative to a folder; Mendeley leaves out the slash that begins absolute ones.
    """
    names = [name for file in _SEMICOLON.split(_plain(field[:_LONGEST]))[:_MOST] for name in _names(file)]
    paths = [folder / name for name in names] + [Path("/", name) for name in names]
    return best_of(paths)


def linked_pdfs(addresses: Iterable[str], file: Path, libraries: Iterable[str] = ()) -> Iterator[Path]:
    """The PDFs; those in EndNote's data only if they are there, as an export is often read without it.

    Paths are relative to the folder of the file; `libraries` are names of EndNote's libraries, beside that
    of the file, whose folders of data may stand beside it.
    """
    stem = file.name.removesuffix(".gz").rpartition(".")[0]
    folders = [file.parent / f"{name}.Data" / "PDF" for name in dict.fromkeys((stem, *libraries))]
    for address in list(addresses)[:_MOST]:
        scheme, _, path = address.strip().rpartition("://")
        name = unquote(path)
        if not name.lower().endswith(_SUFFIX) or scheme not in ("", "file", _INTERNAL):
            continue
        is_inside = ".." not in Path(name).parts and not name.startswith("/")
        places = [file.parent] if scheme != _INTERNAL else folders if is_inside else []
        pdfs = [place / name for place in places]
        yield from [pdf for pdf in pdfs if scheme != _INTERNAL or is_file(pdf)][:1]


def best_of(paths: Sequence[Path]) -> Path | None:
    """The first file that is there, else the first that could be."""
    return next(filter(is_file, paths), next(iter(paths), None))


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


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

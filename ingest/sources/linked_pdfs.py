"""The PDFs that a record of RIS or EndNote names by their addresses."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

_MOST = 20  # files of a record
_INTERNAL = "internal-pdf"  # EndNote's own, in the folder with the data of a library


def linked_pdfs(addresses: Iterable[str], file: Path, libraries: Iterable[str] = ()) -> Iterator[Path]:
    """Those of the PDFs that are there. Paths are relative to the folder of the file; `libraries` are
    names of EndNote's libraries, beside that of the file, whose folders of data may stand beside it.
    """
    stem = file.name.removesuffix(".gz").rpartition(".")[0]
    folders = [file.parent / f"{name}.Data" / "PDF" for name in dict.fromkeys((stem, *libraries))]
    for address in list(addresses)[:_MOST]:
        scheme, _, path = address.strip().rpartition("://")
        name = unquote(path)
        if not name.lower().endswith(".pdf") or scheme not in ("", "file", _INTERNAL):
            continue
        is_inside = ".." not in Path(name).parts and not name.startswith("/")
        places = [file.parent] if scheme != _INTERNAL else folders if is_inside else []
        yield from [pdf for place in places if _is_file(pdf := place / name)][:1]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False

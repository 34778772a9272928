"""Fetches the papers that the questions are about, from the packages of Debian that carry them.

    python -m benchmarks.papers.fetch FOLDER

Needs `apt-get` and `dpkg-deb`, and sources of packages that are set up on the machine. Nothing is
installed: each package is downloaded, unpacked in a temporary folder, and its paper copied to
FOLDER/KEY.pdf. Papers that are there already are left alone.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.commands import parser
from benchmarks.papers.collection import WholePaper, whole_papers
from ui.terminal import tell

_TOOLS = ("apt-get", "dpkg-deb")


class FetchError(Exception):
    """A paper cannot be fetched; the text says why, in one line."""


def fetch(papers: Sequence[WholePaper], folder: Path) -> None:
    """Put the papers that the folder lacks into it. Raises FetchError."""
    if missing := [tool for tool in _TOOLS if not shutil.which(tool)]:
        raise FetchError(
            f"{' and '.join(missing)} not found: fetch the papers on a Debian or Ubuntu system"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for paper in papers:
        pdf = paper.in_folder(folder)
        if not pdf.exists():
            with TemporaryDirectory() as unpacked:
                shutil.copyfile(_unpacked(paper, Path(unpacked)), pdf)
        note = (
            "" if paper.is_known_version(pdf) else " (not the version that the questions were written on)"
        )
        tell(f"{pdf}{note}")


def _unpacked(paper: WholePaper, folder: Path) -> Path:
    _run(["apt-get", "download", "-q", paper.package], folder, f"{paper.package} cannot be downloaded")
    archive = next(folder.glob("*.deb"))
    _run(["dpkg-deb", "-x", archive.name, "files"], folder, f"{archive.name} cannot be unpacked")
    pdf = next((folder / "files").glob(f"**/{paper.file}"), None)
    if pdf is None:
        raise FetchError(
            f"{archive.name} has no {paper.file} any more: take the paper out of the collection"
        )
    return pdf


def _run(command: Sequence[str], folder: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        reason = next(
            (line for line in done.stderr.splitlines() if line.startswith("E:")), "no reason given"
        )
        raise FetchError(f"{failure} ({reason}): see `apt-cache policy` and run `apt-get update`")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, metavar="FOLDER")
    try:
        fetch(whole_papers(), options.parse_args().folder)
    except FetchError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()

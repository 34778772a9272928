"""Files of references that are broken at random: nothing but our own errors may come of them.

    python -m benchmarks.broken_references --files 5000 --seed 1 [--only made.ris]

Makes files of RIS, PubMed's citations and XML, EndNote's XML and BibTeX, breaks so many of each format, the
same for the same seed, and reads them to their end. An entry that stands whole before the first
change must be read as before; a file may take only so much time. Then reads files of growing size that are
made to be slow. Prints for each format what came of it, then each failure with the seed of its file
(`--files 1 --seed N` makes it again). Exits 1 where there is any.
"""

import os
import random
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from benchmarks.commands import parser
from benchmarks.malformed import Tally, broken, read, report
from benchmarks.reference_files import NAMES, ReferenceFile, made_references, reference_file
from ingest.sources.base import Entry
from ingest.sources.files import FileSource
from rag.errors import AskpapersError

_PAPERS, _KINDS = 5, 97  # papers in a file; different files of a format
_SIZES = (1 << 18, 1 << 20)  # bytes of files that are made to be slow, which differ by four
_MOST_GROWTH, _LEAST_SECONDS = 12, 0.5  # how much longer the larger may take; less than that is noise
_TOKENS = (
    *(b"TY  - JOUR", b"\nTY  - ", b"\nER  - \n", b"\nAU  - ", b"\nPMID- 1\n", b"\nTI  - ", b"\n\n"),
    *(b" " * 6, b"<record>", b"</record>", b"<records>", b"<PubmedArticle>", b"</PubmedArticle>"),
    *(b"<style>", b"</", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?", b"/>", b"&nbsp;", b"&#0;"),
    *(b"&#xD800;", b"&", b"<" * 999, b"<a>" * 3_000, b"<a " + b'b="c" ' * 999, b"\0", b"\0" * 99),
    *(b"\x0b", b"\x85", b"\xff", b"<" * 999, b"A" * 30_000, b"internal-pdf://../../etc/passwd.pdf"),
    b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>&d;',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>&b;',
)
# How files that are made to be slow begin, and what then stands in them over and over.
_SLOW = {
    "made.ris": (
        b"TY  - JOUR\nTI  - Owls\n",
        (b"AU  - ", b"AU  - a\n", b"KW  - a;\n", b"x\n", b"TY  - ", b"ER  - \n", b"TY  - JOUR\n"),
    ),
    "made.nbib": (
        b"PMID- 1\nTI  - Owls\n",
        (b"AU  - A B\n", b"      x\n", b"\n\n", b"LID - [", b"A ", b"PMID- 1\n"),
    ),
    "endnote.xml": (
        b"<xml><records>",
        (b"<record>", b"<record", b"<", b"<a>", b"<record><title>a</title></record>", b"</record>", b"&"),
    ),
    "pubmed.xml": (
        b"<PubmedArticleSet><PubmedArticle>",
        (b"<PubmedArticle>", b"<PubmedArticle", b"<sup>", b"<i>a</i>", b"</PubmedArticle>", b"<!--"),
    ),
}


def changed(content: bytes, seed: int) -> bytes:
    """The content with some faults, in its bytes, its lines or its encoding."""
    chance = random.Random(seed)  # noqa: S311  faults, not secrets
    kind = chance.randrange(8)
    if kind < 4:
        return broken(content, seed)
    if kind == 4:
        return content.decode().encode(chance.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32")))
    if kind == 5:
        return content.decode().encode("cp1252", "replace")[: chance.choice((None, 500, 2_000))]
    lines = content.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    if kind == 6:  # a line goes, comes twice, breaks, or gets another end
        line = lines[place]
        lines[place] = chance.choice((b"", line * 2, line.replace(b" ", b"\n"), line[:-1] + b"\r"))
        return b"".join(lines)
    inside = chance.randrange(len(lines[place]) + 1)
    lines[place] = lines[place][:inside] + chance.choice(_TOKENS) + lines[place][inside:]
    return b"".join(lines)


def lost(file: ReferenceFile, content: bytes, before: list[Entry], after: list[Entry]) -> str | None:
    """The first entry that stood whole before the first change and is not read as before."""
    same = len(os.path.commonprefix([file.content, content]))  # noqa: RUF071  bytes, no paths
    whole = sum(end <= same for end in file.ends)
    pairs = zip_longest(before[:whole], after[:whole])
    return next((f"lost or changed: {entry!r}"[:300] for entry, other in pairs if entry != other), None)


def tallies(files: int, seed: int, names: Sequence[str]) -> Iterator[tuple[str, Tally]]:
    """What came of each format."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            tally, path = Tally(), Path(folder) / name
            whole = [_read_whole(path, seed) for seed in range(_KINDS)]
            for file_seed in range(seed, seed + files):
                file, before = whole[file_seed % _KINDS]
                content = changed(file.content, file_seed)
                path.write_bytes(content)
                refused = tally.counts["refused"]
                after = read(path, file_seed, tally)
                if tally.counts["refused"] == refused and (fault := lost(file, content, before, after)):
                    tally.faults.append(f"seed {file_seed}: {fault}")
            tally.faults += slow(name, Path(folder))
            yield name, tally


def _read_whole(path: Path, seed: int) -> tuple[ReferenceFile, list[Entry]]:
    """A made-up file that is not broken, and its entries."""
    file = reference_file(path.name, made_references(_PAPERS, seed))
    path.write_bytes(file.content)
    return file, list(FileSource(path).read())


def slow(name: str, folder: Path) -> Iterator[str]:
    """Which files that are made to be slow take longer than their size explains."""
    start, repeated = _SLOW.get(name, (b"", ()))
    path = folder / name
    for part in repeated:
        seconds = []
        for size in _SIZES:
            path.write_bytes(start + part * (size // len(part)))
            begun = time.process_time()
            with suppress(AskpapersError):
                deque(FileSource(path).read(), maxlen=0)
            seconds.append(time.process_time() - begun)
        if seconds[1] > max(_LEAST_SECONDS, _MOST_GROWTH * seconds[0]):
            yield f"{part!r}: {seconds[0]:.2f} s for a quarter of what takes {seconds[1]:.2f} s"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--files", type=int, default=2_000, help="files of each format")
    options.add_argument("--seed", type=int, default=0, help="seed of the first file")
    options.add_argument("--only", choices=NAMES, help="the file to break")
    arguments = options.parse_args()
    names = (arguments.only,) if arguments.only else NAMES
    return report(tallies(arguments.files, arguments.seed, names))


if __name__ == "__main__":
    raise SystemExit(main())

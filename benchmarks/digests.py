"""How well the rules know names and numbers: the bundled digests against the papers' abstracts.

    python -m benchmarks.digests --pages FOLDER

`FOLDER` holds the saved pages that the digests tell of. Prints one JSON line: the share of the digests'
sentences that have a name or a number that stands nowhere in the paper itself (which should be near 0),
in the next paper, and in the paper itself with a number changed or a name exchanged (near 1).
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmarks.commands import parser
from ingest.bundled import BundledSource
from ingest.sources.files import FileSource
from rag.checking import Statement
from rag.checking.evidence import absent
from rag.checking.names import find_names, missing_names
from rag.sentences import sentence_spans
from rag.types import Paper

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.,]*\w)")


def measure(digests: list[Paper], abstracts: dict[str, Paper]) -> dict[str, float]:
    """The share of sentences that lack something, and how many there are, by what was done to them."""
    tries: dict[str, list[bool]] = {}
    known = [digest for digest in digests if digest.title in abstracts]
    for digest, following in pairwise(known):
        paper, other = abstracts[digest.title], abstracts[following.title]
        for start, end in sentence_spans(digest.abstract):
            claim = digest.abstract[start:end].strip()
            for kind, statement in _tries(claim, paper, other):
                tries.setdefault(kind, []).append(bool(absent(statement)))
    return {kind: round(sum(some) / len(some), 4) for kind, some in tries.items()} | {
        f"n_{kind}": len(some) for kind, some in tries.items()
    }


def _tries(claim: str, paper: Paper, other: Paper) -> Iterator[tuple[str, Statement]]:
    yield "own", Statement(claim, (paper,))
    yield "another_paper", Statement(claim, (other,))
    if (changed := _with_another_number(claim)) != claim:
        yield "changed_number", Statement(changed, (paper,))
    if renamed := _with_another_name(claim, paper, other):
        yield "changed_name", Statement(renamed, (paper,))


def _with_another_number(claim: str) -> str:
    return _NUMBER.sub(lambda match: f"{float(match[0]) * 3 + 1:g}", claim, count=1)


def _with_another_name(claim: str, paper: Paper, other: Paper) -> str | None:
    """The first name exchanged for one of another paper; None where either has none."""
    ours = find_names(claim)
    theirs = missing_names(f"{other.title}. {other.abstract}", (paper.title, paper.abstract))
    return claim.replace(ours[0], theirs[0]) if ours and theirs else None


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--pages", type=Path, required=True, help="the folder of saved pages")
    pages = sorted(options.parse_args().pages.glob("*.txt"))
    entries = [entry for page in pages for entry in FileSource(page).read() if isinstance(entry, Paper)]
    digests = [entry for entry in BundledSource().read() if isinstance(entry, Paper)]
    abstracts = {paper.title: paper for paper in sorted(entries, key=lambda paper: len(paper.abstract))}
    print(json.dumps(measure(digests, abstracts)))


if __name__ == "__main__":
    main()

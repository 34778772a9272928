"""How well the judge of support does on our own ground: the bundled digests against the papers' abstracts.

    python -m benchmarks.digests --pages FOLDER

`FOLDER` holds the saved pages that the digests tell of. Prints one JSON line: the share of the digests'
sentences that count as supported by the paper itself (which should be near 1) and by the next paper, and
by the paper itself with a number changed, a name exchanged or a "not" put in (which should be near 0).
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmarks.commands import parser
from benchmarks.support import in_batches
from ingest.bundled import BundledSource
from ingest.sources.files import FileSource
from rag.embedding import embedded_encoder
from rag.sentences import sentence_spans
from rag.support import CalibratedJudge, Judge
from rag.support.names import find_names, missing_names
from rag.support.numbers import missing_numbers
from rag.types import Paper

_NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.,]*\w)")
_AUXILIARY = re.compile(r"\b(?:is|are|was|were|can|has been|have been|will be)\b(?! not)")

Pair = tuple[str, tuple[str, str]]


def measure(judge: Judge, digests: list[Paper], abstracts: dict[str, Paper]) -> dict[str, float]:
    """The share of supported sentences, and how many there are, by what was done to them."""
    pairs: dict[str, list[Pair]] = {}
    known = [digest for digest in digests if digest.title in abstracts]
    for digest, following in pairwise(known):
        paper, other = abstracts[digest.title], abstracts[following.title]
        for start, end in sentence_spans(digest.abstract):
            claim = digest.abstract[start:end].strip()
            for kind, pair in _tries(claim, paper, other):
                pairs.setdefault(kind, []).append(pair)
    return {kind: _supported(judge, some) for kind, some in pairs.items()} | {
        f"n_{kind}": len(some) for kind, some in pairs.items()
    }


def _tries(claim: str, paper: Paper, other: Paper) -> Iterator[tuple[str, Pair]]:
    passages = (paper.title, paper.abstract)
    yield "own", (claim, passages)
    yield "another_paper", (claim, (other.title, other.abstract))
    if (changed := _with_another_number(claim)) != claim and missing_numbers(changed, passages):
        yield "changed_number", (changed, passages)
    if renamed := _with_another_name(claim, passages, other):
        yield "changed_name", (renamed, passages)
    if (changed := _AUXILIARY.sub(r"\g<0> not", claim, count=1)) != claim:
        yield "negated", (changed, passages)


def _with_another_number(claim: str) -> str:
    return _NUMBER.sub(lambda match: f"{float(match[0]) * 3 + 1:g}", claim, count=1)


def _with_another_name(claim: str, passages: tuple[str, str], other: Paper) -> str | None:
    """The first name exchanged for one of another paper, None where either has none."""
    ours, theirs = find_names(claim), missing_names(f"{other.title}. {other.abstract}", passages)
    return claim.replace(ours[0], theirs[0]) if ours and theirs else None


def _supported(judge: Judge, pairs: list[Pair]) -> float:
    supported = [support.supported for support in in_batches(judge, pairs)]
    return round(sum(supported) / len(supported), 4)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--pages", type=Path, required=True, help="the folder of saved pages")
    pages = sorted(options.parse_args().pages.glob("*.txt"))
    entries = [entry for page in pages for entry in FileSource(page).read() if isinstance(entry, Paper)]
    digests = [entry for entry in BundledSource().read() if isinstance(entry, Paper)]
    abstracts = {paper.title: paper for paper in sorted(entries, key=lambda paper: len(paper.abstract))}
    print(json.dumps(measure(CalibratedJudge(embedded_encoder()), digests, abstracts)))


if __name__ == "__main__":
    main()

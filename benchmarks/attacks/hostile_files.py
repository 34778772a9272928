"""Files that cost much to read: one text of a paper is made of a single thing, again and again."""

import gzip
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.attacks.wire import MB
from benchmarks.paper_files import WRITERS

SMALL, LARGE = 80_000, 19 * MB  # the page takes files of up to 50 MB
_PAPER = {
    **dict.fromkeys(("author", "doi", "organization", "url"), ""),
    "title": "A Study of Otters",
    "abstract": "We count 12 otters in the river. They are seldom seen by day, and swim alone or in pairs.",
    "published": "2020",
}

# What a text is filled with: each makes some pattern backtrack.
FILLINGS: Mapping[str, str] = {
    "spaces": " ",
    "newlines": "\n",
    "brackets": "[",
    "round brackets": "(",
    "braces": "{",
    "backslashes": "\\",
    "dollars": "$",
    "angles": "<",
    "tags": "<a ",
    "entities": "&amp;",
    "capitals and stops": "A. ",
    "links": "http://a",
    "digits": "1",
    "digits and stops": "1.",
    "quotes": "“",
    "accents": "e\u0301",
    "no words": "x",
    "returns": "\r\n",
    "hyphens": "- ",
}


@dataclass(frozen=True)
class HostileFiles:
    """Files that are added together, each with its name."""

    what: str
    files: tuple[tuple[str, bytes], ...]


def small_files() -> Iterator[HostileFiles]:
    """Every format with each filling, 80 KB as title and as abstract."""
    for file_name in WRITERS:
        for filling, piece in FILLINGS.items():
            text = f"A {piece * (SMALL // len(piece))} B"
            files = tuple(
                (f"{field}-{file_name}", _with(file_name, field, text)) for field in ("title", "abstract")
            )
            yield HostileFiles(f"80 KB of {filling}, {file_name}", files)


def large_files() -> Iterator[HostileFiles]:
    """Every format, nearly as large as may be; then files of nothing else, and packed ones."""
    for file_name in WRITERS:
        for filling in ("spaces", "brackets", "no words", "capitals and stops"):
            text = FILLINGS[filling] * ((LARGE - 2000) // len(FILLINGS[filling]))
            yield _one(
                f"19 MB of {filling} as abstract", file_name, _with(file_name, "abstract", text)[:LARGE]
            )
        title = f"A {' ' * 9 * MB} B"
        yield _one("9 MB of spaces as title", file_name, _with(file_name, "title", title))
    for file_name in (*WRITERS, "a.parquet", "a.ndjson", "a.tsv"):
        for filling in ("spaces", "brackets", "braces", "newlines"):
            yield _one(f"19 MB of nothing but {filling}", file_name, FILLINGS[filling].encode() * LARGE)
    noise = random.Random(0).randbytes(MB)  # noqa: S311
    yield _one("noise", "a.parquet", b"PAR1" + noise + b"PAR1")
    yield _one("200,000 papers that are the same", "a.parquet", _parquet("a b " * 1000, 200_000))
    yield _one("a text of 200 MB, packed", "a.parquet", _parquet(" " * 200 * MB, 1))
    for suffix in ("jsonl", "json", "txt", "bib", "csv"):
        yield _one("1 GB packed", f"a.{suffix}.gz", _bomb())


def _with(file_name: str, field: str, text: str) -> bytes:
    return WRITERS[file_name]({**_PAPER, field: text}).encode()


def _one(what: str, file_name: str, content: bytes) -> HostileFiles:
    return HostileFiles(f"{what}, {file_name}", ((file_name, content),))


def _parquet(abstract: str, rows: int) -> bytes:
    """A table of equal rows, which packs to next to nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([abstract]))
    titles = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([_PAPER["title"]]))
    pq.write_table(pa.table({"title": titles, "abstract": texts}), packed, compression="zstd")
    return packed.getvalue()


def _bomb() -> bytes:
    """A gigabyte, packed into a megabyte."""
    packed, piece = io.BytesIO(), b'{"title": "A", "abstract": "' + b" " * MB
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as file:
        for _ in range(1024):
            file.write(piece)
    return packed.getvalue()

"""Files that cost much to read: one text of a paper is made of a single thing, again and again."""

import gzip
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.attacks.wire import MB

SMALL, LARGE = 80_000, 19 * MB  # the page takes files of up to 20 MB

# What a text is filled with. Patterns that go back and forth take long over the one or the other.
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
    """Files that are added at once, each with the name under which it is uploaded."""

    what: str
    files: tuple[tuple[str, bytes], ...]


def small_files() -> Iterator[HostileFiles]:
    """Every format with each filling, 80 KB as title and as abstract."""
    for suffix, write in _WRITERS.items():
        for name, piece in FILLINGS.items():
            text = f"A {piece * (SMALL // len(piece))} B"
            contents = write(text, _PLAIN), write(_TITLE, text)
            files = tuple((f"{place}{suffix}", content) for place, content in enumerate(contents))
            yield HostileFiles(f"80 KB of {name}, {suffix}", files)


def large_files() -> Iterator[HostileFiles]:
    """Every format, nearly as large as may be; then files of nothing else, and packed ones."""
    for suffix, write in _WRITERS.items():
        for name in ("spaces", "brackets", "no words", "capitals and stops"):
            text = FILLINGS[name] * ((LARGE - 2000) // len(FILLINGS[name]))
            yield _one(f"19 MB of {name} as abstract", suffix, write(_TITLE, text)[:LARGE])
        yield _one("9 MB of spaces as title", suffix, write(f"A {' ' * 9 * MB} B", _PLAIN))
    for suffix in (*_WRITERS, ".parquet", ".ndjson", ".tsv"):
        for name in ("spaces", "brackets", "braces", "newlines"):
            yield _one(f"19 MB of nothing but {name}", suffix, FILLINGS[name].encode() * LARGE)
    noise = random.Random(0).randbytes(MB)  # noqa: S311
    yield _one("noise", ".parquet", b"PAR1" + noise + b"PAR1")
    yield _one("200,000 papers that are the same", ".parquet", _parquet("a b " * 1000, 200_000))
    yield _one("a text of 200 MB, packed", ".parquet", _parquet(" " * 200 * MB, 1))
    for suffix in (".jsonl", ".json", ".txt", ".bib", ".csv"):
        yield _one("1 GB packed", f"{suffix}.gz", _bomb())


def _one(what: str, suffix: str, content: bytes) -> HostileFiles:
    return HostileFiles(f"{what}, {suffix}", ((f"a{suffix}", content),))


def _json_lines(title: str, abstract: str) -> bytes:
    return json.dumps({"title": title, "abstract": abstract, "published": "2020"}).encode() + b"\n"


def _json(title: str, abstract: str) -> bytes:
    entry = {
        "title": title,
        "abstract": abstract,
        "type": "article-journal",
        "issued": {"date-parts": [[2020]]},
    }
    return json.dumps([entry]).encode()


def _bib(title: str, abstract: str) -> bytes:
    return f"@article{{a,\n title = {{{title}}},\n abstract = {{{abstract}}},\n year = 2020\n}}\n".encode()


def _csv(title: str, abstract: str) -> bytes:
    rows = ('"' + text.replace('"', '""') + '"' for text in (title, abstract, "2020"))
    return ("title,abstract,published\n" + ",".join(rows) + "\n").encode()


def _snapshot(title: str, abstract: str) -> bytes:
    record = {"id": "2001.00001", "title": title, "abstract": abstract, "categories": "cs.CL"}
    return json.dumps(record).encode() + b"\n"


def _text(title: str, abstract: str) -> bytes:
    """As a saved page of Daily Papers."""
    page = f"Get trending papers in your email inbox!\nSubscribe\n{title}\n\n{abstract}\n\n\n"
    return f"{page}  • 3 authors\n·\nSep 27, 2021".encode()


def _parquet(abstract: str, rows: int) -> bytes:
    """A table whose rows all say the same, which takes next to no room."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([abstract]))
    titles = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([_TITLE]))
    pq.write_table(pa.table({"title": titles, "abstract": texts}), packed, compression="zstd")
    return packed.getvalue()


def _bomb() -> bytes:
    """A gigabyte, packed into a megabyte."""
    packed, piece = io.BytesIO(), b'{"title": "A", "abstract": "' + b" " * MB
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as file:
        for _ in range(1024):
            file.write(piece)
    return packed.getvalue()


_TITLE = "A Study of Otters"
_PLAIN = "We count 12 otters in the river. They are seldom seen by day, and swim alone or in pairs."
_WRITERS: Mapping[str, Callable[[str, str], bytes]] = {
    ".jsonl": _json_lines,
    ".json": _json,
    ".bib": _bib,
    ".csv": _csv,
    ".arxiv.json": _snapshot,
    ".txt": _text,
}

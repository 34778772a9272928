"""Files of each format that papers are read from, with a text in one of their fields, or as the whole."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from benchmarks.text_reading import ABSTRACT, FileReader, written
from ingest.sources.files import FileSource
from rag.errors import AskpapersError

_TOLD = {
    "title": "Owls at Night",
    "abstract": ABSTRACT,
    "author": "Lind, Ann",
    "published": "2021-03-05",
    "doi": "10.1000/182",
    "organization": "Owls",
    "url": "https://arxiv.org/abs/2110.07143",
}


def _jsonl(told: Mapping[str, str]) -> str:
    named = {"author": "authors", "url": "arxiv_id"}
    return json.dumps({named.get(name, name): text for name, text in told.items()})


def _snapshot(told: Mapping[str, str]) -> str:
    parsed = {"authors_parsed": [[told["author"], "Ann", ""]], "versions": [{"created": told["published"]}]}
    return json.dumps(dict(told) | parsed | {"id": told["url"], "update_date": told["published"]})


def _csl(told: Mapping[str, str]) -> str:
    return json.dumps(
        [
            {
                "title": told["title"],
                "abstract": told["abstract"],
                "author": [{"family": told["author"]}],
                "issued": {"raw": told["published"]},
                "DOI": told["doi"],
                "organization": told["organization"],
                "URL": told["url"],
            }
        ]
    )


def _bibtex(told: Mapping[str, str]) -> str:
    fields = ",\n".join(f"  {name} = {{{text}}}" for name, text in told.items())
    return f"@misc{{a,\n{fields.replace('published', 'date')}\n}}\n"


def _csv(told: Mapping[str, str]) -> str:
    cells = ('"' + text.replace('"', '""') + '"' for text in told.values())
    return f"{','.join(told)}\n{','.join(cells)}\n"


def _txt(told: Mapping[str, str]) -> str:
    abstract = told["abstract"] if len(told["abstract"]) > 200 else f"{told['abstract']} {ABSTRACT * 3}"
    details = f"owls {told['organization']}\n• 10 authors\n·\n{told['published']}\n"
    return f"{told['title']}\n\n{abstract}\n\n{details}"


_FORMATS: Mapping[str, tuple[Callable[[Mapping[str, str]], str], tuple[str, ...]]] = {
    "papers.jsonl": (_jsonl, tuple(_TOLD)),
    "arxiv.json": (_snapshot, ("title", "abstract", "author", "published", "doi", "url")),
    "csl.json": (_csl, tuple(_TOLD)),
    "papers.bib": (_bibtex, tuple(_TOLD)),
    "papers.csv": (_csv, tuple(_TOLD)),
    "page.txt": (_txt, ("title", "abstract", "organization", "published")),
}


def file_readers() -> Iterator[FileReader]:
    """Files of each format that are nothing but this text, or have it in one field."""
    for name, (write, fields) in _FORMATS.items():
        yield FileReader(f"{name}, whole", partial(_read_file, name))
        for field in fields:
            yield FileReader(f"{name}, {field}", partial(_read_field, name, write, field))


def _read_field(
    name: str, write: Callable[[Mapping[str, str]], str], field: str, text: str
) -> Sequence[object]:
    return _read_file(name, write({**_TOLD, field: text}))


def _read_file(name: str, content: str) -> Sequence[object]:
    path = written(name, content.encode("utf-8", "surrogateescape"))
    try:
        return list(FileSource(path).read())
    except AskpapersError as error:
        return [error]

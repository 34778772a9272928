"""The sources that a command names: files and folders, standard input, and services by their prefix."""

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from ingest.sources.base import ReadOptions, Source
from ingest.sources.files import open_path
from ingest.sources.service import ARXIV_FORMS, HF_FORMS, PUBMED_FORMS, ServiceQuery
from ingest.sources.standard_input import STANDARD_INPUT, open_standard_input
from ingest.sources.zotero.opening import is_zotero, open_zotero, zotero_in
from rag.errors import SourceError
from rag.identity import arxiv_key
from rag.plain import cut, in_a_line

Service = Callable[[ServiceQuery], Source]
_SUBJECT = re.compile(r"\.[a-z]{2}(?=/)")  # in math.gt/0309136: arXiv's own form is without it
_SHOWN = 100  # characters of a name in an error
_FORMS = {"arxiv": ARXIV_FORMS, "hf": HF_FORMS, "pubmed": PUBMED_FORMS}  # of the services, by prefix
_PREFIXES = tuple(f"{name}:" for name in _FORMS)
_PMID = re.compile(r"0*([1-9]\d{0,8})", re.ASCII)
_MOST, _PDF = re.compile(r"max=(\d{1,9})", re.ASCII), "pdf"


def sources_by_name(names: Sequence[str], options: ReadOptions = ReadOptions()) -> dict[str, list[Source]]:
    """The sources that come of each name, in the order of the names, each checked for its form before any
    is read; each source comes once, under the first name that it came of.

    `-` is standard input; `hf:`, `arxiv:` and `pubmed:` begin the name of a service; `zotero`, or what
    `zotero:` begins, is a library of Zotero's; any other name, and one that begins with `./`, is a file, a
    folder or a pattern. Raises SourceError.
    """
    if not all(name.strip() for name in names):
        raise SourceError("a source has no name: say which file or folder to ingest")
    if names.count(STANDARD_INPUT) > 1:
        raise SourceError(f"standard input can be read once: say {STANDARD_INPUT} once")
    load = cache(_load_service)  # all sources of a service share it, and so its pace
    services = {name: _from_service(name, load) for name in names if name.startswith(_PREFIXES)}
    unique: dict[str, Source] = {}
    by_name: dict[str, list[Source]] = {}
    for name in names:
        if name in services:
            sources = [services[name]]
        elif is_zotero(name):
            sources = [open_zotero(name, options)]
        elif name == STANDARD_INPUT:
            sources = [open_standard_input(options)]
        else:
            sources = _on_disk(name, options, is_one_of_many=len(set(names)) > 1)
        new = [source for source in sources if unique.setdefault(source.name, source) is source]
        by_name.setdefault(name, []).extend(new)
    return by_name


def is_service(name: str) -> bool:
    """Whether this is the name of a service's papers, or of a library of Zotero's, not of a file."""
    return name.startswith(_PREFIXES) or is_zotero(name)


def path_of(name: str) -> Path:
    """The absolute path, or pattern, that a name on the command line stands for."""
    return Path(name).expanduser().absolute()


def _on_disk(name: str, options: ReadOptions, *, is_one_of_many: bool) -> list[Source]:
    path = path_of(name)
    key = arxiv_key(name)
    if key and not path.exists():
        raise SourceError(f"{name} is no file: for the paper of that id say arxiv:{key}")
    if library := zotero_in(path, options):
        return [library]
    return open_path(path, options, is_one_of_many=is_one_of_many)


def _load_service(prefix: str) -> Service:
    """The sources of a service; its library is loaded only here."""
    if prefix == "hf":
        from ingest.sources.hugging_face import Hub, hub_source

        return partial(hub_source, hub=Hub())
    if prefix == "pubmed":
        from ingest.sources.pubmed_api import PubMed, pubmed_source

        return partial(pubmed_source, service=PubMed.from_environment())
    from ingest.sources.arxiv_api import Arxiv, arxiv_source

    return partial(arxiv_source, service=Arxiv())


def _from_service(name: str, load: Callable[[str], Service]) -> Source:
    """The source for a name with a service's prefix. Raises SourceError."""
    prefix, _, text = name.partition(":")
    try:
        return load(prefix)(_pubmed_query(text) if prefix == "pubmed" else _query(text))
    except ValueError as error:
        shown = cut(in_a_line(name), _SHOWN)
        raise SourceError(f"{shown} names no papers: say it like {_FORMS[prefix]}") from error


def _pubmed_query(text: str) -> ServiceQuery:
    """The query that `PMID,PMID` or `QUERY;max=N` stands for; `query=` may stand before it.

    Raises ValueError.
    """
    ids = [_PMID.fullmatch(part.strip()) for part in text.split(",")]
    if all(ids):
        return ServiceQuery(ids=tuple(dict.fromkeys(match[1] for match in ids if match)))
    return _query(text if text.lstrip().startswith("query=") else f"query={text}")


def _query(text: str) -> ServiceQuery:
    """The query that `ID,ID` or `key=value;max=N` stands for, perhaps with `;pdf`. Raises ValueError."""
    what, *options = (part.strip() for part in text.split(";"))
    key, equals, value = (part.strip() for part in what.partition("="))
    value.encode()  # raises ValueError for half a surrogate pair, which no address can hold
    if pdf := _PDF in options:
        options.remove(_PDF)
    if not equals and not options:
        return ServiceQuery(ids=ids_in(what), pdf=pdf)
    most = [int(match[1]) for option in options if (match := _MOST.fullmatch(option))]
    if not value or len(most) < len(options) or len(options) > 1 or most == [0]:
        raise ValueError("not a form")
    return ServiceQuery(key=key, value=value, most=most[0] if most else None, pdf=pdf)


def ids_in(text: str) -> tuple[str, ...]:
    """arXiv ids separated by commas, without versions, each once. Raises ValueError."""
    keys = [arxiv_key(arxiv_id) for arxiv_id in text.split(",")]
    if not all(keys):
        raise ValueError("not an arXiv id")
    return tuple(dict.fromkeys(_SUBJECT.sub("", key) for key in keys if key))

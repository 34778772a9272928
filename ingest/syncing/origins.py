"""Origins: what a user named for the library to be made of, in a form that can be opened again later."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from ingest.sources.base import ReadOptions, Skipped, Source, shown_path
from ingest.sources.files import FileSource, is_pattern, skipped_files
from ingest.sources.named import is_service, path_of, sources_by_name
from ingest.sources.standard_input import STANDARD_INPUT
from ingest.sources.zotero.opening import is_on_server, is_zotero
from rag.errors import SourceError
from rag.library.catalog import Catalog
from rag.library.origins import Origin

_NAMED = "named"
_FROM_TEXT: dict[str, Callable[[str], Any]] = {"saved": date.fromisoformat, "zotero": Path}


def open_origins(
    names: Sequence[str], options: ReadOptions, **more: Any
) -> tuple[list[Source], dict[str, Origin], list[Skipped]]:
    """The sources that a user names, the origin of each by its name, and the files that are left out.

    What cannot be opened again, such as standard input, has no origin. `more` is remembered with the
    origins, such as that their papers are to be completed. Raises SourceError.
    """
    sources: list[Source] = []
    origins: dict[str, Origin] = {}
    skipped: list[Skipped] = []
    for name, its_own in sources_by_name(names, options).items():
        sources += its_own
        if name == STANDARD_INPUT:
            continue
        origin = _origin(name, its_own, options, more)
        origins |= {source.name: origin for source in its_own}
        if any(isinstance(source, FileSource) for source in its_own):  # not Zotero's own folder
            skipped += skipped_files(path_of(name), options)
    return sources, origins, list(dict.fromkeys(skipped))


def can_be_opened(origin: Origin) -> bool:
    """Whether an origin can be looked at again: a path or a service, not an upload."""
    name = _named(origin)
    return is_service(name) or Path(name).is_absolute()


def chosen(catalog: Catalog, names: Sequence[str]) -> list[Origin]:
    """The origins with these names, or of which sources with these names came; all for no name.

    Raises SourceError.
    """
    origins = catalog.made_of.all()
    if not names:
        return origins
    by_name = _by_name(origins)
    by_source = {source.name: source.origin for source in catalog.made_of.all_sources()}
    picked: dict[str, Origin] = {}
    for name in names:
        possible = _possible(name)
        owners = [key for key in possible if key in by_name]
        owners += [by_source[key] for key in possible if key in by_source]
        if not owners:
            raise SourceError(
                f"nothing in the library came of {name}: bring it in with `askpapers ingest`, or see what "
                "it was made of with `askpapers library sources`"
            )
        origin = by_name[owners[0]]
        picked[origin.name] = origin
    return list(picked.values())


def forget(catalog: Catalog, names: Sequence[str]) -> list[str]:
    """Forget the origins with these names, whose papers stay; return what they are called.

    For one writer, which holds the library's lock. Raises SourceError before any is forgotten.
    """
    by_name = _by_name(catalog.made_of.all())
    forgotten: list[str] = []
    for name in names:
        origin = next((by_name[key] for key in _possible(name) if key in by_name), None)
        if origin is None:
            raise SourceError(f"{name} is no source of the library: `askpapers library sources` lists them")
        forgotten.append(origin.name)
    for name in forgotten:
        catalog.made_of.forget_origin(name)
    return forgotten


def _by_name(origins: Sequence[Origin]) -> dict[str, Origin]:
    """The origins by their names, and by what the user named."""
    by_name = {str(origin.options[_NAMED]): origin for origin in origins if _NAMED in origin.options}
    return by_name | {origin.name: origin for origin in origins}


def _possible(name: str) -> tuple[str, str]:
    """What an origin may be called that the user names like this."""
    return name, shown_path(path_of(name))


def open_again(origins: Sequence[Origin]) -> dict[str, list[Source] | SourceError]:
    """The sources that come of each origin now, or why there are none."""
    opened = dict[str, list[Source] | SourceError]()
    services = defaultdict[str, list[Origin]](list)
    for origin in origins:
        if is_service(_named(origin)):
            services[json.dumps(_read_options(origin), default=str, sort_keys=True)].append(origin)
        else:
            opened[origin.name] = _opened([origin])[0]
    for alike in services.values():  # opened together, they share the pace that a service asks for
        opened |= {origin.name: sources for origin, sources in zip(alike, _opened(alike), strict=True)}
    return opened


def _opened(origins: Sequence[Origin]) -> list[list[Source] | SourceError]:
    """The same for origins with equal options, in their order."""
    names = [_named(origin) for origin in origins]
    try:
        by_name = sources_by_name(names, ReadOptions(**_read_options(origins[0])))
    except SourceError as error:
        return [error] if len(origins) == 1 else [_opened([origin])[0] for origin in origins]
    return [[_as_one_of_many(source) for source in by_name[name]] for name in names]


def path_of_origin(origin: Origin) -> Path | None:
    """The file, folder or pattern of an origin; None for a service."""
    name = _named(origin)
    return None if is_service(name) else Path(name)


def is_here(origin: Origin) -> bool:
    """Whether an origin is on this computer: files, or its Zotero."""
    name = _named(origin)
    return not is_service(name) or (is_zotero(name) and not is_on_server(name))


def kind_of(origin: Origin) -> str:
    """What an origin is, in a word: the name of a service, or file, folder, pattern, other."""
    path = path_of_origin(origin)
    if path is None:
        return _named(origin).partition(":")[0]
    if not can_be_opened(origin):
        return "other"
    if path.is_dir():
        return "folder"
    return "pattern" if is_pattern(path) else "file"


def _origin(name: str, sources: Sequence[Source], options: ReadOptions, more: Mapping[str, Any]) -> Origin:
    """An origin has the name of its only source if it is a service, and else its absolute path."""
    named, shown = name, name
    if not is_service(name):
        named, shown = str(path_of(name)), shown_path(path_of(name))
    elif len(sources) == 1:
        shown = sources[0].name
    given = {field.name: getattr(options, field.name) for field in fields(options)} | dict(more)
    given = {name: value for name, value in given.items() if value not in (None, False, {}, ())}
    return Origin(shown, json.loads(json.dumps({_NAMED: named, **given}, default=str)))


def _named(origin: Origin) -> str:
    return str(origin.options.get(_NAMED, origin.name))


def _read_options(origin: Origin) -> dict[str, Any]:
    """How the user said that the origin is to be read, as far as this version knows it."""
    known = {field.name for field in fields(ReadOptions)} & origin.options.keys()
    given: dict[str, Any] = {name: origin.options[name] for name in known}
    return given | {name: read(given[name]) for name, read in _FROM_TEXT.items() if name in given}


def _as_one_of_many(source: Source) -> Source:
    return replace(source, is_one_of_many=True) if isinstance(source, FileSource) else source

"""The sources that names such as `zotero:Thesis/Chapter 2` stand for."""

import re
from pathlib import Path

from ingest.sources.base import ReadOptions, Source
from ingest.sources.zotero.finding import find_folder, folder_of
from ingest.sources.zotero.local import ZoteroSource
from rag.errors import SourceError

ZOTERO = "zotero"
FORMS = (
    "zotero for the library on this computer, zotero:COLLECTION, zotero:group/NAME, or zotero:USER-ID and "
    "zotero:groups/ID for one on Zotero's server"
)
_ON_SERVER = re.compile(
    r"(?P<group>groups/)?(?P<id>\d{1,15})(?:/(?P<collection>[^/].*))?", re.ASCII | re.DOTALL
)
_PDF = ";pdf"


def is_zotero(name: str) -> bool:
    """Whether a source's name is one of Zotero's, rather than a file's."""
    return name == ZOTERO or name.startswith(f"{ZOTERO}:")


def is_on_server(name: str) -> bool:
    """Whether the library of a name is on Zotero's server, not on this computer."""
    return bool(_ON_SERVER.fullmatch(_wanted(name).removesuffix(_PDF)))


def open_zotero(name: str, options: ReadOptions) -> Source:
    """The source of a name: behind the colon stands a user's number, or a collection, which a slash before
    it tells from a number. Raises SourceError.
    """
    wanted = _wanted(name)
    if name != ZOTERO and not wanted.strip("/"):
        raise SourceError(f"{name} names no collection: say {FORMS}")
    if match := _ON_SERVER.fullmatch(wanted.removesuffix(_PDF)):
        from ingest.sources.zotero.web import web_source

        owner = f"{'groups' if match['group'] else 'users'}/{match['id']}"
        return web_source(owner, (match["collection"] or "").strip("/"), has_pdfs=wanted.endswith(_PDF))
    folder = find_folder(options.zotero)
    group, rest = None, wanted
    if wanted.startswith("group/"):
        group, _, rest = wanted.removeprefix("group/").partition("/")
    return ZoteroSource(folder, rest.strip("/"), group or None, options.keep)


def _wanted(name: str) -> str:
    return name.removeprefix(ZOTERO).removeprefix(":").strip()


def zotero_in(path: Path, options: ReadOptions) -> ZoteroSource | None:
    """The library of a data folder, or of a database, that was named as a path."""
    folder = folder_of(path)
    return ZoteroSource(folder, keep=options.keep) if folder else None

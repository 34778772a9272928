"""Checks of the library that commands use: what it holds, whether its indexes follow, who is writing."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from rag.embedding import embedded_encoder, open_encoder
from rag.errors import AskpapersError, DamagedError
from rag.library.body_words import BodyWords
from rag.library.chroma_server import ChromaServer
from rag.library.dense import DenseIndex
from rag.library.glance import Glance, glance, glance_at_dense
from rag.library.lexical import LexicalIndex
from rag.library.library import catalog_path, is_library
from rag.library.lock import Holder, WriteLock
from rag.library.tokens import TokenIndex
from rag.settings import Settings, bundled_library, own_library
from ui.checkup.finding import Finding
from ui.checkup.machine import look_at_folder

_NONE = "make one with `askpapers ingest SOURCE...`"


def look_at_library(named: Path | None, settings: Settings, is_served: bool) -> Iterator[Finding]:
    """`is_served`: the Chroma server, where one is configured, can be asked."""
    named = named or settings.library
    folder = (named or _default_library()).expanduser().absolute()
    yield from look_at_folder("disk", folder)
    if not is_library(folder):
        yield Finding("library", "warn", f"there is none in {folder} yet", _NONE)
        return
    if not named and folder == bundled_library():
        yield Finding("library", "warn", "none of yours yet: the papers of the program answer", _NONE)
    if holder := _holder(folder):
        yield Finding("writing", "warn", f"{holder} is writing to it", "bring papers in when it is done")
    catalog = glance(catalog_path(folder))
    yield _contents(folder, catalog)
    yield from _look_at_indexes(folder, catalog, settings, is_served)


def _default_library() -> Path:
    """The library that answers where none is named."""
    own, bundled = own_library(), bundled_library()
    if not is_library(bundled):
        return own
    with suppress(DamagedError):
        if not is_library(own) or not glance(catalog_path(own)).papers:
            return bundled
    return own


def _contents(folder: Path, catalog: Glance) -> Finding:
    kind = "digests" if catalog.holds_digests else "papers"
    contents = f"{catalog.papers} {kind}, {catalog.passages} passages in {folder}"
    if catalog.is_older:
        todo = "the next command brings it to the form of this one"
        return Finding("library", "warn", f"{contents}, written by an older askpapers", todo)
    if not catalog.papers:
        return Finding("library", "warn", f"no papers in {folder}", _NONE)
    return Finding("library", "ok", contents)


def _look_at_indexes(
    folder: Path, catalog: Glance, settings: Settings, is_served: bool
) -> Iterator[Finding]:
    checkpoints = {"lexical": _lexical, "dense": _dense, "tokens": _tokens}
    if catalog.holds_bodies:
        checkpoints |= {"body-lexical": _body_words, "body-dense": _dense}
    for name, checkpoint in checkpoints.items():
        if checkpoint is _dense and not is_served:
            continue
        try:
            behind = catalog.behind(checkpoint(folder / name, settings))
        except AskpapersError as error:
            yield Finding.from_error(f"index {name}", error)
            continue
        if behind:
            todo = "the next command that reads the library brings it up to date"
            yield Finding(f"index {name}", "warn", f"{behind} changes behind the catalog", todo)
        else:
            yield Finding(f"index {name}", "ok", "up to date")


def _lexical(folder: Path, _: Settings) -> int:
    with closing(LexicalIndex(folder)) as index:
        return index.checkpoint()


def _body_words(folder: Path, _: Settings) -> int:
    with closing(BodyWords(folder)) as index:
        return index.checkpoint()


def _dense(folder: Path, settings: Settings) -> int:
    encoder, server = open_encoder(settings), ChromaServer.from_settings(settings)
    if not server:
        return glance_at_dense(folder, encoder.name)
    with closing(DenseIndex(folder, encoder, server)) as index:
        return index.checkpoint()


def _tokens(folder: Path, _: Settings) -> int:
    with closing(TokenIndex(folder, embedded_encoder())) as index:
        return index.checkpoint()


def _holder(folder: Path) -> Holder | None:
    """Who is writing, as far as can be known without touching the lock; not a process that was killed."""
    holder = WriteLock(folder).holder()
    if holder and holder.host == socket.gethostname() and os.name == "posix":
        try:
            os.kill(holder.pid, 0)  # asks only whether there is such a process
        except ProcessLookupError:
            return None
        except PermissionError:  # a process of another user
            pass
    return holder

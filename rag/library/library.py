"""The library: one folder with its catalog and indexes, kept in step."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from itertools import accumulate
from pathlib import Path
from typing import Self

from rag.closing import closing_on_error
from rag.embedding import embedded_encoder, hang_up, open_encoder
from rag.embedding.base import Encoder, TokenEncoder, Tokens, Vectors
from rag.embedding.shared import SharedPass, encode_both, gives_tokens
from rag.errors import LibraryBusyError, LibraryError, NoLibraryError
from rag.library.body_words import BodyWords
from rag.library.catalog import Catalog, Change, Index
from rag.library.checking import disagreements
from rag.library.chroma_server import ChromaServer
from rag.library.dense import DenseIndex
from rag.library.folders import make_folder, move_away
from rag.library.lexical import LexicalIndex, Standing
from rag.library.lock import WriteLock
from rag.library.near import AT_A_TIME, NearDuplicate, near_duplicates
from rag.library.progress import Track, untracked
from rag.library.suggesting import only_one, suggestions
from rag.library.tokens import TokenIndex
from rag.private import close_data_folder
from rag.settings import Settings, bundled_library, own_library
from rag.types import Paper

INDEXES = ("lexical", "dense", "token", "body-lexical", "body-dense")
"""The names of the indexes."""
_PATIENCE = 5.0  # seconds to wait for another process that makes the same library
_IN_BODIES = 400  # passages of bodies that are applied at a time, or those of one paper


class Library:
    """Papers in one folder. Use it as a context manager, or close it.

    Safe to use from several threads. Of several processes one writes at a time, others read.
    """

    def __init__(
        self, folder: Path | str, encoder: Encoder | None = None, server: ChromaServer | None = None
    ) -> None:
        """Open the library of a folder, by default with the embedded encoder.

        The vectors of passages are on the server if there is one, else in the folder.
        Raises NoLibraryError, DamagedError.
        """
        self.folder = Path(folder).expanduser().absolute()
        if not is_library(self.folder):
            raise NoLibraryError(
                f"there is no library in {self.folder}: make one with "
                f"`askpapers ingest SOURCE... --library {folder}`"
            )
        close_data_folder(self.folder)
        self.encoder = encoder or embedded_encoder()
        both = self.encoder if gives_tokens(self.encoder) else None
        self.token_encoder: TokenEncoder = both or embedded_encoder()
        shared = SharedPass(both) if both else None
        self.catalog = Catalog(catalog_path(self.folder))
        self.dense = DenseIndex(self.folder / "dense", shared or self.encoder, server)
        self.tokens = TokenIndex(self.folder / "tokens", shared or self.token_encoder)
        self.lexical = LexicalIndex(self.folder / "lexical")
        self.body_dense = DenseIndex(self.folder / "body-dense", self.encoder, server, "body")
        self.body_words = BodyWords(self.folder / "body-lexical")
        self.lock = WriteLock(self.folder)

    @classmethod
    def open(
        cls,
        place: "Place" = None,
        settings: Settings | None = None,
        track: Track = untracked,
        *,
        catch_up: bool = True,
        create: bool = False,
    ) -> "Library":
        """The library that is meant, with the encoder and the server of the settings.

        `place` is its folder, or a Library, which is given back; without it the settings name the folder,
        else it is the user's own, else the bundled one. The environment gives the settings that are left
        out. `catch_up` brings its indexes up to date, unless another process does; `create` makes an
        empty library in a folder that holds none.
        Raises NoLibraryError, LibraryError, EncoderMissingError, ModelError.
        """
        if isinstance(place, Library):
            return place
        settings = settings or Settings.read()
        folder = Path(place) if place is not None else find_library(settings)
        begin = cls.create if create else cls
        library = begin(folder, open_encoder(settings), ChromaServer.from_settings(settings))
        with closing_on_error(library), suppress(LibraryBusyError):
            if catch_up and library.behind():
                library.sync(track)
        return library

    @classmethod
    def create(
        cls, folder: Path | str, encoder: Encoder | None = None, server: ChromaServer | None = None
    ) -> Self:
        """Open the library of a folder, or create an empty one there. Raises LibraryError."""
        place = Path(folder).expanduser().absolute()
        make_folder(place)
        if not is_library(place):
            with WriteLock(place).held(_PATIENCE):
                if not is_library(place):  # nobody else was first
                    forget_indexes(place)
                    Catalog(catalog_path(place)).close()
        return cls(folder, encoder, server)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes in use: those of bodies only where some paper has one, or had."""
        of_abstracts = self.lexical, self.dense, self.tokens
        return (*of_abstracts, *self._of_bodies) if self._has_bodies else of_abstracts

    @property
    def _has_bodies(self) -> bool:
        """Whether some paper has a body, or the indexes may still hold one that was removed."""
        return self.catalog.files.holds_bodies() or (self.folder / self.body_words.name).exists()

    @property
    def _of_bodies(self) -> tuple[Index, ...]:
        return (self.body_words, self.body_dense)

    def standing(self, word: str) -> Standing:
        """Whether a word occurs in some paper, as `LexicalIndex.standing` has it."""
        standing = self.lexical.standing(word)
        if standing == "there" or not self.catalog.files.holds_bodies():
            return standing
        in_bodies = self.body_words.standing(word)
        return standing if in_bodies == "nowhere" else in_bodies

    def suggestions(self, reference: str, most: int = 3) -> list[Paper]:
        """At most `most` papers that a reference to none may mean, by near titles, keys and ids."""
        return suggestions(self.catalog, self.lexical, reference, most)

    def only_one(self, reference: str) -> Paper | None:
        """The one paper whose title begins with all words of a reference; None if there are several."""
        return only_one(self.catalog, self.lexical, reference)

    def encode_query(self, query: str) -> tuple[Vectors, Tokens]:
        """The vector of a query (dimension,) and its word pieces, from one pass where that gives both."""
        if gives_tokens(self.encoder):
            (vector,), (tokens,) = encode_both(self.encoder, [query])
        else:
            (vector,), (tokens,) = self.encoder.encode([query]), self.token_encoder.encode_tokens([query])
        return vector, tokens

    def behind(self) -> int:
        """Number of changes still to apply, summed over the indexes."""
        return sum(map(self._behind, self.indexes))

    def papers_behind(self) -> int:
        """Number of papers still to index, in the index that lacks most."""
        return max(map(self._behind, self.indexes))

    def sync(self, track: Track = untracked) -> None:
        """Bring every index up to the catalog.

        Raises LibraryBusyError, WrongEncoderError, EncoderMissingError, ModelError.
        """
        with self.writing():
            self.drop_indexes_ahead()
            self._catch_up([self.lexical], track)
            self._catch_up([self.dense, self.tokens], track)  # together: they share the encoder's pass
            if self._has_bodies:
                self._catch_up(self._of_bodies, track)

    def catch_up(self) -> None:
        """Wait until searches see what other processes have written; only the dense indexes take time."""
        self.dense.catch_up()
        self.body_dense.catch_up()

    def remove(self, references: Sequence[str], track: Track = untracked) -> int:
        """Remove papers from the catalog, then from the indexes; return how many there were.

        References are ids, arXiv ids, DOIs or titles; one that names no paper is ignored.
        Raises the errors of `sync`.
        """
        with self.writing():
            self.drop_indexes_ahead()
            removed = self.catalog.remove(references)
            self.forget_files()
            self.sync(track)
        return removed

    def drop_indexes_ahead(self) -> None:
        """Delete indexes that are ahead of the catalog, because an older catalog has replaced it.

        Call it before anything is written: new changes would take sequence numbers that they have applied.
        """
        last = self.catalog.last_sequence()
        for index in self.indexes:
            if index.checkpoint() > last:
                index.reset()

    def reindex(self, track: Track = untracked, names: Collection[str] = ()) -> None:
        """Rebuild all indexes, or the named ones, from the catalog.

        Raises the errors of `sync`, and LibraryError for an unknown name.
        """
        by_name = {index.name: index for index in self.indexes}
        if unknown := sorted(set(names) - by_name.keys()):
            raise LibraryError(
                f"there is no index {unknown[0]}: name some of {', '.join(by_name)}, or none for all"
            )
        with self.writing():
            _ = self.encoder.dimension  # a model that does not answer does so before anything is deleted
            for name in names or by_name:
                by_name[name].reset()
            self.sync(track)

    def verify(self, track: Track = untracked) -> list[str]:
        """Every problem of the catalog or an index, in words; empty if there is none."""
        behind = [
            f"{index.name}: {behind} changes behind the catalog"
            for index in self.indexes
            if (behind := self._behind(index))
        ]
        return [*self.catalog.problems(), *behind, *disagreements(self.catalog, self.indexes, track)]

    def near_duplicates(self, after: int = 0, track: Track = untracked) -> Iterator[NearDuplicate]:
        """Pairs of papers with nearly the same title, one of which changed after a sequence number.

        They are never merged. Takes about 1 ms per changed paper.
        """
        total = self.catalog.count_changes_after(after)
        batches: Iterable[list[Change]] = self._batches(after, AT_A_TIME)
        if total > AT_A_TIME:  # else it takes less than a second
            batches = track(batches, "looking for near titles", total)
        return near_duplicates(self.catalog, self.lexical, batches)

    def writing(self, patience: float = 0.0) -> AbstractContextManager[None]:
        """Hold the write lock, after waiting at most `patience` seconds; it ends with the process.

        Raises LibraryBusyError, LibraryError.
        """
        return self.lock.held(patience)

    def kept_file(self, file: str) -> Path:
        """Where the library's own copy of a file stands, if it has one; `file` is its SHA-256."""
        return self.folder / "files" / f"{file}.pdf"

    def file_of(self, paper: Paper) -> Path | None:
        """The file of a paper: the library's copy, or the one that was read, if it is still there."""
        known = self.catalog.files.known([paper.file]).get(paper.file) if paper.file else None
        if not known:
            return None
        # A path that is not absolute is the label of an upload, of which there is only the copy.
        places = (self.kept_file(known.file), Path(known.path))
        return next((place for place in places if place.is_absolute() and place.is_file()), None)

    def forget_files(self) -> None:
        """Delete the copies of files that no paper has any more, and what a killed process left of one.

        For the process that writes.
        """
        kept = {self.kept_file(file) for file in self.catalog.files.kept()}
        for copy in (self.folder / "files").glob("*"):
            if copy not in kept:
                copy.unlink(missing_ok=True)

    def close(self) -> None:
        indexes: tuple[Index, ...] = (self.lexical, self.dense, self.tokens, *self._of_bodies)
        for index in indexes:
            index.close()
        self.catalog.close()
        hang_up(self.encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _behind(self, index: Index) -> int:
        """The number of changes that an index lacks; all of them if it is ahead of the catalog."""
        checkpoint = index.checkpoint()
        return self.catalog.count_changes_after(
            checkpoint if checkpoint <= self.catalog.last_sequence() else 0
        )

    def _catch_up(self, indexes: Sequence[Index], track: Track) -> None:
        """Apply to these indexes the changes that they lack, batch by batch."""
        start = min(index.checkpoint() for index in indexes)
        total = self.catalog.count_changes_after(start)
        if not total:
            return
        what = f"{' and '.join(index.name for index in indexes)} index"
        batches = self._batches(start, min(index.batch for index in indexes))
        if indexes == self._of_bodies:
            batches = self._with_bodies(batches)
        for changes in track(batches, what, total):
            for index in indexes:
                if index.checkpoint() < changes[-1].sequence:
                    index.apply(changes, changes[-1].sequence)

    def _batches(self, start: int, size: int) -> Iterator[list[Change]]:
        while changes := self.catalog.changes_after(start, size):
            yield changes
            start = changes[-1].sequence

    def _with_bodies(self, batches: Iterable[list[Change]]) -> Iterator[list[Change]]:
        """The changes with their texts, in smaller batches."""
        for changes in batches:
            while changes:
                passages = accumulate(len(change.in_body) for change in changes)
                size = max(1, sum(total <= _IN_BODIES for total in passages))
                yield self.catalog.with_text(changes[:size])
                changes = changes[size:]


Place = Library | Path | str | None
"""A library, or its folder; None for the default library."""


def find_library(settings: Settings) -> Path:
    """The folder of the default library. Raises NoLibraryError."""
    if settings.library:
        return settings.library
    folder = next((place for place in (own_library(), bundled_library()) if holds_papers(place)), None)
    if folder is None:
        raise NoLibraryError(
            "there is no library yet: make one with `askpapers ingest SOURCE...`, or build the "
            "bundled one with `askpapers ingest demo`"
        )
    return folder


def catalog_path(folder: Path) -> Path:
    """The catalog's file, which makes a folder a library."""
    return folder / "catalog.sqlite"


def is_library(folder: Path) -> bool:
    """Whether a folder holds a library."""
    return catalog_path(folder).is_file()


def forget_indexes(folder: Path) -> None:
    """Delete the indexes of a folder whose catalog is gone."""
    for name in ("dense", "lexical", "tokens", "body-dense", "body-lexical"):
        move_away(folder / name)
    for name in ("dense.id", "body-dense.id"):  # the names of collections on a server
        (folder / name).unlink(missing_ok=True)


def holds_papers(folder: Path) -> bool:
    """Whether a folder holds a library with papers. Raises DamagedError."""
    if not is_library(folder):
        return False
    with closing(Catalog(catalog_path(folder))) as catalog:
        return catalog.count() > 0

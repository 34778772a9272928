"""The token index: the token vectors of each paper in SQLite, matched one by one.

Late interaction (Khattab and Zaharia, 2020, "ColBERT"): each token of a query counts by its best
match in a paper. Here it is weighted by its inverse document frequency, and the vectors are those
that the encoder of the passages gives in the same pass.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import TokenEncoder, Tokens, Vectors
from rag.embedding.english import commonness
from rag.errors import LibraryError
from rag.library.catalog import Change
from rag.library.codec import COMPONENTS, Codec, Compact, Plain
from rag.library.embedded import embedded_text, fingerprint
from rag.library.faults import translated, wrong_encoder
from rag.library.folders import made_whole, move_away
from rag.library.matching import Ends, Match, matches
from rag.library.progress import Track, untracked
from rag.library.sql import rows_in
from rag.private import make_file

_FILE = "tokens.sqlite"
_PRIOR = 100  # texts of plain English that count beside the papers
_ABSTRACT = 150  # word pieces of each
_FIT_AT = 64  # papers to which the compact codec is fitted; fewer are kept plain
_SCHEMA = """
CREATE TABLE papers (
    paper_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,
    pieces BLOB NOT NULL, ends BLOB NOT NULL, vectors BLOB NOT NULL
);
CREATE TABLE state (
    encoder TEXT NOT NULL, applied INTEGER NOT NULL, frequencies BLOB NOT NULL, codec BLOB
);
"""


@dataclass(frozen=True)
class _State:
    """What holds for all papers; `frequencies` count the papers with each word piece."""

    applied: int
    papers: int
    frequencies: NDArray[np.int32]
    codec: Codec

    def weights(self, pieces: NDArray[np.int32]) -> Vectors:
        """The inverse document frequency of word pieces, as BM25 has it, adding up to 1.

        A few papers say little of how rare a piece is: so `_PRIOR` texts of plain English are added.
        """
        found = self.frequencies[pieces] + _PRIOR * commonness(pieces, _ABSTRACT)
        weights = np.log1p((self.papers + _PRIOR - found + 0.5) / (found + 0.5))
        shares: Vectors = (weights / weights.sum()).astype(np.float32)
        return shares


class TokenIndex:
    """Follows the catalog; the checkpoint is written in the same transaction as the papers.

    One process writes at a time (the library sees to that); others see what it wrote at once.
    Safe to use from several threads.
    """

    name = "token"
    batch = 64  # papers that are applied at a time

    def __init__(self, folder: Path, encoder: TokenEncoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._known: _State | None = None

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises DamagedError."""
        return self._state().applied if self._is_there() else 0

    def held(self, track: Track = untracked) -> dict[str, str]:
        """What was encoded of every paper, as a fingerprint; something else where vectors are cut short."""
        if not self._is_there():
            return {}
        size = len(self._state().codec.encode(np.ones((1, self._encoder.width), np.float32)))
        rows = self._rows("SELECT paper_id, fingerprint, ends, length(vectors) FROM papers")
        return {
            paper_id: found if _ends(ends)[-1] * size == length else "cut short"
            for paper_id, found, ends, length in rows
        }

    def wanted(self, change: Change) -> str | None:
        """The fingerprint of what should be encoded of a paper."""
        return fingerprint(texts) if (texts := _texts(change)) else None

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Bring changed papers up to date and move the checkpoint, in one transaction.

        A paper whose texts are the same keeps its vectors. Applying a change twice does no harm.
        """
        if not self._is_there():
            self._create()
        texts = {change.paper_id: _texts(change) for change in changes}
        held = dict(
            rows_in(self._rows, "SELECT paper_id, fingerprint FROM papers WHERE paper_id IN", texts)
        )
        changed = [paper_id for paper_id in texts if held.get(paper_id) != fingerprint(texts[paper_id])]
        new = {paper_id: texts[paper_id] for paper_id in changed if texts[paper_id]}
        tokens = self._encode(new)
        with self._transaction():
            self._replace(changed, new, tokens, checkpoint)

    def match(self, query: Tokens, paper_ids: Sequence[str]) -> dict[str, Match]:
        """How well papers match a query, by id; those that are not indexed are left out."""
        if not self._is_there() or not len(query.ids):
            return {}
        with self._lock:
            state = self._state()
            rows = rows_in(
                self._rows, "SELECT paper_id, ends, vectors FROM papers WHERE paper_id IN", paper_ids
            )
        if not rows:
            return {}
        ends = {paper_id: _ends(stored) for paper_id, stored, _ in rows}
        similar = state.codec.similarities(b"".join(stored for _, _, stored in rows), query.vectors)
        return matches(ends, similar, state.weights(query.ids))

    def weights(self, ids: NDArray[np.int32]) -> Vectors:
        """The inverse document frequency of word pieces, float32 (n,), adding up to 1."""
        if not len(ids):
            return np.zeros(0, np.float32)
        return (
            self._state().weights(ids) if self._is_there() else np.full(len(ids), 1 / len(ids), np.float32)
        )

    def reset(self) -> None:
        """Delete the index; the next changes build it anew."""
        self.close()
        move_away(self._folder)

    def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = self._known = None

    def _encode(self, texts: Mapping[str, Sequence[str]]) -> dict[str, "_PaperTokens"]:
        """The tokens of papers, by id."""
        found = iter(self._encoder.encode_tokens([text for several in texts.values() for text in several]))
        return {
            paper_id: _joined(several, [next(found) for _ in several])
            for paper_id, several in texts.items()
        }

    def _replace(
        self,
        changed: Collection[str],
        new: Mapping[str, Sequence[str]],
        tokens: Mapping[str, "_PaperTokens"],
        checkpoint: int,
    ) -> None:
        state = self._state()
        frequencies = state.frequencies.copy()
        for (pieces,) in rows_in(self._rows, "SELECT pieces FROM papers WHERE paper_id IN", changed):
            frequencies[np.frombuffer(pieces, np.uint16)] -= 1
        rows_in(self._rows, "DELETE FROM papers WHERE paper_id IN", changed)
        for paper_id, found in tokens.items():
            pieces = np.unique(found.ids).astype(np.uint16)
            frequencies[pieces] += 1
            row = (
                pieces.tobytes(),
                found.ends.astype(np.uint16).tobytes(),
                state.codec.encode(found.vectors),
            )
            self._rows(
                "INSERT INTO papers VALUES (?, ?, ?, ?, ?)", paper_id, fingerprint(new[paper_id]), *row
            )
        self._rows("UPDATE state SET applied = ?, frequencies = ?", checkpoint, frequencies.tobytes())
        papers = self._rows("SELECT count(*) FROM papers")[0][0]
        if isinstance(state.codec, Plain) and papers >= _FIT_AT and self._encoder.width >= COMPONENTS:
            self._compact(state.codec)

    def _compact(self, plain: Plain) -> None:
        """Fit the compact codec to the papers so far, and store them by it."""
        rows = [
            (paper_id, plain.decode(v))
            for paper_id, v in self._rows("SELECT paper_id, vectors FROM papers")
        ]
        codec = Compact.fit(np.concatenate([vectors for _, vectors in rows]))
        self._rows("UPDATE state SET codec = ?", codec.to_bytes())
        for paper_id, vectors in rows:
            self._rows("UPDATE papers SET vectors = ? WHERE paper_id = ?", codec.encode(vectors), paper_id)

    def _state(self) -> _State:
        """Read anew only where the checkpoint has moved."""
        with self._lock:
            encoder, applied = self._rows("SELECT encoder, applied FROM state")[0]
            if encoder != self._encoder.name:
                raise wrong_encoder(self._folder, encoder, self._encoder.name)
            if self._known is None or self._known.applied != applied:
                ((frequencies, codec, papers),) = self._rows(
                    "SELECT frequencies, codec, (SELECT count(*) FROM papers) FROM state"
                )
                self._known = _State(
                    applied,
                    papers,
                    np.frombuffer(frequencies, np.int32),
                    Compact.from_bytes(codec) if codec else Plain(self._encoder.width),
                )
            return self._known

    def _is_there(self) -> bool:
        return (self._folder / _FILE).is_file()

    def _create(self) -> None:
        with _translated(self._folder), made_whole(self._folder) as new:
            make_file(new / _FILE)
            connection = sqlite3.connect(new / _FILE)
            connection.executescript(f"PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL; {_SCHEMA}")
            frequencies = np.zeros(self._encoder.vocabulary, np.int32).tobytes()
            connection.execute(
                "INSERT INTO state VALUES (?, 0, ?, NULL)", (self._encoder.name, frequencies)
            )
            connection.commit()
            connection.close()
        self.close()

    def _opened(self) -> sqlite3.Connection:
        """The connection, to the file that is there now: another process may have replaced it."""
        inode = (self._folder / _FILE).stat().st_ino
        if self._connection is None or inode != self._inode:
            self.close()
            self._connection = sqlite3.connect(
                self._folder / _FILE, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._inode = inode
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._rows("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._known = None
                with suppress(LibraryError):  # a full disk has ended it already
                    self._rows("ROLLBACK")
                raise
            self._rows("COMMIT")

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock, _translated(self._folder):
            return self._opened().execute(statement, values).fetchall()


@dataclass(frozen=True)
class _PaperTokens:
    """The tokens of a paper: those of its title, then those of each passage."""

    ids: NDArray[np.int32]
    vectors: Vectors
    ends: Ends


def _texts(change: Change) -> list[str]:
    """What is encoded of a paper; nothing where it was removed."""
    return [embedded_text(change.paper, passage) for passage in change.passages] if change.paper else []


def _joined(texts: Sequence[str], tokens: Sequence[Tokens]) -> _PaperTokens:
    """The tokens of passages, each of which has the title before it, with the title once."""
    in_title = [found.starts < text.index("\n") for text, found in zip(texts, tokens, strict=True)]
    parts = [(tokens[0], in_title[0])]
    parts += [(found, ~title) for found, title in zip(tokens, in_title, strict=True)]
    return _PaperTokens(
        ids=np.concatenate([found.ids[kept] for found, kept in parts]),
        vectors=np.concatenate([found.vectors[kept] for found, kept in parts]),
        ends=np.cumsum([kept.sum() for _, kept in parts]),
    )


def _ends(stored: bytes) -> Ends:
    return np.frombuffer(stored, np.uint16).astype(np.int64)


def _translated(folder: Path) -> AbstractContextManager[None]:
    return translated("token", folder, sqlite3.DatabaseError, OSError)

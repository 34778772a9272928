"""The token index: the token vectors of each paper in SQLite, matched one by one.

Late interaction (Khattab and Zaharia, 2020, "ColBERT"): each token of a query counts by its best
match in a paper. Here it is weighted by its inverse document frequency, and the vectors are those
that the encoder of the passages gives in the same pass.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import TokenEncoder, Tokens, Vectors
from rag.library import token_tables as sql
from rag.library.catalog import Change
from rag.library.codec import COMPONENTS, Compact, Plain
from rag.library.embedded import fingerprint
from rag.library.faults import cure, store_errors, wrong_encoder
from rag.library.folders import made_whole, move_away
from rag.library.matching import Match, matches
from rag.library.progress import Track, untracked
from rag.library.sql import Database, texts
from rag.library.token_tables import PaperTokens, State, encoded_texts, joined, load_ends
from rag.private import make_file

_FILE = "tokens.sqlite"
_FIT_AT = 64  # papers to which the compact codec is fitted; fewer are kept plain


@dataclass
class _Opened:
    """An open file; another process may replace it with one that has another inode."""

    database: Database
    inode: int
    state: State | None = None


class TokenIndex:
    """Writes its checkpoint in the same transaction as the papers.

    The library lets one process write at a time; others see at once what it wrote. Safe to use from several
    threads.
    """

    name = "token"
    batch = 64  # papers that are applied at a time

    def __init__(self, folder: Path, encoder: TokenEncoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._current: _Opened | None = None

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises DamagedError."""
        return self._state(self._opened()).applied if self._is_there() else 0

    def held(self, track: Track = untracked) -> dict[str, str]:
        """See `Index`; a paper whose vectors are incomplete gets no fingerprint but "cut short"."""
        if not self._is_there():
            return {}
        opened = self._opened()
        with opened.database.snapshot():
            codec, rows = self._state(opened).codec, opened.database.rows(sql.HELD)
        size = len(codec.encode(np.ones((1, self._encoder.width), np.float32)))
        return {
            paper_id: known if load_ends(ends)[-1] * size == length else "cut short"
            for paper_id, known, ends, length in rows
        }

    def wanted(self, change: Change) -> str | None:
        """See `Index`."""
        return fingerprint(encoded) if (encoded := encoded_texts(change)) else None

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Update changed papers and move the checkpoint, in one transaction.

        A paper with the same texts keeps its vectors. Applying a change twice does no harm.
        """
        if not self._is_there():
            self._create()
        opened = self._opened()
        current = {change.paper_id: encoded_texts(change) for change in changes}
        held = dict(opened.database.rows(sql.FINGERPRINTS, ids=texts(current)))
        changed = {
            paper_id: passages
            for paper_id, passages in current.items()
            if held.get(paper_id) != fingerprint(passages)
        }
        tokens = self._encode({paper_id: passages for paper_id, passages in changed.items() if passages})
        with opened.database.transaction():
            self._replace(opened, changed, tokens, checkpoint)

    def match(self, query: Tokens, paper_ids: Sequence[str]) -> dict[str, Match]:
        """How well papers match a query, by id; papers that are not indexed are left out."""
        if not self._is_there() or not len(query.ids):
            return {}
        opened = self._opened()
        with opened.database.snapshot():
            state = self._state(opened)
            rows = opened.database.rows(sql.MATCHED, ids=texts(paper_ids))
        if not rows:
            return {}
        ends = {paper_id: load_ends(stored) for paper_id, stored, _ in rows}
        similar = state.codec.similarities(b"".join(stored for _, _, stored in rows), query.vectors)
        return matches(ends, similar, state.weights(query.ids))

    def match_texts(self, query: Tokens, texts: Sequence[str]) -> list[float]:
        """How well texts that are not indexed match a query, each as a whole, as `Match.passage` has it."""
        if not (texts and self._is_there() and len(query.ids)):
            return [0.0] * len(texts)
        state = self._state(self._opened())
        tokens = self._encoder.encode_tokens(texts)
        weights = state.weights(query.ids)
        similar = (
            state.codec.similarities(state.codec.encode(of_text.vectors), query.vectors)
            for of_text in tokens
        )
        return [float(cosines.max(axis=0) @ weights) for cosines in similar]

    def weights(self, ids: NDArray[np.int32]) -> Vectors:
        """The inverse document frequency of word pieces, float32 (n,), adding up to 1."""
        if not len(ids):
            return np.zeros(0, np.float32)
        if not self._is_there():
            return np.full(len(ids), 1 / len(ids), np.float32)
        return self._state(self._opened()).weights(ids)

    def reset(self) -> None:
        """Delete the index; the next changes rebuild it."""
        self.close()
        move_away(self._folder)

    def close(self) -> None:
        with self._lock:
            opened, self._current = self._current, None
        if opened:
            opened.database.close()

    def _encode(self, passages: Mapping[str, Sequence[str]]) -> dict[str, PaperTokens]:
        """The tokens of papers, by id."""
        tokens = iter(self._encoder.encode_tokens(list(chain.from_iterable(passages.values()))))
        return {
            paper_id: joined(texts, [next(tokens) for _ in texts]) for paper_id, texts in passages.items()
        }

    def _replace(
        self,
        opened: _Opened,
        changed: Mapping[str, Sequence[str]],
        tokens: Mapping[str, PaperTokens],
        checkpoint: int,
    ) -> None:
        database, state = opened.database, self._state(opened)
        frequencies = state.frequencies.copy()
        for (pieces,) in database.rows(sql.PIECES, ids=texts(changed)):
            frequencies[np.frombuffer(pieces, np.uint16)] -= 1
        database.run(sql.REMOVE, ids=texts(changed))
        for paper_id, of_paper in tokens.items():
            pieces = of_paper.pieces
            frequencies[pieces] += 1
            database.run(
                sql.ADD,
                paper_id=paper_id,
                fingerprint=fingerprint(changed[paper_id]),
                pieces=pieces.tobytes(),
                ends=of_paper.ends.astype(np.uint16).tobytes(),
                vectors=state.codec.encode(of_paper.vectors),
            )
        database.run(sql.ADVANCE, applied=checkpoint, frequencies=frequencies.tobytes())
        is_due = database.value(sql.COUNT) >= _FIT_AT and self._encoder.width >= COMPONENTS
        if isinstance(state.codec, Plain) and is_due:
            _compact(database, state.codec)

    def _state(self, opened: _Opened) -> State:
        """The state, read again only if the checkpoint has moved."""
        encoder, applied = opened.database.rows(sql.CHECKPOINT)[0]
        if encoder != self._encoder.name:
            raise wrong_encoder(self._folder, encoder, self._encoder.name)
        known = opened.state
        if known is None or known.applied != applied:
            ((applied, frequencies, codec, papers),) = opened.database.rows(sql.STATE)
            known = opened.state = State(
                applied,
                papers,
                np.frombuffer(frequencies, np.int32),
                Compact.from_bytes(codec) if codec else Plain(self._encoder.width),
            )
        return known

    def _is_there(self) -> bool:
        return (self._folder / _FILE).is_file()

    def _create(self) -> None:
        with store_errors("token", self._folder, OSError), made_whole(self._folder) as new:
            make_file(new / _FILE)
            database = self._database(new, is_new=True)
            try:
                with database.transaction():
                    database.create(sql.TABLES)
                    zeros = np.zeros(self._encoder.vocabulary, np.int32).tobytes()
                    database.run(
                        sql.BEGIN, encoder=self._encoder.name, applied=0, frequencies=zeros, codec=None
                    )
            finally:
                database.close()
        self.close()

    def _opened(self) -> _Opened:
        """The current file."""
        with store_errors("token", self._folder, OSError):
            inode = (self._folder / _FILE).stat().st_ino
        with self._lock:
            old = self._current
            if old and old.inode == inode:
                return old
            current = self._current = _Opened(self._database(self._folder), inode)
        if old:
            old.database.close()
        return current

    def _database(self, folder: Path, *, is_new: bool = False) -> Database:
        name, remedy = f"the token index in {self._folder}", f"run {cure(self._folder)}"
        return Database(folder / _FILE, name, remedy, shrinks=is_new)


def _compact(database: Database, plain: Plain) -> None:
    """Fit the compact codec to the papers so far, and store their vectors with it."""
    rows = [(paper_id, plain.decode(stored)) for paper_id, stored in database.rows(sql.VECTORS)]
    codec = Compact.fit(np.concatenate([vectors for _, vectors in rows]))
    database.run(sql.SET_CODEC, codec=codec.to_bytes())
    for paper_id, vectors in rows:
        database.run(sql.STORE_VECTORS, id=paper_id, vectors=codec.encode(vectors))

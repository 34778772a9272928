"""The lexical index: title, abstract and note of each paper in Tantivy, ranked by BM25."""

import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import tantivy

from rag.library.catalog import Change
from rag.library.embedded import fingerprint
from rag.library.faults import store_errors, without_panic
from rag.library.folders import made_whole, move_away
from rag.library.progress import Track, untracked
from rag.types import Filters, Paper

_CHECKPOINT = "#checkpoint"  # the paper_id of the document that holds the checkpoint
_PATIENCE = 0.1  # seconds
_HEAP = 64_000_000  # bytes that the writer may use
_LONGEST_TERM = 40  # characters; Tantivy's own English analysis drops longer ones too
_SHORTEST_MISSPELT = 4  # letters
_LONG = 8  # letters of a word, two of which may be wrong
_AS_RARE = 10.0  # the score of a rare word, where a misspelt one would have 1
_PART = re.compile(r"[^\W_]+")
_MOST_OF_TERM = 2.2  # times its inverse document frequency a term can add: k1 + 1 of BM25

Seen = TypeVar("Seen")
Standing = Literal["there", "misspelt", "nowhere"]


class LexicalIndex:
    """One text field per paper (two summed fields rank worse), stemmed English.

    The checkpoint is a document that is written in the same commit as the papers.
    """

    batch = 2000  # papers that are applied at a time

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder
        self._lock = threading.Lock()
        self._opened: tantivy.Index | None = None

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises DamagedError."""
        if not self._is_there():
            return 0
        with _errors(self._folder):
            searcher = self._searcher()
            hits = searcher.search(_term("paper_id", _CHECKPOINT), limit=1).hits
            return int(searcher.doc(hits[0][1])["applied"][0]) if hits else 0

    def held(self, track: Track = untracked) -> dict[str, str]:
        """See `Index`."""
        if not self._is_there():
            return {}
        with _errors(self._folder):
            searcher = self._searcher()
            everything = searcher.search(tantivy.Query.all_query(), limit=max(searcher.num_docs, 1))
            rows = (searcher.doc(address).to_dict() for _, address in everything.hits)
            by_id = {str(row["paper_id"][0]): str(row.get("fingerprint", [""])[0]) for row in rows}
        by_id.pop(_CHECKPOINT, None)
        return by_id

    def wanted(self, change: Change) -> str | None:
        """See `Index`."""
        return next((str(document["fingerprint"][0]) for document in self._documents(change)), None)

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Update changed papers and move the checkpoint, in one commit."""
        try:
            self._commit(changes, checkpoint)
        except ValueError:  # a writer was killed in its commit, which the next commit repairs
            self.close()
            with _errors(self._folder):
                self._commit(changes, checkpoint)

    def _commit(self, changes: Sequence[Change], checkpoint: int) -> None:
        if not self._is_there():
            self._create()
        with without_panic(), self._index().writer(_HEAP, num_threads=1) as writer:
            for change in changes:
                writer.delete_documents_by_term("paper_id", change.paper_id)
                for document in self._documents(change):
                    writer.add_document(document)
            writer.delete_documents_by_term("paper_id", _CHECKPOINT)
            writer.add_document(tantivy.Document(paper_id=_CHECKPOINT, applied=checkpoint))
            writer.commit()
        self._index().reload()

    def search(self, query: str, most: int, filters: Filters) -> list[tuple[str, float]]:
        """The `most` best papers, best first, with their BM25 scores as shares of the highest possible one.

        This index knows only years and ids of the filters.
        """
        return [(str(found["paper_id"][0]), score) for found, score in self.matches(query, most, filters)]

    def matches(self, query: str, most: int, filters: Filters) -> list[tuple[tantivy.Document, float]]:
        """The `most` best documents, best first, with their scores."""
        terms = self.terms(query)
        if not terms or filters.papers == () or not self._is_there():
            return []

        def best(searcher: tantivy.Searcher) -> list[tuple[tantivy.Document, float]]:
            hits = searcher.search(self._query(terms, filters), limit=most, count=False).hits
            highest = _MOST_OF_TERM * sum(_rarity(searcher, term) for term in terms)
            return [(searcher.doc(address), score / highest) for score, address in hits]

        return self._patiently(best)

    def alike(self, text: str, most: int) -> list[str]:
        """The ids of the `most` papers with the most words of a text, best first.

        Where no paper has a word, those that differ by a letter or two take its place.
        """
        if not self._is_there():
            return []

        def nearest(searcher: tantivy.Searcher) -> list[str]:
            queries = [
                _term("text", term) if searcher.doc_freq("text", term) else self._misspelt(term)
                for term in dict.fromkeys(self.terms(text))
            ]
            any_word = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])
            return _ids(searcher, any_word, most)

        return self._patiently(nearest)

    def _misspelt(self, term: str) -> tantivy.Query:
        """The terms that a misspelt one may stand for; they count as much as rare words do."""
        distance = 0 if len(term) < _SHORTEST_MISSPELT else 1 if len(term) < _LONG else 2
        alike = tantivy.Query.fuzzy_term_query(self._schema, "text", term, distance, True)
        return tantivy.Query.boost_query(alike, _AS_RARE)

    def containing(self, text: str, most: int) -> list[str] | None:
        """The ids of the papers that contain all words of a text; None if they are more than `most`."""
        terms = self.terms(text)
        if not terms or not self._is_there():
            return []
        ids = self._patiently(lambda searcher: _ids(searcher, _all_of(terms), most + 1))
        return ids if len(ids) <= most else None

    def standing(self, word: str) -> Standing:
        """Whether a word occurs in some paper, in any case or number, with or without its hyphens; or else
        a word that a misspelling makes of it."""
        if not self._is_there():
            return "nowhere"
        return self._patiently(lambda searcher: self._standing(searcher, word))

    def _standing(self, searcher: tantivy.Searcher, word: str) -> Standing:
        parts = _PART.findall(word.lower())
        if self._has_all(searcher, ["".join(parts)]) or (
            len(parts) > 1 and self._has_parts(searcher, parts)
        ):
            return "there"
        return "misspelt" if word.isalpha() and self._has_alike(searcher, word) else "nowhere"

    def _patiently(self, look: Callable[[tantivy.Searcher], Seen]) -> Seen:
        """What a look into the index sees, the second time if the first fails: another process may be
        committing, or have moved the folder. Raises DamagedError.
        """
        try:
            with without_panic():
                return look(self._searcher())
        except ValueError:
            self.close()
            time.sleep(_PATIENCE)
            with _errors(self._folder), without_panic():
                return look(self._searcher())

    def _has_parts(self, searcher: tantivy.Searcher, parts: Sequence[str]) -> bool:
        """Whether the parts of a word occur; if one is a number ("GPT-4"), in the same paper."""
        if any(part.isdigit() for part in parts):
            return self._has_all(searcher, parts)
        return all(self._has_all(searcher, [part]) for part in parts)

    def _has_alike(self, searcher: tantivy.Searcher, word: str) -> bool:
        """Whether a word that differs by a letter occurs; never for short words and acronyms."""
        if len(word) < _SHORTEST_MISSPELT or word.isupper():
            return False
        alike = (
            tantivy.Query.fuzzy_term_query(self._schema, "text", form, transposition_cost_one=True)
            for form in {word.lower(), *self.terms(word)}
        )
        return any(searcher.search(query, limit=1, count=False).hits for query in alike)

    def _has_all(self, searcher: tantivy.Searcher, parts: Sequence[str]) -> bool:
        """Whether one paper contains all parts."""
        terms = [term for part in parts for term in self.terms(part)]
        if not all(searcher.doc_freq("text", term) for term in terms):
            return False
        return bool(searcher.search(_all_of(terms), limit=1, count=False).hits)

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, each as often as it occurs."""
        return list(self._analyzer.analyze(text))

    def _documents(self, change: Change) -> Iterator[tantivy.Document]:
        """The documents of a paper."""
        if paper := change.paper:
            note = [paper.note] if paper.note else []  # a paper without one is known as in older libraries
            text = " ".join([paper.title, paper.abstract, *note])
            yield document(paper, text, fingerprint([paper.title, paper.abstract, str(paper.year), *note]))

    def reset(self) -> None:
        """Delete the index; the next changes rebuild it."""
        self.close()
        move_away(self._folder)

    def close(self) -> None:
        self._opened = None

    def _is_there(self) -> bool:
        """Whether there is an index with this schema; one with an older schema counts as none."""
        with suppress(OSError):
            metadata = (self._folder / "meta.json").read_bytes()
            return b'"fingerprint"' in metadata or b'"schema"' not in metadata  # reported later as damaged
        return False

    def _create(self) -> None:
        with made_whole(self._folder) as new:
            tantivy.Index(self._schema, path=str(new))
        self.close()

    def _index(self) -> tantivy.Index:
        with self._lock:
            if self._opened is None:
                self._opened = tantivy.Index(self._schema, path=str(self._folder))
            return self._opened

    def _searcher(self) -> tantivy.Searcher:
        index = self._index()
        index.reload()  # see what another process has committed
        return index.searcher()

    def _query(self, terms: Sequence[str], filters: Filters) -> tantivy.Query:
        """Any of the terms, with the filters as conditions that do not change the score."""
        schema, should, must = self._schema, tantivy.Occur.Should, tantivy.Occur.Must
        any_term = tantivy.Query.boolean_query([(should, _term("text", term)) for term in terms])
        conditions = []
        if filters.has_years:
            years = filters.from_year, filters.to_year
            conditions.append(tantivy.Query.range_query(schema, "year", tantivy.FieldType.Integer, *years))
        if filters.papers is not None:
            conditions.append(tantivy.Query.term_set_query(schema, "paper_id", list(filters.papers)))
        unscored = [(must, tantivy.Query.const_score_query(condition, 0.0)) for condition in conditions]
        return tantivy.Query.boolean_query([(must, any_term), *unscored]) if unscored else any_term

    @cached_property
    def _schema(self) -> tantivy.Schema:
        return fields().build()

    @cached_property
    def _analyzer(self) -> tantivy.TextAnalyzer:
        """The analysis of the field `text`, for queries."""
        return (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(_LONGEST_TERM))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )


def _term(field: str, value: str) -> tantivy.Query:
    return tantivy.Query.term_query(_FIELDS, field, value)


def _ids(searcher: tantivy.Searcher, query: tantivy.Query, most: int) -> list[str]:
    """The ids of the `most` best papers of a query, best first."""
    hits = searcher.search(query, limit=most, count=False).hits
    return [str(searcher.doc(address)["paper_id"][0]) for _, address in hits]


def _all_of(terms: Sequence[str]) -> tantivy.Query:
    """All of these terms in one document."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, _term("text", term)) for term in terms])


def _rarity(searcher: tantivy.Searcher, term: str) -> float:
    """The inverse document frequency of a term, as BM25 has it."""
    known = searcher.doc_freq("text", term)
    return math.log1p((searcher.num_docs - known + 0.5) / (known + 0.5))


def fields() -> tantivy.SchemaBuilder:
    """The fields of a document."""
    return (
        tantivy.SchemaBuilder()
        .add_text_field("paper_id", stored=True, tokenizer_name="raw", index_option="basic")
        .add_text_field("text", tokenizer_name="en_stem", index_option="freq")
        .add_integer_field("year", indexed=True, fast=True)
        .add_integer_field("applied", stored=True)
        .add_text_field("fingerprint", stored=True, tokenizer_name="raw", index_option="basic")
    )


def document(paper: Paper, text: str, known_by: str, **stored: int) -> tantivy.Document:
    """A document with a text of a paper, and the fingerprint that it is known by."""
    made = tantivy.Document(paper_id=paper.paper_id, text=text, fingerprint=known_by, **stored)
    if paper.year is not None:
        made.add_integer("year", paper.year)
    return made


_FIELDS = fields().build()


def _errors(folder: Path) -> AbstractContextManager[None]:
    return store_errors("lexical", folder, ValueError, OSError)  # Tantivy has no error class of its own

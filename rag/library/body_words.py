"""The lexical index of bodies: each passage of a body in Tantivy, behind title and heading, by BM25.

It stands apart from that of abstracts, whose ranking depends on the lengths and words of its documents.
"""

from collections.abc import Iterator
from functools import cached_property

import tantivy

from rag.library.catalog import Change
from rag.library.embedded import embedded_text, fingerprint
from rag.library.lexical import LexicalIndex, document, fields
from rag.types import Filters


class BodyWords(LexicalIndex):
    """A document for each passage of a body."""

    batch = 64  # papers that are applied at a time

    def passages(self, query: str, most: int, filters: Filters) -> list[tuple[str, int, float]]:
        """The `most` best passages, best first: paper id, number, and BM25 as `search` has it."""
        return [
            (str(found["paper_id"][0]), int(found["number"][0]), score)
            for found, score in self.matches(query, most, filters)
        ]

    def _documents(self, change: Change) -> Iterator[tantivy.Document]:
        if not (paper := change.paper):
            return
        texts = [embedded_text(paper, passage) for passage in change.in_body]
        known_by = fingerprint([*texts, str(paper.year)])
        for number, text in enumerate(texts):
            yield document(paper, text, known_by, number=number)

    @cached_property
    def _schema(self) -> tantivy.Schema:
        return fields().add_integer_field("number", stored=True).build()

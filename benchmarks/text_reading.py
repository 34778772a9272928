"""What `text_readers` gives to those that read texts, beside the text: papers, answers, an encoder."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ingest.sources import base
from rag.embedding.base import Tokens
from rag.library.catalog import Change
from rag.library.lexical import LexicalIndex
from rag.plain import encodable
from rag.query.checks import LONGEST_QUESTION
from rag.support import Support
from rag.types import Answer, Citation, Claim, Filters, Hit, Markers, Paper, Passage, RankedPaper

WHOLE = 100_000  # characters of a text that nothing bounds
ABSTRACT = "We propose ABC, a model of owls. It saves 45% of their time in 2021, and 1,000 mice see it."
_FOLDER = tempfile.TemporaryDirectory(prefix="askpapers-texts-")
_numbers = count()  # for titles, so that what is remembered of a paper is of no use to the next call


@dataclass(frozen=True)
class TextReader:
    """`read` reads a text of at most so many characters."""

    name: str
    read: Callable[[str], object]
    most: int = WHOLE


@dataclass(frozen=True)
class FileReader(TextReader):
    """`read` gives the entries of a file of this text."""

    read: Callable[[str], Sequence[object]]


class Vectorless:
    """Stands for the encoder: up to ten letters of a word are a piece, 256 are read; random vectors."""

    name, width, vocabulary = "random", 16, 30_522

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._tokens(text) for text in texts]

    def _tokens(self, text: str) -> Tokens:
        starts = [found.start() for found in re.finditer(r"\S{1,10}", text[:3_000])][:256]
        chance = np.random.default_rng(len(text))
        vectors = chance.standard_normal((len(starts), self.width), np.float32)
        ids = chance.integers(2_000, self.vocabulary, len(starts), np.int32)
        return Tokens(ids, vectors, np.array(starts, np.int32))


class Agreeing:
    """Stands for a judge: all is supported."""

    name = "agreeing"

    def judge(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        return [Support(1.0, True)] * len(pairs)


def paper(abstract: str = ABSTRACT, title: str = "ABC: Owls at Night", **fields: Any) -> Paper:
    """A paper that no other is equal to."""
    return Paper(encodable(title), encodable(f"{abstract} {next(_numbers)}"), **fields)


def hits(abstract: str = ABSTRACT, title: str = "ABC: Owls at Night") -> list[Hit]:
    found = [paper(abstract, title), paper(), paper()]
    signals = {"dense": 0.5, "lexical": 9.0, "token": 0.5, "passage": 0.5}
    return [Hit(each, 0.5, Passage(each.paper_id, 0, len(each.abstract)), signals) for each in found]


@cache
def indexed() -> LexicalIndex:
    """An index of one paper."""
    known, index = paper(), LexicalIndex(Path(_FOLDER.name) / "lexical")
    index.apply([Change(1, known.paper_id, known, ())], 1)
    return index


def answer(text: str, **fields: Any) -> Answer:
    """An answer that says this, quotes it and was asked it."""
    quote = Citation(1, "p1", text[: base.LONGEST_TITLE], "2021", text[:80], text, 0, len(text))
    shown: dict[str, Any] = {
        "question": text[:LONGEST_QUESTION],
        "status": "partial",
        "text": f"{text} [1].",
        "reason": text[:200],
        "claims": (Claim(text, (1,), "not found", 0.5),),
        "citations": (quote,),
        "papers": (RankedPaper("p1", text[: base.LONGEST_TITLE], 0.5),),
        "filters": Filters(),
        "resolved_question": text[:LONGEST_QUESTION],
        "missing": text[:200],
        "notes": (text[:200],),
        "writer": "extractive",
        "markers": Markers(1),
        "usage": {},
        "seconds": {"total": 1.0},
    }
    return Answer(**shown | fields)


def written(name: str, content: bytes) -> Path:
    """A file of this name; the last one of that name is gone."""
    path = Path(_FOLDER.name) / name
    path.write_bytes(content)
    return path

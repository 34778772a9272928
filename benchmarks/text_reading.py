"""What `text_readers` needs besides a text: papers, answers, a judge, an encoder."""

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
from rag.checking import Statement, Verdict
from rag.embedding.base import Tokens
from rag.library.catalog import Change
from rag.library.lexical import LexicalIndex
from rag.model.base import Usage
from rag.plain import encodable
from rag.query.checks import LONGEST_QUESTION
from rag.types import Answer, Citation, Claim, Filters, Hit, Markers, Paper, Passage, RankedPaper

WHOLE = 100_000  # characters of a text that nothing bounds
ABSTRACT = "We propose ABC, a model of owls. It saves 45% of their time in 2021, and 1,000 mice see it."
_FOLDER = tempfile.TemporaryDirectory(prefix="askpapers-texts-")
_numbers = count()  # for abstracts, so that no cache serves the next call


@dataclass(frozen=True)
class TextReader:
    """`read` reads a text of at most `most` characters."""

    name: str
    read: Callable[[str], object]
    most: int = WHOLE


@dataclass(frozen=True)
class FileReader(TextReader):
    """`read` returns the entries of a file with this text."""

    read: Callable[[str], Sequence[object]]


class Vectorless:
    """In place of the encoder: random vectors for up to 256 tokens of at most ten letters."""

    name, width, vocabulary = "random", 16, 30_522

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._tokens(text) for text in texts]

    def _tokens(self, text: str) -> Tokens:
        starts = [match.start() for match in re.finditer(r"\S{1,10}", text[:3_000])][:256]
        chance = np.random.default_rng(len(text))
        vectors = chance.standard_normal((len(starts), self.width), np.float32)
        ids = chance.integers(2_000, self.vocabulary, len(starts), np.int32)
        return Tokens(ids, vectors, np.array(starts, np.int32))


class Doubting:
    """In place of a judge: it finds nothing."""

    name = "doubting"

    def judge(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        return [Verdict("not found")] * len(statements)


def paper(abstract: str = ABSTRACT, title: str = "ABC: Owls at Night", **fields: Any) -> Paper:
    """A paper that equals no other."""
    return Paper(encodable(title), encodable(f"{abstract} {next(_numbers)}"), **fields)


def hits(abstract: str = ABSTRACT) -> list[Hit]:
    """Three papers, the first one with this abstract."""
    signals = {"dense": 0.5, "lexical": 9.0, "token": 0.5, "passage": 0.5}
    papers = (paper(abstract), paper(), paper())
    return [Hit(one, 0.5, Passage(one.paper_id, 0, len(one.abstract)), signals) for one in papers]


@cache
def indexed() -> LexicalIndex:
    """An index of one paper."""
    known, index = paper(), LexicalIndex(Path(_FOLDER.name) / "lexical")
    index.apply([Change(1, known.paper_id, known, ())], 1)
    return index


def answer(text: str) -> Answer:
    """An answer to this text that says and quotes it."""
    title, short, question = text[: base.LONGEST_TITLE], text[:200], text[:LONGEST_QUESTION]
    return Answer(
        question=question,
        status="partial",
        text=f"{text} [1].",
        reason=short,
        claims=(Claim(text, (1,), "not found", 0.5),),
        citations=(Citation(1, "p1", title, "2021", text[:80], text, 0, len(text)),),
        papers=(RankedPaper("p1", title, 0.5),),
        filters=Filters(),
        resolved_question=question,
        missing=short,
        notes=(short,),
        writer="extractive",
        markers=Markers(1),
        usage={},
        seconds={"total": 1.0},
    )


def write_file(name: str, content: bytes) -> Path:
    """A file of this name, which replaces the last one."""
    path = Path(_FOLDER.name) / name
    path.write_bytes(content)
    return path

"""This program's way, as `askpapers ingest` and `askpapers search` go; and its encoder alone."""

from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.processes import Memory, folder_mb, give_back, timed
from benchmarks.synthetic import ReusingEncoder, Slice, embedded_texts, synthetic_papers
from ingest.pipeline import ingest
from rag.embedding import embedded_encoder
from rag.library import Library
from rag.retrieval import Retriever
from rag.tokens import count_tokens
from rag.types import Filters


class AskPapers:
    """The library of a folder: all three indexes, and the retriever behind every question."""

    def __init__(self, folder: Path, is_reusing: bool = False) -> None:
        """`is_reusing`: vectors come from a pool, for an ingest without encoding."""
        self._library = Library.create(folder, ReusingEncoder() if is_reusing else embedded_encoder())
        self._retriever = Retriever(self._library)
        self._papers, self._ingested = synthetic_papers(), 0
        self._library.encode_query("warm")
        import_module("chromadb")  # loaded before, as on the other side: it takes 60 MB,
        count_tokens("warm")  # and the vocabulary for splitting 80 MB
        self._library.behind()  # opens what there is; Chroma reads its vectors later
        self._memory = Memory()
        self._chroma_kb: float | None = None

    def ingest(self, count: int) -> float:
        source = Slice(self._ingested, list(islice(self._papers, count)))
        self._ingested += count
        return timed(ingest, self._library, [source])

    def search(self, query: str) -> float:
        if self._chroma_kb is None:
            self._load_chroma(query)
        return timed(self._retriever.search, query)

    def facts(self) -> dict[str, Any]:
        papers, folder = self._library.catalog.count(), self._library.folder
        return {
            "passages": self._library.catalog.count_passages(),
            "peak_mb": self._memory.peak_mb(),
            "chroma_kb_a_passage": self._chroma_kb,
            "token_bytes_a_paper": round(folder_mb(folder / "tokens") * 1e6 / max(papers, 1)),
        }

    def close(self) -> None:
        self._library.close()

    def _load_chroma(self, query: str) -> None:
        """The first search makes Chroma read its vectors: what it takes for them, as far as told."""
        vector, _ = self._library.encode_query(query)
        give_back()
        before = self._memory.now_mb()
        self._library.dense.search(vector, 10, Filters())
        after = self._memory.now_mb()
        passages = self._library.catalog.count_passages()
        if before is not None and after is not None and passages:
            self._chroma_kb = round((after - before) * 1024 / passages, 2)


class EncoderAlone:
    """Nothing but the encoder's pass over the same passages, sorted by length."""

    def __init__(self, _: Path) -> None:
        embedded_encoder().encode(["warm"])
        self._papers = synthetic_papers()
        self._passages = 0

    def ingest(self, count: int) -> float:
        texts = embedded_texts(list(islice(self._papers, count)))
        self._passages += len(texts)
        return timed(embedded_encoder().encode, texts)

    def search(self, query: str) -> float:
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        return {"passages": self._passages}

    def close(self) -> None:
        pass

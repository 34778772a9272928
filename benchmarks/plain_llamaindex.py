"""The plain LlamaIndex way: its splitter, its index and its retriever with their defaults, over Chroma.

The encoder is ours, so that the two ways are told apart by what they do with it.
"""

import time
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import Memory, timed
from benchmarks.synthetic import synthetic_papers
from rag.embedding import embedded_encoder

if TYPE_CHECKING:
    from llama_index.core.embeddings import BaseEmbedding

_PACKAGE = "llama_index.vector_stores.chroma"
MISSING = (
    "the plain LlamaIndex way is not installed: run "
    '`pip install --constraint constraints.txt --editable ".[benchmarks]"`'
)


def is_installed() -> bool:
    """Whether LlamaIndex's Chroma store is here."""
    return find_spec("llama_index.vector_stores") is not None and find_spec(_PACKAGE) is not None


class PlainLlamaIndex:
    """SentenceSplitter, VectorStoreIndex and a retriever of ten passages."""

    def __init__(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings
        from llama_index.core import VectorStoreIndex
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.vector_stores.chroma import ChromaVectorStore

        settings = Settings(anonymized_telemetry=False)
        self._client: Any = chromadb.PersistentClient(path=str(folder), settings=settings)
        self._passages = self._client.get_or_create_collection("papers", embedding_function=None)
        store = ChromaVectorStore(chroma_collection=self._passages)
        embedding = _embedding()
        embedding.get_query_embedding("warm")
        self._index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
        self._splitter = SentenceSplitter()
        self._retriever = self._index.as_retriever(similarity_top_k=10)
        self._papers = synthetic_papers()
        self._memory = Memory()

    def ingest(self, count: int) -> float:
        from llama_index.core import Document

        papers = list(islice(self._papers, count))
        started = time.perf_counter()
        documents = [
            Document(text=paper.abstract, metadata={"title": paper.title, "published": paper.published})
            for paper in papers
        ]
        self._index.insert_nodes(self._splitter.get_nodes_from_documents(documents))
        return time.perf_counter() - started

    def search(self, query: str) -> float:
        return timed(self._retriever.retrieve, query)

    def facts(self) -> dict[str, Any]:
        return {"passages": self._passages.count(), "peak_mb": self._memory.peak_mb()}

    def close(self) -> None:
        self._client.close()


def _embedding() -> "BaseEmbedding":
    """Our encoder as LlamaIndex knows one, with LlamaIndex's default batch."""
    from llama_index.core.embeddings import BaseEmbedding

    class Embedding(BaseEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = embedded_encoder().encode(texts).tolist()
            return vectors

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embeddings([query])[0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return Embedding(model_name=embedded_encoder().name)

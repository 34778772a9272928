"""Runs some searches in a Chroma folder, in a separate process, which damage in the files may kill."""

import sys
from pathlib import Path

import numpy as np

from rag.library.chroma import COLLECTION, connect

_QUERIES, _NEAREST = 30, 100


def probe(folder: Path) -> None:
    client = connect(folder)
    collection = client.get_collection(COLLECTION, embedding_function=None)
    dimension = int((collection.metadata or {})["dimension"])
    vectors = np.random.default_rng(0).standard_normal((_QUERIES, dimension)).astype(np.float32)
    collection.query(query_embeddings=vectors, n_results=_NEAREST, include=["distances"])
    client.close()


if __name__ == "__main__":
    probe(Path(sys.argv[1]))

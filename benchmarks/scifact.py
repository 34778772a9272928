"""SciFact (Wadden et al., 2020) as papers, queries and judgements."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.sources.base import Entry
from rag.types import Paper

DOI = "10.0000/scifact"  # stands before a document's id


@dataclass(frozen=True)
class SciFact:
    """The data of one folder. A paper's id ends in the document's id in SciFact."""

    folder: Path
    name: str = "scifact"

    def read(self) -> Iterator[Entry]:
        for row in self._rows("corpus.jsonl"):
            yield Paper(title=row["title"], abstract=" ".join(row["sentences"]), doi=f"{DOI}/{row['_id']}")

    def queries(self, split: str) -> dict[str, set[str]]:
        """Text of each query with the ids of its relevant papers; `split` is train or test.

        Test has the 300 queries of the usual retrieval set-up, train the claims for training with
        the documents that they cite.
        """
        return self._test() if split == "test" else self._train()

    def _test(self) -> dict[str, set[str]]:
        texts = {row["_id"]: row["text"] for row in self._rows("queries.jsonl")}
        relevant: dict[str, set[str]] = defaultdict(set)
        for line in (self.folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
            query, document, _ = line.split("\t")
            relevant[texts[query]].add(f"{DOI}/{document}")
        return dict(relevant)

    def _train(self) -> dict[str, set[str]]:
        return {
            row["claim"]: {f"{DOI}/{document}" for document in row["cited_doc_ids"]}
            for row in self._rows("claims_train.jsonl")
            if row["cited_doc_ids"]
        }

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        with (self.folder / name).open(encoding="utf-8") as file:
            yield from map(json.loads, file)

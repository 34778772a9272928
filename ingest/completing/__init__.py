"""Fills in what papers of the library lack, by their DOIs, from Crossref and OpenAlex."""

from ingest.completing.completing import Completion, complete
from ingest.completing.services import Services

__all__ = ["Completion", "Services", "complete"]

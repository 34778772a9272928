"""The papers of one folder: a catalog that is the truth, and the indexes that follow it."""

from rag.library.library import Library

__all__ = ["Library"]

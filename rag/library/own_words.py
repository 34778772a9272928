"""A user's own tags and notes on papers: the record of one more source, so that backups keep them."""

from collections.abc import Callable
from dataclasses import replace

from rag.types import Paper

OWN = "you"
"""The source of the tags and notes that a user gives to papers in the library."""

Edit = Callable[[Paper], Paper]
"""Changes the tags and notes of a user's record of a paper."""


def own_record(paper: Paper, record: Paper | None, edit: Edit) -> Paper | None:
    """The user's record of a paper after an edit; None if it says nothing any more.

    It repeats the paper's id and title, and nothing else of the paper.
    """
    bare = Paper(paper.title, "", is_digest=paper.is_digest, paper_id=paper.paper_id)
    edited = edit(record or bare)
    edited = replace(bare, tags=edited.tags, note=edited.note)
    return edited if edited.tags or edited.note else None

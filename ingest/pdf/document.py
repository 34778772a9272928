"""What is read in the PDF of a paper."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.body import Body

READER = 1
"""The version of what is read: raised with every change to it, so that files are read again."""


@dataclass(frozen=True)
class Front:
    """What a file says of its paper; None for what it does not say.

    `origins` names, by field, where it was read: "first page" or "file's metadata".
    """

    title: str | None = None
    authors: tuple[str, ...] = ()
    abstract: str | None = None
    doi: str | None = None
    arxiv_id: str | None = None
    published: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """The paper in a PDF."""

    front: Front
    body: Body

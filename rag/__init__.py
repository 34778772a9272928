"""askpapers: questions about research papers, answered with citations that can be checked.

    from rag import ask
    answer = ask("How much compute does bert2BERT save?", library="my-papers")

Importing this package loads neither a model nor a store; the first use of a name does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rag.errors import (
    AskpapersError,
    DamagedError,
    DiskFullError,
    EncoderMissingError,
    IndexServerError,
    KeyRefusedError,
    LibraryBusyError,
    LibraryError,
    MixedLibraryError,
    ModelError,
    ModelFailedError,
    ModelMissingError,
    NoLibraryError,
    NotWritableError,
    QuestionError,
    SettingError,
    SourceError,
    WrongEncoderError,
)
from rag.types import Answer, Citation, Claim, Filters, Hit, Markers, Paper, Passage, RankedPaper, Request

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.conversation import Conversation
    from rag.library import Library
    from rag.shortcuts import aask, ask, stream
    from rag.streams import AnswerStream

__all__ = [
    "Answer",
    "AnswerStream",
    "AskpapersError",
    "Assistant",
    "Citation",
    "Claim",
    "Conversation",
    "DamagedError",
    "DiskFullError",
    "EncoderMissingError",
    "Filters",
    "Hit",
    "IndexServerError",
    "KeyRefusedError",
    "Library",
    "LibraryBusyError",
    "LibraryError",
    "Markers",
    "MixedLibraryError",
    "ModelError",
    "ModelFailedError",
    "ModelMissingError",
    "NoLibraryError",
    "NotWritableError",
    "Paper",
    "Passage",
    "QuestionError",
    "RankedPaper",
    "Request",
    "SettingError",
    "SourceError",
    "WrongEncoderError",
    "aask",
    "ask",
    "stream",
]

_LATER = {  # loaded at first use
    "AnswerStream": "rag.streams",
    "Assistant": "rag.assistant",
    "Conversation": "rag.conversation",
    "Library": "rag.library",
    "aask": "rag.shortcuts",
    "ask": "rag.shortcuts",
    "stream": "rag.shortcuts",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return __all__

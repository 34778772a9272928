"""The papers that a command names."""

import argparse
from collections.abc import Sequence

from rag.errors import QuestionError
from rag.library import Library
from rag.query.names import named, no_paper
from rag.settings import bundled_library
from rag.types import Paper
from ui.cli.places import place_of
from ui.terminal import tell

REFERENCE = "an id, arXiv id, DOI, citation key or title"


def known_papers(library: Library, references: Sequence[str], arguments: argparse.Namespace) -> list[Paper]:
    """The papers that are referred to, each once. Raises QuestionError where one is not there."""
    ids = library.catalog.find(references)
    if unknown := [name for name in references if name not in ids]:
        raise QuestionError(no_paper(library, unknown, place_of(arguments)))
    return list(library.catalog.papers(list(dict.fromkeys(ids.values()))).values())


def meant_paper(library: Library, reference: str, arguments: argparse.Namespace) -> Paper:
    """The paper that is referred to, or the only one whose title begins so, which is told on stderr.

    For commands that change nothing. Raises QuestionError.
    """
    if not library.catalog.find([reference]) and (paper := library.only_one(reference)):
        tell(f"Taken for {named(paper)}.")
        return paper
    return known_papers(library, [reference], arguments)[0]


def check_own(library: Library, problem: str) -> None:
    """Raises QuestionError for the bundled library, which is made anew when it is next opened."""
    if library.folder.resolve() == bundled_library().resolve():
        raise QuestionError(
            f"{problem}: add your own, which take their place, with `askpapers ingest SOURCE...`"
        )


def no_paper_like_that(arguments: argparse.Namespace) -> QuestionError:
    """That no paper fulfils the conditions of a command."""
    listed = f"`askpapers library list{place_of(arguments)}`"
    return QuestionError(f"no paper is like that: see which there are with {listed}")

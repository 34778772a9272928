"""Shared by the benchmarks' commands: the parser, the questions, the bundled library."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from eval.cases import CaseTurn, read_cases
from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from rag.embedding import embedded_encoder
from rag.library import Library
from ui.terminal import track


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows a module's docstring as it is."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def turns_of(sets: Sequence[str]) -> list[CaseTurn]:
    """The questions of sets that need no conversation."""
    return [case.turns[0] for case in read_cases(sets) if len(case.turns) == 1]


def questions_of(sets: Sequence[str] = ("test", "dev"), most: int | None = None) -> list[str]:
    """The words of those questions. Raises ValueError where there are fewer than `most`."""
    questions = [turn.question for turn in turns_of(sets)]
    if most and most > len(questions):
        raise ValueError(f"there are {len(questions)} questions, not {most}")
    return questions[:most]


def bundled_in(folder: Path) -> Path:
    """The folder, which holds the bundled papers afterwards."""
    with Library.create(folder, embedded_encoder()) as library:
        ingest(library, [BundledSource()], track)
    return folder

"""The parts of `askpapers eval`: a run for each library that the question sets are about."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from eval.errors import RunError
from eval.fields import by_field
from eval.selection import Questions, Selection, tags_of
from rag.library import Library
from rag.settings import Settings
from ui.cli.places import open_for_reading
from ui.fields import needs_data, open_field
from ui.opening import open_bundled
from ui.terminal import tell, track

_OWN = "library"  # the folder of what is asked on the user's own library, beside those of fields


@dataclass(frozen=True)
class Part:
    """Questions on one library: a field's, or the one that commands use."""

    field: str | None
    questions: Questions
    selection: Selection
    out: Path

    @property
    def name(self) -> str:
        return self.field or _OWN

    @property
    def tags(self) -> set[str]:
        """Those of the chosen questions."""
        return tags_of(self.selection.of(self.questions.cases))

    def open(self, arguments: argparse.Namespace, settings: Settings) -> Library:
        """Open its library. Raises RunError, LibraryError."""
        if arguments.demo and arguments.library:
            raise RunError("--demo asks about the papers that come with askpapers: leave --library out")
        if self.field:
            return open_field(self.field, arguments.data, settings, track)
        return open_bundled(settings, track) if arguments.demo else open_for_reading(arguments)


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The parts of a run, each in a folder of its own where there are several.

    A part whose papers are not there is left out with a line that says so; the only one is an error.
    Raises CaseError, RunError.
    """
    selection = Selection(tuple(arguments.tag), arguments.sample, arguments.seed)
    whole = Part(None, Questions.read(arguments.questions), selection, arguments.out)
    selection.of(whole.questions.cases)  # raises where the selection is wrong
    fields = by_field(arguments.questions)
    if arguments.library or set(fields) == {None}:
        return [whole]
    parts = [replace(whole, field=field, questions=Questions.read(some)) for field, some in fields.items()]
    if len(parts) > 1:
        parts = [replace(part, out=part.out / part.name) for part in filter(None, map(_tagged, parts))]
    missing = {part.name: needs_data(part.field, arguments.data) for part in parts}
    for message in filter(None, missing.values()):
        if len(parts) == 1:
            raise RunError(message)
        tell(f"Left out: {message}.")
    return [part for part in parts if not missing[part.name]]


def _tagged(part: Part) -> Part | None:
    """The part with those of the tags that it has; None where it has none of them."""
    known = tags_of(part.questions.cases)
    tags = tuple(tag for tag in part.selection.tags if tag in known)
    if part.selection.tags and not tags:
        return None
    return replace(part, selection=replace(part.selection, tags=tags))

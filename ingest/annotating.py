"""A user's own tags and notes on papers of the library."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.chunking import split_abstract
from ingest.pipeline import patience_for
from ingest.sources.base import LONGEST_DETAIL, LONGEST_NOTE, MOST_LABELS
from rag.errors import QuestionError
from rag.library import Library
from rag.library.catalog_rows import folded_label
from rag.library.own_words import OWN, Edit
from rag.library.progress import Track, untracked
from rag.plain import encodable, in_a_line, plain
from rag.types import Paper

_SEPARATOR = re.compile("[,;\n]")


@dataclass(frozen=True)
class OwnWords:
    """What a user says of a paper: tags, and a note; `others` are notes that came with a source."""

    tags: tuple[str, ...] = ()
    note: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, library: Library, paper_id: str) -> "OwnWords":
        records = library.catalog.records_of(paper_id)
        own = next((record for source, record in records if source == OWN), None)
        notes = ((source, record.note) for source, record in records if source != OWN and record.note)
        others = tuple(dict.fromkeys(notes))  # an entry and its PDF are two records of one source
        return cls(own.tags, own.note, others) if own else cls(others=others)

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """All notes with their sources: the user's own first, under "", if there is one."""
        return (("", self.note), *self.others) if self.note else self.others


def annotate(library: Library, paper_ids: Sequence[str], edit: Edit, track: Track = untracked) -> int:
    """Change the user's own tags and notes on papers by their ids, and update the indexes.

    Returns how many papers change. Raises LibraryBusyError, and the errors of `Library.sync`.
    """
    with library.writing(patience_for(library)):
        library.drop_indexes_ahead()
        changed = [paper_id for paper_id in paper_ids if _changes(library, paper_id, edit)]
        library.catalog.recorder(split_abstract).edit_own(changed, edit)
        library.sync(track)
    return len(changed)


def split_tags(text: str) -> tuple[str, ...]:
    """The tags in a text, apart by commas, each once in any case. Raises QuestionError."""
    names = (in_a_line(encodable(part)) for part in _SEPARATOR.split(text))
    tags = tuple({folded_label(name): name for name in names if name}.values())
    if len(tags) > MOST_LABELS or any(len(tag) > LONGEST_DETAIL for tag in tags):
        raise QuestionError(
            f"a paper takes {MOST_LABELS:,} tags of {LONGEST_DETAIL:,} characters each: give fewer"
        )
    return tags


def with_tags(added: Sequence[str], removed: Sequence[str]) -> Edit:
    """Adds tags to the user's own, and takes others off."""

    def edit(record: Paper) -> Paper:
        kept = tuple(tag for tag in record.tags if folded_label(tag) not in map(folded_label, removed))
        new = tuple(tag for tag in added if folded_label(tag) not in map(folded_label, kept))
        return replace(record, tags=kept + new)

    return edit


def with_note(text: str, *, is_added: bool = False) -> Edit:
    """Replaces the user's note, or adds a paragraph to it. Raises QuestionError where it gets too long."""
    note = plain(encodable(text)).strip()

    def edit(record: Paper) -> Paper:
        whole = f"{record.note}\n\n{note}" if is_added and record.note else note
        if len(whole) > LONGEST_NOTE:
            raise QuestionError(f"a note has {LONGEST_NOTE:,} characters at most: shorten it")
        return replace(record, note=whole)

    return edit


def as_written(tags: str, note: str) -> Edit:
    """Replaces the user's own tags, written apart by commas, and note. Raises QuestionError."""
    names, set_note = split_tags(tags), with_note(note)
    return lambda record: set_note(replace(record, tags=names))


def has_tag(paper: Paper, tag: str) -> bool:
    """Whether a paper has a tag, in any case."""
    return folded_label(tag) in map(folded_label, paper.tags)


def _changes(library: Library, paper_id: str, edit: Edit) -> bool:
    own = OwnWords.of(library, paper_id)
    edited = edit(Paper("", "", paper_id=paper_id, tags=own.tags, note=own.note))
    return (edited.tags, edited.note) != (own.tags, own.note)

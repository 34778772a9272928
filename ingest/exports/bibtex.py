"""Papers as entries of BibTeX: as they were written, else made of what is known."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.exports.bibtex_fields import made_fields, note_value
from ingest.exports.holdings import Holding
from ingest.exports.items import labels_text
from ingest.exports.keys import Keys
from ingest.exports.latex import in_latex
from ingest.sources.bibtex_values import is_value, text_of
from rag.plain import plain
from rag.types import Paper

_TYPE = re.compile(r"(?!(?:comment|string|preamble)$)\w{1,100}", re.IGNORECASE)
_KEY = re.compile(r"[^{}\",=\n#%]{0,1000}")
_NAME = re.compile(r"[^\s{}\",=#@%]{1,100}")


@dataclass(frozen=True)
class Written:
    """An entry as its source wrote it, with the record that has it; of a repeated field several values."""

    kind: str
    key: str
    fields: tuple[tuple[str, str], ...]
    source: str = field(compare=False)
    record: Paper = field(compare=False)

    @property
    def parent(self) -> str:
        """The key, in small letters, of the entry that it crossrefs to; "" for none."""
        values = (text_of(value) for name, value in self.fields if name.lower() == "crossref")
        return next(values, "").strip().lower()


@dataclass(frozen=True)
class WrittenKeys:
    """The keys of all entries that were written, and in small letters those that others crossref to."""

    keys: Container[str] = ()
    parents: Container[str] = ()

    @classmethod
    def of(cls, holdings: Iterable[Holding]) -> "WrittenKeys":
        keys, parents = set(), set()
        for holding in holdings:
            for entry in written_entries(holding):
                keys.add(entry.key)
                parents.add(entry.parent)
        return cls(keys, parents - {""})


def to_bibtex(papers: Iterable[Paper]) -> str:
    """An entry for each paper, each once, for references: the one that a source wrote, if the paper has it
    (see `with_custom`), else one that is made without labels, notes and abstract.
    """
    unique = [Holding(paper) for paper in {paper.paper_id: paper for paper in papers}.values()]
    return "\n".join(bibtex_entries(unique, WrittenKeys.of(unique), is_whole=False))


def bibtex_entries(
    holdings: Iterable[Holding], written: WrittenKeys = WrittenKeys(), *, is_whole: bool = True
) -> Iterator[str]:
    """The entries of each paper, with keys of their own and a line feed at their ends.

    All that sources wrote of a paper, with the user's own tags and notes, else one that is made. What
    others crossref to comes last, where BibTeX looks for it. If not `is_whole`, each paper has one entry.
    """
    keys = Keys(written.keys)
    parents = []
    for holding in holdings:
        entries = written_entries(holding)
        for entry in entries if is_whole else _cited(holding, entries):
            fields = _with_own(entry, holding) if is_whole else _with_retraction(entry, holding)
            text = _entry_text(entry.kind, keys.keep(entry.key), fields)
            if entry.key.lower() in written.parents:
                parents.append(text)
            else:
                yield text
        if not entries:
            kind, made = made_fields(holding.paper, is_whole=is_whole)
            yield _entry_text(kind, keys.make(holding.paper), made.items())
    yield from parents


def written_entries(holding: Holding) -> list[Written]:
    """What sources wrote of a paper; of several sources with the same key, the one with most fields."""
    entries = [
        entry
        for source, record, kept in holding.custom("bibtex")
        if (entry := _written(kept, source, record)) is not None
    ]
    chosen: dict[str, list[Written]] = {}
    for entry in sorted(entries, key=lambda entry: -len(entry.fields)):
        same_key = chosen.setdefault(entry.key, [])
        if entry not in same_key and all(other.source == entry.source for other in same_key):
            same_key.append(entry)
    kept = {id(entry) for same_key in chosen.values() for entry in same_key}
    return [entry for entry in entries if id(entry) in kept]


def _written(kept: Mapping[str, Any], source: str, record: Paper) -> Written | None:
    """The entry that a record keeps; None where it could not be read back as one."""
    kind, key, fields = kept.get("type"), kept.get("key"), kept.get("fields")
    if not (
        isinstance(kind, str) and _TYPE.fullmatch(kind) and isinstance(key, str) and _KEY.fullmatch(key)
    ):
        return None
    if not isinstance(fields, Mapping) or not fields:
        return None
    pairs = []
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            if not (_NAME.fullmatch(name) and isinstance(value, str) and is_value(value)):
                return None
            pairs.append((name, "\t".join(map(plain, value.split("\t")))))
    return Written(kind, key.strip(), tuple(pairs), source, record)


def _cited(holding: Holding, entries: list[Written]) -> list[Written]:
    """The entry that the paper's own key names, else the first."""
    own = [entry for entry in entries if entry.key == holding.paper.key]
    return (own or entries)[:1]


def _with_own(entry: Written, holding: Holding) -> list[tuple[str, str]]:
    """The fields, with the user's own tags and notes, and a retraction that the entry does not know."""
    fields, added = _with_retraction(entry, holding), holding.additions(entry.record)
    if added.tags:
        fields = _with_tags(fields, in_latex(labels_text(added.tags)))
    return _extended(fields, "annotation", note_value(added.note), "\n\n") if added.note else fields


def _with_tags(fields: list[tuple[str, str]], text: str) -> list[tuple[str, str]]:
    """The fields with more tags, parted as the keywords are; a semicolon makes commas part of tags."""
    value = next((value for name, value in fields if name.lower() == "keywords"), "")
    if ";" not in value and "," in value:
        if "," not in text:
            return _extended(fields, "keywords", text.replace(";", ","), ", ")
        fields = [
            (name, other.replace(",", ";") if name.lower() == "keywords" else other)
            for name, other in fields
        ]
    return _extended(fields, "keywords", text, "; " if ";" in value + text else ", ")


def _with_retraction(entry: Written, holding: Holding) -> list[tuple[str, str]]:
    retracted = holding.additions(entry.record).retracted
    return [*entry.fields, *([("retracted", f"{{{in_latex(retracted)}}}")] if retracted else [])]


def _extended(fields: list[tuple[str, str]], name: str, text: str, mark: str) -> list[tuple[str, str]]:
    """The fields with a text behind what the first field of this name has."""
    place = next((place for place, (other, _) in enumerate(fields) if other.lower() == name), None)
    if place is None:
        return [*fields, (name, f"{{{text}}}")]
    written, value = fields[place]
    if len(value) > 1 and value[0] + value[-1] in ("{}", '""') and "#" not in value:
        inside = value[1:-1].rstrip()
        longer = f"{value[0]}{inside}{mark if inside else ''}{text}{value[-1]}"
    else:
        longer = f"{value} # {{{mark}{text}}}"
    return [*fields[:place], (written, longer), *fields[place + 1 :]]


def _entry_text(kind: str, key: str, fields: Iterable[tuple[str, str]]) -> str:
    lines = ",\n".join(f"  {name} = {value}" for name, value in fields)
    return f"@{kind}{{{key},\n{lines}\n}}\n"

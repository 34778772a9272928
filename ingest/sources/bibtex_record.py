"""What an entry of BibTeX says of its paper, as a record."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.sources.base import LONGEST_ABSTRACT, LONGEST_DETAIL, LONGEST_NOTE, LONGEST_TITLE, MOST_MARKUP
from ingest.sources.bibtex_entries import WrittenEntry
from ingest.sources.bibtex_names import names_in
from ingest.sources.bibtex_values import LONGEST_VALUE
from ingest.sources.csl_fields import csl_date, csl_item
from ingest.sources.loose import loose_record, paragraphs, read_labels
from rag.identity import normalise_title
from rag.latex import latex_to_text
from rag.plain import in_a_line

# Types of BibTeX and biblatex by what they are in CSL; each other one is a document.
_TYPES_OF = {
    "article-journal": ("article", "suppperiodical"),
    "paper-conference": ("inproceedings", "conference"),
    "book": ("book", "mvbook", "collection", "mvcollection", "proceedings", "mvproceedings"),
    "chapter": ("inbook", "incollection", "bookinbook", "suppbook", "suppcollection"),
    "thesis": ("phdthesis", "mastersthesis", "thesis"),
    "report": ("techreport", "report", "manual"),
    "webpage": ("online", "electronic", "www"),
    "manuscript": ("unpublished",),
    "pamphlet": ("booklet",),
    "entry-encyclopedia": ("inreference",),
    **{name: (name,) for name in ("dataset", "software", "patent", "periodical")},
}
_TYPES = {name: kind for kind, names in _TYPES_OF.items() for name in names}
# The fields that CSL has a name for, the most telling first.
_FIELDS = {
    "container-title": ("journal", "journaltitle", "booktitle"),
    "collection-title": ("series",),
    "volume": ("volume",),
    "issue": ("number", "issue"),
    "page": ("pages",),
    "publisher": ("publisher", "institution", "school"),
    "publisher-place": ("address", "location"),
    "event-title": ("eventtitle",),
    "event-place": ("venue",),
    "edition": ("edition",),
    "chapter-number": ("chapter",),
    "number-of-pages": ("pagetotal",),
    "number-of-volumes": ("volumes",),
    "ISSN": ("issn",),
    "ISBN": ("isbn",),
    "language": ("langid", "language"),
    "genre": ("type",),
    "version": ("version",),
    "note": ("note",),
    "PMID": ("pmid",),
}
_NUMBERED = {"report", "patent"}  # types of which `number` is their own
# Where `organization` is not whoever held the conference, as BibTeX has it for the types beside these.
_OF_AUTHORS = {"misc", "online", "report", "techreport", "manual", "dataset", "software", "electronic"}
_LONGEST = {"title": LONGEST_TITLE, "abstract": LONGEST_ABSTRACT, "abstractnote": LONGEST_ABSTRACT}
_OWN_NOTES = re.compile(r"annotation|comment(?:-.*)?")  # of biblatex, of JabRef
# What an entry does not take from the one that it crossrefs to.
_OF_ONE = re.compile(
    r"author|title|abstract(?:note)?|doi|url|eprint|file|pages|crossref|note|annot.*|comment.*|groups"
    r"|keywords?|mendeley-tags|retracted"
)
_KEYWORDS = ("keywords", "keyword", "mendeley-tags")
_ADDRESS = re.compile(r"\\url\s*\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\([_%&#$~{}])")
_COMMANDS = re.compile(r"[\\{}]+")
_WITH_ARGUMENT = re.compile(r"\\[A-Za-z]+\s{0,9}\{[^{}]*\}")  # \noopsort{1999}, which prints nothing
_MOST_CSL_NAMES = 1_000  # so that the entry itself, which has them all, is kept


def record_of(entry: WrittenEntry, parent: Mapping[str, str]) -> dict[str, Any]:
    """The record of an entry; `parent` has the texts of the fields of the entry that it crossrefs to."""
    values, kind = _inherited(entry, parent), entry.kind.lower()

    def text(name: str) -> str:
        return printed(values.get(name, ""), _LONGEST.get(name, LONGEST_DETAIL))

    is_arxiv = "arxiv" in (text("archiveprefix") + text("eprinttype")).lower()
    organization = text("institution") or text("school")
    if not organization and kind in _OF_AUTHORS:
        organization = text("organization")
    sorted_year = printed(_WITH_ARGUMENT.sub("", values.get("year", "")[:LONGEST_DETAIL]))
    years = (text("year"), sorted_year)
    published = [
        text("date"),
        *(date for year in years for date in _dates(year, text("month"), text("day"))),
    ]
    authors = list(names_in(values.get("author", "")))
    record = loose_record(
        _title(entry),
        text("abstract") or text("abstractnote"),
        published=published,
        authors=authors,
        doi=text("doi"),
        arxiv_id=text("arxivid") or (text("eprint") if is_arxiv else None) or _abs(text("volume")),
        hints=[
            text(name) for name in ("eprint", "url", "journal", "note", "howpublished", "number", "volume")
        ],
        organization=organization,
        key=entry.key,
        tags=[tag for name in _KEYWORDS for tag in read_labels(_latex_text(values.get(name, "")))],
        collections=read_labels(_latex_text(values.get("groups", ""))),
        note=_own_notes(values),
        retracted=text("retracted") or None,
    )
    return record | {"csl": _csl(entry, values, authors, record["published"]) or None}


def _title(entry: WrittenEntry) -> str:
    """The title, else that of the book, which may be all that an @inbook has."""
    for name in ("title", "booktitle"):
        latex = entry.texts.get(name, "")
        title = printed(latex, LONGEST_TITLE)
        if normalise_title(title[:LONGEST_TITLE]):
            return title
        if normalise_title(latex[:LONGEST_TITLE]):  # of commands alone: {\sun}
            return in_a_line(_COMMANDS.sub(" ", latex))
    return ""


def _inherited(entry: WrittenEntry, parent: Mapping[str, str]) -> Mapping[str, str]:
    """The texts of an entry's fields, with those of its parent that it does not have itself."""
    title = {"booktitle": parent["title"]} if "title" in parent else {}
    shared = {name: text for name, text in parent.items() if not _OF_ONE.fullmatch(name)}
    return title | shared | entry.texts


def printed(text: str, most: int = LONGEST_DETAIL) -> str:
    """The text as LaTeX prints it, in one line; unchanged if it is too long to be accepted."""
    text = in_a_line(text)
    return text if len(text) > MOST_MARKUP * most else in_a_line(latex_to_text(text))


def _latex_text(latex: str) -> str:
    return printed(latex[:LONGEST_VALUE], LONGEST_VALUE)


def _own_notes(values: Mapping[str, str]) -> str:
    """The user's own words, each paragraph in a line."""
    notes = (values[name][: 2 * LONGEST_NOTE] for name in values if _OWN_NOTES.fullmatch(name))
    texts = (paragraphs(note, lambda text: in_a_line(latex_to_text(text))) for note in notes)
    return "\n\n".join(filter(None, texts))


def _csl(
    entry: WrittenEntry, values: Mapping[str, str], authors: list[Any], published: str | None
) -> dict[str, Any]:
    kind = _TYPES.get(entry.kind.lower(), "document")
    fields = {name: _first(values, names) for name, names in _FIELDS.items()}
    if kind in _NUMBERED:
        fields["number"] = fields.pop("issue")
    fields["page"] = re.sub("[–—]", "-", fields["page"])
    names = {"author": authors} | {
        role: list(names_in(values.get(role, ""))) for role in ("editor", "translator")
    }
    people = {
        role: [name for name in people if isinstance(name, dict)]
        for role, people in names.items()
        if len(people) <= _MOST_CSL_NAMES
    }
    others = {"URL": _address(values.get("url", "")), "accessed": csl_date(values.get("urldate"))}
    known = {"type": kind, **fields, **people, "issued": csl_date(published), **others}
    return csl_item(known, "bibtex", entry.to_dict())


def _first(values: Mapping[str, str], names: Iterable[str]) -> str:
    """The first field that says something short enough for a detail."""
    texts = (printed(values[name]) for name in names if values.get(name))
    return next((text for text in texts if 0 < len(text) <= LONGEST_DETAIL), "")


def _address(latex: str) -> str:
    """An address, in which LaTeX's dashes and tildes mean themselves."""
    address = _ESCAPED.sub(r"\1", _ADDRESS.sub(r"\1", in_a_line(latex[:LONGEST_DETAIL])))
    return address if len(address) < LONGEST_DETAIL else ""


def _abs(volume: str) -> str | None:
    """The arXiv id in the volume of a preprint, as DBLP and Semantic Scholar write it: `abs/2110.07143`."""
    return volume[4:] if volume.lower().startswith("abs/") else None


def _dates(year: str, month: str, day: str) -> Iterator[str]:
    """The forms of a date to try, the fullest first."""
    year, month, day = (part.strip(" ~.,") for part in (year, month, day))
    if year:
        parts = [part for part in (year, month, day) if part]
        yield "-".join(parts) if month.isdecimal() else " ".join([day, month, year])
        yield year

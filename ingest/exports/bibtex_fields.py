"""The type and fields of a BibTeX entry that is made from the record of a paper."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ingest.exports.items import (
    COLLECTIVE,
    author_names,
    item_of,
    keywords_of,
    labels_text,
    number_in,
    text_in,
)
from ingest.exports.latex import in_latex, protected
from ingest.exports.links import arxiv_id_of, link
from ingest.sources.json_values import objects_of
from rag.identity import doi_key
from rag.months import MONTHS
from rag.plain import in_a_line
from rag.types import Paper

_KINDS = {
    **dict.fromkeys(("article-journal", "article-magazine", "article-newspaper"), "article"),
    "paper-conference": "inproceedings",
    "book": "book",
    "chapter": "incollection",
    "thesis": "phdthesis",
    "report": "techreport",
    "manuscript": "unpublished",
    "pamphlet": "booklet",
}
_FIELDS = {
    "volume": "volume",
    "page": "pages",
    "edition": "edition",
    "chapter-number": "chapter",
    "collection-title": "series",
    "publisher-place": "address",
    "genre": "type",
    "event-title": "eventtitle",
    "event-place": "venue",
    "number-of-pages": "pagetotal",
    "number-of-volumes": "volumes",
    "version": "version",
    "ISSN": "issn",
    "ISBN": "isbn",
    "language": "language",
    "note": "note",
}
_PUBLISHERS = {"phdthesis": "school", "mastersthesis": "school", "techreport": "institution"}
_BETWEEN_PAGES = re.compile(r"(?<=\w)-(?=\w)")
_IN_ADDRESS = "%/:?#[]@!$&'()*+,;=~"


def kind_of(item: Mapping[str, Any]) -> str:
    """The type of an entry for an item of CSL-JSON."""
    kind = _KINDS.get(str(item.get("type")), "misc")
    return "mastersthesis" if kind == "phdthesis" and "master" in text_in(item, "genre").lower() else kind


def made_fields(paper: Paper, *, is_whole: bool) -> tuple[str, dict[str, str]]:
    """The type, and the fields with the braces around their values.

    A whole entry has all that BibTeX has a place for, with the abstract, labels and notes; a digest, which
    is no abstract, becomes an annotation.
    """
    item = item_of(paper)
    kind = kind_of(item)
    pairs = [*_fields(paper, item, kind, is_whole=is_whole), *_identifiers(paper, item)]
    fields: dict[str, str] = {}
    for name, value in [*pairs, *(_rest(paper) if is_whole else ())]:
        fields.setdefault(name, value)
    return kind, fields


def note_value(note: str) -> str:
    """A note with its paragraphs."""
    return "\n\n".join(map(in_latex, note.split("\n\n")))


def _fields(
    paper: Paper, item: Mapping[str, Any], kind: str, *, is_whole: bool
) -> Iterator[tuple[str, str]]:
    if names := list(_author_names(paper)):
        others = ["others"] if paper.author_count is None or paper.author_count > len(paper.authors) else []
        yield "author", f"{{{' and '.join([*names, *others])}}}"
    for role in ("editor", "translator"):
        if names := [_name(name) for name in objects_of(item.get(role))]:
            yield role, f"{{{' and '.join(names)}}}"
    yield "title", f"{{{protected(paper.title)}}}"
    if container := text_in(item, "container-title"):
        yield "journal" if kind in ("article", "misc") else "booktitle", f"{{{in_latex(container)}}}"
    if paper.year:
        yield "year", f"{{{paper.year:04}}}"
    if month := _month(paper):
        yield "month", month
    if number := text_in(item, "issue") or number_in(item):
        yield "number", f"{{{in_latex(number)}}}"
    for csl_name, name in _FIELDS.items():
        if text := in_latex(text_in(item, csl_name)):
            yield name, f"{{{_BETWEEN_PAGES.sub('--', text) if name == 'pages' else text}}}"
    if paper.organization and kind == "misc":
        yield "howpublished", f"{{{in_latex(paper.organization)}}}"
    if paper.organization and is_whole:
        yield "institution", f"{{{in_latex(paper.organization)}}}"
    if publisher := in_latex(text_in(item, "publisher")):
        is_taken = paper.organization and is_whole and kind == "techreport"
        yield "publisher" if is_taken else _PUBLISHERS.get(kind, "publisher"), f"{{{publisher}}}"
    if paper.retracted:
        yield "retracted", f"{{{in_latex(paper.retracted)}}}"


def _identifiers(paper: Paper, item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if arxiv_id := arxiv_id_of(paper):
        yield "eprint", f"{{{arxiv_id}}}"
        yield "archivePrefix", "{arXiv}"
    if doi := doi_key(paper.doi or ""):
        yield "doi", f"{{{quote(doi, safe='/:;()<>', errors='replace')}}}"
    if address := text_in(item, "URL") or link(paper):
        yield "url", f"{{{quote(address, safe=_IN_ADDRESS, errors='replace')}}}"
    if number := text_in(item, "PMID"):
        yield "pmid", f"{{{in_latex(number)}}}"


def _rest(paper: Paper) -> Iterator[tuple[str, str]]:
    """Fields that references leave out, under names that BibTeX's styles ignore."""
    if (day := (paper.published or "")[8:]).isdecimal():
        yield "day", f"{{{day}}}"
    if keywords := labels_text(keywords_of(paper)):
        yield "keywords", f"{{{in_latex(keywords)}}}"
    if paper.collections:
        yield "groups", f"{{{in_latex(labels_text(paper.collections))}}}"
    if paper.note:
        yield "annotation", f"{{{note_value(paper.note)}}}"
    if paper.abstract:
        yield "annote" if paper.is_digest else "abstract", f"{{{in_latex(paper.abstract)}}}"


def _author_names(paper: Paper) -> Iterator[str]:
    """The names as their source wrote them, with the family name first, or else as the paper has them."""
    if paper.csl.get("author"):
        yield from map(_name, author_names(paper))
        return
    for name in paper.authors:
        if name := in_a_line(name):
            yield _braced(name)


def _name(name: Mapping[str, Any]) -> str:
    """A name of CSL with the family name first."""
    if not (family := text_in(name, "family")):
        return _braced(text_in(name, "literal") or text_in(name, "name") or text_in(name, "given"))
    particle, suffix, given = (text_in(name, part) for part in ("non-dropping-particle", "suffix", "given"))
    first = " ".join(filter(None, (in_latex(particle), _braced(family))))
    return ", ".join(filter(None, (first, in_latex(suffix), _braced(given))))


def _braced(name: str) -> str:
    """A name, or a part of one, in extra braces where BibTeX would split it in the wrong place."""
    latex = in_latex(name)
    return f"{{{latex}}}" if COLLECTIVE.search(name) else latex


def _month(paper: Paper) -> str | None:
    """BibTeX's own name of the month, which each style writes out."""
    number = (paper.published or "")[5:7]
    return MONTHS[int(number) - 1] if number.isdecimal() and 1 <= int(number) <= 12 else None

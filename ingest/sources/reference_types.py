"""The types of works in RIS, EndNote and MEDLINE, and what a field means in each type."""

import re

# RIS's codes and EndNote's names, by the type in CSL.
_TYPES = {
    "article-journal": (
        "JOUR EJOUR JFULL ABST INPR",
        "journal article|electronic article|article in press|journal",
    ),
    "article-magazine": ("MGZN", "magazine article"),
    "article-newspaper": ("NEWS", "newspaper article"),
    "article": ("", "preprint"),
    "paper-conference": ("CONF CPAPER", "conference paper|conference proceedings"),
    "book": (
        "BOOK EBOOK EDBOOK CLSWK CTLG",
        "book|electronic book|edited book|classical work|catalog|pamphlet",
    ),
    "chapter": ("CHAP ECHAP", "book section|electronic book section|book chapter"),
    "thesis": ("THES", "thesis|dissertation"),
    "report": ("RPRT GOVDOC", "report|government document|technical report"),
    "webpage": ("ELEC WEB", "web page|webpage|electronic source"),
    "post-weblog": ("BLOG", "blog|blog post"),
    "dataset": ("DATA AGGR DBASE", "dataset|aggregated database|online database"),
    "software": ("COMP", "computer program|software"),
    "patent": ("PAT", "patent"),
    "manuscript": ("MANSCPT UNPB ANCIENT", "manuscript|unpublished work|ancient text"),
    "entry-dictionary": ("DICT", "dictionary"),
    "entry-encyclopedia": ("ENCYC", "encyclopedia"),
    "legal_case": ("CASE", "case"),
    "legislation": ("STAT LEGAL", "statute|legal rule or regulation"),
    "bill": ("BILL UNBILL", "bill"),
    "hearing": ("HEAR", "hearing"),
    "standard": ("STAND", "standard"),
    "map": ("MAP", "map"),
    "motion_picture": ("MPCT VIDEO ADVS", "film or broadcast|audiovisual material"),
    "song": ("SOUND MUSIC", "music"),
    "graphic": ("ART FIGURE CHART EQUA", "artwork|figure|chart or table|equation"),
    "speech": ("SLIDE", "presentation"),
    "personal_communication": ("PCOMM ICOMM", "personal communication"),
    "pamphlet": ("PAMP", ""),
    "periodical": ("SER", "serial"),
    "interview": ("", "interview"),
}
RIS_TYPES = {code: kind for kind, (codes, _) in _TYPES.items() for code in codes.split()}
ENDNOTE_TYPES = {name: kind for kind, (_, names) in _TYPES.items() for name in names.split("|") if name}
MEDLINE_TYPES = {
    "preprint": "article",
    "dataset": "dataset",
    "newspaper article": "article-newspaper",
    "technical report": "report",
}
"""The types of publications at PubMed that are no articles of journals."""
UNKNOWN_TYPE = "document"
_WHOLE = {"book", "report", "thesis", "map", "periodical", "software", "dataset", "manuscript"}
_EDITED = {"edited book", "EDBOOK"}
_ISSN = re.compile(r"(?<![\d-])\d{4}-?\d{3}[\dXx](?![\dXx-])", re.ASCII)


def roles_of_persons(kind: str, name: str) -> tuple[str, str, str, str]:
    """What the first to fourth lists of persons are, in a type of CSL and by its name in the format."""
    if name in _EDITED:
        return "editor", "collection-editor", "author", "translator"
    if kind in _WHOLE:
        return "author", "collection-editor", "editor", "translator"
    return "author", "editor", "collection-editor", "translator"


def is_named(kind: str, genre: str) -> bool:
    """Whether a genre says nothing but the type in CSL."""
    name = genre.lower()
    return name in (kind, kind.partition("-")[0]) or ENDNOTE_TYPES.get(name) == kind


def name_of_secondary_title(kind: str) -> str:
    """What a second title is: the series of a whole, or else what contains the work."""
    return "collection-title" if kind in _WHOLE else "container-title"


def name_of_number(kind: str) -> str:
    """What a number is: that of an issue, or of the work itself."""
    return "issue" if kind.startswith("article") or kind == "paper-conference" else "number"


def name_of_serial(text: str, kind: str) -> str:
    """ISSN or ISBN: as the text looks, else as its type has one."""
    return "ISSN" if _ISSN.search(text) or kind.startswith("article") else "ISBN"

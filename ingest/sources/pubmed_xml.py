"""PubMed's XML, as its pages and its service efetch give it: articles, books and their chapters."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from ingest.sources.base import Entry, ReadOptions, Rejection, entry_from
from ingest.sources.csl_fields import csl_date, csl_item
from ingest.sources.loose import loose_record, read_date
from ingest.sources.reference_types import MEDLINE_TYPES
from ingest.sources.retraction import retraction_notice
from ingest.sources.texts import open_bytes
from ingest.sources.xml_records import open_xml, text_of, texts_of, xml_records

RECORDS = ("PubmedArticle", "PubmedBookArticle")
# What CSL has no name for, by its path in a citation, in an article or a book's document.
_OTHERS = {
    "PublicationType": ("Article/PublicationTypeList/PublicationType", "PublicationType"),
    "Affiliation": (".//AuthorList/Author/AffiliationInfo/Affiliation",),
    "Identifier": (".//AuthorList/Author/Identifier",),
    "NlmUniqueID": ("MedlineJournalInfo/NlmUniqueID",),
    "GrantID": (".//GrantList/Grant/GrantID",),
    "NameOfSubstance": ("ChemicalList/Chemical/NameOfSubstance",),
    "DataBankAccession": (".//AccessionNumberList/AccessionNumber",),
    "VernacularTitle": ("Article/VernacularTitle", "VernacularTitle"),
    "CoiStatement": ("CoiStatement",),
    "Copyright": (".//Abstract/CopyrightInformation",),
}


def read_pubmed_xml(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record, or a rejection with its line. Streams."""
    yield from pubmed_entries(open_bytes(path), source)


def pubmed_entries(stream: BinaryIO, source: str) -> Iterator[Entry]:
    """The paper of each record in a stream that can seek, or a rejection with its line.

    The stream is closed at its end. An answer of another kind, such as a web page, has no record.
    """
    with open_xml(stream) as file:
        for line, element in xml_records(file, *RECORDS):
            if isinstance(element, str):
                yield Rejection(source, line, element)
            else:
                yield entry_from(_record(element), source, line)


def _record(record: Element) -> dict[str, Any]:
    citation = _first(record, "MedlineCitation", "BookDocument")
    if citation is None:
        return {}
    article, data = _first(citation, "Article"), _first(record, "PubmedData", "PubmedBookData")
    names = _names(citation.iterfind("Article/AuthorList" if article is not None else "AuthorList"))
    article = citation if article is None else article
    identifiers = _identifiers(citation, article, data)
    dates = list(_dates(article, data))
    fields = _journal(citation, article) if article is not citation else _book(citation)
    others = {name: texts for name, paths in _OTHERS.items() if (texts := _all(citation, paths))}
    types = [text.lower() for text in others.get("PublicationType", [])]
    fields |= {
        "type": next((MEDLINE_TYPES[text] for text in types if text in MEDLINE_TYPES), fields["type"]),
        "author": names["author"] or names["authors"],
        "editor": names["editors"] or fields.get("editor"),
        "issued": csl_date(next(filter(read_date, dates), None)),
        "page": text_of(_first(article, "Pagination/MedlinePgn")) or _pages(article),
        "language": "; ".join(texts_of(article, "Language")),
        "keyword": "; ".join(_keywords(citation)),
        "PMID": text_of(_first(citation, "PMID")),
        "PMCID": identifiers.get("pmc"),
    }
    complete = article.find("AuthorList[@CompleteYN='N']") is None
    return loose_record(
        _title(article) or fields.pop("container-title", ""),
        "\n".join(_abstract(article)),
        published=dates,
        authors=[*fields["author"], *([] if complete else ["others"])],
        doi=identifiers.get("doi"),
        hints=[identifiers.get("pii")],
        retracted=_retraction(citation, types),
        csl=csl_item(fields, "pubmed", others),
    )


def _first(element: Element, *paths: str) -> Element | None:
    return next((each for path in paths if (each := element.find(path)) is not None), None)


def _all(element: Element, paths: Iterable[str]) -> list[str]:
    return [text for path in paths for text in texts_of(element, path)]


def _title(article: Element) -> str:
    """The title without the full stop that PubMed ends each with."""
    title = text_of(_first(article, "ArticleTitle"))
    if title in ("", "[Not Available]."):  # nobody has translated it
        title = text_of(_first(article, "VernacularTitle")) or title
    return title if title.endswith("..") else title.removesuffix(".")


def _abstract(article: Element) -> Iterator[str]:
    """The parts of an abstract, each behind its label."""
    for part in article.iterfind("Abstract/AbstractText"):
        label, text = part.get("Label", "").strip().rstrip(":"), text_of(part)
        yield f"{label}: {text}" if label and label.upper() != "UNLABELLED" and text else text


def _names(lists: Iterable[Element]) -> dict[str, list[dict[str, str]]]:
    """The authors, under the type of their list: `authors`, `editors`, or `author` where it has none."""
    names: dict[str, list[dict[str, str]]] = {"author": [], "authors": [], "editors": []}
    for listed in lists:
        into = names.setdefault(listed.get("Type", "author"), [])
        into += [_name(author) for author in listed.iterfind("Author") if author.get("ValidYN") != "N"]
    return names


def _name(author: Element) -> dict[str, str]:
    parts = {
        "family": text_of(_first(author, "LastName")),
        "given": text_of(_first(author, "ForeName", "FirstName", "Initials")),
        "suffix": text_of(_first(author, "Suffix")),
        "literal": text_of(_first(author, "CollectiveName")),
    }
    return {name: text for name, text in parts.items() if text}


def _dates(article: Element, data: Element | None) -> Iterator[str]:
    """The forms of the date, the one that is cited first."""
    places = ["Journal/JournalIssue/PubDate", "Book/PubDate", "ArticleDate", "ContributionDate"]
    dates = [article.find(place) for place in places]
    if data is not None:
        dates.append(data.find("History/PubMedPubDate[@PubStatus='pubmed']"))
    for date in dates:
        if date is not None:
            said = text_of(_first(date, "MedlineDate"))
            parts = [text_of(_first(date, name)) for name in ("Year", "Month", "Day")]
            is_number = parts[1].isdecimal()
            yield said or ("-" if is_number else " ").join(
                filter(None, parts if is_number else parts[::-1])
            )
            yield said[:4]  # "1998 Dec-1999 Jan"


def _identifiers(citation: Element, article: Element, data: Element | None) -> dict[str, str]:
    """The DOI, the number at PubMed Central and the publisher's own, by their types."""
    lists = [
        *citation.iterfind("ArticleIdList/ArticleId"),
        *([] if data is None else data.iterfind("ArticleIdList/ArticleId")),
    ]
    listed = [(each.get("IdType", ""), text_of(each)) for each in lists]
    located = [(each.get("EIdType", ""), text_of(each)) for each in article.iterfind("ELocationID")]
    return dict([*listed, *reversed(located)])


def _journal(citation: Element, article: Element) -> dict[str, Any]:
    return {
        "type": "article-journal",
        "container-title": text_of(_first(article, "Journal/Title")),
        "container-title-short": text_of(_first(article, "Journal/ISOAbbreviation"))
        or text_of(_first(citation, "MedlineJournalInfo/MedlineTA")),
        "volume": text_of(_first(article, "Journal/JournalIssue/Volume")),
        "issue": text_of(_first(article, "Journal/JournalIssue/Issue")),
        "ISSN": text_of(_first(article, "Journal/ISSN"))
        or text_of(_first(citation, "MedlineJournalInfo/ISSNLinking")),
        "publisher-place": text_of(_first(citation, "MedlineJournalInfo/Country")),
    }


def _book(document: Element) -> dict[str, Any]:
    editors = _names(document.iterfind("Book/AuthorList"))
    is_chapter = document.find("ArticleTitle") is not None
    return {
        "type": "chapter" if is_chapter else "book",
        "container-title": text_of(_first(document, "Book/BookTitle")),
        "collection-title": text_of(_first(document, "Book/CollectionTitle")),
        "volume": text_of(_first(document, "Book/Volume")),
        "edition": text_of(_first(document, "Book/Edition")),
        "ISBN": text_of(_first(document, "Book/Isbn")),
        "publisher": text_of(_first(document, "Book/Publisher/PublisherName")),
        "publisher-place": text_of(_first(document, "Book/Publisher/PublisherLocation")),
        "editor": editors["editors"],
    }


def _pages(article: Element) -> str:
    ends = (text_of(_first(article, f"Pagination/{name}")) for name in ("StartPage", "EndPage"))
    return "-".join(filter(None, ends))


def _keywords(citation: Element) -> Iterator[str]:
    """The headings that PubMed's readers gave, then the authors' own keywords."""
    for heading in citation.iterfind("MeshHeadingList/MeshHeading"):
        yield "/".join(map(text_of, heading))
    yield from texts_of(citation, "KeywordList/Keyword")


def _retraction(citation: Element, types: Iterable[str]) -> str | None:
    notice = citation.find("CommentsCorrectionsList/CommentsCorrections[@RefType='RetractionIn']")
    place, number = "", ""
    if notice is not None:
        place, number = (text_of(_first(notice, name)) for name in ("RefSource", "PMID"))
    return retraction_notice(place, number, types)

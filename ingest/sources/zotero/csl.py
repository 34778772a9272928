"""Zotero's fields as CSL-JSON, by Zotero's own mapping (zotero-schema, version 22 and later)."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ingest.sources.csl_fields import csl_date

_TYPES = {
    "journalArticle": "article-journal",
    "magazineArticle": "article-magazine",
    "newspaperArticle": "article-newspaper",
    "preprint": "article",
    "conferencePaper": "paper-conference",
    "bookSection": "chapter",
    "encyclopediaArticle": "entry-encyclopedia",
    "dictionaryEntry": "entry-dictionary",
    "case": "legal_case",
    "statute": "legislation",
    "artwork": "graphic",
    "audioRecording": "song",
    "film": "motion_picture",
    "videoRecording": "motion_picture",
    "podcast": "broadcast",
    "radioBroadcast": "broadcast",
    "tvBroadcast": "broadcast",
    "letter": "personal_communication",
    "email": "personal_communication",
    "instantMessage": "personal_communication",
    "forumPost": "post",
    "blogPost": "post-weblog",
    "computerProgram": "software",
    "presentation": "speech",
}
_SAME_TYPES = (
    "bill book dataset document hearing interview manuscript map patent report standard thesis webpage"
)
_TYPES |= {name: name for name in _SAME_TYPES.split()}
# The names that a field has in items of some types.
_SPECIFIC = {
    "title": "caseName subject nameOfAct",
    "publicationTitle": "blogTitle bookTitle dictionaryTitle encyclopediaTitle forumTitle proceedingsTitle "
    "programTitle websiteTitle",
    "publisher": "label company distributor network studio university institution repository",
    "place": "repositoryLocation",
    "number": "billNumber docketNumber documentNumber patentNumber episodeNumber reportNumber "
    "publicLawNumber archiveID identifier",
    "volume": "codeVolume reporterVolume",
    "pages": "codePages firstPage",
    "date": "dateDecided dateEnacted issueDate",
    "type": "genre letterType manuscriptType mapType postType presentationType reportType thesisType "
    "websiteType",
    "medium": "artworkMedium audioRecordingFormat audioFileType interviewMedium videoRecordingFormat "
    "format",
    "authority": "court legislativeBody issuingAuthority organization",
}
_BASE = {specific: name for name, names in _SPECIFIC.items() for specific in names.split()}
_TEXTS = {
    "container-title": "publicationTitle reporter code",
    "volume": "volume codeNumber",
    "issue": "issue priorityNumbers",
    "page": "pages",
    "number": "number",
    "collection-title": "seriesTitle series",
    "collection-number": "seriesNumber",
    "edition": "edition",
    "publisher": "publisher",
    "publisher-place": "place",
    "event-place": "place",
    "event-title": "meetingName conferenceName",
    "genre": "type programmingLanguage",
    "DOI": "DOI",
    "ISBN": "ISBN",
    "ISSN": "ISSN",
    "PMID": "PMID",
    "PMCID": "PMCID",
    "URL": "url",
    "language": "language",
    "note": "extra",
    "title-short": "shortTitle",
    "container-title-short": "journalAbbreviation",
    "archive": "archive",
    "archive_location": "archiveLocation",
    "authority": "authority",
    "call-number": "callNumber applicationNumber",
    "chapter-number": "session",
    "dimensions": "artworkSize runningTime",
    "license": "rights",
    "medium": "medium system",
    "number-of-pages": "numPages",
    "number-of-volumes": "numberOfVolumes",
    "references": "history references",
    "scale": "scale",
    "section": "section committee",
    "source": "libraryCatalog",
    "status": "status",
    "version": "versionNumber",
}
_DATES = {"accessed": "accessDate", "submitted": "filingDate"}
_NAMES = {
    "bookAuthor": "container-author",
    "castMember": "performer",
    "reviewedAuthor": "reviewed-author",
    "scriptwriter": "script-writer",
    "seriesEditor": "collection-editor",
}
_SAME_NAMES = "author composer contributor director editor guest interviewer producer recipient translator"
_NAMES |= {name: name for name in _SAME_NAMES.split()}
_AUTHORS = {  # who counts as the author of an item of this type
    "artwork": "artist",
    "audioRecording": "performer",
    "bill": "sponsor",
    "computerProgram": "programmer",
    "film": "director",
    "hearing": "contributor",
    "interview": "interviewee",
    "map": "cartographer",
    "patent": "inventor",
    "podcast": "podcaster",
    "presentation": "presenter",
    "radioBroadcast": "director",
    "tvBroadcast": "director",
    "videoRecording": "director",
}
_ELSEWHERE = {"title", "abstractNote", "date", "citationKey"}  # these are fields of the paper, or `issued`


class Named(Protocol):
    """A creator of an item."""

    @property
    def kind(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def given(self) -> str: ...


def base_field(name: str) -> str:
    """The general name of a field: `publicationTitle` for `bookTitle`."""
    return _BASE.get(name, name)


def csl_of(
    kind: str, fields: Mapping[str, str], creators: Iterable[Named], date: str, key: str
) -> dict[str, Any]:
    """The item of CSL-JSON; its `custom` has the key, the type, and what CSL has no name for."""
    csl: dict[str, Any] = {"type": _TYPES.get(kind, "document")}
    used: set[str] = set()
    for name, sources in _TEXTS.items():
        if given := _first(fields, sources.split()):
            csl[name] = fields[given]
            used.add(given)
    for name, source in _DATES.items():
        if source in fields:
            csl[name] = _date(fields[source], fields[source])
            used.add(source)
    if issued := _first(fields, ["date"]):
        csl["issued"] = _date(date, fields[issued])
    custom: dict[str, Any] = {"key": key, "itemType": kind}
    custom |= {
        name: value
        for name, value in fields.items()
        if name not in used and base_field(name) not in _ELSEWHERE
    }
    for creator in creators:
        role = "author" if creator.kind == _AUTHORS.get(kind, "author") else _NAMES.get(creator.kind)
        if role:
            csl.setdefault(role, []).append(_name(creator))
        else:
            unnamed = {"creatorType": creator.kind, "firstName": creator.given, "lastName": creator.family}
            custom.setdefault("creators", []).append(unnamed)
    return csl | {"custom": {"zotero": custom}}


def _first(fields: Mapping[str, str], names: Iterable[str]) -> str | None:
    """The first of these fields, under any of its names, that has a value."""
    specific = (each for name in names for each in (name, *_SPECIFIC.get(name, "").split()))
    return next((name for name in specific if fields.get(name)), None)


def _name(creator: Named) -> dict[str, str]:
    if not creator.given:
        return {"literal": creator.family}
    return {"family": creator.family, "given": creator.given}


def _date(iso: str, text: str) -> dict[str, Any]:
    """The parts of a date as far as they are certain, else its text."""
    return csl_date(iso) or csl_date(text) or {"literal": text}

"""The usual names of columns in tables of papers, and of keys in objects."""

# The usual names of columns, by field, the most reliable first; letters and digits alone.
NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "papertitle", "articletitle", "documenttitle", "ti"),
    "abstract": ("abstract", "abstractnote", "summary", "abstracttext", "paperabstract", "ab"),
    "published": (
        *("published", "date", "publicationdate", "publisheddate", "publishedat", "publishedon", "pubdate"),
        *("year", "publicationyear", "publishedyear", "pubyear", "py", "updatedate"),
    ),
    "organization": ("organization", "organisation"),
    "arxiv_id": ("arxivid", "arxiv", "eprint"),
    "doi": ("doi", "di"),
    "author_count": ("authorcount", "numauthors", "numberofauthors"),
    "authors": (
        *("authorfullnames", "authorfullname", "af"),  # Scopus and the Web of Science have short ones too
        *("authors", "author", "authornames", "authorlist", "au"),
    ),
    "key": ("citationkey", "citekey", "bibtexkey", "key"),
    "tags": ("tags", "manualtags", "automatictags", "keywords"),
    "collections": ("collections",),
    "note": ("note", "notes"),
    "retracted": ("retracted",),
}
# The same for the fields of CSL-JSON.
CSL: dict[str, tuple[str, ...]] = {
    "type": ("type", "itemtype", "documenttype"),
    "container-title": (
        "journal",
        "publicationtitle",
        "journaltitle",
        "sourcetitle",
        "containertitle",
        "so",
    ),
    "collection-title": ("series",),
    "volume": ("volume", "vl"),
    "issue": ("issue", "is"),
    "page": ("pages", "page"),
    "edition": ("edition",),
    "publisher": ("publisher", "pu"),
    "publisher-place": ("place", "publisherplace"),
    "event-title": ("conferencename", "eventtitle"),
    "editor": ("editors", "editor"),
    "ISSN": ("issn", "sn"),
    "ISBN": ("isbn",),
    "PMID": ("pmid", "pubmedid"),
    "PMCID": ("pmcid",),
    "language": ("language",),
    "genre": ("genre",),
    "URL": ("url", "link"),
    "keyword": ("authorkeywords", "indexkeywords"),
}
# Zotero's types of items in CSL, in small letters.
TYPES = {
    "journalarticle": "article-journal",
    "conferencepaper": "paper-conference",
    "booksection": "chapter",
    "preprint": "article",
}
SEVERAL = {"published", "tags"}  # fields that may have more than one column
LINKED = ("fileattachments",)
HINTS = ("url", "link", "extra", "pdfurl", "absurl", "entryid", "pdf")
FIELDS = tuple(NAMES)

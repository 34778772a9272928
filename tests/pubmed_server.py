"""NCBI's E-utilities as they answer: esearch with JSON, efetch with PubMed's XML; forms by POST."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from hub_server import reply_json
from service_server import Asked, Reply, reply

XML = "text/xml; charset=UTF-8"
_HEAD = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" \
"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
"""


@dataclass(frozen=True)
class Record:
    """What PubMed knows of an article."""

    pmid: str = "31452104"
    title: str = "Ledgers of owls: counting them at night."
    abstract: str = "We count owls at night &amp; find 3,141 of them."
    doi: str = "10.1000/owls"
    types: Sequence[str] = ("Journal Article",)


def numbered(many: int) -> list[Record]:
    """So many articles that differ."""
    return [
        replace(Record(), pmid=str(number), title=f"Owl number {number}.", doi=f"10.1000/{number}")
        for number in range(1, many + 1)
    ]


class PubMedService:
    """Finds every article for every query."""

    def __init__(self) -> None:
        self.records: list[Record] = [Record()]

    def __call__(self, asked: Asked) -> Reply:
        form = form_of(asked)
        if asked.path.endswith("/esearch.fcgi"):
            ids = [record.pmid for record in self.records]
            return found(ids[: int(form["retmax"])], len(ids))
        wanted = form["id"].split(",")
        return reply(200, articles([record for record in self.records if record.pmid in wanted]), XML)


def form_of(asked: Asked) -> dict[str, str]:
    """The form of a request."""
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def found(ids: Sequence[str], count: int) -> Reply:
    result = {
        "count": str(count),
        "retmax": str(len(ids)),
        "retstart": "0",
        "idlist": list(ids),
        "translationset": [],
        "querytranslation": "owls[Title]",
    }
    return reply_json({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})


def limit_exceeded(key: str = "203.0.113.7") -> Reply:
    """What NCBI answers to too many requests; it names the key."""
    error = {"error": "API rate limit exceeded", "api-key": key, "count": "11", "limit": "10"}
    return reply_json(error, 429, Retry_After="0", X_RateLimit_Limit="10", X_RateLimit_Remaining="0")


def articles(records: Sequence[Record]) -> str:
    return f"{_HEAD}<PubmedArticleSet>{''.join(map(_article, records))}</PubmedArticleSet>"


def _article(record: Record) -> str:
    types = "".join(f"<PublicationType>{escape(name)}</PublicationType>" for name in record.types)
    return f"""
<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{record.pmid}</PMID>
<Article PubModel="Print"><Journal><ISSN IssnType="Print">1234-5678</ISSN><JournalIssue CitedMedium="Print">
<Volume>12</Volume><Issue>3</Issue><PubDate><Year>2021</Year><Month>May</Month></PubDate></JournalIssue>
<Title>Journal of Owls</Title><ISOAbbreviation>J Owls</ISOAbbreviation></Journal>
<ArticleTitle>{escape(record.title)}</ArticleTitle><Pagination><MedlinePgn>1-9</MedlinePgn></Pagination>
<ELocationID EIdType="doi" ValidYN="Y">{record.doi}</ELocationID>
<Abstract><AbstractText>{record.abstract}</AbstractText></Abstract>
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Ōwl</LastName><ForeName>Ada</ForeName></Author>
</AuthorList><Language>eng</Language><PublicationTypeList>{types}</PublicationTypeList></Article>
</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pubmed">{record.pmid}</ArticleId>
</ArticleIdList></PubmedData></PubmedArticle>"""

"""Files of references from reference managers and PubMed: what is read of them, and what breaks them."""

import io
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.broken_references import changed, lost
from benchmarks.malformed import wrong
from benchmarks.reference_files import NAMES, made_references, reference_file
from ingest.sources.base import Attachment, ReadOptions, Rejection
from ingest.sources.csl_fields import csl_item, csl_name
from ingest.sources.files import FileSource
from ingest.sources.pubmed_xml import pubmed_entries
from ingest.sources.recognition import recognise
from rag.errors import AskpapersError, SourceError
from ui.cli import main

RIS = """\ufeffTY  - JOUR
AU  - Lind, Åsa
A1  - van der Berg, Jan, Jr.
AU  - The Owl Society,
ED  - Bee, C.
TI  - Owls Hunt
T2  - Journal of Owls
JA  - J Owls
PY  - 2021
DA  - 2021/05/03/
N2  - We count.
Twice.
KW  - owl
bees; eels
DO  - https://doi.org/10.1000/Owls
UR  - https://a.org/x
UR  - https://arxiv.org/abs/2103.01234
SP  - 1
EP  - 29
VL  - 3
IS  - 4
SN  - 1234-5678
PB  - Owl Press
CY  - Oslo
LA  - en
ID  - lind2021
C1  - our own
N1  - Cited By :5
N1  - Retracted: 10.1000/notice
RN  - Read again.
ER  -

TY  - CHAP
T1  - Without an End
Y1  - 2020///
BT  - A Book
A2  - Bee, Carl
TY  - BOOK
T1  - Bees
A2  - Serial, Ed
SN  - 978-3-16-148410-0
T2  - Great Books
"""

NBIB = """
PMID- 31452104
OWN - NLM
DP  - 2019 Aug 5
TI  - Owls hunt by ear and the second
      line.
LID - 10.1000/owls [doi]
AB  - BACKGROUND: We count.

      RESULTS: Ten.
FAU - Lind, Asa
AU  - Lind A
AD  - Uni.
CN  - The Owl Society
LA  - eng
PT  - Journal Article
PT  - Retracted Publication
JT  - Methods in owls
TA  - Methods Owls
VI  - 2051
IP  - 2
PG  - 1-29
IS  - 1940-6029 (Electronic)
MH  - Owls/*physiology
OT  - hearing
RIN - J Owl. 2021 Jan;1(1):2. doi: 10.1000/notice. PMID: 333
SO  - Methods

PMID- 2
TI  - Second.
AU  - van der Berg JA
DP  - 1998 Dec-1999 Jan
PT  - Retracted Publication
"""

ENDNOTE = """<?xml version="1.0" encoding="UTF-8" ?><xml><records><record>
<database name="My.enl" path="C:\\My.enl">My.enl</database><rec-number>1</rec-number>
<ref-type name="Journal Article">17</ref-type><contributors><authors><author>
<style face="normal">Lind, Åsa</style></author><author>Owl Society,</author></authors>
</contributors><titles><title><style>Owls at 10</style><style face="superscript">5</style>
<style> Hz</style></title><secondary-title>J of Owls</secondary-title></titles><periodical>
<full-title>J of Owls</full-title><abbr-1>JO</abbr-1></periodical>
<pages>1-29</pages><volume><style>2</style></volume><number>3</number><keywords>
<keyword>owl</keyword><keyword>bee&#xD;eel</keyword></keywords><dates><year>2021</year><pub-dates>
<date>Mar 5</date></pub-dates></dates><isbn>1234-5678</isbn><abstract><style>We count.</style>
</abstract><notes>Not mine.</notes><research-notes>Mine,&#xD;two lines.</research-notes><urls>
<related-urls><url>https://a.org</url></related-urls><pdf-urls>
<url>internal-pdf://123/Owls%20&amp;%20x.pdf</url><url>internal-pdf://../../secret.pdf</url>
</pdf-urls></urls><electronic-resource-num>10.1000/x</electronic-resource-num><custom1>c</custom1>
<label>lind2021</label></record>
<record><title>Broken<title></record>
<record><ref-type name="Thesis">32</ref-type><titles><title>Bees</title></titles>
<publisher>Uni</publisher></record>
</records></xml>"""

PUBMED = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/pubmed_240101.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">31452104</PMID><Article>
<Journal><ISSN>1940-6029</ISSN><JournalIssue><Volume>2051</Volume><Issue>3</Issue><PubDate>
<Year>2020</Year><Month>Mar</Month><Day>5</Day></PubDate></JournalIssue>
<Title>Methods in owls</Title><ISOAbbreviation>Methods Owls</ISOAbbreviation></Journal>
<ArticleTitle>Owls at 10<sup>5</sup> &lt; <i>Hz</i>.</ArticleTitle><Pagination>
<MedlinePgn>1-29</MedlinePgn></Pagination><ELocationID EIdType="doi">10.1000/Owls</ELocationID>
<Abstract><AbstractText Label="BACKGROUND">We count.</AbstractText>
<AbstractText Label="RESULTS">Ten.</AbstractText></Abstract><AuthorList CompleteYN="N"><Author>
<LastName>Lind</LastName><ForeName>Åsa</ForeName></Author><Author>
<CollectiveName>The Owl Society</CollectiveName></Author></AuthorList><Language>eng</Language>
<PublicationTypeList><PublicationType>Journal Article</PublicationType></PublicationTypeList>
</Article><CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn">
<RefSource>J Owl. 2021;1:2</RefSource><PMID>333</PMID></CommentsCorrections>
</CommentsCorrectionsList><MeshHeadingList><MeshHeading><DescriptorName>Owls</DescriptorName>
<QualifierName>physiology</QualifierName></MeshHeading></MeshHeadingList><KeywordList>
<Keyword>hearing</Keyword></KeywordList></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="pmc">PMC123</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>
<ArticleId IdType="doi">10.9999/other</ArticleId></ArticleIdList></Reference></ReferenceList>
</PubmedData></PubmedArticle>
<PubmedBookArticle><BookDocument><PMID>20301295</PMID><Book><Publisher>
<PublisherName>UW</PublisherName><PublisherLocation>Seattle</PublisherLocation></Publisher>
<BookTitle>Owl Reviews</BookTitle><PubDate><Year>1993</Year></PubDate><AuthorList Type="editors">
<Author><LastName>Adam</LastName><ForeName>M</ForeName></Author></AuthorList></Book>
<ArticleTitle>Owl syndrome</ArticleTitle><AuthorList Type="authors"><Author><LastName>Bee</LastName>
<ForeName>C</ForeName></Author></AuthorList></BookDocument></PubmedBookArticle></PubmedArticleSet>
"""


def read(tmp_path, name, content, label=None):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(FileSource(path, ReadOptions(), label).read())


def known(paper):
    """The fields that are there; of CSL all but what it has no name for."""
    fields = {name: value for name, value in paper.to_dict().items() if value and name != "paper_id"}
    csl = {name: value for name, value in fields.pop("csl").items() if name != "custom"}
    return fields, csl


LIND, SOCIETY = {"family": "Lind", "given": "Åsa"}, {"literal": "The Owl Society"}


def test_ris_gives_all_that_it_says(tmp_path):
    article, chapter, book = read(tmp_path, "a.ris", RIS)
    assert known(article) == (
        {
            "title": "Owls Hunt",
            "abstract": "We count. Twice.",
            "published": "2021-05-03",
            "author_count": 3,
            "authors": ["Åsa Lind", "Jan van der Berg Jr.", "The Owl Society"],
            "doi": "10.1000/owls",
            "arxiv_id": "2103.01234",
            "key": "lind2021",
            "tags": ["owl", "bees", "eels"],
            "note": "Cited By :5\n\nRead again.",
            "retracted": "10.1000/notice",
        },
        {
            "type": "article-journal",
            "container-title": "Journal of Owls",
            "container-title-short": "J Owls",
            "volume": "3",
            "issue": "4",
            "page": "1-29",
            "ISSN": "1234-5678",
            "publisher": "Owl Press",
            "publisher-place": "Oslo",
            "language": "en",
            "URL": "https://a.org/x",
            "issued": {"date-parts": [[2021, 5, 3]]},
            "author": [LIND, {"family": "van der Berg", "given": "Jan", "suffix": "Jr."}, SOCIETY],
            "editor": [{"family": "Bee", "given": "C."}],
        },
    )
    lines = [line.split("  - ") for line in RIS.partition("ER")[0].strip("\ufeff\n").split("\n")]
    assert [line for line in article.csl["custom"]["ris"]["lines"] if "\n" not in line[1]] == [
        line for line in lines if len(line) == 2 and line[0] not in ("N2", "KW")
    ]
    assert (chapter.title, chapter.published, chapter.csl["container-title"]) == (
        "Without an End",
        "2020",
        "A Book",
    )
    assert chapter.csl["editor"] == [{"family": "Bee", "given": "Carl"}]
    assert (book.csl["type"], book.csl["ISBN"]) == ("book", "978-3-16-148410-0")
    assert (book.csl["collection-title"], "container-title" in book.csl) == ("Great Books", False)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        ("PY  - 2021\nDA  - Mar 5", "published", "2021-03-05"),
        ("Y1  - 2021/03//Spring", "published", "2021-03"),
        ("PY  - 2021\nDA  - 2022/01/01", "published", "2021"),
        ("PY  - in press", "published", None),
        ("ID  - 271", "key", None),
        ("LB  - lind2021", "key", "lind2021"),
        ("M3  - doi:10.1000/x", "doi", "10.1000/x"),
        ("UR  - https://doi.org/10.1000/x", "doi", "10.1000/x"),
        ("AB  - IT - based owls", "abstract", "IT - based owls"),
        ("AB  - One.\nIT - based owls", "abstract", "One. IT - based owls"),
        ("AB  - One.\n\nTwo.", "abstract", "One. Two."),
        ("AB - Pasted.", "abstract", "Pasted."),
    ],
)
def test_dialects_of_ris(tmp_path, lines, field, value):
    (paper,) = read(tmp_path, "a.ris", f"Provider: x\r\n\r\nTY  - JOUR\nTI  - Owls\n{lines}\nER  - \n")
    assert getattr(paper, field) == value


SCOPUS = """TY  - JOUR
TI  - Owls
N1  - Cited By :5
C7  - 24103
SN  - 24699950 (ISSN)
M3  - Article
DB  - Scopus
ER  -
"""


def test_a_databases_remarks_are_no_notes_of_the_users(tmp_path):
    (paper,) = read(tmp_path, "a.ris", SCOPUS)
    assert known(paper) == (
        {"title": "Owls"},
        {
            "type": "article-journal",
            "page": "24103",
            "ISSN": "24699950",
            "source": "Scopus",
            "note": "Cited By :5",
        },
    )


def test_a_managers_notes_are_the_users_own_without_markup(tmp_path):
    lines = "N1  - <p>Read &amp; check.</p>\n<p>Twice.</p>\nN1  - a < b\nDP  - PubMed"
    (paper,) = read(tmp_path, "a.ris", f"TY  - JOUR\nTI  - Owls\n{lines}\nER  - \n")
    assert (paper.note, "note" in paper.csl) == ("Read & check.\n\nTwice.\n\na < b", False)


def test_pubmeds_citations_give_all_that_they_say(tmp_path):
    first, second = read(tmp_path, "a.nbib", NBIB)
    assert known(first) == (
        {
            "title": "Owls hunt by ear and the second line",
            "abstract": "BACKGROUND: We count. RESULTS: Ten.",
            "published": "2019-08-05",
            "author_count": 2,
            "authors": ["Asa Lind", "The Owl Society"],
            "doi": "10.1000/owls",
            "retracted": "10.1000/notice",
        },
        {
            "type": "article-journal",
            "container-title": "Methods in owls",
            "container-title-short": "Methods Owls",
            "volume": "2051",
            "issue": "2",
            "page": "1-29",
            "ISSN": "1940-6029",
            "PMID": "31452104",
            "language": "eng",
            "keyword": "Owls/*physiology; hearing",
            "issued": {"date-parts": [[2019, 8, 5]]},
            "author": [{"family": "Lind", "given": "Asa"}, SOCIETY],
        },
    )
    assert first.csl["custom"]["medline"]["AD"] == ["Uni."]
    assert (second.title, second.published, second.authors) == ("Second", "1998", ("JA van der Berg",))
    assert second.retracted == "retracted"


def test_endnote_gives_all_that_it_says(tmp_path):
    folder = tmp_path / "My.Data" / "PDF" / "123"
    folder.mkdir(parents=True)
    (folder / "Owls & x.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path.parent / "secret.pdf").write_bytes(b"%PDF-1.4")
    paper, attached, broken, thesis = read(tmp_path, "export.xml", ENDNOTE)
    assert known(paper) == (
        {
            "title": "Owls at 10^5 Hz",
            "abstract": "We count.",
            "published": "2021-03-05",
            "author_count": 2,
            "authors": ["Åsa Lind", "Owl Society"],
            "doi": "10.1000/x",
            "key": "lind2021",
            "tags": ["owl", "bee", "eel"],
            "note": "Mine,\ntwo lines.",
        },
        {
            "type": "article-journal",
            "container-title": "J of Owls",
            "container-title-short": "JO",
            "volume": "2",
            "issue": "3",
            "page": "1-29",
            "ISSN": "1234-5678",
            "URL": "https://a.org",
            "note": "Not mine.",
            "issued": {"date-parts": [[2021, 3, 5]]},
            "author": [LIND, {"literal": "Owl Society"}],
        },
    )
    assert paper.csl["custom"]["endnote"]["custom1"] == ["c"]
    assert (attached.path, attached.paper) == (folder / "Owls & x.pdf", paper)
    at = ENDNOTE[: ENDNOTE.index("<record><title>Broken")].count("\n") + 1
    assert broken.line == at
    assert broken.reason == f"a broken record: a tag is closed that is not open (line {at})"
    assert (thesis.csl["type"], thesis.organization) == ("thesis", "Uni")
    entries = read(tmp_path, "export.xml", ENDNOTE, label="upload/export.xml")
    assert not [each for each in entries if isinstance(each, Attachment)]  # they would be the server's


def test_ris_names_pdfs_beside_it(tmp_path):
    (tmp_path / "owls 1.pdf").write_bytes(b"%PDF-1.4")
    text = "TY  - JOUR\nTI  - Owls\nL1  - owls%201.pdf\nL1  - https://a.org/x.pdf\nL1  - gone.pdf\nER  - \n"
    entries = read(tmp_path, "a.ris", text)
    assert [each.path.name for each in entries if isinstance(each, Attachment)] == ["owls 1.pdf"]
    assert len(read(tmp_path, "a.ris", text, label="upload/a.ris")) == 1


def test_pubmeds_xml_gives_all_that_it_says(tmp_path):
    article, chapter = read(tmp_path, "a.xml", PUBMED)
    assert known(article) == (
        {
            "title": "Owls at 10^5 < Hz",
            "abstract": "BACKGROUND: We count. RESULTS: Ten.",
            "published": "2020-03-05",
            "authors": ["Åsa Lind", "The Owl Society"],  # of a list that says it is not complete
            "doi": "10.1000/owls",
            "retracted": "PMID 333",
        },
        {
            "type": "article-journal",
            "container-title": "Methods in owls",
            "container-title-short": "Methods Owls",
            "volume": "2051",
            "issue": "3",
            "page": "1-29",
            "ISSN": "1940-6029",
            "PMID": "31452104",
            "PMCID": "PMC123",
            "language": "eng",
            "keyword": "Owls/physiology; hearing",
            "issued": {"date-parts": [[2020, 3, 5]]},
            "author": [LIND, SOCIETY],
        },
    )
    assert known(chapter)[1] == {
        "type": "chapter",
        "container-title": "Owl Reviews",
        "publisher": "UW",
        "publisher-place": "Seattle",
        "PMID": "20301295",
        "issued": {"date-parts": [[1993]]},
        "author": [{"family": "Bee", "given": "C"}],
        "editor": [{"family": "Adam", "given": "M"}],
    }
    assert list(pubmed_entries(io.BytesIO(PUBMED.encode()), "pubmed:owls")) == [article, chapter]
    assert list(pubmed_entries(io.BytesIO(b"<html>Too many requests</html>"), "pubmed:owls")) == []


def test_what_a_record_cannot_hold_of_a_crowd_of_authors_costs_no_other_field():
    authors = [{"family": f"Family {number}", "given": "Given"} for number in range(8_000)]
    item = csl_item({"type": "book", "author": authors}, "ris", {"AD": ["x"]})
    assert item == {"type": "book"}
    assert csl_name("Ministry of Owls, Bees,") == {"literal": "Ministry of Owls, Bees"}


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("a.txt", RIS, "ris"),
        ("a.txt", NBIB, "nbib"),
        ("a.ris", NBIB, "nbib"),
        ("a.data", ENDNOTE, "endnote"),
        ("a.xml", PUBMED, "pubmed"),
        ("a.txt", ENDNOTE.partition("?>")[2], "endnote"),
        ("a.txt", f"<5% of owls hunt by day\n{'We count owls. ' * 20}\n", "page"),
        ("a.txt", "@misc{a, title={Owls}, abstract={\nTY  - JOUR\n}}", "bibtex"),
        ("a.txt", "TY  - JOUR\nTI  - Owls\nN1  - how to cite:\n@misc{a, title={Owls}}\nER  - \n", "ris"),
    ],
)
def test_content_tells_the_formats_of_references(tmp_path, name, content, format_name):
    path = tmp_path / name
    path.write_text(content)
    assert recognise(path, name).name == format_name


def test_xml_of_another_kind_is_refused_with_what_is_read(tmp_path):
    with pytest.raises(SourceError, match=r"^a\.xml is XML of another kind: EndNote's and PubMed's are"):
        read(tmp_path, "a.xml", "<?xml version='1.0'?><rss><record/></rss>", label="a.xml")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_references_in_other_encodings(tmp_path, name, encoding):
    papers = [replace(paper, title="Ölandš “owls” &") for paper in made_references(3, 1)]
    text = reference_file(name, papers).content.decode().replace("ř", "r").replace("\ufeff", "")
    assert read(tmp_path, name, text.encode(encoding)) == read(tmp_path, name, text)


def test_xml_may_declare_its_encoding(tmp_path):
    text = ENDNOTE.replace("UTF-8", "iso-8859-2").replace("Åsa", "Dvořák")
    assert read(tmp_path, "a.xml", text.encode("iso-8859-2"))[0].authors[0] == "Dvořák Lind"


_ENTITIES = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
BOMB = f'<!DOCTYPE a [<!ENTITY a0 "owl">{_ENTITIES}]>'


@pytest.mark.parametrize(
    "inside",
    [
        "&a9;",
        "&x;",
        "<a>" * 150_000,
        "<a>" * 250_000,
        "<title>" + "x" * (9 << 20) + "</title>",
        "<title a='" + "x" * (9 << 20),
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><title>&x;</title>",
        "<![CDATA[ <title>",
        "\x00\x01<title>\x1b",
    ],
)
def test_a_hostile_record_is_rejected_and_the_next_is_read(tmp_path, inside):
    records = f"<record>{inside}</record>\n<record><title>Bees</title></record>"
    path = tmp_path / "a.xml"
    path.write_text(f"{BOMB}<xml><records>{records}</records></xml>")
    rejection, paper = FileSource(path, ReadOptions(format="endnote"), "a.xml").read()
    assert isinstance(rejection, Rejection)
    assert wrong(rejection) is None
    assert "root:" not in rejection.reason
    assert paper.title == "Bees"


@pytest.mark.parametrize("name", ["a.ris", "a.nbib"])
def test_a_record_without_end_is_rejected_and_the_next_is_read(tmp_path, name):
    start, following = (
        ("TY  - JOUR\n", "\nTY  - BOOK\n") if name == "a.ris" else ("PMID- 1\n", "\n\nPMID- 2\n")
    )
    entries = read(tmp_path, name, f"{start}AU  - {'x' * (9 << 20)}{following}TI  - Bees\n", label=name)
    assert entries[0] == Rejection(name, 1, "the record has more than 8,388,608 characters")
    assert entries[1].title == "Bees"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_references_that_are_broken_lose_none_before_the_break(tmp_path, name, seed):
    file = reference_file(name, made_references(4, seed))
    content = changed(file.content, seed)
    before = read(tmp_path, name, file.content)
    try:
        after = read(tmp_path, name, content)
    except AskpapersError as error:
        assert "\n" not in str(error)
    else:
        assert lost(file, content, before, after) is None
        assert [fault for each in after if (fault := wrong(each))] == []


def test_files_of_references_are_ingested(tmp_path, capsys):
    for name, content in {"a.ris": RIS, "b.nbib": NBIB, "c.xml": ENDNOTE, "d.xml": PUBMED}.items():
        (tmp_path / name).write_text(content)
    place = ["--library", str(tmp_path / "library")]
    assert main(["ingest", str(tmp_path), "--json", *place]) == 0
    report = json.loads(capsys.readouterr().out)
    assert ["broken record" in each["reason"] for each in report["rejected"]] == [True]
    assert main(["library", "list", "--json", *place]) == 0
    assert "Owl syndrome" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", "hello\n", "the line is no JSON"),
        ("a.jsonl", "[" * 200_000, "the line has lists or objects too deep inside each other"),
        ("a.json", '[{"title": }]', "the JSON breaks here, and nothing further is read"),
        ("a.bib", "@misc{a, title={Owls", "a broken entry (it breaks off): @misc{a, title={Owls"),
        ("a.bib", "@misc{a, title}", "a broken entry (an equals sign is missing"),
        ("a.bib", "@misc{a, title={A} {B}}", "a broken entry (a comma is missing behind a field)"),
        ("a.csv", 'title,abstract\na,"' + "x" * (9 << 20), "the line has more than"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_plain_words(tmp_path, name, content, reason):
    (rejection, *_) = read(tmp_path, name, content, label=name)
    assert rejection.reason.startswith(reason)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"PAR1x", r"cannot be read \(it is no Parquet, or damaged\): copy it again"),
        ("a.bib.gz", b"\x1f\x8bxx", r"cannot be read \(it .*\): copy it again"),
    ],
)
def test_a_damaged_file_is_refused_in_plain_words(tmp_path, name, content, reason):
    with pytest.raises(SourceError, match=rf"^{name} {reason}$"):
        read(tmp_path, name, content, label=name)

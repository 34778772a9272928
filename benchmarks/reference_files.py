"""Made-up papers as reference managers and PubMed save them: what readers are tried and broken on."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WORDS = (
    *("owls", "bees", "eels", "hunt by ear", "in Öland", "β-blockers", "&", "<5% of voles"),
    *("— naïve nights:", "a study", "10°C", "Dvořák's model"),
)
_SENTENCES = (
    "Barn owls hunt by ear alone; we count what they bring home on 412 nights (p < 0.05).",
    "We follow 1,208 bees with radio tags & cameras.",
    "Eels swim 5,000 km to spawn — “nobody has seen it”.",
)
_FAMILIES = ("Lind", "Dvořák", "van der Berg", "O'Neil", "Lee")
_GIVEN = ("Åsa", "Petr", "Jan", "A. B.", "Ann")


@dataclass(frozen=True)
class Reference:
    """A made-up paper, with a number that no other has."""

    number: int
    title: str
    abstract: str
    authors: tuple[tuple[str, str], ...]
    year: int

    @property
    def doi(self) -> str:
        return f"10.1000/made.{self.number}"


@dataclass(frozen=True)
class ReferenceFile:
    """A file of references, and for each of them the end of what has to be whole for it to be read."""

    name: str
    content: bytes
    ends: tuple[int, ...]


def made_references(count: int, seed: int) -> list[Reference]:
    chance = random.Random(seed)  # noqa: S311  papers, not secrets
    return [
        Reference(
            number,
            f"{' '.join(chance.choices(_WORDS, k=6))} {number}",
            " ".join(chance.choices(_SENTENCES, k=chance.randrange(4))),
            tuple((chance.choice(_FAMILIES), chance.choice(_GIVEN)) for _ in range(chance.randrange(1, 4))),
            chance.randrange(1990, 2025),
        )
        for number in range(1, count + 1)
    ]


def ris(paper: Reference) -> str:
    authors = "".join(f"AU  - {family}, {given}\n" for family, given in paper.authors)
    abstract = f"AB  - {paper.abstract}\n" if paper.abstract else ""
    return (
        f"TY  - JOUR\n{authors}TI  - {paper.title}\nT2  - Journal of Owls\nPY  - {paper.year}\n"
        f"DA  - {paper.year}/05/03/\n{abstract}DO  - {paper.doi}\nKW  - owls\nKW  - hearing\nVL  - 3\n"
        f"SP  - 1\nEP  - 29\nSN  - 1234-5678\nUR  - https://example.org/{paper.number}\nER  - \n\n"
    )


def medline(paper: Reference) -> str:
    authors = "".join(f"FAU - {family}, {given}\nAU  - {family} A\n" for family, given in paper.authors)
    abstract = f"AB  - {paper.abstract}\n".replace("; ", ";\n      ") if paper.abstract else ""
    return (
        f"PMID- {paper.number}\nOWN - NLM\nDP  - {paper.year} Mar 5\nTI  - {paper.title}\n"
        f"LID - {paper.doi} [doi]\n{abstract}{authors}LA  - eng\nPT  - Journal Article\n"
        "JT  - Journal of owls\nTA  - J Owls\nVI  - 3\nPG  - 1-29\nIS  - 1234-5678 (Print)\n"
        "MH  - Strigiformes/*physiology\nOT  - hearing\nEDAT- 2021/03/06 06:00\nSO  - J Owls.\n\n"
    )


def endnote(paper: Reference) -> str:
    def styled(text: str) -> str:
        return f'<style face="normal" font="default" size="100%">{escape(text)}</style>'

    authors = "".join(f"<author>{styled(f'{family}, {given}')}</author>" for family, given in paper.authors)
    abstract = f"<abstract>{styled(paper.abstract)}</abstract>" if paper.abstract else ""
    return (
        f'<record><database name="My.enl" path="C:\\My.enl">My.enl</database><rec-number>{paper.number}'
        '</rec-number><ref-type name="Journal Article">17</ref-type><contributors><authors>'
        f"{authors}</authors></contributors><titles><title>{styled(paper.title)}</title><secondary-title>"
        f"{styled('Journal of Owls')}</secondary-title></titles><keywords><keyword>owls</keyword>"
        f"</keywords><dates><year>{styled(str(paper.year))}</year></dates>{abstract}<electronic-resource-num>"
        f"{styled(paper.doi)}</electronic-resource-num><urls><related-urls><url>https://example.org/"
        f"{paper.number}</url></related-urls></urls></record>\n"
    )


def pubmed(paper: Reference) -> str:
    authors = "".join(
        f"<Author ValidYN='Y'><LastName>{family}</LastName><ForeName>{given}</ForeName></Author>"
        for family, given in paper.authors
    )
    parts = "".join(
        f'<AbstractText Label="PART {place}">{escape(part)}</AbstractText>'
        for place, part in enumerate(paper.abstract.split(" — "), 1)
    )
    return (
        f'<PubmedArticle>\n<MedlineCitation Status="MEDLINE"><PMID Version="1">{paper.number}</PMID>'
        "<Article><Journal><ISSN>1234-5678</ISSN><JournalIssue><Volume>3</Volume><PubDate><Year>"
        f"{paper.year}</Year><Month>Mar</Month></PubDate></JournalIssue><Title>Journal of owls</Title>"
        f"</Journal><ArticleTitle>{escape(paper.title)}.</ArticleTitle>\n<Abstract>{parts}</Abstract>"
        f'<AuthorList CompleteYN="Y">{authors}</AuthorList><Language>eng</Language></Article>\n'
        '</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="doi">'
        f"{paper.doi}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>\n"
    )


def bibtex(paper: Reference) -> str:
    title = paper.title.replace("&", r"\&").replace("%", r"\%")
    abstract = paper.abstract.replace("&", r"\&").replace("%", r"\%")
    return (
        f"@article{{made{paper.number},\n  title = {{{title}}},\n  author = {{"
        f"{' and '.join(f'{family}, {given}' for family, given in paper.authors)}}},\n"
        f"  abstract = {{{abstract}}},\n  journal = {{Journal of Owls}},\n  year = {paper.year},\n"
        f"  month = mar,\n  doi = {{{paper.doi}}}\n}}\n\n"
    )


# The name of a file in each format, what stands before, in an entry, and behind.
_FORMS: dict[str, tuple[str, Callable[[Reference], str], str]] = {
    "made.ris": ("", ris, ""),
    "made.nbib": ("", medline, ""),
    "endnote.xml": ('<?xml version="1.0" encoding="UTF-8" ?><xml><records>', endnote, "</records></xml>\n"),
    "pubmed.xml": (
        '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" '
        '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">\n<PubmedArticleSet>\n',
        pubmed,
        "</PubmedArticleSet>\n",
    ),
    "made.bib": ("", bibtex, ""),
}
NAMES = tuple(_FORMS)


def reference_file(name: str, papers: Sequence[Reference]) -> ReferenceFile:
    """A file of these papers in the format of its name."""
    begin, entry, end = _FORMS[name]
    parts = [begin.encode(), *(entry(paper).encode() for paper in papers)]
    sizes = [len(part) for part in parts]
    # An entry may end only where the next one begins, which its first line tells.
    beyond = 24 if name == "made.nbib" else 0
    ends = [sum(sizes[: place + 2]) + beyond for place in range(len(papers))]
    return ReferenceFile(name, b"".join([*parts, end.encode()]), tuple(ends))

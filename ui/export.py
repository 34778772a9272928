"""Answers as Markdown; papers as BibTeX, as JSON lines, as addresses. Texts of papers, questions and models
are data: nothing in them acts."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rag.cited_papers import CitedPaper, cited_papers, place_of
from rag.doubts import doubts
from rag.identity import arxiv_key, doi_key
from rag.months import MONTHS
from rag.plain import CONTROL, in_a_line, sentence
from rag.readable import readable, without_markup
from rag.types import Answer, Citation, Paper
from rag.words import is_function_word

# What Markdown would act on, by its last character: a number or bullet that opens a line, a marker that
# the next character would make a link, what CommonMark and the forges read anywhere, addresses. A marker
# alone stays.
_ACTING = re.compile(
    r"^[0-9]+[.)]|^[-+=:]|\[[0-9]+\][(:]?|[\\`*_<>&#~|$@{}^\[\]]|!(?=\[)|:(?=\S)|(?<=www)\.|(?<=\w)\.(?=[^\W\d_])",
    re.IGNORECASE,
)
_COLLECTIVE = re.compile(
    r",|\b(and|others|collaboration|community|consortium|group|initiative|labs?|network|project|team)\b",
    re.IGNORECASE,
)
_RECORD = (
    *("title", "abstract", "published", "author_count", "authors", "organization", "arxiv_id", "doi"),
    "is_digest",
)
_SUBJECT = re.compile(r"\.[a-z]{2}(?=/)")  # in math.gt/0309136, which arXiv writes without it
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts braces, with a backslash before them or not
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        **{character: f"\\{character}" for character in "$&%#_"},
    }
)


def to_markdown(answer: Answer, papers: Mapping[str, Paper]) -> str:
    """The answer with its references as Markdown; `papers`, by id, give these their addresses."""
    parts = [f"# {_in_line(answer.question)}", _lines(answer.text), *_behind(answer)]
    if answer.citations:
        parts.append("## References")
    for cited in cited_papers(answer):
        parts += [
            _reference(cited, papers.get(cited.citation.paper_id)),
            *map(_quoted, cited.quotes.values()),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_bibtex(papers: Iterable[Paper]) -> str:
    """An entry for each paper, each once."""
    unique = {paper.paper_id: paper for paper in papers}
    return "\n".join(bibtex_entries(unique.values()))


def bibtex_entries(papers: Iterable[Paper], *, is_whole: bool = False) -> Iterator[str]:
    """An entry for each paper, with a key of its own and a line feed at its end.

    A whole entry has all that BibTeX has a place for, so that `ingest` can read the papers back; a digest,
    which is no abstract, becomes an annotation.
    """
    taken: dict[str, int] = {}
    for paper in papers:
        pairs = [*_fields(paper), *(_rest(paper) if is_whole else ())]
        fields = ",\n".join(f"  {name} = {value}" for name, value in pairs)
        yield f"@misc{{{_key(paper, taken)},\n{fields}\n}}\n"


def jsonl_lines(papers: Iterable[Paper]) -> Iterator[str]:
    """A line of JSON for each paper, with all fields that `ingest` reads and a line feed at its end."""
    for paper in papers:
        yield json_text({name: getattr(paper, name) for name in _RECORD}) + "\n"


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in which control characters, which `plain` would leave out, are escaped."""
    dumped = json.dumps(value, ensure_ascii=False, indent=indent)
    return CONTROL.sub(lambda control: f"\\u{ord(control[0]):04x}", dumped)


def link(paper: Paper) -> str | None:
    """The address of a paper at arXiv, else by its DOI; None where neither is known."""
    if arxiv_id := _arxiv_id(paper):
        return f"https://arxiv.org/abs/{arxiv_id}"
    doi = doi_key(paper.doi or "")
    return f"https://doi.org/{quote(doi, safe='/', errors='replace')}" if doi else None


def _arxiv_id(paper: Paper) -> str | None:
    key = arxiv_key(paper.arxiv_id or "")
    return quote(_SUBJECT.sub("", key), safe="/") if key else None


def _behind(answer: Answer) -> Iterator[str]:
    """The lines that follow the text, as everywhere an answer is shown."""
    if answer.resolved_question:
        yield f"Understood as: {_in_line(answer.resolved_question)}"
    if answer.status == "refused":
        yield f"**Not answered.** {_in_line(sentence(answer.reason or ''))}".rstrip()
    elif answer.status == "partial":
        yield "**Answered in part.**"
        yield _in_line(sentence(answer.reason or ""))
    if answer.missing:
        yield _in_line(sentence(f"Not in the papers: {answer.missing}"))
    yield from map(_in_line, doubts(answer))
    for note in answer.notes:
        yield f"Note: {_in_line(note)}"


def _reference(cited: CitedPaper, paper: Paper | None) -> str:
    citation = cited.citation
    details = [_in_line(detail) for detail in (citation.published, citation.organization) if detail]
    if address := link(paper) if paper else None:
        details.append(f"<{address}>")
    return ", ".join([f"[{cited.number}] {_in_line(without_markup(citation.title))}", *details])


def _quoted(citation: Citation) -> str:
    place = place_of(citation)
    text = _lines(readable(citation.quote)) + (f"\n\n({_in_line(place)})" if place else "")
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _lines(text: str) -> str:
    """Lines stay lines and paragraphs paragraphs; a list is shown as it was written."""
    paragraphs = re.split(r"\n\s*\n", text)
    lines = ([_in_line(line) for line in paragraph.split("\n")] for paragraph in paragraphs)
    shown = ("\\\n".join(line for line in paragraph if line) for paragraph in lines)
    return "\n\n".join(paragraph for paragraph in shown if paragraph)


def _in_line(text: str) -> str:
    """The text in one line of Markdown, which shows it to the character and does nothing else."""
    return _ACTING.sub(_escaped, in_a_line(text))


def _escaped(match: re.Match[str]) -> str:
    is_marker = len(match[0]) > 1 and match[0].endswith("]")
    return match[0] if is_marker else f"{match[0][:-1]}\\{match[0][-1]}"


def _fields(paper: Paper) -> Iterator[tuple[str, str]]:
    """The fields of an entry, with the braces around their values."""
    if names := [_name(name) for name in paper.authors if in_a_line(name)]:
        others = ["others"] if paper.author_count is None or paper.author_count > len(paper.authors) else []
        yield "author", f"{{{' and '.join([*names, *others])}}}"
    yield "title", f"{{{_protected(_in_latex(paper.title))}}}"
    if paper.year:
        yield "year", f"{{{paper.year:04}}}"
    if month := _month(paper):
        yield "month", month
    if paper.organization:
        yield "howpublished", f"{{{_in_latex(paper.organization)}}}"
    if arxiv_id := _arxiv_id(paper):
        yield "eprint", f"{{{arxiv_id}}}"
        yield "archivePrefix", "{arXiv}"
    if doi := doi_key(paper.doi or ""):
        yield "doi", f"{{{quote(doi, safe='/:;()<>', errors='replace')}}}"
    if address := link(paper):
        yield "url", f"{{{address}}}"


def _rest(paper: Paper) -> Iterator[tuple[str, str]]:
    """Fields that references leave out, under names that BibTeX's styles ignore."""
    if (day := (paper.published or "")[8:]).isdecimal():
        yield "day", f"{{{day}}}"
    if paper.organization:
        yield "institution", f"{{{_in_latex(paper.organization)}}}"
    if paper.abstract:
        yield "annote" if paper.is_digest else "abstract", f"{{{_in_latex(paper.abstract)}}}"


def _name(name: str) -> str:
    """An author's name, in extra braces where BibTeX would split it in the wrong place."""
    latex = _in_latex(name)
    return f"{{{latex}}}" if _COLLECTIVE.search(name) else latex


def _protected(title: str) -> str:
    """In extra braces, which keep the capitals unless a backslash comes first."""
    return f"{{{{}}{title}}}" if title.startswith("\\") else f"{{{title}}}"


def _month(paper: Paper) -> str | None:
    """BibTeX's own name of the month, which each style writes out."""
    number = (paper.published or "")[5:7]
    return MONTHS[int(number) - 1] if number.isdecimal() and 1 <= int(number) <= 12 else None


def _in_latex(text: str) -> str:
    return in_a_line(text).translate(_LATEX)


def _key(paper: Paper, taken: dict[str, int]) -> str:
    """The first content word of the title with the year, and a number where `taken` has that already."""
    folded = unicodedata.normalize("NFKD", paper.title).lower()
    words = re.findall(r"[a-z0-9]+", "".join(c for c in folded if not unicodedata.combining(c)))
    word = next((word for word in words if not is_function_word(word)), "paper")
    stem = f"{word}{paper.year:04}" if paper.year else word
    taken[stem] = taken.get(stem, 0) + 1
    return stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"

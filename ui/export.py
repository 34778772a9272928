"""Answers as Markdown. Texts of papers, questions and models are data: nothing in them acts."""

import re
from collections.abc import Iterator, Mapping

from ingest.exports.links import link
from rag.cited_papers import CitedPaper, cited_papers
from rag.doubts import doubts
from rag.plain import in_a_line, sentence
from rag.readable import readable, without_markup
from rag.types import Answer, Citation, Paper

# What Markdown would act on, by its last character: a number or bullet that opens a line, a marker that
# the next character would make a link, what CommonMark and the forges read anywhere, addresses. A marker
# alone stays.
_ACTING = re.compile(
    r"^[0-9]+[.)]|^[-+=:]|\[[0-9]+\][(:]?|[\\`*_<>&#~|$@{}^\[\]]|!(?=\[)|:(?=\S)|(?<=www)\.|(?<=\w)\.(?=[^\W\d_])",
    re.IGNORECASE,
)
# Of citation keys, those that Pandoc reads and that are only text in a code span.
_CITABLE = re.compile(r"\w(?:\w|[:.#$%&+?<>~/-](?=\w)){0,200}")


def to_markdown(answer: Answer, papers: Mapping[str, Paper]) -> str:
    """The answer with its references as Markdown; `papers`, by id, give these their addresses and citation
    keys.
    """
    parts = [f"# {_in_line(answer.question)}", _lines(answer.text), *_behind(answer)]
    if answer.citations:
        parts.append("## References")
    for cited in cited_papers(answer):
        parts += [
            _reference(cited, papers.get(cited.citation.paper_id)),
            *(_quoted(quote, cited.place_of(quote)) for quote in cited.quotes.values()),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def citable_key(key: str | None) -> str | None:
    """A citation key as Pandoc cites it; None for one that it could not read."""
    return f"@{key}" if key and _CITABLE.fullmatch(key) else None


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
    if key := citable_key(citation.key or (paper.key if paper else None)):
        details.append(f"`{key}`")
    return ", ".join([f"[{cited.number}] {_in_line(without_markup(citation.title))}", *details])


def _quoted(citation: Citation, place: str) -> str:
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

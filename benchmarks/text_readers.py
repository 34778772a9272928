"""The functions that read texts of strangers, each with one text as its argument, for `hostile_texts`.

Where the program bounds a text before it is read, the reader gets no more than that. Everything else that
it needs is made up here. No encoder is loaded: a made-up one gives random vectors.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.paper_files import WRITERS
from benchmarks.text_reading import (
    ABSTRACT,
    WHOLE,
    Doubting,
    FileReader,
    TextReader,
    Vectorless,
    answer,
    hits,
    indexed,
    paper,
    write_file,
)
from eval.cases import read_records
from eval.evidence import find_evidence
from eval.judging import llamaindex, prompted
from eval.judging.base import in_short
from eval.markdown import code
from eval.metrics.facts import holds
from eval.shelf import Papers
from eval.systems import answers as systems
from eval.systems.nearest import NearestByWords
from eval.systems.replies import Source, papers_of, read_reply
from ingest.chunking import split_abstract
from ingest.exports.bibtex import bibtex_entries
from ingest.exports.csl_json import csl_texts
from ingest.exports.csv_table import csv_texts
from ingest.exports.holdings import Holding
from ingest.exports.jsonl import jsonl_lines
from ingest.exports.links import link
from ingest.exports.ris import ris_texts
from ingest.sources import base, columns, csl_json, csv_table, loose
from ingest.sources.files import FileSource
from rag import identity, latex, markers, plain, readable, sentences, tokens, words
from rag.checking import Quote, Statement, numbers
from rag.checking import names as checked_names
from rag.checking.evidence import absent, lacking, own_words
from rag.checking.review import Review
from rag.checking.verbatim import find_quote
from rag.checking.verdicts import check_prompt, read_verdicts
from rag.citations import cite
from rag.composing import Piece, Quoted, Written
from rag.errors import AskpapersError
from rag.library import catalog_rows, near, sameness, selecting
from rag.library.lexical import LexicalIndex
from rag.library.merge import merge_records
from rag.model.chat import LONGEST as LONGEST_REPLY
from rag.model.reasoning import without_reasoning
from rag.model.replies import read_object
from rag.nearness import why_far
from rag.parts import sentences_of, split, without
from rag.plain import encodable
from rag.query import Understanding, history, kinds, quoted, understand
from rag.query.by_model import understand_by_model
from rag.query.checks import LONGEST_QUESTION
from rag.query.follow_up import is_elliptical, leaning, may_lean, points_back
from rag.query.years import find_years, without_phrases, without_years
from rag.reading import Reader as Reading
from rag.sentences import LONGEST_SENTENCE
from rag.types import Filters, Hit, Kind, Paper, Passage, Request
from rag.with_sources import with_sources
from rag.writers.base import Correction, Log
from rag.writers.control_lines import quotable_text, without_control_lines
from rag.writers.extractive import ExtractiveWriter
from rag.writers.prompting import correction_prompt, fit_papers, read_corrections, write_prompt
from ui import export, parts
from ui.web import rendering, suggestions
from ui.web.chats import Exchange
from ui.web.stored import FORMAT
from ui.web.visitors import Visitors

TODAY = date(2024, 5, 1)
QUESTION = "Which owls does ABC-2 save, and why is it 45% faster than BERT since 2021?"
_FIELDS = {
    "title": "Owls at Night",
    "abstract": ABSTRACT * 4,
    "author": "Lind, Ann",
    "published": "2021-03-05",
    "doi": "10.1000/182",
    "organization": "Owls",
    "url": "https://arxiv.org/abs/2110.07143",
}
# Functions of a text alone, which nothing bounds.
_PLAIN: tuple[Callable[[str], object], ...] = (
    *(sentences.sentence_spans, markers.without_markers, markers.neutral, plain.plain, plain.in_a_line),
    *(words.content_words, words.subject_of, words.stem),
    *(identity.normalise_title, identity.arxiv_key, identity.doi_key),
    *(tokens.count_tokens, tokens.token_offsets, latex.latex_to_text, readable.readable),
    *(loose.plain_text, loose.read_date, loose.read_doi, loose.read_count, loose.read_names),
    *(columns.columns_from, csl_json.is_csl_json, csv_table.is_csv, catalog_rows.folded),
    *(checked_names.find_names, quotable_text, in_short, code),
)

Readers = Mapping[str, Callable[[str], object]]


def readers() -> Iterator[TextReader]:
    """All of them, by what bounds their texts."""
    yield from (TextReader(f"{read.__module__}.{read.__qualname__}", read) for read in _PLAIN)
    for most, reads in (
        (WHOLE, _unbounded()),
        (LONGEST_QUESTION, _of_questions()),
        (LONGEST_REPLY, _of_replies()),
        (LONGEST_SENTENCE, _of_claims()),
        (base.LONGEST_TITLE, _of_titles()),
        (base.LONGEST_ABSTRACT, _of_abstracts()),
    ):
        yield from (TextReader(name, read, most) for name, read in reads.items())
    for name, write in WRITERS.items():
        yield FileReader(f"{name}, whole", partial(_read_file, name))
        for field in _FIELDS:
            if write({**_FIELDS, field: ""}) != write(_FIELDS):
                yield FileReader(f"{name}, {field}", partial(_read_field, name, field))


def _unbounded() -> Readers:
    return {
        "rag.sentences.strip_span": lambda text: sentences.strip_span(text, (0, len(text))),
        "rag.markers.find_markers": lambda text: list(markers.find_markers([text])),
        "rag.identity.doi_key of 10.1/": lambda text: identity.doi_key(f"10.1/{text}"),
        "rag.identity.paper_keys": lambda text: identity.paper_keys(encodable(text), text, text),
        "rag.identity.reference_keys": lambda text: identity.reference_keys(encodable(text)),
        "ingest.loose.plain_text of <title": lambda text: loose.plain_text(f"<title{text}"),
        "ingest.loose.read_arxiv_id": lambda text: loose.read_arxiv_id(text, [text]),
        "ingest.loose.read_names of a list": lambda text: loose.read_names(f"[{text}]"),
        "ingest.loose.loose_record": lambda text: loose.loose_record(text, text, authors=[text]),
        "ingest.base.paper_from": lambda text: base.entry_from(_record(text), "here", 1),
        "rag.readable.readable of markup": lambda text: readable.readable(f"<i>{text}</i> {text}"),
        "rag.readable.readable of math": lambda text: readable.readable(f"$x^{{{text}}}$ {text}"),
        "rag.library.selecting.criteria": lambda text: selecting.criteria(Filters(), text),
        "rag.library.lexical.terms": lambda text: LexicalIndex(Path()).terms(encodable(text)),
        "rag.query.understand": lambda text: understand(Request(encodable(text), day=TODAY)),
        "rag.query.history.newest": lambda text: history.newest(
            history.turns_of(_said("Owls?", text)), 900
        ),
        "rag.checking.verbatim.find_quote in a text": lambda text: find_quote(
            "owls see mice at night", text
        ),
        "rag.checking.verbatim.find_quote": lambda text: find_quote(text, f"{text[1:]} {text}"),
        "rag.with_sources.with_sources": lambda text: with_sources(answer(text)),
        "ui.parts.pieces_of": lambda text: list(parts.pieces_of(text)),
        "ui.parts.parts_of": lambda text: parts.parts_of(answer(text)),
        "ui.parts.groups_of": lambda text: parts.groups_of(answer(text)),
        "ui.web.suggestions.next_questions": lambda text: suggestions.next_questions(
            answer(text), [paper(title=text[: base.LONGEST_TITLE])]
        ),
        "ui.web.visitors.Visitors.find": _kept_by_a_browser,
        "eval.metrics.facts.holds": lambda text: holds(text, "45%"),
        "eval.metrics.facts.holds a form": lambda text: holds(f"{text} owls", text),
        "eval.evidence.find_evidence": lambda text: find_evidence(answer(text), Papers([paper(text)])),
        "eval.systems.replies.papers_of": lambda text: papers_of(
            [Source(encodable(text), encodable(text), text)], Papers(())
        ),
        "eval.systems.answers.answer_of a source": lambda text: _reply_as_answer("Owls [1].", text),
        "eval.cases.read_records": _cases,
    }


def _of_questions() -> Readers:
    """What is made of a question, which the program has made encodable."""
    reads: Readers = {
        "rag.query.understand 4,000": lambda text: understand(Request(f"{text[:-1]}?", day=TODAY)),
        "rag.query.understand a follow-up": lambda text: understand(
            Request("and since 2021?", _said(text, text), day=TODAY)
        ),
        "rag.query.kinds.kind_of": kinds.kind_of,
        "rag.query.quoted.unquoted": quoted.unquoted,
        "rag.query.years.without_phrases": without_phrases,
        "rag.query.years.find_years": lambda text: _without_years(f"{text} papers since 2021 {text}"),
        "rag.query.follow_up.points_back": points_back,
        "rag.query.follow_up.is_elliptical": lambda text: is_elliptical(f"and {text}"),
        "rag.query.follow_up.leaning": lambda text: leaning(text, [history.Turn(text, text)]),
        "rag.query.follow_up.may_lean": lambda text: may_lean(text, [history.Turn(text, text)]),
        "rag.library.lexical.standing": indexed().standing,
        "rag.nearness.why_far of a question": lambda text: _far(text, hits()),
        "rag.writers.extractive of a question": lambda text: _extract(text, hits()),
        "rag.writers.prompting.write_prompt": lambda text: write_prompt(_understood(text), ()),
    }
    return {name: partial(_encoded, read) for name, read in reads.items()}


def _of_replies() -> Readers:
    """What is made of a model's words, and of answers from a browser, a file, somebody else's program."""
    return {
        "rag.model.reasoning": lambda text: list(without_reasoning([text])),
        "rag.model.reasoning, streamed": lambda text: list(without_reasoning(_streamed(text))),
        "rag.writers.control_lines": lambda text: list(without_control_lines([text], Log())),
        "rag.writers.control_lines, streamed": lambda text: list(
            without_control_lines(_streamed(text), Log())
        ),
        "rag.markers.find_markers, streamed": lambda text: list(markers.find_markers(_streamed(text))),
        "rag.parts.split": lambda text: split(encodable(text).replace("\0", "")),
        "rag.parts.split of markers": lambda text: split(text.replace("\0", "").replace("a", "\0001\0")),
        "rag.composing.Written": lambda text: _cited([text]),
        "rag.composing.Written, streamed": lambda text: _cited(_streamed(text)),
        "rag.composing.Written of markers": lambda text: _cited(markers.find_markers([text])),
        "rag.composing.Written of a quotation": lambda text: _cited(
            [text, Quoted(text[:LONGEST_SENTENCE], 0, Passage("", 0, 9))]
        ),
        "rag.parts.without": lambda text: without(_written([text]).finish(), ["unchecked"]),
        "rag.model.replies.read_object": read_object,
        "rag.query.by_model": lambda text: understand_by_model(_replying(text), Request("Owls?"), {}),
        "rag.writers.prompting.read_corrections": lambda text: read_corrections(text, 3),
        "rag.writers.prompting.read_corrections of texts": lambda text: read_corrections(
            json.dumps({"sentences": [{"number": 1, "text": text, "quotes": [text] * 9}]}), 3
        ),
        "rag.checking.verdicts.read_verdicts": lambda text: read_verdicts(text, _statements(ABSTRACT)),
        "rag.checking.verdicts.read_verdicts of quotes": lambda text: read_verdicts(
            _verdicts(text), _statements(ABSTRACT)
        ),
        "rag.checking.review.Review": _reviewed,
        "eval.judging.prompted.read_score": partial(prompted.read_score, "relevancy"),
        "eval.judging.llamaindex.read_yes_or_no": llamaindex.read_yes_or_no,
        "ui.export.to_markdown": lambda text: export.to_markdown(answer(text), {}),
        "ui.web.rendering.answer_html": lambda text: rendering.answer_html(
            Exchange("?", answer=answer(text)), "a", {"p1": paper(answer(text).text)}
        ),
        "eval.systems.answers.answer_of": lambda text: _reply_as_answer(text, ABSTRACT),
    }


def _of_claims() -> Readers:
    """What is made of one sentence."""
    return {
        "rag.checking.evidence.own_words": lambda text: own_words(Statement(text, (paper(text),))),
        "rag.checking.evidence.absent": lambda text: absent(Statement(text, (paper(), paper()))),
        "rag.checking.verdicts.check_prompt": lambda text: check_prompt([Statement(text, (paper(),))]),
        "rag.writers.prompting.correction_prompt": lambda text: correction_prompt(
            _understood("Owls?"), (), _written([text]).finish()
        ),
    }


def _of_titles() -> Readers:
    return {
        "rag.library.near.are_near": lambda text: near.are_near(text, f"{text}: a"),
        "rag.library.sameness.same_papers": lambda text: _same(encodable(text)),
        "ingest.exports.links.link": lambda text: link(paper(doi=f"10.1/{text}")),
        "ui.web.suggestions.name_of": lambda text: suggestions.name_of(paper(title=text)),
    }


def _of_abstracts() -> Readers:
    return {
        "ingest.chunking.split_abstract": split_abstract,
        "rag.checking.numbers.find_quantities": numbers.find_quantities,
        "rag.checking.numbers.missing_numbers": partial(_missing, numbers.missing_numbers),
        "rag.checking.names.missing_names": partial(_missing, checked_names.missing_names),
        "rag.checking.evidence.lacking": lambda text: lacking("ABC", [Quote(paper(text), (0, len(text)))]),
        "rag.checking.verdicts.read_verdicts of a paper": lambda text: read_verdicts(
            _verdicts(text[:LONGEST_SENTENCE]), _statements(text)
        ),
        "rag.reading.nearest": lambda text: _reading().nearest("Owls", paper(text)),
        "rag.nearness.why_far": lambda text: _far(QUESTION, hits(text)),
        "rag.writers.extractive": lambda text: _extract(QUESTION, hits(text)),
        "rag.writers.extractive, a list": lambda text: _extract(QUESTION, hits(text), "list"),
        "rag.writers.prompting.fit_papers": lambda text: fit_papers(
            [], dict(enumerate(hits(text), 1)), 4096
        ),
        "rag.library.merge.merge_records": lambda text: merge_records([paper(text), paper()]),
        **_of_exports(),
        "ui.web.rendering.paper_html": lambda text: rendering.paper_html(paper(text), [text[:99]]),
        "ui.web.rendering.hits_html": lambda text: rendering.hits_html(hits(text), text[:200]),
    }


def _streamed(text: str) -> Iterator[str]:
    """The text as a model streams it."""
    return (text[start : start + 4] for start in range(0, len(text), 4))


def _encoded(read: Callable[[str], object], text: str) -> object:
    return read(encodable(text))


def _record(text: str) -> dict[str, Any]:
    names = ("title", "abstract", "published", "organization", "doi", "arxiv_id")
    return {**dict.fromkeys(names, text), "authors": [text]}


def _said(question: str, reply: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]


def _understood(text: str, kind: Kind = "single") -> Understanding:
    return Understanding(Request(text), None, text, kind=kind)


def _without_years(text: str) -> str:
    return without_years(text, find_years(text, TODAY))


def _reading() -> Reading:
    return Reading(Vectorless(), lambda ids: np.full(len(ids), 1 / max(len(ids), 1), np.float32))


def _far(text: str, nearest: Sequence[Hit]) -> object:
    library: Any = SimpleNamespace(standing=indexed().standing)
    return why_far(text, nearest, _reading().read(text, nearest), library)


def _extract(text: str, nearest: Sequence[Hit], kind: Kind = "single") -> object:
    return list(ExtractiveWriter(_reading()).write(_understood(text, kind), nearest, Log()))


def _written(pieces: Iterable[Piece]) -> Written:
    result = Written(hits())
    for piece in pieces:
        result.add(piece)
    result.end()
    return result


def _cited(pieces: Iterable[Piece]) -> object:
    """The answer of what a model wrote."""
    result = _written(pieces)
    return cite(result.finish(), result.hits, NearestByWords())


def _reviewed(text: str) -> object:
    """A text that is checked, and corrected by itself."""
    result = _written(markers.find_markers([text[: len(text) // 2]]))  # writing it is timed elsewhere
    review, parts = Review(Doubting(), result.hits), result.finish()
    review.check(parts, "comparison", {})
    corrections = [Correction(text[:2_000], (text[:2_000],))] * 10  # as many as fit in a reply
    count = len(sentences_of(parts))
    return review.correct(parts, lambda _: (corrections + [Correction()] * count)[:count], {})


def _replying(text: str) -> Any:
    """In place of a model that sends this."""
    return SimpleNamespace(ask=lambda *_, **__: text)


def _statements(abstract: str) -> list[Statement]:
    return [Statement("ABC saves 45% of 1,000 owls.", (paper(abstract), paper()))] * 3


def _verdicts(words: str) -> str:
    """A judge's reply that quotes these words ten times for each of three statements."""
    quotes = [{"paper": 1, "words": words}] * 10
    rows = [
        {"number": number, "verdict": "supported", "quotes": quotes, "reason": words}
        for number in (1, 2, 3)
    ]
    return json.dumps({"verdicts": rows})


def _missing(missing: Callable[[str, Sequence[str]], object], text: str) -> object:
    """What the passage lacks of a claim of the same kind of text."""
    return missing(text[:LONGEST_SENTENCE].replace("1", "2").replace("A", "B2"), [text, text])


def _same(text: str) -> object:
    known = paper(title=text)
    record = paper(title=text, doi="10.1/2")
    return sameness.same_papers(record, [sameness.Candidate(known, None, frozenset(known.keys), False)])


def _of_exports() -> Readers:
    """The formats of exports, of a paper and of an entry of BibTeX that a source has of it."""
    writers = (bibtex_entries, jsonl_lines, ris_texts, csl_texts, csv_texts)
    return {f"{write.__module__}.{write.__name__}": partial(_export, write) for write in writers}


def _export(write: Callable[[list[Holding]], Iterable[str]], text: str) -> object:
    return list(write([Holding(_exported(text))]))


def _exported(text: str) -> Paper:
    title, name = text[: base.LONGEST_TITLE], text[: base.LONGEST_NAME]
    entry = {"type": "misc", "key": "a", "fields": {"title": f"{{{text}}}", "keywords": text}}
    csl = {"author": [{"family": name}], "note": text, "page": text, "custom": {"bibtex": entry}}
    return paper(text, title, authors=(name,), organization=name, note=text, csl=csl)


def _kept_by_a_browser(text: str) -> object:
    exchange = {"question": text, "written": text, "answer": answer(text).to_dict()}
    chats = [{"id": "0" * 32, "exchanges": [exchange]}]
    return Visitors().find({"format": FORMAT, "visitor": "0" * 32, "chats": chats})


def _reply_as_answer(text: str, source: str) -> object:
    reply = read_reply((text, [source]))
    return systems.answer_of(Request("Owls?"), reply, None, shelf=Papers(()), writer="theirs", seconds=1.0)


def _cases(text: str) -> object:
    line = json.dumps({"id": "a", "question": text}).encode()
    try:
        return list(read_records(write_file("cases.jsonl", line)))
    except AskpapersError as error:
        return str(error)


def _read_field(name: str, field: str, text: str) -> Sequence[object]:
    return _read_file(name, WRITERS[name]({**_FIELDS, field: text}))


def _read_file(name: str, content: str) -> Sequence[object]:
    path = write_file(name, content.encode("utf-8", "surrogateescape"))
    try:
        return list(FileSource(path).read())
    except AskpapersError as error:
        return [error]

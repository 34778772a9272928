"""What reads texts of others, each as a function of one text: `hostile_texts` measures how long it takes.

Where the program bounds a text before it is read, a reader says so and is given no more than that. What
it needs beside the text is made up here. No encoder is loaded: a made-up one gives random vectors.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.text_files import file_readers
from benchmarks.text_reading import (
    ABSTRACT,
    WHOLE,
    Agreeing,
    TextReader,
    Vectorless,
    answer,
    hits,
    indexed,
    paper,
    written,
)
from eval.cases import read_records
from eval.evidence import find_evidence
from eval.judging import llamaindex, prompted
from eval.judging.base import in_short
from eval.markdown import code
from eval.metrics.facts import holds
from eval.shelf import Papers
from eval.systems import answers as systems
from eval.systems.replies import Source, papers_of, read_reply
from ingest.chunking import split_abstract
from ingest.sources import base, columns, csl_json, csv_table, loose
from rag import identity, latex, layout, markers, plain, readable, sentences, tokens, words
from rag.citations import Composer, Quote, best_quote
from rag.errors import AskpapersError
from rag.library import catalog_rows, near, sameness, selecting
from rag.library.lexical import LexicalIndex
from rag.library.merge import merge_records
from rag.model.chat import LONGEST as LONGEST_REPLY
from rag.model.reasoning import without_reasoning
from rag.nearness import why_far
from rag.plain import encodable
from rag.query import Understanding, history, kinds, quoted, understand
from rag.query.checks import LONGEST_QUESTION
from rag.query.follow_up import is_elliptical, leaning, may_lean, points_back
from rag.query.years import find_years, without_phrases, without_years
from rag.reading import Reader as Reading
from rag.support import CalibratedJudge, numbers, verbatim
from rag.support import names as support_names
from rag.support.clauses import WORD, number_clauses
from rag.support.lexicon import sign
from rag.support.verdicts import read_verdicts
from rag.types import Answer, Filters, Hit, Kind, Paper, Request
from rag.with_sources import with_sources
from rag.writers.base import Log
from rag.writers.control_lines import told_text, without_control_lines
from rag.writers.extractive import ExtractiveWriter
from rag.writers.prompting import fit_papers, read_repair, repair_prompt, write_prompt
from ui import export, parts
from ui.web import rendering, suggestions
from ui.web.chats import Exchange
from ui.web.stored import FORMAT
from ui.web.visitors import Visitors

TODAY = date(2024, 5, 1)
ASKED = "Which owls does ABC-2 save, and why is it 45% faster than BERT since 2021?"


def pieces(text: str) -> Iterator[str]:
    """The text as a model streams it."""
    return (text[start : start + 4] for start in range(0, len(text), 4))


def readers() -> Iterator[TextReader]:
    """All of them, in the order of the packages."""
    for name, read, most in (*_texts(), *_questions(), *_models(), *_judged(), *_papers(), *_others()):
        yield TextReader(name, read, most)
    yield from file_readers()


Row = tuple[str, Callable[[str], object], int]


def _texts() -> Iterator[Row]:
    """Functions of a text alone."""
    yield "rag.sentences.sentence_spans", sentences.sentence_spans, WHOLE
    yield "rag.sentences.strip_span", lambda text: sentences.strip_span(text, (0, len(text))), WHOLE
    yield "rag.markers.without_markers", markers.without_markers, WHOLE
    yield "rag.markers.neutral", markers.neutral, WHOLE
    yield "rag.markers.find_markers", lambda text: list(markers.find_markers([text])), WHOLE
    yield "rag.words.content_words", words.content_words, WHOLE
    yield "rag.words.subject_of", words.subject_of, WHOLE
    yield "rag.words.numbers", words.numbers, WHOLE
    yield "rag.words.stem", words.stem, WHOLE
    yield "rag.plain.plain", plain.plain, WHOLE
    yield "rag.plain.in_a_line", plain.in_a_line, WHOLE
    yield "rag.identity.normalise_title", identity.normalise_title, WHOLE
    yield "rag.identity.arxiv_key", identity.arxiv_key, WHOLE
    yield "rag.identity.doi_key", identity.doi_key, WHOLE
    yield "rag.identity.doi_key of 10.1/", lambda text: identity.doi_key(f"10.1/{text}"), WHOLE
    yield "rag.identity.paper_keys", lambda text: identity.paper_keys(encodable(text), text, text), WHOLE
    yield "rag.identity.reference_keys", lambda text: identity.reference_keys(encodable(text)), WHOLE
    yield "rag.tokens.count_tokens", tokens.count_tokens, WHOLE
    yield "rag.tokens.token_offsets", tokens.token_offsets, WHOLE
    yield "rag.layout.without_gaps", lambda text: layout.without_gaps(text, [1, len(text)]), WHOLE
    yield "rag.layout.with_marks", lambda text: layout.with_marks(text, [(9, "[1]"), (99, "[2]")]), WHOLE
    yield "rag.layout.lead_in", lambda text: layout.lead_in(text, "owls"), WHOLE
    yield "ingest.chunking.split_abstract", split_abstract, base.LONGEST_ABSTRACT
    yield "ingest.loose.plain_text", loose.plain_text, WHOLE
    yield "ingest.loose.plain_text of <title", lambda text: loose.plain_text(f"<title{text}"), WHOLE
    yield "ingest.loose.read_date", loose.read_date, WHOLE
    yield "ingest.loose.read_doi", loose.read_doi, WHOLE
    yield "ingest.loose.read_arxiv_id", lambda text: loose.read_arxiv_id(text, [text]), WHOLE
    yield "ingest.loose.read_count", loose.read_count, WHOLE
    yield "ingest.loose.read_names", loose.read_names, WHOLE
    yield "ingest.loose.read_names of a list", lambda text: loose.read_names(f"[{text}]"), WHOLE
    yield "ingest.loose.loose_record", lambda text: loose.loose_record(text, text, authors=[text]), WHOLE
    yield "ingest.base.paper_from", lambda text: base.entry_from(_record(text), "here", 1), WHOLE
    yield "rag.latex.latex_to_text", latex.latex_to_text, WHOLE
    yield "rag.readable.readable", readable.readable, WHOLE
    yield "rag.readable.readable of markup", lambda text: readable.readable(f"<i>{text}</i> {text}"), WHOLE
    yield "rag.readable.readable of math", lambda text: readable.readable(f"$x^{{{text}}}$ {text}"), WHOLE
    yield "ingest.columns.columns_from", columns.columns_from, WHOLE
    yield "ingest.csl_json.is_csl_json", csl_json.is_csl_json, WHOLE
    yield "ingest.csv_table.is_csv", csv_table.is_csv, WHOLE
    yield "rag.library.selecting.criteria", lambda text: selecting.criteria(Filters(), text), WHOLE
    yield "rag.library.catalog_rows.folded", catalog_rows.folded, WHOLE
    yield "rag.library.lexical.terms", lambda text: LexicalIndex(Path()).terms(encodable(text)), WHOLE


def _questions() -> Iterator[Row]:
    """What is made of a question, and of what was said before it."""

    def asked(read: Callable[[str], object]) -> tuple[Callable[[str], object], int]:
        return lambda text: read(encodable(text)), LONGEST_QUESTION

    yield "rag.query.understand", lambda text: understand(Request(text, day=TODAY)), WHOLE
    yield "rag.query.understand 4,000", *asked(lambda text: understand(Request(f"{text[:-1]}?", day=TODAY)))
    yield "rag.query.understand a follow-up", *asked(_follow_up)
    yield "rag.query.history.newest", _newest, WHOLE
    yield "rag.query.kinds.kind_of", *asked(kinds.kind_of)
    yield "rag.query.quoted.unquoted", *asked(quoted.unquoted)
    yield "rag.query.years.without_phrases", *asked(without_phrases)
    yield "rag.query.years.find_years", *asked(lambda text: _years(f"{text} papers since 2021 {text}"))
    yield "rag.query.follow_up.points_back", *asked(points_back)
    yield "rag.query.follow_up.is_elliptical", *asked(lambda text: is_elliptical(f"and {text}"))
    yield "rag.query.follow_up.leaning", *asked(lambda text: leaning(text, [history.Turn(text, text)]))
    yield "rag.query.follow_up.may_lean", *asked(lambda text: may_lean(text, [history.Turn(text, text)]))
    yield "rag.library.lexical.standing", *asked(indexed().standing)
    yield "rag.nearness.why_far of a question", *asked(lambda text: _far(text, hits()))
    yield "rag.writers.extractive of a question", *asked(lambda text: _extract(text, hits()))
    yield "rag.writers.prompting.write_prompt", *asked(lambda text: write_prompt(_understood(text), ()))


def _models() -> Iterator[Row]:
    """What is made of a model's words."""

    def said(read: Callable[[str], object]) -> tuple[Callable[[str], object], int]:
        return read, LONGEST_REPLY

    yield "rag.model.reasoning", *said(lambda text: list(without_reasoning([text])))
    yield "rag.model.reasoning, streamed", *said(lambda text: list(without_reasoning(pieces(text))))
    yield "rag.writers.control_lines", *said(lambda text: list(without_control_lines([text], Log())))
    yield "rag.writers.control_lines, streamed", *said(_controlled)
    yield "rag.writers.control_lines.told_text", told_text, WHOLE
    yield "rag.markers.find_markers, streamed", *said(lambda text: list(markers.find_markers(pieces(text))))
    yield "rag.citations.Composer", *said(lambda text: _composed([text]))
    yield "rag.citations.Composer, streamed", *said(lambda text: _composed(pieces(text)))
    yield "rag.citations.Composer of markers", *said(lambda text: _composed(markers.find_markers([text])))
    yield "rag.citations.Composer of a quote", *said(lambda text: _composed([text, Quote(0, (0, 9)), ". "]))
    yield "rag.writers.prompting.read_repair", *said(lambda text: read_repair(text, 3))
    yield "rag.support.verdicts.read_verdicts", *said(read_verdicts)
    yield "eval.judging.prompted.read", *said(partial(prompted.read, "support"))
    yield "eval.judging.llamaindex.read_yes_or_no", *said(llamaindex.read_yes_or_no)
    yield "eval.judging.base.in_short", in_short, WHOLE


def _judged() -> Iterator[Row]:
    """What judges make of claims, each of which is a sentence, and of passages."""
    judge = CalibratedJudge(Vectorless())
    claim, passage = sentences.LONGEST_SENTENCE, base.LONGEST_ABSTRACT
    yield "rag.support.numbers.find_quantities", numbers.find_quantities, passage
    yield "rag.support.names.find_names", support_names.find_names, WHOLE
    yield "rag.support.clauses.number_clauses", _clauses, WHOLE
    yield "rag.support.lexicon.sign", sign, WHOLE
    yield "rag.support.numbers.missing_numbers", _both(numbers.missing_numbers, claim), passage
    yield "rag.support.names.missing_names", _both(support_names.missing_names, claim), passage
    yield "rag.support.verbatim.is_verbatim", _is_verbatim, passage
    yield "rag.support.judge a claim", lambda text: judge.judge([(text, [ABSTRACT])]), claim
    yield "rag.support.judge a passage", lambda text: judge.judge([(f"{text[:99]} 45%", [text])]), passage


def _papers() -> Iterator[Row]:
    """What is made of papers, whose fields are bounded where they come from."""
    title, abstract = base.LONGEST_TITLE, base.LONGEST_ABSTRACT
    yield "rag.citations.best_quote", lambda text: best_quote("Owls", paper(text), Agreeing()), abstract
    yield "rag.nearness.why_far", lambda text: _far(ASKED, hits(text)), abstract
    yield "rag.writers.extractive", lambda text: _extract(ASKED, hits(text)), abstract
    yield "rag.writers.extractive, a list", lambda text: _extract(ASKED, hits(text), "list"), abstract
    yield (
        "rag.writers.prompting.fit_papers",
        lambda text: fit_papers([], hits(text), 4096),
        abstract,
    )
    yield "rag.writers.prompting.repair_prompt", lambda text: _repair(text), sentences.LONGEST_SENTENCE
    yield "rag.library.near.are_near", lambda text: near.are_near(text, f"{text}: a"), title
    yield "rag.library.sameness.same_papers", lambda text: _same(encodable(text)), title
    yield "rag.library.merge.merge_records", lambda text: merge_records([paper(text), paper()]), abstract
    yield "ui.export.bibtex_entries", lambda text: _exported(text, export.bibtex_entries), abstract
    yield "ui.export.jsonl_lines", lambda text: _exported(text, export.jsonl_lines), abstract
    yield "ui.export.link", lambda text: export.link(paper(doi=f"10.1/{text}")), title
    yield (
        "ui.web.rendering.paper_html",
        lambda text: rendering.paper_html(paper(text), [text[:99]]),
        abstract,
    )
    yield "ui.web.rendering.hits_html", lambda text: rendering.hits_html(hits(text), text[:200]), abstract
    yield "ui.web.suggestions.name_of", lambda text: suggestions.name_of(paper(title=text)), title


def _others() -> Iterator[Row]:
    """Answers that come from elsewhere: out of a browser, a file, somebody else's program."""
    said = LONGEST_REPLY
    yield "rag.with_sources.with_sources", lambda text: with_sources(answer(text)), WHOLE
    yield "ui.export.to_markdown", lambda text: export.to_markdown(answer(text), {}), said
    yield "ui.parts.pieces_of", lambda text: list(parts.pieces_of(text)), WHOLE
    yield "ui.parts.parts_of", lambda text: parts.parts_of(answer(text)), WHOLE
    yield "ui.parts.groups_of", lambda text: parts.groups_of(answer(text)), WHOLE
    yield "ui.web.rendering.answer_html", lambda text: _page(answer(text)), said
    yield "ui.web.suggestions.next_questions", lambda text: _next(answer(text)), WHOLE
    yield "ui.web.visitors.Visitors.find", _kept, WHOLE
    yield "eval.metrics.facts.holds", lambda text: holds(text, "45%"), WHOLE
    yield "eval.metrics.facts.holds a form", lambda text: holds(f"{text} owls", text), WHOLE
    yield "eval.markdown.code", code, WHOLE
    yield (
        "eval.evidence.find_evidence",
        lambda text: find_evidence(answer(text), Papers([paper(text)])),
        WHOLE,
    )
    yield "eval.systems.replies.papers_of", _sources, WHOLE
    yield "eval.systems.answers.read_answer", lambda text: _replied(text, ABSTRACT), said
    yield "eval.systems.answers.read_answer of a source", lambda text: _replied("Owls [1].", text), WHOLE
    yield "eval.cases.read_records", _cases, WHOLE


def _record(text: str) -> dict[str, Any]:
    return {
        "title": text,
        "abstract": text,
        "published": text,
        "authors": [text],
        "organization": text,
        "doi": text,
        "arxiv_id": text,
    }


def _understood(text: str, kind: Kind = "single") -> Understanding:
    return Understanding(Request(text), None, text, kind=kind)


def _newest(text: str) -> object:
    said = [{"role": "user", "content": "Owls?"}, {"role": "assistant", "content": text}]
    return history.newest(history.turns_of(said), 900)


def _follow_up(text: str) -> object:
    said = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
    return understand(Request("and since 2021?", said, day=TODAY))


def _years(text: str) -> str:
    return without_years(text, find_years(text, TODAY))


def _uniform(ids: Any) -> Any:
    return np.full(len(ids), 1 / max(len(ids), 1), np.float32)


def _far(text: str, found: Sequence[Hit]) -> object:
    library: Any = SimpleNamespace(lexical=indexed())
    return why_far(text, found, Reading(Vectorless(), _uniform).read(text, found), library)


def _extract(text: str, found: Sequence[Hit], kind: Any = "single") -> object:
    writer = ExtractiveWriter(Reading(Vectorless(), _uniform))
    return list(writer.write(_understood(text, kind), found, Log()))


def _controlled(text: str) -> object:
    return list(without_control_lines(pieces(text), Log()))


def _composed(written: Any) -> str:
    composer = Composer(hits(), Agreeing(), Agreeing())
    for piece in written:
        composer.add(piece)
    composer.finish()
    return composer.show_rest("mark")


def _clauses(text: str) -> object:
    return number_clauses(text, [found.span() for found in WORD.finditer(text)])


def _both(missing: Callable[[str, Sequence[str]], object], most: int) -> Callable[[str], object]:
    """A claim of the same kind, and of what the passage does not have."""
    return lambda text: missing(text[:most].replace("1", "2").replace("A", "B2"), [text, text])


def _is_verbatim(text: str) -> object:
    claim = text[: sentences.LONGEST_SENTENCE]
    return [verbatim.is_verbatim(each, text) for each in (claim, f"{claim} owls", f"{claim} a (1 owls")]


def _repair(text: str) -> object:
    composer = Composer(hits(), Agreeing(), Agreeing())
    composer.add(text)
    composer.finish()
    return repair_prompt(_understood("Owls?"), (), composer.waiting)


def _same(text: str) -> object:
    known = paper(title=text)
    record = paper(title=text, doi="10.1/2")
    return sameness.same_papers(record, [sameness.Candidate(known, None, frozenset(known.keys), False)])


def _exported(text: str, write: Callable[[Sequence[Paper]], Iterator[str]]) -> str:
    title, name = text[: base.LONGEST_TITLE], text[: base.LONGEST_NAME]
    return "".join(write([paper(text, title, authors=(name,), organization=name)]))


def _page(shown: Answer) -> str:
    known = {"p1": paper(shown.text)}
    return rendering.answer_html(Exchange("?", answer=shown), "a", known)


def _next(shown: Answer) -> object:
    return suggestions.next_questions(shown, [paper(title=shown.question[: base.LONGEST_TITLE])])


def _kept(text: str) -> object:
    told = {"question": text, "written": text, "answer": answer(text).to_dict()}
    chats = [{"id": "0" * 32, "exchanges": [told]}]
    return Visitors().find({"format": FORMAT, "visitor": "0" * 32, "chats": chats})


def _sources(text: str) -> object:
    return papers_of([Source(encodable(text), encodable(text), text)], Papers(()))


def _replied(text: str, source: str) -> object:
    reply = read_reply((text, [source]))
    return systems.answer_of(
        Request("Owls?"), reply, None, judge=Agreeing(), shelf=Papers(()), writer="theirs", seconds=1.0
    )


def _cases(text: str) -> object:
    line = json.dumps({"id": "a", "question": text}).encode()
    return _ours(lambda: list(read_records(written("cases.jsonl", line))))


def _ours(read: Callable[[], object]) -> object:
    """What is read, or what we say where it cannot be."""
    try:
        return read()
    except AskpapersError as error:
        return str(error)

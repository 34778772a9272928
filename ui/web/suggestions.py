"""Suggested questions, made from the papers at hand."""

import re
from collections.abc import Iterable, Sequence
from itertools import cycle, islice

from rag.plain import in_a_line
from rag.types import Answer, Paper
from rag.words import content_words

MOST = 3
_HEAD = re.compile(r"([^\s:!?]+(?: [^\s:!?]+){0,2}):\s")  # "bert2BERT: Towards …"
_COINED = re.compile(r"[a-z][A-Z]|[A-Z]{2}|[^\W\d_]\d|\d[^\W\d_]|[A-Z]-\d")  # bert2BERT, LoRA, GPT-4
_LONGEST_NAME = 32  # characters


def opening_questions(papers: Iterable[Paper], most: int = 4) -> list[str]:
    """Questions about the papers whose title begins with a name."""
    forms = ("What is {}?", "What results does {} report?", "How does {} work?", "What is {} trained on?")
    names = dict.fromkeys(name for paper in papers if (name := name_of(paper)))
    return [form.format(name) for form, name in zip(cycle(forms), islice(names, most), strict=False)]


def next_questions(answer: Answer, papers: Sequence[Paper], most: int = MOST) -> list[str]:
    """Questions to ask after an answer: about the first paper that it cites, then about other papers.

    `papers` are its ranking, best first. After a refusal, all questions are about other papers.
    """
    cited = [citation.paper_id for citation in answer.citations] if answer.status != "refused" else []
    by_id = {paper.paper_id: paper for paper in papers}
    questions: list[str] = []
    if cited and (first := by_id.get(cited[0])) and (name := name_of(first)):
        questions.append(f"What results does {name} report?")
        if answer.kind != "list":
            questions.append(f"Which papers are similar to {name}?")
    beside = [paper for paper in papers if paper.paper_id not in cited]
    questions += [f"What is {name}?" for paper in beside if (name := name_of(paper))]
    asked = answer.question.casefold()
    return [question for question in dict.fromkeys(questions) if question.casefold() not in asked][:most]


def name_of(paper: Paper) -> str | None:
    """The name that a title begins with ("bert2BERT: …"), if it does."""
    match = _HEAD.match(in_a_line(paper.title))
    if not match or len(match[1]) > _LONGEST_NAME:
        return None
    is_coined = any(_COINED.search(word) and content_words(word) for word in match[1].split())
    return match[1] if is_coined else None

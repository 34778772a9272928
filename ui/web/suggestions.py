"""Suggested questions, made from the papers at hand."""

import re
from collections.abc import Iterable, Sequence

from rag.plain import in_a_line
from rag.query import kind_of
from rag.types import Answer, Paper
from rag.words import content_words

MOST = 3
_HEAD = re.compile(r"([^\s:!?]+(?: [^\s:!?]+){0,2}):\s")  # "bert2BERT: Towards …"
_COINED = re.compile(r"[a-z][A-Z]|[A-Z]{2}|[^\W\d_]\d|\d[^\W\d_]|[A-Z]-\d")  # bert2BERT, LoRA, GPT-4
_LONGEST_NAME = 32  # characters


def opening_questions(papers: Iterable[Paper], most: int = 4) -> list[str]:
    """Questions that papers of the library answer, about those whose title begins with a name."""
    forms = ("What is {}?", "What results does {} report?", "How does {} work?", "What is {} trained on?")
    named = [name for paper in papers if (name := name_of(paper))]
    return [forms[place % len(forms)].format(name) for place, name in enumerate(dict.fromkeys(named))][
        :most
    ]


def next_questions(answer: Answer, papers: Sequence[Paper], most: int = MOST) -> list[str]:
    """Questions after an answer: more about the first paper that it cites, then about papers beside it.

    `papers` are its ranking, best first. After a refusal, all questions are about those papers.
    """
    cited = [each.paper_id for each in answer.citations] if answer.status != "refused" else []
    by_id = {paper.paper_id: paper for paper in papers}
    offered: list[str] = []
    if cited and (first := by_id.get(cited[0])) and (name := name_of(first)):
        offered.append(f"What results does {name} report?")
        if kind_of(answer.question) != "list":
            offered.append(f"Which papers are similar to {name}?")
    beside = [paper for paper in papers if paper.paper_id not in cited]
    offered += [f"What is {name}?" for paper in beside if (name := name_of(paper))]
    question = answer.question.casefold()
    return [each for each in dict.fromkeys(offered) if each.casefold() not in question][:most]


def name_of(paper: Paper) -> str | None:
    """The name that a title begins with ("bert2BERT: …"); None where it begins with none."""
    match = _HEAD.match(in_a_line(paper.title))
    if not match or len(match[1]) > _LONGEST_NAME:
        return None
    return match[1] if any(map(_is_coined, match[1].split())) else None


def _is_coined(word: str) -> bool:
    return bool(_COINED.search(word) and content_words(word))

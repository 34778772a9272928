"""An answer as a language model is told it: the text with its numbered sources, line by line."""

from rag.plain import in_a_line, sentence
from rag.types import Answer, Citation


def told(answer: Answer) -> str:
    """The text, why it is a refusal or what is missing from it, and each numbered source in one line."""
    reason = [sentence(answer.reason)] if answer.reason else []
    reason += [sentence(f"Not in the papers: {answer.missing}")] if answer.missing else []
    return "\n".join([answer.text, *reason, *map(_source, answer.citations)])


def _source(citation: Citation) -> str:
    """In one line, so that no title or quote can pass for a source of its own."""
    known = f"{citation.published or 'no date'}, {citation.paper_id}"
    return f"[{citation.number}] {in_a_line(citation.title)} ({known}): “{in_a_line(citation.quote)}”"

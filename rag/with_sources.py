"""An answer as plain text with its numbered sources, for other programs' language models."""

from rag.plain import in_a_line, sentence
from rag.types import Answer, Citation


def with_sources(answer: Answer) -> str:
    """The text, the reason for a refusal or what is missing, and a line per source."""
    reason = [sentence(answer.reason)] if answer.reason else []
    reason += [sentence(f"Not in the papers: {answer.missing}")] if answer.missing else []
    return "\n".join([answer.text, *reason, *map(_source, answer.citations)])


def _source(citation: Citation) -> str:
    """On one line, so that no title or quote can pass for another source."""
    known = f"{citation.published or 'no date'}, {citation.paper_id}"
    return f"[{citation.number}] {in_a_line(citation.title)} ({known}): “{in_a_line(citation.quote)}”"

"""Quotes for the replies of other programs, without an encoder."""

from rag.checking import Quote
from rag.sentences import sentence_spans, strip_span
from rag.types import Paper
from rag.words import content_words


class NearestByWords:
    """Finds the sentence of a paper that shares the most words with a sentence of a reply."""

    def nearest(self, text: str, paper: Paper) -> Quote | None:
        """The first of the best sentences; None if the paper has no text."""
        wanted = set(content_words(text))
        spans = [strip_span(paper.abstract, span) for span in sentence_spans(paper.abstract)]

        def common(span: tuple[int, int]) -> int:
            return len(wanted.intersection(content_words(paper.abstract[slice(*span)])))

        best = max(filter(lambda span: span[0] < span[1], spans), key=common, default=None)
        return Quote(paper, best) if best else None

"""Quotes for the replies of other programs, without an encoder."""

from rag.checking import Quote
from rag.sentences import sentence_spans, strip_span
from rag.types import Paper, Span
from rag.words import content_words


class NearestByWords:
    """Finds the sentence of a paper that shares the most words with a sentence of a reply."""

    def nearest(self, text: str, paper: Paper) -> Quote:
        """The first of the best sentences, an empty one if the paper has no text."""
        wanted = set(content_words(text))

        def common(span: Span) -> int:
            return len(wanted.intersection(content_words(paper.abstract[slice(*span)])))

        spans = (strip_span(paper.abstract, span) for span in sentence_spans(paper.abstract))
        return Quote(paper, max(spans, key=common, default=(0, 0)))

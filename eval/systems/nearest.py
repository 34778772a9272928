"""Quotes for the replies of other programs, without an encoder."""

from rag.checking import Quote
from rag.sentences import sentences_in
from rag.types import Paper, Passage
from rag.words import content_words


class NearestByWords:
    """Finds the sentence of a paper that shares the most words with a sentence of a reply."""

    def nearest(self, text: str, paper: Paper) -> Quote:
        """The first of the best sentences, an empty one if the paper has no text."""
        wanted = set(content_words(text))

        def common(sentence: Passage) -> int:
            return len(wanted.intersection(content_words(paper.words_of(sentence))))

        return Quote.at(paper, max(sentences_in(paper), key=common, default=Passage("", 0, 0)))

"""Splits texts and papers into sentences with sentencex, and corrects its mistakes on abstracts."""

import re
from collections.abc import Iterator
from itertools import islice, pairwise

import sentencex

from rag.body import Block
from rag.types import Paper, Passage, Span

# sentencex finds no boundary after the last marker of an enumeration, so the rest of the abstract becomes
# one sentence. The text after a marker is therefore split again.
_ENUMERATOR = re.compile(r"\s*\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])\)\s*")
_MOST_NESTED = 8
_MOST_SENTENCES = 500  # of a paper; an abstract has ten, the longest some hundred
# It breaks at "et al. (2020)" and before a per cent sign that a space separates from its number.
_CONTINUES = re.compile(r"\s*(?:al\.|%|[,;:)\]])")
_LONGEST_CONTINUATION = 3
_LINE = re.compile(r"[^\n]*\S[^\n]*")
# It takes "art.", "bits." and "only." for abbreviations. Here a word before a full stop and a capital ends
# a sentence, unless it is one of these.
_ENDS = re.compile(
    r"(?<![\w.(])(?!(?:approx|dept|eqs?|etc|figs?|incl|refs?|resp|secs?|vol)\.)[a-z]{3,}\.\s+(?=[A-Z])"
)
_END = re.compile(r"[.!?。！？][\"'”’)\]]*$")
_WORD, _FEWEST_WORDS = re.compile(r"[^\W\d_]{2,}"), 3
# For each opening quotation mark it searches the whole rest for the closing one, so it gets a window.
LONGEST_SENTENCE = 4_000  # characters; an abstract has some 2,000
# It panics at a capital letter, a space beyond ASCII and a full stop ("A\u00a0."), and at a lone surrogate.
# Plain spaces replace both.
_UNTAKEN = re.compile(r"[^\S\x00-\x7f]|[\ud800-\udfff]")


def sentence_spans(text: str) -> list[Span]:
    """[start, end) of each sentence and the white space after it; together they cover the text.

    A sentence of more than 4,000 characters is cut, between words where possible.
    """
    spans: list[Span] = []
    first = len(text) - len(text.lstrip())
    for start, end in _boundaries(_UNTAKEN.sub(" ", text), 0, len(text)):
        before, place = spans[-1] if spans else (0, 0)
        # Only the first span can be blank, as one that follows another joins it.
        is_blank = text[start:end].isspace() or place <= first
        continues = _CONTINUES.match(text, start, end + _LONGEST_CONTINUATION)
        if spans and (is_blank or (continues and end - before <= LONGEST_SENTENCE)):
            spans[-1] = (before, end)
        else:
            spans.append((start, end))
    return spans


def sentences_in(paper: Paper) -> Iterator[Passage]:
    """The first sentences of what is read of a paper, without white space around them."""
    sentences = (sentence for passage in paper.shown for sentence in sentences_of(paper, passage))
    return islice(sentences, _MOST_SENTENCES)


def sentences_of(paper: Paper, passage: Passage) -> Iterator[Passage]:
    """The sentences of a passage, without white space around them.

    In a body, no sentence goes over the end of a block, and the row of a table is one; in a note, none
    goes over the end of a line.
    """
    spans = _spans_of(paper, passage)
    return (Passage(paper.paper_id, *span, part=passage.part) for span in spans)


def says_something(paper: Paper, sentence: Passage) -> bool:
    """Whether a sentence can be quoted by itself, as all of an abstract can.

    In a body it has three words at least, and neither begins nor ends amid a sentence, as between two
    formulas; captions and rows of tables are as they are.
    """
    if sentence.part != "body" or not paper.body:
        return True
    kinds = {block.kind for block in paper.body.blocks_around(sentence.start, sentence.end)}
    text = paper.words_of(sentence)
    is_cut_out = text[:1].islower() and not _END.search(text)
    has_words = len(_WORD.findall(text)) >= _FEWEST_WORDS
    return not kinds.isdisjoint(("caption", "row")) or (has_words and not is_cut_out)


def _spans_of(paper: Paper, passage: Passage) -> Iterator[Span]:
    text, blocks = paper.text_of(passage.part), [Block("paragraph", passage.start, passage.end)]
    if passage.part == "body" and paper.body:
        blocks = [*paper.body.blocks_in(passage.start, passage.end)]
    elif passage.part == "note":
        lines = _LINE.finditer(text, passage.start, passage.end)
        blocks = [Block("paragraph", *line.span()) for line in lines]
    for block in blocks:
        own = text[block.start : block.end]
        for span in [(0, len(own))] if block.kind == "row" else sentence_spans(own):
            start, end = strip_span(own, span)
            yield block.start + start, block.start + end


def strip_span(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    start, end = span
    piece = text[start:end].lstrip()
    return end - len(piece), end - len(piece) + len(piece.rstrip())


def _boundaries(text: str, offset: int, stop: int, depth: int = 0) -> Iterator[Span]:
    for start, end in _by_sentencex(text, offset, stop):
        marker = _ENUMERATOR.match(text, start, end)
        if marker and marker.end() < end and depth < _MOST_NESTED:
            first, *others = _boundaries(text, marker.end(), end, depth + 1)
            yield from [(start, first[1]), *others]
        else:
            ends = [match.end() for match in _ENDS.finditer(text, start, end) if match.end() < end]
            yield from pairwise([start, *ends, end])


def _by_sentencex(text: str, start: int, stop: int) -> Iterator[Span]:
    """The sentences that sentencex finds, window by window.

    The last sentence of a window may go on after it, so the next window begins there.
    """
    while start < stop:
        window = text[start : min(start + LONGEST_SENTENCE, stop)]
        *whole, last = (
            (start + boundary["start_index"], start + boundary["end_index"])
            for boundary in sentencex.get_sentence_boundaries("en", window)
        )
        yield from whole
        if start + LONGEST_SENTENCE >= stop:
            yield last
            return
        if not whole:
            after_space = max(window.rfind(space) for space in " \n\t") + 1
            last = (start, start + (after_space or LONGEST_SENTENCE))
            yield last
        start = last[0] if whole else last[1]

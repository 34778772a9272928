"""What the viewer shows of a paper: its pages, quotes with their boxes, and the text around these."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from urllib.parse import quote as quote_address

from rag.body import Body, Box
from rag.cited_papers import where
from rag.plain import plain
from rag.types import Citation, Hit, Paper, Span
from ui.web.door.guard import PAPERS

_AROUND = 280  # characters before and after a quote
_FIRST = 30_000  # characters of a body, in which its abstract stands
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Segment:
    """A piece of a text, and the places among the citations of the quotes that it belongs to."""

    text: str
    places: tuple[int, ...]


@dataclass(frozen=True)
class Excerpt:
    """Quotes of a body in the text around them, and where they stand ("p. 7, 3.2 Results")."""

    caption: str
    segments: tuple[Segment, ...]
    spans: Mapping[int, Span]  # of the quotes, by their places among the citations


def address_of(paper: Paper) -> str:
    """What the addresses of a paper's pages begin with."""
    return f"{PAPERS}{quote_address(paper.paper_id, safe='')}"


def version_of(paper: Paper) -> str:
    """What tells the file of a paper from others that it had, or will have."""
    return (paper.file or "")[:16]


def caption_of(body: Body, span: Span) -> str:
    """Where a span of a body stands ("p. 7 (printed 127), 3.2 Results")."""
    page = body.page_of(*span)
    return where(page, body.label_of(page) if page else None, body.section_of(span[0]))


def segments(text: str, span: Span, spans: Mapping[int, Span]) -> tuple[Segment, ...]:
    """A span of a text, cut where quotes begin and end; these may overlap."""
    first, last = span
    cuts = {first, last}.union(*spans.values())
    return tuple(
        Segment(
            text[start:end],
            tuple(place for place, (begin, stop) in spans.items() if begin <= start and end <= stop),
        )
        for start, end in pairwise(sorted(cuts))
    )


def excerpts(body: Body, spans: Mapping[int, Span]) -> list[Excerpt]:
    """Quotes of a body in the text around them, in its order; quotes near each other share an excerpt."""
    groups: list[tuple[Span, dict[int, Span]]] = []
    for place, span in sorted(spans.items(), key=lambda item: item[1]):
        start, end = around(body, span)
        if groups and start <= groups[-1][0][1]:
            (first, last), others = groups.pop()
            groups.append(((first, max(last, end)), {**others, place: span}))
        else:
            groups.append(((start, end), {place: span}))
    return [
        Excerpt(caption_of(body, next(iter(group.values()))), segments(body.text, whole, group), group)
        for whole, group in groups
    ]


def hit_excerpts(hit: Hit) -> list[Excerpt]:
    """The best passage of a hit in the text around it, if it is from the body."""
    body, passage = hit.paper.body, hit.passage
    if body is None or passage.part != "body":
        return []
    return excerpts(body, {0: (passage.start, passage.end)})


def around(body: Body, span: Span) -> Span:
    """A span with the text around it, from its own section and cut between words."""
    start, end = span
    first, last = _section(body, span)
    if start - first > _AROUND:
        first = next((m.end() for m in re.finditer(r"\s", body.text[start - _AROUND : start])), 0)
        first += start - _AROUND
    if last - end > _AROUND:
        last = end + max(0, body.text[end : end + _AROUND].rfind(" "))
    return first, last


def _section(body: Body, span: Span) -> Span:
    """The section of a span, without its heading; headings that stand in the span are left in."""
    blocks, (start, end) = body.blocks, span
    starts = [block.start for block in blocks]
    at, to = (max(0, bisect_right(starts, offset) - 1) for offset in (start, end - 1))

    def is_same(place: int) -> bool:
        return blocks[place].kind != "heading" and blocks[place].section == blocks[at].section

    before = list(takewhile(is_same, range(at - 1, -1, -1)))
    after = list(takewhile(is_same, range(to + 1, len(blocks))))
    first, last = (before or [at])[-1], (after or [to])[-1]
    return min(start, blocks[first].start), max(end, blocks[last].end)


def spans_in_body(body: Body, quotes: Mapping[int, Citation]) -> dict[int, Span]:
    """Where the first pages hold the words of quotes, however they are spaced and hyphenated there."""
    letters, offsets = _letters(body.text[:_FIRST]) if quotes else ("", [])
    wanted = {place: _letters(quote.quote)[0] for place, quote in quotes.items()}
    starts = {place: letters.find(words) for place, words in wanted.items() if words}
    return {
        place: (offsets[start], offsets[start + len(wanted[place]) - 1] + 1)
        for place, start in starts.items()
        if start >= 0
    }


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text, and their offsets in it."""
    found = [
        (letter.lower(), match.start() + number)
        for match in _WORD.finditer(text)
        for number, letter in enumerate(match[0])
        if len(letter.lower()) == 1
    ]
    return "".join(letter for letter, _ in found), [offset for _, offset in found]


def view(paper: Paper, body: Body, spans: Sequence[Span], problem: str | None) -> dict[str, object]:
    """A paper and spans of its body as the viewer takes them; `problem` says why no page is shown."""
    sections = _sections(body)
    return {
        "title": plain(paper.title),
        "address": address_of(paper),
        "version": version_of(paper),
        "problem": problem,
        "pages": [
            {
                "ratio": page.width / page.height,
                "caption": plain(where(number, page.label, sections.get(number))),
            }
            for number, page in enumerate(body.pages, 1)
        ],
        "quotes": [_quote(body, span) for span in spans],
    }


def _quote(body: Body, span: Span) -> dict[str, object]:
    first, last = around(body, span)
    start, end = span
    return {
        "page": body.page_of(start, end),
        "caption": plain(caption_of(body, span)),
        "before": plain(body.text[first:start]),
        "text": plain(body.text[start:end]),
        "after": plain(body.text[end:last]),
        "boxes": list(_shares(body, body.boxes_of(start, end))),
    }


def _shares(body: Body, boxes: Sequence[Box]) -> Iterator[dict[str, float]]:
    """The boxes as shares of the width and height of their pages."""
    for box in boxes:
        page = body.pages[box.page - 1]
        yield {
            "page": box.page,
            "left": box.left / page.width,
            "top": box.top / page.height,
            "width": (box.right - box.left) / page.width,
            "height": (box.bottom - box.top) / page.height,
        }


def _sections(body: Body) -> dict[int, str | None]:
    """The section in which each page with text begins, by page."""
    firsts: dict[int, int] = {}
    for page, start in zip(body.runs.pages.tolist(), body.runs.starts.tolist(), strict=True):
        firsts.setdefault(page, start)
    return {page: body.section_of(start) for page, start in firsts.items()}

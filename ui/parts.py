"""An answer's text cut into the parts that are shown: claims, markers, words between them, papers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.cited_papers import cited_papers
from rag.readable import in_our_words
from rag.types import Answer, Citation, Claim

_MARKER = re.compile(r" ?\[(\d{1,4})\]")


@dataclass(frozen=True)
class Piece:
    """Words, or a marker where there is a number."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Part:
    """The pieces of one claim with its markers, or of the words between claims.

    `rests_on` are the numbers of a claim without any marker, such as the verdict of a comparison.
    """

    claim: Claim | None
    pieces: tuple[Piece, ...]
    rests_on: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """Parts that stand together: the sentences of one paper, or other text."""

    parts: tuple[Part, ...]
    citation: Citation | None = None


def pieces_of(text: str) -> Iterator[Piece]:
    """The words and markers of a text in order."""
    end = 0
    for marker in _MARKER.finditer(text):
        if words := text[end : marker.start()]:
            yield Piece(words)
        yield Piece(f"[{marker[1]}]", int(marker[1]))
        end = marker.end()
    if rest := text[end:]:
        yield Piece(rest)


def parts_of(answer: Answer) -> list[Part]:
    """The whole text, cut where claims begin and end.

    Claims are searched in order and without white space, as markers stand among their letters. One that is
    not found (which no writer of ours leaves) stays among the words between.
    """
    letters, places = _letters(answer.text)
    parts, last_end, at = [], 0, 0
    for claim in answer.claims:
        claim_letters = "".join(claim.text.split())
        first = letters.find(claim_letters, at) if claim_letters else -1
        if first < 0:
            continue
        at = first + len(claim_letters)
        start, end = places[first], _behind_markers(answer.text, places[at - 1] + 1)
        parts += _part(answer.text[last_end:start])
        has_marker = _MARKER.search(answer.text, last_end, end)
        rests_on = () if has_marker else claim.citations
        parts.append(Part(claim, tuple(pieces_of(answer.text[start:end])), rests_on))
        last_end = end
    return parts + _part(answer.text[last_end:])


def groups_of(answer: Answer) -> list[Group]:
    """The parts, grouped below the titles that stand on their own line before a paper's sentences."""
    cited = _cited(answer)
    headings = {number: f"{in_our_words(source.heading)}\n" for number, source in cited.items()}
    groups, citation, gathered = list[Group](), None, list[Part]()
    for part, following in pairwise([*parts_of(answer), Part(None, ())]):
        number = next(iter(following.claim.citations), None) if following.claim else None
        before = _before_heading(part, headings[number]) if number in headings else None
        if number is None or before is None:
            gathered.append(part)
            continue
        groups += _group([*gathered, *before], citation)
        citation, gathered = cited[number], []
    return groups + _group(gathered, citation)


def rows_of(answer: Answer) -> list[Group]:
    """The papers of a list with their sentences; empty where the text holds anything else."""
    if answer.kind != "list" or not answer.claims:
        return []
    groups = groups_of(answer)
    return groups if all(group.citation for group in groups) else _written_rows(answer)


def _written_rows(answer: Answer) -> list[Group]:
    """A row for each sentence of a list that a model wrote; empty unless each cites one paper."""
    cited = _cited(answer)
    rows = []
    for part in parts_of(answer):
        if part.claim is None and not any(map(str.isalpha, _words(part))):
            continue  # white space, a bullet, a number
        sources = [cited.get(number) for number in part.claim.citations] if part.claim else []
        if len({source.paper_id if source else None for source in sources}) != 1 or not sources[0]:
            return []
        rows.append(Group((part,), sources[0]))
    return rows


def _cited(answer: Answer) -> dict[int, Citation]:
    return {paper.number: paper.citation for paper in cited_papers(answer)}


def _before_heading(part: Part, heading: str) -> list[Part] | None:
    """What stands before the heading at the end of a part; None where there is no heading."""
    if part.claim or not part.pieces or part.pieces[-1].number is not None:
        return None
    *pieces, last = part.pieces
    before = last.text.removesuffix(heading)
    if before == last.text or (before or "\n")[-1] != "\n":
        return None
    pieces += [Piece(before)] if before else []
    return [Part(None, tuple(pieces))] if pieces else []


def _group(parts: list[Part], citation: Citation | None) -> list[Group]:
    """One group, or none for white space."""
    while parts and not _words(parts[-1]).strip():
        parts = parts[:-1]
    return [Group(tuple(parts), citation)] if parts else []


def _words(part: Part) -> str:
    return "".join(piece.text for piece in part.pieces)


def _part(text: str) -> list[Part]:
    return [Part(None, tuple(pieces_of(text)))] if text else []


def _letters(text: str) -> tuple[str, list[int]]:
    """The characters outside white space and markers, and the place of each."""
    marked = {at for marker in _MARKER.finditer(text) for at in range(*marker.span())}
    kept = [at for at, letter in enumerate(text) if at not in marked and not letter.isspace()]
    return "".join(text[at] for at in kept), kept


def _behind_markers(text: str, end: int) -> int:
    """The end of the markers that follow at once."""
    while marker := _MARKER.match(text, end):
        end = marker.end()
    return end

"""An answer's text cut into what is shown: its claims, the markers and words between them, its papers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.readable import in_our_words
from rag.types import Answer, Citation, Claim

_MARKER = re.compile(r"( ?)\[(\d{1,4}|unsupported)\]")


@dataclass(frozen=True)
class Piece:
    """Words, or a marker where there is a number."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Part:
    """The pieces of one claim with its markers; of the words between claims where there is none."""

    claim: Claim | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Group:
    """Parts that stand together: the sentences of a paper where there is one, and else any text."""

    parts: tuple[Part, ...]
    citation: Citation | None = None


def pieces_of(text: str) -> Iterator[Piece]:
    """The words and markers of a text in their order; "[unsupported]" is left to the claim's mark."""
    taken = 0
    for found in _MARKER.finditer(text):
        if words := text[taken : found.start()]:
            yield Piece(words)
        if found[2].isdigit():
            yield Piece(f"[{found[2]}]", int(found[2]))
        taken = found.end()
    if rest := text[taken:]:
        yield Piece(rest)


def parts_of(answer: Answer) -> list[Part]:
    """The text from its beginning to its end, cut where claims begin and end.

    Claims are found in order by their letters without white space, as markers stand among these; one
    that is not found there (which no writer of ours leaves) stays among the words between.
    """
    letters, places = _letters(answer.text)
    parts, taken, at = [], 0, 0
    for claim in answer.claims:
        wanted = "".join(claim.text.split())
        found = letters.find(wanted, at) if wanted else -1
        if found < 0:
            continue
        at = found + len(wanted)
        start, end = places[found], _behind_markers(answer.text, places[at - 1] + 1)
        parts += _part(None, answer.text[taken:start]) + _part(claim, answer.text[start:end])
        taken = end
    return parts + _part(None, answer.text[taken:])


def groups_of(answer: Answer) -> list[Group]:
    """The parts below the titles that stand in a line of their own in front of a paper's sentences."""
    cited = {citation.number: citation for citation in answer.citations}
    headings = {number: f"{in_our_words(each.heading)}\n" for number, each in cited.items()}
    groups: list[Group] = []
    citation, gathered = None, list[Part]()
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
    """The papers of a list with their sentences; none where the text is anything else, too."""
    if answer.kind != "list" or not answer.claims:
        return []
    groups = groups_of(answer)
    return groups if all(group.citation for group in groups) else _written_rows(answer)


def _written_rows(answer: Answer) -> list[Group]:
    """A row for each sentence of a list that a model wrote, where each cites one paper."""
    cited = {citation.number: citation for citation in answer.citations}
    rows = []
    for part in parts_of(answer):
        if part.claim is None and not any(map(str.isalpha, _words(part))):
            continue  # white space, a bullet, a number
        sources = [cited.get(number) for number in part.claim.citations] if part.claim else []
        if len({source.paper_id if source else None for source in sources}) != 1 or not sources[0]:
            return []
        rows.append(Group((part,), sources[0]))
    return rows


def _before_heading(part: Part, heading: str) -> list[Part] | None:
    """What stands before a heading, with which a part ends; None where it does not."""
    if part.claim or not part.pieces or part.pieces[-1].number is not None:
        return None
    *pieces, last = part.pieces
    before = last.text.removesuffix(heading)
    if before == last.text or (before or "\n")[-1] != "\n":
        return None
    pieces += [Piece(before)] if before else []
    return [Part(None, tuple(pieces))] if pieces else []


def _group(parts: list[Part], citation: Citation | None) -> list[Group]:
    """One group, none where nothing but white space is in it."""
    while parts and not _words(parts[-1]).strip():
        parts = parts[:-1]
    return [Group(tuple(parts), citation)] if parts else []


def _words(part: Part) -> str:
    return "".join(piece.text for piece in part.pieces)


def _part(claim: Claim | None, text: str) -> list[Part]:
    return [Part(claim, tuple(pieces_of(text)))] if text else []


def _letters(text: str) -> tuple[str, list[int]]:
    """The characters that are neither white space nor of a marker, and where each stands."""
    marked = {at for found in _MARKER.finditer(text) for at in range(*found.span())}
    kept = [at for at, letter in enumerate(text) if at not in marked and not letter.isspace()]
    return "".join(text[at] for at in kept), kept


def _behind_markers(text: str, end: int) -> int:
    """The end of the markers that follow at once."""
    while found := _MARKER.match(text, end):
        end = found.end()
    return end

"""Words and lines of a page."""

import itertools
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from ingest.pdf.characters import Characters
from ingest.pdf.fonts import Font
from ingest.pdf.glyphs import accent_of, is_math_font, with_accent
from ingest.pdf.shapes import Rectangle

_SPACE = 0.13  # of the size of letters; a wider gap separates words
_SUPPOSED_SPACE = 0.08  # likewise, where PDFium supposes a space
_SAME_BASELINE = 0.14
_SCRIPT = 0.86  # smaller pieces may be superscripts and subscripts of their neighbours
_HIGHEST, _LOWEST = 0.85, 0.5  # where scripts stand, above and below the baseline
_NEAR = 0.6
_PART = 0.8
_SHIFTED = 0.35  # letters of a word that are shifted up or down


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is printed; `size` is that of its font in points."""

    text: str
    box: Rectangle
    size: float
    font: str = ""
    is_bold: bool = False
    is_italic: bool = False
    is_fixed: bool = False  # of a font whose letters have one width
    is_math: bool = False  # of a font for formulas
    baseline: float = 0.0
    in_form: bool = False  # of a drawing that is placed on the page
    has_soft_end: bool = False  # the hyphen at its end is one of the line's end


@dataclass(frozen=True)
class Line:
    """Words on one baseline of one column, from left to right; `page` counts from 1.

    `column` is from where to where the lines of its column reach; `sheet` counts the halves of pages that
    show two pages of a report each, and pages.
    """

    words: Sequence[Word]
    page: int
    column: tuple[float, float] = (0.0, 0.0)
    sheet: int = 0

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def box(self) -> Rectangle:
        lefts, tops, rights, bottoms = zip(*(word.box for word in self.words), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    @cached_property
    def size(self) -> float:
        """The size of most of its letters."""
        letters: dict[float, int] = {}
        for word in self.words:
            letters[word.size] = letters.get(word.size, 0) + len(word.text)
        return max(letters, key=lambda size: letters[size])

    @cached_property
    def baseline(self) -> float:
        """The baseline of most of its letters."""
        letters: dict[float, int] = {}
        for word in self.words:
            letters[word.baseline] = letters.get(word.baseline, 0) + len(word.text)
        return max(letters, key=lambda baseline: letters[baseline])

    def share(self, attribute: str) -> float:
        """The share of its letters in words that are bold, italic, fixed or math, as `attribute` says."""
        total = sum(len(word.text) for word in self.words)
        return sum(len(word.text) for word in self.words if getattr(word, attribute)) / max(1, total)


def pieces_of(characters: Characters) -> list[Word]:
    """Runs of characters of one font without a gap, in the order of the file."""
    pieces: list[Word] = []
    letters: list[str] = []
    texts = _composed(characters)
    boxes, baselines = characters.boxes.tolist(), characters.baselines.tolist()
    sizes, fonts, in_form = characters.sizes.tolist(), characters.fonts, characters.in_form.tolist()
    first = last = 0
    left = right = top = bottom = 0.0
    is_spaced = False
    shared: dict[float, float] = {}  # equal numbers as one object: whole documents are held in memory

    def finish() -> None:
        text = sys.intern("".join(letters))
        if text:
            box = (left, shared.setdefault(top, top), right, shared.setdefault(bottom, bottom))
            soft = bool(characters.is_hyphen[last])
            size, baseline = round(sizes[first], 1), round(baselines[first], 1)
            size, baseline = shared.setdefault(size, size), shared.setdefault(baseline, baseline)
            pieces.append(_piece(text, box, size, fonts[first], baseline, in_form[first], soft))
        letters.clear()

    for place, text in enumerate(texts):
        if not text:
            continue
        x0, y0, x1, y1 = boxes[place]
        if text == " ":
            if x1 - x0 > 0.01:
                finish()
            else:
                is_spaced = True
            continue
        if letters:
            size = sizes[first]
            is_new = (
                abs(baselines[place] - baselines[first]) > 0.1 * size
                or abs(sizes[place] - size) > 0.1 * size
                or fonts[place] is not fonts[first]
                or not -0.5 * size < x0 - right < (_SUPPOSED_SPACE if is_spaced else _SPACE) * size
            )
            if is_new:
                finish()
        is_spaced = False
        if not letters:
            first, left, top, right, bottom = place, x0, y0, x1, y1
        letters.append(text)
        last = place
        if x0 < left:
            left = x0
        if x1 > right:
            right = x1
        if y0 < top:
            top = y0
        if y1 > bottom:
            bottom = y1
    finish()
    return pieces


def rows_of(pieces: Iterable[Word]) -> list[list[Word]]:
    """Pieces on one baseline, with their superscripts and subscripts, from the top to the bottom."""
    rows: list[list[Word]] = []
    for piece in sorted(pieces, key=lambda piece: piece.baseline):
        if rows and piece.baseline - rows[-1][0].baseline <= _SAME_BASELINE * max(
            piece.size, rows[-1][-1].size
        ):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.box[0]) for row in _with_scripts(rows) if row]


def words_of(row: Sequence[Word]) -> list[Word]:
    """The words of a row's pieces: pieces that touch become one."""
    words: list[Word] = []
    parts: list[Word] = []
    right = 0.0
    for piece in row:
        if parts and piece.box[0] - right >= _SUPPOSED_SPACE * max(piece.size, parts[-1].size):
            words.append(_joined(parts))
            parts = []
        right = max(right, piece.box[2]) if parts else piece.box[2]
        parts.append(piece)
    if parts:
        words.append(_joined(parts))
    return _unspaced(words)


def gaps_of(row: Sequence[Word]) -> Iterator[tuple[float, float]]:
    """The gaps between the pieces of a row, from left to right."""
    right = None
    for piece in row:
        if right is not None and piece.box[0] > right:
            yield right, piece.box[0]
        right = piece.box[2] if right is None else max(right, piece.box[2])


def is_prose(word: Word) -> bool:
    """Whether a word is one of a sentence and no part of a formula."""
    letters = sum(letter.isalpha() for letter in word.text)
    return not word.is_math and not word.is_fixed and letters >= 2 and letters >= 0.6 * len(word.text)


def _composed(characters: Characters) -> list[str]:
    """The texts of characters, with accents that are printed apart put on their letters."""
    texts = list(characters.texts)
    for place, text in enumerate(characters.texts):
        accent = accent_of(text) if text else None
        if not accent:
            continue
        middle = (characters.boxes[place, 0] + characters.boxes[place, 2]) / 2
        for neighbour in (place + 1, place + 2, place - 1, place - 2):
            if not 0 <= neighbour < len(texts) or not texts[neighbour].isalpha():
                continue
            left, right = characters.boxes[neighbour, 0], characters.boxes[neighbour, 2]
            is_near = (
                abs(characters.baselines[place] - characters.baselines[neighbour]) < characters.sizes[place]
            )
            letter = with_accent(texts[neighbour], accent)
            if left <= middle <= right and is_near and letter:
                texts[neighbour], texts[place] = letter, ""
                break
    return texts


def _piece(
    text: str, box: Rectangle, size: float, font: Font, baseline: float, in_form: bool, soft: bool
) -> Word:
    return Word(
        text,
        box,
        size,
        font.name,
        font.is_bold,
        font.is_italic,
        font.is_fixed,
        is_math_font(font.name),
        baseline,
        in_form,
        soft,
    )


def _with_scripts(rows: list[list[Word]]) -> list[list[Word]]:
    """Rows with the pieces of others that stand beside theirs, a little higher or lower."""
    tops = [row[0].baseline for row in rows]
    baselines = [max(row, key=lambda piece: (len(piece.text), piece.size)).baseline for row in rows]
    sizes = [max(piece.size for piece in row) for row in rows]
    largest = min(max(sizes), 4 * median(sizes)) if sizes else 0.0
    joined = [list(row) for row in rows]
    for place, row in enumerate(rows):
        for piece in row:
            if _hosts(piece, row, sizes[place], 0.0):
                continue  # a small letter that stands in a word, such as those of logos
            first = bisect_left(tops, piece.baseline - _HIGHEST * largest)
            after = bisect_right(tops, piece.baseline + _HIGHEST * largest)
            hosts = [
                host
                for host in range(first, after)
                if host != place
                and _belongs(piece, row, rows[host], sizes[host], piece.baseline - baselines[host])
            ]
            if hosts:
                host = min(hosts, key=lambda host: abs(piece.baseline - baselines[host]))
                joined[place].remove(piece)
                joined[host].append(piece)
    return joined


def _belongs(piece: Word, own: Sequence[Word], row: Sequence[Word], size: float, lower: float) -> bool:
    """Whether a piece that stands `lower` than another row than its own is a part of that row."""
    if _hosts(piece, row, size, lower):
        return True
    return len(own) < len(row) and (
        _is_part(piece, row, size, abs(lower)) or _is_in_word(piece, row, size, abs(lower))
    )


def _is_in_word(piece: Word, row: Sequence[Word], size: float, distance: float) -> bool:
    """Whether a letter stands between two letters of a row, a little off its baseline, as in some logos."""
    if distance > _SHIFTED * size or len(piece.text) > 2 or not piece.text.isalpha():
        return False
    left, _, right, _ = piece.box
    near, over = 0.2 * size, 0.35 * size
    return any(-near < other.box[2] - left < over for other in row) and any(
        -near < right - other.box[0] < over for other in row
    )


def _is_part(piece: Word, row: Sequence[Word], size: float, distance: float) -> bool:
    """Whether a piece is part of a fraction in a row: no line's distance from it, in a gap of the row."""
    if distance > _PART * size or len(piece.text) > 12:
        return False
    left, _, right, _ = piece.box
    reach = _NEAR * size
    return all(other.box[2] <= left + 0.5 or right - 0.5 <= other.box[0] for other in row) and any(
        abs(other.box[2] - left) < reach or abs(right - other.box[0]) < reach for other in row
    )


def _hosts(piece: Word, row: Sequence[Word], size: float, lower: float) -> bool:
    """Whether a piece that stands `lower` than a row's baseline belongs to a larger piece beside it."""
    if piece.size > _SCRIPT * size or not -_HIGHEST * size <= lower <= _LOWEST * size:
        return False
    left, _, right, _ = piece.box
    return any(
        other.size * _SCRIPT >= piece.size
        and other.box[0] - _NEAR * size <= right
        and left <= other.box[2] + _NEAR * size
        for other in row
    )


def _joined(parts: Sequence[Word]) -> Word:
    """One word of pieces that touch."""
    if len(parts) == 1:
        return parts[0]
    lefts, tops, rights, bottoms = zip(*(part.box for part in parts), strict=True)
    most = max(parts, key=lambda part: (len(part.text), part.size))
    box = (min(lefts), min(tops), max(rights), max(bottoms))
    return replace(
        most, text="".join(part.text for part in parts), box=box, has_soft_end=parts[-1].has_soft_end
    )


def _unspaced(words: list[Word]) -> list[Word]:
    """The words of a row, those that are printed with space between their letters as whole words."""
    single = sum(len(word.text) == 1 and word.text.isalpha() for word in words)
    if single < 5 or single < 0.8 * len(words):
        return words
    gaps = sorted(after.box[0] - word.box[2] for word, after in itertools.pairwise(words))
    narrow = gaps[len(gaps) // 3]
    joined = [[words[0]]]
    for word in words[1:]:
        if word.box[0] - joined[-1][-1].box[2] < 1.6 * narrow + 0.1:
            joined[-1].append(word)
        else:
            joined.append([word])
    return [_joined(parts) for parts in joined]

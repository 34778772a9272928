"""Broken PDFs, read as a user's would be: nothing but our own errors may come of them, and each has an end.

    python -m benchmarks.broken_pdfs --files 300 --seed 0 [PDF ...]

Breaks PDFs that it makes itself, and those that are given, in many ways; each file is the same for the same
seed. Beside these it makes files that are whole but harmful: bombs, thousands of pages, pages in a circle,
encryption, scans, devices, no PDF at all. Each is parsed and the picture of its first page is made, in
processes of their own. Prints how each ended and how long it took, and counts the ends (`--keep DIR` keeps
the files); exits 1 where an error is not ours or the run does not come to an end.
"""

import io
import os
import random
import re
import sys
import threading
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from benchmarks.commands import parser
from ingest.pdf.document import Document
from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits
from ingest.pdf.pictures import picture
from ingest.pdf.workers import parse_all

_LIMITS = Limits(seconds=20, seconds_a_page=0.2, memory=1 << 30)
_SLACK = 30  # seconds a file that the whole run may take, beyond which it hangs
_SENTENCE = "The owls of the forest call in the night, and we count them (n = 31) until the morning comes."
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_OBJECT = re.compile(rb"\d+ 0 obj\b.*?\bendobj", re.DOTALL)
_NUMBER = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?")
_HUGE = (b"-1", b"0", b"2147483647", b"-2147483648", b"4294967296", b"9" * 400, b"1e999", b"0.0000001")
_NAMES = (b"/FlateDecode", b"/Font", b"/Type1", b"/Page", b"/Length", b"/MediaBox", b"/Contents", b"/Kids")

Chance = random.Random


def paper(pages: int = 2, side: tuple[float, float] = (612, 792), **options: object) -> bytes:
    """A PDF with text on its pages."""
    stream = io.BytesIO()
    canvas = Canvas(stream, side, **options)
    for page in range(pages):
        for line in range(20):
            canvas.setFont(("Times-Roman", "Helvetica", "Courier")[line % 3], 10)
            canvas.drawString(72, side[1] - 72 - 14 * line, f"{page}.{line} {_SENTENCE}")
        canvas.rect(100, 100, 50, 50, fill=1)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def written(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    content, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, count = len(content), len(objects) + 1
    content += b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root %d 0 R>>\n" % (
        count,
        rows,
        count,
        root,
    )
    return content + b"startxref\n%d\n%%%%EOF\n" % start


def on_a_page(
    content: bytes, entries: bytes = b"", box: bytes = b"0 0 612 792", font: bytes = b""
) -> bytes:
    """A PDF with one page of this content; `entries` go into the dictionary of the stream."""
    return written(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>" % box,
        b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), entries, content),
        font or b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def bomb(megabytes: int, times: int = 1) -> bytes:
    """A stream that unpacks to so many megabytes, `times` over."""
    content, filters = b"BT /F1 9 Tf 9 9 Td (owls) Tj ET\n" * (megabytes << 15), b""
    for _ in range(times):
        content, filters = zlib.compress(content, 9), filters + b"/FlateDecode"
    return on_a_page(content, b"/Filter[%b]" % filters)


def harmful() -> dict[str, bytes]:
    """Files that are meant to do harm, or that hold no text."""
    text = b"BT /F1 12 Tf 72 700 Td (Owls call in the night, and we count them.) Tj ET"
    catalog, page = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    kids = b"<</Type/Pages/Kids[%b]/Count %d>>"
    nested = [kids % (b"%d 0 R" % (number + 1), 1) for number in range(2, 3_000)]
    return {
        "pages-5000": paper(5_000),
        "pages-500": paper(500),
        "sides-200-inches": paper(1, (14_400, 14_400)),
        "sides-huge": on_a_page(text, box=b"0 0 1e30 1e30"),
        "sides-none": on_a_page(text, box=b"0 0 0 0"),
        "sides-negative": on_a_page(text, box=b"612 792 -612 -792"),
        "sides-thin": on_a_page(text, box=b"0 0 0.001 14400"),
        "encrypted": paper(encrypt=StandardEncryption("secret")),
        "encrypted-owner": paper(encrypt=StandardEncryption("", "owner", canPrint=0)),
        "bomb-50": bomb(50),
        "bomb-500-twice": bomb(500, 2),
        "bomb-of-zeros": on_a_page(zlib.compress(bytes(900 << 20), 9), b"/Filter/FlateDecode"),
        "bomb-predictor": on_a_page(
            zlib.compress(bytes(64 << 20)),
            b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 2147483647/Colors 32>>",
        ),
        "bomb-filters": on_a_page(text, b"/Filter[%b]" % (b"/ASCIIHexDecode" * 5_000)),
        "states": on_a_page(b"q " * 1_000_000 + text),
        "arrays": on_a_page(b"[" * 1_000_000 + text),
        "objects": written(catalog, kids % (b"3 0 R", 1), b"[" * 200_000 + b"]" * 200_000),
        "glyphs": on_a_page(b"BT /F1 1 Tf (" + b"owl " * 3_000_000 + b") Tj ET"),
        "paths": on_a_page(b"0 0 m " + b"9 9 l 600 700 l " * 500_000 + b"S"),
        "circle-of-pages": written(catalog, kids % (b"2 0 R 2 0 R", 2)),
        "circle-of-two": written(catalog, kids % (b"3 0 R", 5), kids % (b"2 0 R", 5)),
        "circle-of-contents": written(catalog, kids % (b"3 0 R", 1), b"<</Type/Page/Contents 3 0 R>>"),
        "circle-of-lengths": written(
            catalog, kids % (b"3 0 R", 1), page, b"<</Length 4 0 R>>stream\nowl\nendstream"
        ),
        "tree-deep": written(catalog, *nested, page),
        "tree-count": written(catalog, kids % (b"3 0 R", 2_000_000_000), page),
        "tree-wide": written(catalog, kids % (b"3 0 R " * 100_000, 100_000), page),
        "form-in-itself": form_in_itself(),
        "font-none": on_a_page(text, font=b"null"),
        "font-program": on_a_page(
            text, font=b"<</Type/Font/Subtype/TrueType/BaseFont/A/FontDescriptor 4 0 R>>"
        ),
        "font-cmap": on_a_page(
            text, font=b"<</Type/Font/Subtype/Type0/ToUnicode 4 0 R/DescendantFonts[5 0 R]>>"
        ),
        "script": written(
            b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while (true);)>>>>",
            kids % (b"3 0 R", 1),
            page,
        ),
        "scan": scan(),
        "no-pages": written(catalog, kids % (b"", 0)),
        "mark-alone": b"%PDF-1.7",
        "text": _SENTENCE.encode() * 100,
        "html": b"<!DOCTYPE html><title>Sign in</title>",
        "empty": b"",
        "zeros": bytes(100_000),
        "random": random.Random(0).randbytes(100_000),  # noqa: S311
        "random-with-mark": b"%PDF-1.4\n" + random.Random(0).randbytes(100_000),  # noqa: S311
    }


def form_in_itself() -> bytes:
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>/Length 11>>"
    return written(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</X 4 0 R>>>>>>",
        form + b"stream\n/X Do /X Do\nendstream",
    )


def scan() -> bytes:
    """A page that is a picture, without text."""
    pixels = zlib.compress(random.Random(0).randbytes(100 * 100))  # noqa: S311
    return written(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        b"<</Length 20>>stream\n99 0 0 99 0 0 cm/X Do\nendstream",
        b"<</Type/XObject/Subtype/Image/Width 100/Height 100/BitsPerComponent 8/ColorSpace/DeviceGray"
        b"/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(pixels), pixels),
    )


def flip(content: bytes, chance: Chance) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 10, 100, 1_000))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(content: bytes, chance: Chance) -> bytes:
    start = chance.choice((0, 0, 0, chance.randrange(900)))
    return content[start : chance.randrange(start, len(content))]


def drop(content: bytes, chance: Chance) -> bytes:
    place, length = chance.randrange(len(content)), chance.choice((1, 10, 1_000, 20_000))
    return content[:place] + content[place + length :]


def swap_objects(content: bytes, chance: Chance) -> bytes:
    """Two objects change places, and keep their numbers or not."""
    objects = list(_OBJECT.finditer(content))
    if len(objects) < 2:
        return flip(content, chance)
    first, second = sorted(chance.sample(range(len(objects)), 2))
    one, other = objects[first], objects[second]
    between = content[one.end() : other.start()]
    return content[: one.start()] + other[0] + between + one[0] + content[other.end() :]


def splice_streams(content: bytes, chance: Chance) -> bytes:
    """A stream takes the place of another, or is packed noise."""
    streams = list(_STREAM.finditer(content))
    if not streams:
        return flip(content, chance)
    target = chance.choice(streams)
    noise = zlib.compress(chance.randbytes(chance.choice((9, 999, 99_999))))
    return (
        content[: target.start(1)]
        + chance.choice((chance.choice(streams)[1], noise))
        + content[target.end(1) :]
    )


def change_inside(content: bytes, chance: Chance) -> bytes:
    """Bytes change in a stream that is packed again."""
    for stream in chance.sample(streams := list(_STREAM.finditer(content)), len(streams)):
        with suppress(zlib.error):
            changed = zlib.compress(flip(zlib.decompress(stream[1]), chance))
            return content[: stream.start(1)] + changed + content[stream.end(1) :]
    return swap_names(content, chance)


def huge_numbers(content: bytes, chance: Chance) -> bytes:
    numbers = list(_NUMBER.finditer(content))
    for number in sorted(chance.sample(numbers, min(chance.choice((1, 5, 50)), len(numbers))), key=_place)[
        ::-1
    ]:
        content = content[: number.start()] + chance.choice(_HUGE) + content[number.end() :]
    return content


def swap_names(content: bytes, chance: Chance) -> bytes:
    """Some names in dictionaries, such as those of filters and fonts, become others."""
    for _ in range(chance.choice((1, 3))):
        content = content.replace(chance.choice(_NAMES), chance.choice(_NAMES), chance.choice((1, 3, -1)))
    return content


def other_references(content: bytes, chance: Chance) -> bytes:
    """References point to other objects, so that there are circles."""
    return re.sub(
        rb"\b(\d+) 0 R",
        lambda match: b"%d 0 R" % chance.randrange(1, 12) if chance.random() < 0.3 else match[0],
        content,
    )


def _place(match: re.Match[bytes]) -> int:
    return match.start()


WAYS: Sequence[Callable[[bytes, Chance], bytes]] = (
    *(flip, cut, drop, swap_objects, splice_streams, change_inside, huge_numbers, swap_names),
    other_references,
)


def broken(files: Sequence[bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of broken files, without end."""
    while True:
        chance = Chance(seed)
        content, ways = chance.choice(files), chance.sample(WAYS, chance.choice((1, 1, 2)))
        for way in ways:
            content = way(content, chance) or b"%PDF-"
        yield f"{'-'.join(way.__name__ for way in ways)}-{seed}", content
        seed += 1


def write_files(folder: Path, given: Sequence[Path], count: int, seed: int) -> list[Path]:
    """The paths of `count` files: those that are harmful, places that are no files, and broken ones."""
    originals = [paper(), paper(pageCompression=0), paper(pageCompression=1, pdfVersion=(1, 5))]
    originals += [path.read_bytes() for path in given]
    paths = []
    for name, content in [*harmful().items(), *islice(broken(originals, seed), count)]:
        paths.append(path := folder / f"{name}.pdf")
        path.write_bytes(content)
    paths[count - 6 :] = list(places(folder))
    return paths


def places(folder: Path) -> Iterator[Path]:
    """What is no file, or cannot be opened."""
    names = ("folder", "fifo", "zero", "missing", "closed", "a\x00b")
    folder_path, fifo, zero, missing, closed, nul = (folder / f"{name}.pdf" for name in names)
    folder_path.mkdir()
    os.mkfifo(fifo)
    zero.symlink_to("/dev/zero")
    closed.write_bytes(paper())
    closed.chmod(0)
    yield from (folder_path, fifo, zero, missing, closed, nul)


def ending(result: Document | PdfError) -> str:
    """How the parsing of a file ended, in a line."""
    if isinstance(result, PdfError):
        return f"rejected: {result}"
    return f"read: {len(result.body.pages)} pages, {len(result.body.text):,} characters"


def timed_picture(path: Path) -> str:
    """How the picture of a file's first page ended, in a line."""
    started = time.monotonic()
    try:
        made = picture(path, 1, 800)
        line = f"picture of {made.width} x {made.height}"
    except PdfError as error:
        line = f"no picture: {error}"
    return f"{line} ({time.monotonic() - started:.1f} s)"


def run(paths: Sequence[Path], tally: Counter[str]) -> None:
    started = time.monotonic()
    for path, result in parse_all(paths, limits=_LIMITS):
        waited, line = time.monotonic() - started, ending(result)
        if "\n" in line or len(line) > 400 or not line.isprintable():
            raise ValueError(f"a reason that is no line: {line!r}")
        tally[re.sub(r"\d[\d,]*", "N", line)] += 1
        print(f"{path.name!r}: {line} (waited {waited:.1f} s); {timed_picture(path)}", flush=True)
        started = time.monotonic()


def _hangs() -> None:
    print("the run does not come to an end", flush=True)
    os._exit(1)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("pdfs", nargs="*", type=Path, metavar="PDF", help="PDFs to break, beside our own")
    options.add_argument("--files", type=int, default=300)
    options.add_argument("--seed", type=int, default=0, help="seed of the first broken file")
    options.add_argument("--keep", type=Path, metavar="DIR", help="an empty folder for the files")
    arguments = options.parse_args()
    tally: Counter[str] = Counter()
    watch = threading.Timer(_SLACK * arguments.files, _hangs)
    watch.daemon = True
    watch.start()
    with TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        paths = write_files(folder, arguments.pdfs, arguments.files, arguments.seed)
        try:
            run(paths, tally)
        except Exception:
            traceback.print_exc()
            return 1
    print(*(f"{count:5} {line}" for line, count in tally.most_common()), sep="\n")
    return 0 if tally.total() == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())

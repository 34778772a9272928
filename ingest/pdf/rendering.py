"""What a process that makes pictures of pages does for each."""

import io
import math
from pathlib import Path

from PIL import Image
from pypdfium2 import PdfiumError

from ingest.pdf.faults import PdfError
from ingest.pdf.messages import Message
from ingest.pdf.opening import open_pdf

_MOST_PIXELS, _LONGEST_SIDE = 12_000_000, 16_000
_COLOURS = 128  # of a page of text with figures; more would make its picture larger than a JPEG
_QUALITY = 85  # of a JPEG


def render(path: Path, page: int, width: int) -> Message:
    """The picture of a page, from 1, as a message. Raises PdfError.

    Only what is printed is drawn: no annotations, no forms; nothing in the file runs.
    """
    with open_pdf(path) as document:
        if not 1 <= page <= len(document):
            raise PdfError(f"has no page {page}: it has {len(document):,}")
        try:
            sheet = document[page - 1]
        except PdfiumError as error:
            raise PdfError(f"has a damaged page {page}: print it to a new PDF") from error
        page_width, page_height = sheet.get_size()
        if not (page_width > 0 and page_height > 0 and math.isfinite(page_width * page_height)):
            raise PdfError(f"has an empty page {page}: look at another")
        area, longest = page_width * page_height, max(page_width, page_height)
        scale = min(width / page_width, math.sqrt(_MOST_PIXELS / area), _LONGEST_SIDE / longest)
        bitmap = sheet.render(scale=scale, may_draw_forms=False, draw_annots=False, rev_byteorder=True)
        image = bitmap.to_pil().convert("RGB")
    media_type, content = min(_encodings(image), key=lambda encoding: len(encoding[1]))
    return {
        "media_type": media_type,
        "size": image.size,
        "page_size": [page_width, page_height],
    }, content


def _encodings(image: Image.Image) -> list[tuple[str, bytes]]:
    """Text is smaller as PNG, photographs are as JPEG."""
    png, jpeg = io.BytesIO(), io.BytesIO()
    image.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(png, "PNG")
    image.save(jpeg, "JPEG", quality=_QUALITY)
    return [("image/png", png.getvalue()), ("image/jpeg", jpeg.getvalue())]

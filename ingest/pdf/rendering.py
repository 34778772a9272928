"""What a process that makes pictures of pages does for each."""

import io
import math
from pathlib import Path

from PIL import Image, ImageChops, ImageStat
from pypdfium2 import PdfiumError

from ingest.pdf.faults import PdfError
from ingest.pdf.messages import Message
from ingest.pdf.opening import open_pdf

_MOST_PIXELS, _LONGEST_SIDE = 12_000_000, 16_000
_COLOURS = 128  # a page of text in so many is a third of its size in JPEG
_MOST_ERROR = 4.0  # of 255, root mean square: text has 1 to 3, photographs 5 to 11
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
        scale *= 1 - 1e-9  # pdfium rounds up
        bitmap = sheet.render(scale=scale, may_draw_forms=False, draw_annots=False, rev_byteorder=True)
        image = bitmap.to_pil().convert("RGB")
    media_type, content = _encoded(image)
    return {"media_type": media_type, "size": image.size, "page_size": [page_width, page_height]}, content


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """The media type and the bytes of an image: PNG with few colours, or JPEG where they are too few."""
    stream = io.BytesIO()
    few = image.quantize(_COLOURS, Image.Quantize.FASTOCTREE)
    if max(ImageStat.Stat(ImageChops.difference(image, few.convert("RGB"))).rms) <= _MOST_ERROR:
        few.save(stream, "PNG")
        return "image/png", stream.getvalue()
    image.save(stream, "JPEG", quality=_QUALITY)
    return "image/jpeg", stream.getvalue()

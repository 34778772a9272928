"""Pictures of pages: made in processes of their own, kept for the next who asks, and bounded."""

import io
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ingest.pdf import pictures
from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits
from ingest.pdf.messages import MalformedError
from ingest.pdf.pictures import NARROWEST, WIDEST, picture, unpack

canvas = pytest.importorskip("reportlab.pdfgen.canvas")
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def fresh(monkeypatch):
    """Processes and pictures of the test's own."""
    mine = pictures._Pictures()
    monkeypatch.setattr(pictures, "_pictures", mine)
    yield mine
    mine.close()


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """Two pages of 300 by 400 points, with a rectangle near the top left corner, in red and in blue; the
    second has a rotation, a reader's highlight, and a form."""
    path = tmp_path_factory.mktemp("paper") / "paper.pdf"
    drawing = canvas.Canvas(str(path), pagesize=(300, 400))
    rectangle(drawing, 1, 0, 0)
    drawing.showPage()
    drawing.setPageSize((400, 300))  # as it is seen
    drawing.setPageRotation(90)
    rectangle(drawing, 0, 0, 1)
    drawing.highlightAnnotation("Well said", (50, 50, 250, 100), Color=[0, 0, 0])
    drawing.acroForm.textfield(x=50, y=150, width=200, height=100, fillColor=drawing_color())
    drawing.showPage()
    drawing.save()
    return path


def rectangle(drawing, *colour):
    drawing.setFillColorRGB(*colour)
    drawing.rect(30, 340, 60, 40, stroke=0, fill=1)  # 30 to 90 from the left, 20 to 60 from the top


def drawing_color():
    return pytest.importorskip("reportlab.lib.colors").black


def sized(path, width, height):
    """A PDF with one page of this size."""
    drawing = canvas.Canvas(str(path), pagesize=(width, height))
    drawing.showPage()
    drawing.save()
    return path


def image(result):
    opened = Image.open(io.BytesIO(result.content))
    assert Image.MIME[opened.format] == result.media_type
    assert opened.size == (result.width, result.height)
    return opened.convert("RGB")


def is_near(colour, other):
    return all(abs(one - two) < 12 for one, two in zip(colour, other, strict=True))


def test_what_is_printed_stands_at_its_place(fresh, paper):
    result = picture(paper, 1, 600)
    assert (result.width, result.height) == (600, 800)
    assert (result.page_width, result.page_height) == (300, 400)
    pixels = image(result)
    for x, y, colour in (
        (62, 42, RED),
        (178, 118, RED),
        (58, 42, WHITE),
        (182, 60, WHITE),
        (62, 122, WHITE),
    ):
        assert is_near(pixels.getpixel((x, y)), colour)


def test_a_page_is_shown_as_a_reader_sees_it_without_notes_and_forms(fresh, paper):
    """Turned by 90 degrees, the top left corner is at the top right."""
    result = picture(paper, 2, 800)
    assert (result.page_width, result.page_height, result.width, result.height) == (400, 300, 800, 600)
    pixels = image(result)
    assert is_near(pixels.getpixel((800 - 80, 100)), BLUE)
    assert is_near(pixels.getpixel((800 - 130, 100)), WHITE)
    assert all(max(colour) > 200 for _, colour in pixels.getcolors())  # nothing black


def test_a_photograph_is_a_jpeg_and_text_is_not(fresh, tmp_path, paper):
    shades = Image.linear_gradient("L")
    Image.merge("RGB", (shades, shades.rotate(90), shades.rotate(180))).save(tmp_path / "shades.png")
    drawing = canvas.Canvas(str(tmp_path / "photo.pdf"), pagesize=(300, 400))
    drawing.drawImage(str(tmp_path / "shades.png"), 0, 0, 300, 400)
    drawing.save()
    photograph = picture(tmp_path / "photo.pdf", 1, 600)
    assert photograph.media_type == "image/jpeg" and image(photograph)
    assert picture(paper, 1, 600).media_type == "image/png"


def test_widths_and_pixels_have_bounds(fresh, paper, tmp_path):
    assert picture(paper, 1, 1).width == NARROWEST
    assert picture(paper, 1, 10**9).width == WIDEST
    for width, height in ((14_400, 14_400), (3, 14_400), (14_400, 3)):
        result = picture(sized(tmp_path / f"{width}-{height}.pdf", width, height), 1, WIDEST)
        assert result.width * result.height < 13_000_000 and max(result.width, result.height) <= 16_000
        assert (result.page_width, result.page_height) == (width, height)


@pytest.mark.parametrize("page", [0, -1, 3, 10**12])
def test_a_page_that_is_not_there_is_an_error(fresh, paper, page):
    with pytest.raises(PdfError, match=f"has no page {page}: it has 2"):
        picture(paper, page, 600)


def test_what_is_no_pdf_is_an_error(fresh, tmp_path):
    with pytest.raises(PdfError, match="moved or deleted"):
        picture(tmp_path / "none.pdf", 1, 600)
    (tmp_path / "text.pdf").write_text("Dear reader,")
    with pytest.raises(PdfError, match="is no PDF"):
        picture(tmp_path / "text.pdf", 1, 600)


def test_a_page_that_is_never_finished_is_given_up_and_the_next_is_shown(monkeypatch, tmp_path, paper):
    monkeypatch.setattr(pictures, "TASK", "pdf_tasks:draw")
    monkeypatch.setattr(pictures, "_LIMITS", Limits(seconds=0.5, seconds_a_page=0))
    mine = pictures._Pictures()
    for name, reason in (("hang", "takes too long"), ("abort", "crashes the reader")):
        (path := tmp_path / f"{name}.pdf").write_bytes(paper.read_bytes())
        with pytest.raises(PdfError, match=reason):
            mine.get(path, 1, 600)
    assert mine.get(paper, 1, 600).width == 600
    mine.close()


def test_many_may_ask_at_once(fresh, paper):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda width: picture(paper, 1, width), range(400, 424)))
    assert [result.width for result in results] == list(range(400, 424))


def test_a_picture_is_kept_until_its_file_changes(fresh, paper, tmp_path):
    (path := tmp_path / "paper.pdf").write_bytes(paper.read_bytes())
    first = picture(path, 1, 600)
    fresh.close()
    assert picture(path, 1, 600) is first
    path.write_bytes(paper.read_bytes() + b"\n")
    with pytest.raises(PdfError):  # it would be drawn again
        picture(path, 1, 600)


def test_few_pictures_are_kept(fresh, paper, monkeypatch):
    size = len(picture(paper, 1, 600).content)
    monkeypatch.setattr(pictures, "_KEPT", int(2.5 * size))
    for width in (601, 602, 600, 603):
        picture(paper, 1, width)
    fresh.close()
    assert picture(paper, 1, 600).width == 600
    with pytest.raises(PdfError):
        picture(paper, 1, 601)  # which was asked for longest ago


@pytest.mark.parametrize(
    ("wrong", "content"),
    [
        ({"media_type": "text/html"}, None),
        ({"media_type": "image/jpeg"}, None),
        ({"media_type": ["image/png"]}, None),
        ({"size": [600]}, None),
        ({"size": [600, -1]}, None),
        ({"size": [600, 1.5]}, None),
        ({"page_size": ["300", "400"]}, None),
        ({"page_size": [float("nan"), 400.0]}, None),
        ({"page_size": None}, None),
        ({}, b"<script>"),
    ],
)
def test_a_process_that_was_taken_over_is_believed_nothing(wrong, content):
    right = {"media_type": "image/png", "size": [600, 800], "page_size": [300.0, 400.0]}
    png = b"\x89PNG\r\n\x1a\n..."
    assert unpack(right, png).height == 800
    with pytest.raises(MalformedError):
        unpack(json.loads(json.dumps(right | wrong)), content or png)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)", "raise SystemExit(1)"])
def test_no_process_stays_behind(paper, end):
    program = (
        "import os, sys; from pathlib import Path; from ingest.pdf.pictures import picture\n"
        "picture(Path(sys.argv[1]), 1, 600)\n"
        "print(Path(f'/proc/self/task/{os.getpid()}/children').read_text(), flush=True)\n" + end
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "always", "-c", program, paper]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    [process] = done.stdout.split()
    assert not done.stderr
    deadline = time.monotonic() + 10
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(process)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

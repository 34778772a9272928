"""The text of PDFs in reading order, and the places of its words."""

from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from ingest.pdf.faults import PdfError
from ingest.pdf.glyphs import printed
from ingest.pdf.parsing import parse
from rag.body import Body
from tests.pdfs import TEXT_LEFT, TEXT_RIGHT, PdfMaker, raw_pdf, sentences

LEFT = (60.0, 290.0)
RIGHT = (310.0, 540.0)


@pytest.fixture
def maker(tmp_path):
    return PdfMaker(tmp_path / "paper.pdf")


def read(maker: PdfMaker) -> Body:
    return parse(maker.save()).body


def texts(body: Body, kind: str) -> list[str]:
    return [body.text[block.start : block.end] for block in body.blocks if block.kind == kind]


def whole(maker: PdfMaker, top: float, *paragraphs: list[str]) -> float:
    """Paragraphs over the whole width, with space between them."""
    for paragraph in paragraphs:
        top = maker.prose(TEXT_LEFT, TEXT_RIGHT, top, " ".join(paragraph)) + 8
    return top


def heading(maker: PdfMaker, top: float, text: str) -> float:
    maker.text(TEXT_LEFT, top + 10, text, font="Times-Bold", size=13)
    return top + 30


def columns(maker: PdfMaker, top: float, left: list[str], right: list[str]) -> None:
    maker.prose(*LEFT, top, " ".join(left))
    maker.prose(*RIGHT, top, " ".join(right))


def assert_covers(body: Body, maker: PdfMaker) -> None:
    """Each placed word that is in the text stands in the box of its run."""
    runs = body.runs
    boxes = [(int(page), box) for page, box in zip(runs.pages, runs.boxes.tolist(), strict=True)]
    words = [body.text[start:end] for start, end in zip(runs.starts, runs.ends, strict=True)]
    for page, word, left, baseline, right in maker.placed:
        at_place = [
            box
            for (on, box), run in zip(boxes, words, strict=True)
            if on == page and run == word and abs(box[0] - left) < 1 and box[1] < baseline - 4 <= box[3]
        ]
        assert any(abs(box[2] - right) < 1 and box[3] >= baseline for box in at_place), (page, word)


def test_paragraphs_headings_and_sections_of_one_column(maker):
    first, second = sentences("First", 5), sentences("Second", 5)
    top = heading(maker, 60, "1 Introduction")
    top = whole(maker, top, first)
    top = heading(maker, top, "2.1 Plants and soil")
    whole(maker, top, second)
    body = read(maker)
    assert texts(body, "heading") == ["1 Introduction", "2.1 Plants and soil"]
    assert texts(body, "paragraph") == [" ".join(first), " ".join(second)]
    assert body.section_of(body.text.index("Second")) == "2.1 Plants and soil"
    assert_covers(body, maker)


def test_two_columns_are_read_one_after_the_other_below_a_title_across(maker):
    maker.text(120, 60, "Plants, their soil and a long title across", font="Times-Bold", size=18)
    left, right = sentences("Left", 8), sentences("Right", 8)
    columns(maker, 110, left, right)
    body = read(maker)
    assert body.text.index("long title") < body.text.index("Left trial 1")
    assert texts(body, "paragraph") == [" ".join(left), " ".join(right)]
    assert_covers(body, maker)


def test_a_sentence_goes_on_over_a_column_and_a_page(maker):
    words = " ".join(sentences("Long", 30)).split()
    parts = [" ".join(words[start : start + 150]) for start in range(0, len(words), 150)]
    for place, part in enumerate(parts):
        if place and place % 2 == 0:
            maker.next_page()
        maker.prose(*(RIGHT if place % 2 else LEFT), 80, part)
    body = read(maker)
    assert " ".join(words) in " ".join(texts(body, "paragraph"))
    assert body.page_of(len(body.text) - 10, len(body.text)) == maker.page


def test_hyphens_at_line_ends_are_mended_and_those_of_compounds_kept(maker):
    lines = [
        "We compare the between-subjects design with others, as the experi-",
        "ment of the last year has shown that a design that is between-",
        "subjects needs many more people, and that measure-",
        "ments cost more than we had thought before the study began in May.",
    ]
    maker.lines(TEXT_LEFT, 80, lines)
    text = read(maker).text
    assert "the experiment of" in text
    assert "is between-subjects needs" in text
    assert "measurements cost" in text


def test_running_heads_and_page_numbers_are_left_out_and_numbers_are_labels(maker):
    for number in range(4):
        maker.text(72, 40, f"{11 + number}   Plants and their soil", font="Times-Italic", size=9)
        whole(maker, 90, sentences(f"Page{number}", 6))
        maker.text(290, 810, "Journal of Plants", size=8)
        maker.next_page()
    body = read(maker)
    assert "Plants and their soil" not in body.text and "Journal" not in body.text
    assert [page.label for page in body.pages[:4]] == ["11", "12", "13", "14"]


def test_line_numbers_in_a_margin_are_left_out(maker):
    whole(maker, 80, sentences("Numbered", 9))
    for number in range(1, 20):
        maker.text(50, 80 + 12 * (number - 1), str(number), size=7)
    body = read(maker)
    assert " ".join(sentences("Numbered", 9)) in body.text


def test_a_table_is_read_row_by_row_with_its_caption(maker):
    top = whole(maker, 80, sentences("Before", 4))
    maker.text(TEXT_LEFT, top + 14, "Table 1: Plants by the depth of their soil.")
    rows = [
        ("Plant", "Depth", "Age"),
        ("Oak", "1.20", "31"),
        ("Birch tree", "0.75", "12"),
        ("Pine", "2.10", "40"),
    ]
    for place, row in enumerate(rows):
        for left, cell in zip((90, 200, 300), row, strict=True):
            maker.text(left, top + 36 + 12 * place, cell)
    whole(maker, top + 110, sentences("After", 4))
    body = read(maker)
    assert texts(body, "caption") == ["Table 1: Plants by the depth of their soil."]
    assert texts(body, "row") == ["\t".join(row) for row in rows]
    assert "Plant\tDepth\tAge\nOak\t1.20\t31" in body.text
    assert_covers(body, maker)


def test_a_cell_of_two_lines_is_one_cell(maker):
    top = whole(maker, 80, sentences("Before", 4)) + 20
    rows = [
        ("Oak", "grows on soil that is", "31"),
        ("", "deep and wet", ""),
        ("Pine", "grows on sand", "12"),
    ]
    rows += [("Birch", "grows where it can", "44"), ("Elm", "grows seldom", "3")]
    for place, row in enumerate(rows):
        for left, cell in zip((90, 200, 380), row, strict=True):
            maker.text(left, top + 12 * place, cell)
    body = read(maker)
    assert texts(body, "row")[:2] == [
        "Oak\tgrows on soil that is deep and wet\t31",
        "Pine\tgrows on sand\t12",
    ]


def test_lines_that_go_on_in_the_last_cell_are_of_its_row(maker):
    top = whole(maker, 80, sentences("Before", 4)) + 20
    rows = [("Oak", "wet", "grows on deep soil, as long as"), ("", "", "there is rain, and where the")]
    rows += [("", "", "winters are mild, but seldom"), ("", "", "on the coast"), ("Pine", "dry", "on sand")]
    rows += [("Elm", "wet", "on loam")]
    for place, row in enumerate(rows):
        for left, cell in zip((90, 160, 230), row, strict=True):
            maker.text(left, top + 12 * place, cell)
    whole(maker, top + 100, sentences("After", 4))
    assert texts(read(maker), "row") == [
        "Oak\twet\tgrows on deep soil, as long as there is rain, and where the winters are mild,"
        " but seldom on the coast",
        "Pine\tdry\ton sand",
        "Elm\twet\ton loam",
    ]


def test_a_table_of_contents_is_no_text(maker):
    top = heading(maker, 60, "Contents")
    entries = [
        "1 Plants" + " ." * 40 + " 2",
        "1.1 A long name of a section that goes on",
        "on the next line",
    ]
    entries += ["2 Soil" + " ." * 30 + " 11"]
    entries[2] += " ." * 30 + " 7"
    top = maker.lines(TEXT_LEFT, top, entries)
    top = heading(maker, top + 20, "1 Plants")
    whole(maker, top, sentences("Whole", 4))
    assert texts(read(maker), "paragraph") == [" ".join(sentences("Whole", 4))]


def test_a_letter_that_is_shifted_within_a_word_is_of_the_word(maker):
    maker.text(72, 80, "We set this with T")
    left = 72 + maker.canvas.stringWidth("We set this with T", "Times-Roman", 10) - 1.5
    maker.text(left, 82.2, "E")
    maker.text(left + 5, 80, "X on a page.")
    whole(maker, 92, sentences("Whole", 4))
    assert "this with TEX on a page." in read(maker).text


def test_a_ruler_of_line_numbers_is_left_out_wherever_its_numbers_stand(maker):
    whole(maker, 80, sentences("Ruled", 9))
    for number in range(1, 41):
        maker.text(50, 84 + 17.3 * (number - 1), str(number), size=7)
    assert " ".join(sentences("Ruled", 9)) in read(maker).text


def test_fonts_that_hide_their_letters_are_an_error(tmp_path):
    content = b"BT /F 12 Tf 72 700 Td (Forty letters which the font shows as pictures of things) Tj ET"
    fonts = b"<</F<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>>>"
    with pytest.raises(PdfError, match="do not say which letters"):
        parse(raw_pdf(tmp_path / "hidden.pdf", content, fonts))


def test_a_listing_is_no_part_of_a_sentence(maker):
    top = whole(maker, 80, [*sentences("Before", 4), "The model is fitted as follows:"])
    code = ["fit <- lm(y ~ x, data = plants)", "for (i in 1:3) {", "  print(fit[i])", "}"]
    top = maker.lines(TEXT_LEFT + 10, top + 10, code, font="Courier", size=9)
    whole(maker, top + 12, sentences("After", 4))
    body = read(maker)
    assert texts(body, "listing") == ["\n".join(code)]
    assert [len(text) for text in texts(body, "paragraph")] == [
        len(" ".join([*sentences("Before", 4), "The model is fitted as follows:"])),
        len(" ".join(sentences("After", 4))),
    ]


def test_a_formula_is_a_block_of_its_own(maker):
    top = whole(maker, 80, [*sentences("Before", 4), "The mean is then given by"])
    maker.text(240, top + 12, "m = (x + y) / 2", font="Times-Italic")
    maker.text(505, top + 12, "(1)")
    whole(maker, top + 42, ["where x is the depth of the soil.", *sentences("After", 4)])
    body = read(maker)
    assert texts(body, "formula") == ["m = (x + y) / 2 (1)"]
    assert [text.split()[0] for text in texts(body, "paragraph")] == ["Before", "where"]


def test_a_footnote_does_not_break_the_sentence_that_goes_on_behind_it(maker):
    whole(maker, 80, [*sentences("Whole", 6), "A sentence begins here on the first page and"])
    maker.text(TEXT_LEFT, 760, "1", size=5)
    maker.text(TEXT_LEFT + 4, 762, "A note at the foot of the page.", size=7)
    maker.next_page()
    whole(maker, 80, ["goes on here on the second.", *sentences("Next", 6)])
    body = read(maker)
    assert "on the first page and goes on here on the second." in body.text
    assert texts(body, "footnote") == ["1 A note at the foot of the page."]


def test_references_and_thanks_are_known_and_an_appendix_is_text_again(maker):
    top = heading(maker, 60, "1 Introduction")
    top = whole(maker, top, sentences("Whole", 4))
    top = heading(maker, top, "Acknowledgements")
    top = whole(maker, top, ["We thank the plants."])
    top = heading(maker, top, "References")
    top = maker.lines(
        TEXT_LEFT, top, ["Oak, A. (1999). On soil. Journal of Soil.", "Pine, B. (2001). On age."]
    )
    top = heading(maker, top, "Appendix")
    whole(maker, top, sentences("Further", 4))
    body = read(maker)
    assert texts(body, "acknowledgements") == ["We thank the plants."]
    assert "On soil" in " ".join(texts(body, "references"))
    assert texts(body, "paragraph") == [" ".join(sentences("Whole", 4)), " ".join(sentences("Further", 4))]


def test_a_heading_of_two_lines_is_one_section_without_its_hyphen(maker):
    top = heading(maker, 60, "1 Introduction")
    top = whole(maker, top, sentences("Whole", 4))
    lines = ["2 The relationship between the depth of the soil and the ex-", "periment of the last year"]
    top = maker.lines(TEXT_LEFT, top + 12, lines, leading=15, font="Times-Bold", size=13)
    whole(maker, top + 8, sentences("Further", 4))
    body = read(maker)
    section = "2 The relationship between the depth of the soil and the experiment of the last year"
    assert body.section_of(body.text.index("Further")) == section
    assert section in texts(body, "heading")


def test_the_front_and_the_abstract_are_no_paragraphs(maker):
    maker.text(150, 80, "Plants and the depth of soil", font="Times-Bold", size=18)
    maker.text(230, 110, "Anna Oak and Ben Pine", size=12)
    maker.text(270, 150, "Abstract", font="Times-Bold")
    top = whole(maker, 170, sentences("Short", 3))
    top = heading(maker, top, "1 Introduction")
    whole(maker, top, sentences("Whole", 4))
    body = read(maker)
    assert texts(body, "front") == ["Plants and the depth of soil", "Anna Oak and Ben Pine"]
    assert texts(body, "abstract") == [" ".join(sentences("Short", 3))]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pages_are_read_as_they_are_seen(maker, rotation):
    whole(maker, 80, sentences("Turned", 5))
    maker.canvas.setPageRotation(rotation)
    if rotation in (90, 270):
        maker.canvas.setPageSize((842, 595))  # reportlab takes the sides of the page as it is seen
    body = read(maker)
    assert " ".join(sentences("Turned", 5)) in body.text
    first = body.boxes_of(0, 6)[0]
    page = body.pages[0]
    assert (page.width > page.height) == (rotation in (90, 270))
    seen = {
        0: (72, 80),
        90: (page.width - 80, 72),
        180: (page.width - 72, page.height - 80),
        270: (80, page.height - 72),
    }[rotation]
    assert first.left - 1 <= seen[0] <= first.right + 1 and first.top - 1 <= seen[1] <= first.bottom + 1


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_sheet_with_two_pages_of_a_report_is_read_page_by_page(tmp_path, is_turned):
    maker = PdfMaker(tmp_path / "sheet.pdf", size=(842, 595))
    left = [" ".join(sentences(name, 4)) for name in ("A", "B")]
    right = [" ".join(sentences(name, 4)) for name in ("C", "D")]
    if is_turned:
        maker.canvas.setPageSize((595, 842))
        maker.canvas.translate(595, 0)
        maker.canvas.rotate(90)
    for start, paragraphs in ((30, left), (450, right)):
        top = maker.prose(start, start + 170, 80, paragraphs[0])
        maker.prose(start + 185, start + 355, 80, paragraphs[1])
        maker.text(start, top + 60, f"Section on page {start}", font="Times-Bold", size=14)
    body = read(maker)
    order = [body.text.index(f"{name} trial 1 ") for name in "ABCD"]
    assert order == sorted(order)
    assert all(paragraph in body.text for paragraph in [*left, *right])


def test_text_that_nobody_sees_is_left_out(maker):
    whole(maker, 80, sentences("Seen", 5))
    canvas = maker.canvas
    canvas.setFillColorRGB(1, 1, 1)
    maker.text(72, 300, "white words on white paper")
    canvas.setFillColorRGB(0.1, 0.1, 0.3)
    canvas.rect(60, 842 - 412, 300, 20, stroke=0, fill=1)
    canvas.setFillColorRGB(1, 1, 1)
    maker.text(72, 406, "white words on a dark ground")
    canvas.setFillColorRGB(0, 0, 0)
    maker.text(72, 450, "tiny words", size=1)
    maker.text(700, 450, "words outside of the page")
    unseen = canvas.beginText(72, 300)
    unseen.setTextRenderMode(3)
    unseen.textOut("words that are not painted")
    canvas.drawText(unseen)
    text = read(maker).text
    assert "white words on a dark ground" in text
    assert not [words for words in ("white paper", "tiny", "outside", "not painted") if words in text]


def test_the_text_of_a_scan_is_what_recognition_has_put_under_its_picture(maker, tmp_path):
    from PIL import Image

    picture = tmp_path / "scan.png"
    Image.new("L", (60, 84), 240).save(picture)
    maker.canvas.drawImage(str(picture), 0, 0, 595, 842)
    layer = maker.canvas.beginText(72, 700)
    layer.setFont("Times-Roman", 10)
    layer.setTextRenderMode(3)
    for sentence in sentences("Scanned", 6):
        layer.textLine(sentence)
    maker.canvas.drawText(layer)
    assert "Scanned trial 3 shows that" in read(maker).text


def test_the_words_of_figures_are_left_out(maker):
    top = whole(maker, 80, sentences("Before", 5))
    canvas = maker.canvas
    for place in range(12):
        canvas.circle(150 + 20 * place, 842 - top - 100 + 5 * (place % 4), 4)
        maker.text(150 + 20 * place, top + 130, str(place), font="Helvetica", size=8)
    canvas.rect(140, 842 - top - 115, 260, 60)
    maker.text(220, top + 145, "Depth in metres", font="Helvetica", size=8)
    maker.text(TEXT_LEFT, top + 180, "Figure 1: The depth of the soil.")
    whole(maker, top + 220, sentences("After", 5))
    body = read(maker)
    assert "Depth in metres" not in body.text
    assert texts(body, "caption") == ["Figure 1: The depth of the soil."]
    assert len(texts(body, "paragraph")) == 2


def test_stamps_in_a_margin_are_no_text(maker):
    whole(maker, 80, sentences("Whole", 5))
    maker.canvas.rotate(90)
    maker.canvas.drawString(300, -30, "arXiv:2110.07143v1 stamp")
    assert "stamp" not in read(maker).text


def test_ligatures_and_accents_become_letters(tmp_path):
    content = (
        b"BT /F 12 Tf 72 700 Td (The \x1cgure of M) Tj <a8> Tj -3 0 Td (\x1dow of the di\x1eculty) Tj ET"
    )
    fonts = (
        b"<</F<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Differences[28/fi/fl/ffi]>>>>>>"
    )
    text = parse(raw_pdf(tmp_path / "ligatures.pdf", content, fonts)).body.text
    assert "figure" in text and "flow" in text


@pytest.mark.parametrize(
    ("code", "font", "expected"),
    [
        (0xFB03, "Anything", "ffi"),
        (0x1C, "SFRM1000", "fi"),
        (0x0C, "CMR10", "fi"),
        (0x0C, "CMMI10", "β"),
        (0x10, "SFRM1000", "“"),
        (0xFFFE, "Anything", ""),
        (0xF8EB, "CMEX10", ""),
        (ord("❚"), "", "T"),  # glyphs that are named by their codes, and taken for those of Zapf Dingbats
        (ord("✜"), "", "fi"),
        (ord("❚"), "ZapfDingbats", "❚"),
    ],
)
def test_codes_without_characters_are_read_by_the_encoding_of_their_font(code, font, expected):
    assert printed(code, font) == expected


def test_no_control_characters_are_in_the_text(tmp_path):
    content = b"BT /F 12 Tf 72 700 Td (A line with \x01\x02\x07 codes that print nothing, and words.) Tj ET"
    fonts = b"<</F<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>>>"
    text = parse(raw_pdf(tmp_path / "codes.pdf", content, fonts)).body.text
    assert "words." in text
    assert all(character.isprintable() or character in "\n\t" for character in text)


def test_a_scan_an_encrypted_file_and_no_pdf_say_the_way_out(tmp_path):
    scan = PdfMaker(tmp_path / "scan.pdf")
    scan.canvas.rect(10, 10, 300, 300)
    with pytest.raises(PdfError, match="scan without text: run OCR"):
        parse(scan.save())
    encrypted = PdfMaker(tmp_path / "encrypted.pdf")
    encrypted.canvas.setEncrypt(StandardEncryption("secret"))
    encrypted.text(72, 80, "words")
    with pytest.raises(PdfError, match="encrypted"):
        parse(encrypted.save())
    (tmp_path / "no.pdf").write_text("<html>Not found</html>")
    with pytest.raises(PdfError):
        parse(tmp_path / "no.pdf")


def test_files_of_too_many_pages_or_characters_are_refused(maker):
    for _ in range(3):
        whole(maker, 80, sentences("Whole", 2))
        maker.next_page()
    path: Path = maker.save()
    with pytest.raises(PdfError, match="has 3 pages, more than the 2"):
        parse(path, most_pages=2)
    with pytest.raises(PdfError, match="characters"):
        parse(path, most_characters=100)

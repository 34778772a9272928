"""First pages of papers in the styles of several fields, made with reportlab; none copies a real paper."""

import textwrap
from collections.abc import Sequence
from io import BytesIO

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 612.0, 792.0
ROMAN, BOLD, ITALIC = "Times-Roman", "Times-Bold", "Times-Italic"
SENTENCE = (
    "Tides move the sediment of a shallow estuary in both directions over every fortnight of the year. "
)
ABSTRACT = (
    "We measured the load of fine sediment at four moorings over two years. The load doubled during spring "
    "tides, and storms added less than a tenth of it. A model with three parameters reproduces the series "
    "within the error of the instruments, which shows that the budget of the estuary is set by the tides."
)


class Sheet:
    """A PDF whose lines are written one by one; heights are counted from the top."""

    def __init__(self, title: str = "", author: str = "", subject: str = "") -> None:
        self._bytes = BytesIO()
        self._canvas = Canvas(self._bytes, (WIDTH, HEIGHT), invariant=1)
        for write, text in (("Title", title), ("Author", author), ("Subject", subject)):
            getattr(self._canvas, f"set{write}")(text)

    def line(
        self, text: str, y: float, size: float = 10, font: str = ROMAN, x: float | None = None
    ) -> None:
        """A line from `x`, or in the middle of the page."""
        left = (WIDTH - stringWidth(text, font, size)) / 2 if x is None else x
        self._canvas.setFont(font, size)
        self._canvas.drawString(left, HEIGHT - y, text)

    def lines(
        self, texts: Sequence[str], y: float, size: float = 10, font: str = ROMAN, x: float | None = None
    ) -> float:
        for text in texts:
            self.line(text, y, size, font, x)
            y += 1.2 * size
        return y

    def marked(
        self, parts: Sequence[tuple[str, str]], y: float, size: float = 11, font: str = ROMAN
    ) -> None:
        """Names with raised marks behind them, in the middle of the page."""
        small = 0.65 * size
        width = sum(stringWidth(name, font, size) + stringWidth(mark, font, small) for name, mark in parts)
        text = self._canvas.beginText((WIDTH - width) / 2, HEIGHT - y)
        for name, mark in parts:
            text.setFont(font, size)
            text.textOut(name)
            text.setFont(font, small)
            text.setRise(0.35 * size)
            text.textOut(mark)
            text.setRise(0)
        self._canvas.drawText(text)

    def paragraph(
        self,
        text: str,
        y: float,
        x: float,
        width: float,
        size: float = 10,
        font: str = ROMAN,
        lead: str = "",
    ) -> float:
        """A text in a column, after a `lead` in bold; returns where the next one may begin."""
        wrapped = textwrap.wrap(f"{lead}{text}", int(width / (0.44 * size)), break_on_hyphens=False)
        for number, part in enumerate(wrapped):
            head = lead if number == 0 else ""
            self.line(head.strip(), y, size, BOLD, x) if head else None
            shift = stringWidth(head, BOLD, size) if head else 0.0
            self.line(part[len(head) :], y, size, font, x + shift)
            y += 1.2 * size
        return y

    def stamp(self, text: str, size: float = 20) -> None:
        """A line that runs up the left margin."""
        self._canvas.saveState()
        self._canvas.translate(32, 220)
        self._canvas.rotate(90)
        self._canvas.setFont(ROMAN, size)
        self._canvas.drawString(0, 0, text)
        self._canvas.restoreState()

    def page(self) -> None:
        self._canvas.showPage()

    def pdf(self) -> bytes:
        self._canvas.save()
        return self._bytes.getvalue()


def body(
    sheet: Sheet, y: float, columns: int = 1, size: float = 10, heading: str = "1 Introduction"
) -> None:
    """The rest of a page, and a page after it, with text under a heading."""
    width = 468.0 if columns == 1 else 226.0
    for page in range(2):
        top = y if page == 0 else 72.0
        for column in range(columns):
            left = 72.0 + column * 242.0
            start = top
            if page == 0 and column == 0 and heading:
                sheet.line(heading, start, size + 2, BOLD, left)
                start += 2 * size
            rows = int((700 - start) / (1.2 * size))
            text = SENTENCE * 60
            wrapped = textwrap.wrap(text, int(width / (0.44 * size)))[: max(rows, 0)]
            sheet.lines(wrapped, start, size, ROMAN, left)
        sheet.page()


def two_columns_engineering() -> bytes:
    sheet = Sheet(title="root.dvi")
    sheet.line("IEEE TRANSACTIONS ON COASTAL ENGINEERING, VOL. 12, NO. 3, MARCH 2019", 40, 7, x=60)
    sheet.line("1021", 40, 7, x=540)
    sheet.lines(["Sediment Budgets of Shallow Estuaries", "From Four Moorings"], 80, 24)
    sheet.line("Ana L. Prado, Member, IEEE, Jón Þórsson, and Wei-Lun Chang, Fellow, IEEE", 140, 11)
    y = sheet.paragraph(ABSTRACT, 180, 72, 226, 9, BOLD, lead="Abstract—")
    sheet.paragraph("Estuaries, sediment, tides.", y + 8, 72, 226, 9, BOLD, lead="Index Terms—")
    body(sheet, y + 40, 2, heading="I. INTRODUCTION")
    return sheet.pdf()


def two_columns_computing() -> bytes:
    sheet = Sheet(title="Proceedings of the 12th Conference on Coasts", subject="10.1145/nnnnnnn.nnnnnnn")
    sheet.lines(["Sediment in Motion: Learning the", "Budgets of Estuaries*"], 80, 18, "Helvetica-Bold")
    for left, name, place in (
        (90, "Ana Prado", "University of Vigo"),
        (270, "Jón Þórsson", "Reykjavik University"),
        (440, "Wei-Lun Chang", "Tainan Research"),
    ):
        sheet.line(name, 130, 12, "Helvetica", left)
        sheet.line(place, 144, 10, "Helvetica", left)
        sheet.line(f"{name.split()[0].lower()}@example.org", 156, 10, "Helvetica", left)
    sheet.line("ABSTRACT", 190, 11, "Helvetica-Bold", 72)
    y = sheet.paragraph(ABSTRACT, 204, 72, 226, 9)
    sheet.line("CCS CONCEPTS", y + 10, 11, "Helvetica-Bold", 72)
    sheet.line("• Applied computing → Earth sciences.", y + 24, 9, x=72)
    sheet.line("https://doi.org/10.1145/3411764.3445999", 740, 7, x=72)
    sheet.line("CoastConf '21, May 8-13, 2021, Yokohama, Japan", 730, 7, x=72)
    sheet.line("© 2021 Association for Coasts.", 720, 7, x=72)
    body(sheet, y + 60, 2, 9, "1 INTRODUCTION")
    return sheet.pdf()


def banner_with_information_box() -> bytes:
    sheet = Sheet(
        title="Sediment budgets of shallow estuaries",
        subject="Marine Sediments, 25 (2008) 101-115. doi:10.1016/j.marsed.2008.01.005",
    )
    sheet.line("Marine Sediments 25 (2008) 101–115", 40, 8)
    sheet.line("Contents lists available at ScienceDirect", 70, 9)
    sheet.line("Marine Sediments", 98, 18)
    sheet.line("journal homepage: www.example.com/locate/marsed", 122, 9)
    sheet.lines(["Sediment budgets of shallow estuaries: What four", "moorings tell"], 165, 13.5, x=60)
    sheet.line("Ana Prado a,*, Jón Þórsson b, Wei-Lun Chang a,b", 205, 11, x=60)
    sheet.line("a Department of Geology, University of Vigo, 36310 Vigo, Spain", 222, 7, ITALIC, 60)
    sheet.line("b Institute of the Sea, Reykjavik, Iceland", 231, 7, ITALIC, 60)
    sheet.line("a r t i c l e i n f o", 260, 9, x=60)
    sheet.line("a b s t r a c t", 260, 9, x=220)
    sheet.lines(
        [
            "Article history:",
            "Received 4 May 2007",
            "Accepted 9 January 2008",
            "Available online 21 January 2008",
        ],
        278,
        7,
        x=60,
    )
    sheet.lines(["Keywords:", "Estuary", "Sediment"], 320, 7, ITALIC, 60)
    y = sheet.paragraph(ABSTRACT, 278, 220, 330, 8.2)
    sheet.line("© 2008 Example B.V. All rights reserved.", y + 4, 8, x=400)
    sheet.line("0025-3227/$ - see front matter © 2008 Example B.V.", 730, 7, x=60)
    sheet.line("doi:10.1016/j.marsed.2008.01.005", 739, 7, x=60)
    body(sheet, y + 50, 2, 9, "1. Introduction")
    return sheet.pdf()


def bold_paragraph_of_a_weekly() -> bytes:
    sheet = Sheet()
    sheet.line("ARTICLE", 50, 24, "Helvetica-Bold", 72)
    sheet.line("https://doi.org/10.1038/s41586-020-1234-5", 50, 8, "Helvetica", 400)
    sheet.lines(["Tides set the sediment budget of", "shallow estuaries"], 100, 22, BOLD, 72)
    sheet.marked([("Ana Prado", "1,2,5"), (", Jón Þórsson", "3"), (" & Wei-Lun Chang", "2,4")], 165, 11)
    y = sheet.paragraph(ABSTRACT, 200, 72, 468, 10, BOLD)
    sheet.line(
        "Received: 12 June 2019; Accepted: 3 February 2020; Published online: 8 April 2020", y + 8, 7, x=72
    )
    sheet.line(
        "1Department of Geology, University of Vigo, Spain. 2Institute of the Sea, Reykjavik, Iceland.",
        735,
        6.5,
        x=72,
    )
    body(sheet, y + 40, 2, 9, "")
    return sheet.pdf()


def preprint_under_a_banner() -> bytes:
    sheet = Sheet(title="Microsoft Word - sediment_v7.docx", author="user")
    banner = [
        "bioRxiv preprint doi: https://doi.org/10.1101/2021.10.12.464123; this version posted",
        "October 14, 2021. The copyright holder of this preprint (which was not certified by peer review)",
        "is the author/funder.",
    ]
    sheet.lines(banner, 24, 8)
    sheet.lines(["Tides set the sediment budget of shallow estuaries"], 100, 14, BOLD, 72)
    sheet.line("Ana Prado1, Jón Þórsson1,2 and Wei-Lun Chang2*", 130, 12, x=72)
    sheet.line("1 Department of Geology, University of Vigo, Spain", 150, 12, x=72)
    sheet.line("2 Institute of the Sea, Reykjavik, Iceland", 165, 12, x=72)
    sheet.line("* Correspondence: chang@example.org", 180, 12, x=72)
    sheet.line("Abstract", 220, 12, BOLD, 72)
    y = sheet.paragraph(ABSTRACT, 238, 72, 468, 12)
    body(sheet, y + 30, 1, 12, "Introduction")
    return sheet.pdf()


def working_paper_with_cover() -> bytes:
    sheet = Sheet(title="")
    cover = [
        (100, "NBER WORKING PAPER SERIES"),
        (170, "WHO PAYS FOR THE SAND? SEDIMENT AND"),
        (184, "THE PRICE OF HARBOURS"),
        (230, "Ana Prado"),
        (244, "Jón Þórsson"),
        (310, "Working Paper 31234"),
        (324, "http://www.nber.org/papers/w31234"),
        (400, "NATIONAL BUREAU OF ECONOMIC RESEARCH"),
        (414, "1050 Massachusetts Avenue"),
        (428, "Cambridge, MA 02138"),
        (442, "June 2020"),
    ]
    for y, text in cover:
        sheet.line(text, y, 12)
    sheet.lines(
        [
            "We thank the harbour masters for their books. The views expressed herein are ours and do not",
            "necessarily reflect the views of the National Bureau of Economic Research.",
        ],
        520,
        10,
        x=72,
    )
    sheet.line("© 2020 by Ana Prado and Jón Þórsson. All rights reserved.", 640, 10, x=72)
    sheet.page()
    sheet.lines(
        [
            "Who Pays for the Sand? Sediment and the Price of Harbours",
            "Ana Prado and Jón Þórsson",
            "NBER Working Paper No. 31234",
            "June 2020",
            "JEL No. Q25,R41",
        ],
        72,
        12,
        x=72,
    )
    sheet.line("ABSTRACT", 160, 12)
    sheet.paragraph(ABSTRACT, 185, 72, 468, 12)
    sheet.lines(["Ana Prado", "Department of Economics", "University of Vigo"], 420, 12, x=72)
    sheet.page()
    return sheet.pdf()


def thesis() -> bytes:
    sheet = Sheet(title="thesis.dvi")
    sheet.line("University of Vigo", 80, 16)
    sheet.line("Faculty of Marine Sciences", 100, 14)
    sheet.lines(["The Sediment Budget", "of Shallow Estuaries"], 220, 24, BOLD)
    sheet.line("by", 320, 12)
    sheet.line("Ana Lucía Prado", 345, 14)
    sheet.lines(
        [
            "A thesis submitted in partial fulfilment of the requirements",
            "for the degree of Doctor of Philosophy",
        ],
        450,
        12,
    )
    sheet.line("March 2018", 560, 12)
    sheet.page()
    sheet.line("Abstract", 90, 20, BOLD, 72)
    sheet.paragraph(ABSTRACT, 130, 72, 468, 12)
    sheet.page()
    return sheet.pdf()


def stamped_in_the_margin() -> bytes:
    sheet = Sheet()
    sheet.stamp("arXiv:2110.07143v1 [physics.ao-ph] 14 Oct 2021")
    sheet.lines(["Sediment in Tidal Flows: Laws for CO2-Rich", "Estuaries"], 90, 17, BOLD)
    sheet.marked([("Ana Prado", "1"), (" and Jón Þórsson", "2,†")], 150, 12)
    sheet.line("1University of Vigo    2Institute of the Sea", 168, 10)
    sheet.line("(Dated: October 12, 2021)", 185, 10)
    y = sheet.paragraph(ABSTRACT, 210, 110, 392, 9)
    body(sheet, y + 30, 2, 10, "I. INTRODUCTION")
    return sheet.pdf()


PARTS = (
    ("Background: ", "Sediment harms the lungs of divers in every harbour of the world."),
    ("Methods: ", "We followed 412 divers over nine years and read their charts twice."),
    ("Results: ", "Divers in muddy harbours coughed twice as often as all the others (95% CI 1.6 to 2.5)."),
    (
        "Conclusions: ",
        "Clear water is a measure of public health, and harbours should be dredged at night.",
    ),
)


def structured_abstract_of_medicine() -> bytes:
    sheet = Sheet(title="BMH-19-0042 101..109")
    sheet.line("Prado et al. Harbour Medicine (2019) 19:42", 36, 8, x=72)
    sheet.line("https://doi.org/10.1186/s12345-019-0042-7", 46, 8, x=72)
    sheet.line("RESEARCH ARTICLE", 76, 10, "Helvetica-Bold", 72)
    sheet.line("Open Access", 76, 10, "Helvetica-Bold", 470)
    sheet.lines(["Cough in divers of muddy harbours: a cohort", "study"], 104, 18, "Helvetica-Bold", 72)
    sheet.line("Ana Prado, MD1*, Jón Þórsson, PhD2 and Wei-Lun Chang, MD, MPH1,2", 152, 10, "Helvetica", 72)
    sheet.line("Abstract", 190, 11, "Helvetica-Bold", 80)
    y = 206.0
    for label, text in PARTS:
        y = sheet.paragraph(text, y, 80, 450, 9.5, lead=label)
    sheet.paragraph("Divers, Cough, Harbours", y + 8, 80, 450, 9.5, lead="Keywords: ")
    sheet.line("* Correspondence: prado@example.org", 720, 7.5, x=72)
    sheet.line("1Department of Medicine, University of Vigo, Vigo, Spain", 729, 7.5, x=72)
    body(sheet, y + 50, 2, 9.5, "Background")
    return sheet.pdf()


def journal_in_large_type() -> bytes:
    sheet = Sheet(title="CMR10")
    sheet.line("JSS", 60, 11, x=81)
    sheet.line("Journal of Sandy Software", 60, 27, "Times-BoldItalic", 200)
    sheet.line("January 2008, Volume 25, Issue 1.", 85, 10, ITALIC, 188)
    sheet.line("http://www.example.org/", 85, 10, ITALIC, 413)
    sheet.lines(["sandr: Sediment Budgets in", "R"], 170, 17, BOLD)
    for left, name, place in (
        (150, "Ana Prado", "Universidade de Vigo"),
        (340, "Jón Þórsson", "Institute of the Sea"),
    ):
        sheet.line(name, 230, 12, BOLD, left)
        sheet.line(place, 244, 11, ROMAN, left)
    sheet.line("Abstract", 290, 10, BOLD)
    y = sheet.paragraph(ABSTRACT, 308, 108, 387, 10)
    sheet.line("Keywords: sediment, R, tides.", y + 12, 11, ITALIC, 81)
    body(sheet, y + 60, 1, 11, "1. Introduction")
    return sheet.pdf()


def without_abstract() -> bytes:
    sheet = Sheet(author="root")
    sheet.line("On Sand", 120, 17)
    sheet.line("Ana Prado", 150, 12)
    sheet.line("May 5, 2011", 170, 12)
    y = sheet.paragraph(SENTENCE * 4, 220, 72, 468, 10)
    body(sheet, y + 20, 1, 10, "1 Grains")
    return sheet.pdf()


def manuscript_in_one_size() -> bytes:
    sheet = Sheet()
    sheet.lines(["ON THE SEDIMENT OF SHALLOW ESTUARIES", "AND THE WIND"], 120, 11, BOLD)
    sheet.line("ANA PRADO, JÓN ÞÓRSSON, AND WEI-LUN CHANG", 160, 9)
    y = sheet.paragraph(ABSTRACT, 200, 110, 392, 9, lead="Abstract. ")
    body(sheet, y + 30, 1, 11, "1. Introduction")
    return sheet.pdf()


def sheet_of_a_repository() -> bytes:
    sheet = Sheet(title="Repository cover")
    sheet.line("Universidade de Vigo Research Repository", 60, 16, "Helvetica-Bold", 72)
    sheet.lines(
        [
            "This is a repository copy of Tides set the sediment budget of shallow estuaries.",
            "",
            "Version: Accepted Version",
        ],
        110,
        11,
        x=72,
    )
    sheet.line("Article:", 170, 11, x=72)
    sheet.lines(
        [
            "Prado, A., Þórsson, J. and Chang, W.-L. (2020) Tides set the sediment budget of shallow",
            "estuaries. Marine Letters, 12 (3). pp. 45-67. ISSN 1234-5678",
            "",
            "https://doi.org/10.1234/marlett.2020.0042",
        ],
        186,
        11,
        x=72,
    )
    sheet.lines(
        [
            "Reuse",
            "Items deposited here are protected by copyright, all rights reserved unless indicated.",
        ],
        500,
        10,
        x=72,
    )
    sheet.page()
    sheet.lines(["Tides set the sediment budget of", "shallow estuaries"], 100, 20, BOLD)
    sheet.line("Ana Prado, Jón Þórsson, and Wei-Lun Chang", 160, 12)
    sheet.line("Abstract", 200, 12, BOLD)
    y = sheet.paragraph(ABSTRACT, 220, 110, 392, 10)
    body(sheet, y + 30)
    return sheet.pdf()


def society_of_physics() -> bytes:
    sheet = Sheet()
    sheet.line("PHYSICAL NOTES B 77, 012345 (2008)", 40, 9)
    sheet.lines(["Sediment budgets of shallow estuaries from", "four moorings"], 80, 12, BOLD)
    sheet.marked([("Ana Prado,", "1,*"), (" Jón Þórsson,", "2"), (" and Wei-Lun Chang", "1,2")], 120, 11)
    sheet.lines(
        [
            "1Department of Geology, University of Vigo, 36310 Vigo, Spain",
            "2Institute of the Sea, Reykjavik, Iceland",
        ],
        135,
        9,
        ITALIC,
    )
    sheet.line(
        "(Received 4 May 2007; revised manuscript received 2 October 2007; published 9 January 2008)",
        162,
        8.5,
    )
    y = sheet.paragraph(ABSTRACT, 180, 120, 372, 9)
    sheet.line("DOI: 10.1103/PhysNotesB.77.012345", y + 4, 8.5, x=120)
    sheet.line("PACS number(s): 92.10.Wa, 91.50.Jc", y + 4, 8.5, x=380)
    sheet.line("1098-0121/2008/77(1)/012345(8)    012345-1    ©2008 The Society of Physics", 745, 8, x=72)
    body(sheet, y + 40, 2, 10, "I. INTRODUCTION")
    return sheet.pdf()


def proceedings_in_one_column() -> bytes:
    sheet = Sheet()
    sheet.lines(["Learning the Sediment Budgets", "of Shallow Estuaries"], 100, 14, BOLD)
    sheet.line("Ana Prado1[0000-0002-1825-0097], Jón Þórsson2, and Wei-Lun Chang1,2", 150, 10)
    sheet.lines(
        [
            "1 University of Vigo, Vigo, Spain",
            "{prado,chang}@example.org",
            "2 Institute of the Sea, Reykjavik, Iceland",
        ],
        168,
        9,
    )
    y = sheet.paragraph(ABSTRACT, 220, 162, 288, 9, lead="Abstract. ")
    sheet.paragraph("Estuaries · Sediment · Tides", y + 8, 162, 288, 9, lead="Keywords: ")
    body(sheet, y + 40)
    return sheet.pdf()


def summary_of_a_medical_weekly() -> bytes:
    sheet = Sheet()
    sheet.line("Articles", 40, 20, "Helvetica-Bold", 470)
    sheet.lines(
        ["Cough in divers of muddy harbours: a prospective cohort", "study in nine countries"],
        90,
        19,
        BOLD,
        72,
    )
    sheet.line(
        "Ana L Prado, Jón Þórsson, Wei-Lun Chang, on behalf of the Harbour Group", 135, 10, ITALIC, 72
    )
    sheet.line("Summary", 165, 9.5, BOLD, 72)
    y = 178.0
    for label, text in PARTS:
        y = sheet.paragraph(text, y, 72, 330, 8.5, lead=label.replace(":", ""))
        y += 4
    sheet.lines(
        [
            "Lancet Harbour 2019; 394: 101–10",
            "Published Online",
            "June 12, 2019",
            "https://doi.org/10.1016/",
            "S0140-6736(19)30042-7",
        ],
        170,
        7,
        "Helvetica",
        430,
    )
    body(sheet, y + 60, 2, 9, "Introduction")
    return sheet.pdf()


def manuscript_with_line_numbers() -> bytes:
    sheet = Sheet()
    rows = [
        "Tides set the sediment budget of shallow estuaries",
        "",
        "Ana Prado1, Jón Þórsson2 & Wei-Lun Chang1",
        "",
        "1 University of Vigo, Spain",
        "2 Institute of the Sea, Iceland",
        "",
        "Abstract",
    ]
    rows += [*textwrap.wrap(ABSTRACT, 80), "", "Introduction", *textwrap.wrap(SENTENCE * 9, 80)]
    for page in range(2):
        for number, text in enumerate(rows if page == 0 else textwrap.wrap(SENTENCE * 20, 80)):
            sheet.line(str(number + 1), 72 + 24 * number, 8, "Helvetica", 40)
            sheet.line(text, 72 + 24 * number, 12, BOLD if number in (0, 7) and page == 0 else ROMAN, 72)
        sheet.page()
    return sheet.pdf()


def springtime() -> bytes:
    sheet = Sheet()
    sheet.line("J Sand (2019) 93:12–30", 40, 8, x=60)
    sheet.line("https://doi.org/10.1007/s00190-018-1175-8", 50, 8, x=60)
    sheet.line("ORIGINAL ARTICLE", 75, 9, "Helvetica", 60)
    sheet.lines(["Sediment budgets of shallow estuaries from four", "moorings"], 105, 16, BOLD, 60)
    sheet.line("Ana Prado1 · Jón Þórsson2 · Wei-Lun Chang1,2", 150, 11, BOLD, 60)
    sheet.lines(
        [
            "Received: 1 May 2018 / Accepted: 3 January 2019 / Published online: 20 January 2019",
            "© Springtime-Verlag GmbH Germany, part of Springtime Nature 2019",
        ],
        175,
        8,
        x=60,
    )
    sheet.line("Abstract", 205, 10, BOLD, 60)
    y = sheet.paragraph(ABSTRACT, 218, 60, 490, 9.5)
    sheet.line("Keywords Sediment · Tides", y + 10, 9.5, x=60)
    sheet.line("B  Ana Prado", 730, 7, x=60)
    body(sheet, y + 50, 2, 9.5, "1 Introduction")
    return sheet.pdf()


def in_german() -> bytes:
    sheet = Sheet()
    sheet.line("Sedimenthaushalt flacher Mündungen", 90, 17, BOLD)
    sheet.line("Ana Prado und Jürgen von der Groß", 120, 12)
    sheet.line("Institut für Meereskunde, Kiel", 136, 10)
    sheet.line("12. März 2014", 156, 10)
    sheet.line("Zusammenfassung", 190, 10, BOLD)
    y = sheet.paragraph(ABSTRACT, 205, 110, 392, 9)
    body(sheet, y + 30, heading="1 Einleitung")
    return sheet.pdf()


def blocks_of_authors_in_one_font() -> bytes:
    sheet = Sheet()
    sheet.lines(["Learning the Sediment Budgets of Shallow", "Estuaries"], 90, 17, BOLD)
    for left, name in ((110, "Ana Prado"), (360, "Jón Þórsson")):
        sheet.lines(
            [name, "University of Vigo", "Vigo, Spain", f"{name[:3].lower()}@example.org"], 140, 10, x=left
        )
    sheet.lines(["Wei-Lun Chang", "Tainan University", "Tainan, Taiwan", "wl@example.org"], 200, 10)
    sheet.line("Abstract", 270, 12, BOLD)
    y = sheet.paragraph(ABSTRACT, 290, 144, 324, 10)
    body(sheet, y + 30)
    return sheet.pdf()

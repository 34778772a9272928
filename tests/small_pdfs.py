"""Small PDFs of papers, written by hand: lines of Helvetica on pages."""

from collections.abc import Sequence

Line = tuple[float, str]
"""The size of its letters, in points, and its text."""


def pdf(*pages: Sequence[Line], version: str = "") -> bytes:
    """A PDF of pages of lines; `version` changes nothing but its bytes."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        content = _drawn(lines)
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    file, places = f"%PDF-1.4\n%{version}\n", []
    for number, text in enumerate(objects, start=1):
        places.append(len(file))
        file += f"{number} 0 obj\n{text}\nendobj\n"
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(file)}\n%%EOF\n"
    return f"{file}xref\n0 {size}\n0000000000 65535 f \n{rows}{trailer}".encode("latin-1")


def paper(
    title: str, abstract: str, *sentences: str, authors: str = "Ada Owl and Bo Night", version: str = ""
) -> bytes:
    """A paper of two pages: its front with the abstract, and a section with these sentences."""
    front = [(20.0, title), (12.0, authors), (14.0, "Abstract"), *_wrapped(abstract)]
    return pdf(front, [(14.0, "1 Results"), *_wrapped(" ".join(sentences))], version=version)


def _wrapped(text: str, width: int = 80) -> list[Line]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append((10.0, line))
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, (10.0, line)]


def _drawn(lines: Sequence[Line]) -> str:
    parts, height, before = ["BT"], 740.0, 0.0
    for size, text in lines:
        height -= size * (1.2 if size == before else 2.4)
        before = size
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        parts.append(f"/F {size} Tf 1 0 0 1 72 {height:.1f} Tm ({escaped}) Tj")
    return "\n".join([*parts, "ET"])

"""Figures as SVG whose colours follow the page around them, and whose text stays text."""

import io
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from xml.etree import ElementTree

from matplotlib import style
from matplotlib.figure import Figure

from eval.report.colours import LIGHT, as_property

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "askpapers",  # ids are random without
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the bytes are the same everywhere
    "font.size": 8,
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["ink"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "axes.edgecolor": LIGHT["line"],
    "axes.labelcolor": LIGHT["muted"],
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": LIGHT["line"],
    "grid.linewidth": 0.6,
}
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FAMILY = re.compile(r"font-family:[^;]*;?")


def drawing() -> AbstractContextManager[None]:
    """Our style for drawing and `to_svg`, whatever the user's own settings are."""
    return style.context(_STYLE, after_reset=True)


def to_svg(
    figure: Figure, name: str, title: str, description: str, texts: Mapping[str, str] | None = None
) -> str:
    """An SVG element with a text alternative; the same figure always gives the same bytes.

    It works in a page or as a file of its own: colours are custom properties with light defaults. `name`
    keeps its ids apart from those of other figures in the page. `texts` replace placeholders in the
    figure: text from data never reaches matplotlib, which would read math in it and lacks glyphs.
    """
    drawn = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(drawn, format="svg", transparent=True, metadata=nothing)
    root = ElementTree.fromstring(drawn.getvalue())  # noqa: S314, drawn just now
    for element in root.iter():
        _make_plain(element, name)
        element.text = (texts or {}).get(element.text or "", element.text)
        for child in [child for child in element if child.tag.endswith("}style")]:
            element.remove(child)  # it would apply to the whole page
    width, height = root.get("viewBox", "").split()[2:]
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "chart",
        "viewBox": root.get("viewBox", ""),
        "width": width,
        "height": height,
        "font-family": _FONT,
        "stroke-linejoin": "round",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-says",
    }
    for tag, part, text in (("desc", "says", description), ("title", "title", title)):
        alternative = ElementTree.Element(tag, id=f"{name}-{part}")
        alternative.text = text
        root.insert(0, alternative)
    return ElementTree.tostring(root, encoding="unicode")


def _make_plain(element: ElementTree.Element, name: str) -> None:
    """Drop name spaces and white space between elements, make ids unique, and colours properties."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    element.text = element.text if element.tag == "text" else None
    element.attrib = {
        key.rpartition("}")[2]: _value(key, value, name) for key, value in element.attrib.items()
    }


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    value = value.replace("url(#", f"url(#{name}-")
    if key.endswith("href"):
        return value.replace("#", f"#{name}-", 1)
    return _COLOUR.sub(lambda match: as_property(match[0]), _FAMILY.sub("", value)).strip()

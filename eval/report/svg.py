"""Figures as SVG whose colours follow the page that they stand in, and whose text stays text."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from xml.etree import ElementTree

from matplotlib import style
from matplotlib.figure import Figure

from eval.report.colours import LIGHT, as_property

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "askpapers",  # ids are random without
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the same bytes come of it everywhere
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


@contextmanager
def drawing() -> Iterator[None]:
    """Around making a figure and `to_svg` of it: our style, whatever the user's own settings say."""
    with style.context(_STYLE, after_reset=True):
        yield


def to_svg(
    figure: Figure, name: str, title: str, description: str, texts: Mapping[str, str] | None = None
) -> str:
    """An SVG element with a text alternative, the same bytes each time.

    It stands in a page or is a file of its own: colours are custom properties, light where the page sets
    none. `name` tells its ids from those of the page's other figures. `texts` are what stands in place of
    the figure's own: words of others never reach matplotlib, which reads math in them and lacks glyphs.
    """
    drawn = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(drawn, format="svg", transparent=True, metadata=nothing)
    root = ElementTree.fromstring(drawn.getvalue())  # noqa: S314, drawn just now
    for element in root.iter():
        _make_plain(element, name)
        element.text = (texts or {}).get(element.text or "", element.text)
        for child in [child for child in element if child.tag.endswith("}style")]:
            element.remove(child)  # it would hold for the whole page
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
        told = ElementTree.Element(tag, id=f"{name}-{part}")
        told.text = text
        root.insert(0, told)
    return ElementTree.tostring(root, encoding="unicode")


def _make_plain(element: ElementTree.Element, name: str) -> None:
    """Without name spaces and white space between elements; ids of its own, colours as properties."""
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
    return _COLOUR.sub(lambda found: as_property(found[0]), _FAMILY.sub("", value)).strip()

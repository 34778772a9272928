"""The colours of a report, by purpose: for light screens and paper, and for dark screens."""

from collections.abc import Mapping

LIGHT = {
    "paper": "#ffffff",
    "wash": "#f6f7f9",
    "line": "#dfe3e8",
    "ink": "#1f2429",
    "muted": "#5f6872",
    "accent": "#3a5f95",
    "good": "#1d7a58",
    "bad": "#b04a1a",
    "good-wash": "#eef6f2",
    "bad-wash": "#fcf1eb",
}
DARK = {
    "paper": "#14171b",
    "wash": "#1b1f25",
    "line": "#2f363e",
    "ink": "#e4e7eb",
    "muted": "#9aa5b1",
    "accent": "#8db0e2",
    "good": "#5fc39d",
    "bad": "#ee9a66",
    "good-wash": "#17261f",
    "bad-wash": "#2e2119",
}


def as_css() -> str:
    """Custom properties of the root element, such as `--ink`; dark if the reader's screen is."""
    return (
        f":root {{ color-scheme: light dark; {_properties(LIGHT)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_properties(DARK)} }} }}"
    )


def as_property(colour: str) -> str:
    """The custom property that holds a colour of the light set; any other colour unchanged."""
    return _PROPERTIES.get(colour, colour)


def _properties(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


_PROPERTIES = {colour: f"var(--{name}, {colour})" for name, colour in LIGHT.items()}

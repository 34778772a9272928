"""The colours of a report, by purpose: for light screens and paper, and for dark screens."""

from collections.abc import Mapping

_COLOURS = {
    "paper": ("#ffffff", "#14171b"),
    "wash": ("#f6f7f9", "#1b1f25"),
    "line": ("#dfe3e8", "#2f363e"),
    "ink": ("#1f2429", "#e4e7eb"),
    "muted": ("#5f6872", "#9aa5b1"),
    "accent": ("#3a5f95", "#8db0e2"),
    "good": ("#1d7a58", "#5fc39d"),
    "bad": ("#b04a1a", "#ee9a66"),
    "good-wash": ("#eef6f2", "#17261f"),
    "bad-wash": ("#fcf1eb", "#2e2119"),
}
LIGHT = {name: light for name, (light, _) in _COLOURS.items()}
DARK = {name: dark for name, (_, dark) in _COLOURS.items()}


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

"""Escapes texts for LaTeX, as values of BibTeX need it."""

import re

from rag.plain import in_a_line

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts braces, with a backslash before them or not
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        **{character: f"\\{character}" for character in "$&%#_"},
    }
)
_LIGATURE = re.compile(r"-(?=-)|`(?=`)|'(?=')")  # two of them print another character
_ENTRY = re.compile(r"^@")  # which readers take for the next entry, where a line begins with it


def in_latex(text: str) -> str:
    """The text in one line of LaTeX, which prints it to the character."""
    latex = _LIGATURE.sub(r"\g<0>{}", in_a_line(text).translate(_LATEX))
    return _ENTRY.sub("{}@", latex)


def protected(title: str) -> str:
    """A title in braces, and in further ones, which keep the capitals unless a backslash comes first."""
    latex = in_latex(title)
    return f"{{{{}}{latex}}}" if latex.startswith("\\") else f"{{{latex}}}"

"""Code spans and tables in Markdown, where nothing in the data is markup."""

from collections.abc import Iterable, Sequence

from rag.plain import cut, in_a_line

NONE = "–"

_LOOKALIKES = str.maketrans("`|", "'¦")  # what would end a code span or a cell


def code(text: object, longest: int | None = None) -> str:
    """The text as a code span of one line, which neither ends early nor breaks a table."""
    line = in_a_line(str(text)).translate(_LOOKALIKES)
    if longest is not None:
        line = cut(line, longest)
    return f"`{line}`" if line else NONE


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that hold no pipe and no line break."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))

"""Checks that filters name what the library has: papers, authors, tags, collections, sources."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePath

from rag.errors import LibraryError, QuestionError
from rag.library import Library
from rag.library.suggesting import near_authors, near_names
from rag.plain import cut, enumeration, in_a_line
from rag.readable import without_markup
from rag.types import Filters, Paper

_NAMED = 5  # names in an error
_LONGEST = 100  # characters of one
_SELECTING = {  # filters that name something, and what they name
    "author": "no author of a paper in the library is called",
    "tag": "no paper in the library has the tag",
    "collection": "no paper in the library is in the collection",
    "source": "no paper in the library was ingested from",
}
_LISTED = {
    "author": "see the papers with `askpapers library list{place}`",
    "tag": "see the tags with `askpapers library tag{place}`",
    "collection": "see the collections with `askpapers library collections{place}`",
    "source": "`askpapers library show PAPER{place}` names the sources of a paper",
}


def check_names(library: Library, filters: Filters, place: str = "") -> Filters:
    """The filters. Raises QuestionError, with near names, if one names nothing that the library has.

    `place` is the option for this library, with which the error's commands find it.
    """
    catalog = library.catalog
    if filters.papers:
        known = catalog.find(filters.papers)
        if unknown := [name for name in filters.papers if name not in known]:
            raise QuestionError(no_paper(library, unknown, place))
    for name, problem in _SELECTING.items():
        value = getattr(filters, name)
        if value is not None and not catalog.matching(Filters(**{name: value}), 1):
            listed = _LISTED[name].format(place=place)
            near = [quoted(other) for other in _near(library, name, value)]
            raise QuestionError(f"{problem} {quoted(value)}: {did_you_mean(near) or listed}")
    return filters


def no_paper(library: Library, unknown: Sequence[str], place: str = "") -> str:
    """That the library has no papers of these references, which papers they may mean, and what to do."""
    more = [f"{len(unknown) - _NAMED} more"] if len(unknown) > _NAMED else []
    names = " or ".join([*map(quoted, unknown[:_NAMED]), *more])
    near: list[str] = []
    with suppress(LibraryError):  # an index that is damaged does not hide what is wrong with the name
        near = [named(paper) for paper in library.suggestions(unknown[0])] if len(unknown) == 1 else []
    listed = f"see which there are with `askpapers library list{place}`"
    means = did_you_mean(near)
    return f"no paper in the library is {names}: {f'{means} If not, {listed}' if means else listed}"


def named(paper: Paper) -> str:
    """A paper by its title, and its citation key or id."""
    return f"{quoted(without_markup(paper.title))} ({in_a_line(paper.key or paper.paper_id)})"


def quoted(name: str) -> str:
    """A name as an error shows it."""
    return f"“{cut(in_a_line(name), _LONGEST)}”"


def did_you_mean(names: Sequence[str]) -> str:
    """A question that offers names; "" without any."""
    return f"did you mean {enumeration(names, 'or')}?" if names else ""


def _near(library: Library, name: str, value: str) -> list[str]:
    catalog = library.catalog
    if name == "author":
        return near_authors(catalog, value)
    if name == "source":
        return near_names({PurePath(source).name for source in catalog.names.sources()}, value)
    return near_names(catalog.labels("tag" if name == "tag" else "collection"), value)

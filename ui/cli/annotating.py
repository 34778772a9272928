"""`askpapers library tag`, `note` and `collections`: a user's own tags and notes, and what there is."""

import argparse
from collections.abc import Mapping, Sequence

from rich.text import Text

from ingest.annotating import OwnWords, annotate, has_tag, split_tags, with_note, with_tags
from rag.errors import QuestionError
from rag.library import Library
from rag.library.progress import untracked
from rag.plain import in_a_line, plain
from rag.query import check_names
from rag.readable import without_markup
from rag.types import Paper
from ui.cli.commands import Group
from ui.cli.options import add_conditions, filters_of, typed
from ui.cli.places import open_existing, place_of
from ui.cli.referring import REFERENCE, check_own, known_papers, no_paper_like_that
from ui.terminal import USAGE, print_error, print_json, print_text, tell, track

_QUICK = 50  # papers whose tags take no time
_TOLD = 20  # tags that stay, of which stderr tells
_TAGGED = ("paper_id", "title", "tags")
_STAY = "the papers that come with askpapers take no tags or notes"


def add(group: Group) -> None:
    tagging = group.add("tag", "the tags with their numbers of papers; or add and remove your own", run_tag)
    tagging.add_argument("papers", nargs="*", metavar="PAPER", help=REFERENCE)
    for option, what in (("--add", "give the papers this tag"), ("--remove", "take your tag off them")):
        tagging.add_argument(
            option, action="append", default=[], metavar="TAG", help=f"{what}; several apart by commas"
        )
    add_conditions(tagging)
    noting = group.add("note", "show, write or delete your note on a paper", run_note)
    noting.add_argument("paper", metavar="PAPER", help=REFERENCE)
    noting.add_argument("text", nargs="*", metavar="TEXT", help="the note; - reads it from standard input")
    how = noting.add_mutually_exclusive_group()
    for option, what in (("--append", "add a paragraph to"), ("--replace", "replace")):
        how.add_argument(option, nargs="+", metavar="TEXT", help=f"{what} the note that there is")
    how.add_argument("--delete", action="store_true", help="delete your note")
    group.add("collections", "the collections with their numbers of papers", run_collections)


def run_tag(arguments: argparse.Namespace) -> int:
    added, removed = split_tags(",".join(arguments.add)), split_tags(",".join(arguments.remove))
    is_bounded = bool(arguments.papers) or not filters_of(arguments).is_open
    if not (added or removed or is_bounded):
        with open_existing(arguments) as library:
            return _print_counts(library.catalog.labels("tag"), "tag", arguments)
    if not is_bounded:
        return print_error("no paper is named: name some, or say which with --author and its like", USAGE)
    with open_existing(arguments) as library:
        papers = _chosen(library, arguments)
        if not (added or removed):
            return _print_tags(papers, arguments)
        check_own(library, _STAY)
        if not added and not any(has_tag(paper, tag) for paper in papers for tag in removed):
            raise QuestionError("none of these papers has such a tag: see what they have without --remove")
        ids = [paper.paper_id for paper in papers]
        progress = track if len(ids) > _QUICK else untracked
        changed = annotate(library, ids, with_tags(added, removed), progress)
        left = library.catalog.papers(ids).values()
        kept = [(paper, tag) for paper in left for tag in removed if has_tag(paper, tag)]
        told = {paper.paper_id: library.catalog.records_of(paper.paper_id) for paper, _ in kept[:_TOLD]}
    if arguments.json:
        kept_tags = [{"paper_id": paper.paper_id, "tag": tag} for paper, tag in kept]
        print_json({"papers": len(papers), "changed": changed, "kept": kept_tags})
    else:
        print(f"{changed} of {len(papers)} {'paper' if len(papers) == 1 else 'papers'} changed")
    for paper, tag in kept[:_TOLD]:
        sources = sorted({source for source, record in told[paper.paper_id] if has_tag(record, tag)})
        title = in_a_line(without_markup(paper.title))
        tell(f"“{tag}” of “{title}” stays: it comes from {', '.join(sources)}, take it off there")
    return 1 if kept and not changed else 0


def run_note(arguments: argparse.Namespace) -> int:
    forms = [arguments.text, arguments.append, arguments.replace]
    words: list[str] = next(filter(None, forms), [])
    if sum(map(bool, [*forms, arguments.delete])) > 1:
        return print_error("give one text, or --delete: TEXT, --append TEXT or --replace TEXT", USAGE)
    text = typed(words).strip()
    if words and not text:
        return print_error("the note is empty: write some text, or --delete the note that there is", USAGE)
    with open_existing(arguments) as library:
        (paper,) = known_papers(library, [arguments.paper], arguments)
        own = OwnWords.of(library, paper.paper_id)
        if text or arguments.delete:
            check_own(library, _STAY)
            own = _write(library, paper, own, text, arguments)
    if arguments.json:
        others = [{"source": source, "note": note} for source, note in own.others]
        print_json(
            {"paper_id": paper.paper_id, "title": paper.title, "note": own.note or None, "others": others}
        )
    elif text or arguments.delete:
        print("deleted" if arguments.delete else "noted")
    else:
        _print_notes(own, place_of(arguments))
    return 0


def run_collections(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        return _print_counts(library.catalog.labels("collection"), "collection", arguments)


def _chosen(library: Library, arguments: argparse.Namespace) -> list[Paper]:
    """The papers that are named, or those that fulfil the filters. Raises QuestionError where none do."""
    filters = check_names(library, filters_of(arguments), place_of(arguments))
    if arguments.papers:
        named = known_papers(library, arguments.papers, arguments)
        ids = set(library.catalog.matching(filters, len(named), [paper.paper_id for paper in named]))
        papers = [paper for paper in named if paper.paper_id in ids]
    else:
        ids_in_order = library.catalog.listed(filters=filters)
        papers = list(library.catalog.papers(ids_in_order).values())
    if not papers:
        raise no_paper_like_that(arguments)
    return papers


def _write(
    library: Library, paper: Paper, own: OwnWords, text: str, arguments: argparse.Namespace
) -> OwnWords:
    """Write or delete the user's note. Raises QuestionError where there is one that would be lost."""
    if own.note and not (arguments.append or arguments.replace or arguments.delete):
        raise QuestionError(
            "this paper has a note already: --append adds to it, --replace puts this one in its place"
        )
    annotate(library, [paper.paper_id], with_note(text, is_added=bool(arguments.append)))
    return OwnWords.of(library, paper.paper_id)


def _print_notes(own: OwnWords, place: str) -> None:
    for source, note in own.notes:
        if source:
            print_text(Text(f"\nFrom {in_a_line(source)}:", "dim"))
        print_text(Text(plain(note)))
    if not own.notes:
        tell(f"There is no note on this paper: write one with `askpapers library note PAPER TEXT{place}`.")


def _print_counts(counts: Mapping[str, int], what: str, arguments: argparse.Namespace) -> int:
    """Names with their numbers of papers."""
    if arguments.json:
        print_json({f"{what}s": [{what: name, "papers": number} for name, number in counts.items()]})
        return 0
    width = max(map(len, map(str, counts.values())), default=0)
    for name, number in counts.items():
        print_text(Text(f"{number:{width}}  ", "dim").append(in_a_line(name), "default"))
    if not counts:
        tell(f"No paper has a {what}.")
    return 0


def _print_tags(papers: Sequence[Paper], arguments: argparse.Namespace) -> int:
    """The tags of each paper."""
    if arguments.json:
        print_json({"papers": [{name: getattr(paper, name) for name in _TAGGED} for paper in papers]})
        return 0
    for paper in papers:
        tags = ", ".join(map(in_a_line, paper.tags)) or "no tags"
        title = in_a_line(without_markup(paper.title))
        print_text(Text(f"{title}: ", "dim").append(tags, "default"))
    return 0

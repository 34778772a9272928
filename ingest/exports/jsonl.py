"""Papers as JSON lines, with all that is known of each."""

from collections.abc import Iterable, Iterator

from ingest.exports.holdings import Holding, with_custom
from rag.plain import json_text

_RECORD = (
    *("title", "abstract", "published", "author_count", "authors", "organization", "arxiv_id", "doi"),
    "is_digest",
)
_IF_KNOWN = ("key", "tags", "collections", "note", "retracted", "csl")


def jsonl_lines(holdings: Iterable[Holding]) -> Iterator[str]:
    """A line of JSON for each paper, with all fields that `ingest` reads and a line feed at its end."""
    for holding in holdings:
        paper = with_custom(holding)
        known = {name: value for name in _IF_KNOWN if (value := getattr(paper, name))}
        yield json_text({**{name: getattr(paper, name) for name in _RECORD}, **known}) + "\n"

"""Opens sources by their names, as `ingest` does, without their origins."""

from collections.abc import Sequence
from itertools import chain

from ingest.sources.base import ReadOptions, Source
from ingest.sources.named import sources_by_name


def names_to_sources(names: Sequence[str], options: ReadOptions = ReadOptions()) -> list[Source]:
    """The sources with these names, each once."""
    return list(chain.from_iterable(sources_by_name(names, options).values()))

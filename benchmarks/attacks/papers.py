"""Twenty papers that nobody wrote, as a library."""

from pathlib import Path

from ingest.chunking import split_abstract
from rag.embedding import embedded_encoder
from rag.library import Library
from rag.types import Paper

_ANIMALS = "owls eels bees foxes newts wolves storks moles trout hares seals crows voles toads wrens carp"
ANIMALS = (*_ANIMALS.split(), "lynxes", "deer", "swans", "mice")
PAPERS = tuple(
    Paper(
        f"Count{place}: A Study of {animal}",
        f"We count {100 + place} {animal} in the valley. The {animal} live in place {place}.",
        published=str(2005 + place),
    )
    for place, animal in enumerate(ANIMALS)
)
OTTERS = (  # a paper that visitors add
    b'{"title": "A Study of Otters", "abstract": "We count 12 otters in the river.", "published": "2020"}\n'
)
QUESTION = "How many owls live in the valley?"


def library_in(folder: Path) -> Path:
    """The folder, which holds the library now."""
    with Library.create(folder, embedded_encoder()) as library:
        library.catalog.recorder(split_abstract).put(PAPERS, "made up")
        library.sync()
    return folder

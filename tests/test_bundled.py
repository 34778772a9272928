"""The bundled digests: in our own words, and carrying what the abstracts state."""

import re

import pytest
from conftest import PAGES, needs_pages

from ingest.bundled import BundledSource
from ingest.sources.files import FileSource
from rag.library.merge import merge_records
from rag.types import Paper

COUNT = 40
RUN = 12  # words in a row that no digest shares with an abstract

DIGESTS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}
each_digest = pytest.mark.parametrize("digest", DIGESTS.values(), ids=lambda paper: paper.title[:40])

# What looks like a name or a number and is none: a unit whose "×" was lost, an address.
NOT_NAMES = {"17time", "30time", "5time", "8time"}
ADDRESS = re.compile(r"https?://\S+")


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1)}


def numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in re.findall(r"\d+(?:[.,]\d+)*", text)}


def names(text: str) -> set[str]:
    """Parts of words with two capitals, or with letters and digits; lower-cased, without plural s."""
    parts = re.split(r"[^A-Za-z0-9]+", text)
    singular = [re.sub(r"s$", "", part) for part in parts]
    return {
        part.lower()
        for part in singular
        if len(re.findall("[A-Z]", part)) > 1 or (re.search(r"\d", part) and re.search("[A-Za-z]", part))
    }


def test_every_record_is_a_digest_that_can_be_read():
    entries = list(BundledSource().read())
    assert len(entries) == len(DIGESTS) == COUNT
    assert all(isinstance(entry, Paper) and entry.is_digest for entry in entries)
    assert len({digest.abstract for digest in DIGESTS.values()}) == COUNT


@each_digest
def test_its_length_is_that_of_a_digest(digest):
    assert 60 <= len(digest.abstract.split()) <= 150


@pytest.fixture(scope="module")
def pages() -> dict[str, Paper]:
    """What the five saved pages say of each paper, together."""
    records: dict[str, list[Paper]] = {}
    for page in sorted(PAGES.glob("*.txt")):
        for entry in FileSource(page).read():
            if isinstance(entry, Paper):
                records.setdefault(entry.title, []).append(entry)
    return {title: merge_records(found) for title, found in records.items()}


@needs_pages
@each_digest
def test_title_and_details_are_those_of_the_page(digest, pages):
    page = pages[digest.title]
    details = "paper_id", "published", "author_count", "organization"
    assert [getattr(digest, name) for name in details] == [getattr(page, name) for name in details]


@needs_pages
@each_digest
def test_it_carries_every_number_and_every_name_of_the_abstract_and_no_other_number(digest, pages):
    abstract = ADDRESS.sub(" ", pages[digest.title].abstract)
    assert not numbers(abstract) - numbers(digest.abstract)
    assert not numbers(digest.abstract) - numbers(f"{digest.title} {pages[digest.title].abstract}")
    assert not names(abstract) - names(digest.abstract) - set(words(digest.abstract)) - NOT_NAMES


@needs_pages
def test_no_run_of_words_is_taken_from_any_abstract(pages):
    taken = set().union(*(runs(page.abstract) for page in pages.values()))
    assert not [digest.title for digest in DIGESTS.values() if runs(digest.abstract) & taken]

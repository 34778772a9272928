"""The bundled digests: in our own words, and carrying what the abstracts state."""

import re
from itertools import combinations

from conftest import needs_pages, runs, words
from tables import in_one_test

from ingest.bundled import BundledSource
from rag.types import Paper

COUNT = 333
ALIKE = 0.5  # share of common words from which two digests could be mistaken for each other

DIGESTS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}
each_digest = in_one_test("digest", DIGESTS.values())

# What looks like a name or a number in an abstract and is none: addresses, and what pages leave of
# "\\times", "\\sim" and dashes.
NO_NAMES = re.compile(r"https?[:;]//\S+|github\.com/\S+|(?<=\d)times|\b(?:sim|approx|le)(?=\d)|x201[34]")


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


def test_no_two_digests_are_alike():
    said = [set(words(digest.abstract)) for digest in DIGESTS.values()]
    alike = [len(one & other) / len(one | other) for one, other in combinations(said, 2)]
    assert max(alike) < ALIKE


@each_digest
def test_its_length_is_that_of_a_digest(digest):
    assert 60 <= len(digest.abstract.split()) <= 150


@needs_pages
@each_digest
def test_title_and_details_are_those_of_the_page(digest, pages):
    page = pages[digest.title]
    details = "paper_id", "published", "author_count", "organization"
    assert [getattr(digest, name) for name in details] == [getattr(page, name) for name in details]


@needs_pages
@each_digest
def test_it_carries_every_number_and_every_name_of_the_abstract_and_no_other_number(digest, pages):
    abstract = NO_NAMES.sub(" ", pages[digest.title].abstract)
    assert not numbers(abstract) - numbers(digest.abstract)
    assert not numbers(digest.abstract) - numbers(f"{digest.title} {pages[digest.title].abstract}")
    assert not names(abstract) - names(digest.abstract) - set(words(digest.abstract))


@needs_pages
def test_no_run_of_words_is_taken_from_any_abstract(pages):
    taken = set().union(*(runs(page.abstract) for page in pages.values()))
    assert not [digest.title for digest in DIGESTS.values() if runs(digest.abstract) & taken]

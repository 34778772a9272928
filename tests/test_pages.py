"""The five saved pages, ingested and asked for real."""

import re

import pytest
from conftest import PAGES, needs_pages
from named_sources import names_to_sources

from ingest.pipeline import ingest
from rag.assistant import Assistant
from rag.library import Library

pytestmark = [needs_pages, pytest.mark.slow]


@pytest.fixture(scope="module")
def pages(tmp_path_factory, encoder):
    with Library.create(tmp_path_factory.mktemp("pages"), encoder) as library:
        report = ingest(library, names_to_sources([str(PAGES)]))
        assert (report.seen, report.added, report.duplicates, report.rejected) == (403, 333, 70, [])
        yield library


def test_ingesting_again_changes_nothing(pages):
    before = pages.catalog.last_sequence()
    report = ingest(pages, names_to_sources([str(PAGES)]))
    assert (report.added, report.updated, report.unchanged, report.duplicates) == (0, 0, 333, 70)
    assert pages.catalog.last_sequence() == before
    assert pages.behind() == 0
    assert pages.verify() == []


def test_every_quote_is_the_abstract_at_its_offsets(pages):
    assistant = Assistant(pages)
    ids = [paper_id for paper_id, _ in pages.catalog.passages_by_paper()]
    papers = pages.catalog.papers(ids)
    asked = list(papers.values())[::6]
    right = 0
    for paper in asked:
        answer = assistant.ask(f"What does this say: {re.split('[:?]', paper.title)[0]}?")
        for citation in answer.citations:
            assert citation.quote == papers[citation.paper_id].abstract[citation.start : citation.end]
            assert citation.quote.strip() == citation.quote != ""
        assert all(claim.citations for claim in answer.claims)
        right += paper.paper_id in {citation.paper_id for citation in answer.citations}
    assert right / len(asked) > 0.8

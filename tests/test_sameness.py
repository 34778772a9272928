"""Who is the same paper: by identifiers, else by title and year, whatever order the sources come in."""

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import split_abstract
from rag.library.catalog import Catalog
from rag.library.merge import merge_records, origins
from rag.types import Paper

OWLS = Paper("Owls at Noon", "Owls sleep at noon.")


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def bring(catalog, sources):
    """Ingest sources, each a list of papers by its name, in one run; the outcomes."""
    recorder = catalog.recorder(split_abstract)
    outcomes = []
    for source, papers in sources.items():
        outcomes += recorder.put(papers, source)
        recorder.finish(source)
    return outcomes


def owls(**details):
    return replace(OWLS, paper_id="", **details)


@pytest.mark.parametrize(
    ("one", "other", "papers"),
    [
        (owls(arxiv_id="2101.00001v1"), owls(title="Owls by Day", arxiv_id="arXiv:2101.00001v3"), 1),
        (owls(doi="10.1/OWL"), owls(title="Owls by Day", doi="https://doi.org/10.1/owl"), 1),
        (
            owls(arxiv_id="2101.00001"),
            owls(title="Day", doi="https://doi.org/10.48550/arXiv.2101.00001"),
            1,
        ),
        (
            owls(arxiv_id="2101.00001"),
            owls(title="Day", arxiv_id="http://arxiv.org/pdf/2101.00001v2.pdf"),
            1,
        ),
        (owls(), owls(title="OWLS, at noon!"), 1),
        (owls(published="2021-05"), owls(published="2021"), 1),
        (owls(published="2021"), owls(), 1),
        (owls(published="2021"), owls(published="2022"), 2),
        (owls(arxiv_id="2101.00001"), owls(arxiv_id="2101.00002"), 2),
        (owls(doi="10.1/owl"), owls(doi="10.1/other"), 2),
        (owls(doi="10.1/owl"), owls(doi="10.48550/arXiv.2101.00001"), 1),
        (owls(arxiv_id="2101.00001"), owls(doi="10.1/owl"), 1),
        (owls(arxiv_id="2101.00001", published="2021"), owls(doi="10.1/owl", published="2023"), 2),
        (owls(arxiv_id="2101.1", doi="10.1/a"), owls(doi="10.1/a", title="Part Two"), 1),
        (
            owls(arxiv_id="2101.00001", doi="10.1/a"),
            owls(arxiv_id="2101.00002", doi="10.1/a", title="Two"),
            2,
        ),
        (owls(arxiv_id="2101.00001", published="2021"), owls(arxiv_id="2101.00001", published="2023"), 1),
    ],
)
def test_two_records_are_one_paper(tmp_path, one, other, papers):
    for number, order in enumerate([(one, other), (other, one)]):
        catalog = Catalog(tmp_path / f"{number}.sqlite")
        bring(catalog, {"a": [order[0]], "b": [order[1]]})
        assert catalog.count() == papers
        assert len(dict(catalog.passages_by_paper())) == papers
        catalog.close()


def test_a_record_that_knows_two_papers_makes_them_one(catalog):
    preprint = owls(title="Owls: a Draft", arxiv_id="2101.00001", published="2021")
    printed = owls(title="Owls at Noon", doi="10.1/owl", published="2022", organization="Owl Lab")
    bring(catalog, {"a": [preprint], "b": [printed]})
    assert catalog.count() == 2
    both = owls(title="Owls", arxiv_id="2101.00001", doi="10.1/owl")
    assert bring(catalog, {"c": [both]}) == [("2101.00001", "updated")]
    (paper,) = catalog.browse()
    assert (paper.paper_id, paper.organization, paper.doi) == ("2101.00001", "Owl Lab", "10.1/owl")
    changes = {change.paper_id: change.paper for change in catalog.changes_after(0, 9)}
    assert changes == {"2101.00001": paper, printed.paper_id: None}
    assert catalog.find([printed.paper_id, "Owls: a draft", "owls at noon"]) == dict.fromkeys(
        [printed.paper_id, "Owls: a draft", "owls at noon"], "2101.00001"
    )
    last = catalog.last_sequence()
    again = bring(catalog, {"a": [preprint], "b": [printed], "c": [both]})
    assert [outcome for _, outcome in again] == ["unchanged", "duplicates", "duplicates"]
    assert (catalog.last_sequence(), catalog.count()) == (last, 1)


FIRST, SECOND = owls(arxiv_id="2101.00001"), owls(arxiv_id="2101.00002")
DAY = "Owls by Day"


@pytest.mark.parametrize(
    "runs",
    [
        [{"a": [FIRST]}, {"a": [owls(title=DAY)], "b": [owls(title=DAY, arxiv_id="2101.00001")]}],
        [{"a": [FIRST, SECOND]}, {"a": [owls()], "b": [owls()]}],
        [{"a": [owls()]}, {"a": [owls(title=DAY, doi="10.1/owl")], "b": [owls(doi="10.1/owl")]}],
    ],
)
def test_papers_that_become_one_after_a_source_has_been_read_lose_its_old_records(catalog, runs):
    for run in runs:
        bring(catalog, run)
    last, kept = catalog.last_sequence(), list(catalog.records())
    again = bring(catalog, runs[-1])
    assert {outcome for _, outcome in again} <= {"unchanged", "duplicates"}
    assert (catalog.last_sequence(), list(catalog.records())) == (last, kept)


def test_papers_of_one_title_that_differ_in_year_both_stay_and_have_ids_of_their_own(catalog):
    survey = [owls(published=year) for year in ("2019", "2022", "2024")]
    outcomes = bring(catalog, {"a": survey})
    assert [outcome for _, outcome in outcomes] == ["added"] * 3
    assert len({paper_id for paper_id, _ in outcomes}) == 3
    assert catalog.years() == {2019: 1, 2022: 1, 2024: 1}
    assert bring(catalog, {"a": survey}) == [(paper_id, "unchanged") for paper_id, _ in outcomes]
    assert catalog.find([OWLS.title])[OWLS.title] in dict(outcomes)


def test_a_source_that_corrects_a_year_corrects_its_paper(catalog):
    ((paper_id, _),) = bring(catalog, {"a": [owls(published="2021")]})
    assert bring(catalog, {"a": [owls(published="2022")]}) == [(paper_id, "updated")]
    assert [paper.published for paper in catalog.browse()] == ["2022"]
    bring(catalog, {"b": [owls(published="2022-03")]})
    bring(catalog, {"a": [owls(published="2020")]})
    assert sorted(paper.published for paper in catalog.browse()) == ["2020", "2022-03"]


def test_where_each_field_comes_from_is_known(catalog):
    bring(
        catalog,
        {
            "page.txt": [owls(author_count=3, published="2021")],
            "zotero.bib": [
                owls(abstract="Owls sleep at noon, as we saw.", published="2021-04", doi="10.1/o")
            ],
        },
    )
    (paper,) = catalog.browse()
    assert catalog.origins(paper.paper_id) == {
        "title": ["page.txt", "zotero.bib"],
        "abstract": ["zotero.bib"],
        "published": ["zotero.bib"],
        "author_count": ["page.txt"],
        "doi": ["zotero.bib"],
    }
    assert catalog.origins("nobody") == {}


def test_the_longest_list_of_authors_wins(catalog):
    lists = {"a": ("A. Owl",), "b": ("Ada Owl", "Ben Bee"), "c": ("Owl A.", "Bee B."), "d": ()}
    bring(catalog, {source: [owls(authors=names)] for source, names in lists.items()})
    (paper,) = catalog.browse()
    assert paper.authors == ("Ada Owl", "Ben Bee")
    assert catalog.papers([paper.paper_id])[paper.paper_id] == paper


records = st.builds(
    Paper,
    st.sampled_from(["Owls", "OWLS!", "Bees"]),
    st.sampled_from(["Short.", "Somewhat longer."]),
    published=st.sampled_from([None, "2020", "2020-05", "2021"]),
    arxiv_id=st.sampled_from([None, None, "2001.00001", "2001.00002"]),
    doi=st.sampled_from([None, None, "10.1/a", "10.1/b", "10.48550/arxiv.2001.00001"]),
    organization=st.sampled_from([None, "Owl Lab"]),
)
runs = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.lists(records, max_size=4), max_size=3), max_size=4
)


@settings(max_examples=60)
@given(runs)
def test_whatever_comes_each_record_is_kept_in_one_paper_and_the_last_run_again_changes_nothing(
    tmp_path_factory, runs
):
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    catalog = Catalog(path)
    for run in runs:
        outcomes = bring(catalog, run)
        assert len(outcomes) == sum(map(len, run.values()))
    kept = {}
    for _, _, record in catalog.records():
        kept.setdefault(record.paper_id, []).append(record)
    papers = catalog.papers(list(kept))
    assert papers == {paper_id: merge_records(of_paper) for paper_id, of_paper in kept.items()}
    assert catalog.count() == len(papers)
    changed = {change.paper_id: change.paper for change in catalog.changes_after(0, 99) if change.paper}
    assert changed == papers
    said = {record.organization for run in runs for each in run.values() for record in each}
    assert {paper.organization for paper in papers.values()} <= said
    if runs:
        last = catalog.last_sequence()
        again = bring(catalog, runs[-1])
        assert {outcome for _, outcome in again} <= {"unchanged", "duplicates"}
        assert catalog.last_sequence() == last
    with sqlite3.connect(path) as connection:
        orphans = connection.execute(
            "SELECT count(*) FROM keys WHERE paper_id NOT IN (SELECT paper_id FROM papers)"
        ).fetchone()
    connection.close()
    assert orphans == (0,)
    catalog.close()


@given(st.lists(st.tuples(st.sampled_from("ab"), records), min_size=1, max_size=4))
def test_each_origin_says_what_the_paper_says(records):
    paper = merge_records([record for _, record in records])
    for name, sources in origins(records).items():
        told = {source for source, record in records if getattr(record, name) == getattr(paper, name)}
        assert set(sources) == told
        assert told


def test_a_catalog_of_the_first_format_is_brought_to_this_one(tmp_path):
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    bring(catalog, {"a": [owls(arxiv_id="2101.00001")]})
    catalog.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE older (key TEXT PRIMARY KEY, paper_id TEXT NOT NULL) WITHOUT ROWID;"
            "INSERT INTO older SELECT * FROM keys; DROP TABLE keys; ALTER TABLE older RENAME TO keys;"
            "DROP INDEX papers_by; ALTER TABLE papers DROP COLUMN published;"
            "ALTER TABLE papers DROP COLUMN author_count; ALTER TABLE papers DROP COLUMN organization;"
            "DROP TABLE labels; DROP TABLE origins; DROP TABLE sources; DROP TABLE unnamed;"
            "ALTER TABLE papers DROP COLUMN words; DROP TABLE files; DROP INDEX papers_by_file;"
            "ALTER TABLE papers DROP COLUMN file; DROP INDEX records_by_file;"
            "ALTER TABLE records DROP COLUMN file; PRAGMA user_version = 1;"
        )
    connection.close()
    catalog = Catalog(path)
    assert bring(catalog, {"a": [owls(arxiv_id="2101.00001")]}) == [("2101.00001", "unchanged")]
    assert [outcome for _, outcome in bring(catalog, {"b": [owls(arxiv_id="2101.00002")]})] == ["added"]
    assert set(catalog.find([OWLS.title, "2101.00001"]).values()) <= {"2101.00001", "2101.00002"}
    catalog.close()

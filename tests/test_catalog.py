"""The catalog: who is the same paper, what records say together, and the log of changes."""

import sqlite3
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import split_abstract
from rag.errors import DamagedError, MixedLibraryError
from rag.identity import normalise_title
from rag.library.catalog import Catalog
from rag.library.catalog_tables import FORMAT
from rag.library.merge import merge_records
from rag.types import Filters, Paper, Passage

OWLS = Paper("Owls at Noon: A Study", "Owls sleep at noon. We watched nine of them.")


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def put(catalog, *papers, source="a.txt"):
    return catalog.recorder(split_abstract).put(papers, source)


def only(catalog):
    """The one paper of a catalog."""
    ((paper_id, _),) = catalog.passages_by_paper()
    return catalog.papers([paper_id])[paper_id]


@pytest.mark.parametrize(
    "title",
    [
        "OWLS AT NOON: A STUDY",
        "owls at noon - a study!",
        " Owls  at\tnoon (a study)",
        "Ｏwls at Noon: A Study",
    ],
)
def test_a_title_in_any_case_and_punctuation_is_the_same_paper(catalog, title):
    put(catalog, OWLS)
    assert put(catalog, Paper(title, OWLS.abstract), source="b.txt")[0][0] == OWLS.paper_id
    assert catalog.count() == 1


def test_another_word_or_accent_is_another_paper(catalog):
    put(catalog, *(Paper(title, "Owls.") for title in ("Owls", "Öwls", "Owls 2", "Owl s and")))
    assert catalog.count() == 4


@given(st.text(), st.text())
def test_papers_have_the_same_id_exactly_where_their_normalised_titles_are_equal(one, other):
    is_same = Paper(one, "x").paper_id == Paper(other, "x").paper_id
    assert is_same == (normalise_title(one) == normalise_title(other))


@given(st.text())
def test_normalising_a_title_twice_changes_nothing(title):
    assert normalise_title(normalise_title(title)) == normalise_title(title)


def test_an_identifier_names_a_paper_before_its_title_does():
    by_all = Paper("Owls", "x", arxiv_id=" 2101.00001v3 ", doi="10.1/OWL ")
    assert by_all.paper_id == "2101.00001"
    assert Paper("Owls", "x", doi="10.1/OWL ").paper_id == "10.1/owl"
    assert Paper("Owls", "x", arxiv_id="cs/0101001v2").paper_id == "cs/0101001"


def test_any_key_finds_the_paper_and_its_first_id_stays(catalog):
    put(catalog, OWLS)
    known = Paper(OWLS.title, OWLS.abstract, arxiv_id="2101.00001v1")
    renamed = Paper("Owls by Day", OWLS.abstract, arxiv_id="2101.00001v2", doi="10.1/owl")
    by_doi = Paper("Owls, Retitled", OWLS.abstract, doi="10.1/OWL")
    by_title = Paper("owls BY day", OWLS.abstract)
    for number, paper in enumerate([known, renamed, by_doi, by_title]):
        assert put(catalog, paper, source=f"{number}.txt")[0][0] == OWLS.paper_id
    assert only(catalog).arxiv_id.startswith("2101.00001")


def test_a_paper_is_known_by_every_title_that_it_was_given(catalog):
    rich = Paper("Owls", "Owls sleep at noon.", "2020-01-02", 3, "Owl Lab", arxiv_id="2101.00001")
    renamed = Paper("Owls by Day", "Owls.", arxiv_id="2101.00001v2")
    for source, paper in {"a": rich, "b": renamed, "c": Paper("owls by DAY", "Owls.")}.items():
        assert put(catalog, paper, source=source)[0][0] == rich.paper_id
    assert only(catalog).title == "Owls"


def test_the_richest_record_wins_and_the_others_fill_its_gaps():
    merged = merge_records(
        [
            Paper("OWLS", "Short.", published="2020", organization="Owl Lab"),
            Paper("Owls", "Longer text.", published="2021-05-06", author_count=3, doi="10.1/owl"),
            Paper("owls", "The longest text of all."),
        ]
    )
    assert merged.title == "Owls"
    assert merged.abstract == "The longest text of all."
    assert (merged.organization, merged.author_count, merged.doi) == ("Owl Lab", 3, "10.1/owl")
    assert merged.published == "2021-05-06"


@pytest.mark.parametrize(
    ("dates", "published"),
    [
        (["2021-03-04", "2020"], "2021-03-04"),
        (["2021-03", "2021-03-09", "2021-02-11"], "2021-02-11"),
        ([None, "2019", None], "2019"),
        ([None], None),
    ],
)
def test_the_most_precise_date_wins_and_among_those_the_earliest(dates, published):
    for order in (dates, dates[::-1]):
        assert merge_records([Paper("Owls", "x", published=date) for date in order]).published == published


dates = st.none() | st.sampled_from(["2020", "2020-03", "2020-01", "2020-03-04", "2020-12-31"])
records = st.builds(
    Paper,
    st.sampled_from(["Owls", "OWLS", "owls?"]),
    st.text(min_size=1, max_size=8),
    published=dates,
    author_count=st.none() | st.integers(1, 5),
    organization=st.none() | st.sampled_from(["Owl Lab", "Bee Lab"]),
)


def richness(paper):
    details = (paper.published, paper.author_count, paper.organization)
    return sum(detail is not None for detail in details), len(paper.abstract)


@given(st.data())
def test_the_order_of_records_matters_only_among_equally_rich_ones(data):
    distinct = data.draw(
        st.lists(records, min_size=1, max_size=5, unique_by=(richness, lambda p: len(p.abstract)))
    )
    shuffled = data.draw(st.permutations(distinct))
    assert merge_records(shuffled) == merge_records(distinct)


@given(st.lists(records, min_size=1, max_size=5))
def test_merging_again_changes_nothing(several):
    merged = merge_records(several)
    assert merge_records([merged]) == merged
    assert merge_records([merged, *several]) == merged


@given(st.lists(records, min_size=1, max_size=5))
def test_nothing_that_a_record_knows_is_lost(several):
    merged = merge_records(several)
    for name in ("published", "author_count", "organization"):
        values = [getattr(record, name) for record in several]
        assert getattr(merged, name) in values
        assert (getattr(merged, name) is None) == (set(values) == {None})
    assert len(merged.abstract) == max(len(record.abstract) for record in several)


ingests = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.lists(records, max_size=3)), max_size=5)


@settings(max_examples=25)
@given(ingests)
def test_a_paper_is_what_each_source_said_of_it_last(tmp_path_factory, ingests):
    catalog = Catalog(tmp_path_factory.mktemp("catalog") / "catalog.sqlite")
    held = {}
    for source, papers in ingests:
        recorder = catalog.recorder(split_abstract)
        recorder.put(papers, source)
        recorder.finish(source)
        held |= {source: papers} if papers else {}
    if held:
        kept = [record for _, _, record in catalog.records()]
        assert only(catalog) == merge_records(kept)
        assert Counter(kept) == Counter(paper for papers in held.values() for paper in papers)
    catalog.close()


def test_every_change_takes_the_next_number_and_the_log_keeps_the_last_of_each_paper(catalog):
    bees = Paper("Bees", "Bees fly.")
    assert [outcome for _, outcome in put(catalog, OWLS, bees)] == ["added", "added"]
    assert [change.sequence for change in catalog.changes_after(0, 10)] == [1, 2]
    assert put(catalog, Paper(OWLS.title, OWLS.abstract, published="2020")) == [(OWLS.paper_id, "updated")]
    changes = catalog.changes_after(0, 10)
    assert [(change.sequence, change.paper_id) for change in changes] == [
        (2, bees.paper_id),
        (3, OWLS.paper_id),
    ]
    assert catalog.changes_after(2, 10) == changes[1:]
    assert catalog.changes_after(0, 1) == changes[:1]
    assert (catalog.count_changes_after(0), catalog.count_changes_after(2), catalog.last_sequence()) == (
        2,
        1,
        3,
    )


def test_writing_the_same_again_changes_nothing(catalog):
    put(catalog, OWLS, Paper("Bees", "Bees fly."))
    before = catalog.last_sequence()
    assert {outcome for _, outcome in put(catalog, OWLS, Paper("Bees", "Bees fly."))} == {"unchanged"}
    assert catalog.last_sequence() == before


def test_the_digest_is_of_what_the_papers_say_whatever_their_order(tmp_path):
    bees, wrong = Paper("Bees", "Bees fly."), Paper("Bees", "Bees fry.")
    digests = []
    for number, papers in enumerate([(OWLS, bees), (bees, OWLS), (OWLS, wrong), (OWLS,)]):
        catalog = Catalog(tmp_path / f"{number}.sqlite")
        put(catalog, *papers)
        digests.append(catalog.digest())
        catalog.close()
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_change_carries_the_paper_and_its_passages(catalog):
    put(catalog, OWLS)
    (change,) = catalog.changes_after(0, 10)
    assert change.paper == OWLS
    assert change.passages == (Passage(OWLS.paper_id, 0, len(OWLS.abstract)),)
    assert (catalog.count_passages(), dict(catalog.passages_by_paper())) == (1, {OWLS.paper_id: 1})


def test_an_edited_source_replaces_its_own_record_even_by_a_shorter_one(catalog):
    put(catalog, OWLS)
    put(catalog, Paper(OWLS.title, "Owls sleep."))
    assert only(catalog).abstract == "Owls sleep."
    put(catalog, Paper(OWLS.title, "Owls."), source="b.txt")
    assert only(catalog).abstract == "Owls sleep."


def test_a_second_mention_in_one_source_adds_to_the_first(catalog):
    twice = [Paper("Owls", "Owls sleep at noon."), Paper("OWLS!", "Owls.", published="2020-01-02")]
    assert put(catalog, *twice) == [(twice[0].paper_id, "added"), (twice[0].paper_id, "duplicates")]
    merged = only(catalog)
    assert (merged.abstract, merged.published) == ("Owls sleep at noon.", "2020-01-02")
    before = catalog.last_sequence()
    assert [outcome for _, outcome in put(catalog, *twice)] == ["unchanged", "duplicates"]
    assert catalog.last_sequence() == before


def test_papers_are_found_by_id_and_unknown_ids_left_out(catalog):
    many = [Paper(f"Owls {number}", "Owls.") for number in range(1201)]
    put(catalog, *many)
    ids = [paper.paper_id for paper in many]
    assert catalog.papers([*ids, "nobody"]) == dict(zip(ids, many, strict=True))
    assert catalog.count_without_year() == 1201


@pytest.mark.parametrize("held", [True, False])
def test_digests_and_abstracts_never_mix(catalog, held):
    put(catalog, Paper("Owls", "Owls.", is_digest=held))
    before = catalog.last_sequence()
    mixed = [Paper("Bees", "Bees.", is_digest=held), Paper("Ants", "Ants.", is_digest=not held)]
    with pytest.raises(MixedLibraryError, match="--library"):
        put(catalog, *mixed)
    assert (catalog.count(), catalog.last_sequence(), catalog.holds_digests) == (1, before, held)
    assert put(catalog, mixed[0]) == [(mixed[0].paper_id, "added")]


def test_a_refused_first_batch_leaves_the_catalog_open_to_both_kinds(catalog):
    with pytest.raises(MixedLibraryError):
        put(catalog, OWLS, Paper("Bees", "Bees.", is_digest=True))
    assert (catalog.count(), catalog.holds_digests) == (0, False)
    put(catalog, Paper("Bees", "Bees.", is_digest=True))
    assert catalog.holds_digests


def test_what_is_written_survives_closing(tmp_path):
    odd = Paper(
        "Owls — “Öwls” \x00 🦉",
        "L'été, \\alpha < β & \u2028 so on.",
        "2020-01",
        3,
        "Owl & Co",
        doi="10.1/x",
    )
    for outcome in ("added", "unchanged"):
        catalog = Catalog(tmp_path / "catalog.sqlite")
        assert put(catalog, odd) == [(odd.paper_id, outcome)]
        assert only(catalog) == odd
        catalog.close()


def test_a_catalog_of_the_second_format_is_listed_and_filtered_as_one_of_this(tmp_path):
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    put(catalog, *LISTED, replace(OWLS, author_count=3))
    expected = catalog.browse(), catalog.browse("öwl lab"), catalog.digest(), catalog.last_sequence()
    catalog.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX papers_by")
        for column in ("published", "author_count", "organization", "words"):
            connection.execute(f"ALTER TABLE papers DROP COLUMN {column}")
        _without_files(connection)
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    catalog = Catalog(path)
    assert (
        catalog.browse(),
        catalog.browse("öwl lab"),
        catalog.digest(),
        catalog.last_sequence(),
    ) == expected
    assert catalog.count_matching(filters=Filters(min_authors=2)) == 1
    assert catalog.count_matching(filters=Filters(organization="ÖWL lab")) == 1
    catalog.close()


def _without_labels(connection):
    """From format 5 to 4."""
    for table in ("labels", "origins", "sources", "unnamed"):
        connection.execute(f"DROP TABLE {table}")


def _without_files(connection):
    """From format 5 to 3."""
    _without_labels(connection)
    for table in ("papers", "records"):
        connection.execute(f"DROP INDEX {table}_by_file")
        connection.execute(f"ALTER TABLE {table} DROP COLUMN file")
    connection.execute("DROP TABLE files")


def test_a_catalog_of_the_third_format_takes_files(tmp_path):
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    put(catalog, *LISTED)
    digest = catalog.digest()
    catalog.close()
    with sqlite3.connect(path) as connection:
        _without_files(connection)
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    catalog = Catalog(path)
    assert catalog.digest() == digest
    assert not catalog.files.holds_bodies()
    put(catalog, replace(LISTED[0], file="0" * 64))
    assert catalog.files.holds_bodies()
    catalog.close()


def test_a_catalog_of_the_fourth_format_is_selected_by_its_authors(tmp_path):
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    put(catalog, replace(OWLS, authors=("Ann Öwl",)), *LISTED[1:])
    catalog.close()
    with sqlite3.connect(path) as connection:
        _without_labels(connection)
        connection.execute("UPDATE papers SET words = ''")
        connection.execute("PRAGMA user_version = 4")
    connection.close()
    catalog = Catalog(path)
    assert catalog.listed(filters=Filters(author="owl")) == catalog.listed("ann") == [OWLS.paper_id]
    catalog.close()


def test_a_passage_is_of_the_abstract_unless_its_part_is_kept(catalog):
    spans = {OWLS.abstract: [(0, 4), (4, 9, "body")], "Read it.": [(0, 8)]}
    catalog.recorder(spans.__getitem__).put([replace(OWLS, note="Read it.")], "a.txt")
    parts = [passage.part for passage in catalog.passages([OWLS.paper_id])[OWLS.paper_id]]
    assert parts == ["abstract", "body", "note"]
    (change,) = catalog.changes_after(0, 9)
    kept = [(0, 4, "abstract"), (4, 9, "body"), (0, 8, "note")]
    assert change.passages == tuple(Passage(OWLS.paper_id, *span) for span in kept)


def test_a_format_of_the_future_is_refused(tmp_path):
    path = tmp_path / "catalog.sqlite"
    Catalog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(DamagedError, match="pip install --upgrade"):
        Catalog(path)


def test_a_file_that_is_no_catalog_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"not a catalog " * 100)
    with pytest.raises(DamagedError, match="cannot be used"):
        Catalog(path)
    assert path.read_bytes() == b"not a catalog " * 100


def test_addresses_and_prefixes_name_the_same_paper_and_nonsense_names_none():
    for shown in (
        "arXiv:2101.00001v2",
        "arXiv: 2101.00001",
        "https://arxiv.org/abs/2101.00001",
        "arxiv.org/pdf/2101.00001v1.pdf",
        "10.48550/arXiv.2101.00001",
        "2101.00001",
    ):
        assert Paper("Owls", "x", arxiv_id=shown).paper_id == "2101.00001"
    for shown in (
        "https://doi.org/10.1000/OWL",
        "DOI: 10.1000/owl",
        "dx.doi.org/10.1000/owl",
        "10.1000/OWL",
    ):
        assert Paper("Owls", "x", doi=shown).paper_id == "10.1000/owl"
    for nonsense in ("v1", "#checkpoint", "", "see the web page"):
        assert Paper("Owls", "x", arxiv_id=nonsense, doi=nonsense).keys == Paper("Owls", "x").keys


def test_a_source_that_names_a_paper_less_often_forgets_its_further_mentions(catalog):
    wrong = replace(OWLS, abstract=f"{OWLS.abstract} And a mistake that makes it longer.")
    put(catalog, OWLS, wrong, source="a.txt")
    assert catalog.papers([OWLS.paper_id])[OWLS.paper_id].abstract == wrong.abstract
    recorder = catalog.recorder(split_abstract)
    recorder.put([OWLS], "a.txt")
    recorder.finish("a.txt")
    assert catalog.papers([OWLS.paper_id])[OWLS.paper_id].abstract == OWLS.abstract


LISTED = [
    Paper("Owls at Noon", "Owls.", "2020-01-02", organization="Barn_Lab", arxiv_id="2001.00001"),
    Paper("Bees: 100% Counted", "Bees.", "2020-01", doi="10.1/bees"),
    Paper("Ants by Öwl Lab", "Ants.", "2021"),
    Paper("wrens", "Wrens of the barn.", "2020-01-02", organization="Öwl Lab"),
    Paper("Newts", "Newts."),
    Paper("moles 2020", "Moles."),
]


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("", ["Ants by Öwl Lab", "Owls at Noon", "wrens", "Bees: 100% Counted", "moles 2020", "Newts"]),
        ("OWLS noon", ["Owls at Noon"]),
        (" noon\tnoon\n owls ", ["Owls at Noon"]),
        ("öWL LAB", ["Ants by Öwl Lab", "wrens"]),
        ("2020", ["Owls at Noon", "wrens", "Bees: 100% Counted", "moles 2020"]),
        ("2020 lab", ["Owls at Noon", "wrens"]),
        ("2001.00", ["Owls at Noon"]),
        ("10.1/BEES", ["Bees: 100% Counted"]),
        ("0%", ["Bees: 100% Counted"]),
        ("barn_", ["Owls at Noon"]),
        ("%", ["Bees: 100% Counted"]),
        ("n_lab", ["Owls at Noon"]),
        ("o_ls", []),
        ("noonbarn", []),
        ("\\", []),
        ("'", []),
        ("\udcff", []),
        ("\x00", []),
        ("owls " * 5000, ["Owls at Noon"]),
    ],
)
def test_papers_are_listed_by_words_the_newest_first(catalog, words, titles):
    put(catalog, *LISTED)
    assert [paper.title for paper in catalog.browse(words)] == titles
    assert catalog.count_matching(words) == len(titles)


@settings(max_examples=25)
@given(st.integers(1, 7), st.sampled_from(["", "lab", "20", "o"]))
def test_pages_of_any_size_make_the_whole_list(tmp_path_factory, size, words):
    catalog = Catalog(tmp_path_factory.mktemp("catalog") / "catalog.sqlite")
    put(catalog, *LISTED, Paper("NEWTS, too", "Newts."), Paper("wrens", "Wrens.", doi="10.1/w"))
    whole = catalog.browse(words)
    pages = [
        catalog.browse(words, offset=start, most=size)
        for start in range(0, catalog.count_matching(words), size)
    ]
    assert [paper for page in pages for paper in page] == whole
    assert catalog.browse(words, offset=len(whole)) == []
    catalog.close()


def test_years_are_counted_and_the_unknown_one_comes_last(catalog):
    assert catalog.years() == {}
    put(catalog, *LISTED)
    assert list(catalog.years().items()) == [(2020, 3), (2021, 1), (None, 2)]


def test_the_sources_of_a_paper_are_named_once_each(catalog):
    put(catalog, OWLS, OWLS, source="b.txt")
    put(catalog, OWLS, Paper("Bees", "Bees."), source="a.txt")
    assert catalog.sources(OWLS.paper_id) == ["a.txt", "b.txt"]
    assert catalog.sources("unknown") == []


def test_a_removed_paper_is_forgotten_and_its_change_takes_the_next_number(catalog):
    known, bees = replace(OWLS, arxiv_id="2101.00001", paper_id=""), Paper("Bees", "Bees fly.")
    put(catalog, known, bees)
    put(catalog, replace(OWLS, title="Owls by Day", arxiv_id="2101.00001", paper_id=""), source="b.txt")
    assert catalog.remove([known.paper_id]) == 1
    assert (only(catalog), catalog.count_passages()) == (bees, 1)
    assert [
        (each.sequence, each.paper_id, each.paper, each.passages) for each in catalog.changes_after(2, 9)
    ] == [(catalog.last_sequence(), known.paper_id, None, ())]
    assert catalog.sources(known.paper_id) == []
    assert catalog.find(["2101.00001", OWLS.title, "Owls by Day"]) == {}
    assert put(catalog, OWLS) == [(OWLS.paper_id, "added")]  # without the arXiv id, which nothing says now
    assert catalog.papers([OWLS.paper_id]) == {OWLS.paper_id: OWLS}


def test_each_reference_removes_its_paper_and_one_that_names_none_nothing(catalog):
    put(catalog, *LISTED)
    before = catalog.last_sequence()
    assert catalog.remove(["unknown", "", "\udcff", "9999.99999"]) == 0
    assert (catalog.last_sequence(), catalog.count()) == (before, len(LISTED))
    references = [LISTED[4].paper_id, "arXiv:2001.00001v3", "https://doi.org/10.1/bees", "WRENS!", "newts"]
    assert catalog.remove([*references, "unknown"]) == 4
    assert [paper.title for paper in catalog.browse()] == ["Ants by Öwl Lab", "moles 2020"]
    assert catalog.last_sequence() == before + 4


def test_many_papers_are_removed_at_once(catalog):
    many = [Paper(f"Owls {number}", "Owls.") for number in range(1201)]
    put(catalog, *many, OWLS)
    assert catalog.remove([paper.title for paper in many]) == 1201
    assert only(catalog) == OWLS


@pytest.mark.parametrize("held", [True, False])
def test_a_catalog_that_was_emptied_takes_either_kind(catalog, held):
    bees = Paper("Bees", "Bees.", is_digest=held)
    put(catalog, replace(OWLS, is_digest=held), bees)
    catalog.remove([OWLS.title])
    with pytest.raises(MixedLibraryError):
        put(catalog, replace(OWLS, is_digest=not held))
    catalog.remove([bees.title])
    assert (catalog.count(), catalog.holds_digests) == (0, False)
    assert put(catalog, replace(OWLS, is_digest=not held)) == [(OWLS.paper_id, "added")]
    assert catalog.holds_digests != held

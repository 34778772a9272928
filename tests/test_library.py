"""The library: indexes that follow the catalog through anything, one writer, readers that keep up."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import chromadb
import numpy as np
import pytest
import tantivy
from conftest import Halved, Listed
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.synthetic import ReusingEncoder
from ingest.chunking import split_abstract
from ingest.pipeline import ingest
from ingest.sources.base import Rejection
from ingest.sources.files import FileSource, open_path
from rag.errors import (
    DamagedError,
    LibraryBusyError,
    LibraryError,
    MixedLibraryError,
    NoLibraryError,
    SourceError,
    WrongEncoderError,
)
from rag.library import Library, probing
from rag.library.catalog import Change
from rag.library.embedded import embedded_text
from rag.retrieval import WEIGHTS, Retriever, belonging, fuse
from rag.types import Filters, Hit, Paper, Passage

ROOT = Path(__file__).parents[1]
COUNT = 333  # papers of the bundled library


class Counting:
    """The real encoder; it remembers the texts that it was given."""

    def __init__(self, encoder):
        self.encoder, self.texts = encoder, []
        self.name, self.dimension = encoder.name, encoder.dimension

    def encode(self, texts):
        self.texts += texts
        return self.encoder.encode(texts)


def paper(topic, published=None, sentences=1):
    text = " ".join(
        f"Part {number} says how {topic} are counted in the field." for number in range(sentences)
    )
    return Paper(f"A Study of {topic}", text, published)


PAPERS = (paper("owls", "2019"), paper("bees", "2021-05-06"), paper("rivers"))


def bring(library, *papers, name="listed"):
    return ingest(library, [Listed(papers, name)])


def found(library, query, **years):
    return [hit.paper.title for hit in Retriever(library).search(query, filters=Filters(**years))]


def is_well(library):
    return library.behind() == 0 and library.verify() == []


@pytest.fixture
def counting(encoder):
    return Counting(encoder)


@pytest.fixture
def counted(tmp_path, counting):
    """A library of three papers whose encoder counts."""
    with Library.create(tmp_path / "counted", counting) as library:
        bring(library, *PAPERS)
        yield library


def test_what_is_ingested_is_found(library):
    report = bring(library, *PAPERS, PAPERS[0], Rejection("listed", 7, "not a paper"))
    assert (report.seen, report.added, report.duplicates, report.papers, report.passages) == (5, 3, 1, 3, 3)
    assert report.rejected == [Rejection("listed", 7, "not a paper")]
    assert found(library, "bees")[0] == "A Study of bees"
    assert is_well(library)


def test_there_is_no_library_before_one_is_made(tmp_path):
    with pytest.raises(NoLibraryError, match="askpapers ingest"):
        Library(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_library_finds_nothing_and_is_well(library):
    assert found(library, "owls") == []
    assert is_well(library)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(LibraryError, match="name another"):
        Library.create(tmp_path / "file" / "library")


def test_ingesting_again_changes_nothing_and_embeds_nothing(counted, counting):
    before = counted.catalog.last_sequence()
    counting.texts.clear()
    report = bring(counted, *PAPERS)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)
    assert (counted.catalog.last_sequence(), counting.texts) == (before, [])
    assert is_well(counted)


def test_a_changed_abstract_embeds_only_the_passages_that_changed(counted, counting):
    long = paper("foxes", sentences=30)
    bring(counted, long)
    number = counted.catalog.count_passages() - len(PAPERS)
    counting.texts.clear()
    changed = replace(long, abstract=long.abstract.replace("Part 29", "Part X"))
    assert bring(counted, changed).updated == 1
    start, end = split_abstract(changed.abstract)[-1]
    assert number > 3
    assert counting.texts == [f"{changed.title}\n{changed.abstract[start:end]}"]
    assert is_well(counted)


def test_a_shorter_abstract_leaves_no_passage_behind(counted, counting):
    long = paper("foxes", sentences=30)
    bring(counted, long)
    short = replace(long, abstract=long.abstract[: split_abstract(long.abstract)[0][1]])
    counting.texts.clear()
    bring(counted, short)
    assert counting.texts == []
    assert counted.dense.count() == counted.catalog.count_passages() == len(PAPERS) + 1
    assert is_well(counted)


def test_a_changed_date_embeds_nothing_and_the_filter_sees_it(counted, counting):
    assert found(counted, "rivers", from_year=2024) == []
    counting.texts.clear()
    bring(counted, replace(PAPERS[2], published="2024-02"), replace(PAPERS[0], published="2023"))
    assert counting.texts == []
    assert found(counted, "rivers", from_year=2024) == ["A Study of rivers"]
    assert found(counted, "owls", to_year=2020) == []
    assert is_well(counted)


def test_a_date_that_is_taken_back_is_gone_from_the_filter(counted):
    bring(counted, replace(PAPERS[0], published=None))
    assert found(counted, "owls", from_year=1900) == ["A Study of bees"]
    bring(counted, replace(PAPERS[1], published=None, abstract="Bees, counted anew."))
    assert found(counted, "bees", from_year=1900) == []
    assert is_well(counted)


def test_a_changed_title_is_embedded_anew(counted, counting):
    counting.texts.clear()
    bring(counted, replace(PAPERS[0], title="A STUDY OF OWLS"))
    assert counting.texts == [f"A STUDY OF OWLS\n{PAPERS[0].abstract}"]


def test_digests_and_abstracts_never_mix(counted, tmp_path, encoder):
    digest = replace(paper("foxes"), is_digest=True)
    with pytest.raises(MixedLibraryError):
        bring(counted, digest)
    assert (counted.catalog.count(), is_well(counted)) == (3, True)
    with Library.create(tmp_path / "digests", encoder) as digests:
        bring(digests, digest)
        with pytest.raises(MixedLibraryError):
            bring(digests, *PAPERS)
        assert (digests.catalog.count(), is_well(digests)) == (1, True)


def crash_between(library):
    """What a crash leaves that comes after the catalog was written and before the indexes."""
    library.catalog.recorder(split_abstract).put([paper("foxes")], "listed")


@pytest.mark.parametrize("lost", [["dense"], ["lexical"], ["tokens"], ["dense", "lexical", "tokens"], []])
def test_an_index_that_is_behind_or_gone_catches_up(tmp_path, encoder, lost):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
        crash_between(library)
    for name in lost:
        shutil.rmtree(tmp_path / name)
    with Library(tmp_path, encoder) as library:
        assert library.behind() == 3 + 3 * len(lost)
        assert library.verify() != []
        library.sync()
        assert is_well(library)
        for topic in ("owls", "foxes"):
            (vector,) = encoder.encode([topic])
            paper_id = paper(topic).paper_id
            assert library.dense.search(vector, 1, Filters())[0][:2] == (paper_id, 0)
            assert library.lexical.search(topic, 1, Filters())[0][0] == paper_id
            assert library.tokens.match(library.encode_query(topic)[1], [paper_id]).keys() == {paper_id}


@pytest.mark.parametrize("name", ["dense", "lexical", "tokens"])
def test_an_index_folder_that_was_emptied_is_built_anew(tmp_path, encoder, name):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    shutil.rmtree(tmp_path / name)
    (tmp_path / name).mkdir()
    with Library(tmp_path, encoder) as library:
        library.sync()
        assert is_well(library)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "catalog.sqlite",
        "dense",
        "lexical",
        "lock",
        "tokens",
    ]


def test_an_index_that_knows_more_than_the_catalog_is_built_anew(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS, paper("foxes"))
    for path in tmp_path.glob("catalog.sqlite*"):
        path.unlink()
    with Library.create(tmp_path, encoder) as library:
        bring(library, paper("owls"))
        assert is_well(library)
        assert found(library, "foxes") == ["A Study of owls"]


def test_applying_a_change_twice_does_no_harm(counted):
    changes = counted.catalog.changes_after(0, 10)
    for index in counted.indexes:
        index.apply(changes, changes[-1].sequence)
    assert is_well(counted)


def test_a_removed_paper_leaves_the_indexes(counted):
    gone = Change(4, PAPERS[0].paper_id, None, ())
    for index in counted.indexes:
        index.apply([gone], 4)
    assert counted.verify()[3:] == [
        f"{gone.paper_id}: missing in lexical",
        f"{gone.paper_id}: missing in dense",
        f"{gone.paper_id}: missing in token",
    ]


def test_reindex_builds_everything_anew(counted, counting):
    counting.texts.clear()
    counted.reindex()
    assert len(counting.texts) == 3
    assert is_well(counted)
    assert found(counted, "bees")[0] == "A Study of bees"


def test_verify_finds_what_was_done_behind_the_back_of_the_library(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    client = chromadb.PersistentClient(str(tmp_path / "dense"))
    passages = client.get_collection("passages", embedding_function=None)
    passages.delete([f"{PAPERS[0].paper_id}#0"])
    (vector,) = encoder.encode(["stray"])
    passages.add(["stray#0"], embeddings=[vector], metadatas=[{"paper_id": "stray", "start": 0, "end": 1}])
    client.close()
    with Library(tmp_path, encoder) as library:
        assert library.behind() == 0
        assert sorted(library.verify()) == sorted(
            [f"{PAPERS[0].paper_id}: missing in dense", "stray: left over in dense"]
        )
        stray = paper("strays")
        library.lexical.apply([Change(0, stray.paper_id, stray, ())], library.catalog.last_sequence())
        assert f"{stray.paper_id}: left over in lexical" in library.verify()
        assert "A Study of bees" in found(library, "strays")
        library.reindex()
        assert is_well(library)


def test_another_encoder_is_refused_and_reindex_is_the_cure(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    with Library(tmp_path, Halved(encoder)) as library:
        for use in (library.behind, library.sync, library.verify, lambda: found(library, "owls")):
            with pytest.raises(WrongEncoderError, match="library reindex"):
                use()
        library.reindex()
        assert is_well(library)
        assert found(library, "bees")[0] == "A Study of bees"
    with Library(tmp_path, encoder) as library, pytest.raises(WrongEncoderError, match="halved"):
        found(library, "owls")


@pytest.mark.parametrize(
    "part",
    [
        *("dense/chroma.sqlite3", "tokens/tokens.sqlite", "catalog.sqlite"),
        *("lexical/meta.json", "lexical/*.idx", "lexical/*.term", "lexical/*.store", "lexical/*.fast"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_a_remedy(tmp_path, encoder, part):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    for path in tmp_path.glob(f"{part}*"):
        path.write_bytes(b"damaged " * 1000)
    with (
        pytest.raises(DamagedError, match=r"reindex|backup") as raised,
        Library(tmp_path, encoder) as library,
    ):
        found(library, "owls", from_year=1990)
    assert len(str(raised.value)) < 400
    if part != "catalog.sqlite":
        with Library(tmp_path, encoder) as library:
            library.reindex()
            assert is_well(library)


def python(program, *arguments, **options):
    """A process of its own that runs a program."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, **options)


HOLD = """
import sys
from rag.library import Library, probing
with Library(sys.argv[1]).writing():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_one_process_writes_at_a_time_and_the_lock_falls_with_it(counted):
    with python(HOLD, counted.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "held\n"
        writes = (lambda: bring(counted, paper("foxes")), lambda: counted.remove(["A Study of owls"]))
        for write in (*writes, counted.sync, counted.reindex):
            with pytest.raises(LibraryBusyError, match="again"):
                write()
        assert (counted.catalog.count(), is_well(counted)) == (3, True)
        assert found(counted, "owls")[0] == "A Study of owls"
        holder.kill()
    assert bring(counted, paper("foxes")).added == 1


GROW = """
import sys
from pathlib import Path
from ingest.pipeline import ingest
from ingest.sources.files import FileSource, open_path
from rag.library import Library, probing
with Library(sys.argv[1]) as library:
    for name in sys.argv[2:]:
        ingest(library, open_path(Path(name)))
"""


def write_page(path, topics):
    """A page in the bare layout."""
    entries = "".join(f"Counting {topic}\nWe count {topic} in the field.\n" for topic in topics)
    path.write_text(f"Get trending papers in your email inbox!\nSubscribe{entries}", encoding="utf-8")
    return path


def wait_for(is_so, seconds=60.0):
    """Wait until something is so, and fail where it takes longer."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)


def has_vectors_of(library, paper):
    """Whether this process sees the passages of a paper in its vector queries."""
    (vector,) = library.encoder.encode([paper.title])
    return paper.paper_id in {paper_id for paper_id, *_ in library.dense.search(vector, 1000, Filters())}


@pytest.mark.slow
def test_a_reader_sees_what_another_process_writes_and_never_fails_meanwhile(counted, tmp_path):
    pages = [write_page(tmp_path / f"{n}.txt", [f"foxes{n}", f"eels{n}"]) for n in range(5)]
    newest = Paper("Counting eels4", "x")
    assert not has_vectors_of(counted, newest)
    with python(GROW, counted.folder, *pages) as writer:
        while writer.poll() is None:
            assert "A Study of owls" in found(counted, "owls, foxes and eels are counted in the field")
            time.sleep(0.02)
    assert writer.returncode == 0
    wait_for(lambda: has_vectors_of(counted, newest))
    assert found(counted, "eels4")[0] == newest.title
    assert counted.catalog.count() == 13
    assert is_well(counted)


@pytest.mark.slow
def test_a_reader_of_an_empty_library_sees_it_fill(library, tmp_path):
    page = write_page(tmp_path / "page.txt", [f"foxes{n}" for n in range(100)])
    with python(GROW, library.folder, page) as writer:
        while writer.poll() is None:
            found(library, "foxes are counted in the field")
            time.sleep(0.02)
    assert writer.returncode == 0
    wait_for(lambda: has_vectors_of(library, Paper("Counting foxes99", "x")))
    assert is_well(library)


@pytest.mark.slow
def test_a_reader_outlives_what_another_process_deletes(counted, tmp_path):
    page = tmp_path / "papers.jsonl"
    long = paper("foxes", sentences=30)
    page.write_text(json.dumps({"title": long.title, "abstract": long.abstract}))
    ingest(counted, open_path(page))
    page.write_text(json.dumps({"title": long.title, "abstract": "Foxes, counted."}))
    with python(GROW, counted.folder, page) as writer:
        while writer.poll() is None:
            assert found(counted, "foxes")
            time.sleep(0.02)
    assert writer.returncode == 0
    wait_for(lambda: Retriever(counted).search("foxes")[0].passage_text == "Foxes, counted.")
    assert is_well(counted)


@pytest.mark.slow
def test_a_reader_outlives_a_reindex_by_another_process(counted):
    program = "import sys; from rag.library import Library; Library(sys.argv[1]).reindex()"
    assert found(counted, "owls")[0] == "A Study of owls"
    with python(program, counted.folder) as writer:
        while writer.poll() is None:
            with suppress(DamagedError):  # a query that is under way while the folder is moved
                found(counted, "owls")
    assert writer.returncode == 0
    wait_for(lambda: has_vectors_of(counted, PAPERS[0]))
    assert found(counted, "bees")[0] == "A Study of bees"
    assert is_well(counted)


def interrupt(arguments, is_time):
    """Run a command, press Ctrl-C when it is time; its exit code and what it said."""
    command = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        while not is_time():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    return process.returncode, out, said


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_ingest_keeps_what_was_written_and_the_next_goes_on(tmp_path, counting):
    total = 500
    page = write_page(tmp_path / "page.txt", [f"topic {number}" for number in range(total)])
    arguments = ["ingest", page, "--library", tmp_path / "library"]
    with Library.create(tmp_path / "library", counting) as library:
        code, out, said = interrupt(arguments, lambda: library.catalog.count() > 0)
        assert (code, out, "Traceback" in said) == (130, "", False)
        assert "interrupted" in said.splitlines()[-1]
        assert 0 < library.catalog.count() <= total

        code, _, _ = interrupt(arguments, lambda: library.dense.checkpoint() > 0)
        embedded = library.dense.checkpoint()
        assert (code, library.catalog.count()) == (130, total)
        assert 0 < embedded < total

        report = ingest(library, open_path(page))
        assert (report.seen, report.unchanged, report.papers) == (total, total, total)
        assert len(counting.texts) <= total - embedded
        assert is_well(library)


@pytest.mark.slow
def test_the_dense_search_of_a_few_thousand_passages_misses_none(bundled, encoder):
    """Whatever graph this process has made of what was added last: all processes find the same."""
    count = bundled.dense.count()
    for question in ("pre-training on source code", "Dutch", "Which papers prune vision models?", "owls"):
        vector = encoder.encode([question])[0]
        cosines = {row[:2]: row[2] for row in bundled.dense.search(vector, count, Filters())}
        assert len(cosines) == count  # all there are
        found = {row[:2] for row in bundled.dense.search(vector, 300, Filters())}
        assert len(found) == 300
        last = sorted(cosines.values())[-300]
        assert found >= {place for place, cosine in cosines.items() if cosine > last + 1e-5}


@pytest.mark.parametrize(
    "query", ["a:b -y (", '"quotes', "🦉🦉", "AND OR NOT", "*", "\\", "\x00", "^~[2 TO 3}", "x" * 4000]
)
def test_no_query_is_too_odd(bundled, query):
    hits = Retriever(bundled).search(query)
    assert len(hits) == 10
    assert all(0 <= hit.score <= 1 for hit in hits)


@pytest.mark.parametrize("query", ["speech of children", "BERT BERT BERT", "owls", "pre-training"])
def test_a_ranking_holds_each_paper_once_best_first(bundled, query):
    hits = Retriever(bundled).search(query, COUNT)
    scores = [hit.score for hit in hits]
    assert len({hit.paper.paper_id for hit in hits}) == len(hits) == COUNT
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for hit in hits:
        assert hit.passage.paper_id == hit.paper.paper_id
        assert embedded_text(hit.paper, hit.passage).endswith(hit.passage_text)
        assert hit.passage_text


@pytest.mark.parametrize("k", [1, 3, 30, 100, 1000])
def test_a_ranking_is_as_long_as_asked_or_as_the_library(bundled, k):
    hits = Retriever(bundled).search("speech", k)
    assert len(hits) == min(k, bundled.catalog.count())
    assert hits == Retriever(bundled).search("speech", max(k, 30))[:k]


@pytest.mark.parametrize("years", [(2022, None), (None, 2020), (2021, 2022), (2023, 2023), (1990, 1991)])
def test_a_filter_lets_through_the_papers_of_its_years_and_all_of_them(bundled, years):
    def is_inside(paper):
        return paper.year and (years[0] or 0) <= paper.year <= (years[1] or 9999)

    everything = Retriever(bundled).search("speech", COUNT)
    filtered = Retriever(bundled).search("speech", COUNT, Filters(*years))
    assert {hit.paper.paper_id for hit in filtered} == {
        hit.paper.paper_id for hit in everything if is_inside(hit.paper)
    }


signal_values = st.fixed_dictionaries({name: st.floats(-1, 1) for name in WEIGHTS})


@given(st.dictionaries(st.text(max_size=3), signal_values, max_size=8))
def test_a_fused_score_lies_in_the_unit_interval_and_rises_with_each_signal(signals):
    scores = fuse(signals, WEIGHTS)
    assert scores.keys() == signals.keys()
    assert all(0 <= score <= 1 for score in scores.values())
    for one, better in ((a, b) for a in signals for b in signals):
        if all(signals[one][name] <= signals[better][name] for name in WEIGHTS):
            assert scores[one] <= scores[better]


def test_what_clearly_matches_or_matches_nearly_as_well_as_the_best_belongs_on_a_list():
    def left(*scores):
        hits = [Hit(PAPERS[0], score, Passage("p", 0, 1)) for score in scores]
        return [hit.score for hit in belonging(hits)]

    assert left() == []
    assert left(0.95, 0.7, 0.61, 0.59) == [0.95, 0.7, 0.61]
    assert left(0.4, 0.34, 0.32) == [0.4, 0.34]


def test_the_newest_papers_come_first_and_papers_of_other_years_not_at_all(library):
    bring(library, *PAPERS)
    retriever = Retriever(library)
    newest = [hit.paper.title for hit in retriever.newest(2, Filters())]
    assert newest == ["A Study of bees", "A Study of owls"]
    assert [hit.paper.title for hit in retriever.newest(9, Filters(2019, 2019))] == ["A Study of owls"]


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        *(("owl", "there"), ("OWLS", "there"), ("pre-training", "there"), ("pretraining", "there")),
        *(("GPT-4", "there"), ("gpt4", "nowhere"), ("GPT-3", "nowhere"), ("RNA", "there")),
        *(("hedgehgos", "misspelt"), ("hedgehogs", "there"), ("RMA", "nowhere"), ("metformin", "nowhere")),
    ],
)
def test_whether_a_word_stands_in_the_library(library, word, standing):
    text = "Owls and a hedgehog hear RNA in pre-training. GPT-4 sees pretraining."
    assert library.lexical.standing(word) == "nowhere"
    bring(library, Paper("Animals", text), paper("bees 3"))
    assert library.lexical.standing(word) == standing


def test_what_is_ingested_after_a_restored_backup_is_indexed_too(tmp_path, encoder):
    folder, backup = tmp_path / "library", tmp_path / "backup.sqlite"
    with Library.create(folder, encoder) as library:
        bring(library, *PAPERS[:1])
    shutil.copy(folder / "catalog.sqlite", backup)
    with Library(folder, encoder) as library:
        bring(library, *PAPERS)
    for file in folder.glob("catalog.sqlite*"):
        file.unlink()
    shutil.copy(backup, folder / "catalog.sqlite")
    with Library(folder, encoder) as library:
        bring(library, *[paper(topic) for topic in ("newts", "moles", "larks", "wrens")])
        assert (library.behind(), library.verify()) == (0, [])


DETAILED = [
    replace(paper("owls"), author_count=1, organization="Barn", published="2020"),
    replace(paper("bees"), author_count=5, organization="Hive Lab"),
    replace(paper("foxes"), author_count=9, published="2022"),
    paper("eels"),
]


@pytest.mark.parametrize(
    ("filters", "topics"),
    [
        ({}, {"owls", "bees", "foxes", "eels"}),
        ({"min_authors": 5}, {"bees", "foxes"}),
        ({"max_authors": 5}, {"owls", "bees"}),
        ({"min_authors": 2, "max_authors": 8}, {"bees"}),
        ({"organization": "hive lab"}, {"bees"}),
        ({"organization": "Hive"}, set()),
        ({"papers": (paper("eels").paper_id, paper("owls").paper_id, "unknown")}, {"eels", "owls"}),
        ({"papers": ()}, set()),
        ({"papers": (paper("eels").paper_id,), "min_authors": 1}, set()),
        ({"min_authors": 1, "from_year": 2021}, {"foxes"}),
        ({"source": "listed"}, {"owls", "bees", "foxes", "eels"}),
        ({"source": "liste_"}, set()),
    ],
)
def test_filters_let_through_what_fulfils_them(library, filters, topics):
    bring(library, *DETAILED)
    assert set(found(library, "counted in the field", **filters)) == {
        f"A Study of {topic}" for topic in topics
    }


def test_a_source_is_known_by_its_name_or_the_last_part_of_it(library):
    bring(library, paper("owls"), name="/pages/page_1.txt")
    bring(library, paper("bees"), name="/pages/pageX1.txt")
    for name in ("/pages/page_1.txt", "page_1.txt"):
        assert found(library, "counted", source=name) == ["A Study of owls"]
    assert found(library, "counted", source="1.txt") == []


def held_by_indexes(library, paper):
    """The names of the indexes that hold anything of a paper."""
    held = {index.name for index in (library.dense, library.tokens) if paper.paper_id in index.held()}
    return held | ({library.lexical.name} if paper.paper_id in library.lexical.held() else set())


def test_a_removed_paper_is_gone_from_every_index_and_comes_back_when_ingested_again(counted, counting):
    owls, *others = PAPERS
    assert held_by_indexes(counted, owls) == {"dense", "token", "lexical"}
    counting.texts.clear()
    assert counted.remove([owls.title, owls.paper_id, "A Study of unicorns"]) == 1
    assert counting.texts == []
    assert held_by_indexes(counted, owls) == set()
    assert set(found(counted, "owls")) == {other.title for other in others}
    assert is_well(counted)
    report = bring(counted, *PAPERS)
    assert (report.added, report.unchanged, report.papers) == (1, 2, 3)
    assert held_by_indexes(counted, owls) == {"dense", "token", "lexical"}
    assert found(counted, "owls")[0] == owls.title
    assert is_well(counted)


def test_removing_what_is_not_there_changes_nothing(counted):
    before = counted.catalog.last_sequence()
    assert counted.remove(["A Study of unicorns", ""]) == counted.remove([]) == 0
    assert (counted.catalog.last_sequence(), counted.catalog.count(), is_well(counted)) == (before, 3, True)


def test_indexes_that_a_crash_kept_from_hearing_of_a_removal_catch_up(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
        library.catalog.remove([PAPERS[0].paper_id])
    with Library(tmp_path, encoder) as library:
        assert (library.behind(), len(held_by_indexes(library, PAPERS[0]))) == (3, 3)
        assert PAPERS[0].title not in found(library, "owls")  # the catalog is the truth
        library.sync()
        assert held_by_indexes(library, PAPERS[0]) == set()
        assert is_well(library)


def test_the_last_paper_can_be_removed_and_the_library_filled_again(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
        assert library.remove([paper.title for paper in PAPERS]) == 3
        assert found(library, "owls") == found(library, "owls", from_year=2000) == []
        assert (library.catalog.count(), library.dense.count(), is_well(library)) == (0, 0, True)
    with Library(tmp_path, encoder) as library:
        assert found(library, "owls") == []
        library.reindex()
        assert found(library, "owls") == []
        assert is_well(library)
        bring(library, *(replace(each, is_digest=True) for each in PAPERS))
        assert found(library, "owls")[0] == PAPERS[0].title
        assert is_well(library)


def test_removing_from_a_library_of_another_encoder_changes_nothing(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    with Library(tmp_path, Halved(encoder)) as library:
        with pytest.raises(WrongEncoderError):
            library.remove([PAPERS[0].title])
        assert library.catalog.count() == 3


def test_what_is_removed_after_a_restored_backup_leaves_the_indexes_too(tmp_path, encoder):
    folder, backup = tmp_path / "library", tmp_path / "backup.sqlite"
    with Library.create(folder, encoder) as library:
        bring(library, *PAPERS)
    shutil.copy(folder / "catalog.sqlite", backup)
    with Library(folder, encoder) as library:
        bring(library, paper("newts"), paper("moles"))
    for file in folder.glob("catalog.sqlite*"):
        file.unlink()
    shutil.copy(backup, folder / "catalog.sqlite")
    with Library(folder, encoder) as library:
        assert library.remove([PAPERS[0].title]) == 1
        assert (library.catalog.count(), is_well(library)) == (2, True)


REMOVE = "import sys; from rag.library import Library; Library(sys.argv[1]).remove(sys.argv[2:])"


@pytest.mark.slow
def test_a_reader_sees_what_another_process_removes(counted):
    assert found(counted, "owls")[0] == PAPERS[0].title
    with python(REMOVE, counted.folder, *(each.title for each in PAPERS[:2])) as remover:
        assert remover.wait() == 0
    assert found(counted, "owls") == [PAPERS[2].title]
    wait_for(lambda: not has_vectors_of(counted, PAPERS[0]))
    assert is_well(counted)


def test_a_labelled_file_is_the_same_source_wherever_it_lies(library, tmp_path):
    reports = []
    for number in range(2):
        path = tmp_path / str(number) / "upload.jsonl"
        path.parent.mkdir()
        lines = [{"title": each.title, "abstract": each.abstract} for each in PAPERS]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, {}]))
        reports.append(ingest(library, [FileSource(path, label="mine.jsonl")]))
    first, second = reports
    assert (first.added, second.unchanged, second.added, second.updated) == (3, 3, 0, 0)
    assert first.rejected == second.rejected == [Rejection("mine.jsonl", 4, "no title")]
    assert library.catalog.sources(PAPERS[0].paper_id) == ["mine.jsonl"]


def test_what_is_wrong_with_a_labelled_file_is_said_of_its_label(tmp_path):
    page = write_page(tmp_path / "xyz.txt", ["owls"])
    page.write_text(f"{page.read_text()}\nLost at Sea\n")
    (*_, rejected) = FileSource(page, label="mine.txt").read()
    assert rejected == Rejection("mine.txt", 5, "no abstract: Lost at Sea")
    page.write_text("")
    with pytest.raises(SourceError, match=r"^mine\.txt is empty"):
        list(FileSource(page, label="mine.txt").read())


def test_verify_finds_texts_and_years_that_are_not_the_catalogs(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
        assert library.verify() == []
        other = replace(PAPERS[0], abstract=f"{PAPERS[0].abstract} Or so.", published="1999")
        passages = (Passage(other.paper_id, 0, len(other.abstract)),)
        for index in library.indexes:
            index.apply([Change(0, other.paper_id, other, passages)], library.catalog.last_sequence())
        assert library.verify() == [
            f"{other.paper_id}: not as in the catalog in {name}" for name in ("lexical", "dense", "token")
        ]
        with sqlite3.connect(tmp_path / "tokens" / "tokens.sqlite") as connection:
            connection.execute(
                "UPDATE papers SET vectors = x'00' WHERE paper_id = ?", (PAPERS[1].paper_id,)
            )
        connection.close()
        assert f"{PAPERS[1].paper_id}: not as in the catalog in token" in library.verify()
        library.reindex()
        assert library.verify() == []


def test_verify_finds_what_is_wrong_in_the_catalog_itself(library):
    bring(library, *PAPERS)
    with sqlite3.connect(library.folder / "catalog.sqlite") as connection:
        connection.execute("DELETE FROM records WHERE paper_id = ?", (PAPERS[0].paper_id,))
        connection.execute("DELETE FROM changes WHERE paper_id = ?", (PAPERS[1].paper_id,))
    connection.close()
    problems = library.verify()
    assert "catalog: 1 papers without a record" in problems
    assert "catalog: 1 papers without a change" in problems


def test_a_lexical_index_of_an_older_form_is_made_anew(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
    older = tantivy.SchemaBuilder().add_text_field("paper_id", stored=True).build()
    shutil.rmtree(tmp_path / "lexical")
    (tmp_path / "lexical").mkdir()
    tantivy.Index(older, path=str(tmp_path / "lexical"))
    with Library(tmp_path, encoder) as library:
        assert library.behind() == len(PAPERS)
        library.sync()
        assert (library.behind(), library.verify()) == (0, [])


def test_who_is_writing_is_named_and_a_note_that_was_left_is_not_believed(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library, Library(tmp_path, encoder) as second:
        with library.writing(), library.writing():
            with pytest.raises(
                LibraryBusyError, match=rf"process {os.getpid()} \(.*, since 20.*run this again"
            ):
                second.sync()
            holder = second.lock.holder()
            assert holder and (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
        assert second.lock.holder() is None
        (tmp_path / "lock.holder").write_text('{"pid": 1, "host": "gone", "program": "x", "since": "y"}')
        assert str(second.lock.holder()) == "process 1 on gone (x, since y)"
        second.sync()
        with library.writing():
            (tmp_path / "lock.holder").write_text("[broken")
            with pytest.raises(LibraryBusyError, match="another process is writing"):
                second.sync()


def test_a_writer_waits_for_a_lock_as_long_as_it_is_told(tmp_path, encoder):
    with Library.create(tmp_path, encoder) as library, Library(tmp_path, encoder) as second:
        taken, done = threading.Event(), threading.Event()

        def write():
            with library.writing():
                taken.set()
                time.sleep(0.3)
                done.set()

        thread = threading.Thread(target=write)
        thread.start()
        taken.wait(10)
        with second.writing(patience=30):
            assert done.is_set()
        thread.join()


SEARCH = """
import sys
from rag.embedding import embedded_encoder
from rag.errors import AskpapersError
from rag.library import Library, probing
from rag.retrieval import Retriever

with Library(sys.argv[1], embedded_encoder()) as library:
    try:
        for query in ("owls", "bees", "how do they sleep"):
            print(len(Retriever(library).search(query)))
    except AskpapersError as error:
        print(error)
"""


def searched(folder):
    process = python(SEARCH, folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


@pytest.mark.slow
def test_vector_files_that_end_a_program_are_told_of_by_the_next_one(tmp_path):
    folder = tmp_path / "library"
    encoder = ReusingEncoder([f"Owls\nWe count owls of field {number}." for number in range(30)])
    with Library.create(folder, encoder) as library:
        bring(library, *(paper(f"owls of field {number}") for number in range(1100)))
        assert is_well(library)
    (vectors,) = folder.glob("dense/*/data_level0.bin")
    junk = np.random.default_rng(0).integers(0, 256, vectors.stat().st_size // 2, np.uint8).tobytes()
    with vectors.open("r+b") as file:
        file.seek(1000)
        file.write(junk)
    code, out = searched(folder)
    if code >= 0:  # Chroma may also see it
        assert "askpapers library reindex" in out
    else:
        code, out = searched(folder)
        assert code == 0
        assert "end any program that reads them" in out
        assert f"askpapers library reindex --library {folder}" in out
    with Library(folder, encoder) as library:
        library.reindex()
        assert is_well(library)
    assert searched(folder)[0] == 0
    assert not (folder / "dense.open").exists()


def test_a_process_that_was_killed_makes_the_next_one_try_the_folder_first(tmp_path, encoder, monkeypatch):
    tried = []
    survives = probing._survives
    monkeypatch.setattr(probing, "_survives", lambda folder: tried.append(folder) or survives(folder))
    with Library.create(tmp_path, encoder) as library:
        bring(library, *PAPERS)
        (held,) = (tmp_path / "dense.open").iterdir()
        assert found(library, "owls")
    assert not (tmp_path / "dense.open").exists()
    held.parent.mkdir()
    held.touch()
    for _ in range(2):
        with Library(tmp_path, encoder) as library:
            assert found(library, "owls")
    assert tried == [tmp_path / "dense"]

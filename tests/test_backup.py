"""A library as one file, and back: the same papers, records and ids, or one line that says why not."""

import io
import json
import random
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_tasks import document

from ingest.backup import Counts, restore, write_backup
from ingest.chunking import split_abstract
from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.errors import AskpapersError, LibraryBusyError, LibraryError, SourceError
from rag.library import Library
from rag.library.catalog import Catalog
from rag.library.lock import WriteLock
from rag.library.paper_files import PaperFile
from rag.types import Paper

OWLS = Paper(
    "Owls — “Öwls” \x00 🦉", "They sleep.\n\nAt noon.", "2020-01", 9, "Owl & Co", authors=("A. Owl",)
)
SOURCES = {
    "page.txt": [OWLS, Paper("Bees", "They dance.", published="2019")],
    "zotero.bib": [
        Paper("Bees", "They dance well.", published="2022", doi="10.1/bees"),
        Paper("Owls, renamed", "They sleep.", arxiv_id="2001.00001"),
        Paper("Owls, again", "They sleep.", arxiv_id="2001.00001v2"),
    ],
}


def filled(path, sources=SOURCES):
    catalog = Catalog(path)
    recorder = catalog.recorder(split_abstract)
    for source, papers in sources.items():
        recorder.put(papers, source)
        recorder.finish(source)
    return catalog


@pytest.fixture
def backup(tmp_path):
    catalog = filled(tmp_path / "catalog.sqlite")
    with (tmp_path / "backup.jsonl").open("wb") as file:
        assert write_backup(catalog, file) == Counts(4, 5)
    catalog.close()
    return tmp_path / "backup.jsonl"


def with_texts(path):
    """A catalog in which two papers have whole texts, the second that of a large file."""
    catalog = filled(path)
    recorder = catalog.recorder(split_abstract)
    large = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz ", k=300_000))
    for number, text in enumerate(("Two words", large)):
        read = document(text=text)
        row = PaperFile(f"{number}" * 64, f"/papers/{number}.pdf", True, 1, asdict(read.front))
        recorder.put_file(row, read.body, [(0, 3), (4, 9)])
        recorder.put([Paper(f"Whole {number}", "", file=row.file)], row.path)
        recorder.finish(row.path)
    return catalog


@pytest.fixture
def whole_backup(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.backup_files._PIECE", 100_000)
    catalog = with_texts(tmp_path / "catalog.sqlite")
    with (tmp_path / "backup.jsonl").open("wb") as file:
        assert write_backup(catalog, file) == Counts(6, 7, 2)
    catalog.close()
    return tmp_path / "backup.jsonl"


def texts_of(path):
    catalog = Catalog(path)
    bodies = {file: body.to_bytes() for file, body in catalog.files.bodies(catalog.files.ids()).items()}
    known = catalog.files.known(list(bodies))
    fronts = {file: (row.path, row.reader, row.front) for file, row in known.items()}
    passages = catalog.files.passages([paper_id for paper_id, _ in catalog.passages_by_paper()])
    kept = catalog.files.kept()
    catalog.close()
    return (bodies, fronts, passages), kept


def test_whole_texts_come_back_without_their_files(whole_backup, tmp_path):
    assert restore(tmp_path / "new", whole_backup) == Counts(6, 7, 2)
    assert told(tmp_path / "new" / "catalog.sqlite") == told(tmp_path / "catalog.sqlite")
    (before, kept), (after, left) = (
        texts_of(folder / "catalog.sqlite") for folder in (tmp_path, tmp_path / "new")
    )
    assert before == after
    assert (len(before[0]), len(before[2]), len(kept), left) == (2, 2, 2, set())
    lines = whole_backup.read_bytes().splitlines()
    assert len(lines) > 1 + 2 + 2 + 7  # a large text takes several
    assert max(map(len, lines)) < 200_000


def test_a_backup_of_the_first_format_restores(tmp_path):
    lines = [
        {"askpapers_backup": 1, "papers": 1, "records": 2},
        {"source": "a.bib", "mention": 0, "title": "Bees", "abstract": "They dance.", "paper_id": "k"},
        {"source": "b.bib", "mention": 0, "title": "Bees", "abstract": "They dance well.", "paper_id": "k"},
    ]
    path = tmp_path / "backup.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert restore(tmp_path / "new", path) == Counts(1, 2)
    catalog = Catalog(tmp_path / "new" / "catalog.sqlite")
    assert catalog.papers(["k"])["k"].abstract == "They dance well."
    catalog.close()


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda lines: [lines[0], *lines[3:]], "whole text"),
        (lambda lines: [*lines[:2], *lines[3:]], "is no whole text of a backup"),
        (lambda lines: [*lines[:2], lines[2].replace(b"A", b"B"), *lines[3:]], "is no whole text"),
        (lambda lines: [lines[0], lines[1].replace(b"[0, 3]", b"[0, 3000]"), *lines[2:]], "passages"),
        (lambda lines: [lines[0], lines[1].replace(b"0" * 64, b"2" * 64), *lines[2:]], "is no record"),
        (lambda lines: [lines[0], lines[1].replace(b'"front": {', b'"front": [{'), *lines[2:]], "no whole"),
    ],
)
def test_a_broken_whole_text_restores_nothing_and_says_so(whole_backup, tmp_path, broken, says):
    whole_backup.write_bytes(b"".join(broken(whole_backup.read_bytes().splitlines(keepends=True))))
    with pytest.raises(SourceError, match=says) as raised:
        restore(tmp_path / "new", whole_backup)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "new" / "catalog.sqlite").exists()


def test_a_backup_with_whole_texts_can_be_ingested_as_papers(whole_backup, tmp_path, encoder):
    with Library.create(tmp_path / "other", encoder) as library:
        report = ingest(library, [FileSource(whole_backup)])
        assert (report.papers, report.rejected, report.title_only) == (6, [], 2)


def told(path):
    catalog = Catalog(path)
    found = catalog.digest(), list(catalog.records())
    catalog.close()
    return found


def test_a_library_comes_back_as_it_was(backup, tmp_path):
    assert restore(tmp_path / "new", backup) == Counts(4, 5)
    assert told(tmp_path / "new" / "catalog.sqlite") == told(tmp_path / "catalog.sqlite")
    again = filled(tmp_path / "new" / "catalog.sqlite", {})
    outcomes = again.recorder(split_abstract).put(SOURCES["zotero.bib"], "zotero.bib")
    assert [outcome for _, outcome in outcomes] == ["unchanged", "unchanged", "duplicates"]
    again.close()


def test_the_indexes_follow_a_restored_catalog_and_not_what_stood_there(backup, tmp_path, encoder):
    place = tmp_path / "library"
    with Library.create(place, encoder) as library:
        ingest(library, [FileSource(write_lines(tmp_path / "ants.jsonl", [Paper("Ants", "They march.")]))])
    (place / "catalog.sqlite").unlink()  # all else stays
    restore(place, backup)
    with Library(place, encoder) as library:
        assert library.behind() == 3 * 4
        library.sync()
        assert library.verify() == []


def test_a_catalog_that_was_lost_takes_its_indexes_with_it(tmp_path, encoder):
    for title in ("Ants", "Bees"):
        with Library.create(tmp_path / "library", encoder) as library:
            ingest(
                library, [FileSource(write_lines(tmp_path / "x.jsonl", [Paper(title, "They are many.")]))]
            )
            assert library.verify() == []
        (tmp_path / "library" / "catalog.sqlite").unlink()


def write_lines(path, papers):
    path.write_text("".join(json.dumps({"title": p.title, "abstract": p.abstract}) + "\n" for p in papers))
    return path


def test_a_backup_can_be_ingested_as_papers_too(backup, tmp_path, encoder):
    with Library.create(tmp_path / "other", encoder) as library:
        report = ingest(library, [FileSource(backup)])
        assert (report.papers, report.rejected) == (4, [])  # the first line is none


def test_a_library_that_holds_papers_is_not_written_over(backup, tmp_path):
    filled(tmp_path / "catalog.sqlite").close()
    before = told(tmp_path / "catalog.sqlite")
    with pytest.raises(LibraryError, match=r"holds papers already.*--library"):
        restore(tmp_path, backup)
    assert told(tmp_path / "catalog.sqlite") == before


def test_nobody_restores_while_another_writes(backup, tmp_path):
    (tmp_path / "new").mkdir()
    with WriteLock(tmp_path / "new").held(), pytest.raises(LibraryBusyError):
        restore(tmp_path / "new", backup)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda lines: lines[1:], "is no backup"),
        (lambda lines: lines[:-1], "4 of its 5 records"),
        (lambda lines: [*lines, lines[-1]], "6 of its 5 records"),
        (lambda lines: [*lines[:-1], b"[]\n"], ":6 is no record"),
        (lambda lines: [*lines[:-1], b'{"source": "a"}\n'], ":6 is no record"),
        (
            lambda lines: [*lines[:-1], lines[-1].replace(b'"mention": ', b'"mention": "x", "m": ')],
            ":6 is no",
        ),
        (lambda lines: [lines[0].replace(b": 3", b": 99", 1), *lines[1:]], "newer askpapers"),
        (lambda lines: [], "is no backup"),
    ],
)
def test_a_broken_backup_restores_nothing_and_says_so(backup, tmp_path, broken, says):
    backup.write_bytes(b"".join(broken(backup.read_bytes().splitlines(keepends=True))))
    with pytest.raises(SourceError, match=says) as raised:
        restore(tmp_path / "new", backup)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "new" / "catalog.sqlite").exists()
    with pytest.raises(SourceError, match="cannot be read"):
        restore(tmp_path / "new", tmp_path / "nowhere")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A backup with a whole text."""
    catalog, file = filled(tmp_path_factory.mktemp("whole") / "catalog.sqlite"), io.BytesIO()
    recorder, read = catalog.recorder(split_abstract), document()
    recorder.put_file(PaperFile("0" * 64, "/a.pdf", False, 1, asdict(read.front)), read.body, [(0, 3)])
    recorder.put([Paper("Whole", "", file="0" * 64)], "/a.pdf")
    write_backup(catalog, file)
    catalog.close()
    return file.getvalue()


@settings(max_examples=60)
@given(st.integers(0, 3000), st.binary(max_size=6))
def test_whatever_is_done_to_a_backup_all_of_it_is_restored_or_nothing(tmp_path_factory, whole, place, put):
    folder = tmp_path_factory.mktemp("backup")
    (folder / "backup").write_bytes(whole[:place] + put + whole[place + len(put) :])
    try:
        restore(folder / "new", folder / "backup")
    except AskpapersError as error:
        assert "\n" not in str(error)
        assert not (folder / "new" / "catalog.sqlite").exists()
    else:
        assert len(told(folder / "new" / "catalog.sqlite")[1]) == 6
        assert len(texts_of(folder / "new" / "catalog.sqlite")[0][0]) == 1

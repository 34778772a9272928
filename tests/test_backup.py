"""A library as one file, and back: the same papers, records and ids, or one line that says why not."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.backup import Counts, restore, write_backup
from ingest.chunking import split_abstract
from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.errors import AskpapersError, LibraryBusyError, LibraryError, SourceError
from rag.library import Library
from rag.library.catalog import Catalog
from rag.library.lock import WriteLock
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
        assert (report.papers, len(report.rejected)) == (4, 1)  # the first line is no paper


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
        (lambda lines: [lines[0].replace(b": 1", b": 99", 1), *lines[1:]], "newer askpapers"),
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


@settings(max_examples=60)
@given(st.integers(0, 2000), st.binary(max_size=6))
def test_whatever_is_done_to_a_backup_all_of_it_is_restored_or_nothing(tmp_path_factory, place, put):
    folder = tmp_path_factory.mktemp("backup")
    catalog, file = filled(folder / "catalog.sqlite"), io.BytesIO()
    write_backup(catalog, file)
    catalog.close()
    whole = file.getvalue()
    (folder / "backup").write_bytes(whole[:place] + put + whole[place + len(put) :])
    try:
        restore(folder / "new", folder / "backup")
    except AskpapersError as error:
        assert "\n" not in str(error)
        assert not (folder / "new" / "catalog.sqlite").exists()
    else:
        assert len(told(folder / "new" / "catalog.sqlite")[1]) == 5

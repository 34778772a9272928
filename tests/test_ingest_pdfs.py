"""PDFs of papers come into the library: each is read once, by real processes, and is one paper."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from small_pdfs import paper, pdf

from ingest import attachments
from ingest.pdf import document, workers
from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions
from ingest.sources.files import FileSource, open_path
from ingest.sources.linked_files import pdf_in
from rag.errors import SourceError
from rag.library import Library
from rag.library.library import INDEXES
from rag.types import Paper

OWLS = paper(
    "Ledgers of Owls: Counting Them at Night",
    "We count owls at night, and find that 3,141 of them keep a ledger.",
    "The ledger of owls holds 3,141 entries. Each entry names one mouse.",
)
OWLS_AGAIN = paper(
    "Ledgers of Owls: Counting Them at Night",
    "We count owls at night, and find that 3,142 of them keep a ledger.",
    "The ledger of owls holds 3,142 entries, as we counted again.",
)
BEES = paper("A Study of Bees and Drums", "We hear bees drum.", "Bees drum at noon, and rest at dusk.")
UNTITLED = pdf([(10.0, "some words stand here and go on without a title for a while.")])


ROOT = Path(__file__).parents[1]


def add(library, *paths, **options):
    sources = [source for path in paths for source in open_path(Path(path), ReadOptions(**options))]
    return ingest(library, sources)


def only(library):
    """The only paper, with its body."""
    (paper_id,) = library.catalog.listed()
    (found,) = library.catalog.with_bodies(library.catalog.papers([paper_id]).values())
    return found


def parses_nothing(monkeypatch):
    """Every file that is read from now on is a failure."""
    monkeypatch.setattr(workers, "TASK", "no.such.module:task")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_folder_of_pdfs_becomes_papers_and_what_cannot_be_read_is_listed(library, tmp_path):
    folder = tmp_path / "papers"
    write(folder / "deep" / "owls.pdf", OWLS)
    write(folder / "bees.PDF", BEES)
    write(folder / "broken.pdf", b"%PDF-1.4 and nothing")
    write(folder / "page.pdf", b"<html>no PDF</html>")
    write(folder / "packed.pdf.gz", b"\x1f\x8b" + OWLS[:20])
    report = add(library, folder)
    assert (report.seen, report.added, report.papers, report.title_only) == (5, 2, 2, 0)
    reasons = {Path(rejected.source).name: rejected.reason for rejected in report.rejected}
    assert reasons.keys() == {"broken.pdf", "page.pdf", "packed.pdf.gz"}
    assert "is damaged, or no PDF" in reasons["broken.pdf"]
    assert "is no PDF: save or print it as one" in reasons["page.pdf"]
    assert not (library.folder / "files").exists()
    titles = {found.title: found for found in library.catalog.browse()}
    assert titles.keys() == {"Ledgers of Owls: Counting Them at Night", "A Study of Bees and Drums"}
    assert titles["A Study of Bees and Drums"].authors == ("Ada Owl", "Bo Night")
    assert library.verify() == []
    assert tuple(index.name for index in library.indexes) == INDEXES


def test_a_packed_pdf_is_refused_in_one_line(tmp_path):
    path = write(tmp_path / "owls.pdf.gz", gzip.compress(OWLS))
    with pytest.raises(SourceError, match="is a packed PDF: unpack it"):
        open_path(path)


def test_a_text_that_mentions_a_pdf_is_a_text(library, tmp_path):
    line = {"title": "How %PDF-1.7 begins", "abstract": "Every file begins with %PDF-1.7 and a number."}
    path = write(tmp_path / "papers.jsonl", json.dumps(line).encode())
    assert add(library, path).added == 1


@pytest.mark.parametrize("keep", [False, True])
def test_a_pdf_stays_where_it_is_unless_it_is_kept(library, tmp_path, keep):
    path = write(tmp_path / "owls.pdf", OWLS)
    add(library, path, keep=keep)
    found = only(library)
    assert (library.file_of(found) == path) is not keep
    path.unlink()
    assert (library.file_of(found) is not None) is keep
    assert "3,141 entries" in only(library).body.text


def test_the_same_folder_again_and_what_was_moved_or_copied_is_not_read_again(
    library, tmp_path, monkeypatch
):
    for name in ("a", "b"):
        write(tmp_path / "papers" / f"{name}.pdf", OWLS)
    write(tmp_path / "papers" / "untitled.pdf", UNTITLED)
    report = add(library, tmp_path / "papers")
    assert (report.added, report.duplicates) == (2, 1)
    parses_nothing(monkeypatch)
    before = library.catalog.last_sequence()
    report = add(library, tmp_path / "papers")
    assert (report.unchanged, report.duplicates, report.rejected) == (2, 1, [])
    assert library.catalog.last_sequence() == before
    (tmp_path / "papers").rename(tmp_path / "moved")
    (tmp_path / "moved" / "untitled.pdf").rename(tmp_path / "moved" / "other name.pdf")
    report = add(library, tmp_path / "moved")
    assert (report.papers, report.rejected) == (2, [])
    for found in library.catalog.browse():
        assert library.file_of(found).parent == tmp_path / "moved"


def test_other_content_at_the_same_path_takes_the_place_of_the_old(library, tmp_path):
    path = write(tmp_path / "owls.pdf", OWLS)
    add(library, path, keep=True)
    old = only(library)
    write(path, OWLS_AGAIN)
    report = add(library, path, keep=True)
    found = only(library)
    assert (report.updated, found.paper_id) == (1, old.paper_id)
    assert "3,142 entries" in found.body.text
    assert library.catalog.files.ids() == [found.file]
    assert [copy.stem for copy in (library.folder / "files").iterdir()] == [found.file]
    assert library.verify() == []


def test_a_file_that_a_newer_reader_reads_is_still_one_paper(library, tmp_path, monkeypatch):
    path = write(tmp_path / "owls.pdf", OWLS)
    monkeypatch.setattr(attachments, "_usable_title", lambda front: "A Running Head")
    add(library, path)
    assert only(library).title == "A Running Head"
    monkeypatch.undo()
    monkeypatch.setattr(attachments, "READER", document.READER + 1)
    add(library, path)
    assert only(library).title == "Ledgers of Owls: Counting Them at Night"
    assert library.verify() == []


def test_a_pdf_of_a_paper_that_is_known_joins_it(library, tmp_path):
    record = {
        "title": "Ledgers of owls: counting them at night",
        "abstract": "Longer. " * 30,
        "published": "2021",
    }
    lines = write(tmp_path / "papers.jsonl", json.dumps(record).encode())
    add(library, lines)
    report = add(library, write(tmp_path / "owls.pdf", OWLS))
    found = only(library)
    assert (report.updated, found.abstract, found.published) == (1, ("Longer. " * 30).strip(), "2021")
    assert found.title == "Ledgers of owls: counting them at night"
    assert "3,141 entries" in found.body.text


def test_a_pdf_without_a_title_has_that_of_its_name(library, tmp_path):
    add(library, write(tmp_path / "Owls at noon.pdf", UNTITLED))
    found = only(library)
    assert found.title == "Owls at noon"
    assert library.catalog.files.known([found.file])[found.file].front["origins"] == {
        "title": "file's name"
    }


def test_files_of_one_name_without_a_title_stay_two_papers(library, tmp_path):
    other = pdf([(10.0, "these are other words, which stand here without a title, too.")])
    for name, content in {"a/paper.pdf": UNTITLED, "b/paper.pdf": other}.items():
        write(tmp_path / "papers" / name, content)
    assert add(library, tmp_path / "papers").added == 2
    assert {found.title for found in library.catalog.browse()} == {"paper", "b/paper"}
    before = library.catalog.last_sequence()
    assert add(library, tmp_path / "papers").unchanged == 2
    assert library.catalog.last_sequence() == before
    write(
        tmp_path / "papers" / "b" / "paper.pdf", pdf([(10.0, "and these are yet other words, the third.")])
    )
    assert add(library, tmp_path / "papers").updated == 1
    assert len(library.catalog.files.ids()) == 2


def test_what_a_killed_process_left_of_a_copy_is_deleted(library, tmp_path):
    left = write(library.folder / "files" / ".half.pdf.x", b"%PDF")
    add(library, write(tmp_path / "owls.pdf", OWLS), keep=True)
    assert not left.exists()
    assert len(list((library.folder / "files").iterdir())) == 1


def test_removing_a_paper_removes_its_text_its_copy_and_its_rows(library, tmp_path):
    add(library, write(tmp_path / "owls.pdf", OWLS), write(tmp_path / "bees.pdf", BEES), keep=True)
    ids = {found.title[0]: found.paper_id for found in library.catalog.browse()}
    library.remove([ids["L"]])
    assert len(library.catalog.files.ids()) == len(list((library.folder / "files").iterdir())) == 1
    assert library.verify() == []
    library.remove([ids["A"]])  # the last whole text
    assert library.catalog.files.ids() == list((library.folder / "files").iterdir()) == []
    assert [library.body_dense.count(), library.behind(), library.verify()] == [0, 0, []]
    assert library.body_words.held() == {}


# BibTeX.


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (":owls.pdf:PDF", "owls.pdf"),
        ("owls.pdf", "owls.pdf"),
        ("Full Text:files/12/x y.PDF:application/pdf", "files/12/x y.PDF"),
        (r"Owls\: a ledger:files/12/x y.PDF:application/pdf", "files/12/x y.PDF"),
        ("Owls: a ledger:files/12/x y.PDF:application/pdf", "files/12/x y.PDF"),
        ("Snapshot:files/1/s.html:text/html;PDF:owls.pdf:application/pdf", "owls.pdf"),
        (r":a\;b.pdf:PDF", "a;b.pdf"),
        (r":a\:b.pdf:PDF", "a:b.pdf"),
        (":{folder}/owls.pdf:pdf", "owls.pdf"),
        ("{absolute}/owls.pdf", "owls.pdf"),
        ("{absolute}/none.pdf;{absolute}/owls.pdf", "owls.pdf"),
        (r":under{\_}score.pdf:pdf", "under_score.pdf"),
        (r":under\_score.pdf:pdf", "under_score.pdf"),
        (":missing.pdf:PDF", "missing.pdf"),
        ("notes.txt", None),
        ("", None),
    ],
)
def test_reference_managers_name_files_in_their_own_forms(tmp_path, field, name):
    for existing in ("owls.pdf", "files/12/x y.PDF", "a;b.pdf", "a:b.pdf", "under_score.pdf"):
        write(tmp_path / existing, OWLS)
    field = field.replace("{folder}", str(tmp_path)[1:]).replace("{absolute}", str(tmp_path))
    assert pdf_in(field, tmp_path) == (tmp_path / name if name else None)


def bib(path, *files, title="Ledgers of Owls"):
    entries = [
        f"@article{{k{number},\n title = {{{title} {number}}},\n year = {{2021}},\n file = {{{file}}}\n}}\n"
        for number, file in enumerate(files)
    ]
    return write(path, "".join(entries).encode())


def test_an_entry_of_bibtex_brings_its_pdf(library, tmp_path, monkeypatch):
    write(tmp_path / "files" / "1" / "owls.pdf", OWLS)
    path = bib(tmp_path / "zotero.bib", "Owls:files/1/owls.pdf:application/pdf")
    report = add(library, path)
    found = only(library)
    assert (report.seen, report.added, report.title_only) == (1, 1, 0)
    assert (found.title, found.published) == ("Ledgers of Owls 0", "2021")
    assert found.abstract == "We count owls at night, and find that 3,141 of them keep a ledger."
    assert "3,141 entries" in found.body.text
    parses_nothing(monkeypatch)
    report = add(library, path)
    assert (report.unchanged, report.rejected) == (1, [])
    (tmp_path / "files" / "1" / "owls.pdf").unlink()
    report = add(library, bib(path, "Owls:files/1/owls.pdf:application/pdf"))
    assert (report.rejected, "3,141 entries" in only(library).body.text) == ([], True)
    report = add(library, bib(path, "none"))  # no file any more
    assert "3,141 entries" in only(library).body.text


def test_the_pdf_of_an_entry_is_not_a_second_paper(library, tmp_path):
    write(tmp_path / "owls.pdf", OWLS)
    bib(tmp_path / "mine.bib", "owls.pdf", title="Another Title")
    report = add(library, tmp_path)
    assert (report.seen, report.added, report.duplicates) == (2, 1, 1)
    assert only(library).title == "Another Title 0"


def test_an_entry_names_a_pdf_that_was_there_before_under_the_title_of_its_page(library, tmp_path):
    owls = write(tmp_path / "owls.pdf", OWLS)
    add(library, owls)
    path = bib(tmp_path / "mine.bib", "owls.pdf", title="Another Title")
    for _ in range(2):
        add(library, path)
        assert only(library).title == "Another Title 0"
        add(library, owls)
        assert "3,141 entries" in only(library).body.text
    assert library.verify() == []


def test_pdfs_that_are_not_there_are_said_once_and_their_papers_added(library, tmp_path):
    report = add(library, bib(tmp_path / "mine.bib", "a.pdf", "b.pdf", "c.txt"))
    (rejection,) = report.rejected
    assert (report.added, report.title_only) == (3, 3)
    assert rejection.reason.startswith(f"2 of its PDFs are not there, such as {tmp_path / 'a.pdf'}")


def test_an_upload_names_no_files_of_the_server(library, tmp_path):
    secret = write(tmp_path / "secret.pdf", OWLS)
    path = bib(tmp_path / "mine.bib", str(secret))
    ingest(library, [FileSource(path, label="upload/mine.bib")])
    assert (only(library).file, library.catalog.files.ids()) == (None, [])


def test_an_upload_is_kept_under_its_own_name(library, tmp_path):
    path = write(tmp_path / "x1" / "owls.pdf", OWLS)
    ingest(library, [FileSource(path, ReadOptions(keep=True), "upload/owls.pdf")])
    found = only(library)
    path.unlink()
    assert library.catalog.files.known([found.file])[found.file].path == "upload/owls.pdf"
    assert library.file_of(found).read_bytes() == OWLS
    assert library.catalog.sources(found.paper_id) == ["upload/owls.pdf"]


# Killed in the midst.


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills a process with its children")
def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path, encoder):
    folder = tmp_path / "papers"
    for number in range(40):
        content = paper(
            f"Owls of Night Number {number}", "We count owls.", f"Owl {number} sings {number} songs."
        )
        write(folder / f"{number:02}.pdf", content)
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "ingest",
        str(folder),
        "--library",
        str(tmp_path / "library"),
    ]
    with subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and not _written(tmp_path / "library") and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    written = _written(tmp_path / "library")
    assert 0 < written < 40
    parsed = []
    with Library(tmp_path / "library", encoder) as library, pytest.MonkeyPatch.context() as patch:
        parse_all = attachments.parse_all
        patch.setattr(
            attachments, "parse_all", lambda paths: parse_all(parsed.append(path) or path for path in paths)
        )
        report = add(library, folder)
        assert len(parsed) == 40 - written
        assert (report.papers, report.seen, report.rejected) == (40, 40, [])
        assert library.catalog.count_records() == 40
        assert library.verify() == []


def _written(folder):
    try:
        with closing(sqlite3.connect(f"file:{folder / 'catalog.sqlite'}?mode=ro", uri=True)) as catalog:
            return catalog.execute("SELECT count(*) FROM files").fetchone()[0]
    except sqlite3.Error:
        return 0


def test_a_paper_with_only_a_title_is_counted(library):
    class Source:
        name = "mine"

        def read(self):
            yield Paper("Ants", "")
            yield Paper("Bees", "They dance.")

    report = ingest(library, [Source()])
    assert (report.title_only, library.catalog.count_titles(), library.catalog.count_bodies()) == (1, 1, 0)

"""Papers from the Zotero on this computer: profiles as it keeps them, open or not."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from named_sources import names_to_sources
from small_pdfs import paper as pdf_of
from zotero_profile import FEED, GROUP, Profile, better_bibtex

from ingest.pipeline import ingest
from ingest.sources.base import Attachment, ReadOptions, Rejection
from ingest.sources.zotero.local import ZoteroSource
from ingest.sources.zotero.notes import LONGEST_HTML, text_of
from rag.errors import SourceError
from rag.types import Paper

OWLS = {
    "title": "Ledgers of Owls: Counting <i>Them</i> at Night",
    "abstractNote": "We count owls at night,\nand find that 3,141 of them keep a ledger.",
    "date": "2021-05-03 May 3, 2021",
    "publicationTitle": "Journal of Owls",
    "volume": 12,
    "issue": "3",
    "pages": "14–27",
    "ISSN": "1234-5678",
    "DOI": "10.1000/Owls",
    "url": "https://owls.example/1",
    "language": "en",
    "libraryCatalog": "OwlCat",
    "accessDate": "2022-01-02 10:11:12",
    "extra": "arXiv: 2110.07143 [cs.CL]\nCitation Key: owl2021ledgers",
}
CREATORS = [("author", "Ada", "Ōwl"), ("editor", "Eva", "Editor"), ("author", "", "Owl Lab")]
# Holds the lock that Zotero holds while it is open, with a change that is not yet in the database's file.
ZOTERO = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE itemDataValues SET value = 'A New Title' WHERE value LIKE 'Ledgers%'")
connection.execute("COMMIT")
connection.execute("SELECT * FROM items").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A home folder with Zotero's data folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ASKPAPERS_ZOTERO", raising=False)
    return tmp_path / "Zotero"


def read(name="zotero", **options):
    (source,) = names_to_sources([name], ReadOptions(**options))
    return list(source.read())


def papers(name="zotero", **options):
    return [entry for entry in read(name, **options) if isinstance(entry, Paper)]


def failure(name="zotero", **options):
    """The error of a name, after checking that it is one line."""
    with pytest.raises(SourceError) as caught:
        read(name, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def zotero(folder):
    """A process that has the database open as Zotero has it."""
    command = [sys.executable, "-c", ZOTERO, str(folder / "zotero.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "open\n"
        yield
        process.stdin.close()


def state(folder):
    """The bytes and times of all files of a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_paper_is_read_with_all_that_zotero_knows(folder):
    with Profile(folder) as profile:
        retracted = {"date": 1600000000, "doi": "10.1000/notice"}
        tags, collections = ["owls", "night"], ["Thesis/Chapter 2", "Birds"]
        key = profile.item(
            creators=CREATORS, tags=tags, collections=collections, retracted=retracted, **OWLS
        )
        profile.note(key, "<h1>Mine</h1><p>Read &amp; like<br>it.</p><ul><li>one</li><li>two</li></ul>")
        pdf = profile.pdf(key, pdf_of("Ledgers of Owls", "We count owls."))
        profile.annotation(pdf, None, "Ask Bo\nabout this", "8", "00007|1")
        profile.annotation(pdf, "We count owls", "Really?", "7", "00006|2")
        profile.annotation(pdf, "in H<sub>2</sub>O", None, "7", "00006|1")
    paper, attachment = read()
    assert attachment == Attachment("zotero", folder / "storage" / pdf / "paper.pdf", paper)
    assert paper == Paper(
        title="Ledgers of Owls: Counting Them at Night",
        abstract="We count owls at night, and find that 3,141 of them keep a ledger.",
        published="2021-05-03",
        author_count=2,
        arxiv_id="2110.07143",
        doi="10.1000/owls",
        authors=("Ada Ōwl", "Owl Lab"),
        key="owl2021ledgers",
        tags=("night", "owls"),
        collections=("Birds", "Thesis/Chapter 2"),
        note="Mine\n\nRead & like\nit.\n\n- one\n- two\n\nHighlighted on p. 7: “in H2O”\n\n"
        "On p. 7, “We count owls”: Really?\n\nOn p. 8: Ask Bo about this",
        retracted="10.1000/notice",
        csl=paper.csl,
    )
    assert paper.csl == {
        "type": "article-journal",
        "container-title": "Journal of Owls",
        "volume": "12",
        "issue": "3",
        "page": "14–27",
        "DOI": "10.1000/Owls",
        "ISSN": "1234-5678",
        "URL": "https://owls.example/1",
        "language": "en",
        "note": OWLS["extra"],
        "source": "OwlCat",
        "accessed": {"date-parts": [[2022, 1, 2]]},
        "issued": {"date-parts": [[2021, 5, 3]]},
        "author": [{"family": "Ōwl", "given": "Ada"}, {"literal": "Owl Lab"}],
        "editor": [{"family": "Editor", "given": "Eva"}],
        "custom": {"zotero": {"key": key, "itemType": "journalArticle"}},
    }


@pytest.mark.parametrize(
    ("kind", "fields", "creator", "csl"),
    [
        ("conferencePaper", {"proceedingsTitle": "Owls '21"}, "author", {"container-title": "Owls '21"}),
        (
            "thesis",
            {"university": "Owl U", "thesisType": "PhD"},
            "author",
            {"publisher": "Owl U", "genre": "PhD"},
        ),
        (
            "preprint",
            {"repository": "arXiv", "archiveID": "arXiv:2110.07143"},
            "author",
            {"publisher": "arXiv"},
        ),
        ("patent", {"issueDate": "2020-05-00 May 2020", "patentNumber": "7"}, "inventor", {"number": "7"}),
        (
            "computerProgram",
            {"date": "0000-00-00 in press"},
            "programmer",
            {"issued": {"literal": "in press"}},
        ),
    ],
)
def test_each_type_has_its_csl_names(folder, kind, fields, creator, csl):
    with Profile(folder) as profile:
        profile.item(
            kind, [(creator, "Ada", "Owl"), ("inventedRole", "Bo", "Night")], title="Owls", **fields
        )
    (paper,) = papers()
    assert paper.authors == ("Ada Owl",)
    assert paper.csl.items() >= csl.items()
    unnamed = [{"creatorType": "inventedRole", "firstName": "Bo", "lastName": "Night"}]
    assert paper.csl["custom"]["zotero"]["creators"] == unnamed
    assert paper.published == ("2020-05" if kind == "patent" else None)
    assert paper.arxiv_id == ("2110.07143" if kind == "preprint" else None)


def test_what_is_no_paper_of_the_user_is_left_out(folder):
    with Profile(folder) as profile:
        kept = profile.item(title="Owls", collections=["Gone/Inside"])
        profile.connection.execute(
            "INSERT INTO deletedCollections VALUES (?)", [profile.collection("Gone")]
        )
        gone = profile.item(title="In the trash")
        profile.pdf(gone, b"%PDF-")
        pdf = profile.pdf(kept, b"%PDF-")
        profile.trash(
            gone, pdf, profile.note(kept, "<p>old</p>"), profile.annotation(pdf, "text", "old", "1", "1")
        )
        profile.annotation(pdf, "of a PDF in the trash", None, "1", "2")
        profile.item(title="From a feed", library=FEED)
        profile.item(title="Of the group", library=GROUP)
        profile.note(None, "<p>alone</p>")
    (paper,) = read()
    assert (paper.title, paper.note, paper.collections) == ("Owls", "", ())
    assert [paper.title for paper in papers("zotero:group/owl lab")] == ["Of the group"]
    assert "Owl Lab" in failure("zotero:group/Owl")


def test_a_collection_bounds_what_is_read(folder):
    with Profile(folder) as profile:
        for title, path in (
            ("One", "Thesis"),
            ("Two", "Thesis/Methods"),
            ("Three", "Birds/Methods"),
            ("4", "2021"),
        ):
            profile.item(title=title, collections=[path])
    for name, titles in {
        "Thesis": ["One", "Two"],
        "thesis/methods": ["Two"],
        "Birds": ["Three"],
        "/2021": ["4"],
        "COLL0000": ["One", "Two"],
    }.items():
        assert [paper.title for paper in papers(f"zotero:{name}")] == titles
    assert "say one of Thesis/Methods; Birds/Methods" in failure("zotero:Methods")
    assert "no collection Thesys: say one of Thesis" in failure("zotero:Thesys")


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_library_that_zotero_has_open_is_read_and_never_changed(folder, journal):
    with Profile(folder, journal) as profile:
        profile.pdf(profile.item(**OWLS), b"%PDF-")
    with zotero(folder):
        connection = sqlite3.connect(folder / "zotero.sqlite", timeout=0)
        with closing(connection), pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("SELECT * FROM items").fetchall()
        before = state(folder)
        (paper,) = papers()
        assert paper.title == "A New Title"  # also where it stands in the log alone
        assert state(folder) == before


def test_half_a_change_is_not_read(folder):
    """As after a crash, and while Zotero writes more than it holds in memory."""
    with Profile(folder) as profile:
        profile.item(**OWLS)
    with closing(sqlite3.connect(folder / "zotero.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE itemDataValues SET value = 'Half' WHERE value LIKE 'Ledgers%'")
        connection.execute("CREATE TABLE filler AS SELECT randomblob(100000) FROM items")
        assert (folder / "zotero.sqlite-journal").exists()
        before = state(folder)
        (paper,) = papers()
        assert paper.title.startswith("Ledgers")
        assert state(folder) == before
        connection.execute("ROLLBACK")


def test_a_second_run_adds_nothing_and_what_changed_is_updated(folder, library):
    with Profile(folder) as profile:
        key = profile.item(**OWLS)
        profile.pdf(key, pdf_of("Ledgers of Owls", "We count owls.", "A night has 17 owls."))
        other = profile.item(title="Another of Owls")
        profile.pdf(None, pdf_of("A Paper Without an Item", "We count mice.", "There are 9 mice."))
    (source,) = names_to_sources(["zotero"])
    report, stamp = ingest(library, [source]), source.stamp
    assert (report.added, report.rejected) == (3, [])
    assert library.catalog.find(["A Paper Without an Item"])
    again = ingest(library, [source])
    assert (again.added, again.updated, again.unchanged) == (0, 0, 3)
    assert source.stamp == stamp
    with Profile(folder) as profile:
        profile.change(key, volume="13")
        profile.trash(other)
    assert source.stamp != stamp
    third = ingest(library, [source])
    assert (third.updated, third.unchanged) == (1, 1)
    assert library.catalog.papers(["2110.07143"])["2110.07143"].csl["volume"] == "13"


def test_citation_keys_come_from_zotero_then_from_better_bibtex(folder):
    with Profile(folder) as profile:
        own = profile.item(title="One", citationKey="own", extra="Citation Key: extra")
        keys = [own, profile.item(title="Two", extra="Citation Key: extra"), profile.item(title="Three")]
    better_bibtex(folder, {key: f"better{number}" for number, key in enumerate(keys)})
    assert [paper.key for paper in papers()] == ["own", "extra", "better2"]
    (folder / "better-bibtex.sqlite").write_bytes(b"broken")
    assert [paper.key for paper in papers()] == ["own", "extra", None]


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("storage:../../secret.pdf", 0),
        ("storage:sub/secret.pdf", 1),
        ("storage:link.pdf", 0),
        ("../secret.pdf", 2),
        ("attachments:../secret.pdf", 2),
        ("storage:a\0b.pdf", 0),
    ],
)
def test_a_path_never_leads_out_of_the_folders(folder, path, mode):
    with Profile(folder) as profile:
        pdf = profile.pdf(profile.item(title="Owls"), path=path, mode=mode)
    (folder / "storage" / pdf / "sub").mkdir(parents=True)
    for place in (folder / "secret.pdf", folder / "storage" / pdf / "sub" / "secret.pdf"):
        place.write_bytes(b"%PDF-")
    (folder / "storage" / pdf / "link.pdf").symlink_to(folder / "secret.pdf")
    paper, note = read()
    assert isinstance(paper, Paper)
    assert isinstance(note, Rejection)
    assert "left out" in note.reason


def test_linked_files_are_found_by_the_preferences(folder, tmp_path):
    profile_folder = tmp_path / ".zotero" / "zotero" / "abc.default"
    profile_folder.mkdir(parents=True)
    data, base = tmp_path / 'my "data"', tmp_path / "papers"
    (profile_folder.parent / "profiles.ini").write_text(
        "[General]\nStartWithLastProfile=1\n[Profile1]\nPath=other\n[Profile0]\nPath=abc.default\nDefault=1\n"
    )
    (profile_folder / "prefs.js").write_text(
        f'user_pref("extensions.zotero.dataDir", "{str(data).replace(chr(34), chr(92) + chr(34))}");\n'
        f'user_pref("extensions.zotero.baseAttachmentPath", "{base}");\n'
    )
    with Profile(data) as profile:
        profile.pdf(profile.item(title="Owls"), path="attachments:2021/owls.pdf", mode=2)
        profile.pdf(profile.item(title="Mice"), path=str(tmp_path / "mice.pdf"), mode=2)
        both = profile.item(title="Both")
        profile.pdf(both, path="storage:lost.pdf")
        stored = profile.pdf(both, b"%PDF-")
    with Profile(folder) as profile:
        profile.item(title="An older library")
    paths = [entry.path for entry in read() if isinstance(entry, Attachment)]
    assert paths == [
        base / "2021" / "owls.pdf",
        tmp_path / "mice.pdf",
        data / "storage" / stored / "paper.pdf",
    ]


def test_the_folder_is_the_given_one_then_that_of_the_environment(folder, tmp_path, monkeypatch):
    assert "--zotero DIR" in failure()
    for name in ("Zotero", "variable", "given"):
        with Profile(tmp_path / name) as profile:
            profile.item(title=name)
    assert [paper.title for paper in papers()] == ["Zotero"]
    monkeypatch.setenv("ASKPAPERS_ZOTERO", str(tmp_path / "variable"))
    assert [paper.title for paper in papers()] == ["variable"]
    assert [paper.title for paper in papers(zotero=tmp_path / "given" / "zotero.sqlite")] == ["given"]
    assert [paper.title for paper in papers(str(tmp_path / "given"))] == ["given"]
    assert "holds no zotero.sqlite" in failure(zotero=tmp_path)
    assert "names no collection" in failure("zotero:")


def test_another_version_of_the_schema_is_read_with_a_note(folder):
    with Profile(folder) as profile:
        profile.pdf(profile.item(retracted={}, tags=["owls"], **OWLS), b"%PDF-")
        profile.connection.executescript(
            "DROP TABLE itemAnnotations; DROP TABLE deletedCollections; DROP TABLE itemTags;"
            "ALTER TABLE retractedItems DROP COLUMN flag; ALTER TABLE items ADD COLUMN later;"
        )
    note, paper, _ = read()
    assert "has no itemTags, itemAnnotations, retractedItems.flag" in note.reason
    assert (paper.tags, paper.retracted, paper.doi) == ((), "retracted", "10.1000/owls")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 1000), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "cannot be read"),
        (lambda path: path.write_bytes(b""), "is no database of Zotero's"),
    ],
)
def test_what_is_no_database_of_zotero_is_one_line(folder, break_it, words):
    with Profile(folder) as profile:
        profile.item(**OWLS)
    break_it(folder / "zotero.sqlite")
    assert words in failure()


def test_an_older_zotero_is_one_line(folder):
    with Profile(folder) as profile:
        profile.connection.execute("ALTER TABLE libraries RENAME COLUMN type TO libraryType")
    assert "open it in Zotero once" in failure()


def test_what_is_in_a_profile_is_data(folder):
    """Odd values in any column end in papers, rejections or an error in one line."""
    with Profile(folder) as profile:
        key = profile.item(title="Owls", extra="\x1b[31m" + "x" * 200_000)
        profile.note(key, "<script>alert('1')</script><p>Shown<style>p {}</style></p><!-- not --> <b")
        profile.item(title="<script>" * 500)
        profile.item(abstractNote="without a title")
        values = "UPDATE itemDataValues SET value = x'ff00' WHERE value LIKE 'with%'"
        profile.connection.execute(values)
        profile.connection.execute("UPDATE collections SET parentCollectionID = collectionID")
    paper, *rejections = read()
    assert paper.note == "Shown\n\n<b"
    assert all(isinstance(entry, Rejection) and entry.reason.startswith("item ") for entry in rejections)
    assert len(rejections) == 2


@given(st.text(alphabet="<>/!- abpbrlisctyhdv&;'\"\n", max_size=60))
def test_any_note_becomes_plain_text(html):
    text = text_of(html)
    assert text == text.strip()
    assert "\n\n\n" not in text


@pytest.mark.parametrize("piece", ["<!--", "<", "<a ", "<script>", "</", "<p>", "&#", "<a a='", "<!"])
def test_a_hostile_note_takes_no_time(piece):
    text_of(piece * (LONGEST_HTML // len(piece)))


def test_the_command_reads_the_library(folder, run, home):
    with Profile(folder) as profile:
        profile.item(**OWLS)
    moved = Path(shutil.move(folder, folder.with_name("elsewhere")))
    code, out, _ = run("ingest", "zotero", "--zotero", moved)
    assert code == 0
    assert "1 added" in out
    code, out, err = run("ingest", "zotero")
    assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("name", "collection", "group"),
    [
        ("zotero", "", None),
        ("zotero:Thesis/Chapter 2", "Thesis/Chapter 2", None),
        ("zotero:/2021", "2021", None),
        ("zotero:/group/a", "group/a", None),
        ("zotero:group/Lab/Owls", "Owls", "Lab"),
    ],
)
def test_the_name_of_a_source_opens_it_again(folder, name, collection, group):
    Profile(folder).__exit__()
    (source,) = names_to_sources([name])
    assert (source, source.name) == (ZoteroSource(folder, collection, group), name)

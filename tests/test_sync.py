"""A library is brought into step with what it was made of, and loses nothing on the way."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from arxiv_server import ArxivService, numbered
from conftest import Listed, is_one_line_of_error, ledgers, library_of, write_lines
from service_server import reply, running
from small_pdfs import paper as pdf_of
from zotero_profile import Profile

from ingest.pipeline import ingest
from ingest.sources import named as naming
from ingest.sources.arxiv_api import Arxiv, ArxivSource
from ingest.sources.base import ReadOptions
from ingest.sources.service import RetryPolicy, ServiceQuery
from ingest.syncing.listing import listed
from ingest.syncing.origins import kind_of, open_origins
from ingest.syncing.sync import sync
from rag.errors import SourceError
from rag.library import Library
from rag.library.catalog_tables import origins, sources
from rag.library.origins import Origin
from rag.types import Paper

ROOT = Path(__file__).parents[1]
OWLS, BEES, ANTS, MOTHS = ledgers(["owls", "bees", "ants", "moths"])


def bring(library, *names, **options):
    read, named, _ = open_origins([str(name) for name in names], ReadOptions(**options))
    return ingest(library, read, origins=named)


def titles(library):
    return {paper.title.removeprefix("A Study of ") for paper in library.catalog.browse()}


def states(library):
    return [origin.state for origin in listed(library.catalog)]


def fresh(folder, encoder, *names):
    """The digest of a library that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    with Library.create(folder, encoder) as library:
        bring(library, *names)
        return library.catalog.digest()


@pytest.fixture
def papers(tmp_path):
    """A folder of papers."""
    folder = tmp_path / "papers"
    folder.mkdir()
    write_lines(folder / "night.jsonl", [OWLS, MOTHS])
    write_lines(folder / "day.jsonl", [BEES])
    return folder


@pytest.fixture
def made(library, papers):
    """A library that was made of the folder."""
    bring(library, papers)
    return library


def test_only_what_is_new_or_changed_is_read(made, papers, monkeypatch):
    os.utime(papers / "day.jsonl", (1, 1))  # touched
    assert [origin.in_step for origin in sync(made).origins] == [2]
    write_lines(papers / "more.jsonl", [ANTS])
    write_lines(papers / "night.jsonl", [OWLS | {"abstract": "Owls sing."}, MOTHS])
    before = made.catalog.digest()
    (planned,) = sync(made, is_dry_run=True).origins
    assert (len(planned.read), made.catalog.digest()) == (2, before)
    report = sync(made)
    (origin,) = report.origins
    assert origin.read == [str(papers / "more.jsonl"), str(papers / "night.jsonl")]
    assert (origin.report.added, origin.report.updated, origin.report.unchanged) == (1, 1, 1)
    assert (report.total.added, report.total.papers, made.verify()) == (1, 4, [])
    assert sync(made).origins[0].is_quiet


def test_what_is_gone_is_kept_and_named_until_it_is_pruned(made, papers):
    (papers / "day.jsonl").unlink()
    write_lines(papers / "night.jsonl", [OWLS])
    for _ in range(2):  # nothing is read the second time
        (origin,) = sync(made).origins
        gone = {(Path(at.source).name, at.papers, at.is_file_gone, at.removed) for at in origin.gone}
        assert gone == {("day.jsonl", 1, True, False), ("night.jsonl", 1, False, False)}
        for report in (origin, *sync(made, is_dry_run=True).origins):
            named = {paper.title for at in report.gone for paper in at.gone}
            assert named == {BEES["title"], MOTHS["title"]}
        assert titles(made) == {"owls", "bees", "moths"}
    planned = sync(made, prunes=True, is_dry_run=True)
    report = sync(made, prunes=True)
    for each in (planned, report):
        assert sorted(paper.title for at in each.origins[0].gone for paper in at.gone) == sorted(
            [BEES["title"], MOTHS["title"]]
        )
    assert (report.removed, report.gone, titles(made)) == (2, 0, {"owls"})
    assert made.verify() == []
    assert sync(made, prunes=True).origins[0].is_quiet


def test_papers_with_own_words_or_other_sources_stay(made, papers, tmp_path):
    bring(made, write_lines(tmp_path / "other.jsonl", [MOTHS]))
    (bees,) = made.catalog.find([BEES["title"]]).values()
    with made.writing():
        edit = made.catalog.recorder(lambda _: []).edit_own
        edit([bees], lambda record: replace(record, tags=("read",)))
    for path in papers.iterdir():
        write_lines(path, [OWLS] if path.stem == "night" else [ANTS])
    report = sync(made, prunes=True)
    assert titles(made) == {"owls", "ants", "bees", "moths"}
    assert [each.own for origin in report.origins for each in origin.gone if each.own] == [(BEES["title"],)]
    (kept,) = made.catalog.papers([bees]).values()
    assert (kept.abstract, kept.tags) == (BEES["abstract"], ("read",))
    (moths,) = made.catalog.find([MOTHS["title"]]).values()
    assert made.catalog.sources(moths) == [str(tmp_path / "other.jsonl")]


def test_a_folder_that_is_out_of_reach_is_an_error_and_loses_nothing(made, papers, tmp_path):
    bring(made, write_lines(tmp_path / "ants.jsonl", [ANTS]))
    write_lines(tmp_path / "ants.jsonl", [ANTS | {"abstract": "Ants march."}])
    for away in (lambda: papers.rename(tmp_path / "away"), papers.mkdir):  # unmounted; an empty place
        away()
        report = sync(made, prunes=True)
        errors = {origin.name: bool(origin.errors) for origin in report.origins}
        assert errors == {str(papers): True, str(tmp_path / "ants.jsonl"): False}
        assert titles(made) == {"owls", "bees", "moths", "ants"}
    assert made.catalog.papers(made.catalog.find([ANTS["title"]]).values()).popitem()[1].abstract
    papers.rmdir()
    (tmp_path / "away").rename(papers)
    assert not sync(made, prunes=True).has_failed


def test_a_disk_below_a_folder_that_is_missing_is_noticed(made, papers):
    disk = papers / "disk"
    disk.mkdir()
    for number in range(3):
        write_lines(disk / f"{number}.jsonl", [ANTS | {"title": f"Ants, part {number}"}])
    sync(made)
    for path in disk.iterdir():
        path.unlink()
    report = sync(made, prunes=True)
    assert "disk" in report.origins[0].errors[0]
    assert made.catalog.count() == 6


BIB = "".join(
    f"@article{{k{n}, title={{{name} at Night}}, abstract={{We count.}}}}\n"
    for n, name in enumerate(("Owls", "Bees", "Ants"))
)
CSL = json.dumps([{"id": name, "title": f"{name} at Night"} for name in ("Owls", "Bees", "Ants")], indent=1)
LINES = "".join(json.dumps({"title": f"{name} at Night"}) + "\n" for name in ("Owls", "Bees", "Ants"))


@pytest.mark.parametrize(("name", "text"), [("a.bib", BIB), ("a.json", CSL), ("a.jsonl", LINES)])
def test_a_file_that_was_cut_short_is_not_pruned(library, tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    bring(library, path)
    for part in (text[: text.index("Bees") + 2], text[:3], ""):
        path.write_text(part)
        for _ in range(3):  # also when it is known that some are missing
            assert sync(library, prunes=True).removed == 0
            sync(library)
        assert library.catalog.count() == 3
    path.write_text(text)
    assert sync(library, prunes=True).gone == 0


def test_what_could_never_be_read_does_not_keep_a_source_from_being_pruned(library, tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [OWLS, BEES, {"abstract": "no title"}])
    bring(library, path)
    write_lines(path, [OWLS, {"abstract": "no title"}])
    sync(library)
    write_lines(path, [OWLS, {"abstract": "no title"}, {"abstract": "another"}])
    assert sync(library, prunes=True).removed == 0
    write_lines(path, [OWLS, {"abstract": "no title"}])
    assert sync(library, prunes=True).removed == 1


@pytest.mark.parametrize("place", ["dusk.jsonl", "deep/night.jsonl"])
def test_a_file_that_was_moved_is_the_same_source(made, papers, place):
    (papers / "deep").mkdir()
    (papers / "night.jsonl").rename(papers / place)
    (origin,) = sync(made, prunes=True).origins
    assert origin.moved == {str(papers / "night.jsonl"): str(papers / place)}
    assert (origin.report.unchanged, origin.gone) == (2, [])
    (owls,) = made.catalog.find([OWLS["title"]]).values()
    assert made.catalog.sources(owls) == [str(papers / place)]
    assert sync(made).origins[0].is_quiet


def test_pdfs_are_read_once_and_named_anew(library, tmp_path, encoder):
    papers = tmp_path / "pdfs"
    papers.mkdir()
    owls = pdf_of("Ledgers of Owls", "We count owls.", "The ledger of owls is long.")
    (papers / "owls.pdf").write_bytes(owls)
    (papers / "broken.pdf").write_bytes(b"%PDF-1.4 half of it")
    bring(library, papers)
    assert sync(library).origins[0].in_step == 2  # the broken one, too, until it changes
    (papers / "owls.pdf").rename(papers / "birds.pdf")
    (papers / "broken.pdf").write_bytes(pdf_of("A Study of Bees", "We hear bees.", "Bees drum at noon."))
    (origin,) = sync(library, prunes=True).origins
    assert (origin.report.added, origin.report.unchanged, library.catalog.count_bodies()) == (1, 1, 2)
    assert library.catalog.digest() == fresh(tmp_path / "anew", encoder, papers)


def test_a_bibliography_is_read_again_when_a_pdf_that_it_names_comes(library, tmp_path):
    bib = tmp_path / "library.bib"
    bib.write_text("@article{a, title={Ledgers of Owls}, abstract={We count.}, file={owls.pdf}}")
    assert bring(library, bib).rejected
    (tmp_path / "owls.pdf").write_bytes(pdf_of("Ledgers of Owls", "We count.", "The ledger is long."))
    assert sync(library).origins[0].read == [str(bib)]
    assert (library.catalog.count_bodies(), sync(library).origins[0].is_quiet) == (1, True)


def test_what_failed_at_its_first_reading_is_not_remembered(made, papers, tmp_path):
    with Profile(tmp_path / "Zotero") as profile:
        profile.item("journalArticle", title="Owls at Night")
    with pytest.raises(SourceError, match="Nosuch"):
        bring(made, "zotero:Nosuch", zotero=tmp_path / "Zotero")
    assert [origin.name for origin in made.catalog.made_of.all()] == [str(papers)]
    bring(made, "zotero", zotero=tmp_path / "Zotero")
    (tmp_path / "Zotero" / "zotero.sqlite").write_bytes(b"no database")
    with pytest.raises(SourceError):
        bring(made, "zotero", zotero=tmp_path / "Zotero")
    assert [origin.name for origin in sync(made).origins] == [str(papers), "zotero"]


def test_an_origin_can_be_forgotten_and_its_papers_stay(run, home, papers, tmp_path):
    run("ingest", papers)
    assert is_one_line_of_error(
        run("library", "sources", "--forget", papers / "day.jsonl"), "library sources"
    )
    shutil.move(papers, tmp_path / "new")
    assert run("sync")[0] == 1
    code, out, _ = run("library", "sources", "--forget", papers, "--json")
    assert (code, json.loads(out)) == (0, {"forgotten": [str(papers)], "papers": 3})
    assert json.loads(run("library", "sources", "--json")[1])["sources"] == []
    assert run("ingest", tmp_path / "new")[0] == 0
    code, out, _ = run("sync", "--json")
    assert (code, json.loads(out)["papers"], len(json.loads(out)["origins"])) == (0, 3, 1)
    shutil.move(tmp_path / "new", papers)
    assert run("ingest", papers)[0] == 0  # known again
    assert str(papers) in run("library", "sources")[1]


def test_what_gave_nothing_says_so(library, tmp_path):
    library.catalog.made_of.remember(Origin("arxiv:query=owls"))  # by an ingest that was killed
    assert [(each.state, each.read) for each in listed(library.catalog)] == [("never read", None)]
    library.catalog.made_of.forget_origin("arxiv:query=owls")
    bring(library, write_lines(tmp_path / "bad.jsonl", [{"abstract": "no title"}]))
    assert states(library) == ["nothing in it can be read"]


def test_options_are_remembered(library, tmp_path):
    table = tmp_path / "table.txt"
    table.write_text("Name,Text\nOwls at Night,We count owls.\n")
    options = {"format": "csv", "columns": {"title": "Name", "abstract": "Text"}}
    bring(library, table, **options)
    table.write_text("Name,Text\nOwls at Night,We count owls.\nBees at Noon,We hear bees.\n")
    assert sync(library).total.added == 1


def test_named_origins_alone_are_looked_at(made, papers, tmp_path):
    other = write_lines(tmp_path / "other.jsonl", [ANTS])
    bring(made, other)
    assert [origin.name for origin in sync(made, [str(other)]).origins] == [str(other)]
    assert [origin.name for origin in sync(made, [str(papers / "day.jsonl")]).origins] == [str(papers)]
    with pytest.raises(SourceError, match="nothing in the library came of nosuch"):
        sync(made, ["nosuch"])


def test_a_file_in_a_folder_that_were_both_named_is_read_once(made, papers):
    bring(made, papers / "day.jsonl")
    assert states(made) == ["in step", "in step"]
    write_lines(papers / "day.jsonl", [BEES, ANTS])
    report = sync(made)
    assert (report.total.seen, len(report.origins)) == (2, 2)
    assert all(origin.is_quiet for origin in sync(made).origins)
    (papers / "day.jsonl").unlink()
    assert sync(made, prunes=True).removed == 2
    assert titles(made) == {"owls", "moths"}


def test_a_library_of_an_earlier_version_is_looked_at_too(papers, tmp_path, encoder):
    with library_of([OWLS], tmp_path, encoder) as library:
        ingest(library, [Listed((Paper("Uploads", "Once."),), name="upload.pdf")])
        database = library.catalog.made_of._database
        with database.transaction():  # as if it had been made before there were any
            for table in (origins, sources):
                database.run(sa.delete(table))
        states = {Path(each.name).name: each.state for each in listed(library.catalog)}
        assert states == {"papers.jsonl": "changed", "upload.pdf": "cannot be looked at again"}
        write_lines(tmp_path / "papers.jsonl", [OWLS, BEES])
        report = sync(library)
        assert (report.total.added, report.left) == (1, ["upload.pdf"])
        (tmp_path / "papers.jsonl").unlink()
        assert sync(library, prunes=True).removed == 2
        library.catalog.made_of.forget_origin("upload.pdf")
        assert (listed(library.catalog), library.catalog.count()) == ([], 1)


def test_services_are_asked_again_and_one_that_fails_is_an_error_of_its_own(made, papers, monkeypatch):
    with running(ArxivService()) as server:
        clients = []

        def load(_):
            at_once = RetryPolicy(timeout=5.0, pauses=())
            service = Arxiv(f"{server.url}/api/query?{{}}", 0.0, at_once)
            clients.append(service.client)
            return lambda query: ArxivSource(ServiceQuery(key=query.key, value=query.value), service)

        monkeypatch.setattr(naming, "_load_service", load)
        server.service.papers = numbered(2)
        bring(made, "arxiv:query=all:owls;max=50")
        server.service.papers = numbered(3)[1:]
        report = sync(made)
        assert (report.total.added, report.gone) == (1, 1)
        server.play(*[reply(500)] * 2)
        write_lines(papers / "more.jsonl", [ANTS])
        report = sync(made, prunes=True)
        assert [len(origin.errors) for origin in report.origins] == [0, 1]
        assert (report.total.added, report.removed, made.catalog.count()) == (1, 0, 7)
        server.play()
        assert sync(made, prunes=True).removed == 1
        for client in clients:
            client.close()


def test_the_command_reports_and_fails_in_the_end(run, home, papers, tmp_path):
    run("ingest", papers)
    (papers / "day.jsonl").unlink()
    code, out, _ = run("sync")
    assert code == 0
    assert f"gone: 1 paper of {papers / 'day.jsonl'}, kept; --prune takes it out" in out
    assert f"“{BEES['title']}” (" in out
    assert "entries" not in out  # as nothing was read
    code, out, _ = run("sync", "--json")
    (paper,) = json.loads(out)["origins"][0]["gone"][0]["gone"]
    assert (paper["title"], run("library", "show", paper["paper_id"])[0]) == (BEES["title"], 0)
    report = json.loads(out)
    assert (code, report["gone"], report["papers"], report["origins"][0]["kind"]) == (0, 1, 3, "folder")
    code, out, _ = run("library", "sources", "--json")
    (source,) = json.loads(out)["sources"]
    assert (source["papers"], source["unnamed"], source["state"]) == (3, 1, "changed")
    assert is_one_line_of_error(run("sync", "nosuch"), "nosuch", "library sources")
    shutil.rmtree(papers)
    code, out, _ = run("sync", "--prune")
    assert (code, "does not exist" in out) == (1, True)


def test_an_ingest_in_which_all_is_rejected_fails_and_skipped_files_are_named(run, home, papers):
    (papers / "thesis.docx").write_text("x")
    (papers / ".hidden.docx").write_text("x")
    code, out, _ = run("ingest", papers, "--json")
    skipped = json.loads(out)["skipped"]
    assert (code, [Path(each["source"]).name for each in skipped]) == (0, ["thesis.docx"])
    assert "thesis.docx: is of no kind that can be read (.docx)" in run("ingest", papers)[1]
    bad = write_lines(papers.parent / "bad.jsonl", [{"abstract": "no title"}])
    assert run("ingest", bad)[0] == 1


SYNC = """
import sys
from pathlib import Path
from ingest.syncing.sync import sync
from rag.embedding import embedded_encoder
from rag.library import Library
with Library(Path(sys.argv[1]), embedded_encoder()) as library:
    print("ready", flush=True)
    sync(library, prunes=True)
"""


def change(chance, papers, number):
    """Change the folder at random: files come, change, move and go."""
    for _ in range(4):
        files = sorted(papers.glob("*.jsonl"))
        kind = chance.choice(["new", "change", "move", "go"])
        path = chance.choice(files)
        topics = [f"topic {chance.randrange(40)} of {path.stem}" for _ in range(chance.randrange(1, 6))]
        if kind == "new":
            write_lines(papers / f"new-{number}-{chance.randrange(1000)}.jsonl", ledgers(topics))
        elif kind == "change":
            write_lines(path, ledgers(topics))
        elif kind == "move":
            path.rename(papers / f"moved-{number}-{chance.randrange(1000)}.jsonl")
        elif len(files) > 2:
            path.unlink()


def interrupted(folder, chance, longest):
    """A sync in a process that is killed after a random time."""
    command = [sys.executable, "-c", SYNC, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        process.stdout.readline()
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_a_sync_that_is_killed_is_gone_on_with(made, papers, tmp_path, encoder, kills):
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    for number in range(kills):
        change(chance, papers, number)
        interrupted(made.folder, chance, 0.6)
    sync(made, prunes=True)
    assert made.verify() == [], seed
    assert made.catalog.digest() == fresh(tmp_path / "anew", encoder, papers), seed
    assert sync(made, prunes=True).origins[0].is_quiet, seed


def test_zoteros_own_folder_leaves_no_files_out_and_a_pattern_of_folders_is_a_pattern(library, tmp_path):
    with Profile(tmp_path / "Zotero") as profile:
        profile.item("journalArticle", title="Owls at Night")
    *_, skipped = open_origins([str(tmp_path / "Zotero")], ReadOptions())
    assert skipped == []
    (tmp_path / "one").mkdir()
    write_lines(tmp_path / "one" / "night.jsonl", [OWLS])
    bring(library, tmp_path / "o*" / "night.jsonl")
    assert [kind_of(origin) for origin in library.catalog.made_of.all()] == ["pattern"]


def test_zotero_is_read_again_when_its_database_has_changed(library, tmp_path):
    with Profile(tmp_path / "Zotero") as profile:
        profile.item("journalArticle", title="Owls at Night")
    bring(library, "zotero", zotero=tmp_path / "Zotero")
    assert sync(library).origins[0].is_quiet
    assert states(library) == ["in step"]
    with Profile(tmp_path / "Zotero") as profile:
        profile.item("journalArticle", title="Bees at Noon")
    assert states(library) == ["changed"]
    (origin,) = sync(library).origins
    assert (origin.name, origin.kind, origin.report.added) == ("zotero", "zotero", 1)

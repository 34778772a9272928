"""The library that is meant at the moment: the bundled one until the user's own comes into being."""

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from answers import ask_at, untimed

from ingest.chunking import split_abstract
from ingest.sources.files import FileSource
from rag.errors import AskpapersError, ModelError, NoLibraryError, QuestionError
from rag.library import Library
from rag.settings import Settings, own_library
from rag.streams import read_answer
from rag.types import Paper, Request
from ui.desk import Desk

ROOT = Path(__file__).parents[1]
OWLS = "How many owls live in the forest?"
SAVES = "How much compute does bert2BERT save?"


def record(topic, number):
    text = f"We count {number} {topic} in the forest. The {topic} live in oaks. They sleep by day, alone."
    return {"title": f"A Study of {topic}", "abstract": text, "published": "2020"}


def papers_in(path, *topics):
    """A file of papers, one on each topic."""
    lines = [json.dumps(record(topic, 30 + place)) for place, topic in enumerate(topics)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return FileSource(path)


@pytest.fixture
def with_bundled(home, bundled):
    """A user's data folder in which the bundled library is built already."""
    shutil.copytree(bundled.folder, home / "bundled")
    return home


@pytest.fixture
def named(tmp_path, encoder):
    """A library that the user names."""
    with Library.create(tmp_path / "named", encoder) as library:
        papers = [
            Paper(**record(topic, 31 + place)) for place, topic in enumerate(("owls", "eels", "bees"))
        ]
        library.catalog.recorder(split_abstract).put(papers, "here")
        library.sync()
    return tmp_path / "named"


def titles(library):
    return {paper.title for paper in library.catalog.browse(most=500)}


def wait_for_reading():
    for thread in threading.enumerate():
        if thread.name == "askpapers-reading":
            thread.join()


# The bundled library, and the user's own


@pytest.mark.slow
def test_the_bundled_library_answers_until_papers_are_added(with_bundled, bundled, tmp_path):
    with Desk(Settings()) as desk:
        assert desk.is_bundled
        assert desk.library.catalog.count() == bundled.catalog.count()
        assert "45%" in ask_at(desk, SAVES).text
        before = desk.stream(Request(SAVES))
        report = desk.add([papers_in(tmp_path / "mine.jsonl", "owls", "eels")])
        assert (report.added, report.papers) == (2, 2)
        assert desk.library.folder == own_library()
        assert not desk.is_bundled
        assert "30 owls" in ask_at(desk, OWLS).text
        assert titles(desk.library) == {"A Study of owls", "A Study of eels"}
        assert "45%" in read_answer(before).text  # what was being read can be read to its end
        assert desk.add([papers_in(tmp_path / "more.jsonl", "bees")]).papers == 3
    with Desk(Settings()) as again:
        assert not again.is_bundled
        assert again.library.catalog.count() == 3


@pytest.mark.slow
def test_a_library_that_another_hand_makes_takes_over(with_bundled, encoder, tmp_path):
    with Desk(Settings()) as desk:
        assert desk.is_bundled
        with Library.create(own_library(), encoder) as own:
            assert desk.library.folder != own.folder  # there is no paper in it yet
            own.catalog.recorder(split_abstract).put([Paper(**record("owls", 31))], "here")
            own.sync()
        assert desk.library.folder == own_library()
        assert not desk.is_bundled
        assert "31 owls" in ask_at(desk, OWLS).text


@pytest.mark.slow
def test_a_library_that_another_process_makes_takes_over(with_bundled, tmp_path):
    with Desk(Settings()) as desk:
        assert desk.is_bundled
        source = papers_in(tmp_path / "mine.jsonl", "owls")
        command = [sys.executable, "-m", "ui.cli", "ingest", str(source.path)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        assert desk.library.folder == own_library()
        assert "30 owls" in ask_at(desk, OWLS).text


@pytest.mark.slow
def test_nothing_that_could_not_be_read_makes_a_library_of_ones_own(with_bundled, tmp_path):
    (tmp_path / "empty.jsonl").write_text("{broken\n")
    with Desk(Settings()) as desk:
        with pytest.raises(AskpapersError):
            desk.add([FileSource(tmp_path / "missing.jsonl")])
        assert desk.add([FileSource(tmp_path / "empty.jsonl")]).added == 0
        assert desk.is_bundled
        assert "45%" in ask_at(desk, SAVES).text


@pytest.mark.slow
def test_two_who_add_at_once_both_land(with_bundled, tmp_path):
    sources = [papers_in(tmp_path / f"{topic}.jsonl", topic) for topic in ("owls", "eels", "bees")]
    with Desk(Settings()) as desk:
        with ThreadPoolExecutor(len(sources)) as threads:
            reports = list(threads.map(lambda source: desk.add([source]), sources))
        assert [report.added for report in reports] == [1, 1, 1]
        assert titles(desk.library) == {"A Study of owls", "A Study of eels", "A Study of bees"}
        assert "30 owls" in ask_at(desk, OWLS).text


# Removing


@pytest.mark.slow
def test_what_comes_with_the_program_stays(with_bundled, bundled):
    (paper,) = bundled.catalog.browse(most=1)
    with Desk(Settings()) as desk:
        with pytest.raises(QuestionError, match=": add your own"):
            desk.remove([paper.paper_id])
        assert desk.library.catalog.count() == bundled.catalog.count()


def test_papers_are_removed_by_id_or_title(named):
    with Desk(Settings(), named) as desk:
        owls = Paper(**record("owls", 31))
        assert desk.remove([owls.paper_id]) == 1
        assert desk.remove(["A Study of eels"]) == 1
        assert desk.remove([owls.paper_id, "No such paper"]) == 0
        assert titles(desk.library) == {"A Study of bees"}
        assert ask_at(desk, OWLS).status == "refused"


# A named library


def test_a_library_that_was_named_answers_alone(home, named, encoder):
    for desk in (Desk(Settings(), named), Desk(Settings(library=named))):
        with desk:
            assert not desk.is_bundled
            assert desk.library.folder == named
            assert "31 owls" in ask_at(desk, OWLS).text
            with Library.create(own_library(), encoder) as own:
                own.catalog.recorder(split_abstract).put([Paper(**record("foxes", 1))], "here")
            assert desk.library.folder == named
    assert not (home / "bundled").exists()


@pytest.mark.slow
def test_papers_are_added_to_the_library_that_was_named(home, named, tmp_path):
    with Desk(Settings(), named) as desk:
        assert desk.add([papers_in(tmp_path / "more.jsonl", "foxes", "owls")]).added == 1
        assert "A Study of foxes" in titles(desk.library)
        assert "30 foxes" in ask_at(desk, "How many foxes live in the forest?").text
    assert not own_library().exists()


def test_a_library_that_is_not_there_is_told(home, tmp_path):
    with pytest.raises(NoLibraryError, match=": "):
        Desk(Settings(), tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


# Assistants


def chosen(desk, model=None):
    with desk.assistant(model) as assistant:
        return assistant


def test_each_model_has_one_assistant(named):
    with Desk(Settings(base_url="http://127.0.0.1:9/v1", model="one"), named) as desk:
        assert chosen(desk) is chosen(desk, "one")
        assert (chosen(desk).writer, chosen(desk, "two").writer) == ("one", "two")
        assert chosen(desk).writer_for("extractive") == "extractive"
        with ThreadPoolExecutor(8) as threads:
            assistants = list(threads.map(lambda _: chosen(desk, "three"), range(8)))
        assert len(set(map(id, assistants))) == 1
    with Desk(Settings(), named) as desk, pytest.raises(ModelError):
        desk.stream(Request(OWLS, writer="llm"))


def test_reading_ahead_changes_no_answer(named):
    questions = (OWLS, "Where do eels live?", "Which papers count animals?", "How do I boil an egg?")
    with Desk(Settings(), named) as desk:
        before = [untimed(ask_at(desk, question).to_dict()) for question in questions]
    with Desk(Settings(), named) as desk:
        desk.read_ahead()
        while_reading = untimed(ask_at(desk, OWLS).to_dict())
        wait_for_reading()
        assert [untimed(ask_at(desk, question).to_dict()) for question in questions] == before
        assert while_reading == before[0]


@pytest.mark.slow
def test_reading_ahead_ends_when_the_desk_is_closed(with_bundled):
    with Desk(Settings()) as desk:
        desk.read_ahead()
    wait_for_reading()
    assert "askpapers-reading" not in {thread.name for thread in threading.enumerate()}

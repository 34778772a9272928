"""Who opens a library or a model closes it; what `rag.ask` has opened stays open, and is reused."""

import json
import shutil
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from conftest import Listed

from eval.runner import evaluate
from ingest.pipeline import ingest
from rag import Assistant, Library, NoLibraryError, Paper, QuestionError, Request, ask, stream
from rag.open_assistants import OpenAssistants
from rag.settings import Settings, bundled_library, own_library
from rag.streams import read_answer

OWLS = "How many owls live in the forest?"
KEPT = Settings()

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="open files are read from /proc"
)


@pytest.fixture(scope="module")
def owls(tmp_path_factory, encoder) -> Path:
    folder = tmp_path_factory.mktemp("lifetime") / "owls"
    with Library.create(folder, encoder) as library:
        ingest(library, [Listed((Paper("OwlNet", "We count 31 owls in the forest.", published="2019"),))])
    return folder


@pytest.fixture
def copies(owls, tmp_path) -> list[Path]:
    return [Path(shutil.copytree(owls, tmp_path / name)) for name in "abc"]


@pytest.fixture
def assistants():
    kept = OpenAssistants(most=2)
    yield kept
    kept.close()


def is_open(folder: Path) -> bool:
    """Whether this process has files of a library open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return any(str(link.readlink()).startswith(f"{folder}/") for link in links)


def is_closed(folder: Path) -> bool:
    """Whether it has none, after a moment: Chroma's are closed by a thread of its own."""
    tries = (time.sleep(0.02) for _ in range(500))
    return not is_open(folder) or any(not is_open(folder) for _ in tries)


def asked(assistants, place, settings=KEPT):
    with assistants.using(place, settings) as assistant:
        return assistant, assistant.ask(OWLS)


def test_an_assistant_closes_the_library_that_it_opened_and_no_other(owls):
    with Assistant.open(owls, KEPT) as assistant:
        assert "31 owls" in assistant.ask(OWLS).text
        assert is_open(owls)
    assert is_closed(owls)
    with Library.open(owls, KEPT) as library:
        Assistant.open(library, KEPT).close()
        Assistant(library).close()
        assert is_open(owls)


def test_an_assistant_that_cannot_be_made_leaves_nothing_open(owls):
    with pytest.raises(Exception, match="no language model"):
        Assistant.open(owls, KEPT, writer="llm")
    assert is_closed(owls)


def test_an_answer_that_is_being_read_is_read_to_its_end_before_the_library_closes(owls):
    assistant = Assistant.open(owls, KEPT)
    unread = assistant.stream(OWLS)
    assistant.close()
    assistant.close()
    assert "31 owls" in read_answer(unread).text
    assert is_open(owls)
    del unread
    assert is_closed(owls)


def test_one_assistant_stays_open_for_each_library_and_settings(assistants, copies):
    first, _ = asked(assistants, copies[0])
    assert asked(assistants, str(copies[0]))[0] is first
    assert asked(assistants, copies[0], Settings(unsupported="drop"))[0] is not first


def test_what_was_read_is_not_read_again(assistants, copies, encoder, monkeypatch):
    texts = []
    encode = encoder.encode_tokens
    asked(assistants, copies[0])
    monkeypatch.setattr(encoder, "encode_tokens", lambda some: texts.extend(some) or encode(some))
    with assistants.using(copies[0], KEPT) as assistant:
        assistant.ask("How many owls are there in the woods?")
    assert not any("We count 31 owls" in text for text in texts)


def test_the_assistant_used_longest_ago_is_closed_when_its_answers_have_been_read(assistants, copies):
    with assistants.using(copies[0], KEPT) as assistant:
        unread = assistant.stream(OWLS)
    del assistant
    for folder in copies[1:]:
        asked(assistants, folder)
    assert "31 owls" in read_answer(unread).text
    del unread
    assert is_closed(copies[0])
    assert all(map(is_open, copies[1:]))
    assistants.close()
    assert all(map(is_closed, copies))


def test_another_library_in_the_same_folder_is_opened_anew(assistants, copies, encoder):
    before, _ = asked(assistants, copies[0])
    shutil.rmtree(copies[0])
    with Library.create(copies[0], encoder) as library:
        ingest(library, [Listed((Paper("OwlNet", "We count 12 owls in the forest."),))])
    after, answer = asked(assistants, copies[0])
    assert after is not before
    assert "12 owls" in answer.text


def test_the_library_that_is_meant_is_the_one_named_then_the_own_one_then_the_bundled_one(
    owls, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))

    def found(place=None, settings=KEPT):
        with Library.open(place, settings) as library:
            return library.folder

    with pytest.raises(NoLibraryError, match="askpapers ingest demo"):
        found()
    for folder in (bundled_library(), own_library()):
        shutil.copytree(owls, folder)
        assert found() == folder
    assert found(settings=Settings(library=owls)) == owls
    assert found(str(owls), Settings(library=tmp_path)) == owls


def test_a_request_is_asked_as_its_options_are(owls):
    request = Request(OWLS, words=1)
    one, other = ask(request, library=owls), ask(OWLS, library=owls, words=1)
    assert (one.text, one.filters) == (other.text, other.filters)
    assert ask(request, library=owls, from_year=2020).filters.from_year == 2020
    with pytest.raises(QuestionError, match="at least 1"):
        stream(Request(OWLS, words=0), library=owls)
    with pytest.raises(TypeError, match="wrods"):
        ask(OWLS, library=owls, wrods=1)


def test_years_are_counted_from_the_day_of_the_request(owls):
    question = "Which papers of the last two years count owls?"
    years = [ask(question, library=owls, day=date(year, 5, 1)).filters.from_year for year in (2020, 2024)]
    assert years[1] - years[0] == 4


@pytest.mark.slow
def test_an_evaluation_closes_the_library_that_it_opened_and_goes_on_with_its_day(copies, tmp_path):
    cases = tmp_path / "cases.jsonl"
    cases.write_text(json.dumps({"id": "a", "question": OWLS, "facts": [["31"]], "tags": ["single"]}))

    def run(day):
        request = Request(day=day)
        return evaluate(
            lambda question: "", cases, library=copies[0], out=tmp_path / "run", request=request
        )

    runs = [run(date(2020, 1, 1)), run(date(2021, 1, 1))]
    assert [each.record["system"]["options"]["day"] for each in runs] == ["2020-01-01", "2020-01-01"]
    assert is_closed(copies[0])

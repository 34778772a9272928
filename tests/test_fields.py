"""Question sets about other fields: which library each is asked on, and what is said without one."""

import json

import pytest

import ui.fields
from eval.cases import BUNDLED
from eval.errors import RunError
from eval.fields import biomedicine_ids, by_field, field_of
from rag.settings import Settings
from ui.fields import open_field

pytestmark = pytest.mark.usefixtures("without_charts")
ABSTRACTS = {
    "4983": ["White matter of newborns was measured by diffusion.", "It fell to 1.2."],
    "5836": ["Myelodysplasia follows from cells that suppress immunity."],
    "7912": ["Nobody asks about this one."],
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with a tiny corpus, of which two abstracts are asked about."""
    monkeypatch.setattr(ui.fields, "biomedicine_ids", lambda: frozenset({"4983", "5836"}))
    monkeypatch.setattr("ui.fields.field_library", lambda name: tmp_path / "fields" / name)
    return write_corpus(tmp_path / "scifact", ABSTRACTS)


def write_corpus(folder, abstracts, text="sentences"):
    folder.mkdir()
    rows = [{"_id": id_, "title": f"Title {id_}", text: abstract} for id_, abstract in abstracts.items()]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def titles(library):
    return {paper.title for paper in library.catalog.browse(most=9)}


def test_a_set_belongs_to_a_field_by_its_name(tmp_path):
    mine = tmp_path / "economics.jsonl"
    mine.write_text('{"id": "one", "question": "Why?"}')
    found = by_field(["dev", "biomedicine-test", "biomedicine-dev", "economics", str(mine)])
    assert list(found) == [None, "biomedicine", "economics"]
    assert found["biomedicine"] == [str(BUNDLED / f"biomedicine-{half}.jsonl") for half in ("test", "dev")]
    assert str(mine) in found[None]
    assert field_of(BUNDLED / "fresh.jsonl") is None
    assert len(biomedicine_ids()) == 260


def test_the_library_holds_the_abstracts_that_are_asked_about_and_is_built_once(data, encoder, monkeypatch):
    with open_field("biomedicine", data, Settings()) as library:
        assert titles(library) == {"Title 4983", "Title 5836"}
        (paper,) = library.catalog.browse("4983")
        assert paper.abstract == " ".join(ABSTRACTS["4983"])
        assert not library.catalog.holds_digests
    monkeypatch.setattr(type(encoder), "encode_both", None)  # nothing is encoded again
    with open_field("biomedicine", data, Settings()) as again:
        assert again.folder == library.folder


def test_another_corpus_makes_another_library(data, encoder, tmp_path):
    other = write_corpus(tmp_path / "other", dict.fromkeys(ABSTRACTS, "Other words."), text="text")
    with (
        open_field("biomedicine", data, Settings()) as one,
        open_field("biomedicine", other, Settings()) as two,
    ):
        assert one.folder != two.folder
        assert {paper.abstract for paper in two.catalog.browse(most=9)} == {"Other words."}


def test_a_corpus_that_cannot_be_used_says_what_to_name(data, encoder, tmp_path):
    few = write_corpus(tmp_path / "few", {"4983": ["Newborns."]})
    with pytest.raises(RunError, match="lacks 1 of the 2"):
        open_field("biomedicine", few, Settings())
    with pytest.raises(RunError, match="cannot be read"):
        open_field("biomedicine", tmp_path, Settings())
    (few / "corpus.jsonl").write_text("[1]\n")
    with pytest.raises(RunError, match="cannot be read"):
        open_field("biomedicine", few, Settings())


@pytest.mark.slow
def test_economics_needs_no_data_and_is_asked_on_its_digests(data, run, tmp_path):
    options = ("--tag", "single", "--sample", 3, "--json")
    code, printed, _ = run("eval", "economics", "--out", tmp_path / "out", *options)
    assert (code, json.loads(printed)["metrics"]["hit@5"]["mean"]) == (0, 1)
    (folder,) = (tmp_path / "fields").iterdir()
    assert folder.name.startswith("economics-")


def test_biomedicine_alone_without_data_is_an_error_that_names_the_option(run, tmp_path):
    code, printed, err = run("eval", "biomedicine-test", "--out", tmp_path / "out")
    assert (code, printed, err.count("\n")) == (1, "", 1)
    assert "--data FOLDER" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_of_several_sets_each_library_has_its_run_and_one_without_data_is_left_out(data, run, tmp_path):
    options = ("--out", tmp_path / "out", "--sample", 2, "--tag", "single", "--json")
    code, printed, err = run("eval", "economics", "biomedicine-test", *options)
    assert (code, list(json.loads(printed))) == (0, ["economics"])
    assert err.count("Left out: ") == 1
    assert (tmp_path / "out" / "economics" / "report.html").exists()
    code, printed, err = run("eval", "economics", "biomedicine-test", *options, "--data", data)
    summaries = json.loads(printed)
    assert (code, "Left out" in err) == (0, False)
    assert {name: each["n"] for name, each in summaries.items()} == {"economics": 2, "biomedicine": 2}


@pytest.mark.slow
def test_a_tag_and_its_gate_are_for_the_parts_that_have_it(data, run, tmp_path):
    known = ("eval", "economics", "biomedicine-test", "--data", data, "--sample", 1, "--json")
    gate = ("--require", "words[year]<0")
    code, printed, err = run(*known, "--out", tmp_path / "year", "--tag", "year", *gate)
    assert (code, list(json.loads(printed)), "1 of 1 gates failed" in err) == (1, ["economics"], True)
    code, printed, err = run(*known, "--out", tmp_path / "both", "--tag", "year", "--tag", "trap")
    assert (code, set(json.loads(printed))) == (0, {"economics", "biomedicine"})


def test_a_named_library_is_asked_whatever_the_field(data, encoder, run, tmp_path):
    with open_field("biomedicine", data, Settings()) as library:
        options = ("--out", tmp_path / "out", "--sample", 2, "--json")
        code, printed, _ = run("eval", "economics", "dev", "--library", library.folder, *options)
    assert (code, json.loads(printed)["n"]) == (0, 2)
    assert (tmp_path / "out" / "report.html").exists()

"""Sources by the names that a command line gives them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from named_sources import names_to_sources

from ingest.sources.arxiv_api import ArxivSource
from ingest.sources.base import ReadOptions
from ingest.sources.files import FileSource
from ingest.sources.hugging_face import HubSource
from rag.errors import SourceError

ROOT = Path(__file__).parents[1]
RECORD = {"title": "Ledgers of Owls", "abstract": "We count owls."}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a file of papers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers.jsonl").write_text(json.dumps(RECORD))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "remembered", "most"),
    [
        ("hf:2110.07143", "hf:2110.07143", None),
        ("hf: 2110.07143v3 , 1706.03762,2110.07143", "hf:2110.07143,1706.03762", None),
        ("hf:query=large language models", "hf:query=large language models", None),
        ("hf:query=owls ; max=20", "hf:query=owls", 20),
        ("hf:date=2025-12-08", "hf:date=2025-12-08", None),
        ("hf:week=2025-W50;max=5", "hf:week=2025-W50", 5),
        ("hf:month=2025-12", "hf:month=2025-12", None),
        ("arxiv:2110.07143", "arxiv:2110.07143", None),
        ("arxiv:https://arxiv.org/abs/2110.07143v2", "arxiv:2110.07143", None),
        ("arxiv:math.GT/0309136,hep-th/9711200", "arxiv:math/0309136,hep-th/9711200", None),
        ("arxiv:query=all:owls AND cat:cs.CL", "arxiv:query=all:owls AND cat:cs.CL", None),
        ('arxiv:query=ti:"a = b";max=500', 'arxiv:query=ti:"a = b"', 500),
    ],
)
def test_a_service_has_a_name_that_stays(name, remembered, most):
    (source,) = names_to_sources([name])
    assert isinstance(source, HubSource if name.startswith("hf:") else ArxivSource)
    assert (source.name, source.query.most) == (remembered, most)


@pytest.mark.parametrize(
    "wish",
    [
        *(
            "",
            " ",
            "owls",
            "2110.07143,",
            "2110.07143,owls",
            "2110.07143;max=3",
            "=owls",
            "query",
            "query=",
        ),
        *(
            "query= ",
            "Query=owls",
            "query=owls;max=0",
            "query=owls;max=-1",
            "query=owls;max=",
            "query=owls;min=2",
        ),
        *("query=owls;max=2;max=3", "query=owls;", "query=\udc80", "query=owls;max=1000000"),
    ],
)
@pytest.mark.parametrize("prefix", ["hf", "arxiv"])
def test_another_form_is_an_error_that_names_the_forms(prefix, wish):
    with pytest.raises(SourceError, match=rf"names no papers: say it like {prefix}:2110\.07143, .*query="):
        names_to_sources([f"{prefix}:{wish}"])


@pytest.mark.parametrize(
    "name",
    ["arxiv:2110.07143;pdf", "arxiv:2110.07143,1706.03762 ; pdf", "arxiv:query=all:owls;max=5;pdf"],
)
def test_arxiv_gives_whole_papers(name):
    (source,) = names_to_sources([name])
    assert (source.query.pdf, source.name.endswith(";pdf")) == (True, True)
    assert source.query.most == (5 if "max" in name else None)


@pytest.mark.parametrize("name", ["hf:2110.07143;pdf", "hf:query=owls;pdf", "arxiv:2110.07143;pdf;pdf"])
def test_others_have_no_pdfs(name):
    with pytest.raises(SourceError, match="names no papers: say it like"):
        names_to_sources([name])


@pytest.mark.parametrize(
    "wish",
    [
        *("date=2025-12-32", "date=2025-12", "date=today", "date=2025-1-1", "date=２０２５-12-08"),
        *("week=2025-W53", "week=2025-50", "week=2025-12-08", "month=2025-13", "month=2025-W50"),
        *("query=owls;max=121", f"query={'owl ' * 70}", "day=2025-12-08"),
    ],
)
def test_what_the_hub_cannot_tell_is_an_error(wish):
    with pytest.raises(SourceError, match=r"hf:date=2025-12-08"):
        names_to_sources([f"hf:{wish}"])


@given(prefix=st.sampled_from(["hf:", "arxiv:"]), wish=st.text() | st.text("=;,:maxquery01- \n"))
def test_any_name_of_a_service_is_a_source_or_one_line_of_error(prefix, wish):
    try:
        (source,) = names_to_sources([prefix + wish])
    except SourceError as error:
        assert "\n" not in str(error) and len(str(error)) < 400
    else:
        assert source.name.startswith(prefix)


def test_only_the_libraries_of_the_sources_that_are_named_are_loaded(folder):
    (folder / "papers.bib").write_text("@misc{a, title={Owls}, abstract={They sleep.}}")
    program = (
        "import sys; from ingest.sources.named import sources_by_name\n"
        "late = {'arxiv', 'huggingface_hub', 'bibtexparser', 'pyarrow'}\n"
        "for sources in sources_by_name(sys.argv[1:]).values(): list(sources[0].read())\n"
        "print(*late & set(sys.modules))"
    )
    for name, loaded in {"papers.jsonl": "", "papers.bib": "bibtexparser"}.items():
        command = [sys.executable, "-c", program, str(folder / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == loaded


def test_forms_are_checked_before_anything_is_read(folder, monkeypatch):
    """Standard input would have to be read at once."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SourceError, match="names no papers"):
        names_to_sources(["-", "papers.jsonl", "hf:owls"])


def test_sources_come_in_the_order_of_their_names(folder):
    sources = names_to_sources(["arxiv:2110.07143", "papers.jsonl", "hf:2110.07143"])
    assert [type(source) for source in sources] == [ArxivSource, FileSource, HubSource]


def test_sources_of_a_service_share_it(folder):
    first, _, second = names_to_sources(["arxiv:2110.07143", "hf:2110.07143", "arxiv:query=all:owls"])
    assert first.service is second.service


def test_a_file_with_such_a_name_is_read_behind_a_dot(folder):
    (folder / "hf:2110.07143").write_text(json.dumps(RECORD))
    (source,) = names_to_sources(["./hf:2110.07143"], ReadOptions(format="jsonl"))
    assert [paper.title for paper in source.read()] == ["Ledgers of Owls"]
    (source,) = names_to_sources(["hf:2110.07143"])
    assert isinstance(source, HubSource)


@pytest.mark.parametrize("name", ["2110.07143", "https://arxiv.org/abs/2110.07143v2"])
def test_an_id_or_an_address_is_told_how_it_is_said(folder, name):
    with pytest.raises(SourceError, match=r"is no file: for the paper of that id say arxiv:2110\.07143$"):
        names_to_sources([name])


def test_an_empty_name_is_an_error(folder):
    with pytest.raises(SourceError, match="a source has no name"):
        names_to_sources(["papers.jsonl", " "])


def test_standard_input_is_read_once():
    with pytest.raises(SourceError, match="standard input can be read once"):
        names_to_sources(["-", "-"])

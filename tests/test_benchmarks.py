"""What the measurements of speed stand on; nothing here is timed."""

from itertools import islice

import numpy as np
import pytest

from benchmarks.calls import measure
from benchmarks.commands import questions_of
from benchmarks.page import show
from benchmarks.page_crowd import crowd, growth_kb, lone_talks, memory
from benchmarks.page_wiring import Results
from benchmarks.processes import in_own_process
from benchmarks.scripted_model import ScriptedModel
from benchmarks.served_page import serving
from benchmarks.speed import ratios
from benchmarks.synthetic import ReusingEncoder, Slice, embedded_texts, synthetic_papers
from ingest.pipeline import ingest
from rag import Assistant
from rag.library import Library
from rag.retrieval import Retriever


def papers(count, seed=0):
    return list(islice(synthetic_papers(seed), count))


def test_synthetic_papers_are_the_same_each_time_and_differ_from_one_another():
    made = papers(3000)
    assert made[:300] == papers(300)
    assert made[:3] != papers(3, seed=1)
    assert len({paper.paper_id for paper in made}) == len({paper.abstract for paper in made}) == 3000
    assert 500 < np.mean([len(paper.abstract) for paper in made]) < 2000


def test_a_reusing_encoder_gives_the_vectors_of_its_pool(encoder):
    pool = embedded_texts(papers(4, seed=1))
    reusing, texts = ReusingEncoder(pool), embedded_texts(papers(8))
    vectors, tokens = reusing.encode_both(texts)
    nearest = (vectors @ encoder.encode(pool).T).argmax(axis=1)
    known = encoder.encode_tokens(pool)
    for row, found, text in zip(nearest, tokens, texts, strict=True):
        assert found.ids.tolist() == known[row].ids.tolist()
        in_title = known[row].starts < pool[row].index("\n")
        assert (found.starts < text.index("\n")).tolist() == in_title.tolist()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(reusing.encode(texts), vectors)
    assert reusing.encode([]).shape == (0, encoder.dimension)


@pytest.mark.slow
def test_a_library_of_reused_vectors_is_searched_with_the_real_encoder(tmp_path, encoder):
    reusing = ReusingEncoder(embedded_texts(papers(4, seed=1)))
    with Library.create(tmp_path, reusing) as library:
        assert ingest(library, [Slice(0, papers(70))]).added == 70
    with Library(tmp_path, encoder) as library:
        assert ingest(library, [Slice(0, papers(70))]).unchanged == 70
        assert library.verify() == []
        assert len(Retriever(library).search("pre-training on source code")) == 10


def test_ratios_leave_out_what_was_not_told():
    ours = {"ingest_per_second": 30.0, "reingest_per_second": 3000.0, "peak_mb": None}
    other = {"ingest_per_second": 20.0, "peak_mb": 100.0}
    assert ratios({"askpapers": ours, "llamaindex": other}) == {"ingest_per_second": 1.5, "reingest": 100}


def test_results_are_put_together_from_changes_and_keep_what_is_skipped():
    """As Gradio sends them: all, then changes, then all; an update without a value changes nothing."""
    results = Results((7, 8))
    chat = {"__type__": "update", "value": [{"content": "What?"}]}
    results.take({"msg": "process_generating", "output": {"data": [chat, {"__type__": "update"}]}})
    said = [["append", ["value", 0, "content"], " Why?"], ["add", ["value", 1], {"content": "So."}]]
    kept = [["delete", ["__type__"], None], ["add", ["chats"], [1]]]
    results.take({"msg": "process_generating", "output": {"data": [said, kept]}})
    shown = [{"content": "What? Why?"}, {"content": "So."}]
    assert results.values == {7: shown, 8: {"chats": [1]}}
    skipped = [
        [["delete", ["value"], None]],
        [["delete", ["chats"], None], ["add", ["__type__"], "update"]],
    ]
    results.take({"msg": "process_generating", "output": {"data": skipped}})
    results.take({"msg": "process_completed", "output": {"data": [{"__type__": "update"}] * 2}})
    assert results.values == {7: shown, 8: {"chats": [1]}}


def test_growth_is_counted_beyond_the_first_hundred_questions():
    held = [("start", 400.0), (100, 500.0), (300, 502.0)]
    assert growth_kb([{"after": after, "memory_mb": mb} for after, mb in held]) == 10.2
    assert growth_kb([{"after": 50, "memory_mb": 500.0}]) is None


@pytest.mark.slow
def test_calls_tell_what_the_process_holds(tmp_path, encoder, monkeypatch):
    with Library.create(tmp_path, encoder) as library:
        ingest(library, [Slice(0, papers(12))])
    with in_own_process(ScriptedModel) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.address())
        rows = list(measure(tmp_path, ["Which papers are about pre-training?"], [1, 2]))
    assert [row["calls"] for row in rows] == [0, 1, 2]
    assert all(row["open_files"] and row["threads"] and row["memory_mb"] for row in rows)
    assert rows[-1]["writers"] == ["gpt-4.1-mini"]


@pytest.mark.slow
def test_the_page_is_measured(tmp_path, encoder, capsys):
    """Sessions at once see their own answers alone, and memory is told; how fast is not looked at."""
    with Library.create(tmp_path / "library", encoder) as library:
        ingest(library, [Slice(0, papers(12))])
        talks = lone_talks(Assistant(library, writer="extractive"), questions_of(), sessions=3, in_a_row=2)
    with serving(tmp_path / "home", "--library", str(tmp_path / "library")) as page:
        found = crowd(page, talks)
        rows = memory(page, questions_of(), [4])
    assert (found["answered"], found["wrong"], found["queue_full"], found["survives"]) == (6, 0, 0, True)
    assert [row["after"] for row in rows] == ["start", "reading ahead", 4]
    assert all(row["memory_mb"] > 0 for row in rows)
    assert page.process.poll() is not None
    show({"sessions": {"crowd": [found]}, "memory": {"memory": rows}})
    assert "reading ahead" in capsys.readouterr().out

"""What the measurements of speed stand on; nothing here is timed."""

from itertools import islice

import numpy as np

from benchmarks.speed import ratios
from benchmarks.synthetic import ReusingEncoder, Slice, embedded_texts, synthetic_papers
from ingest.pipeline import ingest
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

"""Late interaction: compact vectors, the match of tokens, and the index that follows the catalog."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.bundled import BundledSource
from ingest.chunking import split_abstract
from rag.embedding.shared import SharedPass
from rag.errors import WrongEncoderError
from rag.library.catalog import Change
from rag.library.codec import COMPONENTS, Compact, Plain
from rag.library.matching import matches
from rag.library.tokens import TokenIndex
from rag.types import Paper, Passage

TOPICS = [
    f"{animal} {place}" for animal in ("owls", "bees", "foxes", "eels") for place in ("in woods", "at sea")
]


@pytest.fixture(scope="module")
def vectors(encoder):
    """Token vectors of real texts, (n, 384)."""
    texts = [paper.abstract for paper in islice(BundledSource().read(), 12)]
    return np.concatenate([tokens.vectors for tokens in encoder.encode_tokens(texts)])


@pytest.fixture
def index(tmp_path, encoder):
    index = TokenIndex(tmp_path / "tokens", SharedPass(encoder))
    yield index
    index.close()


def change(sequence, topic, text=None):
    abstract = text or f"We count {topic} in a field. A ledger of {topic} has {sequence} rows. " * 4
    paper = Paper(title=f"A Study of {topic}", abstract=abstract)
    passages = [Passage(paper.paper_id, *span) for span in split_abstract(abstract)]
    return Change(sequence, paper.paper_id, paper, tuple(passages))


def query(encoder, text):
    return encoder.encode_tokens([text])[0]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# Codecs


def test_plain_vectors_give_cosines(vectors):
    plain = Plain(384)
    stored = plain.encode(vectors)
    assert len(stored) == len(vectors) * 384 * 2
    assert np.allclose(
        plain.similarities(stored, vectors[:5]), unit(vectors) @ unit(vectors[:5]).T, atol=2e-3
    )


def test_compact_vectors_take_4_bits_a_component_and_tell_tokens_apart(vectors):
    codec = Compact.fit(vectors)
    stored = codec.encode(vectors)
    assert len(stored) == len(vectors) * COMPONENTS // 2
    similar = codec.similarities(stored, vectors)
    assert similar.dtype == np.float32
    assert (similar.argmax(axis=0) == np.arange(len(vectors))).mean() > 0.95
    assert np.all(np.abs(similar) < 1.1)


def test_compact_similarities_are_those_of_the_transformed_vectors(vectors):
    codec = Compact.fit(vectors)
    exact = unit((unit(vectors) - codec.mean) @ codec.basis)
    wanted = exact @ exact[:7].T
    found = codec.similarities(codec.encode(vectors), vectors[:7])
    assert np.abs(found - wanted).mean() < 0.02
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98


def test_a_codec_is_the_same_when_it_is_stored(vectors):
    codec = Compact.fit(vectors)
    again = Compact.from_bytes(codec.to_bytes())
    assert again.encode(vectors) == codec.encode(vectors)


# Matching


def slow_matches(ends, similar, weights):
    """By the definition, token by token."""
    found, first = {}, 0
    for paper_id, of_paper in ends.items():
        rows = similar[first : first + of_paper[-1]]
        first += of_paper[-1]
        parts = [rows[start:stop] for start, stop in zip([0, *of_paper], of_paper, strict=False)]
        title, passages = list(parts[0]), [list(part) for part in parts[1:]]

        def score(tokens):
            best = [max([row[q] for row in tokens], default=-1.0) for q in range(len(weights))]
            return sum(value * weight for value, weight in zip(best, weights, strict=True))

        scores = [score(title + passage) for passage in passages]
        found[paper_id] = (score(list(rows)), max(scores), scores)
    return found


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=4), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_matches_equal_their_slow_twin(lengths, asked, seed):
    random = np.random.default_rng(seed)
    ends = {str(number): np.cumsum(of_paper) for number, of_paper in enumerate(lengths)}
    similar = random.uniform(-1, 1, (sum(map(sum, lengths)), asked)).astype(np.float32)
    weights = np.full(asked, 1 / asked, np.float32)
    slow = slow_matches(ends, similar, weights)
    for paper_id, match in matches(ends, similar, weights).items():
        whole, best, scores = slow[paper_id]
        assert match.paper == pytest.approx(whole, abs=1e-5)
        assert match.passage == pytest.approx(best, abs=1e-5)
        assert scores[match.number] == pytest.approx(best, abs=1e-5)


# The index


def test_the_paper_and_the_passage_that_say_it_match_best(index, encoder):
    text = "We count owls in woods. " * 8 + "Eels swim at sea by night. " * 8
    changes = [change(1, "owls", text), change(2, "bees"), change(3, "foxes")]
    index.apply(changes, 3)
    found = index.match(query(encoder, "eels swimming at sea"), [each.paper_id for each in changes])
    best = max(found, key=lambda paper_id: found[paper_id].paper)
    passages = changes[0].passages
    assert best == changes[0].paper_id
    assert "Eels" in text[passages[found[best].number].start : passages[found[best].number].end]
    assert index.held() == {each.paper_id: index.wanted(each) for each in changes}


def test_rare_words_weigh_more_than_common_ones(index, encoder):
    changes = [change(number, topic) for number, topic in enumerate(TOPICS, start=1)]
    index.apply(changes, len(changes))
    asked = query(encoder, "count eels")
    weights = dict(zip(asked.ids.tolist(), index.weights(asked.ids), strict=True))
    count, eels = weights[asked.ids[0]], max(weights[piece] for piece in asked.ids[1:].tolist())
    assert eels > 1.4 * count
    assert sum(weights.values()) == pytest.approx(1)


def test_a_paper_whose_text_is_the_same_is_not_encoded_again(tmp_path, encoder):
    class Counting(SharedPass):
        texts = 0

        def encode_tokens(self, texts):
            self.texts += len(texts)
            return super().encode_tokens(texts)

    counting = Counting(encoder)
    index = TokenIndex(tmp_path / "tokens", counting)
    owls = change(1, "owls")
    index.apply([owls], 1)
    encoded = counting.texts
    index.apply([replace(owls, sequence=2, paper=replace(owls.paper, published="2021"))], 2)
    assert (counting.texts, index.checkpoint()) == (encoded, 2)
    index.apply([change(3, "owls", "Owls rest.")], 3)
    assert counting.texts == encoded + 1
    index.close()


def test_counts_of_word_pieces_follow_what_is_replaced_and_removed(index, encoder, tmp_path):
    last, pieces = [change(1, "owls"), change(5, "bees")], np.arange(encoder.vocabulary)
    fresh = TokenIndex(tmp_path / "fresh", SharedPass(encoder))
    fresh.apply(last, 5)
    index.apply([change(1, "owls"), change(2, "bees")], 2)
    index.apply([change(3, "bees", "Bees sleep."), change(4, "foxes")], 4)
    assert (index.weights(pieces) != fresh.weights(pieces)).any()
    index.apply([last[1], replace(change(6, "foxes"), paper=None, passages=())], 6)
    assert (index.weights(pieces) == fresh.weights(pieces)).all()
    fresh.close()


def test_from_64_papers_on_vectors_are_compact_and_say_the_same(index, encoder, tmp_path):
    animals = [f"{topic} {number}" for topic in TOPICS for number in range(8)]
    changes = [change(number, animal) for number, animal in enumerate(animals, start=1)]
    index.apply(changes[:63], 63)
    asked, ids = query(encoder, "foxes at sea"), [each.paper_id for each in changes[:63]]
    plain = index.match(asked, ids)
    index.apply(changes[63:], 64)
    compact = index.match(asked, ids)
    scores = np.array([[plain[paper_id].paper, compact[paper_id].paper] for paper_id in ids])
    assert np.corrcoef(scores.T)[0, 1] > 0.9
    index.close()  # which brings SQLite's log into the file
    assert (tmp_path / "tokens" / "tokens.sqlite").stat().st_size < 64 * 24_000


def test_nothing_is_found_for_nothing(index, encoder):
    assert index.match(query(encoder, "owls"), ["unknown"]) == {}
    index.apply([change(1, "owls")], 1)
    assert index.match(query(encoder, "owls"), ["unknown"]) == {}
    assert index.match(query(encoder, "?!"), [change(1, "owls").paper_id]) == {}


def test_tokens_of_another_encoder_are_refused(index, encoder, tmp_path):
    index.apply([change(1, "owls")], 1)
    other = SharedPass(encoder)
    other.name = "another"
    with pytest.raises(WrongEncoderError, match="reindex"):
        TokenIndex(tmp_path / "tokens", other).checkpoint()


def test_one_pass_serves_both_and_gives_what_two_would(encoder):
    class Once:
        name, dimension, width, vocabulary = "once", 384, 384, encoder.vocabulary
        passes = 0

        def encode_both(self, texts):
            self.passes += 1
            return encoder.encode_both(texts)

        def encode_tokens(self, texts):
            self.passes += bool(texts)
            return encoder.encode_tokens(texts)

    once = Once()
    shared, texts = SharedPass(once), ["owls count", "bees", "bees"]
    assert np.allclose(shared.encode(texts), encoder.encode(texts))
    tokens = shared.encode_tokens(texts)
    assert once.passes == 1
    for found, wanted in zip(tokens, encoder.encode_tokens(texts), strict=True):
        assert found.ids.tolist() == wanted.ids.tolist()
        assert np.allclose(found.vectors, wanted.vectors, atol=1e-5)
    shared.encode_tokens(["foxes"])
    assert once.passes == 2

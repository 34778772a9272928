"""The embedded encoder: reference values, order, and weights that are checked."""

import shutil

import numpy as np
import pytest
from encoders import Forgetful

from rag.embedding import weights
from rag.errors import EncoderMissingError

EATING = ["A man is eating food.", "A man is eating a piece of bread."]


@pytest.fixture(scope="module")
def encoder():
    return Forgetful()


def test_it_gives_the_reference_similarity(encoder):
    food, bread = encoder.encode(EATING)
    assert food @ bread == pytest.approx(0.7553, abs=0.0005)


def test_vectors_have_unit_length_and_the_stated_shape(encoder):
    vectors = encoder.encode(["one", "two words", "three words here"])
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_batch_equals_its_texts_one_by_one_in_their_order(encoder):
    texts = [f"{'word ' * length}end" for length in (40, 1, 7, 90, 3) * 5]
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert np.allclose(encoder.encode(texts), alone, atol=1e-5)


def test_no_text_gives_no_vector(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_what_lies_beyond_the_longest_text_makes_no_difference(encoder):
    long, longer = encoder.encode(["word " * 300, "word " * 3000])
    assert np.allclose(long, longer, atol=1e-5)


def test_weights_with_another_hash_are_refused(tmp_path):
    real = weights.find_weights()
    shutil.copy(real.tokenizer, tmp_path / "tokenizer.json")
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(EncoderMissingError, match=r"SHA-256 differs.*askpapers setup"):
        weights.check_weights(tmp_path)

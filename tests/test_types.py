"""An answer as JSON, and back."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Answer, Check, Citation, Claim, Filters, Markers, RankedPaper

texts = st.text(max_size=20)
counts = st.integers(0, 9)
numbers = st.floats(0, 1)
checks = st.sampled_from(get_args(Check))


def tuples(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


answers = st.builds(
    Answer,
    question=texts,
    status=st.sampled_from(["answered", "partial", "refused"]),
    text=texts,
    reason=st.none() | texts,
    claims=tuples(st.builds(Claim, texts, tuples(counts), checks, st.none() | numbers)),
    citations=tuples(
        st.builds(
            Citation, counts, texts, texts, st.none() | texts, st.none() | texts, texts, counts, counts
        )
    ),
    papers=tuples(st.builds(RankedPaper, texts, texts, numbers)),
    filters=st.builds(
        Filters,
        from_year=st.none() | counts,
        organization=st.none() | texts,
        papers=st.none() | tuples(texts),
    ),
    resolved_question=st.none() | texts,
    missing=st.none() | texts,
    notes=tuples(texts),
    writer=texts,
    markers=st.builds(Markers, counts, counts),
    usage=st.dictionaries(texts, numbers, max_size=2),
    seconds=st.dictionaries(texts, numbers, max_size=2),
)


@given(answers)
def test_an_answer_is_read_back_from_its_json(answer):
    assert Answer.from_dict(answer.to_dict()) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@pytest.mark.parametrize(("supported", "check"), [(True, "supported"), (False, "not found")])
def test_a_claim_from_before_there_were_verdicts_is_read(supported, check):
    told = {"text": "Owls fly.", "citations": [1], "support": 0.4, "supported": supported}
    assert Claim.from_dict(told) == Claim("Owls fly.", (1,), check, 0.4)


@pytest.mark.parametrize("told", [{}, {"claims": [{}]}, {"question": "Why?", "claims": 7}])
def test_what_is_no_answer_is_not_read(told):
    with pytest.raises((KeyError, TypeError)):
        Answer.from_dict(told)

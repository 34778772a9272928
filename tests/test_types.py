"""An answer as JSON, and back."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Answer, Check, Citation, Claim, Filters, Markers, Part, RankedPaper

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
    claims=tuples(
        st.builds(
            Claim,
            texts,
            tuples(counts),
            checks,
            st.none() | numbers,
            quotes=tuples(counts),
            reason=st.none() | texts,
            notes=tuples(texts),
        )
    ),
    citations=tuples(
        st.builds(
            Citation,
            *(counts, texts, texts, st.none() | texts, st.none() | texts, texts, counts, counts),
            authors=tuples(texts),
            part=st.sampled_from(get_args(Part)),
            page=st.none() | counts,
            section=st.none() | texts,
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
    queries=tuples(texts),
    steps=st.dictionaries(texts, st.dictionaries(texts, numbers, max_size=2), max_size=2),
)


@given(answers)
def test_an_answer_is_read_back_from_its_json(answer):
    assert Answer.from_dict(answer.to_dict()) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@pytest.mark.parametrize(("supported", "check"), [(True, "supported"), (False, "not found")])
def test_a_claim_from_before_there_were_verdicts_is_read(supported, check):
    told = {"text": "Owls fly.", "citations": [1], "support": 0.4, "supported": supported}
    assert Claim.from_dict(told) == Claim("Owls fly.", (1,), check, 0.4)


# As an earlier version wrote it, where each quote had a number of its own.
OLDER = """
{"question": "How many owls?", "status": "answered", "reason": null,
 "text": "31 owls [1]. 12 owls [2][3] [unsupported].",
 "claims": [{"text": "31 owls.", "citations": [1], "check": "verbatim", "support": 1.0, "supported": true},
            {"text": "12 owls.", "citations": [2, 3], "check": "not found", "support": 0.2,
             "supported": false}],
 "citations": [
  {"number": 1, "paper_id": "a", "title": "A", "published": "2019", "organization": null,
   "quote": "31 owls.", "start": 0, "end": 8, "authors": ["Ann"]},
  {"number": 2, "paper_id": "a", "title": "A", "published": "2019", "organization": null,
   "quote": "Owls.", "start": 9, "end": 14},
  {"number": 3, "paper_id": "b", "title": "B", "published": null, "organization": null,
   "quote": "Owls.", "start": 0, "end": 5}],
 "papers": [{"paper_id": "a", "title": "A", "score": 0.9}], "filters": {"from_year": null, "to_year": null},
 "resolved_question": null, "missing": null, "notes": ["A note."], "writer": "gpt-4.1-mini",
 "markers": {"written": 3, "unknown": 0}, "usage": {"requests": 1, "total_tokens": 742},
 "seconds": {"retrieve": 0.1, "write": 1.2, "total": 1.3}, "kind": "single", "checked_by": "calibrated"}
"""


def test_an_answer_of_an_earlier_version_is_read():
    answer = Answer.from_dict(json.loads(OLDER))
    assert answer.text == "31 owls [1]. 12 owls [2][3]."
    assert [claim.quotes for claim in answer.claims] == [(0,), (1, 2)]
    assert [claim.check for claim in answer.claims] == ["verbatim", "not found"]
    assert (answer.queries, answer.steps, answer.offered_filters) == ((), {}, None)
    assert {(each.part, each.page, each.section) for each in answer.citations} == {("abstract", None, None)}
    assert answer.citations[0].authors == ("Ann",)
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@pytest.mark.parametrize("told", [{}, {"claims": [{}]}, {"question": "Why?", "claims": 7}])
def test_what_is_no_answer_is_not_read(told):
    with pytest.raises((KeyError, TypeError)):
        Answer.from_dict(told)

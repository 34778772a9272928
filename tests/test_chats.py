"""Conversations as browsers keep them: nothing is lost on the way, and nothing foreign does harm."""

import json
import math
import re
import threading
import time
import tracemalloc
import weakref
from dataclasses import replace
from typing import get_args

import pytest
from answers import an_answer, ask_at
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.plain import plain
from rag.settings import Settings
from rag.types import Answer, Check, Citation, Claim, Filters, Markers, RankedPaper
from ui.desk import Desk
from ui.web.chats import MOST_EXCHANGES, STOPPED, Chat, Exchange
from ui.web.rendering import answer_html, shown_papers
from ui.web.stored import (
    FORMAT,
    LONGEST_EXCHANGE,
    MOST_BRACKETS,
    MOST_CHARACTERS,
    MOST_CHATS,
    MOST_PARTS,
    MOST_QUOTES,
)
from ui.web.suggestions import next_questions
from ui.web.visitors import MOST_OF_ONE, Visitor, Visitors

OURS = re.compile(r"[0-9a-f]{32}")
MARKUP = '"><img src=x onerror=alert(1)>'

# Texts as conversations hold them: nothing in them is hidden.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(plain)
some = st.none() | texts
shares = st.floats(0, 1)
numbers = st.integers(0, 10**6)
years = st.none() | st.integers(1, 9999)
citations = st.builds(Citation, numbers, texts, texts, some, some, texts, numbers, numbers)
checks = st.sampled_from(get_args(Check))
claims = st.builds(Claim, texts, st.lists(numbers, max_size=3).map(tuple), checks, st.none() | shares)
answers = st.builds(
    Answer,
    question=texts,
    status=st.sampled_from(["answered", "partial", "refused"]),
    text=texts,
    reason=some,
    claims=st.lists(claims, max_size=2).map(tuple),
    citations=st.lists(citations, max_size=2).map(tuple),
    papers=st.lists(st.builds(RankedPaper, texts, texts, shares), max_size=2).map(tuple),
    filters=st.builds(Filters, years, years),
    resolved_question=some,
    missing=some,
    notes=st.lists(texts, max_size=2).map(tuple),
    writer=texts,
    markers=st.builds(Markers, numbers, numbers),
    usage=st.dictionaries(st.sampled_from(["total_tokens", "cost"]), shares),
    seconds=st.dictionaries(st.sampled_from(["total", "search"]), shares),
)
judged = st.none() | st.booleans()
exchanges = st.one_of(
    st.builds(Exchange, question=texts, answer=answers, is_liked=judged, is_alone=st.booleans()),
    st.builds(Exchange, question=texts, written=texts, error=texts.filter(bool), is_liked=judged),
)
chats = st.builds(Chat, st.lists(exchanges, min_size=1, max_size=3).map(tuple))


def through_browser(stored):
    """What comes back of what a browser was given."""
    return json.loads(json.dumps(stored, allow_nan=False))


def opened(dumped):
    """What a browser keeps, as an object to be changed."""
    return json.loads(dumped)


def asked(question="Why?", **changes):
    return Chat((Exchange(question, error="none: ask again"),), **changes)


# There and back


@given(st.lists(chats, max_size=3))
@settings(max_examples=30)
def test_what_was_dumped_loads_as_the_same_conversations(kept):
    dumped = through_browser(Visitor("a" * 32, kept).dump())
    visitor = Visitors().find(dumped)
    assert visitor.id == "a" * 32
    assert visitor.chats == kept
    assert through_browser(visitor.dump()) == dumped


@given(texts, texts)
def test_an_answer_that_was_being_written_is_a_stopped_one_when_it_comes_back(question, written):
    visitor = Visitor("a" * 32, [Chat((Exchange(question, written),))])
    (chat,) = Visitors().find(through_browser(visitor.dump())).chats
    (exchange,) = chat.exchanges
    assert (exchange.question, exchange.written, exchange.error) == (question, written, STOPPED)


def test_conversations_that_the_server_still_has_go_before_the_copy_of_the_browser():
    visitors = Visitors()
    visitor = visitors.find(None)
    before = through_browser(visitor.dump())
    visitor.put(asked())
    assert visitors.find(before) is visitor
    assert len(visitor.chats) == 1


def one_answer(**changes):
    quote = "Owls sleep by day."
    return replace(
        an_answer(
            question="When do owls sleep?",
            text=f"{quote[:-1]} [1].",
            claims=(Claim(quote, (1,), "verbatim", 1.0),),
            citations=(Citation(1, "p1", "Owls", "2019", None, quote, 0, len(quote)),),
            papers=(RankedPaper("p1", "Owls", 0.9),),
            markers=Markers(1),
            seconds={"total": 0.2},
        ),
        **changes,
    )


STORED = opened(
    Visitor(
        "b" * 32,
        [
            Chat(
                (
                    Exchange("Why?", answer=one_answer(), is_liked=True),
                    Exchange("Why not?", "Because", error="no model answers: ask again"),
                    Exchange("And how?", answer=one_answer(status="refused", reason="no paper says")),
                )
            )
        ],
    ).dump()
)
"""What a browser keeps of a conversation."""


def exchange_with(**changes):
    """What a browser keeps, with other values in its first answer."""
    told = through_browser(STORED)
    told["chats"][0]["exchanges"][0]["answer"] |= changes
    return told


def test_a_sentence_kept_before_there_were_verdicts_says_whether_it_is_supported():
    kept = through_browser(STORED)
    (exchange, *_) = kept["chats"][0]["exchanges"]
    (claim,) = exchange["answer"]["claims"]
    del claim["check"]
    for supported, check in ((True, "supported"), (False, "not found")):
        claim["supported"] = supported
        found = Visitors().find(json.dumps(kept)).chats[0].exchanges[0].answer
        assert [each.check for each in found.claims] == [check]


def test_an_answer_kept_when_each_quote_had_a_number_shows_its_quotes():
    kept = through_browser(STORED)
    answer = kept["chats"][0]["exchanges"][0]["answer"]
    answer["text"] = "Owls sleep by day [1]. They hoot. [unsupported]"
    del answer["claims"][0]["quotes"], answer["queries"], answer["steps"]
    found = Visitors().find(json.dumps(kept)).chats[0].exchanges[0].answer
    assert found.text == "Owls sleep by day [1]. They hoot."
    assert [claim.quotes for claim in found.claims] == [(0,)]


def test_a_sentence_with_more_quotes_than_any_has_is_left_out():
    for count, left in ((MOST_QUOTES, 3), (MOST_QUOTES + 1, 2)):
        claims = [one_answer().to_dict()["claims"][0] | {"quotes": [0] * count}]
        (chat,) = Visitors().find(json.dumps(exchange_with(claims=claims))).chats
        assert len(chat.exchanges) == left


def test_what_the_version_before_kept_opens_and_becomes_a_text():
    stored = STORED | {"format": 1}
    visitor = Visitors().find(stored)
    assert len(visitor.chats[0].exchanges) == 3
    assert isinstance(visitor.dump(), str)
    assert opened(visitor.dump()) == STORED


# What a browser may send

loose = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.just(MARKUP),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def places(value, path=()):
    """The way to every value of some JSON, itself first."""
    yield path
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in inner:
        yield from places(each, (*path, key))


def changed(value, path, change):
    """A copy with another value at the end of the way."""
    if not path:
        return change(value)
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], change)
    return copy


@st.composite
def spoiled(draw):
    """What a browser kept, with something else in one or two places of it, or nothing."""
    value = STORED
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(value))))
        value = changed(value, path, lambda _: draw(loose))
    return value


@st.composite
def truncated(draw):
    """What a browser kept, with a list or text cut or a field gone."""
    path = draw(st.sampled_from(list(places(STORED))))

    def shorter(old):
        if isinstance(old, dict) and old:
            gone = draw(st.sampled_from(sorted(old)))
            return {key: each for key, each in old.items() if key != gone}
        return old[: draw(st.integers(0, len(old)))] if isinstance(old, list | str) else old

    return changed(STORED, path, shorter)


def ids(visitor):
    yield visitor.id
    for chat in visitor.chats:
        yield chat.id
        yield from (each.id for each in chat.exchanges)


def shown(exchange):
    """The exchange as the page shows it, where its papers are gone."""
    if exchange.answer:
        shown_papers(exchange.answer)
        next_questions(exchange.answer, [])
    return answer_html(exchange, f"source-{exchange.id}", {})


@pytest.mark.slow
@given(loose | spoiled() | truncated())
@settings(max_examples=120)
def test_anything_at_all_loads_and_is_shown_and_kept(stored):
    as_text = Visitors().find(json.dumps(stored))
    visitor = Visitors().find(stored)
    assert len(as_text.chats) == len(visitor.chats)
    assert all(OURS.fullmatch(each) for each in ids(visitor))
    for chat in visitor.chats:
        assert isinstance(chat.title, str)
        assert all(isinstance(message["content"], str) for message in chat.history)
        for exchange in chat.exchanges:
            assert exchange.is_over
            assert "ap-answer" in shown(exchange)
    through_browser(visitor.dump())


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": 7, "status": "refused"},
        {"missing": ["a"], "status": "partial"},
        {"resolved_question": {"a": 1}},
        {"seconds": {"total": "long"}},
        {"seconds": {"total": None}},
        {"usage": {"total_tokens": "many"}},
        {"usage": {"cost": [1]}},
        {"status": MARKUP},
        {"status": "failed"},
        {"filters": {"from_year": MARKUP}},
        {"filters": {"papers": 7}},
        {"markers": {"written": MARKUP}},
        {"papers": [{"paper_id": "p", "title": "t", "score": 10**400}]},
        {"claims": [{"text": "Owls", "citations": [1], "support": 10**400, "supported": True}]},
        {"claims": [{"text": "Owls", "citations": [10**30], "support": 1.0, "supported": "no"}]},
        {"claims": [{"text": "Owls", "citations": [1], "support": math.nan, "supported": True}]},
        {"citations": [dict.fromkeys(("number", "start", "end"), 1)]},
        {"writer": None},
        {"notes": "plain text"},
        {"notes": [None]},
        {"unknown": 1},
    ],
)
def test_an_answer_with_another_kind_of_field_does_no_harm(changes):
    visitor = Visitors().find(exchange_with(**changes))
    for chat in visitor.chats:
        for exchange in chat.exchanges:
            assert MARKUP not in shown(exchange)
    through_browser(visitor.dump())


@pytest.mark.parametrize("field", ["published", "organization"])
def test_a_citation_with_another_kind_of_date_or_name_does_no_harm(field):
    stored = exchange_with()
    stored["chats"][0]["exchanges"][0]["answer"]["citations"][0][field] = {"a": [1]}
    for chat in Visitors().find(stored).chats:
        assert shown(chat.exchanges[0])


def test_deeply_nested_json_loads():
    deep = None
    for _ in range(900):
        deep = [deep]
    for stored in (deep, {"format": FORMAT, "chats": deep}, exchange_with(notes=deep)):
        through_browser(Visitors().find(stored).dump())


def test_foreign_ids_are_replaced():
    for foreign in (MARKUP, "a" * 31, "A" * 32, "a" * 32 + "\n", "١" * 32, 7, None, ["a" * 32]):
        stored = opened(Visitor("d" * 32, [asked()]).dump())
        stored["visitor"] = stored["chats"][0]["id"] = foreign
        stored["chats"][0]["exchanges"][0]["id"] = foreign
        visitor = Visitors().find(stored)
        assert len(visitor.chats) == 1
        assert all(OURS.fullmatch(each) for each in ids(visitor))


def test_what_another_version_kept_is_left():
    stored = opened(Visitor("e" * 32, [asked()]).dump())
    for version in (None, 0, FORMAT + 1, "1", [1]):
        visitor = Visitors().find(stored | {"format": version})
        assert not visitor.chats
        assert visitor.id != "e" * 32


# Bounds


def test_no_more_chats_than_fit_the_oldest_go():
    visitor = Visitor("a" * 32)
    for number in range(MOST_CHATS + 5):
        visitor.put(asked(f"Question {number}?"))
    assert [chat.title for chat in visitor.chats] == [
        f"Question {number}?" for number in reversed(range(5, MOST_CHATS + 5))
    ]
    many = {"format": FORMAT, "chats": opened(visitor.dump())["chats"] * 10}
    for place, chat in enumerate(many["chats"]):
        chat = many["chats"][place] = dict(chat, id=f"{place:032x}")
    assert len(Visitors().find(many).chats) == MOST_CHATS


def test_no_more_exchanges_than_fit_the_first_go():
    chat = Chat()
    for number in range(MOST_EXCHANGES + 5):
        chat = chat.asked(f"{number}?").with_last(error="none: ask again")
    assert [each.question for each in chat.exchanges] == [
        f"{number}?" for number in range(5, MOST_EXCHANGES + 5)
    ]
    stored = opened(Visitor("a" * 32, [chat]).dump())
    stored["chats"][0]["exchanges"] *= 3
    (loaded,) = Visitors().find(stored).chats
    assert len(loaded.exchanges) == MOST_EXCHANGES
    assert loaded.exchanges[-1] == chat.exchanges[-1]


def test_no_more_characters_than_fit_the_newest_stay():
    size = MOST_CHARACTERS // 4
    visitor = Visitor("a" * 32)
    for number in range(6):
        visitor.put(asked(f"{number}{'é' * (size // 6)}"))  # six characters each as JSON spells it
    dumped = visitor.dump()
    assert len(json.dumps(dumped)) <= MOST_CHARACTERS + 200  # the browser keeps JSON of the text
    assert [chat["exchanges"][0]["question"][0] for chat in opened(dumped)["chats"]] == ["5", "4", "3"]
    assert len(visitor.chats) == 6  # the server still has them


def test_no_more_bytes_of_one_visitor_than_fit_the_newest_stay():
    large = MOST_OF_ONE // 4
    visitor = Visitor("a" * 32)
    for number in range(6):
        visitor.put(asked(f"{number}{'x' * large}"))
        assert visitor.size <= MOST_OF_ONE
    assert [chat.title[0] for chat in visitor.chats] == ["5", "4", "3"]
    oldest = visitor.chats[-1]
    visitor.update(oldest, replace(oldest.exchanges[0], written="y" * large))
    assert [chat.title[0] for chat in visitor.chats] == ["5", "4"]
    visitor.put(asked("z" * (2 * MOST_OF_ONE)))  # the newest stays, whatever its size
    assert [chat.title[0] for chat in visitor.chats] == ["z"]


def test_pages_that_were_opened_first_are_let_go_where_they_hold_too_much():
    visitors = Visitors()
    visitor = visitors.find(None)
    for number in range(6):
        visitors.keep(visitor, Page(asked(f"{number}{'x' * (MOST_OF_ONE // 4)}")))
        assert visitor.size <= MOST_OF_ONE
    assert [page.chat.title[0] for page in visitor.pages] == ["3", "4", "5"]


def test_all_that_a_full_browser_holds_comes_back():
    """Its bound, in characters, is reached before that of one visitor here, in bytes of memory."""
    claims = (Claim("Owls “hoot” at night [1].", (1,), "verbatim", 1.0),) * 20
    quotes = (Citation(1, "p" * 20, "A Study of Owls", None, "2024", "Owls “hoot” at night.", 0, 21),) * 20
    papers = (RankedPaper("p" * 20, "A Study of Owls", 0.5),) * 20
    answer = an_answer(
        text="Owls “hoot” at night [1]. " * 40, claims=claims, citations=quotes, papers=papers
    )
    exchange = Exchange("Why?", answer=answer)
    stored = Visitor("a" * 32, [Chat((exchange,) * 20, f"{n:032x}") for n in range(MOST_CHATS)]).dump()
    assert len(stored) > MOST_CHARACTERS // 2
    copy = Visitors().find(stored)
    assert copy.size > 4 * 2**20 and copy.dump() == stored


def test_a_title_is_one_line_of_bounded_length():
    assert asked("  What\nis\tit? ").title == "What is it?"
    assert len(asked("long " * 100).title) <= 60
    assert Chat().title == ""


def test_the_history_is_bounded_and_in_order():
    chat = Chat()
    for number in range(MOST_EXCHANGES):
        chat = chat.asked(f"Question {number}?").with_last(answer=one_answer(text="word " * 100))
    history = chat.history
    assert 2 <= len(history) < 2 * MOST_EXCHANGES
    assert [message["role"] for message in history] == ["user", "assistant"] * (len(history) // 2)
    assert history[-2]["content"] == f"Question {MOST_EXCHANGES - 1}?"
    assert chat.asked("Next?").history[-2:] == history[-2:]  # what is being answered is not history


# Several pages, several visitors


def test_two_pages_of_a_visitor_lose_nothing_to_each_other():
    visitors = Visitors()
    first = visitors.find(None)
    second = visitors.find(through_browser(first.dump()))
    assert second is first
    mine, yours = asked("Mine?"), asked("Yours?")
    first.put(mine)
    second.put(yours)
    first.put(mine.asked("And then?").with_last(error="none: ask again"))
    assert [chat.title for chat in second.chats] == ["Mine?", "Yours?"]
    assert len(second.latest(mine).exchanges) == 2
    second.remove(yours)
    assert [chat.title for chat in first.chats] == ["Mine?"]
    assert first.latest(yours) == yours


def test_a_conversation_that_was_deleted_does_not_come_back_by_itself():
    visitor, chat = Visitor("a" * 32), asked()
    visitor.put(chat)
    visitor.remove(chat)
    visitor.update(chat, chat.exchanges[0])
    assert not visitor.chats


def test_what_became_of_an_exchange_is_kept_beside_what_another_page_added():
    visitor, chat = Visitor("a" * 32), asked().asked("And how?")
    visitor.put(chat)
    visitor.put(visitor.latest(chat).asked("And when?"))
    answered = replace(chat.exchanges[1], answer=one_answer())
    changed = visitor.update(chat, answered)
    assert [each.question for each in changed.exchanges] == ["Why?", "And how?", "And when?"]
    assert changed.exchanges[1] == answered
    assert visitor.chats == [changed]
    gone = visitor.update(chat, Exchange("Nobody asked", error="none: ask again"))
    assert gone == changed


def test_what_is_hidden_in_a_text_stays_away():
    stored = opened(Visitor("a" * 32, [asked("a")]).dump())
    stored["chats"][0]["exchanges"][0] |= {"question": "W\ud800h\x00y\u202e?", "error": "n\udfffo\x1b: ask"}
    (chat,) = Visitors().find(stored).chats
    assert (chat.exchanges[0].question, chat.exchanges[0].error) == ("Why?", "no: ask")


def test_more_than_a_page_could_have_kept_is_left():
    stored = opened(Visitor("a" * 32, [asked()]).dump())
    assert not Visitors().find(stored | {"more": "x" * (2 * MOST_CHARACTERS)}).chats


@pytest.mark.parametrize("field", MOST_PARTS)
def test_an_answer_with_more_parts_than_any_has_is_left_out_alone(field):
    part = {
        "citations": {
            **dict.fromkeys(("title", "quote", "paper_id"), "p"),
            "number": 1,
            "start": 0,
            "end": 1,
        },
        "claims": {"text": "Owls", "citations": [1], "support": 1.0, "supported": True},
        "papers": {"paper_id": "p", "title": "t", "score": 0.5},
        "notes": "note",
    }[field]
    if field == "citations":
        part |= {"published": None, "organization": None}
    for count, questions in (
        (MOST_PARTS[field], ["Why?", "Why not?", "And how?"]),
        (MOST_PARTS[field] + 1, ["Why not?", "And how?"]),
    ):
        (chat,) = Visitors().find(exchange_with(**{field: [part] * count})).chats
        assert [each.question for each in chat.exchanges] == questions


def test_an_exchange_that_is_longer_than_any_is_left_out_alone():
    (chat,) = Visitors().find(exchange_with(text="x" * LONGEST_EXCHANGE)).chats
    assert [each.question for each in chat.exchanges] == ["Why not?", "And how?"]


def test_brackets_in_texts_are_no_lists():
    stored = Visitor("a" * 32, [asked('[{"' * 1000, id=f"{place:032x}") for place in range(MOST_CHATS)])
    many = [
        Chat(tuple(Exchange('[{"\\' * 2000, error="none") for _ in range(5)), f"{n:032x}")
        for n in range(20)
    ]
    for visitor in (stored, Visitor("a" * 32, many)):
        assert Visitors().find(visitor.dump()).chats == visitor.chats
    assert (
        sum(each.question.count("[") + each.question.count("{") for c in many for each in c.exchanges)
        > MOST_BRACKETS
    )


SIZE = 3_000_000
HOSTILE = {
    "lists": '{"format":2,"chats":[' + "[]," * (SIZE // 3) + "[]]}",
    "exchanges": '{"format":2,"chats":[{"exchanges":[' + '{"question":""},' * 100_000 + "1]}]}",
    "citations": '{"format":2,"chats":[{"exchanges":[{"question":"a","answer":{"citations":['
    + '{"number":1},' * 50_000
    + '{"number":1}]}}]}]}',
    "depth": '{"a":' * (SIZE // 5),
    "digits": '{"format":2,"chats":[' + "9" * SIZE + "]}",
    "numbers": '{"format":2,"chats":[' + ("9" * 4000 + ",") * (SIZE // 4001) + "1]}",
    "floats": '{"format":2,"chats":[' + "1e9," * (SIZE // 4) + "1]}",
    "texts": '{"format":2,"chats":[' + '"aa",' * (SIZE // 5) + "1]}",
    "quotes": '"' + '\\"' * (SIZE // 2),
    "brackets": '"' + '[\\"' * (SIZE // 3),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_worst_texts_are_read_in_bounded_memory_and_nothing_is_kept(text):
    visitors = Visitors()
    visitors.find(None)
    started = time.thread_time()
    visitors.find(text)
    assert time.thread_time() - started < 2  # of this thread's work; it takes 0.3
    tracemalloc.start()
    try:
        visitors.find(text)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60_000_000
    assert kept < 50_000


def test_many_pages_at_once_lose_nothing():
    visitors = Visitors()
    stored = through_browser(visitors.find(None).dump())
    own = [asked(f"{number}?") for number in range(MOST_CHATS)]

    def page(chats):
        for chat in chats:
            visitors.find(stored).put(chat)
            visitors.find(stored).dump()

    threads = [threading.Thread(target=page, args=[own[start::6]]) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {chat.id for chat in visitors.find(stored).chats} == {chat.id for chat in own}


def test_visitors_never_share():
    visitors = Visitors()
    everybody = [visitors.find(stored) for stored in (None, {}, [], {"format": FORMAT}, {"format": 9})]
    assert len({id(visitor) for visitor in everybody}) == len({visitor.id for visitor in everybody}) == 5
    everybody[0].put(asked("A secret?"))
    assert not any(visitor.chats for visitor in everybody[1:])
    again = visitors.find(through_browser(everybody[1].dump()))
    assert again is everybody[1]


def test_those_who_were_here_longest_ago_are_forgotten_and_come_back_with_what_they_kept():
    visitors = Visitors(most=3)
    everybody = [visitors.find(None) for _ in range(3)]
    everybody[0].put(asked("Still here?"))
    kept = [through_browser(visitor.dump()) for visitor in everybody]
    assert visitors.find(kept[0]) is everybody[0]  # was here a moment ago
    visitors.find(None)
    assert visitors.find(kept[0]) is everybody[0]
    gone, id_ = weakref.ref(everybody.pop(1)), opened(kept[1])["visitor"]
    assert gone() is None
    assert visitors.find(kept[1]).id == id_


def test_no_more_bytes_than_fit_are_held_and_who_is_forgotten_loses_nothing():
    visitors = Visitors(most_bytes=600_000)
    kept = []
    for number in range(8):
        visitor = visitors.find(None)
        visitor.put(asked(f"{number}{'x' * 150_000}"))
        visitors.keep(visitor)
        kept.append((weakref.ref(visitor), visitor.dump()))
        del visitor
    held = [visitor() for visitor, _ in kept if visitor()]
    assert [visitor.chats[0].title[0] for visitor in held] == ["5", "6", "7"]
    assert [visitors.find(dumped).dump() for _, dumped in kept] == [dumped for _, dumped in kept]


def test_a_visitor_who_is_forgotten_during_an_event_is_there_only_once():
    visitors = Visitors(most=1)
    visitor = visitors.find(None)
    stored = visitor.dump()
    visitors.find(None)
    assert visitors.find(stored) is visitor


class Page:
    def __init__(self, chat):
        self.chat = chat


def test_what_is_only_open_in_a_page_counts():
    visitors, large = Visitors(most_bytes=100_000), Page(asked("x" * 200_000))
    visitor = visitors.find(None)
    visitors.keep(visitor, large)
    assert visitor.size == 0  # the page has been let go
    assert not visitor.pages


@given(exchanges)
@settings(max_examples=30)
def test_the_size_of_an_exchange_is_that_of_its_memory(exchange):
    assert (
        200
        < exchange.size
        < 20 * len(json.dumps(opened(Visitor("a" * 32, [Chat((exchange,))]).dump()))) + 2000
    )
    assert replace(exchange, question="x" * 10_000).size - replace(exchange, question="").size == 10_000


def test_what_a_library_answers_comes_back_whole(bundled):
    with Desk(Settings(), bundled.folder) as desk:
        answer = ask_at(desk, "How much compute does bert2BERT save?")
        visitor = Visitor("a" * 32, [Chat((Exchange(answer.question, answer=answer),))])
        assert Visitors().find(through_browser(visitor.dump())).chats == visitor.chats

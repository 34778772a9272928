"""A visitor's session: what is asked is answered or told why not, and nothing gets in another's way."""

import json
import logging
import re
import threading
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import model_server as served
import pytest
from answers import an_answer, ask_at
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.chunking import split_abstract
from rag.library import Library
from rag.settings import Settings
from rag.types import Citation, Filters, Paper, Request
from ui.desk import Desk
from ui.web.chat_settings import ChatSettings
from ui.web.chats import STOPPED, Chat, Exchange
from ui.web.rendering import MOST_HTML, answer_html
from ui.web.talking import (
    MOST_SHOWN,
    Pages,
    Session,
    as_typed,
    ask,
    bubbles,
    inert,
    offer_of,
    years_offered,
)
from ui.web.visitors import Visitor, Visitors

OWLS = "How many owls live in the forest?"
EELS = "How many eels live in the river?"
EGGS = "How long should I boil an egg for breakfast?"
PAPERS = [
    Paper(
        "OwlNet: A Study of Owls", "We count 31 owls in the forest. They live in oaks.", published="2019"
    ),
    Paper("EelNet: A Study of Eels", "We count 12 eels in the river. They live in mud.", published="2020"),
    Paper(
        "BeeNet: A Study of Bees", "We count 900 bees on the heath. They live in hives.", published="2021"
    ),
]
OWN = ChatSettings(Request(writer="extractive"))
BY_MODEL = ChatSettings(Request(writer="llm"))
COUNT = "We count 31 owls in the forest [1]."
SECRET = "sk-very-secret"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    place = tmp_path_factory.mktemp("talking") / "library"
    with Library.create(place, encoder) as library:
        library.catalog.recorder(split_abstract).put(PAPERS, "here")
        library.sync()
    return place


@pytest.fixture(scope="module")
def desk(folder):
    with Desk(Settings(), folder) as desk:
        yield desk


@pytest.fixture(scope="module")
def modelled(folder, server):
    """A desk whose model is the scripted one."""
    with Desk(Settings(base_url=server.url, api_key=SECRET, model="scripted"), folder) as desk:
        yield desk


@pytest.fixture
def session():
    return Session(Visitor("a" * 32))


def tell(session, question, desk, wishes=OWN):
    """Ask and read to the end; the exchange, and what was shown of it on the way."""
    shown = [session.chat.exchanges[-1] for _ in ask(session, question, desk, wishes)]
    return session.chat.exchanges[-1], shown


def until_written(session, asking):
    """Go on asking until the first words are there."""
    next(asking)
    while not session.chat.exchanges[-1].written:
        next(asking)


def untimed(answer):
    return {name: value for name, value in answer.to_dict().items() if name != "seconds"}


def kept(session):
    """The conversations as the browser is given them, read again."""
    return Visitors().find(session.visitor.dump()).chats


# Answers


def test_a_question_is_shown_at_once_then_written_then_answered(session, desk):
    exchange, shown = tell(session, OWLS, desk)
    assert (shown[0].question, shown[0].written, shown[0].is_over) == (OWLS, "", False)
    written = [each.written for each in shown[1:-1]]
    assert written and all(after.startswith(before) for before, after in pairwise(written))
    assert written[-1] == exchange.answer.text
    assert [each.step for each in shown[:-1] if not each.written] == ["", "retrieve", "write"]
    assert untimed(exchange.answer) == untimed(ask_at(desk, OWLS, writer="extractive"))
    assert "31 owls" in exchange.answer.text
    assert kept(session) == [session.chat]


def test_a_refusal_is_an_answer(session, desk):
    exchange, _ = tell(session, EGGS, desk)
    assert exchange.answer.status == "refused"
    assert exchange.error is None


def test_what_was_said_before_goes_along(session, desk):
    first, _ = tell(session, OWLS, desk)
    history = session.chat.history
    assert history == [
        {"role": "user", "content": OWLS},
        {"role": "assistant", "content": first.answer.text},
    ]
    second, _ = tell(session, "And how many eels?", desk)
    alone = ask_at(desk, "And how many eels?", history=history, writer="extractive")
    assert untimed(second.answer) == untimed(alone)
    assert second.answer.resolved_question
    assert "12 eels" in second.answer.text
    assert len(session.chat.exchanges) == 2


def test_another_conversation_knows_nothing_of_it(session, desk):
    tell(session, OWLS, desk)
    session.open(Chat())
    exchange, _ = tell(session, "Where do they live?", desk)
    assert exchange.answer.resolved_question is None
    assert [len(chat.exchanges) for chat in session.visitor.chats] == [1, 1]


def test_a_model_on_this_machine_is_waited_for_in_words(session, modelled, server):
    server.play(served.answer(COUNT))
    pages = [bubbles(session, modelled)[-1].html for _ in ask(session, OWLS, modelled, BY_MODEL)]
    waiting = [f"Waiting for the model scripted at {server.url}" in page for page in pages]
    assert waiting.index(True) == 1
    assert not waiting[-1]
    assert "Reading the papers" in pages[0]


def test_the_model_is_sent_what_was_said_and_its_words_are_shown(session, modelled, server):
    server.play(served.answer(COUNT[:10], COUNT[10:]))
    exchange, shown = tell(session, OWLS, modelled, BY_MODEL)
    assert exchange.answer.writer == "scripted"
    assert exchange.answer.text == COUNT
    assert len(shown) >= 3
    assert SECRET not in str(kept(session))


def test_each_step_is_told_and_the_final_text_takes_the_place_of_the_first(session, modelled, server):
    first, wrong, right = (
        "We count 31 owls in the forest [1]. ",
        "Owls nest in caves [1].",
        "They live in oaks [1].",
    )
    wrong_one = served.verdict("contradicted", "They live in oaks.", reason="it is oaks", number=1)
    server.play(
        served.answer(first, wrong),
        served.answer(json.dumps({"sentences": [{"number": 1, "text": right}]})),
        checking=served.verdicts(wrong_one),
    )
    pages = []
    for _ in ask(session, OWLS, modelled, BY_MODEL):
        exchange = session.chat.exchanges[-1]
        pages.append((exchange.step, exchange.written, bubbles(session, modelled)[-1].html))
    steps = list(dict.fromkeys(step for step, _, _ in pages))
    assert steps == ["", "understand", "retrieve", "write", "check", "repair"]
    for step, written, html in pages[:-1]:
        assert "ap-mark" not in html
        assert ("Checking each sentence" in html) == (step == "check")
        assert ("Correcting" in html) == (step == "repair")
        assert wrong in written or step not in ("check", "repair")
    assert exchange.answer.text == first + right
    assert "caves" not in pages[-1][-1] and "ap-waiting" not in pages[-1][-1]


def test_wishes_are_followed(session, desk):
    exchange, _ = tell(session, "Which papers study animals?", desk, OWN.within(Filters(2020)))
    assert exchange.answer.filters.from_year == 2020
    assert all(paper.title != PAPERS[0].title for paper in exchange.answer.papers)


# Errors


def test_years_are_offered_where_they_are_not_applied(session, desk):
    asked = "How many owls lived in the forest in 2019?"
    exchange, _ = tell(session, asked, desk, OWN)
    years = exchange.answer.offered_filters
    assert years == years_offered(session) == Filters(2019, 2019)
    (bubble,) = bubbles(session, desk)
    assert bubble.suggestions[0] == "Only papers of 2019"
    assert "--from-year" not in bubble.html
    assert any("--from-year 2019" in note for note in exchange.answer.notes)
    bound, _ = tell(session, asked, desk, OWN.within(years))
    assert (bound.answer.filters, years_offered(session)) == (years, None)
    assert offer_of(None) == offer_of(Filters()) == []


def test_years_that_no_paper_can_have_are_told_in_one_line(session, desk):
    for years in ({"from_year": 2022, "to_year": 2020}, {"from_year": 0}):
        exchange, shown = tell(session, OWLS, desk, OWN.within(Filters(**years)))
        assert exchange.answer is None
        assert re.fullmatch(r".{1,250}: .+", exchange.error)
        assert not shown[0].is_over


def test_a_question_that_cannot_be_asked_is_told_in_one_line(session, desk):
    for question in ("?" * 20_000, "owls " * 5_000, "\x00\x1b"):
        exchange, _ = tell(session, question, desk)
        assert exchange.is_over
        assert exchange.error is None or re.fullmatch(r".{1,250}: .+", exchange.error)


def test_a_model_that_is_not_there_is_told_in_one_line(session, desk):
    exchange, _ = tell(session, OWLS, desk, BY_MODEL)
    assert exchange.error.startswith("no language model is in use: ")
    assert kept(session) == [session.chat]


def test_a_key_that_is_refused_is_told_without_the_key(session, modelled, server):
    server.play(served.error(401, "invalid_api_key", f"Incorrect API key provided: {SECRET}"))
    exchange, _ = tell(session, OWLS, modelled, BY_MODEL)
    assert exchange.error and "\n" not in exchange.error
    assert SECRET not in str(kept(session))
    assert "ap-failed" in bubbles(session, modelled)[-1].html


def test_after_an_error_the_conversation_goes_on(session, desk):
    tell(session, OWLS, desk, BY_MODEL)
    exchange, _ = tell(session, EELS, desk)
    assert "12 eels" in exchange.answer.text
    assert [each.error is None for each in session.chat.exchanges] == [False, True]


class Faulty:
    """A desk with a fault of ours."""

    def __init__(self, desk):
        self.library, self.answering = desk.library, desk.answering

    def stream(self, request, model):
        raise ZeroDivisionError("in /srv/secret")


def test_a_fault_of_ours_is_a_plain_line_and_is_logged(session, desk, caplog):
    with caplog.at_level(logging.ERROR, "askpapers"):
        exchange, _ = tell(session, OWLS, Faulty(desk))
    assert re.fullmatch(r"something went wrong on the server: [\w :;,']+", exchange.error)
    (record,) = caplog.records
    assert record.name == "askpapers"
    assert record.exc_info[0] is ZeroDivisionError
    html = bubbles(session, desk)[-1].html
    assert "secret" not in html
    assert "ZeroDivisionError" not in html
    assert "31 owls" in tell(session, OWLS, desk)[0].answer.text  # and the page goes on


# One thing at a time


def test_a_next_question_ends_the_one_that_is_being_answered(session, desk):
    first = ask(session, OWLS, desk, OWN)
    until_written(session, first)
    exchange, _ = tell(session, EELS, desk)
    assert list(first) == []  # it goes no further
    assert [each.question for each in session.chat.exchanges] == [OWLS, EELS]
    assert session.chat.exchanges[-1] == exchange
    assert "12 eels" in exchange.answer.text
    assert session.chat.exchanges[0].is_over  # nobody waits for it any more
    assert kept(session) == [session.chat]


def test_stopping_keeps_what_was_written(session, desk):
    asking = ask(session, OWLS, desk, OWN)
    until_written(session, asking)
    written = session.chat.exchanges[-1].written
    assert written
    session.stop()
    (exchange,) = session.chat.exchanges
    assert (exchange.error, exchange.written) == (STOPPED, written)
    assert list(asking) == []
    assert kept(session) == [session.chat] == session.visitor.chats
    assert session.chat.exchanges[-1] == exchange
    page = bubbles(session, desk)[-1].html
    assert "ap-failed" in page
    assert "press retry" in page


def test_stopping_what_is_over_changes_nothing(session, desk):
    session.stop()
    tell(session, OWLS, desk)
    before = session.chat
    session.stop()
    session.stop()
    assert session.chat == before


def test_a_question_that_was_stopped_can_be_asked_again(session, desk):
    asking = ask(session, OWLS, desk, OWN)
    next(asking)
    session.stop()
    session.put(session.chat.until(0))
    exchange, _ = tell(session, OWLS, desk)
    assert "31 owls" in exchange.answer.text
    assert len(session.chat.exchanges) == 1
    assert len(session.visitor.chats) == 1


def test_who_stops_does_not_wait_for_a_model_that_is_silent(session, modelled, server):
    goes_on = threading.Event()

    def silent(exchange, request):
        goes_on.wait(60)
        served.answer("{}")(exchange, request)

    server.play(served.answer(COUNT), understanding=silent)
    asking = ask(session, OWLS, modelled, BY_MODEL)
    next(asking)
    reading = threading.Thread(target=list, args=[asking], daemon=True)
    reading.start()
    try:
        session.stop()
        reading.join(20)
        assert not reading.is_alive()
    finally:
        goes_on.set()


def test_an_answer_never_lands_in_another_conversation(session, desk):
    asking = ask(session, OWLS, desk, OWN)
    until_written(session, asking)
    left = session.chat
    session.open(Chat())
    assert list(asking) == []
    assert session.chat.exchanges == ()
    assert session.visitor.latest(left).exchanges[-1].error == STOPPED


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(session, desk):
    asking = ask(session, OWLS, desk, OWN)
    until_written(session, asking)
    session.visitor.remove(session.chat)
    session.open(Chat())
    list(asking)
    assert session.visitor.chats == []


def test_two_pages_that_ask_in_one_conversation_lose_nothing(desk):
    visitor = Visitor("a" * 32)
    first = Session(visitor)
    tell(first, "How many bees are there?", desk)
    second = Session(visitor, first.chat)
    asking = ask(first, OWLS, desk, OWN)
    until_written(first, asking)
    tell(second, EELS, desk)
    list(asking)
    tell(first, "Where do bees live?", desk)
    (chat,) = visitor.chats
    said = {each.question: each for each in chat.exchanges}
    assert said.keys() == {"How many bees are there?", OWLS, EELS, "Where do bees live?"}
    assert "31 owls" in said[OWLS].answer.text
    assert "12 eels" in said[EELS].answer.text


def test_visitors_at_once_each_get_their_own_answers(desk):
    sessions = [Session(Visitor(f"{number:032x}")) for number in range(3)]
    askings = [
        ask(session, question, desk, OWN)
        for session, question in zip(sessions, (OWLS, EELS, OWLS), strict=True)
    ]
    while askings:
        askings = [asking for asking in askings if next(asking, askings) is None]
    answers = [session.chat.exchanges[-1].answer.text for session in sessions]
    assert ["31 owls" in answers[0], "12 eels" in answers[1]] == [True, True]
    assert answers[0] == answers[2]
    assert all(len(session.visitor.chats) == 1 for session in sessions)


# What is shown


def test_only_the_last_answer_offers_where_to_go_on(session, desk):
    tell(session, OWLS, desk)
    assert bubbles(session, desk)[-1].suggestions
    tell(session, EELS, desk)
    first, last = bubbles(session, desk)
    assert first.suggestions == ()
    assert last.suggestions
    assert bubbles(Session(Visitor("b" * 32)), desk) == []


def test_every_answer_has_ids_of_its_own(session, desk):
    tell(session, OWLS, desk)
    tell(session, OWLS, desk)
    ids = [re.findall(r'id="(source-[0-9a-f]{32}-\d+)"', bubble.html) for bubble in bubbles(session, desk)]
    assert all(ids)
    assert not set(ids[0]) & set(ids[1])


def test_a_question_with_markup_is_shown_as_it_was_typed_and_does_nothing(session, desk):
    question = "How many owls <img src=//evil.example/x> live in the forest?"
    exchange, _ = tell(session, question, desk)
    assert exchange.question == question
    (bubble,) = bubbles(session, desk)
    assert elements(bubble.question) == []
    assert as_typed(bubble.question) == question


def elements(text):
    """All that a reader of HTML finds in a text beside words."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(tag)

        handle_startendtag = handle_starttag

        def handle_endtag(self, tag):
            found.append(tag)

        handle_comment = handle_decl = unknown_decl = handle_pi = handle_endtag

    reader = Reader(convert_charrefs=False)
    reader.feed(text)
    reader.close()
    return found


@given(st.text(st.sampled_from("<>/!?-abimgsrc= \"'&;[\n\t") | st.characters(), max_size=40))
@example("<img src=x>")
@example("a<!-- b")
@example("</p><?php ?><![CDATA[x]]><!DOCTYPE html>")
@example("<<script>")
@example("<svg/onload=1>")
def test_no_text_opens_an_element_and_all_come_back_as_typed(text):
    assert elements(inert(text)) == []
    assert not re.search(r"<[a-zA-Z/!?]", inert(text))
    if "\u2060" not in text:
        assert as_typed(inert(text)) == text
    assert inert(inert(text)) == inert(text)


# Bounds


def cited(times, papers=PAPERS):
    """An answer that cites the first of these papers so often."""
    quote = papers[0].abstract[:10]
    return an_answer(
        question=OWLS,
        text="Owls.",
        citations=tuple(
            Citation(number, papers[0].paper_id, "Owls", None, None, quote, 0, 10)
            for number in range(times)
        ),
    )


@pytest.mark.slow
def test_the_page_of_an_answer_is_bounded():
    long = replace(PAPERS[0], abstract=PAPERS[0].abstract + " owls" * 10_000)
    exchange = Exchange(OWLS, answer=cited(200))
    whole = answer_html(exchange, "source", {long.paper_id: PAPERS[0]})
    assert whole.count("ap-card") >= 200
    cut = answer_html(exchange, "source", {long.paper_id: long})
    assert cut.count("ap-card") >= 200 and len(cut) < 2 * len(whole)
    huge = answer_html(Exchange(OWLS, answer=replace(cited(1), text="&" * MOST_HTML)), "source", {})
    assert len(huge) < 1000 and "too large" in huge


def test_a_conversation_is_shown_up_to_a_size_the_last_answers_whole(desk):
    answers = [Exchange(OWLS, answer=replace(cited(1), notes=("x" * 150_000,) * 2)) for _ in range(30)]
    shown = bubbles(Session(Visitor("a" * 32), Chat(tuple(answers))), desk)
    assert len(shown) == 30
    assert sum(len(each.html) for each in shown) < MOST_SHOWN + 30_000
    assert "ap-answered" in shown[-1].html and "too long to be shown" in shown[0].html


def test_pages_of_exchanges_are_held_up_to_a_number_of_bytes():
    pages = Pages(3000)
    for number in range(5):
        pages.put(1, str(number), "x" * 900)
        assert pages.get(1, "0" if number < 4 else "3")
        assert pages.size <= 3000
    assert pages.get(1, "0") and not pages.get(1, "1") and not pages.get(2, "0")
    pages.put(1, "0", "y" * 10)
    pages.put(1, "5", "z" * 5000)  # more than all
    assert (pages.size, pages.get(1, "5")) == (0, None)


def test_what_gradio_keeps_of_a_page_holds_nothing_and_finds_all_again(session, desk):
    tell(session, OWLS, desk)
    session.listed = (session.chat.id,)
    visitors = Visitors(most=1)
    visitor = visitors.find(session.visitor.dump())
    page = Session.begin_at(visitor, None, session.pages)
    page.open(Chat())
    tell(page, EELS, desk)
    page.listed, page.judged = tuple(chat.id for chat in visitor.chats), page.chat.exchanges[0].id
    visitors.keep(visitor, page)
    bookmark, stored, open_chat = page.bookmark, visitor.dump(), page.chat
    assert bookmark.session() is page
    del page, visitor
    assert bookmark.session()  # as long as its visitor is held
    visitors.find(None)
    assert bookmark.session() is None
    again = Session.begin_at(visitors.find(stored), bookmark, session.pages)
    assert (again.chat, again.judged, len(again.listed)) == (open_chat, open_chat.exchanges[0].id, 2)


def test_a_question_outlives_the_forgetting_of_its_visitor(desk):
    visitors = Visitors(most=1)
    visitor = visitors.find(None)
    page = Session.begin_at(visitor, None, Pages())
    visitors.keep(visitor, page)
    stored = visitor.dump()
    asking = ask(page, OWLS, desk, OWN)
    next(asking)
    visitors.find(None)  # somebody else: the first one is forgotten
    other_tab = Session.begin_at(visitors.find(stored), None, Pages())
    list(asking)
    assert other_tab.visitor is visitor
    assert "31 owls" in other_tab.visitor.chats[0].exchanges[0].answer.text

"""From a question to an answer in the papers' own sentences, by every way in Python."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import rag
from ingest.bundled import BundledSource
from rag import Answer, Assistant, Filters, Library, NoLibraryError, Paper, QuestionError, aask, ask, stream
from rag.settings import Settings
from rag.streams import AnswerStream

PAPERS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}
TITLES = sorted(PAPERS)[::32]
QUESTION = "How much compute does bert2BERT save?"
BERT2BERT = "bert2BERT: Towards Reusable Pretrained Language Models"
OFF_SUBJECT = "How long should I boil an egg for breakfast?"


@pytest.fixture(scope="module")
def assistant(bundled: Library) -> Assistant:
    return Assistant(bundled, settings=Settings())


@pytest.fixture(scope="module")
def answers(assistant: Assistant) -> dict[str, Answer]:
    """An answer about every thirty-second paper, by title."""
    return {title: assistant.ask(about(title)) for title in TITLES}


def about(title: str) -> str:
    return f"What does {title} show?"


def without_times(answer: Answer) -> Answer:
    return replace(answer, seconds={})


def read(streamed: AnswerStream) -> Answer:
    for _ in streamed:
        pass
    return streamed.answer


def titles(answer: Answer) -> list[str]:
    return [paper.title for paper in answer.papers]


def test_every_quote_is_the_text_at_its_offsets(answers):
    assert len(answers) == 11
    for answer in answers.values():
        for citation in answer.citations:
            assert citation.quote == PAPERS[citation.title].abstract[citation.start : citation.end] != ""
            assert citation.published == PAPERS[citation.title].published
            assert f"[{citation.number}]" in answer.text
        numbers = {citation.number: citation.paper_id for citation in answer.citations}
        assert [*numbers] == [*range(1, len({*numbers.values()}) + 1)]  # one number a paper
        assert {(each.number, each.paper_id) for each in answer.citations} == {*numbers.items()}


def in_order(part: str, whole: str) -> bool:
    """Whether the words of a text stand in another one, in this order and side by side."""
    return " ".join(re.findall(r"\w+", part)).lower() in " ".join(re.findall(r"\w+", whole)).lower()


def test_every_claim_is_taken_from_the_sentence_that_it_cites(answers):
    for answer in answers.values():
        assert answer.claims
        assert (answer.status, answer.reason, answer.writer) == ("answered", None, "extractive")
        for claim in answer.claims:
            (place,) = claim.quotes
            assert claim.citations == (answer.citations[place].number,)
            assert in_order(claim.text, answer.citations[place].quote)
            assert (claim.supported, claim.support) == (True, 1)


def test_the_paper_that_is_named_is_found_first_and_cited(answers):
    for title, answer in answers.items():
        assert answer.papers[0].title == title
        assert title in {citation.title for citation in answer.citations}


def test_the_ranking_holds_ten_papers_each_once_the_best_first(answers):
    for answer in answers.values():
        scores = [paper.score for paper in answer.papers]
        assert len(set(titles(answer))) == len(titles(answer)) == 10
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def test_digests_are_named_as_such(answers):
    assert all(any("digests" in note for note in answer.notes) for answer in answers.values())


def test_a_number_that_is_asked_for_is_in_the_answer(assistant):
    assert "45%" in assistant.ask(QUESTION).text


def test_words_bound_the_length_but_leave_one_sentence(assistant):
    claims = {words: assistant.ask(about(BERT2BERT), words=words).claims for words in (1, 50, 200)}
    assert len(claims[1]) == 1 < len(claims[200])
    for words in (50, 200):
        assert sum(len(claim.text.split()) for claim in claims[words]) <= words


def test_another_subject_is_refused_with_a_reason_and_the_nearest_papers(assistant):
    answer = assistant.ask(OFF_SUBJECT)
    assert (answer.status, answer.claims, answer.citations) == ("refused", (), ())
    assert answer.reason == "No paper mentions boil, egg or breakfast."
    assert "do not answer" in answer.text
    assert len(answer.papers) == 10


def test_an_empty_library_says_so(library):
    answer = Assistant(library, settings=Settings()).ask(QUESTION)
    assert (answer.status, answer.papers, answer.notes) == ("refused", (), ())
    assert "indexed yet" in answer.reason


@pytest.mark.slow
def test_years_leave_out_other_years_and_say_how_many_papers_have_none(assistant):
    question = "Which models are pre-trained on code?"
    unknown = sum(paper.year is None for paper in PAPERS.values())
    free, bound = assistant.ask(question), assistant.ask(question, from_year=2022, to_year=2023)
    assert titles(free) != titles(bound)
    assert all(PAPERS[title].year in (2022, 2023) for title in titles(bound))
    assert (bound.filters.from_year, bound.filters.to_year) == (2022, 2023)
    assert any(note.endswith(f"year is not known: {unknown} papers.") for note in bound.notes)
    assert not any("year" in note for note in free.notes)


ON_CODE = "Which papers since 2022 are pre-trained on code?"


def test_years_in_the_words_of_a_question_bound_the_papers_and_the_answer_says_so(assistant):
    answer = assistant.ask(ON_CODE)
    given = assistant.ask("Which papers are pre-trained on code?", from_year=2022)
    assert (answer.question, answer.filters) == (ON_CODE, Filters(2022))
    assert (answer.papers, answer.citations) == (given.papers, given.citations)
    assert "Only papers from 2022 on, as the question asks." in answer.notes
    assert any("year is not known" in note for note in answer.notes)
    assert not any("as the question asks" in note for note in given.notes)


def test_years_in_the_words_can_be_switched_off_and_given_ones_win(assistant):
    free = assistant.ask(ON_CODE, years_from_question=False)
    assert free.filters == Filters()
    assert any((PAPERS[title].year or 0) < 2022 for title in titles(free))
    assert not any("year" in note for note in free.notes)
    given = assistant.ask(ON_CODE, to_year=2021)
    assert given.filters == Filters(None, 2021)
    assert all(PAPERS[title].year <= 2021 for title in titles(given))


def test_years_that_may_be_those_of_something_else_are_offered(assistant):
    answer = assistant.ask("Which models were trained on code in 2022?")
    assert (answer.filters, answer.offered_filters) == (Filters(), Filters(2022, 2022))
    assert "To bound publication years: --from-year 2022 --to-year 2022" in answer.notes
    since = assistant.ask("Which models are trained on code since 2022?")
    assert "To bound publication years: --from-year 2022" in since.notes
    for options in ({"to_year": 2023}, {"years_from_question": False}):
        silent = assistant.ask(answer.question, **options)
        assert silent.offered_filters is None
        assert not any("publication years" in note for note in silent.notes)


def test_years_hold_for_a_follow_up(assistant):
    history = [{"role": "user", "content": ON_CODE}, {"role": "assistant", "content": "CodeT5 [1]."}]
    held = assistant.ask("and on code review?", history=history)
    assert held.filters == Filters(2022)
    assert held.resolved_question == f"{ON_CODE} and on code review?"
    assert "Only papers from 2022 on, as was asked before." in held.notes
    assert assistant.ask("and papers before 2021?", history=history).filters == Filters(None, 2020)


def test_years_in_the_words_without_a_paper_are_a_refusal_that_says_so(assistant):
    answer = assistant.ask("Which papers before 1950 pre-train on code?")
    assert (answer.status, answer.reason) == ("refused", "No papers from these years.")
    assert "Only papers up to 1949, as the question asks." in answer.notes


@pytest.mark.parametrize("years", [{"from_year": 2024}, {"to_year": 2019}])
def test_one_end_of_the_years_may_be_open(assistant, years):
    found = [PAPERS[title].year for title in titles(assistant.ask(QUESTION, **years))]
    assert found
    assert all(years.get("from_year", 0) <= year <= years.get("to_year", 9999) for year in found)


def test_years_without_a_paper_are_a_refusal_that_says_so(assistant):
    answer = assistant.ask(QUESTION, from_year=1900, to_year=1901)
    assert (answer.status, answer.papers) == ("refused", ())
    assert "years" in answer.reason


@pytest.mark.parametrize(
    ("question", "options", "told"),
    [
        ("", {}, "empty"),
        (" \n", {}, "empty"),
        ("x" * 100_000, {}, "100,000 characters"),
        (QUESTION, {"from_year": 2021, "to_year": 2020}, "swap"),
        (QUESTION, {"words": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_read(assistant, question, options, told):
    for way in (assistant.ask, assistant.stream):
        with pytest.raises(QuestionError, match=told) as raised:
            way(question, **options)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "question", ["🤖 bert2BERT?\x00\n", "a:b AND (c -y [* ^2", "¿\u202e\ud83d", "the of and"]
)
def test_any_question_has_an_answer_or_a_refusal(assistant, question):
    answer = assistant.ask(question)
    assert answer.status in ("answered", "refused")
    json.dumps(answer.to_dict(), ensure_ascii=False).encode()


def test_a_follow_up_is_about_what_was_asked_before(assistant):
    history = [
        {"role": "user", "content": "What is ChildMandarin?"},
        {"role": "assistant", "content": "A speech dataset [1]."},
    ]
    alone, followed = (assistant.ask("How many hours is it?", history=said) for said in ([], history))
    assert alone.resolved_question is None
    assert followed.question == "How many hours is it?"
    assert followed.resolved_question == "What is ChildMandarin? How many hours is it?"
    assert followed.papers[0].title.startswith("ChildMandarin")
    assert "41.25" in followed.text


def test_the_dictionary_is_the_json_of_the_contract(answers):
    written = answers[TITLES[0]].to_dict()
    assert json.loads(json.dumps(written)) == json.loads(json.dumps(written, default=list))
    assert set(written) == {
        *("question", "status", "text", "reason", "claims", "citations", "papers", "filters"),
        *("resolved_question", "missing", "notes", "writer", "usage", "seconds", "markers"),
        *("kind", "checked_by", "offered_filters", "queries", "steps"),
    }
    assert set(written["claims"][0]) == {
        *("text", "citations", "quotes", "check", "supported", "support", "reason", "notes"),
    }
    assert (written["claims"][0]["check"], written["checked_by"]) == ("verbatim", None)
    assert set(written["citations"][0]) == {
        *("number", "paper_id", "title", "published", "organization", "quote", "start", "end"),
        *("authors", "part", "page", "section", "label", "key", "retracted"),
    }
    assert set(written["papers"][0]) == {"paper_id", "title", "score"}
    assert set(written["filters"]) == {"from_year", "to_year"}
    assert set(written["markers"]) == {"written", "unknown"}
    assert written["seconds"]["total"] >= written["seconds"]["write"] > 0


def test_every_way_gives_the_same_answer(assistant, answers):
    title = TITLES[0]
    streamed = assistant.stream(about(title))
    with pytest.raises(RuntimeError, match="to its end"):
        _ = streamed.answer
    assert "".join(streamed).strip() == streamed.answer.text
    asynchronous = asyncio.run(assistant.aask(about(title)))
    for answer in (streamed.answer, asynchronous):
        assert without_times(answer) == without_times(answers[title])


def test_it_works_inside_a_running_event_loop(assistant):
    async def notebook() -> Answer:
        return assistant.ask(QUESTION)

    assert asyncio.run(notebook()).status == "answered"


def test_questions_at_once_do_not_mix_up(assistant, answers):
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(assistant.ask, map(about, TITLES[:8])))
    assert [*map(without_times, at_once)] == [without_times(answers[title]) for title in TITLES[:8]]


@pytest.fixture
def no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user without any library."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    yield


def test_the_library_is_a_folder_or_one_that_is_open(bundled, assistant, no_library):
    expected = without_times(assistant.ask(QUESTION))
    streamed = stream(QUESTION, library=bundled)
    assert "".join(streamed).strip() == expected.text
    by_folder = ask(QUESTION, library=bundled.folder)
    by_name = asyncio.run(aask(QUESTION, library=str(bundled.folder)))
    for answer in (streamed.answer, by_folder, by_name):
        assert without_times(answer) == expected


def test_the_library_may_be_named_in_the_environment(bundled, no_library, monkeypatch):
    monkeypatch.setenv("ASKPAPERS_LIBRARY", str(bundled.folder))
    assert ask(QUESTION).papers[0].title == BERT2BERT


def test_options_reach_the_answer(bundled, no_library):
    history = [{"role": "user", "content": "What is ChildMandarin?"}]
    answer = ask("How many hours is it?", library=bundled, history=history, from_year=2023, words=1)
    assert answer.resolved_question
    assert answer.filters.from_year == 2023
    assert len(answer.claims) == 1
    assert ask(ON_CODE, library=bundled).filters == Filters(2022)
    for way in (ask, lambda *asked, **options: read(stream(*asked, **options))):
        assert way(ON_CODE, library=bundled, years_from_question=False).filters == Filters()
    with pytest.raises(rag.ModelError, match="OPENAI_API_KEY"):
        ask(QUESTION, library=bundled, writer="llm")


def test_no_library_at_all_names_the_command_that_makes_one(no_library):
    with pytest.raises(NoLibraryError, match="askpapers ingest demo") as raised:
        ask(QUESTION)
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_library_is_named_and_left_alone(no_library, tmp_path):
    folder = tmp_path / "none"
    with pytest.raises(NoLibraryError, match=str(folder)):
        ask(QUESTION, library=folder)
    assert not folder.exists()


LISTS = [
    "Which papers pre-train on source code?",
    "Which papers are about speech recognition?",
    "Any work on African languages?",
]


@pytest.fixture(scope="module")
def lists(assistant) -> list[Answer]:
    return [assistant.ask(question) for question in LISTS]


def test_a_list_has_a_title_with_a_cited_sentence_for_each_paper_that_fits_best_first(lists):
    for answer in lists:
        cited = [citation.paper_id for citation in answer.citations]
        groups = [group.splitlines() for group in answer.text.split("\n\n")]
        assert cited == [paper.paper_id for paper in answer.papers[: len(cited)]]
        assert len(groups) == len(cited) == len(answer.claims)
        for number, (title, line) in enumerate(groups, start=1):
            assert title == PAPERS[answer.citations[number - 1].title].heading
            assert f"[{number}]" in line
        assert all(claim.supported for claim in answer.claims)


def test_a_list_ends_where_papers_no_longer_belong_and_not_at_a_fixed_number(lists):
    assert len({len(answer.citations) for answer in lists}) > 1
    for answer in lists:
        count, least = len(answer.citations), min(0.6, 0.05 + 0.7 * answer.papers[0].score)
        assert all(paper.score >= least - 1e-3 for paper in answer.papers[:count])
        assert all(paper.score <= least + 1e-3 for paper in answer.papers[count:])


def test_a_list_without_a_subject_has_all_papers_of_its_years_the_newest_first(assistant):
    answer = assistant.ask("List all papers from 2020")
    of_2020 = {paper.title for paper in PAPERS.values() if paper.year == 2020}
    assert {citation.title for citation in answer.citations} == of_2020
    assert len(answer.citations) == len(of_2020) <= 40
    assert not any("more paper" in note for note in answer.notes)


def test_of_a_list_that_is_too_long_the_rest_is_counted(assistant):
    answer = assistant.ask("List all papers since 2015")
    rest = sum((paper.year or 0) >= 2015 for paper in PAPERS.values()) - 40
    assert len(answer.citations) == 40
    assert f"{rest} more papers: see them by `askpapers library list`." in answer.notes
    dates = [PAPERS[title].published for title in titles(answer)]
    assert dates == sorted(dates, reverse=True)


def test_a_question_is_tried_by_itself_and_then_behind_what_was_said(assistant):
    history = [{"role": "user", "content": "What is ChildMandarin?"}]
    leaning = assistant.ask("How many boys and girls?", history=history)
    assert (leaning.status, leaning.resolved_question) == (
        "answered",
        "What is ChildMandarin? How many boys and girls?",
    )
    alone = assistant.ask("how do transformers segment images?", history=history)
    assert (alone.status, alone.resolved_question) == ("answered", None)
    neither = assistant.ask("What is the best pizza in Naples?", history=history)
    assert (neither.status, neither.citations) == ("refused", ())


def test_words_bound_a_list_but_leave_one_line(assistant, lists):
    short = assistant.ask(LISTS[0], words=1)
    assert len(short.citations) == 1 < len(lists[0].citations)
    assert short.papers == lists[0].papers


def test_filters_bound_the_papers_and_years_of_the_call_go_first(assistant):
    some = Filters(from_year=2019, min_authors=8)
    answer = assistant.ask(QUESTION, filters=some, from_year=2021)
    assert answer.filters == Filters(from_year=2021, min_authors=8)
    assert answer.to_dict()["filters"] == {"from_year": 2021, "to_year": None, "min_authors": 8}
    found = [PAPERS[title] for title in titles(answer)]
    assert all(paper.year >= 2021 and paper.author_count >= 8 for paper in found)
    assert any("number of authors is not known" in note for note in answer.notes)
    only = assistant.ask(QUESTION, filters=Filters(papers=(BERT2BERT,)))
    assert titles(only) == [BERT2BERT]


def test_conditions_that_no_paper_fulfils_are_the_reason_of_a_refusal(assistant):
    answer = assistant.ask(QUESTION, filters=Filters(organization="Nowhere"))
    assert (answer.status, answer.reason) == ("refused", "No paper fulfils these conditions.")


@pytest.mark.parametrize("filters", [Filters(min_authors=0), Filters(min_authors=3, max_authors=2)])
def test_an_impossible_number_of_authors_is_refused(assistant, filters):
    with pytest.raises(QuestionError, match="authors"):
        assistant.ask(QUESTION, filters=filters)


def test_so_many_papers_are_shown_to_the_writer(bundled):
    assistant = Assistant(bundled, settings=Settings())
    listed = assistant.ask("Which papers pre-train on source code?")
    few = assistant.ask("Which papers pre-train on source code?", k=3)
    assert len({each.paper_id for each in few.citations}) <= 3 < len(listed.citations)
    assert len(few.papers) == 10
    single = assistant.ask("How much does bert2BERT save?", k=1)
    assert {each.paper_id for each in single.citations} == {single.papers[0].paper_id}
    assert len(assistant.ask("How much does bert2BERT save?", k=15).papers) == 15
    with pytest.raises(QuestionError, match="ask for at least 1"):
        assistant.ask("What is BERT?", k=0)

"""What was asked: its kind, the years in its words, the words that are left to search with."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import in_one_test

from rag import Filters, QuestionError
from rag.query import check_request, understand
from rag.query.kinds import kind_of
from rag.query.years import YearWords, describe, find_years, without_years
from rag.types import Request

TODAY = date(2026, 11, 21)
DEV = Path(__file__).parents[1] / "eval" / "questions" / "dev.jsonl"

KINDS = {
    "list": [
        "has anybody looked at what layers know?",
        "Has anyone trained a model on bird song?",
        "Which papers propose new pre-training objectives for graphs?",
        "list papers that use contrastive learning on audio",
        "List all surveys on prompt tuning.",
        "Could you list the studies on catastrophic forgetting?",
        "what has been done on low-resource translation?",
        "What's been tried against hallucinations in summarisation?",
        "who has worked on sign language?",
        "who works on protein structure with transformers?",
        "Who else uses curriculum learning for pre-training?",
        "any work on tabular data?",
        "Any recent papers about continual learning?",
        "Are there papers that prune attention heads?",
        "are there any studies of bias in Arabic models?",
        "Are there models that read both code and text?",
        "is there any research on legal language models?",
        "Is there work on quantising speech encoders?",
        "what is there on time series?",
        "What's out there about molecules?",
        "papers about satellite images",
        "recent work on retrieval-augmented pre-training",
        "studies that probe syntax in BERT",
        "anything on recommendation?",
        "Do we have anything about robots?",
        "what do we have on vision transformers for medicine?",
        "show me papers on weather forecasting",
        "find me something on emotion recognition",
        "Give me the papers that introduce a new benchmark.",
        "I'm looking for papers on Vietnamese language models",
        "can you recommend papers on tokenisation?",
        "How is reinforcement learning being used for dialogue?",
        "Which methods cut memory during fine-tuning?",
        "what approaches are there to few-shot classification?",
        "Which multilingual models cover Indic languages?",
        "what are some ways to speed up pre-training?",
        "What came out on audio captioning?",
        "what work exists on chemistry?",
        "Have there been any studies on carbon footprint?",
        "And which papers deal with 3D point clouds?",
        "For Turkish, which models exist?",
        "which papers compare BERT with RoBERTa?",
        "which studies look at scaling laws?",
        "something on knowledge graphs?",
        "other papers on the same topic?",
        "What do you have about federated learning?",
        "Do you know of any work that pre-trains on maths?",
        "which groups published models for African languages?",
        "what research is there into watermarks?",
        "Name all papers dealing with speech translation",
        "Which of the papers here are about privacy?",
        "Everything on diffusion models, please",
        "what else is there about ranking?",
        "Which ones deal with video?",
        "who are the people working on brain signals?",
        "what other approaches exist for compressing transformers?",
        "Has there been work on Basque?",
        "list of papers about dialects",
        "any preprints dealing with poetry?",
        "What kinds of methods reduce toxicity?",
        "Could you show me studies where adapters fail?",
        "what literature covers climate models?",
        "How are large models being adapted to law?",
        "and what about surveys on audio?",
        "What have others found on label noise?",
        "collect all papers using MoE",
        "tell me which papers use bytes instead of tokens",
        "What recent studies look into privacy of text encoders?",
    ],
    "single": [
        "What is bert2BERT trained on?",
        "which dataset did X-LXMERT use?",
        "which datasets did CodeBERT use?",
        "what data sets does BLURB contain?",
        "which of the two is faster?",
        "what are the two pre-training objectives in STAR?",
        "which paper introduced ELECTRA?",
        "Who introduced masked language modelling?",
        "who wrote the BERT paper?",
        "who is the first author of UNITER?",
        "How many parameters does PTT5 have?",
        "What does DVPT do?",
        "is there a model that reads X-rays?",
        "what is the best way to tokenise Japanese?",
        "Why does dropout hurt in pre-training?",
        "when was GottBERT trained?",
        "How big is the corpus of CamemBERT?",
        "Which model reaches the best F1 on FUNSD?",
        "what metric do they use in LayoutXLM?",
        "How does ELECTRA spot replaced tokens?",
        "Does pre-training help on small data sets?",
        "what is contrastive learning?",
        "how much smaller is it than the teacher?",
        "What score did it reach compared with the baseline?",
        "Is there an overview of pruning?",
        "what is it trained on?",
        "and on GPT?",
        "which layers do they freeze?",
        "What did the authors conclude about rewarming?",
        "show me how ELECTRA works",
        "can I use Vega v2 for search?",
        "Is anything known about the licence of PTT5?",
        "what evidence is there that larger batches help?",
        "How good is XDoc on FUNSD and DocVQA?",
        "did the study on code review use CodeBERT and GraphCodeBERT as baselines?",
        "name the corpus that GottBERT was trained on",
        "what works better than masking?",
        "summarise the BioGPT paper",
        "how has masking been improved upon?",
        "Which optimisers did they try in the BERT reproduction?",
        "What's the vocabulary size of mT5?",
        "How does the paper on rewarming define warm-up?",
        "Who annotated the data?",
        "what do they mean by pre-finetuning?",
        "does any of this need labels?",
        "are there downsides to DVPT?",
        "what models does the benchmark cover?",
        "on which languages was it tested?",
        "Which approach would work for small data?",
        "what surprised the authors?",
        "how much data do you need for some Finnish BERT?",
        "does a bigger vocabulary help?",
        "which language does GottBERT speak?",
        "what do the papers say on scaling?",
        "Which benchmark is used for Maltese?",
        "what is the main finding about curriculum learning?",
        "How was DziriBERT evaluated?",
        "which languages are covered by AfroLM?",
        "is MAE any good for CT scans?",
        "what is wrong with masking?",
        "Which tasks suffer from pruning?",
        "How does one pre-train on DNA?",
    ],
    "comparison": [
        "BERT vs RoBERTa on GLUE?",
        "CLIP versus CLOOB: which one generalises better?",
        "compare UNITER and LXMERT",
        "What is the difference between ELECTRA and BERT?",
        "What are the differences between SimCLR and MAE?",
        "How do BioGPT and PubMedBERT differ?",
        "how does XDoc compare to LayoutLM?",
        "do CodeBERT and GraphCodeBERT both use data flow?",
        "ELECTRA or BERT: which needs less compute?",
        "which is faster, bert or electra?",
        "Is ELECTRA cheaper than BERT?",
        "what do CamemBERT and FlauBERT have in common?",
        "How is CLIP different from CLOOB?",
        "a comparison of oBERT and Q8BERT please",
        "Should I use adapters or prompt tuning?",
        "contrast GottBERT with German BERT",
        "what are the pros and cons of adapters and full fine-tuning?",
        "Do DziriBERT and AfroLM agree on how much data is enough?",
        "is there any difference between the base and the large model of XDoc?",
        "Which performs better on NER: SciBERT or PubMedBERT?",
        "how do the approaches of CLOOB and CLIP to contrastive loss differ?",
        "is LXMERT bigger than UNITER?",
        "t5 and mt5: what changed?",
        "does one paper contradict another on warm-up?",
        "What makes CLOOB different from CLIP?",
        "roberta and bert: is there a real difference between them?",
    ],
}

# A question whose words date publications, and the first and last year that they say.
YEARS = [
    ("papers since 2021", 2021, None),
    ("Which papers since 2021 pre-train on code?", 2021, None),
    ("WHICH PAPERS SINCE 2021 USE GRAPHS?", 2021, None),
    ("Which papers published before 2020 use ELMo?", None, 2019),
    ("What do papers published before 2010 say about minimum wages?", None, 2009),
    ("2019 papers on dark matter", 2019, 2019),
    ("Which 2022 papers are about robots?", 2022, 2022),
    ("How do 2019 papers define frailty?", 2019, 2019),
    ("last year's papers on agents", 2025, 2025),
    ("pre-2020 papers on pruning", None, 2019),
    ("2015–2018 studies on asthma", 2015, 2018),
    ("studies from 2015 to 2018 on asthma", 2015, 2018),
    ("How do studies from 2015 to 2018 measure pain?", 2015, 2018),
    ("Are there any studies since 2015 on statins?", 2015, None),
    ("COVID-19 research since 2020", 2020, None),
    ("Is pain treated alike in studies since 2019?", 2019, None),
    ("since 2021, which papers deal with inflation?", 2021, None),
    ("In 2022, what research was there on gravity?", 2022, 2022),
    ("After 2020, are there papers on tokenisation?", 2021, None),
    ("Which papers on monetary policy came out after 2020?", 2021, None),
    ("Which papers on superconductors were published in 1990?", 1990, 1990),
    ("papers on asthma published since 2020", 2020, None),
    ("What research came out in 2021 about summarisation?", 2021, 2021),
    ("published between 2018 and 2020", 2018, 2020),
    ("What was published in 2021 on Dutch?", 2021, 2021),
    ("List all papers from 2020", 2020, 2020),
    ("Find publications up to 2010 about neutrinos", None, 2010),
    ("Show me papers no later than 2019", None, 2019),
    ("show me papers newer than 2021 on chess", 2022, None),
    ("preprints from March 2020 on masks", 2020, 2020),
    ("papers before June 2021 on dialogue", None, 2021),
    ("articles from the 1990s on trade", 1990, 1999),
    ("literature before 1990 on superconductors", None, 1989),
    ("What does research since 2020 show about sleep?", 2020, None),
    ("any work since 2020 on unemployment?", 2020, None),
    ("Which work from 2021 deals with maths?", 2021, 2021),
    ("recent work of the last two years", 2024, None),
    ("Papers of the past decade on dark matter", 2016, None),
    ("Which papers in the last 5 years use graphs?", 2021, None),
    ("recent papers (since 2022) on vision", 2022, None),
    ("papers (2019-2021) on GPT", 2019, 2021),
    ("Which papers, published after 2021, deal with maths?", 2022, None),
    ("Which papers dated 2021 or later discuss bias?", 2021, None),
    ("papers from 2021 on that use CLIP", 2021, None),
    ("papers from 2022 on code", 2022, 2022),
    ("papers after 2018 but before 2022 on BERT", 2019, 2021),
    ("which papers between 2018 and 2020, e.g. on QA?", 2018, 2020),
    ("papers since 2020 on patients recruited since 1996", 2020, None),
]

# Years of something else, or maybe so, and those that are offered.
OFFERED = [
    (
        "What share of patients replied to the English GP Patient Survey in January 2009?",
        Filters(2009, 2009),
    ),
    ("What is known in studies of patients recruited since 1996?", Filters(1996)),
    ("How many deaths were there in 2019?", Filters(2019, 2019)),
    ("Which nurses returned to work in 2020?", Filters(2020, 2020)),
    ("Did GDP fall in 2020?", Filters(2020, 2020)),
    ("How did unemployment change between 2008 and 2012?", Filters(2008, 2012)),
    ("How did investment in research since 2008 change?", Filters(2008)),
    ("Which market research since 2010 covers prices?", Filters(2010)),
    ("papers on supernovae observed between 1998 and 2003", Filters(1998, 2003)),
    ("Which gravitational waves were detected in 2015?", Filters(2015, 2015)),
    ("papers on tweets from 2012", Filters(2012, 2012)),
    ("papers on guidelines published before 2020", Filters(None, 2019)),
    ("papers on the guideline published in 2019", Filters(2019, 2019)),
    ("which trials follow the guideline, published in 2019?", Filters(2019, 2019)),
    ("What do news articles from 2016 say?", Filters(2016, 2016)),
    ("Which models are trained on papers published before 2020?", Filters(None, 2019)),
    ("Which models can classify papers from 2019?", Filters(2019, 2019)),
    ("Which tools screen papers published before 2020?", Filters(None, 2019)),
    ("a corpus of ACL papers from 2019", Filters(2019, 2019)),
    ("How many papers did S2ORC collect until 2019?", Filters(None, 2019)),
    ("Which papers use models that came out before 2019?", Filters(None, 2018)),
    ("Which models came out before 2020?", Filters(None, 2019)),
    ("Which papers pre-train on code since 2019?", Filters(2019)),
    ("what has been done on ranking over the last five years?", Filters(2021)),
    ("papers from 2020 COVID lockdown", Filters(2020, 2020)),
    ("And since 2022?", Filters(2022)),
]

# No years of papers at all: names, counts, what is denied, what is unclear, what no paper can have.
NO_YEARS = [
    "the 1958 cohort",
    "before 2020 guidelines",
    "papers before 2020 guidelines",
    "COVID-19 research since the 2020 lockdown",
    "2000 steps",
    "which papers change after 2000 steps?",
    "Do 2000 papers suffice to train a model?",
    "which papers use 1,900 hours of speech?",
    "what is RobBERT-2022?",
    "EMNLP 2021 papers on parsing",
    "papers from NeurIPS 2022",
    "which models are trained on the 2019 papers?",
    "which papers report 2020% gains?",
    "papers that cost $2020",
    "papers 10.1000/2021.55",
    "recent work on inflation",
    "papers on pruning, but not from 2021",
    "no papers from 2020",
    "all except papers from 2020",
    'what does "papers since 2019" show?',
    "papers before 2010 or after 2020 on pruning",
    "papers from 2019 and 2022 on pruning",
    "Any 2022 or 2023 papers on maths?",
    "are papers before 2020 better than those after 2020?",
    "how do papers before 2020 and papers after 2022 differ?",
    "papers between 2021 and 2019",
    "papers after 2022 but before 2020",
    "papers since 2031",
    "papers before 2100",
    "papers from 1850 to 1920",
    "2020",
]


def dev_turns():
    for line in DEV.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield from ({**case, **turn} for turn in case.get("turns", [case]))


def asked_before(*questions):
    return [{"role": "user", "content": question} for question in questions]


@in_one_test("kind, question", [(k, q) for k, qs in KINDS.items() for q in qs])
def test_the_kind_of_a_question(kind, question):
    assert kind_of(question) == kind


def test_lists_among_the_hand_written_questions_are_seen_and_hardly_anything_else_is():
    turns = list(dev_turns())
    read = {turn["question"] for turn in turns if kind_of(turn["question"]) == "list"}
    lists = {turn["question"] for turn in turns if "list" in turn.get("tags", [])}
    assert lists <= read
    assert len(read - lists) <= 5


def test_quoted_words_are_spoken_about_and_ask_for_nothing():
    assert kind_of('What does "list all papers" mean?') == "single"


@in_one_test("question, first, last", YEARS)
def test_years_in_the_words_of_a_question(question, first, last):
    found = find_years(question, TODAY)
    assert (found.filters, found.offered) == (Filters(first, last), None)
    rest = without_years(question, found)
    assert len(rest) < len(question)
    assert not find_years(rest, TODAY).filters.has_years


@in_one_test("question, offered", [*OFFERED, *((question, None) for question in NO_YEARS)])
def test_where_words_date_no_publications_nothing_is_bound(question, offered):
    found = find_years(question, TODAY)
    assert found == YearWords(offered=offered)
    assert without_years(question, found) == question


def test_years_in_the_hand_written_questions_bound_what_they_ask_for_and_others_are_offered():
    for turn in dev_turns():
        expected = turn.get("expected_filters") or {}
        years = Filters(expected.get("from_year"), expected.get("to_year"))
        found = find_years(turn["question"], TODAY)
        assert found.filters == years, turn["question"]
        assert (found.offered is not None) == bool(re.search(r"\b20\d\d\b", turn["question"])), turn


@pytest.mark.parametrize(
    ("today", "question", "first"),
    [
        (date(2026, 1, 1), "papers of the last two years on chess", 2024),
        (date(2026, 12, 31), "papers of the last two years on chess", 2024),
        (date(2026, 2, 1), "papers of this year on chess", 2026),
        (date(2027, 1, 1), "papers of this year on chess", 2027),
        (date(2027, 1, 1), "papers since 2028 on chess", 2028),
        (date(2026, 1, 1), "papers since 2028 on chess", None),
    ],
)
def test_years_are_counted_from_today(today, question, first):
    assert find_years(question, today).filters.from_year == first


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("which papers since 2021 pre-train on code", "which papers pre-train on code"),
        ("In 2022, which papers built a corpus?", "which papers built a corpus?"),
        ("papers after 2018 but before 2022 on BERT", "papers on BERT"),
        ("recent papers (since 2022) on vision", "recent papers on vision"),
        ("last year's papers on agents", "papers on agents"),
        ("Which papers before 2020?", "Which papers?"),
    ],
)
def test_the_words_are_taken_out(question, rest):
    assert without_years(question, find_years(question, TODAY)) == rest


PIECES = (
    *("which", "papers", "any work", "on", "code", "trained on", "tweets", "since", "before", "between"),
    *("from", "to", "in", "or", "and", "not", "until May", "the last", "two years", "this year", "2021"),
    *("2010s", "2019–21", "20000", ",", "?", "(", ")", '"', "’s", "İ", "\ud83d", "٢٠٢١", "²"),
)
words = st.sampled_from(PIECES)
texts = st.one_of(st.text(max_size=60), st.lists(words, max_size=14).map(" ".join))


@given(texts)
def test_any_text_has_a_kind_and_leaves_something_to_search_with(text):
    assert kind_of(text) in KINDS
    found = find_years(text, TODAY)
    rest = without_years(text, found)
    assert bool(rest.strip()) == bool(text.strip())
    left = iter("".join(text.split()))
    assert all(character in left for character in "".join(rest.split()))  # nothing is added
    assert found.filters.has_years == bool(found.spans)
    first, last = found.filters.from_year or 0, found.filters.to_year or 9999
    assert first <= last
    assert all(0 <= start < end <= len(text) for start, end in found.spans)


@given(texts, texts)
def test_what_can_be_asked_is_understood(earlier, text):
    try:
        asked = understand(check_request(Request(text, asked_before(earlier), day=TODAY)))
    except QuestionError:
        assert not text.strip()
        return
    assert asked.query.strip()
    assert asked.filters.has_years == bool(asked.note)


@pytest.mark.parametrize(
    "piece", ["since 2021 ", "in 2020, 2021 ", "2020 - ", "which papers the ", "papers on a ", " "]
)
def test_a_long_text_is_read_too(piece):
    text = (piece * 4000)[:4000]
    assert kind_of(text) in KINDS
    assert not find_years(text, TODAY).filters.has_years


FREE = "Which papers pre-train on code?"
CODE = "Which papers since 2019 pre-train on code?"


@pytest.mark.parametrize(
    ("turns", "query", "years", "offered"),
    [
        ([CODE], FREE, Filters(2019), None),
        ([CODE, "and papers since 2022?"], FREE, Filters(2022), None),
        ([CODE, "and on review?"], f"and on review? {FREE} and on review?", Filters(2019), None),
        ([CODE, "and papers until 2021?", "why?"], FREE, Filters(None, 2021), None),
        ([CODE, "since 2022?"], FREE, Filters(2019), Filters(2022)),
        ([FREE, "and in 2019?"], FREE, Filters(), Filters(2019, 2019)),
        ([CODE, "How long are eels in Scotland?"], "How long are eels in Scotland?", Filters(), None),
    ],
)
def test_years_hold_for_a_follow_up_until_others_are_named(turns, query, years, offered):
    asked = understand(Request(turns[-1], asked_before(*turns[:-1]), day=TODAY))
    assert (asked.query, asked.filters, asked.offered) == (query, years, offered)


def test_the_note_says_which_papers_and_who_asked_for_them():
    own = understand(Request(CODE, day=TODAY))
    held = understand(Request("and on review?", asked_before(CODE), day=TODAY))
    assert own.note == "Only papers from 2019 on, as the question asks."
    assert held.note == "Only papers from 2019 on, as was asked before."
    told = [describe(Filters(2019, 2021)), describe(Filters(None, 2021)), describe(Filters(2021, 2021))]
    assert told == ["from 2019 to 2021", "up to 2021", "of 2021"]


@pytest.mark.parametrize("options", [{"filters": Filters(None, 2015)}, {"years_from_question": False}])
def test_years_of_the_caller_win_and_the_words_can_be_left_alone(options):
    asked = understand(Request(CODE, day=TODAY, **options))
    assert (asked.query, asked.note) == (CODE, None)
    assert asked.filters == options.get("filters", Filters())
    assert understand(Request("How many owls in 2019?", day=TODAY, **options)).offered is None

"""What was asked: its kind, the years in its words, the words that are left to search with."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Filters, QuestionError
from rag.query import YearWords, find_years, kind_of, understand, without_years
from rag.query.years import describe

TODAY = date(2026, 11, 21)
DEV = Path(__file__).parents[1] / "eval" / "questions" / "dev.jsonl"

KINDS = {
    "list": [
        "Where can I read about federated pre-training?",
        "Interesting findings on vocabularies?",
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
        "Find all work that distils BERT.",
        "find me something on emotion recognition",
        "give me an overview of approaches to domain adaptation",
        "Give me the papers that introduce a new benchmark.",
        "I'm looking for papers on Vietnamese language models",
        "can you recommend papers on tokenisation?",
        "How is reinforcement learning being used for dialogue?",
        "how do people pre-train on tables?",
        "How have researchers tackled long documents?",
        "Which methods cut memory during fine-tuning?",
        "what approaches are there to few-shot classification?",
        "Which multilingual models cover Indic languages?",
        "what are some ways to speed up pre-training?",
        "What are the main approaches to dense retrieval?",
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
        "Tell me about all the approaches to layout understanding",
        "I want to read about music generation, what should I look at?",
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
        "are there any newer alternatives to BERT for tagging?",
        "list of papers about dialects",
        "which researchers pre-train on radio signals?",
        "any preprints dealing with poetry?",
        "What kinds of methods reduce toxicity?",
        "Could you show me studies where adapters fail?",
        "what literature covers climate models?",
        "How are large models being adapted to law?",
        "Who is studying dialects?",
        "and what about surveys on audio?",
        "What have others found on label noise?",
        "do you know papers on handwriting?",
        "collect all papers using MoE",
        "tell me which papers use bytes instead of tokens",
        "What recent studies look into privacy of text encoders?",
    ],
    "single": [
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
        "list the two pre-training tasks of STAR",
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
        "Did anyone beat 90 on SuperGLUE?",
        "how much data do you need for some Finnish BERT?",
        "does a bigger vocabulary help?",
        "which language does GottBERT speak?",
        "tell me everything about Vega v2",
        "what do the papers say on scaling?",
        "Which benchmark is used for Maltese?",
        "what is the main finding about curriculum learning?",
        "How was DziriBERT evaluated?",
        "which languages are covered by AfroLM?",
        "is MAE any good for CT scans?",
        "what is wrong with masking?",
        "What approaches did the DVPT authors compare against?",
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
        "what does UNITER do that LXMERT doesn't?",
        "Should I use adapters or prompt tuning?",
        "how do OPT, BLOOM and LLaMA handle long inputs?",
        "how do the two Dutch models tokenise?",
        "contrast GottBERT with German BERT",
        "what are the pros and cons of adapters and full fine-tuning?",
        "Do DziriBERT and AfroLM agree on how much data is enough?",
        "List the differences between MAE and BEiT",
        "is there any difference between the base and the large model of XDoc?",
        "Which performs better on NER: SciBERT or PubMedBERT?",
        "ALBERT against BERT, which is leaner?",
        "how do the approaches of CLOOB and CLIP to contrastive loss differ?",
        "Are BioGPT and BioBERT trained on the same text?",
        "is LXMERT bigger than UNITER?",
        "t5 and mt5: what changed?",
        "MAE or SimCLR for small medical data?",
        "what distinguishes XLM-R from mBERT?",
        "does one paper contradict another on warm-up?",
        "how much faster is oBERT than Q8BERT?",
        "What makes CLOOB different from CLIP?",
        "roberta and bert: is there a real difference between them?",
        "which of BERT and ELECTRA needs more memory?",
    ],
}

# A question, and the first and last year that its words ask for.
YEARS = [
    ("which papers since 2021 pre-train on code", 2021, None),
    ("papers from 2021 on that use CLIP", 2021, None),
    ("papers from 2022 on code", 2022, 2022),
    ("Which papers from 2021 on pre-train on code?", 2021, None),
    ("papers on audio, 2021 or later", 2021, None),
    ("surveys on pruning, 2021 and newer", 2021, None),
    ("what has been done on ranking after 2020?", 2021, None),
    ("Which models came out before 2020?", None, 2019),
    ("which papers until 2020 use ELMo?", None, 2020),
    ("any work up to 2020 on speech?", None, 2020),
    ("what was published by 2020 on graphs?", None, 2020),
    ("papers earlier than 2019 on transfer", None, 2018),
    ("papers no later than 2019 on transfer", None, 2019),
    ("papers on vision, not before 2022", 2022, None),
    ("papers from 2019 to 2021 about BERT", 2019, 2021),
    ("what came out between 2019 and 2021 on GPT?", 2019, 2021),
    ("papers on GPT 2019-2021", 2019, 2021),
    ("papers on GPT, 2019–21", 2019, 2021),
    ("papers on GPT (2019–2021)", 2019, 2021),
    ("Who did continued pre-training in 2022?", 2022, 2022),
    ("papers of 2022 on robots", 2022, 2022),
    ("Papers published in 2022 on robots?", 2022, 2022),
    ("papers dated 2022 about robots", 2022, 2022),
    ("Which 2022 papers are about robots?", 2022, 2022),
    ("2022 papers on robots", 2022, 2022),
    ("what came out this year on agents?", 2026, 2026),
    ("last year's papers on agents", 2025, 2025),
    ("which papers from last year are about agents?", 2025, 2025),
    ("what's new on agents since last year?", 2025, None),
    ("papers on agents in the last two years", 2024, None),
    ("papers on agents in the last 2 years", 2024, None),
    ("any work in the last few years on agents?", 2023, None),
    ("what has been done over the past 3 years on agents?", 2023, None),
    ("what has been done over the past decade on agents?", 2016, None),
    ("papers of the past six months on agents", 2026, None),
    ("which papers from the last 12 months?", 2025, None),
    ("Which methods appeared in the 2010s?", 2010, 2019),
    ("papers on parsing before the 2010s", None, 2009),
    ("papers on parsing from the 1990s", 1990, 1999),
    ("papers after 2018 but before 2022 on BERT", 2019, 2021),
    ("Since 2021, which models read tables?", 2021, None),
    ("In 2022, who built a corpus?", 2022, 2022),
    ("after 2022, anything on graphs?", 2023, None),
    ("who has worked on this since March 2021?", 2021, None),
    ("papers before June 2021 on dialogue", None, 2021),
    ("which papers in 2020 and 2021 did pruning?", 2020, 2021),
    ("papers from 2019, 2020 and 2021 on pruning", 2019, 2021),
    ("post-2020 papers on pruning", 2021, None),
    ("pre-2020 work on pruning", None, 2019),
    ("Has anyone beaten ELECTRA since 2021?", 2021, None),
    ("what was published in 2021 on Dutch?", 2021, 2021),
    ("the 2019 paper on distillation", 2019, 2019),
    ("list everything from 2023 about maths", 2023, 2023),
    ("Is there research on tabular data since 2022?", 2022, None),
    ("which data sets were released in 2020?", 2020, 2020),
    ("any data sets from 2020 for Swahili?", 2020, 2020),
    ("what has been done on tweets since 2021?", 2021, None),
    ("which papers pre-train on code since 2021?", 2021, None),
    ("which papers train on proteins in 2022?", 2022, 2022),
    ("as of 2022, what is there on chemistry?", 2022, None),
    ("show me papers newer than 2021 on chess", 2022, None),
    ("papers about pruning from 2022", 2022, 2022),
    ("I'm interested in work on summarisation that appeared after 2021.", 2022, None),
    ("Could you list what was done in 2023 on robotics?", 2023, 2023),
    ("in the years 2019 to 2021, which models were multilingual?", 2019, 2021),
    ("Anything newer than 2022 on code review?", 2023, None),
    ("recent papers (since 2022) on vision", 2022, None),
    ("surveys published between 2018 and 2020", 2018, 2020),
    ("Which papers from 2019 or earlier use ELMo?", None, 2019),
    ("What research came out in 2021 about summarisation?", 2021, 2021),
    ("which papers from the last three years use diffusion?", 2023, None),
    ("which language models for Dutch were published before 2022?", None, 2021),
    ("state of research on OCR as of 2022", 2022, None),
    ("please only papers from 2020 onwards: what is known about pruning?", 2020, None),
    ("Only from 2021 on: which models handle tables?", 2021, None),
    ("what has been published on ViTs this year?", 2026, 2026),
    ("which methods for distillation were proposed in 2020?", 2020, 2020),
    ("how do people pretrain on graphs since 2022?", 2022, None),
    ("any studies of tokenisation from 2020-2022?", 2020, 2022),
    ("who has looked at music before 2023?", None, 2022),
    ("papers on chess starting in 2021", 2021, None),
    ("WHICH PAPERS SINCE 2021 USE GRAPHS?", 2021, None),
    ("what progress has there been in OCR since 2019?", 2019, None),
    ("Which papers, published after 2021, deal with maths?", 2022, None),
    ("which work from 2021 deals with maths?", 2021, 2021),
    ("Papers about dialogue systems written before 2019?", None, 2018),
    ("Find everything published from 2020 to 2022 on OCR", 2020, 2022),
    ("what's been tried for Basque after 2021?", 2022, None),
    ("Which papers dated 2021 or later discuss bias?", 2021, None),
    ("Give me 2023 surveys on agents", 2023, 2023),
    ("Until 2021, who had worked on Maltese?", None, 2021),
    ("work on time series over the last five years", 2021, None),
    ("Papers on speech, no earlier than 2022.", 2022, None),
    ("List papers on NER up until 2020", None, 2020),
    ("Which studies came out during 2022?", 2022, 2022),
    ("in 2020 and 2021, what was done on pruning?", 2020, 2021),
    ("which papers between 2018 and 2020, e.g. on QA?", 2018, 2020),
    ("What new corpora for Icelandic appeared after 2020?", 2021, None),
    ("papers on fairness in 2021 or later", 2021, None),
    ("Which papers in the last decade model proteins?", 2016, None),
]

# Numbers that are no years, names, years of data and events, what no range says, what is unclear.
NO_YEARS = [
    "recent work on agents in recent years",
    "what has recently been done on agents?",
    "which models read 2048 tokens?",
    "papers on the top 2000 hashtags",
    "which papers use 1,900 hours of speech?",
    "which papers need 2023 GPU hours?",
    "what is RobBERT-2022?",
    "which papers evaluate on SQuAD 2.0 and CoNLL-2003?",
    "what is on the BERTweet 2020 dataset?",
    "papers on ImageNet-2012",
    "which systems won WMT 2014?",
    "who took part in WMT14?",
    "papers on COVID in 2020",
    "what is ERNIE 2.0?",
    "what score did AlphaFold 2 reach at CASP14?",
    "papers about Cambridge Analytica 2018",
    "which models were trained on tweets from 2012 to 2019?",
    "which papers use text from 2021 Wikipedia?",
    "which models are pre-trained on newspapers from 1900 to 1950?",
    "papers that use tweets collected in 2019",
    "which papers study news articles from 2016?",
    "which corpora were crawled before 2019?",
    "what did they find about elections in 2020?",
    "How many papers did S2ORC collect until 2019?",
    "which models train on papers published before 2020?",
    "What was the best model in 2019?",
    "how large was BERT in 2018?",
    "papers on the 2020 election",
    "papers from NeurIPS 2022",
    "EMNLP 2021 papers on parsing",
    "which papers train for more than 2000 steps?",
    "which papers change after 2000 steps?",
    "papers with models in 2000 languages",
    "which papers cover 2000 languages?",
    "papers from 1850 on",
    "papers since 2031",
    "papers before 2100",
    "papers from 2019 and 2022 on pruning",
    "papers before 2010 or after 2020 on pruning",
    "papers after 2022 and before 2020",
    "papers on pruning, but not from 2021",
    "papers not in 2021",
    'what does "Language models since 2019" show?',
    "What does Reid and Artetxe (2021) say?",
    "which models know facts up to 2021?",
    "Which papers forecast demand from 2010 to 2019?",
    "papers on the challenge in 2017",
    "how do papers before 2020 and after 2022 differ?",
    "papers between 2021 and 2019",
    "2020",
    "which papers report 2020% gains?",
    "papers 10.1000/2021.55",
    "version 2021-03 of which papers?",
    "what do papers say of the years 2020 models?",
    "who won the shared task in 2016?",
    "how many tweets did the study look at in 2020?",
    "papers that cost $2020",
    "which papers trained for 2000 hours in 2020 languages",
    "papers on maths, 2021",
    "show me the newest papers",
    "which papers use the 2018 version of GermEval?",
    "which models were evaluated on GermEval 2018?",
    "how do models trained in 2019 cope with news from 2022?",
    "which papers test on headlines from 2020?",
    "which models forget events after 2021?",
    "Which models got updated with text written after 2019?",
    "papers with 2000 citations",
    "which papers fine-tune for 2000 to 2020 steps?",
    "which papers use between 1900 and 2000 samples?",
    "which models were pre-trained on Wikipedia dumps from 2020?",
    "what papers look at price data between 2000 and 2015?",
    "is BERT from 2018 still good?",
    "What happened to word vectors after 2018?",
    "Did the model of 2021 beat the one of 2019?",
    "who collected speech from parliament between 2009 and 2019?",
    "which satellite images since 2015 were used?",
    "Which papers model the flu season 2019-2020?",
    "which papers predict the weather of 2018?",
    "any model of COVID cases between 2020 and 2022?",
    "which papers tackle the 2016 US election?",
    "Which dataset has 2015 images?",
    "papers on the Year 2000 problem",
    "in 2021 words, which papers matter?",
    "which papers train up to 2000 epochs?",
    "which papers report results by 2020 annotators?",
    "papers that continue BERT from 2018 with new text",
    "Any 2022 or 2023 papers on maths?",
    "Which models use the 2019 Wikipedia dump?",
    "how well does a model of 2018 do on questions of 2022?",
    "papers using clinical notes between 2001 and 2012",
    "Which models saw the MIMIC records of 2008 to 2019?",
    "are there models for ICD codes in 2016 format?",
    "which papers use ILSVRC 2012?",
    "papers with a batch of 2000",
    "Which papers use the corpus that was released in 2015?",
    "what models exist with up to 2000 tokens of context?",
    "which papers fine-tune models released before 2019?",
    "which papers study how English changed after 1945?",
    "Which methods detect fake news about the 2020 vote?",
    "any work on stock prices before 2008?",
    "papers about models pretrained in 2019",
]


def dev_turns():
    for line in DEV.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        yield from ({**case, **turn} for turn in case.get("turns", [case]))


def asked_before(*questions):
    return [{"role": "user", "content": question} for question in questions]


@pytest.mark.parametrize(("kind", "question"), [(k, q) for k, qs in KINDS.items() for q in qs])
def test_the_kind_of_a_question(kind, question):
    assert kind_of(question) == kind


def test_lists_among_the_hand_written_questions_are_seen_and_nothing_else_is():
    for turn in dev_turns():
        tags = turn.get("tags", [])
        assert (kind_of(turn["question"]) == "list") == ("list" in tags), turn["question"]


def test_quoted_words_are_spoken_about_and_ask_for_nothing():
    assert kind_of('What does "list all papers" mean?') == "single"


@pytest.mark.parametrize(("question", "first", "last"), YEARS)
def test_years_in_the_words_of_a_question(question, first, last):
    found = find_years(question, TODAY)
    assert found.filters == Filters(first, last)
    rest = without_years(question, found)
    assert len(rest) < len(question)
    assert not find_years(rest, TODAY).filters.has_years


@pytest.mark.parametrize("question", NO_YEARS)
def test_where_in_doubt_there_is_no_condition(question):
    found = find_years(question, TODAY)
    assert found == YearWords()
    assert without_years(question, found) == question


def test_the_hand_written_questions_have_the_years_that_are_expected_and_no_others():
    for turn in dev_turns():
        expected = turn.get("expected_filters") or {}
        years = Filters(expected.get("from_year"), expected.get("to_year"))
        assert find_years(turn["question"], TODAY).filters == years, turn["question"]


@pytest.mark.parametrize(
    ("today", "question", "first"),
    [
        (date(2026, 1, 1), "papers on chess in the last two years", 2024),
        (date(2026, 12, 31), "papers on chess in the last two years", 2024),
        (date(2026, 2, 1), "papers on chess in the last two months", 2025),
        (date(2027, 1, 1), "papers on chess this year", 2027),
        (date(2027, 1, 1), "papers on chess since 2028", 2028),
        (date(2026, 1, 1), "papers on chess since 2028", None),
    ],
)
def test_years_are_counted_from_today(today, question, first):
    assert find_years(question, today).filters.from_year == first


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("which papers since 2021 pre-train on code", "which papers pre-train on code"),
        ("In 2022, who built a corpus?", "who built a corpus?"),
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
        asked = understand(text, asked_before(earlier), today=TODAY)
    except QuestionError:
        assert not text.strip()
        return
    assert asked.query.strip()
    assert asked.filters.has_years == bool(asked.note)


@pytest.mark.parametrize(
    "piece", ["since 2021 ", "in 2020, 2021 ", "2020 - ", "which any a ", "train on a ", " "]
)
def test_a_long_text_is_read_too(piece):
    text = (piece * 4000)[:4000]
    assert kind_of(text) in KINDS
    assert not find_years(text, TODAY).filters.has_years


FREE = "Which papers pre-train on code?"
CODE = "Which papers pre-train on code since 2019?"


@pytest.mark.parametrize(
    ("turns", "query", "years"),
    [
        ([CODE, "and since 2022?"], FREE, Filters(2022)),
        ([CODE, "since 2022?"], FREE, Filters(2022)),
        ([CODE, "only those up to 2020"], FREE, Filters(None, 2020)),
        ([CODE, "and on review?"], f"and on review? {FREE} and on review?", Filters(2019)),
        ([CODE, "and until 2021?", "why?"], f"{FREE} why?", Filters(None, 2021)),
        ([CODE, "How long are eels in Scotland?"], "How long are eels in Scotland?", Filters()),
        (["How big is BERT?", "and since 2022?"], "How big is BERT? and since 2022?", Filters()),
    ],
)
def test_years_hold_for_a_follow_up_until_others_are_named(turns, query, years):
    asked = understand(turns[-1], asked_before(*turns[:-1]), today=TODAY)
    assert (asked.query, asked.filters) == (query, years)


def test_the_note_says_which_papers_and_who_asked_for_them():
    own = understand(CODE, today=TODAY)
    held = understand("and on review?", asked_before(CODE), today=TODAY)
    assert own.note == "Only papers from 2019 on, as the question asks."
    assert held.note == "Only papers from 2019 on, as was asked before."
    told = [describe(Filters(2019, 2021)), describe(Filters(None, 2021)), describe(Filters(2021, 2021))]
    assert told == ["from 2019 to 2021", "up to 2021", "of 2021"]


@pytest.mark.parametrize("options", [{"given": Filters(None, 2015)}, {"years_from_question": False}])
def test_years_of_the_caller_win_and_the_words_can_be_left_alone(options):
    asked = understand(CODE, today=TODAY, **options)
    assert (asked.query, asked.note) == (CODE, None)
    assert asked.filters == options.get("given", Filters())

"""What is shown of papers is text to read; what is kept stays as the paper has it."""

import json
import re

import pytest
from conftest import Listed
from hypothesis import given
from hypothesis import strategies as st

from eval.evidence import find_evidence
from eval.metrics.facts import holds
from eval.shelf import Papers
from ingest.exports.bibtex import to_bibtex
from ingest.pipeline import ingest
from rag import Answer, Assistant, Library, Paper
from rag.readable import readable, without_markup
from rag.settings import Settings
from ui import parts
from ui.export import to_markdown
from ui.terminal import print_answer
from ui.web.chats import Exchange
from ui.web.rendering import answer_html, paper_html

SHOWN = {
    r"by 76\% of $n = 5$ mice": "by 76% of n = 5 mice",
    "$Kras^{G12D}$ mice": "Kras^G12D mice",
    r"seen \textit{in vivo} and \emph{in vitro}": "seen in vivo and in vitro",
    r"\textbf{\textit{both}} and {\em one}": "both and one",
    r"the $\alpha$-helix, $\sim$5\%": "the α-helix, ∼5%",
    "H$_2$O and $x_i^2$": "H₂O and x_i²",
    "$10^{-3}$ of 10^{5}, F_{1}": "10⁻³ of 10⁵, F₁",
    r"$\mathcal{O}(n\log n)$ in $\{0,1\}$": "O(n log n) in {0,1}",
    r"\(\frac{a}{b}\) and $$ {\text{Pa}}_{{{\text{O}}_{ 2} }} $$": "a/b and Pa_O₂",
    r"e.g.~BART shows~5\%, 5~kg at~https://a.b": "e.g. BART shows 5%, 5 kg at https://a.b",
    r"at \url{https://a.b/~c_d}": "at https://a.b/~c_d",
    r"at \href{https://a.b}{this page}": "at this page",
    r"as known~\cite{a,b2}.": "as known.",
    r"Schr\"odinger and Erd\H{o}s": "Schrödinger and Erdős",
    "a ``quoted'' word": "a “quoted” word",
    r"R\&D costs \$5": "R&D costs $5",
    "p &lt; 0.05 &amp; more": "p < 0.05 & more",
    "TGF-&bgr;1 &#946;": "TGF-β1 β",
    "<i>E. coli</i> in m<sup>2</sup> of H<sub>2</sub>O": "E. coli in m² of H₂O",
    "CD4<sup>+</sup> and 1<sup>st</sup>": "CD4⁺ and 1st",
    "<p>One.</p><p>Two.</p>": "One. Two. ",
    "1.2 microm2/ms, 10microM, 5 micro g": "1.2 µm²/ms, 10 µM, 5 µg",
}
SAME = [
    "",
    "It costs $5 and $10, from $4.25 to $5.05, US$11–$19 or $AU1.9 to $AU4.3 billion",
    "($17 000, $30 500) or $81,000/QALY and $140,000/QALY",
    "about ~100 of them (~40), y ~ x, lm(yield~dose), 3~5 mg",
    "C_6, snake_case, a_b.txt, notes.txt~, x^y, 10^5",
    r"C:\temp\text.txt, C:\new{x}, \\server\alpha, %TEMP%",
    r"`$HOME/$USER`, $PATH_A/$B, regex \d+\w, said \"owls\" twice",
    "5% and 95% CI, P<0.05, p<0.05 and q>3, normal <or=3 mg/l and elevated >3 mg/l",
    "vector<b> and List<i>, f(x) = {a, b}, ({PLM})",
    "AT&T, R&D; microarray 5 micrograms 3 microRNAs",
    "GPT-3 XL: a model. BERT: a model. METHODS OF DNA REPAIR. RESULTS of ours. Aims: none",
    r"(\eg BERT) and \squad",
    "```python\nprint('a')\n```",
]
LABELS = {
    "CONCLUSIONS: Oxytocin helps.": "Oxytocin helps.",
    "CONCLUSIONS We found it.": "We found it.",
    "METHODS : We looked. RESULTS 22 of them.": "We looked. 22 of them.",
    "RESULTS DNA methylation rose.": "DNA methylation rose.",
    "DESIGN, SETTING, AND PARTICIPANTS The cohort.": "The cohort.",
    "Done. METHODOLOGY/PRINCIPAL FINDINGS We did.": "Done. We did.",
    "SUMMARY BACKGROUND DATA We did.": "SUMMARY BACKGROUND DATA We did.",
    "LIST OF THINGS: They are three.": "They are three.",
}
ABSTRACT = (
    r"BACKGROUND Owls hear. RESULTS: They catch 76\% of <i>Mus</i> in 10$^{5}$ m<sup>2</sup> [12]. "
    r"CONCLUSION We think &lt;b&gt;so&lt;/b&gt; &#91;1&#93;."
)
PAPER = Paper(r"Owls \& $\alpha$-mice", ABSTRACT, "2020", doi="10.1/owls")


@pytest.fixture(scope="module")
def answer(tmp_path_factory, encoder) -> Answer:
    """Every sentence of the paper, as the writer without a model quotes it."""
    with Library.create(tmp_path_factory.mktemp("readable") / "library", encoder) as library:
        ingest(library, [Listed((PAPER,))])
        return Assistant(library, settings=Settings()).ask("What do owls hear and catch?", words=500)


@pytest.mark.parametrize(("text", "shown"), SHOWN.items())
def test_markup_is_shown_as_what_it_prints(text, shown):
    assert readable(text) == without_markup(text) == shown


@pytest.mark.parametrize("text", SAME)
def test_what_is_no_markup_stays(text):
    assert readable(text) == text


@pytest.mark.parametrize(("text", "shown"), LABELS.items())
def test_labels_of_abstracts_are_left_out_and_titles_keep_what_looks_like_one(text, shown):
    assert readable(text) == shown
    assert without_markup(text) == text


@given(st.text(alphabet="aA1 \\{}$^_~<>/&;%()[]`'i\"\n.:", max_size=60) | st.text(max_size=60))
def test_no_text_makes_it_raise(text):
    assert isinstance(readable(text), str)


def test_what_entities_hide_drives_nothing():
    assert readable("a&#27;[2J&#x202e;b&#10;c") == "a[2Jb c"


def test_a_quoted_sentence_is_readable_and_its_quote_is_the_papers(answer):
    assert answer.text == (
        "Owls & α-mice (2020)\nThey catch 76% of Mus in 10⁵ m² [1]. Owls hear [1]. We think <b>so</b> [1]."
    )
    assert [claim.check for claim in answer.claims] == ["verbatim"] * 3
    assert all(ABSTRACT[each.start : each.end] == each.quote for each in answer.citations)
    assert answer.citations[0].quote.startswith(r"RESULTS: They catch 76\%")


def test_evaluation_finds_the_quotes_in_the_paper(answer):
    assert find_evidence(answer, Papers([PAPER])).broken == 0
    assert holds(answer.text, "10^5") and holds(answer.text, "76%")


def test_a_title_with_markup_stands_in_front_of_its_sentences(answer):
    (group,) = parts.groups_of(answer)
    assert group.citation and group.citation.title == PAPER.title
    assert [part.claim is not None for part in group.parts if part.claim] == [True] * 3


def test_the_page_shows_every_claim_and_the_quotes_within_the_abstract(answer):
    assert [part.claim for part in parts.parts_of(answer) if part.claim] == list(answer.claims)
    page = answer_html(Exchange("Owls?", answer=answer), "a", {PAPER.paper_id: PAPER})
    marked = re.sub(r"<mark[^>]*>", "<mark>", page)
    assert "<mark>They catch 76% of Mus in 10⁵ m² [12].</mark>" in marked
    assert "&lt;b&gt;so&lt;/b&gt;" in page and "<b>so" not in page
    assert "<strong>Owls &amp; α-mice</strong>" in page
    assert "<h3>Owls &amp; α-mice</h3>" in paper_html(PAPER, [])


def test_what_is_printed_is_readable_and_what_is_kept_is_not_changed(answer, capsys):
    print_answer(answer)
    assert "They catch 76% of Mus in 10⁵ m² [1]." in capsys.readouterr().out
    assert r"> They catch 76% of Mus in 10⁵ m² \[12\]." in to_markdown(answer, {}).replace(
        "[12]", r"\[12\]"
    )
    assert "α" not in to_bibtex([PAPER])
    assert json.loads(json.dumps(answer.to_dict()))["citations"][0]["quote"] in ABSTRACT

"""Answers as Markdown and papers as BibTeX: whole, and safe with any text."""

import json
import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from answers import an_answer
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ingest.exports.bibtex import bibtex_entries, to_bibtex
from ingest.exports.holdings import Holding
from ingest.exports.jsonl import jsonl_lines
from ingest.exports.links import link
from rag.assistant import Assistant
from rag.plain import CONTROL, in_a_line, sentence
from rag.readable import readable, without_markup
from rag.types import Answer, Citation, Claim, Paper
from rag.with_sources import with_sources
from ui.export import to_markdown

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = [
    "[click](http://evil.example) ![pixel](http://evil.example/p.png)",
    "<img src=x onerror=alert(1)> <!-- --> <http://evil.example> <script>alert(1)</script>",
    "# heading",
    "heading\n===\nanother\n---",
    "- bullet\n* bullet\n+ bullet\n1. one\n2) two\n- [ ] task",
    "```python\ncode\n```\n~~~\ncode\n~~~",
    "    indented\n\tcode",
    "> quote\n>> deeper",
    "*em* **strong** _em_ __strong__ ~~gone~~ `code` ``more``",
    "| a | b |\n| --- | --- |\n| c | d |",
    "[1]: http://evil.example\n\nas [1] and [1](http://evil.example) and [1][1] and ![1] and [[1]](http://x)",
    "[a]: <http://evil.example> 'title'\n[a]",
    "&lt;b&gt; &#35; &copy; \\*not\\* \\\\ ends in a backslash\\",
    "***\n___\n- - -",
    "line\r\nline\rline\u2028line\x85line \x1b[31mred\x00 \u202egnorw",
    "http://evil.example www.evil.example mail@evil.example ftp://e.x",
    "a  \nb\\\nc",
    "$x^2$ {% raw %} [^1] [^1]: note ^[note] :smile: ==marked==",
    "*",
    "_",
    "]",
    "![",
]
ACTIVE = st.text("[]()!<>`*_#-+=~|\\&:;./1aw h'\"\n\t{}$^@", max_size=60)
TEXTS = st.one_of(ACTIVE, st.text(max_size=40), st.sampled_from(HOSTILE))


def answer(
    text: str, question: str = "What is it?", quote: str = "the words", title: str = "A Title", **changes
) -> Answer:
    cited = Citation(1, "2110.07143", title, "2021-10", "Some Lab", quote, 0, len(quote))
    plain = an_answer(question=question, text=text, citations=(cited,))
    return replace(plain, **changes)


PAPER = Paper("A Title", "the words", arxiv_id="2110.07143")
PAPERS = {PAPER.paper_id: PAPER}


def blocks(markdown: str) -> list[tuple[str, str]]:
    """The innermost block around each text, with what is read there, a line break as one.

    Nothing else is in it than texts, line breaks, the address of the paper and the status in bold.
    """
    found, around = [], []
    for token in MARKDOWN.parse(markdown):
        if token.nesting == 1:
            around.append(token.tag)
        elif token.nesting == -1:
            around.pop()
        else:
            assert token.type == "inline", token
            found.append((" ".join(around), "".join(map(read, token.children))))
    return found


def read(token) -> str:
    if token.type == "link_open":
        assert token.attrs == {"href": "https://arxiv.org/abs/2110.07143"}
    elif token.type in ("strong_open", "strong_close", "link_close"):
        assert not token.content
    else:
        assert token.type in ("text", "hardbreak"), token
    return "\n" if token.type == "hardbreak" else token.content


def as_read(text: str) -> list[str]:
    """The paragraphs of a text, each line without white space around it."""
    lines = [in_a_line(line) for line in text.split("\n")]
    paragraphs = re.split(r"\n\n+", "\n".join(lines))
    return [found for paragraph in paragraphs if (found := paragraph.strip("\n"))]


def check(shown: Answer) -> None:
    """Every text of the answer stands in the Markdown, to the character, in its place and as text."""
    (cited,) = shown.citations
    head, *rest = blocks(to_markdown(shown, PAPERS))
    assert head == ("h1", in_a_line(shown.question))
    place = rest.index(("h2", "References"))
    text = as_read(shown.text)
    assert rest[: len(text)] == [("p", paragraph) for paragraph in text]
    title, quote = in_a_line(without_markup(cited.title)), readable(cited.quote)
    reference = f"[1] {title}, 2021-10, Some Lab, https://arxiv.org/abs/2110.07143"
    assert rest[place + 1] == ("p", reference)
    assert rest[place + 2 :] == [("blockquote p", paragraph) for paragraph in as_read(quote)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_and_does_nothing(text):
    check(answer(text))
    check(answer("Fine [1].", question=text))
    check(answer("Fine [1].", title=text))
    check(answer("Fine [1].", quote=text))


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_is_shown_to_the_character(text, question, title, quote):
    check(answer(text, question=f"{question}?", title=f"{title}.", quote=quote))


@given(TEXTS)
def test_what_stands_behind_the_text_is_data_too(text):
    shown = answer(
        "Fine [1].",
        status="refused",
        reason=text,
        missing=f"x {text}",
        notes=(text,),
        resolved_question=f"x {text}",
        claims=(Claim(text, (1,), "not found", 0.1),),
    )
    line = in_a_line(text)
    told = [shown for tag, shown in blocks(to_markdown(shown, PAPERS)) if tag == "p"]
    assert told[1:-1] == [
        f"Understood as: {in_a_line(f'x {text}')}",
        f"Not answered. {in_a_line(sentence(text))}".strip(),
        in_a_line(sentence(f"Not in the papers: x {text}")),
        f"Not found in what it cites: {line}".strip(),
        f"Note: {line}".strip(),
    ]


def test_the_markdown_of_an_answer_reads_well():
    text = "It saves about 45% [1].\n\n- BERT: a state-of-the-art model [1]."
    partial = answer(
        text,
        title="bert2BERT: Towards Reusable Models",
        status="partial",
        missing="the learning rate",
        notes=("Two papers have no year.",),
    )
    assert to_markdown(partial, PAPERS) == (
        "# What is it?\n\n"
        "It saves about 45% [1].\n\n"
        "\\- BERT: a state-of-the-art model [1].\n\n"
        "**Answered in part.**\n\n"
        "Not in the papers: the learning rate.\n\n"
        "Note: Two papers have no year.\n\n"
        "## References\n\n"
        "[1] bert2BERT: Towards Reusable Models, 2021-10, Some Lab, <https://arxiv.org/abs/2110.07143>\n\n"
        "> the words\n"
    )


def test_a_paper_is_one_reference_with_all_its_quotes():
    quotes = (
        Citation(1, "p", "Owls", None, None, "They hoot.", 0, 10),
        Citation(1, "p", "Owls", None, None, "They fly.", 0, 9, part="body", page=3, section="Results"),
    )
    claim = Claim("They hoot.", (1,), "partly", reason="they fly, too")
    markdown = to_markdown(an_answer(text="They hoot [1].", claims=(claim,), citations=quotes), {})
    assert markdown.endswith(
        "They hoot [1].\n\nPartly supported by what it cites: They hoot. (They fly, too.)\n\n"
        "## References\n\n[1] Owls\n\n> They hoot.\n>\n> (abstract)\n\n> They fly.\n>\n> (p. 3, Results)\n"
    )
    assert with_sources(
        an_answer(text="They hoot [1].", claims=(claim,), citations=quotes)
    ).splitlines() == [
        "They hoot [1].",
        "Partly supported by what it cites: They hoot. (They fly, too.)",
        "[1] Owls (no date, p): “They hoot.” (abstract); “They fly.” (p. 3, Results)",
    ]


def test_the_markdown_of_a_real_answer_has_each_reference(bundled):
    shown = Assistant(bundled).ask("Which papers study the distillation of language models?")
    papers = bundled.catalog.papers([citation.paper_id for citation in shown.citations])
    markdown = to_markdown(shown, papers)
    assert len(shown.citations) > 1
    for citation in shown.citations:
        assert f"\n[{citation.number}] " in markdown
        address = link(papers[citation.paper_id])
        assert address is None or f"<{address}>" in markdown


def test_a_paper_that_is_gone_has_no_address_and_a_refusal_no_references():
    assert "https" not in to_markdown(answer("Fine [1]."), {})
    refused = answer("No paper says it.", status="refused", reason="nothing is near", citations=())
    assert to_markdown(refused, {}).endswith("**Not answered.** Nothing is near.\n")


@pytest.mark.parametrize(
    ("paper", "address"),
    [
        (Paper("T", "a"), None),
        (Paper("T", "a", arxiv_id="arXiv:2110.07143v2", doi="10.1/x"), "https://arxiv.org/abs/2110.07143"),
        (Paper("T", "a", arxiv_id="math.GT/0309136"), "https://arxiv.org/abs/math/0309136"),
        (Paper("T", "a", arxiv_id="javascript:alert(1)"), None),
        (Paper("T", "a", arxiv_id="nonsense", doi="doi:10.1000/XYZ"), "https://doi.org/10.1000/xyz"),
        (Paper("T", "a", doi='10.1/a<b>"(c)?d#e%f'), "https://doi.org/10.1/a%3Cb%3E%22%28c%29%3Fd%23e%25f"),
        (Paper("T", "a", doi="10.1/ä"), "https://doi.org/10.1/%C3%A4"),
        (Paper("T", "a", doi="10.1/\ud800"), "https://doi.org/10.1/%3F"),
    ],
)
def test_the_address_of_a_paper(paper, address):
    assert link(paper) == address


@given(st.text(min_size=1))
def test_any_doi_stays_within_its_address(rest):
    if address := link(Paper("T", "a", doi=f"10.1/{rest}")):
        assert re.fullmatch(r"https://doi\.org/[A-Za-z0-9/%._~-]+", address)
        found = urlsplit(address)
        assert (found.query, found.fragment) == ("", "")
        told = f"10.1/{rest}".strip().lower().rstrip(".,;").encode(errors="replace").decode()
        assert unquote(found.path) == f"/{told}"


def entries(bibtex: str) -> dict[str, dict[str, str]]:
    """A strict reader: each entry by its key, its fields with what stands between their braces."""
    found = {}
    for entry in bibtex.rstrip("\n").split("\n\n") if bibtex else []:
        head, *lines, end = entry.split("\n")
        opened = re.fullmatch(r"@misc\{([a-z0-9-]+),", head)
        assert opened and end == "}" and opened[1] not in found
        assert all(line.endswith(",") for line in lines[:-1])
        fields = [re.fullmatch(r"  (\w+) = (.+?),?", line) for line in lines]
        assert all(fields)
        found[opened[1]] = {field[1]: within(field[2]) for field in fields}
        assert len(found[opened[1]]) == len(fields)
    return found


def within(value: str) -> str:
    """What the braces hold, which close only at the end; a name that stands without them is itself."""
    if re.fullmatch("[a-z]{3}", value):
        return value
    depths, depth = [], 0
    for character in value:
        depth += {"{": 1, "}": -1}.get(character, 0)
        depths.append(depth)
    assert value[0] == "{" and depths[-1] == 0 and min(depths[:-1]) >= 1
    return value[1:-1]


@pytest.mark.parametrize(("count", "others"), [(2, ""), (5, " and others"), (None, " and others")])
def test_authors_that_are_not_named_are_others(count, others):
    paper = Paper("Owls", "a", author_count=count, authors=("Ada Owl", "Bo Bee"))
    assert entries(to_bibtex([paper]))["owls"]["author"] == f"Ada Owl and Bo Bee{others}"


def test_the_entries_of_papers():
    papers = [
        Paper(
            "The BERT & GPT of $5",
            "a",
            published="2021-10-14",
            organization="A_B",
            arxiv_id="2110.07143v1",
            doi="10.1/X",
            author_count=6,
            authors=("Ada Ōwl", "Bo & Co, Inc.", "Rock and Roll", "The BERT Team", "{", "al \n Name"),
        ),
        Paper("BERT, again", "a", published="2021"),
        Paper("{Unbalanced", "a", organization="100% {"),
    ]
    found = entries(to_bibtex([*papers, papers[0]]))
    assert found == {
        "bert2021": {
            "author": r"Ada Ōwl and {Bo \& Co, Inc.} and {Rock and Roll} and {The BERT Team} and"
            r" \textbraceleft{} and al Name",
            "title": r"{The BERT \& GPT of \$5}",
            "year": "2021",
            "month": "oct",
            "howpublished": r"A\_B",
            "eprint": "2110.07143",
            "archivePrefix": "arXiv",
            "doi": "10.1/x",
            "url": "https://arxiv.org/abs/2110.07143",
        },
        "bert2021-2": {"title": "{BERT, again}", "year": "2021"},
        "unbalanced": {
            "title": r"{{}\textbraceleft{}Unbalanced}",
            "howpublished": r"100\% \textbraceleft{}",
        },
    }


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("On the Über-Modell", "uber"),
        ("注意力", "paper"),
        ("What is it for?", "paper"),
        ("4-bit Training", "4"),
        ("ﬁne-tuning", "fine"),
    ],
)
def test_keys_are_telling_and_ascii(title, key):
    assert list(entries(to_bibtex([Paper(title, "a")]))) == [key]


def test_no_papers_are_no_entries():
    assert entries(to_bibtex([])) == {}


def test_a_whole_entry_holds_the_text_and_the_day():
    paper = Paper("Owls", "We count\n50% of them.", published="2021-10-14", organization="A_B")
    (fields,) = entries("".join(bibtex_entries([Holding(paper)]))).values()
    assert fields["abstract"] == r"We count 50\% of them."
    assert (fields["day"], fields["institution"]) == ("14", r"A\_B")
    (fields,) = entries("".join(bibtex_entries([Holding(replace(paper, is_digest=True))]))).values()
    assert "abstract" not in fields and "annote" in fields
    assert not {"abstract", "day", "institution"} & set(entries(to_bibtex([paper]))["owls2021"])


def test_keys_of_many_papers_differ():
    found = list(bibtex_entries(Holding(Paper(f"Owls: {number}", "a")) for number in range(300)))
    keys = [re.match(r"@misc\{([^,]+),", entry)[1] for entry in found]
    assert keys[:3] == ["owls", "owls-2", "owls-3"] and len(set(keys)) == 300


@given(
    st.builds(Paper, title=TEXTS, abstract=TEXTS, organization=TEXTS, authors=st.lists(TEXTS, max_size=2))
)
def test_a_line_of_json_is_one_line_that_drives_no_terminal(paper):
    (line,) = jsonl_lines([Holding(paper)])
    assert line.count("\n") == 1 and line.endswith("\n") and not CONTROL.search(line)
    told = json.loads(line)
    assert Paper(**told) == replace(paper, paper_id="")


HARD = st.one_of(
    st.text('{}\\"@%#$&_~^,=\n a1', max_size=30), st.text(max_size=30), st.sampled_from(HOSTILE)
)


@given(
    st.lists(
        st.builds(
            Paper,
            title=HARD,
            abstract=HARD,
            organization=HARD,
            doi=HARD,
            authors=st.lists(HARD, max_size=3),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_any_title_gives_an_entry_that_can_be_read(papers, is_whole):
    each_once = {paper.paper_id: paper for paper in papers}.values()
    found = entries("\n".join(bibtex_entries(map(Holding, each_once), is_whole=is_whole)))
    assert len(found) == len(each_once)
    for fields in found.values():
        for told in (fields.get(name, "") for name in ("title", "howpublished", "abstract")):
            commands = re.sub(r"\\text[a-z]+\{\}|\\[$&%#_]", "", told)
            assert not set(commands.replace("{}", "").strip("{}")) & set("\\$&%#_~^{}")
        names = re.sub(r"\\text[a-z]+\{\}|\\[$&%#_]", "", fields.get("author", ""))
        assert not set(names) & set("\\$&%#_~^")

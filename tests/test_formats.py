"""Files of papers in the formats of other programs: what is read of them, and what is told of the rest."""

import gzip
import io
import json
import os
import re
import sys
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks.exports import CSL, OWLS, SNAPSHOT, exports, parquet
from benchmarks.malformed import broken, wrong
from ingest.exports.bibtex import to_bibtex
from ingest.sources.base import ReadOptions, Rejection
from ingest.sources.columns import columns_from
from ingest.sources.files import FileSource, open_path
from ingest.sources.formats import FORMATS, SUFFIXES
from ingest.sources.recognition import recognise
from ingest.sources.standard_input import open_standard_input
from rag.errors import AskpapersError, SourceError
from rag.types import Paper
from ui.cli import build_parser

EXPORTS = exports()


def read(tmp_path, name, content, **reading):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(FileSource(path, ReadOptions(**reading), name).read())


def reasons(entries):
    return [(each.line, each.reason) for each in entries if isinstance(each, Rejection)]


# What each export gives: titles, and of the first paper all that is known.
@pytest.mark.parametrize(
    ("name", "titles", "first"),
    [
        (
            "owls.bib",
            ["Barn Owls Hunt by Ear in Öland", "Bees Remember the First Flower", "Eels Heard at Depth"],
            {
                "abstract": OWLS,
                "published": "2021-03",
                "authors": ("Åsa Lind", "Jan van der Berg", "The Owl Society"),
                "doi": "10.1000/owls.2021",
                "arxiv_id": "2103.01234",
                "organization": None,
            },
        ),
        (
            "zotero.json",
            ["Tyto alba Hunts by Ear", "Bees Remember the First Flower"],
            {
                "abstract": OWLS,
                "published": "2021-03-05",
                "authors": ("Åsa Lind", "The Owl Society"),
                "doi": "10.1000/owls.2021",
            },
        ),
        (
            "snapshot.json",
            ["Barn Owls Hunt by Ear", "Eels"],
            {
                "published": "2021-03-01",
                "authors": ("Åsa Lind", "Petr Dvořák Jr."),
                "doi": "10.1000/owls.2021",
                "arxiv_id": "2103.01234",
            },
        ),
        (
            "zotero.csv",
            ['Owls, by "Ear"', "Bees Remember"],
            {
                "abstract": OWLS,
                "published": "2021-03-05",
                "authors": ("Åsa Lind", "Jan van der Berg"),
                "doi": "10.1000/owls.2021",
                "arxiv_id": "2103.01234",
            },
        ),
        ("owls.tsv", ["Owls", "Bees"], {"published": "2021", "abstract": OWLS}),
        ("owls.parquet", ["Owls", "Bees"], {"published": "2021", "authors": ("Å. Lind",)}),
        ("owls.jsonl", ["Owls", "Eels"], {"published": "2021-03"}),
        ("owls.txt", ["Barn Owls Hunt by Ear", "Bees Remember"], {"published": "2021-03-05"}),
    ],
)
def test_an_export_is_read_with_what_it_tells(tmp_path, name, titles, first):
    papers = [each for each in read(tmp_path, name, EXPORTS[name]) if isinstance(each, Paper)]
    assert [paper.title for paper in papers] == titles
    assert {field: getattr(papers[0], field) for field in first} == first


def test_hard_wrapped_lines_are_joined(tmp_path):
    assert read(tmp_path, "snapshot.json", EXPORTS["snapshot.json"])[0].abstract == OWLS


@pytest.mark.parametrize("name", [name for name in EXPORTS if not name.endswith((".gz", ".parquet"))])
def test_packed_or_without_a_suffix_it_is_the_same(tmp_path, name):
    plain = read(tmp_path, name, EXPORTS[name])
    assert plain
    if not name.endswith(".txt"):  # a page shows itself by its furniture alone
        assert read(tmp_path, "noname", EXPORTS[name]) == [_renamed(each, "noname") for each in plain]
    packed = read(tmp_path, f"{name}.gz", gzip.compress(EXPORTS[name]))
    assert packed == [_renamed(each, f"{name}.gz") for each in plain]


def _renamed(entry, source):
    return entry if isinstance(entry, Paper) else Rejection(source, entry.line, entry.reason)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("name", ["owls.bib", "owls.tsv", "zotero.json", "owls.txt"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, name, encoding):
    text = EXPORTS[name].decode("utf-8-sig")
    assert read(tmp_path, name, text.encode(encoding)) == read(tmp_path, name, EXPORTS[name])


@pytest.mark.parametrize("name", ["owls.bib", "zotero.csv"])
def test_bytes_of_older_programs_are_read(tmp_path, name):
    text = EXPORTS[name].decode("utf-8-sig")
    assert read(tmp_path, name, text.encode("cp1252")) == read(tmp_path, name, EXPORTS[name])


BROKEN = r"""@misc{first, title={First}, abstract={One.}}
@misc{open, title = {Never closed, abstract = {Two.}
@misc{after, title={After}, abstract={Three.}}

article{lost, title = {Without a mark}, abstract={Four.}}
@misc{comma, title={A}, abstract={B} year=2020}
@misc{none, title={No Abstract at All}}
@misc{first, title={Same Key}, abstract={Five.}, title={Twice}}
@comment{@misc{hidden, title={Hidden}, abstract={Six.}}}
@misc{last, title={Last}, abstract={Seven.}}"""


def test_a_broken_entry_of_bibtex_is_listed_with_its_line_and_loses_no_other(tmp_path):
    entries = read(tmp_path, "a.bib", BROKEN)
    assert [each.title for each in entries if isinstance(each, Paper)] == [
        "First",
        "After",
        "No Abstract at All",
        "Same Key",
        "Last",
    ]
    told = reasons(entries)
    assert [line for line, _ in told] == [2, 5, 6]
    assert told[0][1].startswith("a broken entry")
    assert "not an entry: article{lost" in told[1][1]


def test_lines_are_told_right_behind_the_first_piece_of_a_large_file(tmp_path):
    entry = f"@misc{{k,\n title={{Owls}},\n abstract={{{'We count. ' * 500}}}\n}}\n"
    entries = read(tmp_path, "a.bib", entry * 100 + "@misc{none, abstract={Nothing}}\n")
    assert (len(entries), reasons(entries)) == (101, [(401, "no title")])


def bib(tmp_path, **fields):
    told = {"title": "{Owls}", "abstract": "{We count.}"} | fields
    entry = ",\n".join(f"{name} = {value}" for name, value in told.items())
    return read(tmp_path, "a.bib", f'@string{{x = "2021"}}\n@misc{{k,\n{entry}\n}}')[0]


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"year": "2021"}, "2021"),
        ({"year": "x", "month": "mar"}, "2021-03"),
        ({"year": "{2021}", "month": "{March}", "day": "5"}, "2021-03-05"),
        ({"year": "{2021}", "month": '"5~" # mar'}, "2021-03-05"),
        ({"year": "2021", "month": "3"}, "2021-03"),
        ({"date": "{2021-03-05/2021-04-01}"}, "2021-03-05"),
        ({"year": "{in press}"}, None),
        ({"year": "{2021}", "month": "{Spring}"}, "2021"),
        ({"date": "{2021-02-30}"}, "2021-02"),
    ],
)
def test_dates_of_bibtex(tmp_path, fields, published):
    assert bib(tmp_path, **fields).published == published


@pytest.mark.parametrize(
    ("fields", "arxiv_id"),
    [
        ({"eprint": "{2110.07143}", "archivePrefix": "{arXiv}"}, "2110.07143"),
        ({"journal": "{arXiv preprint arXiv:2110.07143}"}, "2110.07143"),
        ({"url": "{https://arxiv.org/abs/2110.07143v2}"}, "2110.07143"),
        ({"eprint": "{2110.07143}"}, None),
        ({"eprint": "{PMC12345}", "eprinttype": "{pmcid}"}, None),
        ({"doi": "{10.48550/arXiv.2110.07143}"}, "2110.07143"),
    ],
)
def test_arxiv_ids_of_bibtex(tmp_path, fields, arxiv_id):
    assert bib(tmp_path, **fields).arxiv_id == arxiv_id


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("{van der Berg, Jan and Lind, Jr., Åsa}", ("Jan van der Berg", "Åsa Lind Jr.")),
        (r"{Paul Erd{\H{o}}s and {\AA}sa Lind}", ("Paul Erdős", "Åsa Lind")),
        ("{{Barnes and Owls Inc.} and Ann Lee}", ("Barnes and Owls Inc.", "Ann Lee")),
        ("{Lee, Ann and others}", ("Ann Lee",)),
        ("{Lee, Ann}} and {", ("Ann Lee",)),
    ],
)
def test_authors_of_bibtex(tmp_path, author, names):
    assert bib(tmp_path, author=author).authors == names


def test_others_beside_the_names_leave_their_number_open(tmp_path):
    assert bib(tmp_path, author="{Lee, Ann and others}").author_count is None


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{{BERT}} for {O}wls", "BERT for Owls"),
        (r"5\% of owls \& 5% of bees", "5% of owls & 5% of bees"),
        (r"na{\"\i}ve \'Etudes in {\L}{\'o}d{\'z} by \v{C}apek", "naïve Études in Łódź by Čapek"),
        (r"$O(n^2)$ owls \emph{and} \textbf{{bees}}", "$O(n^2)$ owls and bees"),
        (r"``Owls'' --- 1--9~km", "“Owls” — 1–9 km"),
        (r"costs \$5 and $6", "costs $5 and $6"),
        (r"see \url{https://a.org/~owl_x}", "see https://a.org/~owl_x"),
        (r"\input{/etc/passwd}\unknown{kept} \'", "/etc/passwdkept '"),
        (r"a \textless{} b \o{}wl \o wl", "a < b øwl øwl"),
    ],
)
def test_latex_is_read_as_it_prints_and_no_word_is_lost(tmp_path, latex, text):
    assert bib(tmp_path, abstract=f"{{{latex}}}").abstract == text


def test_our_own_export_reads_back(tmp_path):
    paper = Paper("Owls_1 & {Bees}: 5% ~ <b>", "Here.", "2021-03", arxiv_id="2103.01234", doi="10.1000/x_y")
    written = to_bibtex([paper]).replace("\n}\n", ",\n abstract = {Here.}\n}\n")
    (back,) = read(tmp_path, "a.bib", written)
    assert (back.title, back.published, back.arxiv_id, back.doi) == (
        paper.title.replace("<b>", "").strip(),
        "2021-03",
        "2103.01234",
        "10.1000/x_y",
    )


def test_markup_is_stripped_as_text(tmp_path):
    marked = CSL[0] | {
        "abstract": "<p>We see <i>Tyto</i> &amp; p &lt; 0.05, q<3 and r > 1.</p><p>Twice.</p>"
    }
    (paper,) = read(tmp_path, "a.json", json.dumps([marked]))
    assert paper.abstract == "We see Tyto & p < 0.05, q<3 and r > 1. Twice."


def test_csl_in_an_object_and_what_is_broken_in_it(tmp_path):
    text = json.dumps({"version": 2, "items": [*CSL, {"abstract": "Nothing"}, 3]}, indent=1)
    entries = read(tmp_path, "a.json", text)
    assert reasons(entries) == [(3, "no title"), (4, "not a JSON object")]
    cut = read(tmp_path, "a.json", text[: text.index("Nothing")])
    assert len(cut) == 3
    assert (cut[2].line, "breaks here" in cut[2].reason) == (3, True)


def test_odd_details_of_other_programs_reject_no_paper(tmp_path):
    odd = {
        "DOI": "see note",
        "issued": {"date-parts": [["soon"]]},
        "URL": 3,
        "author": [None, {"family": 4}],
    }
    (paper,) = read(tmp_path, "a.json", json.dumps([{"title": "Owls", "abstract": "We count."} | odd]))
    assert (paper.doi, paper.published, paper.authors) == (None, None, ())


def test_our_own_form_stays_strict(tmp_path):
    line = {"title": "Owls", "abstract": "We count.", "published": "March 2021"}
    assert "published" in reasons(read(tmp_path, "a.jsonl", json.dumps(line)))[0][1]


def test_columns_have_the_names_that_a_user_says(tmp_path):
    columns = columns_from("title=Name, of it,abstract=Text,published=When")
    assert columns == {"title": "Name, of it", "abstract": "Text", "published": "When"}
    values = {"Name, of it": "Owls", "Text": "We count.", "When": "March 2021"}
    table = parquet(**{name: [value] for name, value in values.items()})
    header = "\t".join(values)
    for name, content in {
        "a.csv": f"{header}\n" + "\t".join(values.values()),
        "a.jsonl": json.dumps(values),
        "a.parquet": table,
    }.items():
        (paper,) = read(tmp_path, name, content, columns=columns)
        assert (paper.title, paper.abstract, paper.published) == ("Owls", "We count.", "2021-03")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path, name):
    content = {
        "a.csv": "Name,Text\nOwls,We count.\n",
        "a.jsonl": '{"Name": "Owls", "Text": "We count."}',
        "a.parquet": parquet(Name=["Owls"], Text=["We count."]),
    }[name]
    with pytest.raises(SourceError, match=r"has no column 'Nme': name one of Name, Text"):
        read(tmp_path, name, content, columns={"title": "Nme", "abstract": "Text"})
    if name != "a.jsonl":
        with pytest.raises(SourceError, match=r"no column for the title: name one of Name, Text"):
            read(tmp_path, name, content)


@pytest.mark.parametrize("text", ["name=x", "title=", "title", "title=a,title=b", ""])
def test_columns_that_cannot_be_are_an_error(text):
    with pytest.raises(SourceError, match=r"title=Name|title"):
        columns_from(text)


def test_rows_that_do_not_fit_are_listed_with_the_line_where_they_begin(tmp_path):
    rows = '"Owls;\nby ear";We count.;1\n\nBees;cut off\nEels;;2\n;None.;2\nDeer;We see.;3;;\n'
    text = f"title;abstract;n\n{rows}"
    entries = read(tmp_path, "a.csv", text)
    assert [each.title for each in entries if isinstance(each, Paper)] == [
        "Owls; by ear",
        "Eels",
        "Deer",
    ]
    assert reasons(entries) == [(5, "the row has 2 cells, and the header 3"), (7, "no title")]


def test_a_spreadsheet_may_declare_its_delimiter(tmp_path):
    assert read(tmp_path, "a.csv", "sep=;\r\nTitle;Abstract\r\nOwls;We count.\r\n")[0].title == "Owls"


def test_the_rows_of_parquet_are_numbered_and_its_dates_read(tmp_path):
    dates = [date(2021, 3, 5), None, None]
    content = parquet(
        title=["Owls", None, "Bees"], summary=["We.", "x", None], published=dates, extra=[1, 2, 3]
    )
    entries = read(tmp_path, "a.parquet", content)
    assert entries[0].published == "2021-03-05"
    assert reasons(entries) == [(2, "no title")]
    assert (entries[2].title, entries[2].abstract) == ("Bees", "")


# Which files are read, and as what.


def test_every_suffix_and_format_is_in_the_help_and_the_errors(tmp_path, capsys):
    with pytest.raises(SystemExit):
        build_parser("ingest").parse_args(["ingest", "--help"])
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    rare = {".ndjson", ".bibtex"}
    assert not [suffix for suffix in SUFFIXES if suffix not in told and suffix not in rare]
    assert not [each.name for each in FORMATS if each.name not in told]
    with pytest.raises(SourceError) as error:
        read(tmp_path, "a.xyz", "nothing")
    assert not [suffix for suffix in SUFFIXES if suffix not in str(error.value)]


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("a.json", json.dumps(SNAPSHOT[1]), "arxiv"),
        ("a.json", json.dumps({"title": "Owls"}), "jsonl"),
        ("a.json", json.dumps(CSL, indent=1), "csl"),
        ("a.json", json.dumps(CSL[0], indent=1), "csl"),
        ("a.jsonl", json.dumps(SNAPSHOT[1]), "arxiv"),
        ("a.txt", "@misc{a, title={Owls}}", "bibtex"),
        ("a.data", EXPORTS["owls.parquet"], "parquet"),
    ],
)
def test_content_tells_what_a_suffix_leaves_open(tmp_path, name, content, format_name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert recognise(path, name, ReadOptions()).name == format_name


@pytest.mark.parametrize("name", ["a.html", "a.HTM", "a.html.gz", "a.txt", "a"])
def test_a_saved_web_page_is_refused_with_what_to_do_instead(tmp_path, name):
    content = b"<!DOCTYPE html><html><body><article><h3>Owls</h3></article></body></html>"
    with pytest.raises(SourceError) as error:
        read(tmp_path, name, gzip.compress(content) if name.endswith(".gz") else content)
    assert str(error.value) == (
        f"{name} is a web page, and saved web pages are not read: save it as text (.txt), or fetch its "
        "papers with hf:date=YYYY-MM-DD or arxiv:ID"
    )


def test_parquet_without_pyarrow_is_refused_with_the_extra_to_install(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "ingest.sources.parquet", raising=False)
    monkeypatch.delattr("ingest.sources.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        SourceError, match=r"^a\.parquet is Parquet.* `pip install \"askpapers\[parquet\]\"`$"
    ):
        read(tmp_path, "a.parquet", EXPORTS["owls.parquet"])
    assert read(tmp_path, "a.bib", EXPORTS["owls.bib"])


def test_a_format_that_is_named_counts(tmp_path):
    assert read(tmp_path, "a.txt", "title,abstract\nOwls,We count.\n", format="csv")[0].title == "Owls"
    with pytest.raises(SourceError, match="word is no format"):
        read(tmp_path, "a.txt", "Owls", format="word")


def test_patterns_and_folders_at_any_depth(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/one.bib", "a/b/two.bib", "a/three.csv", "a/notes.md", "a/b/.hidden.bib"):
        (tmp_path / name).write_bytes(EXPORTS["owls.bib" if name.endswith(".bib") else "zotero.csv"])
    names = lambda sources: [os.path.relpath(each.name, tmp_path) for each in sources]  # noqa: E731
    assert names(open_path(tmp_path / "**" / "*.bib")) == ["a/b/two.bib", "a/one.bib"]
    assert names(open_path(tmp_path)) == ["a/b/two.bib", "a/one.bib", "a/three.csv"]
    with pytest.raises(SourceError, match="names no file"):
        open_path(tmp_path / "*.parquet")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.bib")
    with pytest.raises(SourceError, match=r"pipe it to `-`"):
        open_path(tmp_path / "a.bib")


@pytest.mark.parametrize("name", ["owls.bib", "owls.parquet", "snapshot.json.gz"])
def test_standard_input_is_read_and_its_file_goes(tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(EXPORTS[name])))
    source = open_standard_input()
    assert source.name == "standard input"
    assert [each for each in source.read() if isinstance(each, Paper)]
    path = source.path
    assert path.exists()
    del source
    assert not path.exists()


def test_standard_input_that_is_nothing_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(SourceError, match=r"^standard input is empty"):
        open_standard_input()


# Files that are broken, or meant to harm.


def test_a_packed_file_that_breaks_off_gives_what_came_before(tmp_path):
    record = json.dumps(SNAPSHOT[0]).encode() + b"\n" + os.urandom(3_000).hex().encode() + b"\n"
    packed = gzip.compress(record * 200)
    entries = read(tmp_path, "a.jsonl.gz", packed[: len(packed) // 2])
    assert isinstance(entries[0], Paper)
    assert "cannot be read further" in entries[-1].reason


def test_what_unpacks_without_end_is_refused(tmp_path):
    bomb = gzip.compress(b'{"title": "Owls"}\n' + b" " * (16 << 20))
    assert "times its size" in read(tmp_path, "a.jsonl.gz", bomb)[-1].reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"title":"' + b"a" * (9 << 20) + b'"}\n'),
        ("a.jsonl", b"[" * 200_000),
        ("a.json", b'[{"title":' * 100_000),
        ("a.json", b'{"' + b'a":"b","' * 100_000),
        ("a.bib", b"@a{k, title={" + b"{" * (2 << 20)),
        ("a.bib", b'@string{a = "x"}' + b"\n@string{a = a # a}" * 60 + b"\n@misc{k, title=a, abstract=a}"),
        ("a.bib", b"@a{k, title={x}, abstract={" + b"\\(" * 70_000 + b"}}"),
        ("a.csv", b'title,abstract\n"' + b"x" * (9 << 20)),
        ("a.csv", b'title,abstract,authors\na,b,"' + b"[" * 9_000 + b"]" * 9_000 + b'"'),
        ("a.txt", b"Get trending papers in your email inbox!\n" + b"x\n" * 300_000),
    ],
)
def test_what_is_meant_to_harm_is_read_in_little_time_or_refused(tmp_path, name, content):
    try:
        entries = read(tmp_path, name, content)
    except AskpapersError as error:
        assert "\n" not in str(error)
    else:
        assert len(entries) < 200
        assert all(wrong(each) is None for each in entries)


@pytest.mark.parametrize("name", list(EXPORTS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_a_broken_export_raises_nothing_of_others(tmp_path, name, seed):
    content = broken(EXPORTS[name], seed)
    path = tmp_path / name
    path.write_bytes(content)
    try:
        entries = list(FileSource(path).read())
    except AskpapersError as error:
        assert "\n" not in str(error)
    else:
        assert [fault for each in entries if (fault := wrong(each))] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*SUFFIXES, ".gz", ".bib.gz", ""]),
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
)
@example(".bib", b"@a{")
@example(".csv", b"sep=\n")
@example(".json", b"\xff\xfe[")
@example(".pdf", b"%PDF-")
def test_no_bytes_are_too_odd_to_read(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    try:
        entries = list(FileSource(path).read())
    except AskpapersError as error:
        assert "\n" not in str(error)
    else:
        assert [fault for each in entries if (fault := wrong(each))] == []

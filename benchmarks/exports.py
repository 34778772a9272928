"""A few made-up papers as different programs export them: what readers are tried and broken on."""

import gzip
import io
import json
from typing import Any

import pyarrow
from pyarrow.parquet import write_table

from benchmarks.reference_files import NAMES, made_references, reference_file

OWLS = "Barn owls hunt by ear alone; we count what they bring home on 412 nights, and 95% of it is voles."
BEES = "We follow 1,208 bees with radio tags. They return to the first flower of the day, even in rain."
EELS = "Eels swim 5,000 km to spawn. Nobody has seen it; our buoys hear them pass at depth."

_BIBTEX = r"""% Encoding: UTF-8
@comment{jabref-meta: databaseType:bibtex;}
@string{jof = "Journal of Field Notes"}
@preamble{"\newcommand{\noop}[1]{}"}

@article{lindOwlsHuntEar2021,
	title = {{Barn} Owls Hunt by Ear in {\"O}land},
	volume = {12},
	copyright = {Creative Commons},
	url = {http://arxiv.org/abs/2103.01234},
	doi = {10.1000/owls.2021},
	abstract = {OWLS},
	journal = jof # " (online)",
	author = {Lind, Åsa and van der Berg, Jan and {The Owl Society}},
	month = mar,
	year = {2021},
	note = {arXiv:2103.01234 [q-bio]},
}

@inproceedings{moreau-etal-2020-bees,
    title = "Bees Remember the First Flower",
    author = "Moreau, Zo{\'e}  and
      Dvo{\v{r}}{\'a}k, Petr",
    booktitle = "Proceedings of the 5th Meeting on Meadows",
    month = jul,
    year = "2020",
    url = "https://example.org/2020.meadows-1.7/",
    doi = "10.1000/v1/2020.meadows-1.7",
    pages = "1--9",
    abstract = "BEES",
}

@misc{eels, title={Eels Heard at Depth}, author={Costa, Ana and others}, year={2019},
  eprint={1901.00001}, archivePrefix={arXiv}, primaryClass={q-bio.PE}, abstract={EELS}}
"""
BIBTEX = _BIBTEX.replace("OWLS", OWLS.replace("%", r"\%")).replace("BEES", BEES).replace("EELS", EELS)

CSL: list[dict[str, Any]] = [
    {
        "id": "http://zotero.org/users/1/items/AAAA1111",
        "type": "article-journal",
        "abstract": f"<jats:title>Abstract</jats:title><jats:p>{OWLS}</jats:p>",
        "container-title": "Journal of Field Notes",
        "DOI": "10.1000/owls.2021",
        "title": "<i>Tyto alba</i> Hunts by Ear",
        "author": [{"family": "Lind", "given": "Åsa"}, {"literal": "The Owl Society"}],
        "issued": {"date-parts": [["2021", 3, 5]]},
    },
    {
        "id": "bees",
        "type": "article",
        "title": "Bees Remember the First Flower",
        "abstract": BEES,
        "number": "arXiv:2007.01234",
        "publisher": "arXiv",
        "author": [{"family": "Berg", "given": "Jan", "non-dropping-particle": "van der"}],
        "issued": {"raw": "July 2020"},
    },
]

SNAPSHOT: list[dict[str, Any]] = [
    {
        "id": "2103.01234",
        "submitter": "Å. Lind",
        "authors": "\\r{A}sa Lind, Petr Dvo\\v{r}\\'ak",
        "title": "Barn Owls\n  Hunt by Ear",
        "comments": "9 pages",
        "journal-ref": None,
        "doi": "10.1000/owls.2021",
        "report-no": None,
        "categories": "q-bio.PE",
        "license": None,
        "abstract": "  " + OWLS.replace(" we ", "\nwe ") + "\n",
        "versions": [{"version": "v1", "created": "Mon, 1 Mar 2021 10:00:00 GMT"}],
        "update_date": "2021-06-07",
        "authors_parsed": [["Lind", "\\r{A}sa", ""], ["Dvo\\v{r}\\'ak", "Petr", "Jr."]],
    },
    {"id": "1901.00001", "title": "Eels", "abstract": EELS, "categories": "q", "update_date": "2019-01-02"},
]

_CSV = '''\ufeff"Key","Publication Year","Author","Title","DOI","Url","Abstract Note","Date","Extra"
"AAAA1111","2021","Lind, Åsa; van der Berg, Jan","Owls, by ""Ear""","10.1000/owls.2021","","OWLS
","2021-03-05","arXiv:2103.01234 [q-bio]"
"BBBB2222","2020","Moreau, Zoé","Bees Remember","","https://arxiv.org/abs/2007.01234","BEES","7/2020",""
'''
CSV = _CSV.replace("OWLS", OWLS).replace("BEES", BEES)

PAGE = f"""Daily Papers
byAK and the research community
Get trending papers in your email inbox!
Subscribe
Barn Owls Hunt by Ear
{OWLS} {BEES} {EELS}
owls The Owl Society
  • 3 authors
·
Mar 5, 2021
Bees Remember
{BEES} {OWLS} {EELS}
"""


def parquet(**columns: Any) -> bytes:
    """A table of these columns."""
    kept = io.BytesIO()
    write_table(pyarrow.table(columns), kept)
    return kept.getvalue()


def exports() -> dict[str, bytes]:
    """A file of each format, by its name."""
    lines = "".join(f"{json.dumps(record)}\n" for record in SNAPSHOT)
    owls = {"title": "Owls", "abstract": OWLS, "published": "2021-03", "authors": ["Åsa Lind"]}
    eels = {"title": "Eels", "abstract": EELS, "arxiv_id": "1901.00001", "author_count": 3}
    table = [("title", "abstract", "year"), ("Owls", OWLS, "2021"), ("Bees", BEES, "2020")]
    return {
        "owls.txt": PAGE.encode(),
        "owls.jsonl": f"{json.dumps(owls)}\n{json.dumps(eels)}\n".encode(),
        "snapshot.json": lines.encode(),
        "snapshot.json.gz": gzip.compress(lines.encode(), mtime=0),
        "zotero.json": json.dumps(CSL, ensure_ascii=False, indent=1).encode(),
        "owls.bib": BIBTEX.encode(),
        "zotero.csv": CSV.encode(),
        "owls.tsv": "".join("\t".join(row) + "\n" for row in table).encode(),
        "owls.parquet": parquet(
            title=["Owls", "Bees", None],
            abstract=[OWLS, BEES, EELS],
            authors=[["Å. Lind"], None, []],
            year=[2021, 2020, None],
        ),
        **{
            name: reference_file(name, made_references(3, 1)).content
            for name in NAMES
            if ".bib" not in name
        },
    }

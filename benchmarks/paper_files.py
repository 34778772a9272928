"""One made-up paper as a file of each format that papers are read from, with any text in any field."""

import json
from collections.abc import Callable, Mapping

Fields = Mapping[str, str]
"""The texts of a paper: title, abstract, author, published, doi, organization and url."""


def _jsonl(fields: Fields) -> str:
    names = {"title", "abstract", "published", "doi", "organization"}
    record = {name: text for name, text in fields.items() if name in names}
    return json.dumps({**record, "authors": [fields["author"]], "arxiv_id": fields["url"]}) + "\n"


def _snapshot(fields: Fields) -> str:
    parsed = {"authors_parsed": [[fields["author"], "Ann", ""]], "categories": "cs.CL"}
    dates = {"versions": [{"created": fields["published"]}], "update_date": fields["published"]}
    return json.dumps({**fields, **parsed, **dates, "id": fields["url"] or "2001.00001"}) + "\n"


def _csl(fields: Fields) -> str:
    names = {"author": [{"family": fields["author"]}], "issued": {"raw": fields["published"]}}
    ids = {"DOI": fields["doi"], "URL": fields["url"], "type": "article-journal"}
    return json.dumps([{**fields, **names, **ids}])


def _bibtex(fields: Fields) -> str:
    lines = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items())
    return f"@misc{{a,\n{lines.replace('published', 'date')}\n}}\n"


def _csv(fields: Fields) -> str:
    cells = ('"' + text.replace('"', '""') + '"' for text in fields.values())
    return f"{','.join(fields)}\n{','.join(cells)}\n"


def _txt(fields: Fields) -> str:
    """As a saved page of Daily Papers, on which a short text is no abstract."""
    lead = "Get trending papers in your email inbox!\nSubscribe\n"
    details = f"owls {fields['organization']}\n  • 10 authors\n·\n{fields['published']}\n"
    return f"{lead}{fields['title']}\n\n{fields['abstract']}\n\n{details}"


WRITERS: Mapping[str, Callable[[Fields], str]] = {
    "papers.jsonl": _jsonl,
    "arxiv.json": _snapshot,
    "csl.json": _csl,
    "papers.bib": _bibtex,
    "papers.csv": _csv,
    "page.txt": _txt,
}

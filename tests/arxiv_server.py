"""arXiv's API as it answers: Atom feeds with OpenSearch's counts, in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from service_server import Asked, Reply, reply

ATOM = "application/atom+xml; charset=utf-8"


@dataclass(frozen=True)
class Submission:
    """What arXiv knows of a paper; the title and summary are wrapped as it wraps them."""

    arxiv_id: str = "2110.07143v2"
    title: str = "Ledgers of Owls: Counting\n  Them at Night"
    summary: str = "  We count owls at night, and\nfind that 3,141 of them\nkeep a ledger.\n"
    published: str = "2021-10-14T03:55:39Z"
    updated: str = "2022-03-16T09:48:31Z"
    authors: Sequence[str] = ("Ada Ōwl", "Bo Night & Day")
    more: str = ""

    @property
    def key(self) -> str:
        return self.arxiv_id.rpartition("v")[0]


def numbered(many: int) -> list[Submission]:
    """So many papers that differ."""
    return [
        replace(Submission(), arxiv_id=f"2110.{number:05}v1", title=f"Owl number {number}")
        for number in range(1, many + 1)
    ]


class ArxivService:
    """Finds every paper for every query, and has the PDFs of some."""

    def __init__(self) -> None:
        self.papers: list[Submission] = [Submission()]
        self.pdfs: dict[str, bytes] = {}  # by id with its version

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.startswith("/pdf/"):
            content = self.pdfs.get(asked.path.removeprefix("/pdf/"))
            return reply(200, content, "application/pdf") if content else reply(404)
        wanted = asked.parameters.get("id_list", "").split(",")
        found = self.papers if wanted == [""] else [each for each in self.papers if each.key in wanted]
        start, most = int(asked.parameters["start"]), int(asked.parameters["max_results"])
        return reply(200, feed(found[start : start + most], len(found), start, asked.parameters), ATOM)


def feed(
    papers: Sequence[Submission], total: int, start: int = 0, parameters: Mapping[str, str] | None = None
) -> str:
    query = escape("&".join(f"{name}={value}" for name, value in (parameters or {}).items()))
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"\
 xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/u0yGJ8</id>
  <title>arXiv Query: {query}</title>
  <updated>2026-01-04T20:38:32Z</updated>
  <link href="https://arxiv.org/api/query?{query}" type="application/atom+xml"/>
  <opensearch:itemsPerPage>{len(papers)}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{"".join(map(entry, papers))}</feed>
"""


def entry(paper: Submission) -> str:
    names = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    return f"""  <entry>
    <id>http://arxiv.org/abs/{paper.arxiv_id}</id>
    <title>{escape(paper.title)}</title>
    <updated>{paper.updated}</updated>
    <link href="https://arxiv.org/abs/{paper.arxiv_id}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{paper.arxiv_id}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{escape(paper.summary)}</summary>
    <category term="cs.CL" scheme="http://arxiv.org/schemas/atom"/>
    <published>{paper.published}</published>
    <arxiv:comment>12 pages</arxiv:comment>
    <arxiv:primary_category term="cs.CL"/>
    {names}{paper.more}
  </entry>
"""


def problem(summary: str, status: int = 400) -> Reply:
    """What arXiv does not take: older answers of this form had status 200."""
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">1</opensearch:totalResults>
  <entry>
    <id>http://arxiv.org/api/errors#incorrect_id_format</id>
    <title>Error</title>
    <summary>{escape(summary)}</summary>
    <updated>2026-01-04T00:00:00-05:00</updated>
    <author><name>arXiv api core</name></author>
  </entry>
</feed>
"""
    return reply(status, body, ATOM)

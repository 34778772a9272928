"""Crossref and OpenAlex as they answer for lists of DOIs and for single ones."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from hub_server import reply_json
from service_server import Asked, Reply, reply


def crossref_work(doi: str, **more: Any) -> dict[str, Any]:
    """A work as Crossref has it, with the title, journal and others in lists."""
    return {
        "indexed": {"date-parts": [[2026, 1, 4]], "timestamp": 1767555512000},
        "DOI": doi,
        "type": "journal-article",
        "title": ["Crossref's title"],
        "container-title": ["Journal of Owls"],
        "short-container-title": ["J Owls"],
        "volume": "12",
        "issue": "3",
        "page": "1-9",
        "publisher": "Owl Press",
        "ISSN": ["1234-5678", "8765-4321"],
        "abstract": "<jats:title>Abstract</jats:title><jats:p>We count owls, p &lt; 0.05.</jats:p>",
        "author": [
            {"given": "Ada", "family": "Ōwl", "sequence": "first", "affiliation": [{"name": "Barn"}]},
            {"name": "The Owl Team", "sequence": "additional", "affiliation": []},
        ],
        "issued": {"date-parts": [[2021, 5, 3]]},
        "URL": f"https://doi.org/{doi}",
        "reference": [{"key": "1", "unstructured": "Night, B. (2001)"}],
        "update-to": [],
    } | more


def update(doi: str, kind: str = "retraction", source: str = "publisher") -> dict[str, Any]:
    """An entry of `updated-by` or `update-to`."""
    day = {"date-parts": [[2022, 7, 1]], "date-time": "2022-07-01T00:00:00Z", "timestamp": 1656633600000}
    return {"DOI": doi, "type": kind, "label": kind.title(), "source": source, "updated": day}


class CrossrefService:
    """Works, notices among them, by their DOIs in lower case."""

    def __init__(self, *works: Mapping[str, Any]) -> None:
        self.works = {work["DOI"].lower(): work for work in works}
        self.refused: set[str] = set()  # DOIs that no list may hold

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.startswith("/works/"):
            work = self.works.get(unquote(asked.path.removeprefix("/works/")).lower())
            return _message("work", work) if work else reply(404, "Resource not found.", "text/plain")
        wanted = [part.partition(":") for part in asked.parameters["filter"].split(",")]
        dois = [doi for _, _, doi in wanted]
        if self.refused.intersection(dois) or {name for name, *_ in wanted} - {"doi", "updates"}:
            error = {"type": "filter-not-available", "value": "doi", "message": "Filter is not available"}
            return reply_json(
                {"status": "failed", "message-type": "validation-failure", "message": [error]}, 400
            )
        if wanted[0][0] == "doi":
            items = [self.works[doi] for doi in dois if doi in self.works]
        else:
            items = [work for work in self.works.values() if _updated(work).intersection(dois)]
        rows = int(asked.parameters["rows"])
        return _message("work-list", {"facets": {}, "total-results": len(items), "items": items[:rows]})


def _updated(work: Mapping[str, Any]) -> set[str]:
    return {entry["DOI"].lower() for entry in work["update-to"]}


def _message(kind: str, message: Any) -> Reply:
    whole = {"status": "ok", "message-type": kind, "message-version": "1.0.0", "message": message}
    return reply_json(whole, X_Rate_Limit_Limit="5", X_Rate_Limit_Interval="1s")


def openalex_work(doi: str, **more: Any) -> dict[str, Any]:
    """A work as OpenAlex has it, its abstract as an index."""
    return {
        "doi": f"https://doi.org/{doi}",
        "type": "article",
        "language": "en",
        "publication_date": "2021-05-03",
        "authorships": [
            {
                "author_position": "first",
                "author": {"id": "https://openalex.org/A1", "display_name": "Ada Ōwl"},
            }
        ],
        "biblio": {"volume": "12", "issue": None, "first_page": "1", "last_page": "9"},
        "primary_location": {"source": {"display_name": "Journal of Owls", "type": "journal"}},
        "is_retracted": False,
        "abstract_inverted_index": {"We": [0, 3], "count": [1], "owls;": [2], "sleep.": [4]},
    } | more


class OpenAlexService:
    """Works by their DOIs in lower case."""

    def __init__(self, *works: Mapping[str, Any]) -> None:
        self.works = {work["doi"].removeprefix("https://doi.org/").lower(): work for work in works}

    def __call__(self, asked: Asked) -> Reply:
        if match := re.fullmatch(r"/works/doi:(.+)", unquote(asked.path)):
            work = self.works.get(match[1])
            return reply_json(work) if work else reply(404)
        dois = asked.parameters["filter"].removeprefix("doi:").split("|")
        results = [self.works[doi] for doi in dois if doi in self.works]
        meta = {"count": len(results), "db_response_time_ms": 9, "page": 1, "per_page": 100}
        return reply_json({"meta": meta, "results": results, "group_by": []})

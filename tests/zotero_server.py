"""Zotero's web API, version 3, as it answers: lists in pages, versions, keys, files that lie elsewhere."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from service_server import Asked, Reply, reply

OBJECTS = "application/json"


@dataclass
class ZoteroService:
    """A library of a user or a group, by its part of an address; its key, if it is private."""

    owner: str = "users/123"
    key: str = ""
    version: int = 10
    items: list[dict[str, Any]] = field(default_factory=list)
    collections: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    backoff: str = ""
    storage: str = ""  # another server, which has the files
    page: int = 100

    def __post_init__(self) -> None:
        self._numbers = count()

    def item(self, kind: str = "journalArticle", date: str = "", **data: Any) -> str:
        """Add an item with its data as the API has them; its key."""
        key = f"ITEM{next(self._numbers):04}"
        meta = {"parsedDate": date} if date else {}
        self.items.append({"key": key, "meta": meta, "data": {"key": key, "itemType": kind, **data}})
        return key

    def collection(self, name: str, parent: str | bool = False) -> str:
        key = f"COLL{next(self._numbers):04}"
        self.collections.append(
            {"key": key, "data": {"key": key, "name": name, "parentCollection": parent}}
        )
        return key

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.startswith("/stored/"):
            is_secret = "zotero-api-key" in asked.headers
            return reply(400 if is_secret else 200, self.files[asked.path.removeprefix("/stored/")])
        if asked.headers.get("zotero-api-version") != "3":
            return reply(400, "the version of the API is missing")
        if self.key and asked.headers.get("zotero-api-key") != self.key:
            return reply(403, "Forbidden" if "zotero-api-key" not in asked.headers else "Invalid key")
        owner, _, path = asked.path.removeprefix("/").partition(f"{self.owner}/")
        if owner or not path:
            return reply(404, "Not found")
        if path.endswith("/file"):
            key = path.split("/")[-2]
            return reply(302, Location=f"{self.storage}/stored/{key}") if key in self.files else reply(404)
        return self._list(path, asked)

    def _list(self, path: str, asked: Asked) -> Reply:
        objects = self.collections if path == "collections" else self.items
        if path == "items/top":
            objects = [each for each in objects if "parentItem" not in each["data"]]
        if kinds := asked.parameters.get("itemType"):
            objects = [each for each in objects if each["data"]["itemType"] in kinds.split(" || ")]
        start = int(asked.parameters.get("start", 0))
        most = min(int(asked.parameters["limit"]), self.page)
        headers = {"Total_Results": str(len(objects)), "Last_Modified_Version": str(self.version)}
        headers |= {"Backoff": self.backoff} if self.backoff else {}
        if start + most < len(objects):
            headers["Link"] = (
                f'<http://{asked.headers["host"]}{asked.path}?start={start + most}>; rel="next"'
            )
        return reply(200, json.dumps(objects[start : start + most]), OBJECTS, **headers)

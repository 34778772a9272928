"""The parts of the Hugging Face Hub's API that tell of papers and hold models, as they answer."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from service_server import Asked, Reply, reply

JSON = "application/json; charset=utf-8"


def paper(arxiv_id: str = "2110.07143", **more: Any) -> dict[str, Any]:
    """A paper as /api/papers/ID has it; listed ones stand inside an object."""
    submitter = {"_id": "61", "avatarUrl": "/avatars/1.svg", "isPro": False, "fullname": "Cy", "user": "cy"}
    return {
        "id": arxiv_id,
        "authors": [
            {"_id": "62", "name": "Ada Ōwl", "hidden": False},
            {
                "_id": "63",
                "user": submitter | {"type": "user"},
                "name": "Bo Night",
                "status": "claimed_verified",
                "statusLastChangedAt": "2025-12-08T10:00:00.000Z",
                "hidden": False,
            },
        ],
        "publishedAt": "2021-10-14T03:55:39.000Z",
        "submittedOnDailyAt": "2025-12-08T00:31:05.511Z",
        "title": "Ledgers of Owls:\n  Counting Them at Night",
        "submittedOnDailyBy": submitter | {"type": "user"},
        "summary": "We count owls at night, and\nfind that 3,141 of them keep a ledger.",
        "upvotes": 12,
        "discussionId": "64",
        "ai_summary": "Owls are counted.",
        "ai_keywords": ["owls"],
        "organization": {"_id": "65", "name": "owl-lab", "fullname": "Owl Lab", "avatar": "/avatars/2.svg"},
    } | more


def listed(paper: dict[str, Any]) -> dict[str, Any]:
    """A paper as the search and Daily Papers list it."""
    return {
        "paper": paper,
        "publishedAt": "2025-12-08T05:01:05.511Z",
        "title": paper.get("title"),
        "summary": paper.get("summary"),
        "thumbnail": f"/thumbnails/{paper['id']}.png",
        "numComments": 2,
        "submittedBy": paper.get("submittedOnDailyBy"),
        "organization": paper.get("organization"),
        "isAuthorParticipating": False,
    }


def numbered(many: int) -> list[dict[str, Any]]:
    """So many papers that differ."""
    return [paper(f"2110.{number:05}", title=f"Owl number {number}") for number in range(1, many + 1)]


class HubService:
    """Lists every paper for every query, and for every day, week and month."""

    def __init__(self) -> None:
        self.papers: list[dict[str, Any]] = [paper()]

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/api/papers/search":
            return reply_json(map(listed, self.papers[: int(asked.parameters.get("limit", "120"))]))
        if asked.path == "/api/daily_papers":
            limit = int(asked.parameters.get("limit", "50"))
            start = int(asked.parameters.get("p", "0")) * limit
            return reply_json(map(listed, self.papers[start : start + limit]))
        wanted = asked.path.removeprefix("/api/papers/")
        found = [each for each in self.papers if each["id"] == wanted]
        return reply_json(found[0]) if found else refusal(404, "Paper not found")


def reply_json(value: Any, status: int = 200, **headers: str) -> Reply:
    whole = value if isinstance(value, dict) else list(value) if isinstance(value, Iterable) else value
    return reply(status, json.dumps(whole), JSON, **headers)


def refusal(status: int, message: str, **headers: str) -> Reply:
    return reply_json({"error": message}, status, X_Error_Message=message.split("\n")[0], **headers)


REVISION = "5a1ad" + "0" * 35
_REPOSITORY = re.compile(r"/api/models/([^/]+/[^/]+)")
_FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_LARGE = (".gguf", ".onnx", ".onnx_data")  # in Git's large file storage


_UNKNOWN = refusal(401, "Invalid username or password.", X_Error_Code="RepoNotFound")


class ModelHub:
    """Repositories with their files, at one commit each. `lies` are files whose bytes it changes."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.lies: set[str] = set()

    def __call__(self, asked: Asked) -> Reply:
        if match := _REPOSITORY.fullmatch(asked.path):
            files = self.repositories.get(match[1])
            return _UNKNOWN if files is None else _listing(match[1], files)
        match = _FILE.fullmatch(asked.path)
        if match and match[1] in self.gated:
            return refusal(403, "Access is restricted", X_Error_Code="GatedRepo")
        content = self.repositories.get(match[1], {}).get(match[3]) if match else None
        if match is None or content is None or match[2] != REVISION:
            return refusal(404, "Entry not found", X_Error_Code="EntryNotFound")
        if match[3] in self.lies:
            content = content[:-1] + b"?"
        return _content(asked, content, hashlib.sha256(content).hexdigest())


def _listing(name: str, files: dict[str, bytes]) -> Reply:
    siblings = []
    for file, content in files.items():
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        sibling: dict[str, Any] = {"rfilename": file, "size": len(content), "blobId": blob}
        if file.endswith(_LARGE):
            sha256 = hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
        siblings.append(sibling)
    about = {"_id": "66", "id": name, "modelId": name, "sha": REVISION, "private": False, "tags": []}
    return reply_json(about | {"siblings": siblings})


def _content(asked: Asked, content: bytes, etag: str) -> Reply:
    """The file, or the rest of it that is asked for."""
    headers = {"ETag": f'"{etag}"', "X_Repo_Commit": REVISION, "Accept_Ranges": "bytes"}
    kind = "application/octet-stream"
    if not (match := re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))):
        return reply(200, content, kind, **headers)
    start = int(match[1])
    headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return reply(206, content[start:], kind, **headers)

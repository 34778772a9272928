"""The part of the Hugging Face Hub's API that tells of papers, as it answers."""

import json
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

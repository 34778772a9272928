"""What held before still does: other names, other pages, paths out of folders, events by their names."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.routes import filled, gradio_routes
from benchmarks.attacks.target import Range
from benchmarks.attacks.wire import Visitor, signed_in
from benchmarks.served_page import ROOT, ServedPage

_HOSTS = (
    *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example"),
    *("0.0.0.0", "192.168.1.1", "a@127.0.0.1"),  # noqa: S104
)
_ENDPOINTS = {"ask", "search", "get_paper"}


def attack(site: Range) -> Iterator[Finding]:
    for target, where in site.pages():
        visitor = signed_in(target)
        yield other_names(visitor, where)
        yield other_pages(visitor, where)
        yield paths(target, visitor, where)
        yield events(visitor, where)


def _requests() -> list[tuple[str, str]]:
    return [(method, filled(path)) for method, path in gradio_routes()]


def other_names(visitor: Visitor, where: str) -> Finding:
    routes = _requests()
    wrong = [
        f"{method} {path} as {host} {reply.status}"
        for host in _HOSTS
        for method, path in (routes if host == _HOSTS[0] else routes[:3])
        if (reply := visitor.request(method, path, headers=[("Host", host)], patience=5)).status
        not in (400, 421)
    ]
    tried = len(routes) + 3 * (len(_HOSTS) - 1)
    return none_of(f"names that are not the page's ({where})", "421", wrong, tried)


def other_pages(visitor: Visitor, where: str) -> Finding:
    routes = _requests()
    neighbour = f"http://127.0.0.1:{visitor.target.port + 1}"
    headers = [[("Origin", origin)] for origin in ("http://evil.example", "null", neighbour)]
    wrong = [
        f"{method} {path} from {given[0][1]} {reply.status}"
        for given in headers
        for method, path in routes
        if (reply := visitor.request(method, path, headers=given, patience=5)).status != 403
        or ("evil" in given[0][1] and "access-control-allow-origin" in reply.headers)
    ]
    return none_of(f"pages of others ({where})", "403", wrong, len(headers) * len(routes))


def paths(target: ServedPage, visitor: Visitor, where: str) -> Finding:
    """Files that nobody uploaded."""
    home = target.home
    files = [ROOT / "pyproject.toml", home / "library" / "catalog.sqlite", home / "stderr"]
    files += [
        home / "data" / "askpapers" / "browser-secret",
        Path("/etc/passwd"),
        Path("/proc/self/environ"),
    ]
    wrong, tried = [], 0
    for way in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/"):
        for file in map(str, files):
            climbed = f"../../../../../../../../..{file}"
            quoted = quote(climbed, safe="")
            spellings = (
                file,
                quote(file, safe=""),
                climbed,
                quoted,
                quote(quoted),
                f"/{file}",
                f"file://{file}",
            )
            for spelled in (*spellings, f"{target.temporary}/gradio/{climbed}"):
                reply = visitor.get(way + spelled, patience=5)
                tried += 1
                if reply.status in (200, 206):
                    wrong.append(f"{way}{spelled} {reply.status}")
    return none_of(f"files that nobody uploaded ({where})", "403 or 404", wrong, tried)


def events(visitor: Visitor, where: str) -> Finding:
    """Events that are the page's own, by name and by number."""
    wiring = visitor.wiring()
    names = {str(event[key]) for event in wiring.events for key in ("api_name", "id") if key in event}
    names = (names | {"predict", "lambda", "_ask", "_add", "_remove", "ask_1", "%61sk"}) - _ENDPOINTS
    wrong = [
        f"{way}/{name}"
        for name in sorted(names)
        for way in ("run", "api", "call", "call/v2", "call/")
        if visitor.post(f"/gradio_api/{way}/{name}", {"data": ["owls", *[None] * 9]}).status == 200
        and name != "%61sk"
    ]
    return none_of(f"events that are not for programs ({where})", "404", wrong, 5 * len(names))

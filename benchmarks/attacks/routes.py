"""The routes that Gradio defines, read from its source, and those that the page has no use for."""

import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.wire import Visitor, signed_in

_ROUTE = re.compile(r'@(app|router)\.(get|post|head)\(\s*f?"([^"]+)"', re.DOTALL)
_FIELD = re.compile(r"\{(\w+)(?::\w+)?\}")
_FILLED = {"environment": "client", "type": "component", "file_name": "index.js", "id": "a", "ext": "ts"}
_FILLED |= {"component_id": "1", "size": "64", "api_name": "ask"}

# What nothing on the page and no client asks for. The patterns are matched with what a route is called.
UNUSED = (
    "/gradio_api/custom_component/",
    "/gradio_api/deep_link",
    "/gradio_api/proxy=",
    "/monitoring",
    "/gradio_api/openapi.json",
    "/gradio_api/stream/",
    "/gradio_api/process_recording",
    "/gradio_api/vibe-",
    "/gradio_api/undo-vibe-edit",
    "/gradio_api/run-history/",
    "/gradio_api/runs",
    "/gradio_api/dev/reload",
    "/gradio_api/token",
    "/gradio_api/app_id",
    "/gradio_api/user",
    "/gradio_api/login_check",
    "/gradio_api/profiling/",
    "/gradio_api/component_server",
    "/gradio_api/queue/status",
    "/pwa_icon",
    "/openapi.json",
    "/docs",
    "/redoc",
)
_FRAMEWORK = ("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/redoc")  # of what Gradio stands on


@cache
def gradio_routes() -> tuple[tuple[str, str], ...]:
    """Method and path of each, as the source has them."""
    spec = importlib.util.find_spec("gradio")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Gradio is not installed")
    source = (Path(spec.submodule_search_locations[0]) / "routes.py").read_text(encoding="utf-8")
    routes = [
        (method.upper(), path if owner == "app" else f"/gradio_api{path}")
        for owner, method, path in _ROUTE.findall(source)
    ]
    own = [each for each in routes if not each[1].startswith("/{page}")]
    return tuple(dict.fromkeys([*own, *_FRAMEWORK]))


def filled(path: str, value: str = "a") -> str:
    """A path that can be asked for: what it leaves open is filled in."""
    return _FIELD.sub(lambda field: _FILLED.get(field[1], value), path)


def posted() -> list[str]:
    """The paths that take a body, those that no route has, and those of routes that take none."""
    known = [filled(path) for method, path in gradio_routes() if method == "POST" and path[-1] != "/"]
    strange = ["/", "/nowhere", "/gradio_api/nowhere", "/config", "/logout", "/gradio_api/mcp/"]
    return list(dict.fromkeys(known + strange))


def unused(visitor: Visitor) -> Iterator[str]:
    """The unused routes that answer with anything but that they are not there."""
    for method, path in gradio_routes():
        if path.startswith(UNUSED):
            reply = visitor.request(method, filled(path), b"{}" if method == "POST" else b"", patience=3)
            if reply.status not in (404, 405):
                yield f"{method} {path} {reply.status}"


def attack(site: Range) -> Iterator[Finding]:
    """Ask for all that the page does not need."""
    tried = sum(path.startswith(UNUSED) for _, path in gradio_routes())
    for password in (None, PASSWORD):
        with site.page(password=password) as target:
            there = list(unused(signed_in(target)))
            where = "with a password, signed in" if password else "open"
            yield none_of(f"routes that the page does not use ({where})", "404", there, tried)
            if password:
                strange = [
                    f"{method} {path} {reply.status}"
                    for method, path in gradio_routes()
                    if path.startswith(UNUSED)
                    and (reply := Visitor(target).request(method, filled(path), patience=3)).status
                    not in (401, 404, 405)
                ]
                yield none_of("the same without the password", "404 or 401", strange, tried)

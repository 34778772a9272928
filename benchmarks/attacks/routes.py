"""The routes that Gradio defines, read from its source, and those that the page has no use for."""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.target import Range
from benchmarks.attacks.wire import Visitor, signed_in

_ROUTE = re.compile(r'@(app|router)\.(get|post|head)\(\s*f?"([^"]+)"', re.DOTALL)
_FIELD = re.compile(r"\{(\w+)(?::\w+)?\}")
_FILLED = {"environment": "client", "type": "component", "file_name": "index.js", "id": "a", "ext": "ts"}
_FILLED |= {"component_id": "1", "size": "64", "api_name": "ask"}

# The beginnings of routes that nothing on the page and no client asks for.
_UNUSED = """custom_component/ deep_link proxy= openapi.json stream/ process_recording vibe- undo-vibe-edit
    run-history/ runs dev/reload token app_id user login_check profiling/ component_server queue/status"""
UNUSED = (
    *(f"/gradio_api/{path}" for path in _UNUSED.split()),
    *("/monitoring", "/pwa_icon", "/openapi.json", "/docs", "/redoc"),
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


def unused(visitor: Visitor, missing: Sequence[int] = (404, 405)) -> Iterator[str]:
    """The unused routes that answer with any status but these."""
    for method, path in gradio_routes():
        if path.startswith(UNUSED):
            reply = visitor.request(method, filled(path), b"{}" if method == "POST" else b"", patience=3)
            if reply.status not in missing:
                yield f"{method} {path} {reply.status}"


def attack(site: Range) -> Iterator[Finding]:
    """Ask for all that the page does not need."""
    tried = sum(path.startswith(UNUSED) for _, path in gradio_routes())
    for target, where in site.pages():
        there = list(unused(signed_in(target)))
        yield none_of(f"routes that the page does not use ({where})", "404", there, tried)
        if target.password:
            strange = list(unused(Visitor(target), missing=(401, 404, 405)))
            yield none_of("the same without the password", "404 or 401", strange, tried)

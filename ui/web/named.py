"""What other programs may call by name; Gradio's "private" hides an event's name, and does not close it."""

import re
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_CALL = re.compile(r"/gradio_api/(?:call(?:/v2)?|run|api)/+([^/]*)")


class NamedOnly:
    """ASGI middleware: a call of an event by a name that is not among these finds nothing."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self.app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        called = _CALL.match(scope["path"]) if scope["type"] == "http" else None
        if called and called[1] not in self._names:
            told = f"there is no endpoint of this name: call one of {', '.join(self._names)}\n"
            await PlainTextResponse(told, status_code=404)(scope, receive, send)
            return
        await self.app(scope, receive, send)

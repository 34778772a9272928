"""The key under which browsers keep conversations. It outlives the server, so that they are not lost."""

import secrets
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import SettingError
from rag.private import atomic_write, make_folder

_LENGTH = 32  # hexadecimal digits


def read_secret(path: Path) -> str:
    """The key in a private file, which is made if it is missing. Raises SettingError."""
    try:
        if not path.is_file() or len(path.read_text(encoding="ascii", errors="replace").strip()) != _LENGTH:
            make_folder(path.parent)
            with atomic_write(path) as file:  # of two processes at once the last one wins
                file.write(secrets.token_hex(_LENGTH // 2).encode())
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(
            f"{path} cannot be written ({error.strerror}): give yourself the right to write there"
        ) from error


class Withheld:
    """ASGI middleware: leaves the key out of `/config`, which programs read. The page itself needs it."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self.app = app
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != "/config":
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        pieces = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                pieces.append(message.get("body", b""))

        await self.app(dict(scope, headers=plain), receive, keep)
        body = b"".join(pieces).replace(self._secret, b"")
        MutableHeaders(scope=start)["content-length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})

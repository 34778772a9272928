"""An event loop in a thread of its own, for programs that answer asynchronously."""

import asyncio
import threading
import weakref
from collections.abc import Awaitable
from typing import Any


class OwnLoop:
    """Runs what is to be awaited, from any thread, also one whose own loop is running.

    One loop for all questions: a client that keeps its connections meets the same one again.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=_serve, args=(self._loop,), name="askpapers-eval-loop", daemon=True).start()
        weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def run(self, awaitable: Awaitable[Any]) -> Any:
        """What comes of it. Raises what it raises; where waiting is interrupted, it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(_outcome(awaitable), self._loop)
        try:
            value, error = future.result()
        except BaseException:
            future.cancel()
            raise
        if error is not None:
            raise error
        return value


async def _outcome(awaitable: Awaitable[Any]) -> tuple[Any, BaseException | None]:
    """Its value or its error; an error that would end the loop, such as SystemExit, must not."""
    try:
        return await awaitable, None
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return None, error


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()

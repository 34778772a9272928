"""Keeps Gradio from fetching anything: what a visitor sends may name addresses, and none is ever asked.

Gradio fetches the addresses in files that are named to it, guards that by looking up their hosts, and asks
a public service for names that fail there. Nothing of it is needed here.
"""

from typing import Any, NoReturn

import gradio.blocks
import gradio.processing_utils
import gradio.route_utils
import gradio.routes
import safehttpx
from gradio.exceptions import InvalidPathError

_FETCHING = (
    (safehttpx, ("get", "async_validate_url", "async_resolve_hostname_google")),
    (
        gradio.processing_utils,
        (
            "async_ssrf_protected_get",
            "async_ssrf_protected_download",
            "ssrf_protected_download",
            "save_url_to_cache",
            "unsafe_download",
        ),
    ),
    (gradio.route_utils, ("secure_url_stream_response",)),
    (gradio.routes, ("secure_url_stream_response",)),
)


def close() -> None:
    """From now on no function of Gradio that fetches does so in this process.

    Raises AttributeError where one of them is gone: then it has another name, and must be found.
    """
    for module, names in _FETCHING:
        for name in names:
            getattr(module, name)
            setattr(module, name, _refuse)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    """In place of coroutines too: what would await one is ended by the error just the same."""
    raise InvalidPathError("nothing is fetched here: upload the file itself")

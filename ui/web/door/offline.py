"""Keeps Gradio from fetching anything: visitors may send addresses, and none of them is ever fetched.

Gradio fetches addresses that are given in place of files. To guard this, it looks up their hosts, and asks
a public service if that fails. None of it is needed here.
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
    """Disable all functions of Gradio that fetch, in this process.

    Raises AttributeError if one of them is gone: its new name must be found.
    """
    for module, names in _FETCHING:
        for name in names:
            getattr(module, name)
            setattr(module, name, _refuse)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    """Replaces coroutines too: the error is raised before there is anything to await."""
    raise InvalidPathError("nothing is fetched here: upload the file itself")

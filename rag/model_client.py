"""The client of OpenAI-compatible servers, and its errors as ours: the one place that knows `openai`."""

import gc
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from traceback import clear_frames
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from rag.errors import KeyRefusedError, ModelError, ModelFailedError, ModelMissingError
from rag.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI

_Part = TypeVar("_Part")

OPENAI = "https://api.openai.com/v1"
_RETRIES = 2  # by the openai client: with backoff, and Retry-After where the server sends it
_TIMEOUT = 60.0  # seconds until the first byte, and between two
UNFINISHED = ("length", "content_filter")  # reasons to stop that leave a reply unfinished
_FOR_A_WHILE = (408, 409, 429)  # statuses that may be another the next time, as 500 and above


class BrokenStreamError(ModelFailedError):
    """An answer began and broke off, or made no sense: the client's own retries were over by then."""


@dataclass(frozen=True)
class Use:
    """What a model is used for, in the words of its errors."""

    variable: str  # names the model
    without: str  # how to do without it, behind "or"


WRITING = Use("ASKPAPERS_MODEL", "answer without a model with `--writer extractive`")
EMBEDDING = Use("ASKPAPERS_EMBEDDING_MODEL", "unset ASKPAPERS_EMBEDDING_MODEL for the embedded encoder")


def open_client(settings: Settings) -> "OpenAI":
    """A client of the server that the settings name. Safe to use from several threads."""
    from openai import OpenAI

    return OpenAI(
        api_key=settings.api_key or "none",  # a compatible server needs no key, the client one
        base_url=settings.base_url or OPENAI,  # given, so that the client reads no environment
        max_retries=_RETRIES,
        timeout=_TIMEOUT,
    )


def server_name(settings: Settings) -> str:
    """The address of the server without what may be secret in it. Raises ModelError: it is none."""
    try:
        parts = urlsplit(settings.base_url or OPENAI)
    except ValueError:
        raise ModelError("OPENAI_BASE_URL is no address: set it to one like http://localhost/v1") from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path}".rstrip("/")


@contextmanager
def translated(model: str, use: Use) -> Iterator[None]:
    """Errors of the openai client and of the connection as ours; their texts may hold the key."""
    import httpx
    import openai

    try:
        yield
    except (openai.AuthenticationError, openai.PermissionDeniedError):
        raise KeyRefusedError(
            f"the server refuses the key: check OPENAI_API_KEY (and OPENAI_BASE_URL), or {use.without}"
        ) from None
    except openai.NotFoundError:
        raise ModelMissingError(
            f"the server does not have the model {model}: name one that it has in {use.variable}, "
            "and see that OPENAI_BASE_URL is complete (it mostly ends in /v1)"
        ) from None
    except (openai.APIConnectionError, httpx.HTTPError) as error:
        has_begun = isinstance(error, httpx.HTTPError)  # before that they are the client's
        raise (BrokenStreamError if has_begun else ModelFailedError)(
            f"the connection to the model {model} failed ({type(error).__name__}): check "
            "OPENAI_BASE_URL and the network"
        ) from None
    except openai.APIStatusError as error:
        if error.status_code in _FOR_A_WHILE or error.status_code >= 500:
            raise ModelFailedError(
                f"the server of the model {model} answers with status {error.status_code}: try again later"
            ) from None
        raise ModelError(
            f"the server of the model {model} refuses the request (status {error.status_code}): "
            f"check {use.variable}, or {use.without}"
        ) from None
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise BrokenStreamError(
            f"the server of the model {model} sent what is no answer ({type(error).__name__}): check "
            "that OPENAI_BASE_URL is an OpenAI-compatible server"
        ) from None


def attended(reply: Iterable[_Part]) -> Generator[_Part, None, None]:
    """The parts of a streamed reply. One that breaks, or is left in the middle, is closed at once.

    openai's streams refer to themselves. Left to itself, the garbage collector would close them, perhaps
    while the same thread holds the lock of the connections, which closing needs too: it would wait
    for ever.
    """
    try:
        yield from reply
    except BaseException as error:  # GeneratorExit, where it is left
        clear_frames(error.__traceback__)
        gc.collect()
        raise


def stop_reason(chunk: object) -> str | bool | None:
    """Why a model stopped, by a chunk of its reply; False where it goes on, None where it does not tell."""
    choices = getattr(chunk, "choices", None)
    if choices is None:
        return None
    return choices[0].finish_reason or False if choices else None

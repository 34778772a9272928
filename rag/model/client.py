"""The client of OpenAI-compatible servers, with its errors translated to ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    OpenAI,
    OpenAIError,
    PermissionDeniedError,
)

from rag.errors import BrokenStreamError, KeyRefusedError, ModelError, ModelFailedError, ModelMissingError
from rag.model.address import OPENAI
from rag.model.base import Use
from rag.settings import Settings

_RETRIES = 2  # by the openai client, with backoff or as Retry-After says
_TIMEOUT = 60.0  # seconds until the first byte, and between two
_TEMPORARY = (408, 409, 429)  # statuses that a later try may not meet, like 500 and above


def open_client(settings: Settings, http_client: httpx.Client | None = None) -> OpenAI:
    """A client for the server in the settings. Safe to use from several threads."""
    return OpenAI(
        api_key=settings.api_key or "none",  # the client needs one, even if the server does not
        base_url=settings.base_url or OPENAI,  # so that the client does not read the environment
        max_retries=_RETRIES,
        timeout=http_client.timeout if http_client else _TIMEOUT,
        http_client=http_client,
    )


@contextmanager
def translated(model: str, use: Use) -> Iterator[None]:
    """Translate errors of the openai client and of the connection; their own texts may hold the key."""
    try:
        yield
    except (AuthenticationError, PermissionDeniedError):
        raise KeyRefusedError(
            f"the server refuses the key: check OPENAI_API_KEY (and OPENAI_BASE_URL), or {use.without}"
        ) from None
    except NotFoundError:
        raise ModelMissingError(
            f"the server does not have the model {model}: name one that it has in {use.variable}, "
            "and see that OPENAI_BASE_URL is complete (it mostly ends in /v1)"
        ) from None
    except (APITimeoutError, httpx.TimeoutException):
        raise ModelFailedError(
            f"the model {model} did not answer in time: check OPENAI_BASE_URL, and whether its server is "
            "overloaded"
        ) from None
    except (APIConnectionError, httpx.HTTPError) as error:
        has_begun = isinstance(error, httpx.HTTPError)  # earlier ones are openai's
        raise (BrokenStreamError if has_begun else ModelFailedError)(
            f"the connection to the model {model} failed ({type(error).__name__}): check "
            "OPENAI_BASE_URL and the network"
        ) from None
    except APIStatusError as error:
        if error.status_code in _TEMPORARY or error.status_code >= 500:
            raise ModelFailedError(
                f"the server of the model {model} answers with status {error.status_code}: try again later"
            ) from None
        raise ModelError(
            f"the server of the model {model} refuses the request (status {error.status_code}): "
            f"check {use.variable}, or {use.without}"
        ) from None
    except (OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
        if isinstance(error.__cause__, ModelError):  # of a model on this computer
            raise error.__cause__ from None
        raise BrokenStreamError(
            f"the server of the model {model} sent what is no answer ({type(error).__name__}): check "
            "that OPENAI_BASE_URL is an OpenAI-compatible server"
        ) from None

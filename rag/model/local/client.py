"""A client whose requests go to a server of our own, wherever it runs by then."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import openai

from rag.errors import ModelError, ModelFailedError
from rag.model.local.server import LocalServer
from rag.model.patience import Patience, PatientClient


class LocalClient(PatientClient):
    """Starts the server at the first request, and again where it has ended."""

    def __init__(self, server: LocalServer, patience: Patience) -> None:
        super().__init__(patience, trust_env=False)  # by no proxy
        self._server = server

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Raises openai's error, which its client passes on at once, with ours as its cause.

        Once it is closed, it starts no server, which nobody would end.
        """
        try:
            return super().send(self._addressed(request), **options)
        except (httpx.NetworkError, httpx.RemoteProtocolError):  # its owner has ended since it was found
            return super().send(self._addressed(request), **options)

    def close(self) -> None:
        super().close()
        self._server.close()

    def _check(self) -> None:
        """Raises ModelFailedError if it is closed, perhaps while the server started."""
        if self.is_closed:
            self._server.close()
            raise ModelFailedError("the model was closed: ask again")

    def _addressed(self, request: httpx.Request) -> httpx.Request:
        try:
            self._check()
            address = self._server.ensure()
            self._check()
        except ModelError as error:
            raise openai.OpenAIError(str(error)) from error
        place = urlsplit(address.url)
        request.url = request.url.copy_with(scheme=place.scheme, host=place.hostname, port=place.port)
        request.headers.update({"Host": place.netloc, "Authorization": f"Bearer {address.key}"})
        return request

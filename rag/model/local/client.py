"""Stub."""

from rag.model.local.server import LocalServer
from rag.model.patience import Patience, PatientClient


class LocalClient(PatientClient):
    """Stub."""

    def __init__(self, server: LocalServer, patience: Patience) -> None:
        super().__init__(patience)

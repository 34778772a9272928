"""Stub."""

from pathlib import Path


class LocalServer:
    """Stub."""

    def __init__(self, path: Path, window: int) -> None:
        pass

    def close(self) -> None:
        pass

"""Our assistant as the system of a run."""

from typing import Any

from eval.cases import CaseTurn
from eval.shelf import Shelf
from eval.systems.base import Answered, library_record, request_of
from rag.assistant import Assistant
from rag.errors import ModelFailedError
from rag.notes import MODEL_FAILED
from rag.types import History, Request


class AssistantSystem:
    """Our assistant with its library."""

    def __init__(self, assistant: Assistant, options: Request | None = None) -> None:
        self._assistant = assistant
        self._options = options or Request()

    @property
    def name(self) -> str:
        return self._assistant.writer_for(self._options.writer)

    @property
    def record(self) -> dict[str, Any]:
        return {
            "kind": "assistant",
            "writer": self.name,
            "server": self._assistant.server,
            "checks": self._assistant.checks,
            "encoder": self._assistant.library.encoder.name,
            "library": library_record(self._assistant.library),
            "options": self._options.to_dict(),
        }

    @property
    def shelf(self) -> Shelf:
        return self._assistant.library.catalog

    def answer(self, turn: CaseTurn, history: History) -> Answered:
        """Raises QuestionError; ModelFailedError where another writer had to take over."""
        answer = self._assistant.ask(request_of(turn, self._options, history))
        if answer.writer != self.name:
            notes = [note for note in answer.notes if note.startswith(MODEL_FAILED)]
            raise ModelFailedError(" ".join(notes).removeprefix(MODEL_FAILED) or "another writer wrote")
        return Answered(answer, self.shelf)

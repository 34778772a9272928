"""Reads OpenAI-style messages as the turns of a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.plain import encodable
from rag.query.checks import LONGEST_QUESTION
from rag.tokens import count_tokens, token_offsets
from rag.types import History


@dataclass(frozen=True)
class Turn:
    """A question and its answer ("" if there was none)."""

    question: str
    answer: str = ""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The turn as messages of a History."""
        answer = [{"role": "assistant", "content": self.answer}] if self.answer else []
        return [{"role": "user", "content": self.question}, *answer]


def turns_of(history: History) -> list[Turn]:
    """The turns in order, without questions that are empty or too long."""
    turns: list[Turn] = []
    is_question = False
    for message in history:
        text = encodable(_text(message.get("content")).strip())
        if message.get("role") == "user":
            is_question = 0 < len(text) <= LONGEST_QUESTION
            turns += [Turn(text)] if is_question else []
        elif message.get("role") == "assistant" and is_question:
            answer = f"{turns[-1].answer}\n{text}".strip()
            turns[-1] = Turn(turns[-1].question, answer)
    return turns


def newest(turns: Sequence[Turn], tokens: int) -> list[Turn]:
    """The last turns that fit in this many tokens, in order.

    The last turn always stays, with as much of its answer as fits.
    """
    kept: list[Turn] = []
    left = tokens
    for turn in reversed(turns):
        used = count_tokens(turn.question) + count_tokens(turn.answer)
        if used > left:
            break
        kept.append(turn)
        left -= used
    if kept or not turns:
        return kept[::-1]
    question, answer = turns[-1].question, turns[-1].answer
    room, offsets = max(tokens - count_tokens(question), 0), token_offsets(answer)
    return [Turn(question, answer[: offsets[room]] if room < len(offsets) else answer)]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and "text" in part)

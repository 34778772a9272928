"""The history of a question: OpenAI-style messages, read as turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.plain import encodable
from rag.query.checks import LONGEST_QUESTION
from rag.tokens import count_tokens, token_offsets
from rag.types import History


@dataclass(frozen=True)
class Turn:
    """A question of the user's and its answer ("" where there was none)."""

    question: str
    answer: str = ""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The turn as it stands in a History."""
        answered = [{"role": "assistant", "content": self.answer}] if self.answer else []
        return [{"role": "user", "content": self.question}, *answered]


def turns_of(history: History) -> list[Turn]:
    """The turns in order, without messages of the user's that are empty or too long, and their answers."""
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
    """The last turns that fit into this many tokens, in order.

    The last turn always stays, with as much of its answer as fits beside its question.
    """
    kept: list[Turn] = []
    left = tokens
    for turn in reversed(turns):
        used = count_tokens(turn.question) + count_tokens(turn.answer)
        if used > left:
            break
        kept.append(turn)
        left -= used
    if not kept and turns:
        return [_cut(turns[-1], tokens)]
    return kept[::-1]


def _cut(turn: Turn, tokens: int) -> Turn:
    room = max(tokens - count_tokens(turn.question), 0)
    offsets = token_offsets(turn.answer)
    return Turn(turn.question, turn.answer[: offsets[room]] if room < len(offsets) else turn.answer)


def _text(content: object) -> str:
    """The text of a message's content."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and "text" in part)

"""Many visitors of the chat page at once, and what many questions leave in its memory."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.page_sessions import Replied, Session, Talk, connected, opened
from benchmarks.served_page import ServedPage
from rag import Assistant
from ui.terminal import tell
from ui.web.chats import Chat

_LEAVING = 20  # sessions that go away, beside the one that stays
_WARM = 100  # questions after which growth is counted


def crowd(page: ServedPage, talks: Sequence[Talk]) -> dict[str, Any]:
    """Sessions that ask at the same time, each the questions of its talk, and expect its answers."""
    replies, seconds, is_alive = asyncio.run(_all_at_once(page.address, talks))
    flat = [reply for row in replies for reply in row]
    answered = [reply for reply in flat if reply.refusal is None]
    first = [reply.first_text for reply in answered if reply.first_text is not None] or [float("nan")]
    p50, p95, longest = np.percentile(
        [reply.seconds for reply in answered] or [float("nan")], (50, 95, 100)
    )
    return {
        "sessions": len(talks),
        "questions": sum(map(len, talks)),
        "answered": len(answered),
        "wrong": sum(not _is_right(row, talk) for row, talk in zip(replies, talks, strict=True)),
        "queue_full": len(flat) - len(answered),
        "refusals": sorted({reply.refusal for reply in flat if reply.refusal})[:3],
        "survives": is_alive,
        "seconds": round(seconds, 1),
        "answers_per_second": round(len(answered) / seconds, 1),
        "first_text_p50": round(float(np.median(first)), 2),
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "max": round(float(longest), 2),
        "memory_mb": page.memory_mb(),
    }


def lone_talks(assistant: Assistant, questions: Sequence[str], sessions: int, in_a_row: int) -> list[Talk]:
    """Each session's questions, all different, with the answers of an assistant that serves nobody else."""
    if sessions * in_a_row > len(questions):
        raise ValueError(f"{sessions} sessions need {sessions * in_a_row} questions, not {len(questions)}")
    starts = range(0, sessions * in_a_row, in_a_row)
    return [tuple(_alone(assistant, questions[start : start + in_a_row])) for start in starts]


def _alone(assistant: Assistant, questions: Sequence[str]) -> Iterator[tuple[str, str]]:
    chat = Chat()
    for question in questions:
        answer = assistant.ask(question, history=chat.history)
        chat = chat.asked(question).with_last(answer=answer)
        yield question, answer.text


def _is_right(replies: Sequence[Replied], talk: Talk) -> bool:
    """Whether a session saw its own questions with their answers, and nothing else, at each step.

    Refused questions are left out; what a lone assistant answers to a later question may then differ.
    """
    taken = [place for place, reply in enumerate(replies) if reply.refusal is None]
    return all(
        replies[place].shown == replies[place].kept == tuple(talk[at] for at in taken[:count])
        for count, place in enumerate(taken, start=1)
    )


async def _all_at_once(address: str, talks: Sequence[Talk]) -> tuple[list[list[Replied]], float, bool]:
    """The replies to each session, the seconds for all, and whether one more is answered afterwards."""

    async def ask_in_turn(session: Session, talk: Talk) -> list[Replied]:
        return [await session.ask(question) for question, _ in talk]

    loop = asyncio.get_running_loop()
    async with opened(address, len(talks) + 1) as (*crowded, late):
        started = loop.time()
        replies = await asyncio.gather(*map(ask_in_turn, crowded, talks))
        seconds = loop.time() - started
        after = await late.ask(talks[0][0][0])
    return replies, seconds, after.kept[-1:] == talks[0][:1]


def memory(page: ServedPage, questions: Sequence[str], stops: Sequence[int]) -> list[dict[str, Any]]:
    """What the server holds once it serves, once it has read ahead, and after so many questions.

    One session stays and asks every second question; the others go to sessions that leave one after
    the other. `long_ms` is what an answer took in the long one since the stop before, `sent_kb` what
    the server sent of it.
    """
    rows = [{"after": "start", **_held(page)}]
    reading = page.wait_until_idle()
    rows.append({"after": "reading ahead", "seconds": round(reading, 1), **_held(page)})
    return rows + asyncio.run(_many_questions(page, questions, stops))


def growth_kb(rows: Sequence[dict[str, Any]]) -> float | None:
    """Growth of memory per question beyond the first hundred; None where no more were asked."""
    held = {row["after"]: row["memory_mb"] for row in rows}
    last = rows[-1]["after"]
    if _WARM not in held or not isinstance(last, int) or last <= _WARM:
        return None
    return round(float(held[last] - held[_WARM]) * 1024 / (last - _WARM), 1)


async def _many_questions(
    page: ServedPage, questions: Sequence[str], stops: Sequence[int]
) -> list[dict[str, Any]]:
    following, rows = cycle(questions), []
    per_session = max(1, stops[-1] // 2 // _LEAVING)  # questions of a session that leaves
    async with connected(page.address) as (client, wiring):
        long, short, done = Session(client, wiring), Session(client, wiring), 0
        await asyncio.gather(long.open(), short.open())
        for stop in stops:
            replies = []
            while done < stop:
                if done and done % (2 * per_session) == 0:
                    await short.close()
                    short = Session(client, wiring)
                    await short.open()
                ours, _ = await asyncio.gather(long.ask(next(following)), short.ask(next(following)))
                replies.append(ours)
                done += 2
            tell(f"{done} questions asked")
            seconds, sizes = ([reply.seconds for reply in replies], [reply.size for reply in replies])
            pace = {"long_ms": np.median(seconds) * 1000, "sent_kb": np.median(sizes) / 1024}
            rows.append(
                {"after": done, **_held(page), **{name: round(float(n)) for name, n in pace.items()}}
            )
        await asyncio.gather(long.close(), short.close())
    return rows


def _held(page: ServedPage) -> dict[str, float]:
    return {
        "memory_mb": page.memory_mb(),
        "files": len(page.temporary_files()),
        "files_mb": page.temporary_mb(),
    }

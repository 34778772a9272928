"""Many visitors of the chat page at once, and what many questions leave in its memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.page_server import Server
from benchmarks.page_sessions import Reply, Session, Talk, connected
from rag import Assistant
from ui.terminal import tell
from ui.web.chats import Chat

_OPENING = 25  # pages that open at once: opening them takes places in the same queue as questions
_LEAVING = 20  # sessions that go away, beside the one that stays
_WARM = 100  # questions after which growth is counted


def crowd(server: Server, talks: Sequence[Talk]) -> dict[str, Any]:
    """Sessions that ask at the same time, each its own talk; what they must be answered is in the talks."""
    replies, seconds, is_alive = asyncio.run(_all_at_once(server.address, talks))
    flat = [reply for row in replies for reply in row]
    answered = [reply for reply in flat if reply.refusal is None]
    each = [reply.seconds for reply in answered] or [float("nan")]
    first = [reply.first_text for reply in answered if reply.first_text is not None] or [float("nan")]
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
        "p50": round(float(np.median(each)), 2),
        "p95": round(float(np.percentile(each, 95)), 2),
        "max": round(max(each), 2),
        "memory_mb": server.memory_mb(),
    }


def lone_talks(assistant: Assistant, questions: Sequence[str], sessions: int, in_a_row: int) -> list[Talk]:
    """Each session's questions, all different, with what an assistant that is alone answers in turn."""
    if sessions * in_a_row > len(questions):
        raise ValueError(f"{sessions} sessions need {sessions * in_a_row} questions, not {len(questions)}")
    return [
        tuple(_alone(assistant, questions[start : start + in_a_row]))
        for start in range(0, sessions * in_a_row, in_a_row)
    ]


def _alone(assistant: Assistant, questions: Sequence[str]) -> Iterator[tuple[str, str]]:
    chat = Chat()
    for question in questions:
        answer = assistant.ask(question, history=chat.history)
        chat = chat.asked(question).with_last(answer=answer)
        yield question, answer.text


def _is_right(replies: Sequence[Reply], talk: Talk) -> bool:
    """Whether a session saw its own questions with their answers, and nothing else, in each place.

    What was refused is left out; what a lone assistant answers to a later question may then differ.
    """
    taken = [place for place, reply in enumerate(replies) if reply.refusal is None]
    return all(
        reply.shown == reply.kept == tuple(talk[at] for at in taken[: place + 1])
        for place, reply in enumerate(replies[at] for at in taken)
    )


async def _all_at_once(address: str, talks: Sequence[Talk]) -> tuple[list[list[Reply]], float, bool]:
    """The replies to each session, the seconds for all, and whether one more is answered afterwards."""
    loop = asyncio.get_running_loop()
    async with _sessions(address, len(talks) + 1) as sessions:
        *crowded, late = sessions
        started = loop.time()
        replies = await asyncio.gather(*map(_ask_in_turn, crowded, talks))
        seconds = loop.time() - started
        after = await late.ask(talks[0][0][0])
    return replies, seconds, after.kept[-1:] == talks[0][:1]


async def _ask_in_turn(session: Session, talk: Talk) -> list[Reply]:
    return [await session.ask(question) for question, _ in talk]


@asynccontextmanager
async def _sessions(address: str, count: int) -> AsyncIterator[list[Session]]:
    """Pages that are open, until the context ends."""
    async with connected(address) as (client, wiring):
        sessions = [Session(client, wiring) for _ in range(count)]
        try:
            for start in range(0, count, _OPENING):
                await asyncio.gather(*(session.open() for session in sessions[start : start + _OPENING]))
            yield sessions
        finally:
            await asyncio.gather(*(session.close() for session in sessions))


def memory(server: Server, questions: Sequence[str], stops: Sequence[int]) -> list[dict[str, Any]]:
    """What the server holds once it serves, once it has read ahead, and after so many questions.

    One session stays and asks every second question; the others go to sessions that leave one after
    the other. `long_ms` is what an answer took in the long one since the stop before, `sent_kb` what
    the server sent of it.
    """
    rows = [{"after": "start", **_held(server)}]
    reading = server.wait_until_idle()
    rows.append({"after": "reading ahead", "seconds": round(reading, 1), **_held(server)})
    rows += asyncio.run(_many_questions(server, questions, stops))
    return rows


def growth_kb(rows: Sequence[dict[str, Any]]) -> float | None:
    """Growth of memory a question beyond the first hundred, None where no more were asked."""
    held = {row["after"]: row["memory_mb"] for row in rows}
    last = rows[-1]["after"]
    if _WARM not in held or not isinstance(last, int) or last <= _WARM:
        return None
    grown: float = held[last] - held[_WARM]
    return round(grown * 1024 / (last - _WARM), 1)


async def _many_questions(
    server: Server, questions: Sequence[str], stops: Sequence[int]
) -> list[dict[str, Any]]:
    asked, rows = cycle(questions), []
    each = max(1, stops[-1] // 2 // _LEAVING)  # questions of a session that leaves
    async with connected(server.address) as (client, wiring):
        long, short, done = Session(client, wiring), Session(client, wiring), 0
        await asyncio.gather(long.open(), short.open())
        for stop in stops:
            replies = []
            while done < stop:
                if done and done % (2 * each) == 0:
                    await short.close()
                    short = Session(client, wiring)
                    await short.open()
                ours, _ = await asyncio.gather(long.ask(next(asked)), short.ask(next(asked)))
                replies.append(ours)
                done += 2
            tell(f"{done} questions asked")
            rows.append({"after": done, **_held(server), **_pace(replies)})
        await asyncio.gather(long.close(), short.close())
    return rows


def _pace(replies: Sequence[Reply]) -> dict[str, float]:
    return {
        "long_ms": round(float(np.median([reply.seconds for reply in replies])) * 1000),
        "sent_kb": round(float(np.median([reply.size for reply in replies])) / 1024),
    }


def _held(server: Server) -> dict[str, float]:
    return {"memory_mb": server.memory_mb(), **server.files()}

"""Runs work in several threads, none of which has to be waited for."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Work = Callable[[Item, threading.Event], Result]
"""Does one piece of work; the event is set when its result is no longer wanted."""


def in_threads(
    work: Work[Item, Result], items: Sequence[Item], workers: int
) -> Generator[Result, None, None]:
    """The result of each item as soon as it is ready; `workers` items are worked on at a time.

    If one raises, or the caller stops (Ctrl-C), no other item is begun and none is waited for: the threads
    are daemons, as a request to a model may take minutes. Raises what the work raises.
    """
    waiting: SimpleQueue[Item] = SimpleQueue()
    done: SimpleQueue[Future[Result]] = SimpleQueue()
    stopped = threading.Event()
    for item in items:
        waiting.put(item)

    def run() -> None:
        with suppress(Empty):
            while not stopped.is_set():
                item, future = waiting.get_nowait(), Future[Result]()
                try:
                    future.set_result(work(item, stopped))
                except BaseException as error:  # is raised in the caller's thread
                    future.set_exception(error)
                done.put(future)

    for number in range(min(workers, len(items))):
        threading.Thread(target=run, name=f"askpapers-judge-{number}", daemon=True).start()
    try:
        for _ in items:
            yield done.get().result()
    finally:
        stopped.set()

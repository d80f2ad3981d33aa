"""Work for several threads at once, its results in order, in bounded memory.

Threads, not processes: `cryptography` lets go of the interpreter while it verifies a
signature, which is nearly all there is to do. So nothing is started that could be left
behind, and what is handed over need not be copied.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

WAITING_PER_THREAD = 2  # read ahead so far, and no further

A = TypeVar("A")
B = TypeVar("B")


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(
    work: Callable[[A], B], items: Iterable[A], threads: int
) -> Generator[B, None, None]:
    """Yield work(item) of each item, in order; with one thread it is this one.

    `items` is read by this thread alone. Close what this returns if you leave it early:
    it then waits for the work under way and forgets the rest.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    waiting: deque[Future[B]] = deque()
    with ThreadPoolExecutor(threads, "side-by-side") as executor:
        try:
            for item in items:
                waiting.append(executor.submit(work, item))
                if len(waiting) > threads * WAITING_PER_THREAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

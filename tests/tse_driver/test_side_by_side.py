from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tse_driver.side_by_side import WAITING_PER_THREAD, in_order, processors

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 60.0


def threads_left() -> list[str]:
    return [t.name for t in threading.enumerate() if "side-by-side" in t.name]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_come_in_the_order_of_their_items(threads: int) -> None:
    later = threading.Event()

    def work(number: int) -> int:
        if number == 0 and threads > 1:
            assert later.wait(WAIT_S)  # the first is done last
        later.set()
        return -number

    assert list(in_order(work, range(50), threads)) == [-n for n in range(50)]
    assert threads_left() == []


def test_work_is_done_by_several_threads_at_once() -> None:
    both = threading.Barrier(2, timeout=WAIT_S)
    assert list(in_order(lambda _: both.wait() >= 0, range(4), 2)) == [True] * 4


def test_no_more_is_read_ahead_than_there_is_use_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_order(abs, items(), 2)
    for done, _ in enumerate(results, 1):
        assert len(taken) <= done + 2 * WAITING_PER_THREAD
    assert len(taken) == 1000


@pytest.mark.parametrize("threads", [1, 2])
def test_who_leaves_early_leaves_no_thread_behind(threads: int) -> None:
    results = in_order(abs, range(1000), threads)
    assert next(results) == 0
    results.close()
    assert threads_left() == []


def fail(number: int) -> int:
    if number == 3:
        raise ZeroDivisionError
    return number


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_comes_at_its_place(threads: int) -> None:
    seen: list[int] = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(number for number in in_order(fail, range(100), threads))
    results = in_order(fail, range(100), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threads_left() == []


def test_a_machine_has_a_processor() -> None:
    assert processors() >= 1

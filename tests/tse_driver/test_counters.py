from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tse_driver.counters import Counters


@given(st.lists(st.integers(-3, 30)))
def test_it_is_a_set_that_knows_its_holes(numbers: list[int]) -> None:
    counters, seen = Counters(), set()
    for number in numbers:
        assert counters.add(number) is (number not in seen)
        seen.add(number)
    assert all((n in counters) is (n in seen) for n in range(-4, 32))
    missing = {n for first, last in counters.gaps() for n in range(first, last + 1)}
    holes = set(range(min(seen), max(seen))) - seen if seen else set()
    assert missing == holes


def test_a_million_in_any_halfway_order_are_one_run() -> None:
    counters = Counters()
    for start in range(0, 1000, 2):
        counters.add(start + 1)
        counters.add(start)
    assert list(counters.gaps()) == []

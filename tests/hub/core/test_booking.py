from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.core.booking import Item, arrange
from tests.hub.samples import order
from tests.hub.store.ledgers import aborted, asked, completed, order_id


def test_each_order_is_named_once_and_repeats_share_a_place() -> None:
    one, two = (order(100, 5, order_id=order_id(number)) for number in (1, 2))
    canceling = order(-100, 5, cancels=one.id)
    items = [
        asked(one),
        asked(two),
        asked(one),
        completed(one),
        asked(canceling),
        asked(two),
    ]

    arrangement = arrange(items)

    assert arrangement.batch == (items[0], items[1])
    assert arrangement.places == (0, 1, 0, None, None, 1)


def test_a_batch_has_a_limit() -> None:
    items = [asked(order(100, 5)) for _ in range(5)]

    assert arrange(items, limit=3).places == (0, 1, 2, None, None)


words = st.sampled_from((asked, completed, aborted))
orders = st.integers(1, 4).map(lambda n: order(100, 5, order_id=order_id(n)))


@given(st.lists(st.tuples(words, orders), max_size=20))
def test_everything_is_booked_in_the_end(said: list[tuple[object, object]]) -> None:
    left: list[Item] = [word(about) for word, about in said]  # type: ignore[operator]
    while left:
        arrangement = arrange(left)
        named = [name for item in arrangement.batch for name in item.names]
        assert len(named) == len(set(named))
        assert arrangement.batch, "no batch may be empty while items wait"
        pairs = zip(left, arrangement.places, strict=True)
        left = [item for item, place in pairs if place is None]

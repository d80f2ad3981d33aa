"""The courier's rules: nothing lost, nothing held up by one bad advice."""

from __future__ import annotations

from uuid import UUID

from contract.ids import OrderId
from contract.topics import ADVICES_PER_BATCH_MAX
from edge.core.delivery import (
    ANSWER_WITHIN_NS,
    PAUSE_NS_MAX,
    SET_ASIDE_NS_MIN,
    DeliveryQueue,
)

BATCH = UUID(int=10**6)


def orders(count: int) -> tuple[OrderId, ...]:
    return tuple(OrderId(UUID(int=number + 1)) for number in range(count))


def filled(count: int) -> DeliveryQueue:
    queue = DeliveryQueue()
    queue.add(orders(count))
    return queue


def test_batches_hold_at_most_forty_oldest_first() -> None:
    queue = filled(100)
    assert queue.next(0) == orders(ADVICES_PER_BATCH_MAX)


def test_one_batch_at_a_time() -> None:
    queue = filled(100)
    queue.sent(BATCH, queue.next(0), 0)
    assert queue.next(1) == ()
    queue.recorded(orders(40), BATCH, 2)
    assert queue.next(3) == orders(80)[40:]


def test_what_is_not_answered_is_sent_again() -> None:
    queue = filled(3)
    queue.sent(BATCH, queue.next(0), 0)
    assert not queue.look(ANSWER_WITHIN_NS - 1)
    assert queue.look(ANSWER_WITHIN_NS)
    assert queue.next(ANSWER_WITHIN_NS + PAUSE_NS_MAX) == orders(1)
    assert len(queue) == 3


def test_a_refused_batch_is_taken_apart_until_the_culprit_is_found() -> None:
    queue, now, sent = filled(5), 0, 0
    poison = orders(5)[2]
    found = []
    while len(queue) > 1:
        now += 1
        batch = queue.next(now)
        assert batch, "one bad advice must not hold the others up"
        sent += 1
        queue.sent(UUID(int=sent), batch, now)
        if poison in batch:
            culprit = queue.refused(UUID(int=sent), now)
            found += [culprit] if culprit else []
        else:
            queue.recorded(batch, UUID(int=sent), now)
    assert found == [poison]
    assert queue.next(now) == ()
    assert queue.next(now + SET_ASIDE_NS_MIN) == (poison,)


def test_a_reconnect_sends_everything_again_at_once() -> None:
    queue = filled(2)
    queue.sent(BATCH, queue.next(0), 0)
    queue.wake()
    assert queue.next(1) == orders(2)


def test_an_advice_the_hub_left_out_is_not_forgotten() -> None:
    queue = filled(2)
    queue.sent(BATCH, queue.next(0), 0)
    queue.recorded(orders(1), BATCH, 1)
    assert queue.next(1) == ()
    assert queue.due_ns(1) == 1 + SET_ASIDE_NS_MIN
    assert queue.next(1 + SET_ASIDE_NS_MIN) == (orders(2)[1],)


def test_an_answer_to_an_older_batch_still_counts() -> None:
    queue = filled(2)
    queue.sent(BATCH, queue.next(0), 0)
    queue.look(ANSWER_WITHIN_NS)
    queue.recorded(orders(2), BATCH, ANSWER_WITHIN_NS + 1)
    assert len(queue) == 0


def test_it_says_when_it_wants_to_be_asked_again() -> None:
    queue = DeliveryQueue()
    assert queue.due_ns(5) is None
    queue.add(orders(1))
    assert queue.due_ns(5) == 5
    queue.not_sent(5)
    later = queue.due_ns(5)
    assert later is not None
    assert later > 5
    assert queue.next(later) == orders(1)

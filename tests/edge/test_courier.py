"""The courier fits advices into messages and reports what nobody can deliver."""

from __future__ import annotations

import asyncio
from uuid import UUID

from contract.ids import OrderId
from contract.messages import AdviceBatch, CashierLogout, FromTill, encode
from contract.topics import ADVICES_PER_BATCH_MAX, MESSAGE_BYTES_MAX
from edge.core.errors import NotConnected
from edge.core.events import AdviceStuck, ProbeImpossible
from edge.courier import Courier
from edge.journal.memory import MemoryJournal
from edge.till import SystemClock
from tests.patience import PATIENCE_S


class Shelf(MemoryJournal):
    """A journal that holds advices of a chosen size."""

    size = 100

    async def advices(self, orders: object) -> dict[OrderId, bytes]:
        assert isinstance(orders, tuple)
        return dict.fromkeys(orders, b'"' + b"x" * (self.size - 2) + b'"')


class Road:
    """A Hub that notes what is sent and answers nothing."""

    def __init__(self) -> None:
        self.open = True
        self.sent: asyncio.Queue[FromTill] = asyncio.Queue()

    def send(self, message: FromTill, *, expires_s: int | None = None) -> None:
        if not self.open:
            raise NotConnected("The till is not connected to the hub.")
        if isinstance(message, AdviceBatch):
            assert expires_s is None, "an advice never expires"
        self.sent.put_nowait(message)


def orders(count: int) -> tuple[OrderId, ...]:
    return tuple(OrderId(UUID(int=number + 1)) for number in range(count))


class Office:
    """A courier at work."""

    def __init__(self, size: int = 100) -> None:
        self.shelf, self.road = Shelf(), Road()
        self.shelf.size = size
        self.posted: asyncio.Queue[AdviceStuck | ProbeImpossible] = asyncio.Queue()
        self.courier = Courier(
            journal=self.shelf,
            hub=self.road,
            clock=SystemClock(),
            post=self.posted.put_nowait,
        )

    async def __aenter__(self) -> Office:
        self.working = asyncio.create_task(self.courier.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.working.cancel()
        await asyncio.gather(self.working, return_exceptions=True)

    async def next(self) -> AdviceBatch:
        batch = await self.message()
        assert isinstance(batch, AdviceBatch)
        return batch

    async def message(self) -> FromTill:
        return await asyncio.wait_for(self.road.sent.get(), PATIENCE_S)


async def test_ten_thousand_go_forty_at_a_time_and_none_twice() -> None:
    everyone, batches = orders(10_000), 0
    async with Office() as office:
        office.courier.hand_over(everyone)
        done = 0
        while done < len(everyone):
            batch = await office.next()
            part = everyone[done : done + len(batch.advices)]
            office.courier.recorded(part, batch.id)
            done += len(part)
            batches += 1
        assert batches == len(everyone) // ADVICES_PER_BATCH_MAX
        assert office.road.sent.empty()


async def test_a_message_stays_within_its_limit() -> None:
    async with Office(size=20_000) as office:
        office.courier.hand_over(orders(10))
        batch = await office.next()
        assert len(batch.advices) == 3
        assert len(encode(batch)) <= MESSAGE_BYTES_MAX


async def test_without_a_connection_it_waits_to_be_woken() -> None:
    async with Office() as office:
        office.road.open = False
        office.courier.hand_over(orders(1))
        await asyncio.sleep(0)
        office.road.open = True
        office.courier.wake()
        assert len((await office.next()).advices) == 1


async def test_with_nothing_to_send_there_is_no_probe() -> None:
    async with Office() as office:
        office.courier.probe()
        posted = await asyncio.wait_for(office.posted.get(), PATIENCE_S)
        assert isinstance(posted, ProbeImpossible)


ANN, BEN = (
    CashierLogout(id=UUID(int=90 + number), cashier=name)
    for number, name in enumerate(("ann", "ben"))
)


async def test_the_hub_hears_who_has_left_before_it_hears_of_their_orders() -> None:
    """Else it takes a close-out for one whose cashier was still logged in."""
    async with Office() as office:
        office.road.open = False
        office.courier.say((ANN, BEN))
        office.courier.hand_over(orders(1))
        await asyncio.sleep(0)
        office.road.open = True
        office.courier.wake()
        said = [await office.message() for _ in range(3)]
        assert said[:2] == [ANN, BEN]
        assert isinstance(said[2], AdviceBatch)


async def test_log_outs_are_said_without_any_advice_until_they_are_answered() -> None:
    async with Office() as office:
        office.courier.say((ANN,))
        assert await office.message() == ANN
        office.courier.wake()
        assert await office.message() == ANN
        office.courier.say(())
        office.courier.wake()
        office.courier.hand_over(orders(1))
        assert len((await office.next()).advices) == 1

"""Batch booking beside pgbench: closed loop, through the checks, and back to back."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from typing import TYPE_CHECKING

import uvloop

from contract.order import decode_order
from hub.assembly import COLLECTION_THRESHOLDS
from hub.core.booking import Item, ResultCode, request_item
from hub.core.tokens import verify
from hub.service.booking import NotBooked
from provisioning.bench.baseline import Pace, Servers, run_pgbench
from provisioning.bench.crowd import Crowd, Hub, found_event, running_hub, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.load import BOOKED, Tally
from provisioning.bench.watch import family_cpu_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from contract.messages import OrderRequest
    from hub.core.booking import Result

DATABASE = "ledger"
TILLS = (1, 8, 32, 128)
BATCH = 256
LOOPS_UNTIL_TAKEN = 5
BASELINE_CLIENTS = 8
OTHER_CLIENTS = (1, 32)
BASELINE = f"pgbench, {BASELINE_CLIENTS} clients"
WARM_UP_S = 0.5
UNIT = "orders/s"
RATIO_MIN = 4.0
CHECKED_TILLS = 32
ORDERS_PER_S_MAX = 16_000


def measure_ledger(
    figures: Figures, servers: Servers, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Measure everything, repetition by repetition; pgbench in between."""
    cluster, counts = servers.cluster, pace.tills or TILLS
    dsn = cluster.create_database(DATABASE)
    say("ledger: issuing wristbands\n")
    crowd = uvloop.run(found_event(dsn, servers.key, till_names(1)))
    for repetition in range(1, pace.repetitions + 1):
        say(f"ledger: repetition {repetition} of {pace.repetitions}\n")
        for clients in (*OTHER_CLIENTS, BASELINE_CLIENTS):
            sample = run_pgbench(cluster, clients, pace.seconds)
            figures.add(f"pgbench, {clients} clients", sample, unit="tps")
        samples = _measure_once(dsn, servers, crowd, pace.seconds, counts)
        for name, sample in uvloop.run(samples).items():
            figures.add(name, sample, unit=UNIT, baseline=BASELINE)
        again = run_pgbench(cluster, BASELINE_CLIENTS, pace.seconds)
        figures.add(BASELINE, again, unit="tps")
    return [_target(figures, max(counts))]


def _target(figures: Figures, tills: int) -> Target:
    ratio = figures.median(f"booking, {tills} tills") / figures.median(BASELINE)
    return Target(
        name=f"batch booking with {tills} tills / {BASELINE}",
        bound="at least",
        limit=RATIO_MIN,
        value=ratio,
    )


async def _measure_once(
    dsn: str, servers: Servers, crowd: Crowd, seconds: int, counts: Sequence[int]
) -> dict[str, Sample]:
    async with running_hub(dsn, servers.key) as (_store, context, hub):
        keys, event = context.current.agreed.token_keys, context.current.number
        # By their second order all are known, and that is what is measured.
        for _, credential in crowd.guests:
            verify(credential, keys, event)
        bench = LedgerBench(hub, crowd, servers.cluster.pid, seconds)
        samples = {
            f"booking, {count} tills": await bench.book(count) for count in counts
        }
        name = f"checks and booking, {CHECKED_TILLS} tills"
        samples[name] = await bench.check_and_book(CHECKED_TILLS)
        name = f"booking, full batches of {BATCH}"
        samples[name] = await bench.book_back_to_back()
        return samples


class LedgerBench:
    """Books orders that were made beforehand, so that the hub alone is measured."""

    def __init__(self, hub: Hub, crowd: Crowd, postgres: int, seconds: int) -> None:
        self._hub = hub
        self._crowd = crowd
        self._postgres = postgres
        self._seconds = seconds
        self._maker = crowd.maker(seed=time.time_ns())

    async def book(self, tills: int) -> Sample:
        """Each till submits an order as the checks leave it, waits, and goes on."""
        stock = self._items()
        tally = Tally.of(self._seconds, warm_up_s=WARM_UP_S)
        meter = Meter(self._hub, self._postgres)
        loop = asyncio.get_running_loop()
        ends = [loop.create_future() for _ in range(tills)]
        for end in ends:
            ClosedLoop(self._hub, stock, tally, end).submit()
        await asyncio.gather(*ends)
        return tally.sample(**meter.read(tally.answers))

    async def check_and_book(self, tills: int) -> Sample:
        """The same from the message on: token, prices and taxes are checked."""
        till = self._crowd.tills[0]
        stock = self._requests()

        async def ask() -> str:
            verdict = await self._hub.orders.request(next(stock), till)
            return type(verdict).__name__

        return await self._run([ask] * tills)

    async def book_back_to_back(self) -> Sample:
        """Keep a full batch waiting while another is booked: the ceiling."""
        stock = self._items()
        tally = Tally.of(self._seconds, warm_up_s=WARM_UP_S)
        meter = Meter(self._hub, self._postgres)

        async def book_batches() -> None:
            goes_on = True
            while goes_on:
                sent_s = time.perf_counter()
                answers = [
                    self._hub.booking.submit(item)
                    for item in itertools.islice(stock, BATCH)
                ]
                for result in await asyncio.gather(*answers):
                    goes_on = tally.take(_word(result.code), sent_s)

        first = asyncio.create_task(book_batches())
        # Until the first is taken: both at once would be one batch.
        for _ in range(LOOPS_UNTIL_TAKEN):
            await asyncio.sleep(0)
        await asyncio.gather(first, book_batches())
        return tally.sample(**meter.read(tally.answers))

    async def _run(self, tills: Sequence[Callable[[], Awaitable[str]]]) -> Sample:
        tally = Tally.of(self._seconds, warm_up_s=WARM_UP_S)
        meter = Meter(self._hub, self._postgres)

        async def sell(ask: Callable[[], Awaitable[str]]) -> None:
            goes_on = True
            while goes_on:
                sent_s = time.perf_counter()
                goes_on = tally.take(await ask(), sent_s)

        await asyncio.gather(*map(sell, tills))
        return tally.sample(**meter.read(tally.answers))

    def _items(self) -> Iterator[Item]:
        items = [_item(request) for request in self._requests()]
        gc.collect()
        gc.freeze()  # else looking at all these is what is measured
        gc.set_threshold(*COLLECTION_THRESHOLDS)  # as the hub that serves does
        return iter(items)

    def _requests(self) -> Iterator[OrderRequest]:
        till = self._crowd.tills[0]
        return iter([self._maker.request(till) for _ in range(self._stock_size)])

    @property
    def _stock_size(self) -> int:
        return int((self._seconds + WARM_UP_S) * ORDERS_PER_S_MAX)


class ClosedLoop:
    """One till as the link stands for it: called with a result, it submits the next."""

    def __init__(
        self, hub: Hub, stock: Iterator[Item], tally: Tally, end: asyncio.Future[None]
    ) -> None:
        self._hub = hub
        self._stock = stock
        self._tally = tally
        self._end = end
        self._sent_s = 0.0

    def submit(self) -> None:
        """Hand the next order in."""
        self._sent_s = time.perf_counter()
        self._hub.booking.hand_in(next(self._stock), self._hear)

    def _hear(self, result: Result | NotBooked) -> None:
        if isinstance(result, NotBooked):
            self._end.set_exception(result)
        elif self._tally.take(_word(result.code), self._sent_s):
            self.submit()
        else:
            self._end.set_result(None)


class Meter:
    """What an order costs from now on, in CPU time: that no neighbor can distort."""

    def __init__(self, hub: Hub, postgres: int) -> None:
        self._hub = hub
        self._postgres = postgres
        self._hub_s = time.process_time()
        self._server_s = family_cpu_s(postgres)
        self._batch = hub.booking.position[0]

    def read(self, orders: int) -> dict[str, float]:
        """Mean batch, and microseconds per order in this process and the server."""
        batches = self._hub.booking.position[0] - self._batch
        hub_s = time.process_time() - self._hub_s
        server_s = family_cpu_s(self._postgres) - self._server_s
        return {
            "batch": orders / max(batches, 1),
            "hub_us": hub_s / max(orders, 1) * 1_000_000,
            "server_us": server_s / max(orders, 1) * 1_000_000,
        }


def _item(request: OrderRequest) -> Item:
    body = bytes(request.order)
    return request_item(decode_order(body), body, None)


def _word(code: ResultCode) -> str:
    return BOOKED if code is ResultCode.BOOKED else code.value

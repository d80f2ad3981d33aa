"""Batch booking beside pgbench: closed loop, through the checks, and back to back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop

from contract.order import decode_order
from hub.core.booking import Item, ResultCode, request_item
from provisioning.bench.baseline import run_pgbench
from provisioning.bench.crowd import Crowd, Hub, found_event, running_hub, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.load import BOOKED, Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from contract.ids import TillId
    from contract.messages import OrderRequest
    from provisioning.bench.orders import OrderMaker
    from provisioning.postgres import PrivatePostgres
    from provisioning.token_key import TokenKey

DATABASE = "ledger"
TILLS = (1, 8, 32, 128)
BATCH = 256
BASELINE_CLIENTS = 8
OTHER_CLIENTS = (1, 32)
BASELINE = f"pgbench, {BASELINE_CLIENTS} clients"
WARM_UP_S = 0.5
UNIT = "orders/s"
RATIO_MIN = 3.0
FULL_TILLS = 128


@dataclass(frozen=True, slots=True)
class LedgerPlan:
    """How long and how often to measure, and with how many tills."""

    seconds: int
    repetitions: int
    tills: tuple[int, ...] = TILLS


def measure_ledger(
    figures: Figures,
    cluster: PrivatePostgres,
    key: TokenKey,
    plan: LedgerPlan,
    say: Callable[[str], object],
) -> list[Target]:
    """Measure everything, repetition by repetition; pgbench in between."""
    dsn = cluster.create_database(DATABASE)
    say("ledger: issuing wristbands\n")
    crowd = uvloop.run(found_event(dsn, key, till_names(max(plan.tills))))
    for repetition in range(1, plan.repetitions + 1):
        say(f"ledger: repetition {repetition} of {plan.repetitions}\n")
        for clients in (*OTHER_CLIENTS, BASELINE_CLIENTS):
            sample = run_pgbench(cluster, clients, plan.seconds)
            figures.add(f"pgbench, {clients} clients", sample, unit="tps")
        uvloop.run(_measure_once(figures, dsn, key, crowd, plan))
        again = run_pgbench(cluster, BASELINE_CLIENTS, plan.seconds)
        figures.add(BASELINE, again, unit="tps")
    return [_target(figures, max(plan.tills))]


def _target(figures: Figures, tills: int) -> Target:
    ratio = figures.median(f"booking, {tills} tills") / figures.median(BASELINE)
    return Target(
        name=f"batch booking with {tills} tills / {BASELINE}",
        bound="at least",
        limit=RATIO_MIN,
        value=ratio,
    )


async def _measure_once(
    figures: Figures, dsn: str, key: TokenKey, crowd: Crowd, plan: LedgerPlan
) -> None:
    async with running_hub(dsn, key) as (_store, _context, hub):
        loop = ClosedLoop(hub, crowd.maker(seed=time.time_ns()))
        for count in plan.tills:
            tills = crowd.tills[:count]
            sample = await loop.run(loop.book, tills, plan.seconds)
            figures.add(f"booking, {count} tills", sample, unit=UNIT, baseline=BASELINE)
        count = min(32, max(plan.tills))
        sample = await loop.run(loop.request, crowd.tills[:count], plan.seconds)
        name = f"checks and booking, {count} tills"
        figures.add(name, sample, unit=UNIT, baseline=BASELINE)
        sample = await loop.run_back_to_back(crowd.tills[0], plan.seconds)
        name = f"booking, full batches of {BATCH}"
        figures.add(name, sample, unit=UNIT, baseline=BASELINE)


class ClosedLoop:
    """Tills as tasks: each asks, waits for its verdict, and asks again."""

    def __init__(self, hub: Hub, maker: OrderMaker) -> None:
        self._hub = hub
        self._maker = maker

    async def run(
        self,
        book: Callable[[OrderRequest, TillId], Awaitable[str]],
        tills: tuple[TillId, ...],
        seconds: int,
    ) -> Sample:
        """Run all tills for some seconds, after a warm-up."""
        tally = Tally.of(seconds, warm_up_s=WARM_UP_S)
        before_s, batch = time.process_time(), self._hub.booking.position[0]
        await asyncio.gather(*(self._sell(book, till, tally) for till in tills))
        used_s = time.process_time() - before_s
        batches = self._hub.booking.position[0] - batch
        return tally.sample(
            batch=len(tally.latencies_s) * (1 + WARM_UP_S / seconds) / max(batches, 1),
            client_cores=used_s / (seconds + WARM_UP_S),
        )

    async def book(self, request: OrderRequest, till: TillId) -> str:
        """Book an order as the ledger gets it after the checks."""
        del till
        result = await self._hub.booking.submit(_item(request))
        return BOOKED if result.code is ResultCode.BOOKED else result.code.value

    async def request(self, request: OrderRequest, till: TillId) -> str:
        """Have an order checked (token, prices, taxes) and booked."""
        return type(await self._hub.orders.request(request, till)).__name__

    async def run_back_to_back(self, till: TillId, seconds: int) -> Sample:
        """Keep one full batch waiting while another is booked: the ceiling."""
        tally = Tally.of(seconds, warm_up_s=WARM_UP_S)
        goes_on = True

        async def batch() -> None:
            nonlocal goes_on
            while goes_on:
                items = [_item(self._maker.request(till)) for _ in range(BATCH)]
                sent_s = time.perf_counter()
                answers = [self._hub.booking.submit(item) for item in items]
                for answer in answers:
                    code = (await answer).code
                    verdict = BOOKED if code is ResultCode.BOOKED else code.value
                    goes_on = tally.take(verdict, sent_s)

        await asyncio.gather(batch(), batch())
        return tally.sample()

    async def _sell(
        self,
        book: Callable[[OrderRequest, TillId], Awaitable[str]],
        till: TillId,
        tally: Tally,
    ) -> None:
        goes_on = True
        while goes_on:
            request = self._maker.request(till)
            sent_s = time.perf_counter()
            goes_on = tally.take(await book(request, till), sent_s)


def _item(request: OrderRequest) -> Item:
    body = bytes(request.order)
    return request_item(decode_order(body), body, None)

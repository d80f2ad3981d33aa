"""Fills a ledger with orders as fast as its engine books them, and what that costs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from contract.fiscal import Outage
from contract.messages import OrderAdvice, encode_advice
from contract.order import Outcome, Path, decode_order
from hub.core.booking import ResultCode, advice_item, request_item
from provisioning.bench.figures import Sample
from provisioning.bench.ledger import Meter
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract.fiscal import Signature
    from contract.messages import OrderRequest
    from contract.order import Order
    from hub.core.booking import Item
    from provisioning.bench.crowd import Crowd, Hub

STOCK = 4096  # made beforehand, then booked in full batches
NO_TSE = "The tills of this run have no TSE."


class Filler:
    """Books orders of many guests; only the booking itself is measured.

    Without a way to sign, the orders say that there was no TSE.
    """

    def __init__(
        self,
        hub: Hub,
        crowd: Crowd,
        postgres: int,
        sign: Callable[[Order], Signature] | None = None,
    ) -> None:
        self._hub = hub
        self._sign = sign
        self._till = crowd.tills[0]
        self._maker = crowd.maker(seed=time.time_ns())
        self._postgres = postgres

    async def fill(self, orders: int, *, advised: bool = False) -> Sample:
        """Book that many requests, each with its completed advice if asked for."""
        spent: Counter[str] = Counter()
        left = orders
        while left > 0:
            requests = [
                self._maker.request(self._till) for _ in range(min(STOCK, left))
            ]
            await self._book([_request(each) for each in requests], spent)
            if advised:
                await self._book([self._advice(each) for each in requests], spent)
            left -= len(requests)
        return Sample(
            orders / (spent["elapsed_us"] / 1_000_000),
            details={
                name: spent[name] / max(orders, 1) for name in ("hub_us", "server_us")
            },
        )

    async def _book(self, items: Sequence[Item], spent: Counter[str]) -> None:
        meter, before_s = Meter(self._hub, self._postgres), time.perf_counter()
        results = await asyncio.gather(*map(self._hub.booking.submit, items))
        spent["elapsed_us"] += round((time.perf_counter() - before_s) * 1_000_000)
        used = meter.read(len(items))
        for name in ("hub_us", "server_us"):
            spent[name] += round(used[name] * len(items))
        for result in results:
            if result.code not in {ResultCode.BOOKED, ResultCode.RECORDED}:
                raise ProvisioningError(
                    f"The ledger answered {result.code.value} ({result.reason}) while"
                    " it was filled. This run is worth nothing."
                )

    def _advice(self, request: OrderRequest) -> Item:
        now, order = datetime.now(UTC), decode_order(request.order)
        signed = self._sign is not None
        advice = OrderAdvice(
            order=request.order,
            outcome=Outcome.COMPLETED,
            path=Path.ONLINE,
            decided_at=now,
            credential=request.credential,
            signature=self._sign(order) if self._sign is not None else None,
            outage=None if signed else Outage(since=now, reason=NO_TSE),
        )
        return advice_item(advice, order, encode_advice(advice))


def _request(request: OrderRequest) -> Item:
    body = bytes(request.order)
    return request_item(decode_order(body), body, None)

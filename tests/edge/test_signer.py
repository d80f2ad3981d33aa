"""The TSE performs one effect at a time, once it is open; what fails is an event."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.fiscal import ABORTED_PROCESS_DATA
from contract.ids import OrderId, new_order_id
from edge.core import effects, events
from edge.core.records import FiscalStart
from edge.signer import Signer
from edge.till import SystemClock
from tests.contract.samples import AT
from tests.edge.parts import FakeTse
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ORDER = OrderId(new_order_id())
START = FiscalStart(7, 1, AT)


@dataclass
class Posted:
    """What the till would hear."""

    seen: asyncio.Queue[events.Event] = field(default_factory=asyncio.Queue)
    serials: list[str] = field(default_factory=list)

    async def next(self) -> events.Event:
        return await asyncio.wait_for(self.seen.get(), PATIENCE_S)


@contextlib.asynccontextmanager
async def signing(tse: FakeTse, posted: Posted) -> AsyncIterator[Signer]:
    signer = Signer(tse, SystemClock(), posted.seen.put_nowait, posted.serials.append)
    task = asyncio.create_task(signer.run())
    try:
        yield signer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_effects_wait_for_the_opening_and_keep_their_order() -> None:
    tse, posted = FakeTse(), Posted()
    async with signing(tse, posted) as signer:
        signer.put(effects.BeginFiscal(ORDER))
        signer.put(effects.FinishFiscal(ORDER, START, "data"))
        signer.put(effects.FindFiscal(ORDER, START))
        await asyncio.sleep(0)
        assert tse.counter == 0, "it is not open"
        await signer.open()
        heard = [type(await posted.next()) for _ in range(4)]
    assert heard == [
        events.FiscalOpened,
        events.FiscalStarted,
        events.FiscalFinished,
        events.FiscalNotFound,
    ]
    assert posted.serials == ["ab" * 32]
    assert tse.signed == ["data"]


async def test_what_fails_is_told_and_the_next_effect_is_taken() -> None:
    tse, posted = FakeTse(down=True), Posted()
    async with signing(tse, posted) as signer:
        await signer.open()
        signer.put(effects.CloseStray(3))  # nobody waits for it
        signer.put(effects.BeginFiscal(ORDER))
        failed = await posted.next()
        tse.down = False
        signer.put(effects.BeginFiscal(ORDER))
        assert isinstance(await posted.next(), events.FiscalStarted)
    assert isinstance(failed, events.FiscalFailed)
    assert "does not answer" in failed.reason
    assert not failed.silent
    assert posted.serials == []


async def test_a_stray_is_closed_as_aborted() -> None:
    tse, posted = FakeTse(), Posted()
    async with signing(tse, posted) as signer:
        await signer.open()
        signer.put(effects.CloseStray(3))
        signer.put(effects.BeginFiscal(ORDER))
        assert isinstance(await posted.next(), events.FiscalOpened)
        await posted.next()
    assert tse.signed == [ABORTED_PROCESS_DATA]

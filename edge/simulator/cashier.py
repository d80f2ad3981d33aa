"""A scripted cashier: sells at a real till as a person would, with virtual wristbands.

It acts only through the intents a screen has, looks only at what a screen shows, and
keeps no counters: what was sold is for journals, ledger and TSE to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.core.intents import (
    AbortOrder,
    AnswerHandedOut,
    BackToBasket,
    Dismiss,
    PayByCash,
    PayByWristband,
    Pick,
)
from edge.core.view import Phase
from edge.simulator.vpcd import NoVirtualReader, tap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from random import Random

    from edge.core.view import TillView
    from edge.ports import TillPort
    from edge.simulator.wristband import VirtualWristband

LOOK_AGAIN_S = 1.0
STEP_TIMEOUT_S = 10.0  # an answer of the till: hub deadline, card and disk included
TAP_TIMEOUT_S = 4.0  # then a person lifts the wristband and holds it there again
TAPS_MAX = 3
PICKS_MAX = 3


@dataclass(frozen=True, slots=True)
class Habits:
    """How often the cashier does what, in percent; `pause_s` between two orders."""

    abort_basket: int = 4
    cash_at_once: int = 8
    after_decline_cash: int = 40
    after_decline_other_wristband: int = 40  # else the basket is aborted
    pause_s: float = 0.0


class ScriptedCashier:
    """One cashier at one till, whose reader's slot listens on `port`."""

    def __init__(
        self,
        till: TillPort,
        *,
        random: Random,
        port: int,
        wristbands: Sequence[VirtualWristband],
        habits: Habits | None = None,
    ) -> None:
        if not wristbands:
            raise ValueError("A scripted cashier needs wristbands to tap.")
        self._till = till
        self._random = random
        self._port = port
        self._queue = list(wristbands)  # the one that rested longest comes first
        self._habits = habits or Habits()
        self._changed = asyncio.Event()

    async def sell_until(self, stop: asyncio.Event) -> None:
        """Sell order after order until told to stop; leaves no order open."""
        unsubscribe = self._till.watch(self._look)
        try:
            while not stop.is_set():
                if await self._clear_counter(LOOK_AGAIN_S) and not stop.is_set():
                    await self._sell()
                    await asyncio.sleep(self._habits.pause_s)
            await self._clear_counter(STEP_TIMEOUT_S)
        finally:
            unsubscribe()

    def _look(self, view: TillView) -> None:
        """See what a person would see at once, an approval above all."""
        if view.phase is Phase.APPROVED and view.approval is not None:
            self._till.shown(view.approval.order)
        self._changed.set()

    async def _sell(self) -> None:
        if not await self._fill_basket() or self._happens(self._habits.abort_basket):
            return  # the counter is cleared before the next order
        view = self._till.view
        if view.cash_allowed and self._happens(self._habits.cash_at_once):
            await self._take_cash()
            return
        while await self._present_wristband() is Phase.DECLINED:
            self._till.submit(BackToBasket())
            if not await self._reaches(Phase.SELLING):
                return
            choice = self._random.randrange(100)
            if (
                choice < self._habits.after_decline_cash
                and self._till.view.cash_allowed
            ):
                await self._take_cash()
                return
            if choice >= (
                self._habits.after_decline_cash
                + self._habits.after_decline_other_wristband
            ):
                return

    async def _fill_basket(self) -> bool:
        catalogue = self._till.view.catalogue
        if catalogue is None:
            return False
        for _ in range(self._random.randint(1, PICKS_MAX)):
            self._till.submit(Pick(self._random.choice(catalogue.products).id))
        return await self._until(lambda view: bool(view.basket), STEP_TIMEOUT_S)

    async def _take_cash(self) -> None:
        self._till.submit(PayByCash())
        await self._reaches(Phase.APPROVED)

    async def _present_wristband(self) -> Phase | None:
        """Tap one wristband until the till judged it; None when it never did."""
        self._till.submit(PayByWristband())
        wristband = self._next_wristband()
        for _ in range(TAPS_MAX):
            if not await self._reaches(Phase.PRESENT):
                break
            async with self._held(wristband):
                judged = await self._until(
                    lambda view: view.phase in {Phase.APPROVED, Phase.DECLINED},
                    TAP_TIMEOUT_S,
                )
            if judged:
                break
        phase = self._till.view.phase
        return phase if phase in {Phase.APPROVED, Phase.DECLINED} else None

    @contextlib.asynccontextmanager
    async def _held(self, wristband: VirtualWristband) -> AsyncIterator[None]:
        """Hold it to the reader; a reader that is gone is the till's matter."""
        card = tap(self._port, wristband)
        try:
            await asyncio.to_thread(card.__enter__)
        except NoVirtualReader:
            yield
            return
        try:
            yield
        finally:
            await asyncio.to_thread(card.__exit__)

    def _next_wristband(self) -> VirtualWristband:
        """Take one of the half that rested longest: the next guest is another one."""
        rested = self._queue[: max(1, len(self._queue) // 2)]
        wristband = self._random.choice(rested)
        self._queue.remove(wristband)
        self._queue.append(wristband)
        return wristband

    async def _clear_counter(self, timeout_s: float) -> bool:
        """Bring the till to an empty basket; False when it did not get there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not _is_clear(self._till.view):
                    self._changed.clear()
                    self._step_towards_clear(self._till.view)
                    await self._change(LOOK_AGAIN_S)
        return _is_clear(self._till.view)

    def _step_towards_clear(self, view: TillView) -> None:
        match view.phase:
            case Phase.SELLING:
                self._till.submit(AbortOrder())
            case Phase.PRESENT | Phase.DECLINED:
                self._till.submit(BackToBasket())
            case Phase.APPROVED:
                self._till.submit(Dismiss())
            case Phase.HANDED_OUT:
                self._till.submit(AnswerHandedOut(handed_out=True))
            case _:  # the till is busy or halted: wait
                pass

    async def _reaches(self, phase: Phase) -> bool:
        return await self._until(lambda view: view.phase is phase, STEP_TIMEOUT_S)

    async def _until(
        self, wanted: Callable[[TillView], bool], timeout_s: float
    ) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not wanted(self._till.view):
                    self._changed.clear()
                    await self._changed.wait()
        return wanted(self._till.view)

    async def _change(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()

    def _happens(self, percent: int) -> bool:
        return self._random.randrange(100) < percent


def _is_clear(view: TillView) -> bool:
    return view.phase is Phase.SELLING and not view.basket

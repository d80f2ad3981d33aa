"""A scripted cashier: sells at a real till as a person would, with virtual wristbands.

It acts only through the intents a screen has, looks only at what a screen shows, and
keeps no counters: what was sold is for journals, ledger and TSE to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.order import OrderKind
from edge.core.intents import (
    AbortOrder,
    AnswerHandedOut,
    AskWristband,
    BackToBasket,
    Dismiss,
    LogIn,
    LogOut,
    MoneyTaken,
    PayByCard,
    PayByCash,
    PayByWristband,
    Pick,
    Return,
    SwitchTraining,
)
from edge.core.view import Phase
from edge.simulator import repertoire
from edge.simulator.people import NOBODY
from edge.simulator.repertoire import Who
from edge.simulator.vpcd import NoVirtualReader, tap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from random import Random
    from uuid import UUID

    from edge.core.view import TillView
    from edge.ports import TillPort
    from edge.simulator.people import Badge, People
    from edge.simulator.repertoire import Errand
    from edge.simulator.wristband import VirtualWristband

LOOK_AGAIN_S = 1.0
STEP_TIMEOUT_S = 10.0  # an answer of the till: hub deadline, card and disk included
TAP_TIMEOUT_S = 4.0  # then a person lifts the wristband and holds it there again
SAME_AGAIN_S = 1.5  # a reader holds the same one back that returns at once
TAPS_MAX = 3
PICKS_MAX = 3
CLOSED_WITHIN_S = 20.0  # until every order is signed
LOG_INS_MAX = 20  # until the hub has heard whose the register is


@dataclass(frozen=True, slots=True)
class Habits:
    """How often the cashier does what, in percent; `pause_s` between two orders."""

    abort_basket: int = 4
    cash_at_once: int = 8
    after_decline_cash: int = 40
    after_decline_other_wristband: int = 40  # else the basket is aborted
    card_at_once: int = 0
    errand: int = 0
    """Orders that are no sale; with any, a shift begins and ends, and so does Z."""
    pause_s: float = 0.0


class ScriptedCashier:
    """One cashier at one till, whose reader's slot listens on `port`."""

    def __init__(
        self,
        till: TillPort,
        *,
        random: Random,
        port: int,
        people: People,
        habits: Habits | None = None,
    ) -> None:
        self._till = till
        self._random = random
        self._port = port
        self._queue = list(people.guests)  # the one that rested longest comes first
        self._spare = people.spare  # never used, for a swap
        self._team = people.team
        self._bills = list(people.bills)
        self._holder = NOBODY if people.team is None else people.team.cashier.id
        self._handed_out = False
        self._habits = habits or Habits()
        self._errands: list[Errand] = []
        self._sold: UUID | None = None
        self._last: VirtualWristband | None = None
        self._changed = asyncio.Event()

    async def sell_until(self, stop: asyncio.Event) -> None:
        """Sell order after order until told to stop; leaves no order open."""
        unsubscribe = self._till.watch(self._look)
        began = False
        try:
            while not stop.is_set():
                if await self._clear_counter(LOOK_AGAIN_S) and not stop.is_set():
                    if self._habits.errand and not began:
                        began = await self._begin_shift()
                        continue
                    await self._next_order()
                    await asyncio.sleep(self._habits.pause_s)
            if await self._clear_counter(STEP_TIMEOUT_S) and self._handed_out:
                await self._end_shift()
        finally:
            unsubscribe()

    def _look(self, view: TillView) -> None:
        """See what a person would see at once, an approval above all."""
        if view.phase is Phase.APPROVED and view.approval is not None:
            self._till.shown(view.approval.order)
            if view.approval.kind is OrderKind.SALE:
                self._sold = view.approval.order
        self._changed.set()

    async def _next_order(self) -> None:
        if not self._happens(self._habits.errand):
            await self._sell()
            return
        view = self._till.view
        if self._spare is not None:
            if await self._swap(self._spare):
                self._spare = None
            return
        if not self._errands and view.catalogue is not None:
            bill = self._bills.pop(0) if self._bills else repertoire.BILL
            self._errands = list(
                repertoire.errands(view, self._sold, self._random, bill)
            )
            start = self._random.randrange(len(self._errands))
            self._errands = self._errands[start:] + self._errands[:start]
        if self._errands:
            await self._run(self._errands.pop(0))

    async def _run(self, errand: Errand) -> None:
        """Do an errand to its end; what is left of it is cleared away after."""
        self._till.submit(errand.begin)
        for _ in range(errand.taps):
            if not await self._reaches(Phase.PRESENT):
                return
            before = self._till.view
            same = self._last if errand.who is Who.SAME else None
            wristband = same or self._next_wristband()
            if same is not None:
                await asyncio.sleep(SAME_AGAIN_S)
            async with self._held(wristband):
                await self._until(_taken(before), TAP_TIMEOUT_S)
            self._last = wristband
        if errand.pay is not None:
            self._till.submit(errand.pay)
            ends = {Phase.APPROVED, Phase.DECLINED, Phase.COLLECT}
            await self._until(lambda view: view.phase in ends, STEP_TIMEOUT_S)
            if self._till.view.phase is Phase.COLLECT:
                self._till.submit(MoneyTaken())
                await self._reaches(Phase.APPROVED)

    async def _swap(self, spare: VirtualWristband) -> bool:
        """Ask whose wristband it is, then move its wallet to the spare one.

        False, and nothing is swapped, for a wristband that is not good for it.
        """
        lost = self._next_wristband()
        self._till.submit(AskWristband())
        if not await self._reaches(Phase.PRESENT):
            return False
        async with self._held(lost):
            told = await self._until(
                lambda view: view.wristband is not None, TAP_TIMEOUT_S
            )
        info = self._till.view.wristband
        if not told or info is None or info.blocked:
            return False
        self._queue.remove(lost)
        self._queue.append(spare)
        self._till.submit(repertoire.swap(info.wristband).begin)
        if await self._reaches(Phase.PRESENT):
            async with self._held(spare):
                await self._reaches(Phase.APPROVED)
        return True

    async def _begin_shift(self) -> bool:
        """Hand the register out, and let in whoever sells; False: not yet."""
        team = self._team
        if not self._handed_out:
            if team is not None and not await self._change_to(team.supervisor):
                return False
            start = repertoire.shift_start(self._till.view, self._holder)
            await self._run(start)
            self._handed_out = True
            await self._clear_counter(STEP_TIMEOUT_S)
            self._till.submit(SwitchTraining(on=True))
            await self._until(lambda view: view.training, STEP_TIMEOUT_S)
        if team is not None and not await self._change_to(team.cashier):
            return False
        return await self._practice()

    async def _practice(self) -> bool:
        """Sell something for training, where the till was switched to it."""
        if self._till.view.training:
            await self._sell()
            await self._clear_counter(STEP_TIMEOUT_S)
            self._till.submit(SwitchTraining(on=False))
        return await self._until(lambda view: not view.training, STEP_TIMEOUT_S)

    async def _end_shift(self) -> None:
        """Count the register; the till closes the Z number when all is signed."""
        if self._team is not None and not await self._change_to(self._team.supervisor):
            return
        view = self._till.view
        await self._run(repertoire.shift_end(view, self._holder, self._random))
        await self._clear_counter(STEP_TIMEOUT_S)
        await self._until(lambda now: now.z_number > view.z_number, CLOSED_WITHIN_S)
        self._till.submit(LogOut())

    async def _change_to(self, badge: Badge) -> bool:
        """Let whoever works here leave, and somebody else come in."""
        for _ in range(LOG_INS_MAX):
            await self._clear_counter(STEP_TIMEOUT_S)
            if self._till.view.cashier:
                self._till.submit(LogOut())
                await self._until(lambda view: not view.cashier, STEP_TIMEOUT_S)
            self._till.submit(LogIn(pin=badge.pin))
            if await self._reaches(Phase.PRESENT):
                async with self._held(badge.wristband):
                    await self._until(_is_judged, TAP_TIMEOUT_S)
            if self._till.view.cashier:
                return True
            await asyncio.sleep(LOOK_AGAIN_S)
        return False

    async def _sell(self) -> None:
        if not await self._fill_basket() or self._happens(self._habits.abort_basket):
            return  # the counter is cleared before the next order
        view = self._till.view
        if view.cash_allowed and self._happens(self._habits.cash_at_once):
            await self._take_cash()
            return
        if self._happens(self._habits.card_at_once):
            self._till.submit(PayByCard())
            ends = {Phase.APPROVED, Phase.DECLINED, Phase.SELLING}
            await self._until(lambda view: view.phase is Phase.CHARGE, LOOK_AGAIN_S)
            await self._until(lambda view: view.phase in ends, STEP_TIMEOUT_S)
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
        tickets = {each.product for each in catalogue.tickets}
        sold = [each for each in catalogue.products if each.id not in tickets]
        for _ in range(self._random.randint(1, PICKS_MAX)):
            product = self._random.choice(sold)
            if product.returnable and self._habits.errand and self._happens(50):
                self._till.submit(Return(product.id))
            elif product.free_price:
                self._till.submit(Pick(product.id, self._random.randrange(1, 10) * 50))
            else:
                self._till.submit(Pick(product.id))
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
            case Phase.COLLECT:
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
    return view.phase is Phase.SELLING and view.kind is None and not view.basket


def _is_judged(view: TillView) -> bool:
    return view.phase not in {Phase.PRESENT, Phase.CHECKING}


def _taken(before: TillView) -> Callable[[TillView], bool]:
    """Tell whether the till has made something of the wristband held to it."""
    waiting = {Phase.PRESENT, Phase.CHECKING}
    return lambda view: (
        view.phase not in waiting
        or view.basket != before.basket
        or view.banner is not None
    )

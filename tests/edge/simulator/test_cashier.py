from __future__ import annotations

import asyncio
import contextlib
from collections import Counter as Tally
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from contract.catalogue import Catalogue, Product, ProductGroup, TaxRate
from contract.ids import EventId
from contract.messages import DeclineReason
from contract.money import Currency, Money
from contract.order import OrderKind
from edge.core.acts import CashAct
from edge.core.intents import (
    AbortOrder,
    AnswerHandedOut,
    BackToBasket,
    Begin,
    Dismiss,
    Intent,
    LogIn,
    LogOut,
    PayByCash,
    PayByWristband,
    Pick,
    SwitchTraining,
)
from edge.core.view import Approval, BasketLine, Decline, Phase, TillView
from edge.simulator.cashier import Habits, ScriptedCashier
from edge.simulator.people import Badge, People, Team
from edge.simulator.wristband import VirtualWristband

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FOUR = Money(400, Currency.EUR)
CATALOGUE = Catalogue(
    event=EventId("demo"),
    version=1,
    currency=Currency.EUR,
    taxes=(TaxRate(code=1, rate_bp=1900, name="19 %"),),
    groups=(ProductGroup(id=1, name="Drinks", color="#aa5500"),),
    products=tuple(
        Product(
            id=number, name="Beer", label="Beer", price_minor=400, tax_code=1, group=1
        )
        for number in (1, 2, 3)
    ),
)
WAIT_S = 60.0


class FakeTill:
    """A counter that goes through its phases as the checkout does.

    A card on the reader is a TCP connection; each one is approved or declined by the
    next of `verdicts` (approved when they run out).
    """

    def __init__(self, phase: Phase = Phase.SELLING) -> None:
        self.view = TillView(phase=phase, till="bar-1", catalogue=CATALOGUE)
        self.verdicts: list[Phase] = []
        self.intents: Tally[type[Intent]] = Tally()
        self.seen: list[UUID] = []
        self.approved: list[UUID] = []
        self.port = 0
        self.team: Team | None = None
        self.log: list[str] = []
        """Who came and went, and what only a shift is about."""
        self.refusals = 0
        """So many log-ins are refused before one is let in."""
        self._pin: str | None = None
        self._watchers: list[Callable[[TillView], None]] = []

    async def serve(self, _: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        """A card was put on the reader."""
        if self._pin is not None:
            self._let_in(self._pin)
        elif self.view.phase is Phase.PRESENT:
            verdict = self.verdicts.pop(0) if self.verdicts else Phase.APPROVED
            if verdict in {Phase.APPROVED, Phase.DECLINED}:  # else it was not read
                self._end(verdict)
        out.close()

    def submit(self, intent: Intent) -> None:
        self.intents[type(intent)] += 1
        match self.view.phase, intent:
            case Phase.SELLING, Pick(product=product):
                line = BasketLine(product, "Beer", 1, FOUR)
                self._show(basket=(*self.view.basket, line))
            case Phase.SELLING, AbortOrder():
                self._show(basket=())
            case Phase.SELLING, PayByWristband():
                self._show(phase=Phase.PRESENT)
            case Phase.SELLING, PayByCash():
                self._end(Phase.APPROVED)
            case ((Phase.PRESENT | Phase.DECLINED), BackToBasket()):
                self._show(phase=Phase.SELLING, decline=None)
            case Phase.APPROVED, Dismiss():
                assert self.seen[-1:] == self.approved[-1:], "dismissed without a look"
                self._show(phase=Phase.SELLING, approval=None, basket=())
            case Phase.HANDED_OUT, AnswerHandedOut():
                self._show(phase=Phase.SELLING)
            case Phase.SELLING, SwitchTraining(on=on):
                self.log.append("practices" if on else "is serious again")
                self._show(training=on)
            case Phase.SELLING, (LogIn() | LogOut() | Begin()):
                self._work(intent)

    def watch(self, callback: Callable[[TillView], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def shown(self, order: UUID) -> None:
        if order not in self.seen:
            self.seen.append(order)

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def _work(self, intent: Intent) -> None:
        match intent:
            case LogIn(pin=pin):
                self._pin = pin
                self._show(phase=Phase.PRESENT)
            case LogOut():
                self.log.append(f"{self.view.cashier} leaves")
                self._show(cashier="")
            case Begin(act=CashAct(kind=kind, move=move)):
                self.log.append(f"{kind.value} for {move.holder}")
                if kind is OrderKind.SHIFT_END:
                    self.log.append("closes")
                    self._show(z_number=self.view.z_number + 1)

    def _let_in(self, pin: str) -> None:
        self._pin = None
        self.refusals -= 1
        if self.refusals >= 0:
            self._show(phase=Phase.SELLING)
            return
        self.log.append(f"{pin} comes")
        self._show(phase=Phase.SELLING, cashier=pin)

    def _end(self, verdict: Phase) -> None:
        if verdict is Phase.DECLINED:
            reason = DeclineReason.INSUFFICIENT_BALANCE
            self._show(
                phase=verdict, decline=Decline(reason, "No", "Too little.", FOUR)
            )
            return
        order = uuid4()
        self.approved.append(order)
        if self.view.training:
            self.log.append("sells for training")
        approval = Approval(order, FOUR, FOUR, False, False, "https://kb.test/r")
        self._show(phase=verdict, approval=approval)

    def _show(self, **changes: object) -> None:
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        for watcher in self._watchers:
            watcher(self.view)


@contextlib.asynccontextmanager
async def standing(till: FakeTill) -> AsyncIterator[FakeTill]:
    server = await asyncio.start_server(till.serve, "127.0.0.1", 0)
    till.port = server.sockets[0].getsockname()[1]
    try:
        yield till
    finally:
        server.close()
        await server.wait_closed()


def make_cashier(till: FakeTill, habits: Habits, seed: int = 1) -> ScriptedCashier:
    people = People([VirtualWristband.blank() for _ in range(4)], team=till.team)
    return ScriptedCashier(
        till, random=Random(seed), port=till.port, people=people, habits=habits
    )


async def sell(till: FakeTill, habits: Habits, *, until: Callable[[], bool]) -> None:
    """Let a cashier sell until the condition holds."""
    stop = asyncio.Event()
    till.watch(lambda _: stop.set() if until() else None)
    async with asyncio.timeout(WAIT_S):
        await make_cashier(till, habits).sell_until(stop)


ONLY_WRISTBANDS = Habits(abort_basket=0, cash_at_once=0)


async def test_a_cashier_sells_one_order_after_the_other() -> None:
    async with standing(FakeTill()) as till:
        await sell(till, ONLY_WRISTBANDS, until=lambda: len(till.approved) >= 5)
    assert till.seen == till.approved  # every approval was looked at
    assert till.intents[PayByWristband] == till.intents[Dismiss] == 5
    assert till.view.phase is Phase.SELLING
    assert not till.view.basket


async def test_baskets_are_sometimes_aborted() -> None:
    async with standing(FakeTill()) as till:
        habits = Habits(abort_basket=100)
        await sell(till, habits, until=lambda: till.intents[AbortOrder] >= 3)
    assert not till.approved


async def test_some_pay_cash_where_the_till_takes_it() -> None:
    async with standing(FakeTill()) as till:
        habits = Habits(abort_basket=0, cash_at_once=100)
        await sell(till, habits, until=lambda: len(till.approved) >= 2)
        assert till.intents[PayByCash] == 2
        till.view = replace(till.view, cash_allowed=False)
        await sell(till, habits, until=lambda: len(till.approved) >= 3)
    assert till.intents[PayByCash] == 2


@pytest.mark.parametrize(
    ("cash", "other", "ended_by"),
    [(100, 0, PayByCash), (0, 100, PayByWristband), (0, 0, AbortOrder)],
)
async def test_after_a_decline_there_are_three_ways(
    cash: int, other: int, ended_by: type[Intent]
) -> None:
    async with standing(FakeTill()) as till:
        till.verdicts = [Phase.DECLINED]
        habits = Habits(
            0, 0, after_decline_cash=cash, after_decline_other_wristband=other
        )
        taps = 1 + (ended_by is PayByWristband)
        await sell(till, habits, until=lambda: till.intents[ended_by] >= taps)
    assert till.intents[PayByWristband] == taps
    assert till.intents[BackToBasket] == 1
    assert len(till.approved) == (ended_by is not AbortOrder)


async def test_a_wristband_that_was_not_read_is_held_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.simulator.cashier.TAP_TIMEOUT_S", 0.5)
    async with standing(FakeTill()) as till:
        till.verdicts = [Phase.PRESENT]
        await sell(till, ONLY_WRISTBANDS, until=lambda: bool(till.approved))
    assert till.intents[PayByWristband] == 1


async def test_without_a_reader_the_basket_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.simulator.cashier.TAP_TIMEOUT_S", 0.02)
    async with standing(FakeTill()) as till:
        pass
    await sell(till, ONLY_WRISTBANDS, until=lambda: till.intents[AbortOrder] >= 1)
    assert not till.approved


async def test_the_question_after_a_restart_is_answered() -> None:
    async with standing(FakeTill(Phase.HANDED_OUT)) as till:
        await sell(till, ONLY_WRISTBANDS, until=lambda: bool(till.approved))
    assert till.intents[AnswerHandedOut] >= 1


async def test_a_till_that_never_starts_does_not_hold_the_cashier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.simulator.cashier.STEP_TIMEOUT_S", 0.02)
    till = FakeTill(Phase.STARTING)
    stop = asyncio.Event()
    stop.set()
    await make_cashier(till, Habits()).sell_until(stop)
    assert not till.intents
    assert not till.is_watched


async def test_the_same_seed_sells_the_same() -> None:
    tallies = []
    for _ in range(2):
        async with standing(FakeTill()) as till:
            await sell(till, Habits(), until=lambda: len(till.approved) >= 10)
            tallies.append(till.intents[Pick])
    assert tallies[0] == tallies[1]


def test_a_cashier_needs_wristbands() -> None:
    with pytest.raises(ValueError, match="needs wristbands"):
        People([])


def a_team() -> Team:
    """A team whose PINs are their names, so that the till can tell who came."""
    return Team(
        Badge("boss", VirtualWristband.blank(), "boss"),
        Badge("anna", VirtualWristband.blank(), "anna"),
    )


async def test_a_supervisor_hands_the_register_out_and_takes_it_back() -> None:
    async with standing(FakeTill()) as till:
        till.team = a_team()
        habits = Habits(abort_basket=0, cash_at_once=100, errand=1)
        await sell(till, habits, until=lambda: len(till.approved) >= 2)
    assert till.log == [
        "boss comes",
        "shift_start for anna",
        "practices",
        "boss leaves",
        "anna comes",
        "sells for training",
        "is serious again",
        "anna leaves",
        "boss comes",
        "shift_end for anna",
        "closes",
        "boss leaves",
    ]


async def test_a_cashier_tries_again_until_the_hub_lets_them_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.simulator.cashier.LOOK_AGAIN_S", 0.05)
    async with standing(FakeTill()) as till:
        till.team, till.refusals = a_team(), 3
        habits = Habits(abort_basket=0, cash_at_once=100, errand=1)
        await sell(till, habits, until=lambda: bool(till.approved))
    assert till.intents[LogIn] == 3 + 3
    assert till.log.count("shift_start for anna") == 1


async def test_nobody_sells_where_nobody_is_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.simulator.cashier.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("edge.simulator.cashier.LOG_INS_MAX", 2)
    async with standing(FakeTill()) as till:
        till.team, till.refusals = a_team(), 1000
        habits = Habits(errand=1)
        await sell(till, habits, until=lambda: till.intents[LogIn] >= 2)
    assert not till.approved
    assert not till.log

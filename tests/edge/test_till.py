"""The till as a cashier meets it, with its surroundings in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contract.messages import (
    AdviceBatch,
    DeclineReason,
    Lamp,
    LampState,
    OrderRequest,
    Rejected,
    RejectReason,
    decode_advice,
)
from contract.order import Outcome, Path, decode_order
from edge.core.errors import JournalBroken
from edge.core.events import PrinterLamp, WristbandRead
from edge.core.intents import (
    AbortOrder,
    AnswerHandedOut,
    BackToBasket,
    Dismiss,
    PayByCash,
    PayByWristband,
    Pick,
    RestartTse,
)
from edge.core.settings import PrintPolicy
from edge.core.view import Phase, TillView, Tone
from edge.journal.memory import MemoryJournal
from tests.edge.parts import IDENTITY, Bench, wristband
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract.ids import OrderId
    from edge.core.records import Record


UNDONE = "Beleg^-4.50_0.00_0.00_0.00_0.00^-4.50:Unbar"


def in_phase(phase: Phase) -> Callable[[TillView], bool]:
    return lambda view: view.phase is phase


def all_delivered(view: TillView) -> bool:
    return view.undelivered == 0


async def ready(bench: Bench) -> None:
    bench.hub.connect()
    await bench.until(in_phase(Phase.SELLING))


async def sell(bench: Bench, serial: int) -> TillView:
    bench.till.submit(Pick(1))
    bench.till.submit(PayByWristband())
    await bench.until(in_phase(Phase.PRESENT))
    bench.tap(serial)
    return await bench.until(lambda v: v.phase in {Phase.APPROVED, Phase.DECLINED})


def rows(bench: Bench) -> MemoryJournal:
    assert isinstance(bench.journal, MemoryJournal)
    return bench.journal


async def test_a_beer_is_sold_booked_signed_and_delivered() -> None:
    async with Bench() as bench:
        await ready(bench)
        view = await sell(bench, 1)
        assert view.approval is not None
        assert str(view.approval.total) == "4.50 EUR"
        assert str(view.approval.balance) == "95.50 EUR"
        order = view.approval.order
        assert view.approval.receipt_url == f"https://kb.example.org/receipts/{order}"
        bench.till.shown(order)
        bench.till.submit(Dismiss())
        await bench.until(lambda v: v.phase is Phase.SELLING and all_delivered(v))
        (row,) = rows(bench).rows.values()
        assert row.order.shown
        assert row.order.decision is not None
        assert row.order.decision.card_to_decision_us is not None
        assert row.advice is not None
        advice = decode_advice(row.advice)
        assert advice.path is Path.ONLINE
        assert advice.signature is not None
        assert bench.tse.signed == ["Beleg^4.50_0.00_0.00_0.00_0.00^4.50:Unbar"]
        assert bench.hub.books.books.balances[1] == 9_550


async def test_the_decision_is_on_disk_before_the_screen_shows_it() -> None:
    async with Bench() as bench:
        await ready(bench)
        seen: list[bool] = []

        def look(view: TillView) -> None:
            if view.approval is not None:
                row = next(iter(rows(bench).rows.values()))
                seen.append(row.order.decision is not None)

        bench.till.watch(look)
        await sell(bench, 1)
        assert seen
        assert all(seen)


async def test_the_next_basket_opens_while_the_last_order_is_signed() -> None:
    async with Bench() as bench:
        await ready(bench)
        signing, finish = asyncio.Event(), bench.tse.finish

        async def slow(*arguments: object) -> object:
            await signing.wait()
            return await finish(*arguments)  # type: ignore[arg-type]

        bench.tse.finish = slow  # type: ignore[method-assign, assignment]
        await sell(bench, 1)
        bench.till.submit(Pick(2))
        view = await bench.until(in_phase(Phase.SELLING))
        assert [line.product for line in view.basket] == [2]
        assert bench.tse.signed == []
        signing.set()
        await bench.until(all_delivered)


async def test_a_decline_keeps_the_basket_and_cash_may_follow() -> None:
    async with Bench() as bench:
        await ready(bench)
        view = await sell(bench, 2)
        assert view.decline is not None
        assert view.decline.reason is DeclineReason.INSUFFICIENT_BALANCE
        assert str(view.decline.balance) == "1.00 EUR"
        assert len(view.basket) == 1
        bench.till.submit(PayByCash())
        view = await bench.until(in_phase(Phase.APPROVED))
        assert view.approval is not None
        assert view.approval.cash
        await bench.until(all_delivered)
        (row,) = rows(bench).rows.values()
        assert row.advice is not None
        advice = decode_advice(row.advice)
        assert [each.attempt for each in advice.earlier] == [1]
        assert decode_order(advice.order).attempt == 2
        assert bench.tse.signed == ["Beleg^4.50_0.00_0.00_0.00_0.00^4.50:Bar"]


async def test_a_card_that_lay_there_before_does_not_count() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.till.submit(Pick(1))
        bench.tap(1)
        bench.till.submit(PayByWristband())
        await bench.until(in_phase(Phase.PRESENT))
        bench.till.submit(BackToBasket())
        await bench.until(in_phase(Phase.SELLING))
        assert bench.hub.received == []


async def test_an_empty_wristband_is_the_guests_business() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.till.submit(Pick(1))
        bench.till.submit(PayByWristband())
        await bench.until(in_phase(Phase.PRESENT))
        uid, _ = wristband(1)
        bench.till.post(WristbandRead(uid, b"", bench.clock.monotonic_ns()))
        view = await bench.until(lambda v: v.banner is not None)
        assert view.phase is Phase.PRESENT
        assert view.banner is not None
        assert view.banner.tone is Tone.ASK_THE_GUEST
        assert str(uid) not in f"{view.banner}"


async def test_without_a_hub_the_till_stands_in_and_delivers_later() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.hub.lose()
        view = await sell(bench, 1)
        assert view.approval is not None
        assert view.approval.stand_in
        assert view.lamps.hub.state is not LampState.GOOD
        assert view.undelivered == 1
        bench.hub.connect()
        await bench.until(all_delivered)
        assert bench.hub.books.books.balances[1] == 9_550


async def test_a_hub_nobody_finds_is_known_at_once() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.hub.listens = False
        view = await sell(bench, 1)
        assert view.approval is not None
        assert view.approval.stand_in
        assert "does not answer" in view.lamps.hub.text


async def test_the_allowance_ends_and_cash_is_offered() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.hub.lose()
        for _ in range(4):
            assert (await sell(bench, 1)).phase is Phase.APPROVED
        view = await sell(bench, 1)
        assert view.decline is not None
        assert view.decline.reason is DeclineReason.ALLOWANCE_USED_UP
        assert "cash" in view.decline.text


async def test_a_dead_tse_stops_no_sale() -> None:
    async with Bench() as bench:
        bench.tse.down = True
        await ready(bench)
        await sell(bench, 1)
        await bench.until(all_delivered)
        (row,) = rows(bench).rows.values()
        assert row.advice is not None
        advice = decode_advice(row.advice)
        assert advice.signature is None
        assert advice.outage is not None
        assert "does not answer" in advice.outage.reason


async def test_a_tse_that_was_plugged_in_again_is_taken_up_on_request() -> None:
    async with Bench() as bench:
        bench.tse.down = True
        await ready(bench)
        bench.tse.down = False
        bench.till.submit(RestartTse())
        await sell(bench, 1)
        await bench.until(all_delivered)
        assert len(bench.tse.signed) == 1


async def test_an_aborted_order_is_signed_as_aborted_and_told() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.till.submit(Pick(1))
        bench.till.submit(AbortOrder())
        await bench.until(lambda v: not v.basket and rows(bench).rows != {})
        await bench.until(all_delivered)
        (row,) = rows(bench).rows.values()
        assert row.order.decision is not None
        assert row.order.decision.outcome is Outcome.ABORTED
        assert bench.tse.signed[0].startswith("AVBelegabbruch^")


async def test_after_a_power_cut_the_cashier_is_asked_and_no_means_canceled() -> None:
    journal = MemoryJournal()
    async with Bench(journal) as bench:
        await ready(bench)
        await sell(bench, 1)  # and nobody saw it
        books = bench.hub.books
    async with Bench(journal) as bench:
        bench.hub.books = books
        view = await bench.until(in_phase(Phase.HANDED_OUT))
        assert view.approval is not None
        assert str(view.approval.total) == "4.50 EUR"
        bench.hub.connect()
        bench.till.submit(AnswerHandedOut(handed_out=False))
        await bench.until(
            lambda v: (
                v.phase is Phase.SELLING
                and all_delivered(v)
                and UNDONE in bench.tse.signed
            )
        )
        assert len(books.books.canceled) == 1
        assert books.books.balances[1] == 10_000


async def test_a_till_starts_without_network_from_its_journal() -> None:
    journal = MemoryJournal()
    async with Bench(journal) as bench:
        await ready(bench)
    async with Bench(journal) as bench:
        view = await bench.until(in_phase(Phase.SELLING))
        assert view.label == "Bar 1"
        assert view.catalogue is not None


async def test_a_disk_that_refuses_stops_the_till_visibly() -> None:
    class FullJournal(MemoryJournal):
        full = False

        async def commit(self, records: Sequence[Record]) -> None:
            if self.full:
                raise JournalBroken("The disk is full.")
            await MemoryJournal.commit(self, records)

    journal = FullJournal()
    async with Bench(journal) as bench:
        await ready(bench)
        bench.till.submit(Pick(1))
        bench.till.submit(PayByWristband())
        await bench.until(in_phase(Phase.PRESENT))
        journal.full = True
        bench.tap(1)
        view = await bench.until(in_phase(Phase.HALTED))
        assert view.banner is not None
        assert view.banner.text == "The disk is full."
        assert not any(isinstance(m, OrderRequest) for m in bench.hub.received)


async def test_a_till_that_can_no_longer_deliver_does_not_sell_on() -> None:
    class ForgetfulJournal(MemoryJournal):
        async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
            raise ZeroDivisionError(str(len(orders)))

    async with Bench(ForgetfulJournal()) as bench:
        await ready(bench)
        await sell(bench, 1)
        with pytest.raises(ZeroDivisionError):
            await bench.ended()


async def test_a_till_that_can_no_longer_sign_does_not_sell_on() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.tse.start = None  # type: ignore[assignment, method-assign]
        bench.till.submit(Pick(1))
        with pytest.raises(TypeError):
            await bench.ended()


async def test_a_refused_advice_does_not_hold_the_others_up() -> None:
    async with Bench() as bench:
        await ready(bench)
        bench.hub.lose()
        await sell(bench, 1)
        poison = next(iter(rows(bench).rows))
        await sell(bench, 1)
        answer = bench.hub.books.answer

        def refuse(message: object) -> object:
            assert isinstance(message, AdviceBatch)
            orders = [decode_order(decode_advice(r).order).id for r in message.advices]
            if poison not in orders:
                return answer(message)
            return Rejected(
                id=message.id,
                regarding=message.id,
                reason=RejectReason.INVALID,
                text="Not to my taste.",
            )

        bench.hub.books.answer = refuse  # type: ignore[method-assign, assignment]
        bench.hub.connect()
        view = await bench.until(lambda v: v.undelivered == 1 and v.banner is not None)
        assert view.banner is not None
        assert "Not to my taste." in view.banner.text
        assert poison in await bench.journal.undelivered()


async def test_the_status_tells_the_hub_what_the_screen_shows() -> None:
    async with Bench() as bench:
        await ready(bench)
        async with asyncio.timeout(PATIENCE_S):
            status = await bench.hub.statuses.get()
        assert status.till == "bar-1"
        assert status.tse_serial == "ab" * 32
        assert status.printer is None, "it has none"


async def test_the_hub_is_told_when_the_printer_fails() -> None:
    lamp = Lamp(state=LampState.BAD, text="The receipt printer is out of paper.")
    prints = replace(IDENTITY, prints=PrintPolicy.ON_REQUEST)
    async with Bench(identity=prints) as bench:
        await ready(bench)
        bench.till.post(PrinterLamp(lamp))
        async with asyncio.timeout(PATIENCE_S):
            while (await bench.hub.statuses.get()).printer != lamp:
                pass


@pytest.mark.parametrize("answers", [True, False])
async def test_a_silent_hub_is_probed_and_found_again(answers: bool) -> None:
    async with Bench() as bench:
        await ready(bench)
        if answers:  # then there is an advice to probe with
            await sell(bench, 1)
            await bench.until(all_delivered)
        bench.hub.answers = False
        view = await sell(bench, 1)
        assert view.approval is not None
        assert view.approval.stand_in
        bench.hub.answers = True
        view = await bench.until(lambda v: v.undelivered == 0)
        await bench.until(lambda v: "answer" not in v.lamps.hub.text)

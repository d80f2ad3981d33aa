"""What tills say of orders, whatever it is: judged, booked, answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from contract.ids import EventId, TillId, new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    DeclineReason,
    OrderBooked,
    OrderDeclined,
    OrderRequest,
    Rejected,
    RejectReason,
    encode_advice,
)
from contract.money import MINOR_MAX, Currency, Money
from contract.order import (
    OrderKind,
    Path,
    WristbandChange,
    encode_order,
    make_line,
)
from hub.core.booking import Result, ResultCode
from hub.core.orders import CLOCK_OFF
from hub.service.booking import HubFault, NoLedger
from hub.service.events import publish_catalogue
from hub.service.orders import Orders
from hub.service.verification import verify
from hub.store.errors import DatabaseGone
from tests.hub import samples
from tests.hub.samples import TILLS, advice, order
from tests.hub.service.shop import (
    BAR,
    BEER,
    CATALOGUE,
    DESK,
    OTHER,
    PRETZEL,
    YOUTH,
    Shop,
    a_grant,
    a_payout,
    a_sale,
    a_top_up,
    an_order,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from contract.order import Order
    from hub.core.booking import Item
    from hub.service.booking import Done
    from hub.service.context import ContextKeeper
    from hub.store.store import Row
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
ALLOWANCE = samples.EVENT.stand_in.allowance_minor
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    opened = await Shop(parts).open()
    yield opened
    report = await verify(
        parts.store, NUMBER, incarnation=parts.context.current.incarnation
    )
    assert report.ok, report.findings


def beers(wallet: int, quantity: int, **more: Any) -> Order:
    return a_sale(wallet, make_line(BEER, quantity), **more)


async def test_an_answer_names_the_newest_batch_of_its_advices(
    parts: Parts, context: ContextKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = iter([7, 6])

    def submit(_: Item) -> asyncio.Future[Result]:
        booked: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        number = next(batches)
        head = bytes([number]) * 32
        booked.set_result(Result(ResultCode.RECORDED, None, None, (), number, head))
        return booked

    monkeypatch.setattr(parts.booking, "submit", submit)
    advices = tuple(msgspec.Raw(encode_advice(advice(order(300)))) for _ in range(2))

    answers = await Orders(parts.store, context, parts.booking).advise(
        AdviceBatch(id=new_uuid7(), advices=advices), TILLS[0]
    )

    assert isinstance(answers[0], AdviceRecorded)
    assert answers[0].anchor.batch == 7
    assert answers[0].anchor.chain_head == "07" * 32


async def test_what_is_odd_about_many_orders_alike_is_one_line_in_the_log(
    parts: Parts,
    context: ContextKeeper,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def submit(_: Item) -> asyncio.Future[Result]:
        booked: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        odd = (AdviceFlag.STAND_IN_LOSS,)
        booked.set_result(Result(ResultCode.RECORDED, None, None, odd, 7, b"h" * 32))
        return booked

    monkeypatch.setattr(parts.booking, "submit", submit)
    orders = [order(300) for _ in range(3)]
    advices = tuple(msgspec.Raw(encode_advice(advice(each))) for each in orders)
    with caplog.at_level("WARNING", logger="hub.service.orders"):
        await Orders(parts.store, context, parts.booking).advise(
            AdviceBatch(id=new_uuid7(), advices=advices), TILLS[0]
        )
    assert [record.getMessage() for record in caplog.records] == [
        f"Order {orders[0].id} and 2 more of till {TILLS[0]}: stand_in_loss"
    ]


# --- the hub was silent --------------------------------------------------------------


async def test_stand_in_beyond_the_allowance_is_a_loss_and_not_the_guests(
    shop: Shop,
) -> None:
    wallet = await shop.band(9000)
    basis = shop.parts.booking.position[0]
    first, second = beers(wallet, 3), beers(wallet, 3)

    assert await shop.advise(first, Path.STAND_IN, basis_batch=basis) == ()
    assert await shop.advise(second, Path.STAND_IN, basis_batch=basis) == (
        AdviceFlag.STAND_IN_LOSS,
        AdviceFlag.EXCEEDS_ALLOWANCE,
    )
    assert await shop.held(wallet) == (9000 - ALLOWANCE, 0)
    assert await shop.posted("stand_in_loss", "allowance_used_up") == -700
    # Once the till knows a newer balance, it may go on.
    later = shop.parts.booking.position[0]
    assert await shop.advise(beers(wallet, 3), Path.STAND_IN, basis_batch=later) == ()


async def test_an_advice_waits_while_the_database_is_down(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = await shop.band(9000)
    basis = shop.parts.booking.position[0]
    assert await shop.advise(beers(wallet, 3), Path.STAND_IN, basis_batch=basis) == ()
    beyond = beers(wallet, 3)
    fetch = shop.parts.store.fetch

    async def fallen(query: str, *values: Any) -> list[Row]:
        if query == "first_booked":
            raise DatabaseGone("The database closed the connection.")
        return await fetch(query, *values)

    with monkeypatch.context() as patch:
        patch.setattr(shop.parts.store, "fetch", fallen)
        with pytest.raises(NoLedger):
            await shop.advise(beyond, Path.STAND_IN, basis_batch=basis)
    assert await shop.advise(beyond, Path.STAND_IN, basis_batch=basis) == (
        AdviceFlag.STAND_IN_LOSS,
        AdviceFlag.EXCEEDS_ALLOWANCE,
    )


async def test_what_was_booked_when_asked_for_does_not_use_the_allowance_up(
    shop: Shop,
) -> None:
    """Its verdict came too late, and both advices come at once, after the outage."""
    wallet = await shop.band(9000)
    basis = shop.parts.booking.position[0]
    late, later = beers(wallet, 3), beers(wallet, 3)
    await shop.booked(late)
    newer = shop.parts.booking.position[0]

    advices = (
        shop.advice(late, Path.STAND_IN, basis_batch=basis),
        shop.advice(later, Path.STAND_IN, basis_batch=newer),
    )
    raws = tuple(map(msgspec.Raw, advices))
    (answer,) = await shop.parts.orders.advise(
        AdviceBatch(id=new_uuid7(), advices=raws), late.till
    )

    assert isinstance(answer, AdviceRecorded)
    assert [each.flags for each in answer.recorded] == [(), ()]
    assert await shop.held(wallet) == (9000 - late.total_minor - later.total_minor, 0)


async def test_what_is_sent_again_does_not_use_the_allowance_up_again(
    shop: Shop,
) -> None:
    """A hub that has forgotten all hears an old advice after a newer basis."""
    wallet = await shop.band(9000)
    first = beers(wallet, 3)
    basis = shop.parts.booking.position[0]
    assert await shop.advise(first, Path.STAND_IN, basis_batch=basis) == ()
    newer = shop.parts.booking.position[0]
    await shop.band(100)  # the ledger goes on
    shop.parts.orders = Orders(shop.parts.store, shop.parts.context, shop.parts.booking)

    assert await shop.advise(first, Path.STAND_IN, basis_batch=basis) == ()
    assert await shop.advise(beers(wallet, 3), Path.STAND_IN, basis_batch=newer) == ()
    assert await shop.held(wallet) == (9000 - 2 * first.total_minor, 0)


async def test_a_till_that_stands_in_for_too_much_in_all_is_flagged(
    shop: Shop,
) -> None:
    limits = msgspec.structs.replace(samples.EVENT.stand_in, till_total_minor=2000)
    shop.parts.context._current = replace(shop.parts.context.current, stand_in=limits)
    one, other = await shop.band(9000), await shop.band(9000)
    basis = shop.parts.booking.position[0]

    assert await shop.advise(beers(one, 3), Path.STAND_IN, basis_batch=basis) == ()
    assert await shop.advise(beers(other, 3), Path.STAND_IN, basis_batch=basis) == (
        AdviceFlag.EXCEEDS_TILL_TOTAL,
    )
    # It is the till's fault, not the guest's, and not beyond the guest's allowance.
    assert await shop.held(other) == (9000 - 1350, 0)


async def test_a_till_that_stands_in_for_too_long_is_flagged(shop: Shop) -> None:
    wallet = await shop.band(9000)
    basis = shop.parts.booking.position[0]
    await shop.advise(beers(wallet, 1), Path.STAND_IN, basis_batch=basis)

    late = samples.NOW + timedelta(hours=5)
    assert await shop.advise(
        beers(wallet, 1), Path.STAND_IN, basis_batch=basis, decided_at=late
    ) == (AdviceFlag.OUTAGE_TOO_LONG,)


async def test_what_the_ledger_refused_is_not_held_against_its_till(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = msgspec.structs.replace(samples.EVENT.stand_in, till_total_minor=2000)
    shop.parts.context._current = replace(shop.parts.context.current, stand_in=limits)
    one, other = await shop.band(9000), await shop.band(9000)
    basis = shop.parts.booking.position[0]

    def refuse(item: Item, done: Done) -> None:
        done(HubFault(f"The ledger refuses order {item.order}."))

    with monkeypatch.context() as patch:
        patch.setattr(shop.parts.booking, "hand_in", refuse)
        with pytest.raises(AssertionError, match="Rejected"):
            await shop.advise(beers(one, 3), Path.STAND_IN, basis_batch=basis)
    assert await shop.advise(beers(other, 3), Path.STAND_IN, basis_batch=basis) == ()


async def test_two_tills_sell_to_one_wristband_while_the_hub_is_silent(
    shop: Shop,
) -> None:
    wallet = await shop.band(1500)
    basis = shop.parts.booking.position[0]

    here, there = beers(wallet, 3), beers(wallet, 3, till=OTHER)
    assert await shop.advise(here, Path.STAND_IN, basis_batch=basis) == ()
    assert await shop.advise(there, Path.STAND_IN, basis_batch=basis) == (
        AdviceFlag.STAND_IN_LOSS,
    )
    assert await shop.held(wallet) == (0, 0)
    assert await shop.posted("stand_in_loss", "insufficient_balance") == -1200


async def test_a_swapped_wristband_pays_from_the_wallet_it_had(shop: Shop) -> None:
    lost, fresh = await shop.band(1000), await shop.band()
    basis = shop.parts.booking.position[0]
    change = WristbandChange(wristband=lost, successor=fresh)
    await shop.booked(an_order(OrderKind.SWAP, (), None, till=DESK, wristband=change))

    flags = await shop.advise(beers(lost, 1), Path.STAND_IN, basis_batch=basis)
    assert flags == (AdviceFlag.SWAPPED_WRISTBAND,)
    assert await shop.held(fresh) == (550, 0)
    assert (await shop.declined(beers(lost, 1))).reason is (
        DeclineReason.ALREADY_SWAPPED
    )


async def test_a_blocked_wristband_pays_nothing(shop: Shop) -> None:
    wallet = await shop.band(1000)
    basis = shop.parts.booking.position[0]
    change = WristbandChange(wristband=wallet, blocked=True)
    await shop.booked(an_order(OrderKind.BLOCK, (), None, till=DESK, wristband=change))

    assert (await shop.declined(beers(wallet, 1))).reason is (
        DeclineReason.BLOCKED_WRISTBAND
    )
    assert await shop.advise(beers(wallet, 1), Path.STAND_IN, basis_batch=basis) == (
        AdviceFlag.STAND_IN_LOSS,
        AdviceFlag.BLOCKED_WRISTBAND,
    )
    assert await shop.held(wallet) == (1000, 0)


async def test_a_restriction_laid_on_since_the_token_was_written(shop: Shop) -> None:
    wallet = await shop.band(1000)
    for variant, booked in ((YOUTH, False), (0, True)):
        change = WristbandChange(wristband=wallet, variant=variant)
        await shop.booked(
            an_order(OrderKind.ANNOTATE, (), None, till=DESK, wristband=change)
        )
        assert isinstance(await shop.ask(beers(wallet, 1)), OrderBooked) is booked


# --- what is odd about an advice -----------------------------------------------------


async def test_an_order_of_a_till_whose_clock_is_off(shop: Shop) -> None:
    now = datetime.now(UTC)
    ahead = await shop.advise(a_sale(None, make_line(BEER, 1)), decided_at=now + HOUR)
    assert ahead == (AdviceFlag.TILL_CLOCK_OFF,)
    # A decision may be old, for the till had no network; its message may not.
    old = await shop.advise(a_sale(None, make_line(BEER, 1)), decided_at=now - HOUR)
    assert old == ()

    behind = a_sale(None, make_line(BEER, 1))
    sent = int((now - HOUR).timestamp() * 1000)
    message = AdviceBatch(
        id=new_uuid7(sent), advices=(msgspec.Raw(shop.advice(behind)),)
    )
    (answer,) = await shop.parts.orders.advise(message, BAR)
    assert isinstance(answer, AdviceRecorded)
    assert answer.recorded[0].flags == (AdviceFlag.TILL_CLOCK_OFF,)
    assert CLOCK_OFF < HOUR


async def test_an_order_by_a_superseded_catalogue(shop: Shop) -> None:
    wallet = await shop.band(2000)
    dearer = msgspec.structs.replace(BEER, price_minor=500)
    newer = msgspec.structs.replace(
        CATALOGUE, version=3, products=(dearer, *CATALOGUE.products[1:])
    )
    await publish_catalogue(shop.parts.store, NUMBER, newer)
    await shop.parts.context.refresh()

    order = beers(wallet, 1)
    assert (await shop.booked(order)).balance == Money(1550)
    assert await shop.advise(order) == (AdviceFlag.SUPERSEDED_CATALOGUE,)
    wrong = msgspec.structs.replace(beers(wallet, 1), catalogue=3)
    assert (await shop.declined(wrong)).reason is DeclineReason.WRONG_PRICE


async def test_a_decline_has_the_facts_to_go_on_with(shop: Shop) -> None:
    wallet = await shop.band(700, vouchers=1)

    declined = await shop.declined(beers(wallet, 2))

    assert declined.reason is DeclineReason.INSUFFICIENT_BALANCE
    assert declined.facts.balance == Money(700)
    assert (declined.facts.vouchers, declined.facts.variant) == (1, 0)
    assert declined.text.startswith("7.00 EUR on the wristband, 2.00 EUR short.")


# --- bad input -----------------------------------------------------------------------


def spoiled(order: Order, **changes: Any) -> bytes:
    """An order's bytes with something in them that no till would write."""
    return json.dumps({**json.loads(encode_order(order)), **changes}).encode()


ABSURD: dict[str, dict[str, Any]] = {
    "no kind known": {"kind": "gift"},
    "no till": {"till": ""},
    "a fraction of a cent": {"total_minor": 0.5},
    "beyond 64 bit": {"total_minor": 2**63},
    "an amount at the edge": {"total_minor": MINOR_MAX},
    "a hundred lines": {"lines": [{}] * 100},
    "lines of nothing": {"lines": [None]},
    "nothing sold": {"lines": [], "total_minor": 0, "taxes": []},
    "another currency": {"currency": "CHF"},
    "no currency": {"currency": "ABC"},
    "another event": {"event": "winter"},
    "a catalogue of tomorrow": {"catalogue": 2**50},
    "attempt zero": {"attempt": 0, "payment": None},
    "a thousandth attempt": {"attempt": 1000},
    "a serial too large": {"payment": {"method": "wallet", "wallet": 2**40}},
    "cancels itself": {"kind": "cancellation", "cancels": str(UUID(int=7))},
    "a till of somebody else": {"till": "bar-9"},
    "no id": {"id": "x"},
}


async def test_poison_never_stops_the_orders_around_it(shop: Shop) -> None:
    wallet = await shop.band(100_000)
    good, waiting = 0, []
    for changes in ABSURD.values():
        for body in (
            encode_order(beers(wallet, 1)),
            spoiled(beers(wallet, 1), **changes),
        ):
            request = OrderRequest(
                id=new_uuid7(),
                order=msgspec.Raw(body),
                answer_by=samples.NOW,
                credential=samples.credential(wallet),
            )
            waiting.append(shop.parts.orders.request(request, BAR))
    verdicts = await asyncio.gather(*waiting)

    for case, fine, bad in zip(ABSURD, verdicts[::2], verdicts[1::2], strict=True):
        assert isinstance(fine, OrderBooked), case
        assert isinstance(bad, OrderDeclined | Rejected), case
        assert bad.text, case
        good += 1
    assert await shop.held(wallet) == (100_000 - 450 * good, 0)


async def test_poison_never_stops_the_advices_around_it(shop: Shop) -> None:
    advices, good = [], []
    for changes in ABSURD.values():
        fine = a_sale(None, make_line(PRETZEL, 1))
        said = json.loads(shop.advice(fine))
        bad = json.loads(shop.advice(a_sale(None, make_line(PRETZEL, 1))))
        bad["order"] = {**bad["order"], **changes}
        advices += [msgspec.Raw(json.dumps(each).encode()) for each in (said, bad)]
        good.append(fine.id)
    batch = AdviceBatch(id=new_uuid7(), advices=tuple(advices))

    *rejects, recorded = await shop.parts.orders.advise(batch, BAR)

    assert isinstance(recorded, AdviceRecorded)
    assert set(good) <= {each.order for each in recorded.recorded}
    assert len(rejects) + len(recorded.recorded) == len(advices)
    assert all(isinstance(each, Rejected) and each.text for each in rejects)


async def test_a_fault_of_ours_rejects_one_advice_only(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = (a_sale(None, make_line(PRETZEL, 1)) for _ in range(2))

    async def broken(about: Order) -> bool:
        raise ZeroDivisionError(about.id)

    monkeypatch.setattr(shop.parts.orders.checks, "is_not_due", broken)
    bad = msgspec.structs.replace(bad, bill="0" * 27)
    advices = tuple(msgspec.Raw(shop.advice(each)) for each in (good, bad))
    batch = AdviceBatch(id=new_uuid7(), advices=advices)

    rejected, recorded = await shop.parts.orders.advise(batch, BAR)

    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.order) == (RejectReason.HUB_FAULT, bad.id)
    assert isinstance(recorded, AdviceRecorded)
    assert [each.order for each in recorded.recorded] == [good.id]


DECLINED: dict[DeclineReason, Any] = {
    DeclineReason.WRONG_EVENT: lambda wallet: beers(wallet, 1, event=EventId("winter")),
    DeclineReason.WRONG_CURRENCY: lambda wallet: beers(
        wallet, 1, currency=Currency.CHF
    ),
    DeclineReason.UNKNOWN_WRISTBAND: lambda _: a_grant(4_000_000, 1),
    DeclineReason.UNKNOWN_TILL: lambda wallet: beers(wallet, 1, till=TillId("bar-9")),
    DeclineReason.AMOUNT_TOO_LARGE: lambda wallet: a_payout(wallet, 10**15),
    DeclineReason.INCONSISTENT_ORDER: lambda wallet: a_top_up(wallet, 500),
}


@pytest.mark.parametrize("reason", DECLINED)
async def test_bad_input_is_declined_with_a_reason(
    shop: Shop, reason: DeclineReason
) -> None:
    wallet = await shop.band(1000)

    assert (await shop.declined(DECLINED[reason](wallet))).reason is reason
    assert await shop.held(wallet) == (1000, 0)

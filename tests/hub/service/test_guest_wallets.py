from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from contract.config import EventLimits
from contract.money import Currency, Money
from contract.order import OrderKind, make_line
from contract.token import PORTAL_PATH
from hub.payments.registry import registered
from hub.service.bills import Billing
from hub.service.erasure import Guests
from hub.service.events import set_limits
from hub.service.guest_wallets import (
    SESSION_LASTS,
    Guest,
    GuestWallets,
    TopUpProblem,
    TopUpRefused,
)
from tests.hub import samples
from tests.hub.service.shop import BEER, Shop, a_grant, a_sale, a_top_up, canceling

if TYPE_CHECKING:
    from contract.ids import WalletSerial
    from tests.hub.hubs import Parts

EVENT = samples.EVENT.number
METHODS = registered(())


@dataclass
class Desk:
    """A hub whose guests look at their wristbands, and its clock."""

    parts: Parts
    shop: Shop
    now: datetime = field(default=datetime(2026, 7, 4, 21, tzinfo=UTC))

    def __post_init__(self) -> None:
        store, context = self.parts.store, self.parts.context
        billing = Billing(store, METHODS, clock=lambda: self.now)
        self.wallets = GuestWallets(
            store, context, billing, METHODS, clock=lambda: self.now
        )
        self.billing = billing

    async def offer(
        self, method: str = "ebanking", *, payer_bears: bool = False
    ) -> None:
        await self.parts.store.fetch(
            "put_top_up_method", EVENT, method, 30, 290, None, payer_bears
        )

    async def limit(self, **limits: int) -> None:
        await set_limits(self.parts.store, EVENT, EventLimits(**limits))
        await self.parts.context.refresh()


@pytest_asyncio.fixture
async def desk(parts: Parts) -> Desk:
    return Desk(parts, await Shop(parts).open())


async def code_of(parts: Parts, number: int = 1) -> tuple[str, WalletSerial]:
    issued = await parts.wristbands.issue(samples.uid(number))
    return issued.url.rpartition(PORTAL_PATH)[2], issued.wallet


async def test_a_code_opens_its_own_wristband(desk: Desk) -> None:
    code, serial = await code_of(desk.parts, 1)
    await code_of(desk.parts, 2)
    token = await desk.wallets.open(code)
    assert token is not None
    assert await desk.wallets.guest_of(token) == Guest(EVENT, serial)


@pytest.mark.parametrize("code", ["", "A" * 16, "a/b", "\x00", "ü" * 16, "x" * 4000])
async def test_what_is_no_code_opens_nothing(desk: Desk, code: str) -> None:
    await code_of(desk.parts)
    assert await desk.wallets.open(code) is None


async def test_each_opening_has_a_session_of_its_own_that_ends_soon(desk: Desk) -> None:
    code, _ = await code_of(desk.parts)
    first, second = await desk.wallets.open(code), await desk.wallets.open(code)
    assert first is not None
    assert second is not None
    assert first != second
    await desk.wallets.close(first)
    assert await desk.wallets.guest_of(first) is None
    assert await desk.wallets.guest_of(second) is not None
    desk.now += SESSION_LASTS + timedelta(seconds=1)
    assert await desk.wallets.guest_of(second) is None


async def test_a_new_code_ends_what_the_old_one_opened(desk: Desk) -> None:
    old, serial = await code_of(desk.parts)
    token = await desk.wallets.open(old)
    assert token is not None
    new, same = await code_of(desk.parts)
    assert same == serial
    assert await desk.wallets.guest_of(token) is None
    assert await desk.wallets.open(old) is None
    assert await desk.wallets.open(new) is not None


async def test_a_forgotten_guest_s_wristband_opens_no_more(desk: Desk) -> None:
    code, serial = await code_of(desk.parts)
    token = await desk.wallets.open(code)
    assert token is not None
    parts = desk.parts
    await Guests(parts.store, parts.context, parts.booking).erase(serial)
    assert await desk.wallets.guest_of(token) is None
    assert await desk.wallets.open(code) is None


async def test_no_token_and_no_code_is_kept(desk: Desk) -> None:
    code, _ = await code_of(desk.parts)
    token = await desk.wallets.open(code)
    assert token is not None
    connection = await desk.parts.store.connect()
    for table in ("guest_session", "wristband"):
        kept = await connection.fetchval(
            f"SELECT string_agg(t::text, '') FROM {table} t"
        )
        assert token not in kept
        assert token.encode().hex() not in kept
        assert code not in kept
        assert code.encode().hex() not in kept
    await connection.close()


async def test_a_wallet_shows_what_it_holds_and_what_was_done(desk: Desk) -> None:
    shop, serial = desk.shop, await desk.shop.band()
    top_up, grant = a_top_up(serial, 2000), a_grant(serial, 3)
    beer = a_sale(serial, make_line(BEER, 2))
    pretzel = a_sale(serial, make_line(BEER, 1))
    await shop.advise(top_up)
    await shop.booked(grant)
    for sale in (beer, pretzel):
        await shop.booked(sale)
        await shop.advise(sale)
    back = canceling(pretzel)
    await shop.booked(back)
    await shop.advise(back)
    wallet = await desk.wallets.wallet(Guest(EVENT, serial))
    assert wallet.event_name == samples.EVENT.name
    assert wallet.balance == Money(2000 - 900, Currency.EUR)
    assert wallet.vouchers == 3
    assert not wallet.is_blocked
    assert [each.order for each in wallet.orders] == [
        back.id,
        pretzel.id,
        beer.id,
        grant.id,
        top_up.id,
    ]
    moved = [(each.minor, each.vouchers) for each in wallet.orders]
    assert moved == [(450, 0), (-450, 0), (-900, 0), (0, 3), (2000, 0)]
    assert [each.is_canceled for each in wallet.orders] == [
        False,
        True,
        False,
        False,
        False,
    ]
    newest = wallet.orders[0]
    assert (newest.kind, newest.place) == (OrderKind.CANCELLATION, "Bar-2")
    assert all(each.has_receipt for each in wallet.orders)


async def test_of_a_blocked_wristband_only_the_money_is_told(desk: Desk) -> None:
    await desk.offer()
    serial = await desk.parts.wallet(1500)
    guest = Guest(EVENT, serial)
    await desk.wallets.top_up(guest, 500)
    await desk.parts.wristbands.block(serial)
    wallet = await desk.wallets.wallet(guest)
    assert wallet.is_blocked
    assert wallet.balance.minor == 1500
    assert wallet.orders == ()
    assert wallet.bills == ()
    await refused(desk, guest, 500, TopUpProblem.NOT_NOW)


async def test_of_a_replaced_wristband_nothing_is_told(desk: Desk) -> None:
    await desk.offer()
    old, new = await desk.parts.wallet(1500, 1), await desk.parts.wallet(0, 2)
    await replace(desk.parts, old, new)
    guest = Guest(EVENT, old)
    wallet = await desk.wallets.wallet(guest)
    assert wallet.is_replaced
    assert wallet.balance.minor == 0
    assert wallet.orders == ()
    await refused(desk, guest, 500, TopUpProblem.NOT_NOW)


async def test_a_new_wristband_shows_the_top_ups_of_the_old_one(desk: Desk) -> None:
    await desk.offer()
    old, new = await desk.parts.wallet(1500, 1), await desk.parts.wallet(0, 2)
    stranger = Guest(EVENT, await desk.parts.wallet(0, 3))
    before = await desk.wallets.top_up(Guest(EVENT, old), 500)
    await replace(desk.parts, old, new)
    guest = Guest(EVENT, new)
    desk.now += timedelta(minutes=1)
    after = await desk.wallets.top_up(guest, 700)
    wallet = await desk.wallets.wallet(guest)
    assert [bill.reference for bill in wallet.bills] == [after, before]
    assert await desk.wallets.owns(guest, before)
    # Whoever finds the old one learns nothing of what its owner does now.
    assert not await desk.wallets.owns(Guest(EVENT, old), after)
    assert not await desk.wallets.owns(stranger, before)


async def test_top_ups_keep_to_the_limits(desk: Desk) -> None:
    await desk.offer()
    await desk.limit(top_up_min_minor=500, max_balance_minor=5000)
    guest = Guest(EVENT, await desk.parts.wallet(1500))
    terms = await desk.wallets.top_up_terms(guest)
    assert (terms.least_minor, terms.most_minor) == (500, 3500)
    assert terms.is_possible
    await refused(desk, guest, 499, TopUpProblem.TOO_LITTLE)
    await refused(desk, guest, -500, TopUpProblem.TOO_LITTLE)
    await refused(desk, guest, 3501, TopUpProblem.TOO_MUCH)
    reference = await desk.wallets.top_up(guest, 3500)
    shown = await desk.billing.show(guest.viewer, reference)
    assert shown.bill.total_minor == 3500
    assert [(each.wallet, each.amount_minor) for each in shown.bill.lines] == [
        (guest.serial, 3500)
    ]


async def test_the_event_s_limit_bounds_top_ups_too(desk: Desk) -> None:
    await desk.offer()
    await desk.limit(event_cap_minor=4000)
    await desk.parts.wallet(2500, 1)
    guest = Guest(EVENT, await desk.parts.wallet(1000, 2))
    assert (await desk.wallets.top_up_terms(guest)).most_minor == 500


async def test_a_full_wristband_can_t_be_topped_up(desk: Desk) -> None:
    await desk.offer()
    await desk.limit(top_up_min_minor=500, max_balance_minor=1600)
    guest = Guest(EVENT, await desk.parts.wallet(1500))
    terms = await desk.wallets.top_up_terms(guest)
    assert not terms.is_possible
    await refused(desk, guest, 100, TopUpProblem.NOT_NOW)


async def test_without_a_way_to_pay_nothing_is_billed(desk: Desk) -> None:
    guest = Guest(EVENT, await desk.parts.wallet(0))
    assert (await desk.wallets.top_up_terms(guest)).ways == ()
    await refused(desk, guest, 1000, TopUpProblem.NOT_NOW)


async def test_guests_are_told_a_fee_only_where_the_law_lets_them_bear_it(
    desk: Desk,
) -> None:
    await desk.offer("ebanking", payer_bears=True)  # not allowed for euros
    guest = Guest(EVENT, await desk.parts.wallet(0))
    (way,) = (await desk.wallets.top_up_terms(guest)).ways
    assert (way.method, way.fee) == ("ebanking", None)


async def test_the_same_top_up_asked_twice_is_one_bill(desk: Desk) -> None:
    await desk.offer()
    guest = Guest(EVENT, await desk.parts.wallet(0))
    first = await desk.wallets.top_up(guest, 2000)
    assert await desk.wallets.top_up(guest, 2000) == first
    assert await desk.wallets.top_up(guest, 3000) != first
    bills = (await desk.wallets.wallet(guest)).bills
    assert sorted(each.total_minor for each in bills) == [2000, 3000]


async def refused(desk: Desk, guest: Guest, minor: int, problem: TopUpProblem) -> None:
    with pytest.raises(TopUpRefused) as error:
        await desk.wallets.top_up(guest, minor)
    assert error.value.problem is problem


async def replace(parts: Parts, old: int, new: int) -> None:
    """Let another wristband take a wristband's place."""
    connection = await parts.store.connect()
    await connection.execute(
        "UPDATE wristband SET successor = $3 WHERE event = $1 AND serial = $2",
        EVENT,
        old,
        new,
    )
    await connection.execute(
        "UPDATE wristband SET wallet = (SELECT wallet FROM wristband"
        " WHERE event = $1 AND serial = $2) WHERE event = $1 AND serial = $3",
        EVENT,
        old,
        new,
    )
    await connection.close()

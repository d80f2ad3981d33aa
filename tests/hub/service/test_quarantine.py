"""What nobody may book unseen: set aside, told to the till as recorded, released."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from contract.messages import AdviceFlag, OrderDeclined
from contract.order import LineRole, OrderKind, Outcome, Path, make_line, plain_line
from hub.core.content import AMOUNT_MINOR_MAX
from hub.service.events import publish_catalogue, revoke_till
from hub.service.quarantine import Decision, NotReleased, SetAside
from hub.service.verification import verify
from tests.hub import samples
from tests.hub.people import hire
from tests.hub.service.shop import (
    BEER,
    CATALOGUE,
    OTHER,
    Shop,
    a_sale,
    a_top_up,
    an_order,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
BEERS = make_line(BEER, 2)


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    opened = await Shop(parts).open()
    yield opened
    report = await verify(
        parts.store, NUMBER, incarnation=parts.context.current.incarnation
    )
    assert report.ok, report.findings


async def revoked(shop: Shop) -> None:
    assert await revoke_till(shop.parts.store, NUMBER, OTHER)
    await shop.parts.context.refresh()


async def test_advices_of_a_revoked_till_wait_for_a_person(shop: Shop) -> None:
    wallet = await shop.band(2000)
    quarantine = shop.parts.orders.quarantine
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)

    for _ in range(2):  # the till stops sending only once it has heard the answer
        assert await shop.advise(late) == (AdviceFlag.REVOKED_TILL,)
    assert await shop.held(wallet) == (2000, 0)
    (waiting,) = await quarantine.listed()
    assert (waiting.order, waiting.flag) == (late, AdviceFlag.REVOKED_TILL)
    assert isinstance(await shop.ask(a_sale(wallet, BEERS, till=OTHER)), OrderDeclined)

    result = await quarantine.release(late.id, "finance-1")
    assert AdviceFlag.REVOKED_TILL in result.flags
    assert await shop.held(wallet) == (1100, 0)
    assert await quarantine.listed() == []
    with pytest.raises(NotReleased, match="booked already"):
        await quarantine.release(late.id, "finance-1")
    assert await shop.held(wallet) == (1100, 0)


async def test_what_was_sold_is_judged_by_what_held_when_it_was_reported(
    shop: Shop,
) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    await shop.advise(late)
    newer = msgspec.structs.replace(CATALOGUE, version=CATALOGUE.version + 1)
    await publish_catalogue(shop.parts.store, NUMBER, newer)
    await shop.parts.context.refresh()

    result = await shop.parts.orders.quarantine.release(late.id, "finance-1")
    assert result.flags == (AdviceFlag.REVOKED_TILL,)


async def test_an_order_booked_before_is_not_booked_again_by_its_release(
    shop: Shop,
) -> None:
    wallet = await shop.band(2000)
    order = a_sale(wallet, BEERS, till=OTHER)
    await shop.booked(order)
    await shop.advise(order)
    await revoked(shop)

    assert await shop.advise(order) == (AdviceFlag.REVOKED_TILL,)
    assert (await shop.parts.orders.quarantine.release(order.id, "me")).flags == ()
    assert await shop.held(wallet) == (1100, 0)


async def test_cash_booked_before_is_no_contradiction_when_it_is_released(
    shop: Shop,
) -> None:
    order = a_sale(None, BEERS, till=OTHER)
    assert await shop.advise(order) == ()
    await revoked(shop)

    assert await shop.advise(order) == (AdviceFlag.REVOKED_TILL,)
    assert (await shop.parts.orders.quarantine.release(order.id, "me")).flags == ()


async def test_an_aborted_order_of_a_revoked_till_waits_too(shop: Shop) -> None:
    wallet = await shop.band(2000)
    order = a_sale(wallet, BEERS, till=OTHER)
    await shop.booked(order)
    await revoked(shop)

    assert await shop.advise(order, outcome=Outcome.ABORTED) == (
        AdviceFlag.REVOKED_TILL,
    )
    assert await shop.held(wallet) == (1100, 0)
    await shop.parts.orders.quarantine.release(order.id, "me")
    assert await shop.held(wallet) == (2000, 0)


async def test_amounts_beyond_all_reason_never_reach_the_ledger(shop: Shop) -> None:
    wallet = await shop.band()
    absurd = a_top_up(wallet, AMOUNT_MINOR_MAX + 1)

    assert await shop.advise(absurd) == (AdviceFlag.INCONSISTENT_ORDER,)
    assert await shop.held(wallet) == (0, 0)
    with pytest.raises(NotReleased, match="beyond all reason"):
        await shop.parts.orders.quarantine.release(absurd.id, "me")
    with pytest.raises(NotReleased, match="is set aside"):
        await shop.parts.orders.quarantine.release(uuid4(), "me")


async def test_what_is_released_has_every_flag_that_it_had_otherwise(
    shop: Shop,
) -> None:
    await hire(shop.parts)
    wallet = await shop.band(5000)
    more = make_line(BEER, 5)  # 22.50; a till may sell for 20.00 alone
    late = a_sale(wallet, more, till=OTHER, cashier="nobody")
    await revoked(shop)
    await shop.advise(late, path=Path.STAND_IN, basis_batch=1)

    result = await shop.parts.orders.quarantine.release(late.id, "finance-1")

    assert {
        AdviceFlag.REVOKED_TILL,
        AdviceFlag.NOT_ALLOWED,
        AdviceFlag.EXCEEDS_ALLOWANCE,
    } <= set(result.flags)
    assert await shop.held(wallet) == (3000, 0)
    assert await shop.posted("stand_in_loss", "allowance_used_up") == -250


async def test_a_bill_that_was_not_due_is_flagged_when_its_payment_is_released(
    shop: Shop,
) -> None:
    line = plain_line(LineRole.BILL, 5000, "Bill")
    bill = "0" * 27
    late = an_order(OrderKind.BILL_PAYMENT, (line,), till=OTHER, bill=bill)
    await revoked(shop)
    await shop.advise(late)

    result = await shop.parts.orders.quarantine.release(late.id, "finance-1")

    assert AdviceFlag.BILL_NOT_DUE in result.flags


async def test_a_forged_token_is_remembered_as_such_until_the_release(
    shop: Shop,
) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    genuine = samples.credential(wallet)
    forged = msgspec.structs.replace(genuine, signature=bytes(64))
    await shop.advise(late, path=Path.STAND_IN, credential=forged)

    await shop.parts.orders.quarantine.release(late.id, "finance-1")

    assert await shop.held(wallet) == (2000, 0)
    assert await shop.posted("stand_in_loss", "forged_wristband") == -900


async def test_what_is_set_aside_can_only_be_added_to(
    shop: Shop, one_database: str
) -> None:
    await revoked(shop)
    await shop.advise(a_sale(None, BEERS, till=OTHER))
    owner = await asyncpg.connect(one_database)
    try:
        for change in ("UPDATE quarantine SET till = 'x'", "DELETE FROM quarantine"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await owner.execute(change)
    finally:
        await owner.close()


async def test_what_a_person_decides_elsewhere_the_writer_books_once(
    shop: Shop,
) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    await shop.advise(late)
    kept, quarantine = SetAside(shop.parts.store, NUMBER), shop.parts.orders.quarantine

    found = await kept.decide(late.id, Decision.RELEASE, by="finance-1", reason="seen")
    assert await quarantine.listed() == []  # nothing is left to decide
    assert not await kept.is_released(found.digest)
    for _ in range(2):
        await quarantine.book()
    assert await shop.held(wallet) == (1100, 0)
    assert await kept.is_released(found.digest)
    with pytest.raises(NotReleased, match="booked already"):
        await kept.decide(late.id, Decision.DISMISS, by="finance-1")


async def test_the_writer_hears_of_a_decision(shop: Shop) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    await shop.advise(late)
    kept, quarantine = SetAside(shop.parts.store, NUMBER), shop.parts.orders.quarantine
    running = asyncio.create_task(quarantine.run())

    await asyncio.sleep(0)  # it has looked, and waits
    found = await kept.decide(late.id, Decision.RELEASE, by="finance-1")
    quarantine.hear()
    for _ in range(2000):
        if await kept.is_released(found.digest):
            break
        await asyncio.sleep(0.01)
    running.cancel()
    assert await shop.held(wallet) == (1100, 0)


async def test_what_is_dismissed_stays_unbooked_until_somebody_thinks_again(
    shop: Shop,
) -> None:
    wallet = await shop.band(2000)
    late = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    await shop.advise(late)
    kept, quarantine = SetAside(shop.parts.store, NUMBER), shop.parts.orders.quarantine

    await kept.decide(late.id, Decision.DISMISS, by="finance-1", reason="stolen till")
    await quarantine.book()
    assert await shop.held(wallet) == (2000, 0)
    (dismissed,) = await kept.listed()
    assert (dismissed.reason, dismissed.waits) == ("stolen till", False)

    await kept.decide(late.id, Decision.RELEASE, by="finance-2")
    await quarantine.book()
    assert await shop.held(wallet) == (1100, 0)


async def test_an_absurd_amount_is_refused_when_it_is_decided(shop: Shop) -> None:
    absurd = a_top_up(await shop.band(), AMOUNT_MINOR_MAX + 1)
    await shop.advise(absurd)
    kept = SetAside(shop.parts.store, NUMBER)

    with pytest.raises(NotReleased, match="beyond all reason"):
        await kept.decide(absurd.id, Decision.RELEASE, by="me")
    (still,) = await kept.listed()
    assert still.waits


async def test_an_absurd_order_that_was_aborted_is_let_go(shop: Shop) -> None:
    absurd = a_top_up(await shop.band(), AMOUNT_MINOR_MAX + 1, till=OTHER)
    await revoked(shop)
    await shop.advise(absurd, outcome=Outcome.ABORTED)

    await SetAside(shop.parts.store, NUMBER).decide(
        absurd.id, Decision.RELEASE, by="me"
    )
    await shop.parts.orders.quarantine.book()

    (let_go,) = await SetAside(shop.parts.store, NUMBER).listed()
    assert let_go.released


async def test_of_two_words_about_one_order_each_can_be_decided(shop: Shop) -> None:
    wallet = await shop.band(2000)
    order = a_sale(wallet, BEERS, till=OTHER)
    await revoked(shop)
    await shop.advise(order, outcome=Outcome.ABORTED)
    await shop.advise(order)
    kept = SetAside(shop.parts.store, NUMBER)

    await kept.decide(order.id, Decision.DISMISS, by="me")
    await kept.decide(order.id, Decision.RELEASE, by="me")
    await shop.parts.orders.quarantine.book()

    assert await shop.held(wallet) == (1100, 0)

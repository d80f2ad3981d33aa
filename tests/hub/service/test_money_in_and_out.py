"""Money that comes in and goes out at a till: top-ups, payouts, tickets, gifts, bills.

The other half of what a cashier does, named by feature: top-up with minimum and limits,
payout, pending card payment, ticket sale, free tickets and grants, bills, coins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from contract.config import EventLimits
from contract.ids import EventId
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderChecked,
    OrderDeclined,
)
from contract.money import Currency, Money
from contract.order import (
    CardReceipt,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
)
from hub.service.context import ContextKeeper
from hub.service.events import (
    create_event,
    publish_catalogue,
    register_till,
    set_limits,
)
from hub.service.verification import verify
from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.shop import (
    BEER,
    CASH,
    CATALOGUE,
    DESK,
    ENTRY,
    YOUTH,
    YOUTH_ENTRY,
    Shop,
    a_grant,
    a_payout,
    a_sale,
    a_top_up,
    an_order,
    by,
    canceling,
    with_vouchers,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hub.store.store import Store
    from tests.hub.hubs import Parts

NUMBER = samples.EVENT.number
CARD = Payment(
    method=PaymentMethod.CARD,
    card=CardReceipt(provider="sumup", id="TX-1", masked_number="476173*1234"),
)


@pytest_asyncio.fixture
async def shop(parts: Parts) -> AsyncIterator[Shop]:
    opened = await Shop(parts).open()
    yield opened
    report = await verify(
        parts.store, NUMBER, incarnation=parts.context.current.incarnation
    )
    assert report.ok, report.findings


async def limited(shop: Shop, **limits: int) -> None:
    await set_limits(shop.parts.store, NUMBER, EventLimits(**limits))
    await shop.parts.context.refresh()


def a_ticket(
    *given: tuple[int, int, int], lines: tuple[Line, ...], **more: Any
) -> Order:
    """Entry for some wristbands: serial, top-up and vouchers of each."""
    gained = tuple(
        Credit(wallet=wallet, amount_minor=minor, vouchers=vouchers)
        for wallet, minor, vouchers in given
    )
    money = sum(minor for _, minor, _ in given)
    extra = (plain_line(LineRole.CREDIT, money, "Top-up"),) if money else ()
    return an_order(
        OrderKind.TICKET, (*lines, *extra), till=DESK, credits=gained, **more
    )


# --- money in and out ----------------------------------------------------------------


@pytest.mark.parametrize("payment", [Payment(method=PaymentMethod.CASH), CARD])
async def test_top_up_is_checked_then_paid_then_booked(
    shop: Shop, payment: Payment
) -> None:
    wallet = await shop.band()
    top_up = a_top_up(wallet, 2000, payment)

    assert isinstance(await shop.check(top_up), OrderChecked)
    assert await shop.advise(top_up) == ()
    assert await shop.held(wallet) == (2000, 0)


async def test_top_up_has_a_minimum(shop: Shop) -> None:
    await limited(shop, top_up_min_minor=100)
    wallet = await shop.band()

    declined = await shop.check(a_top_up(wallet, 99))
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.BELOW_MINIMUM
    assert declined.facts.suggested == Money(100)
    assert isinstance(await shop.check(a_top_up(wallet, 100)), OrderChecked)


async def test_what_was_topped_up_below_the_minimum_is_booked_and_flagged(
    shop: Shop,
) -> None:
    wallet = await shop.band()
    await limited(shop, top_up_min_minor=100)

    assert await shop.advise(a_top_up(wallet, 1)) == (AdviceFlag.BELOW_MINIMUM,)
    assert await shop.held(wallet) == (1, 0)
    assert await shop.advise(a_top_up(wallet, 100)) == ()


async def test_top_up_has_a_maximum_balance(shop: Shop) -> None:
    wallet = await shop.band(4000)
    await limited(shop, max_balance_minor=5000)

    declined = await shop.check(a_top_up(wallet, 1001))
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.BALANCE_CAP
    assert declined.facts.cap_room == declined.facts.suggested == Money(1000)
    assert "may take 10.00 EUR more" in declined.text
    checked = await shop.check(a_top_up(wallet, 1000))
    assert isinstance(checked, OrderChecked)
    assert checked.facts.cap_room == Money(1000)
    # The money is in the till already: it is booked, and said.
    assert await shop.advise(a_top_up(wallet, 1500)) == (AdviceFlag.EXCEEDS_CAP,)
    assert await shop.held(wallet) == (5500, 0)
    fresh = await shop.band()
    assert await shop.advise(a_top_up(fresh, 5001)) == (AdviceFlag.EXCEEDS_CAP,)


async def test_all_wallets_together_have_a_cap(shop: Shop) -> None:
    first, second = await shop.band(3000), await shop.band(1000)
    await limited(shop, event_cap_minor=5000)

    declined = await shop.check(a_top_up(second, 1001))
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.EVENT_CAP
    assert declined.facts.suggested == Money(1000)
    assert await shop.advise(a_top_up(first, 1000)) == ()
    assert await shop.advise(a_top_up(second, 1)) == (AdviceFlag.EXCEEDS_CAP,)
    # What is spent makes room again.
    await shop.booked(a_sale(first, make_line(BEER, 1)))
    assert isinstance(await shop.check(a_top_up(second, 449)), OrderChecked)


async def test_giving_back_is_never_refused_for_a_limit(shop: Shop) -> None:
    wallet = await shop.band(5000)
    sale = a_sale(wallet, make_line(BEER, 1))
    await shop.booked(sale)
    await shop.advise(sale)
    await limited(shop, max_balance_minor=1000, event_cap_minor=1000)

    assert (await shop.booked(canceling(sale))).balance == Money(5000)


async def test_payout_of_a_part_and_of_the_rest(shop: Shop) -> None:
    wallet = await shop.band(2000)

    part = a_payout(wallet, 500)
    assert (await shop.booked(part)).balance == Money(1500)
    assert await shop.advise(part) == ()
    too_much = await shop.declined(a_payout(wallet, 1501))
    assert too_much.reason is DeclineReason.INSUFFICIENT_BALANCE
    assert too_much.facts.balance == Money(1500)
    assert too_much.text == "Only 15.00 EUR on the wristband. Pay out that or less."
    assert (await shop.booked(a_payout(wallet, 1500))).balance == Money(0)
    assert await shop.posted("cash_register", "desk-1") == 0


async def test_payout_needs_the_wristband_itself(shop: Shop) -> None:
    wallet, other = await shop.band(2000), await shop.band()

    verdict = await shop.ask(a_payout(wallet, 500), samples.credential(other))
    assert isinstance(verdict, OrderDeclined)
    assert verdict.reason is DeclineReason.FORGED_WRISTBAND
    assert await shop.held(wallet) == (2000, 0)


async def test_pending_card_payment_is_asked_before_and_booked_once_paid(
    shop: Shop,
) -> None:
    wallet = await shop.band()
    unpaid = a_top_up(wallet, 2000, Payment(method=PaymentMethod.CARD))

    assert isinstance(await shop.check(unpaid), OrderChecked)
    assert await shop.held(wallet) == (0, 0)
    paid = msgspec.structs.replace(unpaid, payment=CARD)
    assert await shop.advise(paid) == ()
    assert await shop.posted("card_clearing", "sumup") == -2000
    # Without the terminal's receipt it is booked, and said.
    lost = a_top_up(wallet, 300, Payment(method=PaymentMethod.CARD))
    assert await shop.advise(lost) == (AdviceFlag.CARD_RECEIPT_MISSING,)
    assert await shop.posted("card_clearing", "unknown") == -300


# --- tickets and gifts ---------------------------------------------------------------


async def test_ticket_sale_for_a_group_with_included_and_further_top_up(
    shop: Shop,
) -> None:
    adult, young = await shop.band(), await shop.band(variant=YOUTH)
    lines = (make_line(ENTRY, 1), make_line(YOUTH_ENTRY, 1))
    ticket = a_ticket((adult, 500, 0), (young, 1000, 2), lines=lines)

    assert isinstance(await shop.check(ticket), OrderChecked)
    assert await shop.advise(ticket) == ()
    assert await shop.held(adult) == (500, 0)
    assert await shop.held(young) == (1000, 2)
    assert await shop.posted("cash_register", "desk-1") == -3100


async def test_a_ticket_is_that_of_its_wristband(shop: Shop) -> None:
    adult, young = await shop.band(), await shop.band(variant=YOUTH)
    cases = {
        "another sort of wristband": a_ticket(
            (young, 500, 0), lines=(make_line(ENTRY, 1),)
        ),
        "the included top-up is missing": a_ticket(
            (adult, 400, 0), lines=(make_line(ENTRY, 1),)
        ),
        "too many vouchers": a_ticket((adult, 500, 3), lines=(make_line(ENTRY, 1),)),
        "one ticket for two": a_ticket(
            (adult, 500, 0), (young, 0, 2), lines=(make_line(ENTRY, 1),)
        ),
        "no ticket at all": a_ticket((adult, 500, 0), lines=(make_line(BEER, 1),)),
    }
    for case, order in cases.items():
        assert isinstance(await shop.check(order), OrderDeclined), case


async def test_an_adult_does_not_come_in_by_a_youths_ticket_whoever_pays(
    shop: Shop,
) -> None:
    payer, adult, young = (
        await shop.band(5000),
        await shop.band(),
        await shop.band(variant=YOUTH),
    )
    entry = (make_line(YOUTH_ENTRY, 1),)
    off = (*entry, *discount_lines(entry, "Free ticket"))
    by_wristband = a_ticket((adult, 0, 2), lines=entry, payment=by(payer))
    free = a_ticket((adult, 0, 2), lines=off, payment=None, granted_by="lead-1")

    for wrong in (by_wristband, free):
        declined = await shop.declined(wrong)
        assert declined.reason is DeclineReason.WRONG_PRICE
        assert "Read the wristbands again" in declined.text
    assert (await shop.declined(free)).text == declined.text
    in_cash = a_ticket((adult, 0, 2), lines=entry)
    assert await shop.advise(in_cash) == (AdviceFlag.WRONG_TICKET,)
    await shop.booked(a_ticket((young, 0, 2), lines=entry, payment=by(payer)))


async def a_group(shop: Shop, payment: Payment = CASH) -> tuple[Order, int, int]:
    """An adult and a youth who came in together, and their wristbands."""
    adult, young = await shop.band(), await shop.band(variant=YOUTH)
    lines = (make_line(ENTRY, 1), make_line(YOUTH_ENTRY, 1))
    given = ((adult, 500, 0), (young, 1000, 2))
    ticket = a_ticket(*given, lines=lines, payment=payment)
    if payment.wallet is not None:
        await shop.booked(ticket)
    assert await shop.advise(ticket) == ()
    return ticket, adult, young


@pytest.mark.parametrize("is_forgotten", [False, True])
@pytest.mark.parametrize("how", ["cash", "card", "wristband"])
async def test_one_guest_of_a_group_gives_the_ticket_back(
    shop: Shop, how: str, is_forgotten: bool
) -> None:
    """The others stay in, and keep what is on their wristbands."""
    payer = await shop.band(10_000)
    payment = {"cash": CASH, "card": CARD, "wristband": by(payer)}[how]
    ticket, adult, young = await a_group(shop, payment)
    in_cash = await shop.posted("cash_register", "desk-1")

    for guest, lines in ((young, (2, 3)), (adult, (1, 3))):
        if is_forgotten:
            shop.parts.booking.forget()
        back = canceling(ticket, lines, guest=guest, till=DESK)
        await shop.booked(back)
        assert await shop.advise(back) == ()
        assert await shop.held(guest) == (0, 0)
        assert await shop.held(adult) == ((0, 0) if guest == adult else (500, 0))

    assert await shop.held(payer) == (10_000, 0)
    assert await shop.posted("card_clearing", "sumup") == 0
    now = await shop.posted("cash_register", "desk-1")
    assert now - in_cash == (ticket.total_minor if how == "cash" else 0)
    assert await shop.posted("revenue", "2") + await shop.posted("tax", "2") == 0


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_a_guest_goes_out_once_and_with_all_that_came_with_the_ticket(
    shop: Shop, is_forgotten: bool
) -> None:
    ticket, adult, young = await a_group(shop)
    out = canceling(ticket, (2, 3), guest=young, till=DESK)
    kept = {
        "the vouchers": (Credit(wallet=young, amount_minor=-1000),),
        "all, another's": (Credit(wallet=adult, amount_minor=-1000, vouchers=-2),),
    }
    for what, back in kept.items():
        refused = await shop.ask(msgspec.structs.replace(out, credits=back))
        assert isinstance(refused, OrderDeclined), what
        out = msgspec.structs.replace(out, attempt=out.attempt + 1)

    await shop.booked(out)
    assert await shop.advise(out) == ()
    if is_forgotten:
        shop.parts.booking.forget()
    for lines in ((2, 3), (2,), (3,)):
        again = canceling(ticket, lines, guest=young, till=DESK)
        declined = await shop.declined(again)
        assert declined.reason is DeclineReason.ALREADY_CANCELED
    whole = await shop.declined(canceling(ticket))
    assert whole.reason is DeclineReason.ALREADY_CANCELED
    assert await shop.held(adult) == (500, 0)


async def test_one_top_up_of_a_group_is_given_back_and_the_ticket_stays(
    shop: Shop,
) -> None:
    ticket, adult, young = await a_group(shop)

    money = canceling(ticket, (3,), guest=young, till=DESK)
    assert money.total_minor == -1000
    await shop.booked(money)
    await shop.advise(money)
    assert await shop.held(young) == (0, 2)
    # With the ticket go its vouchers; the money has gone already.
    ticket_only = canceling(ticket, (2,), guest=young, till=DESK)
    await shop.booked(ticket_only)
    await shop.advise(ticket_only)
    assert await shop.held(young) == (0, 0)
    assert await shop.held(adult) == (500, 0)
    others = canceling(ticket, (1,), guest=adult, till=DESK)
    declined = await shop.declined(others)  # the money would stay
    assert declined.reason is DeclineReason.NOTHING_TO_CANCEL


async def test_a_guest_who_has_spent_it_gives_nothing_back(shop: Shop) -> None:
    one, two = await shop.band(), await shop.band()
    ticket = a_ticket((one, 500, 0), (two, 500, 0), lines=(make_line(ENTRY, 2),))
    await shop.advise(ticket)
    await shop.booked(a_sale(one, make_line(BEER, 1)))

    spent = await shop.declined(canceling(ticket, (1, 2), guest=one, till=DESK))
    assert spent.reason is DeclineReason.INSUFFICIENT_BALANCE
    await shop.booked(canceling(ticket, (1, 2), guest=two, till=DESK))
    assert await shop.held(two) == (0, 0)


async def test_tickets_paid_by_a_wristband_keep_the_limits(shop: Shop) -> None:
    payer, guest = await shop.band(5000), await shop.band()
    await limited(shop, max_balance_minor=600)
    lines = (make_line(ENTRY, 1),)

    declined = await shop.declined(
        a_ticket((guest, 700, 0), lines=lines, payment=by(payer))
    )
    assert declined.reason is DeclineReason.BALANCE_CAP
    booked = await shop.booked(
        a_ticket((guest, 600, 0), lines=lines, payment=by(payer))
    )
    assert booked.balance == Money(5000 - 1600)
    assert await shop.held(guest) == (600, 0)


async def test_free_ticket_says_who_granted_it(shop: Shop) -> None:
    young = await shop.band(variant=YOUTH)
    entry = (make_line(YOUTH_ENTRY, 1),)
    lines = (*entry, *discount_lines(entry, "Free ticket"))
    free = a_ticket((young, 0, 2), lines=lines, payment=None, granted_by="lead-1")

    assert isinstance(await shop.check(free), OrderChecked)
    booked = await shop.booked(free)
    assert booked.vouchers == 2
    assert await shop.advise(free) == ()
    assert await shop.posted("revenue", "2") == 0
    nobody = msgspec.structs.replace(free, id=samples.order(1).id, granted_by="")
    assert isinstance(await shop.check(nobody), OrderDeclined)


async def test_grant_of_vouchers_and_its_cancellation(shop: Shop) -> None:
    wallet = await shop.band(0)
    grant = a_grant(wallet, 3)

    assert (await shop.booked(grant)).vouchers == 3
    assert await shop.advise(grant) == ()
    await shop.booked(with_vouchers(wallet, 1, make_line(BEER, 1)))
    used = await shop.declined(canceling(grant, payment=None))
    assert used.reason is DeclineReason.INSUFFICIENT_VOUCHERS
    second = a_grant(wallet, 2)
    await shop.booked(second)
    await shop.advise(second)
    assert (await shop.booked(canceling(second, payment=None))).vouchers == 2


# --- bills and coins -----------------------------------------------------------------


async def test_a_bill_that_nobody_wrote_is_not_paid(shop: Shop) -> None:
    line = plain_line(LineRole.BILL, 12000, "Bill")
    order = an_order(OrderKind.BILL_PAYMENT, (line,), bill="0" * 27)

    declined = await shop.check(order)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.UNKNOWN_BILL
    assert await shop.advise(order) == (AdviceFlag.BILL_NOT_DUE,)


async def test_francs_in_coins_are_rounded_by_a_line(store: Store) -> None:
    swiss = replace(
        samples.EVENT, number=8, slug=EventId("swiss"), currency=Currency.CHF
    )
    await create_event(store, swiss)
    prices = msgspec.structs.replace(CATALOGUE, event=swiss.slug, currency=Currency.CHF)
    await publish_catalogue(store, swiss.number, prices)
    await register_till(store, swiss.number, samples.TILL, "Bar")
    context = ContextKeeper(store, swiss.slug)
    await context.refresh()
    line = make_line(samples.CENT, 452)
    francs = {"event": swiss.slug, "currency": Currency.CHF}
    unrounded = a_sale(None, line, **francs)
    rounded = a_sale(None, line, *rounding_lines(unrounded.total), **francs)
    async with running_parts(store, context) as parts:
        shop = Shop(parts)

        assert rounded.total_minor == 450
        assert await shop.advise(rounded) == ()
        assert await shop.posted("rounding", "all") == -2
        assert await shop.advise(unrounded) == (AdviceFlag.INCONSISTENT_ORDER,)

"""Everything a cashier does with money at a till, from the message to the ledger.

One test per feature of a festival's till that money hangs on, named by it: two-step
sale, payment method per sale, vouchers at sale, returnables, free price, locked
products, age restriction, cancellation, top-up, payout, pending card payment, ticket
sale, swapped wristband, grants. What must hold after each: the books prove themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import pytest_asyncio

from contract.config import EventLimits, TillProfile
from contract.ids import EventId
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderBooked,
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
    Path,
    Payment,
    PaymentMethod,
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
    voucher_lines,
)
from hub.service.context import ContextKeeper
from hub.service.events import (
    CatalogueTaken,
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
    BOOK,
    CATALOGUE,
    CUP,
    DESK,
    ENTRY,
    GIFT,
    OTHER,
    PRETZEL,
    YOUTH,
    YOUTH_ENTRY,
    Shop,
    a_grant,
    a_payout,
    a_sale,
    a_top_up,
    again,
    an_order,
    by,
    canceling,
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


def with_vouchers(wallet: int, vouchers: int, *lines: Line) -> Order:
    products = {each.id: each for each in CATALOGUE.products}
    return a_sale(wallet, *lines, *voucher_lines(lines, products, vouchers))


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


# --- selling -------------------------------------------------------------------------


async def test_two_step_sale(shop: Shop) -> None:
    wallet = await shop.band(1000)
    sale = a_sale(wallet, make_line(BEER, 1))

    checked = await shop.check(sale)
    assert isinstance(checked, OrderChecked)
    assert checked.facts.balance == Money(1000)
    assert await shop.held(wallet) == (1000, 0)  # nothing is booked by a check

    booked = await shop.booked(sale)
    assert booked.balance == Money(550)
    assert (await shop.booked(sale)).balance == Money(550)  # the same, told again
    assert await shop.advise(sale) == ()
    assert await shop.held(wallet) == (550, 0)


@pytest.mark.parametrize("method", ["wallet", "cash", "card"])
async def test_payment_method_per_sale(shop: Shop, method: str) -> None:
    wallet = await shop.band(1000)
    cash = Payment(method=PaymentMethod.CASH)
    payment = {"wallet": by(wallet), "cash": cash, "card": CARD}[method]
    sale = an_order(OrderKind.SALE, (make_line(BEER, 1),), payment)

    verdict = await shop.ask(sale)
    assert isinstance(verdict, OrderBooked) is (method == "wallet")
    assert await shop.advise(sale) == (
        () if method == "wallet" else (AdviceFlag.CONTRADICTS_DECLINE,)
    )
    assert await shop.posted("cash_register", "bar-1") == -450 * (method == "cash")
    assert await shop.posted("card_clearing", "sumup") == -450 * (method == "card")
    assert await shop.posted("revenue", "1") == 378


async def test_payment_methods_are_switched_on_per_profile(shop: Shop) -> None:
    profile = TillProfile(name="bar", methods=(PaymentMethod.WALLET,))
    await register_till(shop.parts.store, NUMBER, OTHER, "Bar 2", profile=profile)
    await shop.parts.context.refresh()
    wallet = await shop.band(1000)

    cash = a_sale(None, make_line(BEER, 1), till=OTHER)
    refused = await shop.check(cash)
    assert isinstance(refused, OrderDeclined)
    assert refused.reason is DeclineReason.NOT_ALLOWED
    assert "payments by cash" in refused.text
    assert await shop.advise(cash) == (AdviceFlag.NOT_ALLOWED,)

    top_up = await shop.check(a_top_up(wallet, 500, till=OTHER))
    assert isinstance(top_up, OrderDeclined)
    assert top_up.reason is DeclineReason.NOT_ALLOWED
    await shop.booked(a_sale(wallet, make_line(BEER, 1), till=OTHER))


async def test_vouchers_at_sale_are_used_where_they_save_most(shop: Shop) -> None:
    wallet = await shop.band(1000, vouchers=1)
    lines = (make_line(PRETZEL, 1), make_line(BEER, 1))

    booked = await shop.booked(with_vouchers(wallet, 1, *lines))

    assert (booked.balance, booked.vouchers) == (Money(780), 0)
    assert await shop.held(wallet) == (780, 0)
    assert await shop.posted("voucher_pool", "all", "voucher") == 0


async def test_the_cashier_may_use_fewer_vouchers(shop: Shop) -> None:
    wallet = await shop.band(1000, vouchers=2)
    lines = (make_line(PRETZEL, 1), make_line(BEER, 1))

    assert (await shop.booked(with_vouchers(wallet, 1, *lines))).vouchers == 1


async def test_vouchers_that_are_gone_are_said_so_that_the_till_prices_anew(
    shop: Shop,
) -> None:
    wallet = await shop.band(1000, vouchers=1)
    lines = (make_line(BEER, 3),)
    first = with_vouchers(wallet, 2, *lines)

    declined = await shop.declined(first)
    assert declined.reason is DeclineReason.INSUFFICIENT_VOUCHERS
    assert (declined.facts.vouchers, declined.facts.balance) == (1, Money(1000))
    assert declined.text.startswith("The wristband has 1 vouchers, not 2.")

    repriced = with_vouchers(wallet, declined.facts.vouchers or 0, *lines)
    second = again(first, 2, repriced.lines)
    assert (await shop.booked(second)).balance == Money(100)
    assert await shop.advise(second) == ()


async def test_vouchers_do_not_pay_what_they_are_not_for(shop: Shop) -> None:
    wallet = await shop.band(1000, vouchers=1)
    wrong = Line(
        product=0,
        name="Vouchers",
        quantity=-1,
        unit_price_minor=200,
        total_minor=-200,
        tax_code=1,
        role=LineRole.VOUCHER,
        vouchers=1,
    )

    for lines in ((make_line(CUP, 1), wrong), (make_line(BEER, 1), wrong)):
        declined = await shop.declined(a_sale(wallet, *lines))
        assert declined.reason is DeclineReason.WRONG_PRICE


async def test_returnables_are_asked_for_and_given_back(shop: Shop) -> None:
    wallet = await shop.band(1000)

    await shop.booked(a_sale(wallet, make_line(BEER, 1), make_line(CUP, 1)))
    assert await shop.posted("deposit_liability", "1") == 168
    given_back = a_sale(wallet, make_line(CUP, -1))
    assert (await shop.booked(given_back)).balance == Money(550)
    assert await shop.posted("deposit_liability", "1") == 0


async def test_only_returnables_have_negative_quantities(shop: Shop) -> None:
    wallet = await shop.band(1000)

    declined = await shop.declined(
        a_sale(wallet, make_line(BEER, -1), make_line(CUP, 5))
    )
    assert declined.reason is DeclineReason.NOT_RETURNABLE
    assert declined.text.startswith("Beer can't be given back")


async def test_a_button_of_several_products_is_its_lines(shop: Shop) -> None:
    wallet = await shop.band(1000)
    (button,) = CATALOGUE.buttons
    products = {each.id: each for each in CATALOGUE.products}
    lines = [make_line(products[each.product], each.quantity) for each in button.parts]

    assert (await shop.booked(a_sale(wallet, *lines))).balance == Money(350)


async def test_free_price(shop: Shop) -> None:
    wallet = await shop.band(1000)

    booked = await shop.booked(a_sale(wallet, make_line(BOOK, 1, 750)))
    assert booked.balance == Money(250)
    gift = await shop.booked(a_sale(wallet, make_line(GIFT, 1, 50)))
    assert gift.balance == Money(200)
    assert await shop.posted("donation", "all") == 50

    below = make_line(BOOK, 1, -100)
    declined = await shop.declined(a_sale(wallet, below, make_line(BEER, 1)))
    assert declined.reason is DeclineReason.WRONG_PRICE


async def test_locked_products_keep_what_receipts_showed(shop: Shop) -> None:
    store = shop.parts.store
    sold = msgspec.structs.replace(BEER, locked=True)
    others = CATALOGUE.products[1:]
    locked = msgspec.structs.replace(CATALOGUE, version=3, products=(sold, *others))
    await publish_catalogue(store, NUMBER, locked)

    dearer = msgspec.structs.replace(sold, price_minor=500)
    after = msgspec.structs.replace(locked, version=4, products=(dearer, *others))
    with pytest.raises(CatalogueTaken, match="has been sold and keeps its price_minor"):
        await publish_catalogue(store, NUMBER, after)


async def test_age_restriction(shop: Shop) -> None:
    young = await shop.band(1000, variant=YOUTH)
    beer = a_sale(young, make_line(PRETZEL, 1), make_line(BEER, 1))

    for declined in (await shop.check(beer), await shop.declined(beer)):
        assert isinstance(declined, OrderDeclined)
        assert declined.reason is DeclineReason.AGE_RESTRICTED
        assert declined.facts.restricted == (BEER.id,)
        assert declined.facts.variant == YOUTH
        assert "may not buy Beer" in declined.text
    await shop.booked(a_sale(young, make_line(PRETZEL, 1)))
    # Handed out all the same: it is booked, and said.
    assert AdviceFlag.AGE_RESTRICTED in await shop.advise(
        a_sale(young, make_line(BEER, 1)), Path.STAND_IN, basis_batch=1
    )


# --- taking back ---------------------------------------------------------------------


async def test_cancel_sale_from_another_till(shop: Shop) -> None:
    wallet = await shop.band(1000, vouchers=1)
    sale = with_vouchers(wallet, 1, make_line(BEER, 2))
    await shop.booked(sale)

    early = await shop.declined(canceling(sale))
    assert early.reason is DeclineReason.NOT_FINAL_YET
    await shop.advise(sale)
    cancellation = canceling(sale)
    assert (await shop.booked(cancellation)).balance == Money(1000)
    assert await shop.advise(cancellation) == ()
    assert await shop.held(wallet) == (1000, 1)

    twice = await shop.declined(canceling(sale))
    assert twice.reason is DeclineReason.ALREADY_CANCELED
    of_that = msgspec.structs.replace(
        canceling(sale), cancels=cancellation.id, lines=sale.lines
    )
    assert isinstance(await shop.ask(of_that), OrderDeclined)


async def test_cancel_sale_by_line(shop: Shop) -> None:
    wallet = await shop.band(2000)
    sale = a_sale(wallet, make_line(BEER, 2), make_line(PRETZEL, 1))
    await shop.booked(sale)
    await shop.advise(sale)

    assert (await shop.booked(canceling(sale, (2,)))).balance == Money(1100)
    assert (await shop.declined(canceling(sale, (2,)))).reason is (
        DeclineReason.ALREADY_CANCELED
    )


async def test_what_a_voucher_paid_is_not_given_back_in_money(shop: Shop) -> None:
    wallet = await shop.band(1000, vouchers=1)
    sale = with_vouchers(wallet, 1, make_line(BEER, 1))
    await shop.booked(sale)
    await shop.advise(sale)

    beer_only = await shop.declined(canceling(sale, (1,)))
    assert beer_only.reason is DeclineReason.NOTHING_TO_CANCEL
    await shop.booked(canceling(sale, (1, 2)))
    assert await shop.held(wallet) == (1000, 1)


async def test_a_cash_sale_is_canceled_by_an_advice(shop: Shop) -> None:
    sale = a_sale(None, make_line(BEER, 1))
    await shop.advise(sale)

    assert await shop.advise(canceling(sale)) == ()
    assert await shop.posted("cash_register", "bar-1") == -450
    assert await shop.posted("cash_register", "bar-2") == 450
    assert await shop.posted("revenue", "1") == 0
    assert await shop.advise(canceling(sale)) == (AdviceFlag.ALREADY_CANCELED,)
    stranger = a_sale(None, make_line(PRETZEL, 1))
    assert await shop.advise(canceling(stranger)) == (AdviceFlag.NOTHING_TO_CANCEL,)


async def test_a_top_up_is_canceled_where_it_went_and_only_if_it_is_there(
    shop: Shop,
) -> None:
    wallet, other = await shop.band(), await shop.band(5000)
    top_up = a_top_up(wallet, 2000)
    await shop.advise(top_up)

    moved = msgspec.structs.replace(
        canceling(top_up), credits=(Credit(wallet=other, amount_minor=-2000),)
    )
    assert (await shop.declined(moved)).reason is DeclineReason.NOTHING_TO_CANCEL
    await shop.booked(a_sale(wallet, make_line(BEER, 1)))
    spent = await shop.declined(canceling(top_up))
    assert spent.reason is DeclineReason.INSUFFICIENT_BALANCE
    assert spent.text.startswith("Only 15.50 EUR is left on the wristband")
    await shop.advise(a_top_up(wallet, 450))
    assert (await shop.booked(canceling(top_up))).balance == Money(0)


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

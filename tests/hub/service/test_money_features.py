"""Everything a cashier does with money at a till, from the message to the ledger.

One test per feature of a festival's till that money hangs on, named by it: two-step
sale, payment method per sale, vouchers at sale, returnables, free price, locked
products, age restriction, cancellation, top-up, payout, pending card payment, ticket
sale, swapped wristband, grants. What must hold after each: the books prove themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from contract.catalogue import ProductKind
from contract.config import TillProfile
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    OrderBooked,
    OrderChecked,
    OrderDeclined,
)
from contract.money import Money
from contract.order import (
    CardReceipt,
    Credit,
    Line,
    LineRole,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    make_line,
)
from hub.service.events import (
    CatalogueTaken,
    publish_catalogue,
    register_till,
)
from hub.service.verification import verify
from tests.hub import samples
from tests.hub.service.shop import (
    BEER,
    BOOK,
    CASH,
    CATALOGUE,
    CUP,
    GIFT,
    OTHER,
    PRETZEL,
    YOUTH,
    Shop,
    a_sale,
    a_top_up,
    again,
    an_order,
    by,
    canceling,
    with_vouchers,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
    with pytest.raises(CatalogueTaken, match="has been sold and keeps its price"):
        await publish_catalogue(store, NUMBER, after)


@pytest.mark.parametrize("paid", ["by wristband", "in cash"])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"price_minor": 500}, "price"),
        ({"tax_code": 2}, "tax"),
        ({"kind": ProductKind.DEPOSIT, "price_in_vouchers": 0}, "kind"),
        ({"free_price": True}, "sort of price"),
    ],
)
async def test_a_product_is_locked_once_it_was_sold(
    shop: Shop, change: dict[str, object], word: str, paid: str
) -> None:
    store, others = shop.parts.store, CATALOGUE.products[1:]
    changed = msgspec.structs.replace(BEER, **change)
    after = msgspec.structs.replace(CATALOGUE, version=3, products=(changed, *others))
    wallet = await shop.band(2000)
    # Pretzels were sold, and beer only by way of an order that came to nothing.
    await shop.advise(a_sale(None, make_line(PRETZEL, 1)))
    await shop.advise(a_sale(None, make_line(BEER, 1)), outcome=Outcome.ABORTED)
    beer = a_sale(wallet if paid == "by wristband" else None, make_line(BEER, 2))
    if paid == "by wristband":
        await shop.booked(beer)
    else:
        await shop.advise(beer)

    with pytest.raises(CatalogueTaken) as refused:
        await publish_catalogue(store, NUMBER, after)

    assert str(refused.value) == (
        f"Product 1 (Beer) has been sold and keeps its {word}. "
        "Give the new one a number of its own."
    )


async def test_what_was_never_sold_may_still_change(shop: Shop) -> None:
    store, others = shop.parts.store, CATALOGUE.products[1:]
    await shop.advise(a_sale(None, make_line(PRETZEL, 1)))
    dearer = msgspec.structs.replace(BEER, price_minor=500)
    renamed = msgspec.structs.replace(others[0], name="Brezel", label="Brezel")
    products = (dearer, renamed, *others[1:])
    after = msgspec.structs.replace(CATALOGUE, version=3, products=products)

    await publish_catalogue(store, NUMBER, after)

    # What stands in an old version only, and was sold by none, binds nobody.
    await shop.parts.context.refresh()
    sold = msgspec.structs.replace(
        a_sale(None, make_line(dearer, 1)), catalogue=after.version
    )
    await shop.advise(sold)
    cheaper = msgspec.structs.replace(after, version=4, products=(BEER, *products[1:]))
    with pytest.raises(
        CatalogueTaken, match=r"Beer\) has been sold and keeps its price"
    ):
        await publish_catalogue(store, NUMBER, cheaper)


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


@pytest.mark.parametrize("is_forgotten", [False, True])
@pytest.mark.parametrize(
    ("paid", "back"),
    [(CARD, CASH), (CASH, Payment(method=PaymentMethod.CARD)), (None, CASH)],
    ids=["card in cash", "cash to a card", "wristband in cash"],
)
async def test_money_goes_back_the_way_it_was_paid(
    shop: Shop, paid: Payment | None, back: Payment, is_forgotten: bool
) -> None:
    """Else the card money stays outstanding for good, and the register lacks cash."""
    wallet = await shop.band(1000)
    sale = a_sale(wallet, make_line(BEER, 1))
    if paid is not None:
        sale = msgspec.structs.replace(sale, payment=paid)
    else:
        await shop.booked(sale)
    assert await shop.advise(sale) == ()
    if is_forgotten:
        shop.parts.booking.forget()
    undo = canceling(sale, payment=back)

    declined = await shop.check(undo)
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.OTHER_PAYMENT
    assert "the way it was paid" in declined.text
    # It happened all the same: it is booked, and told.
    assert AdviceFlag.OTHER_PAYMENT in await shop.advise(undo)


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

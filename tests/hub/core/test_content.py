"""What an order holds against its catalogue: each fault has its reason and sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contract.facts import Facts
from contract.messages import DeclineReason
from contract.money import MINOR_MAX, Currency, Money
from contract.order import (
    LINES_MAX,
    Credit,
    Line,
    LineRole,
    OrderKind,
    Payment,
    PaymentMethod,
    decode_order,
    discount_lines,
    encode_order,
    make_line,
    plain_line,
    sum_taxes,
    voucher_lines,
)
from hub.core.content import (
    AMOUNT_MINOR_MAX,
    Prices,
    barred_variants,
    content_refusal,
    is_beyond,
    minimum_refusal,
    named,
    restricted_products,
)
from tests.hub.service.shop import (
    BEER,
    BOOK,
    CATALOGUE,
    CUP,
    ENTRY,
    GIFT,
    PRETZEL,
    YOUTH,
    YOUTH_ENTRY,
    a_sale,
    a_top_up,
    an_order,
    by,
)

if TYPE_CHECKING:
    from contract.order import Order

PRICES = Prices.of(CATALOGUE)
PRODUCTS = {each.id: each for each in CATALOGUE.products}
WALLET = 5


def altered(line: Line, **changes: Any) -> Line:
    """A line with something changed; its total follows from quantity and price."""
    line = msgspec.structs.replace(line, **changes)
    return msgspec.structs.replace(
        line, total_minor=line.quantity * line.unit_price_minor
    )


def ticket(*lines: Line, given: tuple[tuple[int, int], ...]) -> Order:
    """Entry for wristbands 1, 2, ...: top-up and vouchers of each."""
    gained = tuple(
        Credit(wallet=number, amount_minor=minor, vouchers=vouchers)
        for number, (minor, vouchers) in enumerate(given, start=1)
    )
    money = sum(minor for minor, _ in given)
    extra = (plain_line(LineRole.CREDIT, money, "Top-up"),) if money else ()
    return an_order(OrderKind.TICKET, (*lines, *extra), credits=gained)


BEERS = make_line(BEER, 2)
VOUCHERS = voucher_lines((BEERS,), PRODUCTS, 1)
GOOD: dict[str, Order] = {
    "a sale": a_sale(WALLET, BEERS, make_line(PRETZEL, 1)),
    "a deposit, and one given back": a_sale(WALLET, make_line(CUP, 1)),
    "more given back than sold": a_sale(WALLET, BEERS, make_line(CUP, -6)),
    "a price entered by hand": a_sale(WALLET, make_line(BOOK, 1, 1)),
    "for nothing": a_sale(WALLET, make_line(BOOK, 1, 0)),
    "a donation": a_sale(WALLET, make_line(GIFT, 3, 500)),
    "vouchers": a_sale(WALLET, BEERS, *VOUCHERS),
    "99 lines": a_sale(WALLET, *[make_line(PRETZEL, 1)] * LINES_MAX),
    "a top-up": a_top_up(WALLET, 2000),
    "a ticket": ticket(make_line(ENTRY, 1), given=((500, 0),)),
    "a group": ticket(
        make_line(ENTRY, 2),
        make_line(YOUTH_ENTRY, 1),
        given=((0, 2), (500, 0), (900, 0)),
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_good_order_is_not_refused(case: str) -> None:
    assert content_refusal(GOOD[case], PRICES) is None


CHEAP = altered(make_line(BEER, 1), unit_price_minor=1)
OTHER_TAX = altered(make_line(BEER, 1), tax_code=2)
FAULTY: dict[str, tuple[DeclineReason, Order]] = {
    "unknown product": (
        DeclineReason.UNKNOWN_PRODUCT,
        a_sale(WALLET, altered(make_line(BEER, 1), product=99)),
    ),
    "no product at all": (
        DeclineReason.UNKNOWN_PRODUCT,
        a_sale(WALLET, altered(make_line(BEER, 1), product=0)),
    ),
    "wrong price": (DeclineReason.WRONG_PRICE, a_sale(WALLET, CHEAP)),
    "wrong tax": (DeclineReason.WRONG_PRICE, a_sale(WALLET, OTHER_TAX)),
    "negative free price": (
        DeclineReason.WRONG_PRICE,
        a_sale(WALLET, make_line(BOOK, 1, -100), BEERS),
    ),
    "wrong price of a deposit": (
        DeclineReason.WRONG_PRICE,
        a_sale(WALLET, altered(make_line(CUP, -1), unit_price_minor=500), BEERS),
    ),
    "goods given back": (
        DeclineReason.NOT_RETURNABLE,
        a_sale(WALLET, make_line(BEER, -1), make_line(CUP, 9)),
    ),
    "goods given back as a deposit": (
        DeclineReason.NOT_RETURNABLE,
        a_sale(WALLET, altered(make_line(BEER, -1), role=LineRole.DEPOSIT), BEERS),
    ),
    "goods sold as a deposit": (
        DeclineReason.INCONSISTENT_ORDER,
        a_sale(WALLET, altered(make_line(BEER, 1), role=LineRole.DEPOSIT)),
    ),
    "nothing at all": (DeclineReason.INCONSISTENT_ORDER, a_sale(WALLET)),
    "a zero quantity": (
        DeclineReason.INCONSISTENT_ORDER,
        a_sale(WALLET, altered(make_line(BEER, 1), quantity=0)),
    ),
    "vouchers for what they do not pay": (
        DeclineReason.WRONG_PRICE,
        a_sale(WALLET, make_line(CUP, 3), *VOUCHERS),
    ),
    "vouchers that save too much": (
        DeclineReason.WRONG_PRICE,
        a_sale(WALLET, BEERS, altered(VOUCHERS[0], unit_price_minor=451)),
    ),
    "two vouchers for the price of one": (
        DeclineReason.WRONG_PRICE,
        a_sale(WALLET, BEERS, msgspec.structs.replace(VOUCHERS[0], vouchers=2)),
    ),
    "an amount at the edge": (
        DeclineReason.AMOUNT_TOO_LARGE,
        a_top_up(WALLET, AMOUNT_MINOR_MAX + 1),
    ),
    "the largest amount there is": (
        DeclineReason.AMOUNT_TOO_LARGE,
        a_sale(WALLET, altered(make_line(BEER, 1), unit_price_minor=MINOR_MAX)),
    ),
    "the smallest amount there is": (
        DeclineReason.AMOUNT_TOO_LARGE,
        a_sale(WALLET, altered(make_line(BEER, -1), unit_price_minor=MINOR_MAX)),
    ),
    "a ticket that is none": (
        DeclineReason.UNKNOWN_PRODUCT,
        ticket(make_line(BEER, 1), given=((500, 0),)),
    ),
    "fewer tickets than guests": (
        DeclineReason.INCONSISTENT_ORDER,
        ticket(make_line(ENTRY, 1), given=((500, 0), (500, 0))),
    ),
    "a ticket without its top-up": (
        DeclineReason.WRONG_PRICE,
        ticket(make_line(ENTRY, 1), given=((499, 0),)),
    ),
    "a ticket with another's vouchers": (
        DeclineReason.WRONG_PRICE,
        ticket(make_line(ENTRY, 1), given=((500, 2),)),
    ),
    "more taken off than it costs": (
        DeclineReason.WRONG_PRICE,
        an_order(
            OrderKind.TICKET,
            (
                make_line(YOUTH_ENTRY, 1),
                altered(
                    discount_lines((make_line(YOUTH_ENTRY, 1),), "Free")[0],
                    unit_price_minor=700,
                ),
                plain_line(LineRole.CREDIT, 500, "Top-up"),
            ),
            credits=(Credit(wallet=WALLET, amount_minor=500, vouchers=2),),
            granted_by="lead-1",
        ),
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_each_fault_has_its_reason_and_sentence(case: str) -> None:
    reason, order = FAULTY[case]

    refusal = content_refusal(order, PRICES)

    assert refusal is not None
    assert refusal.reason is reason
    assert refusal.detail[0].isupper()
    assert refusal.detail.endswith(".")


def test_a_hundredth_line_is_not_even_read() -> None:
    order = GOOD["99 lines"]
    longer = msgspec.structs.replace(order, lines=order.lines * 2)
    with pytest.raises(msgspec.DecodeError, match=r"length <= 99 - at `\$.lines`"):
        decode_order(encode_order(longer))


def test_an_unknown_catalogue_is_fetched_again() -> None:
    refusal = content_refusal(GOOD["a sale"], None)

    assert refusal is not None
    assert refusal.reason is DeclineReason.UNKNOWN_PRODUCT
    assert "Version 2" in refusal.detail


def test_another_rate_of_tax_is_refused() -> None:
    line = make_line(BEER, 1)
    rates = {
        1: msgspec.structs.replace(CATALOGUE.taxes[0], rate_bp=700),
    }
    order = msgspec.structs.replace(
        a_sale(WALLET, line), taxes=sum_taxes((line,), rates)
    )
    refusal = content_refusal(order, PRICES)

    assert refusal is not None
    assert refusal.reason is DeclineReason.WRONG_PRICE


def test_francs_in_coins_end_at_five_centimes() -> None:
    line = altered(make_line(BOOK, 1, 452))
    cash = a_sale(None, line, currency=Currency.CHF)
    card = msgspec.structs.replace(cash, payment=Payment(method=PaymentMethod.CARD))
    euros = a_sale(None, line)

    assert content_refusal(cash, PRICES) is not None
    assert content_refusal(card, PRICES) is None
    assert content_refusal(euros, PRICES) is None


def test_restrictions_are_told_by_variant_and_product() -> None:
    order = a_sale(WALLET, make_line(PRETZEL, 1), BEERS)

    assert barred_variants(order, PRICES) == {YOUTH}
    assert barred_variants(a_sale(WALLET, make_line(PRETZEL, 1)), PRICES) == set()
    assert restricted_products(order, PRICES, YOUTH) == (BEER.id,)
    assert restricted_products(order, PRICES, 0) == ()
    assert named((BEER.id, CUP.id), PRICES) == "Beer, Cup"


def test_a_minimum_is_suggested() -> None:
    refusal = minimum_refusal(a_top_up(WALLET, 99), Money(100))

    assert refusal is not None
    assert refusal.reason is DeclineReason.BELOW_MINIMUM
    assert refusal.facts == Facts(suggested=Money(100))
    assert minimum_refusal(a_top_up(WALLET, 100), Money(100)) is None
    assert minimum_refusal(GOOD["a sale"], Money(10_000)) is None


def test_what_is_beyond_all_reason_is_so_in_any_part() -> None:
    assert not is_beyond(a_top_up(WALLET, AMOUNT_MINOR_MAX))
    assert is_beyond(a_top_up(WALLET, AMOUNT_MINOR_MAX + 1))
    large = altered(make_line(BOOK, 1, AMOUNT_MINOR_MAX), quantity=2)
    assert is_beyond(
        msgspec.structs.replace(
            an_order(OrderKind.SALE, (large, altered(large, quantity=-2)), by(WALLET))
        )
    )

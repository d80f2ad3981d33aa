from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.forms import FORMS
from contract.money import MINOR_MAX, Currency, Money
from contract.order import (
    LINES_MAX,
    CashMove,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Payment,
    PaymentMethod,
    WristbandChange,
    decode_order,
    encode_order,
    inconsistency,
    make_line,
    plain_line,
    rounding_lines,
    sum_taxes,
)
from tests.contract.orders import (
    BAG,
    BEER,
    BILL,
    CARD,
    CASH,
    CUP,
    ENTRY,
    ORDERS,
    OTHER_REGISTER,
    PRESALE_CODE,
    PRETZEL,
    PRODUCTS,
    RATES,
    REGISTER,
    VAULT,
    altered,
    credit,
    order,
    sale,
    transit,
    wallet,
)

COUNTED = ORDERS["shift_end"].cash
assert COUNTED is not None


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_of_each_kind_is_as_it_should_be(name: str) -> None:
    assert inconsistency(ORDERS[name]) is None
    assert decode_order(encode_order(ORDERS[name])) == ORDERS[name]


def test_every_kind_has_its_sample() -> None:
    kinds = {each.kind for each in ORDERS.values()}
    assert kinds == set(OrderKind) - {OrderKind.CANCELLATION}


def top_up(amount_minor: int, *wallets: Credit, payment: Payment = CASH) -> Order:
    return order(
        OrderKind.TOP_UP, credit(amount_minor), payment=payment, credits=wallets
    )


def line_of(**changes: Any) -> Line:
    return msgspec.structs.replace(make_line(BEER, 1), **changes)


def off(amount_minor: int, vouchers: int, role: LineRole = LineRole.VOUCHER) -> Line:
    return line_of(
        product=0,
        quantity=-1,
        unit_price_minor=amount_minor,
        total_minor=-amount_minor,
        role=role,
        vouchers=vouchers,
    )


WRONG: dict[str, tuple[Order, str]] = {
    "zero quantity": (sale((BEER, 1), (PRETZEL, 0)), "line 2 has no quantity"),
    "beyond 64 bits": (
        order(
            OrderKind.SALE,
            line_of(unit_price_minor=MINOR_MAX, total_minor=MINOR_MAX),
            line_of(unit_price_minor=MINOR_MAX, quantity=-1, total_minor=-MINOR_MAX),
            payment=CASH,
        ),
        "beyond the limit",
    ),
    "tax on what has none": (
        order(OrderKind.SALE, line_of(role=LineRole.DONATION), payment=CASH),
        "not taxable",
    ),
    "a role of another kind": (
        order(OrderKind.SALE, credit(100), payment=CASH),
        "line 1 is no part of such an order (credit)",
    ),
    "a voucher line without vouchers": (
        order(OrderKind.SALE, make_line(BEER, 1), off(450, 0), payment=wallet(5)),
        "line 2 does not say how many vouchers",
    ),
    "vouchers for nothing": (
        order(OrderKind.SALE, line_of(vouchers=1), payment=wallet(5)),
        "without being a discount",
    ),
    "vouchers that are given": (
        order(OrderKind.SALE, make_line(BEER, 1), off(450, -1), payment=wallet(5)),
        "how many vouchers",
    ),
    "vouchers that cost": (
        order(
            OrderKind.SALE,
            line_of(role=LineRole.VOUCHER, vouchers=1),
            payment=wallet(5),
        ),
        "has the wrong sign",
    ),
    "vouchers without wristband": (
        order(OrderKind.SALE, make_line(BEER, 1), off(450, 1), payment=CASH),
        "no wristband that has them",
    ),
    "a discount on a sale": (
        order(
            OrderKind.SALE,
            make_line(BEER, 1),
            off(450, 0, LineRole.DISCOUNT),
            payment=wallet(5),
        ),
        "no part of such an order (discount)",
    ),
    "rounding in euro": (
        order(
            OrderKind.SALE,
            make_line(BEER, 1),
            plain_line(LineRole.ROUNDING, 2, "Rounding"),
            payment=CASH,
        ),
        "rounding",
    ),
    "rounding of a wallet": (
        order(
            OrderKind.SALE,
            line_of(unit_price_minor=453, total_minor=453),
            plain_line(LineRole.ROUNDING, 2, "Rounding"),
            payment=wallet(5),
            currency=Currency.CHF,
        ),
        "rounding",
    ),
    "too much rounding": (
        order(
            OrderKind.SALE,
            line_of(unit_price_minor=453, total_minor=453),
            plain_line(LineRole.ROUNDING, 7, "Rounding"),
            payment=CASH,
            currency=Currency.CHF,
        ),
        "rounding",
    ),
    "lines of another order in a sale": (
        order(OrderKind.SALE, line_of(cancels_line=1), payment=CASH),
        "lines of another order",
    ),
    "a sale that is granted": (
        altered(sale((BEER, 1)), granted_by="c2"),
        "it is granted",
    ),
    "a sale that credits": (
        altered(sale((BEER, 1)), credits=(Credit(wallet=5),)),
        "has wristbands to credit",
    ),
    "a sale that moves cash": (
        altered(sale((BEER, 1)), cash=CashMove(source=VAULT, target=REGISTER)),
        "has a movement of cash",
    ),
    "a sale that pays a bill": (altered(sale((BEER, 1)), bill=BILL), "has a bill"),
    "a sale that changes a wristband": (
        altered(sale((BEER, 1)), wristband=WristbandChange(wristband=5)),
        "has a wristband to change",
    ),
    "a top-up paid by a wallet": (
        top_up(100, Credit(wallet=5, amount_minor=100), payment=wallet(5)),
        "can't be paid this way",
    ),
    "a top-up that takes": (
        top_up(-100, Credit(wallet=5, amount_minor=-100)),
        "wrong sign",
    ),
    "a top-up of nobody": (top_up(100), "lacks wristbands"),
    "a top-up of two": (
        top_up(
            100, Credit(wallet=5, amount_minor=50), Credit(wallet=6, amount_minor=50)
        ),
        "one wristband only",
    ),
    "a top-up of more than is paid": (
        top_up(100, Credit(wallet=5, amount_minor=101)),
        "not what its lines say",
    ),
    "a top-up with vouchers": (
        top_up(100, Credit(wallet=5, amount_minor=100, vouchers=1)),
        "does not credit",
    ),
    "a payout to a card": (
        order(
            OrderKind.PAYOUT,
            credit(-100),
            payment=CARD,
            credits=(Credit(wallet=5, amount_minor=-100),),
        ),
        "paid this way",
    ),
    "a payout that brings money": (
        order(
            OrderKind.PAYOUT,
            credit(100),
            payment=CASH,
            credits=(Credit(wallet=5, amount_minor=100),),
        ),
        "wrong sign",
    ),
    "one wristband twice in a group": (
        altered(ORDERS["ticket"], credits=(Credit(wallet=5), Credit(wallet=5))),
        "credits a wristband twice",
    ),
    "a free ticket nobody granted": (
        altered(ORDERS["free_ticket"], granted_by=""),
        "who granted it",
    ),
    "a ticket granted and paid": (
        altered(ORDERS["ticket"], granted_by="c2"),
        "nothing in it is granted",
    ),
    "a discount for a presale that nobody names": (
        altered(ORDERS["presale_ticket"], presale=()),
        "who granted it",
    ),
    "a ticket granted and bought beforehand": (
        altered(ORDERS["presale_ticket"], granted_by="c2"),
        "granted, and was paid beforehand",
    ),
    "a presale code twice in a group": (
        altered(ORDERS["presale_ticket"], presale=(PRESALE_CODE, PRESALE_CODE)),
        "names a code of the presale twice",
    ),
    "more presale codes than guests": (
        altered(ORDERS["presale_ticket"], presale=(PRESALE_CODE, "1" * 64, "2" * 64)),
        "more codes of the presale than wristbands",
    ),
    "a sale that was paid beforehand": (
        altered(sale((BEER, 1)), presale=(PRESALE_CODE,)),
        "paid beforehand",
    ),
    "a ticket that lets nobody in": (
        altered(top_up(100, Credit(wallet=5, amount_minor=100)), kind=OrderKind.TICKET),
        "sells no entry",
    ),
    "a holder where no shift begins": (
        altered(
            ORDERS["bank_deposit"],
            cash=CashMove(source=VAULT, target=BAG, amount_minor=1, holder="c1"),
        ),
        "whose shift",
    ),
    "a grant by nobody": (altered(ORDERS["grant"], granted_by=""), "who granted it"),
    "a grant of money": (
        altered(
            ORDERS["grant"], credits=(Credit(wallet=5, vouchers=1, amount_minor=1),)
        ),
        "does not credit",
    ),
    "a grant that takes": (
        altered(ORDERS["grant"], credits=(Credit(wallet=5, vouchers=-1),)),
        "does not credit",
    ),
    "a bill payment without bill": (
        altered(ORDERS["bill_payment"], bill=None),
        "lacks a bill",
    ),
    "a bill paid by wallet": (
        altered(ORDERS["bill_payment"], payment=wallet(5)),
        "can't be paid this way",
    ),
    "a wristband swapped for itself": (
        altered(ORDERS["swap"], wristband=WristbandChange(wristband=7, successor=7)),
        "swapped for itself",
    ),
    "a swap without successor": (
        altered(ORDERS["swap"], wristband=WristbandChange(wristband=7)),
        "what such an order does not say",
    ),
    "a block that says nothing": (
        altered(ORDERS["block"], wristband=WristbandChange(wristband=7)),
        "what such an order does not say",
    ),
    "a block that swaps": (
        altered(
            ORDERS["block"],
            wristband=WristbandChange(wristband=7, blocked=True, successor=8),
        ),
        "what such an order does not say",
    ),
    "an empty annotation": (
        altered(ORDERS["annotate"], wristband=WristbandChange(wristband=7)),
        "says nothing of its wristband",
    ),
    "a registration without wristband": (
        altered(ORDERS["register"], wristband=None),
        "lacks a wristband",
    ),
    "cash from nowhere": (
        altered(ORDERS["cash_movement"], cash=None),
        "lacks a movement of cash",
    ),
    "cash that stays": (
        altered(
            ORDERS["bank_deposit"],
            cash=CashMove(source=VAULT, target=VAULT, amount_minor=1),
        ),
        "goes nowhere",
    ),
    "negative cash": (
        altered(
            ORDERS["bank_deposit"],
            cash=CashMove(source=VAULT, target=BAG, amount_minor=-1),
        ),
        "negative",
    ),
    "cash of another's register": (
        altered(ORDERS["cash_movement"], register="drawer-9"),
        "can't go that way",
    ),
    "a shift out of another register": (
        altered(
            ORDERS["shift_start"],
            cash=CashMove(
                source=OTHER_REGISTER, target=REGISTER, amount_minor=15_000, holder="c1"
            ),
        ),
        "can't go that way",
    ),
    "a transfer to the vault": (
        altered(
            ORDERS["cash_transfer"],
            cash=CashMove(source=REGISTER, target=VAULT, amount_minor=5_000),
        ),
        "can't go that way",
    ),
    "a shift of nobody": (
        altered(
            ORDERS["shift_start"],
            cash=CashMove(source=VAULT, target=REGISTER, amount_minor=15_000),
        ),
        "whose shift",
    ),
    "other cash than its lines": (
        altered(
            ORDERS["cash_movement"],
            cash=CashMove(source=REGISTER, target=BAG, amount_minor=29_999),
        ),
        "not the cash that it moves",
    ),
    "a close-out without count": (
        altered(
            ORDERS["shift_end"],
            cash=msgspec.structs.replace(COUNTED, counted_minor=None),
        ),
        "close-out",
    ),
    "a movement with a count": (
        altered(
            ORDERS["cash_movement"],
            cash=CashMove(
                source=REGISTER, target=BAG, amount_minor=30_000, counted_minor=1
            ),
        ),
        "close-out",
    ),
    "another difference": (
        altered(
            ORDERS["shift_end"],
            cash=msgspec.structs.replace(COUNTED, expected_minor=50_001),
        ),
        "counted less expected",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    wrong, words = WRONG[name]
    assert words in str(inconsistency(wrong))


def test_what_is_not_taxable_has_no_rate() -> None:
    taxed = top_up(100, Credit(wallet=5, amount_minor=100))
    tax = msgspec.structs.replace(taxed.taxes[0], rate_bp=700)
    assert "rate of tax" in str(inconsistency(altered(taxed, taxes=(tax,))))


@pytest.mark.parametrize("kind", FORMS)
def test_an_order_of_one_kind_is_none_of_another(kind: OrderKind) -> None:
    for each in ORDERS.values():
        # Both may say what a wristband may buy, and nothing else.
        if each.kind in {kind, OrderKind.REGISTER}:
            continue
        try:
            wrong = inconsistency(altered(each, kind=kind))
        except ValueError as error:
            wrong = str(error)
        assert wrong is not None, each.kind


def test_ninety_nine_lines_are_taken() -> None:
    full = order(
        OrderKind.SALE, *[make_line(BEER, 9_999)] * LINES_MAX, payment=wallet(5)
    )
    assert inconsistency(full) is None


def test_swiss_cash_is_rounded_by_a_line_of_its_own() -> None:
    lines = (line_of(unit_price_minor=453, total_minor=453),)
    rounding = rounding_lines(Money(453, Currency.CHF))
    paid = order(OrderKind.SALE, *lines, *rounding, payment=CASH, currency=Currency.CHF)
    assert paid.total_minor == 455
    assert inconsistency(paid) is None


@given(
    st.lists(
        st.tuples(st.sampled_from((BEER, CUP, PRETZEL, ENTRY)), st.integers(1, 30)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 40),
    st.sampled_from(("total_minor", "attempt", "lines", "taxes", "credits")),
)
def test_a_sale_adds_up_until_someone_meddles(
    picked: list[tuple[Any, int]], vouchers: int, field: str
) -> None:
    whole = sale(*picked, vouchers=vouchers)
    assert inconsistency(whole) is None
    assert whole.vouchers <= vouchers
    meddled: dict[str, dict[str, Any]] = {
        "total_minor": {"total_minor": whole.total_minor + 1},
        "attempt": {"kind": OrderKind.TOP_UP},
        "lines": {"lines": (*whole.lines, make_line(PRODUCTS[3], 1))},
        "taxes": {"taxes": sum_taxes(whole.lines[:-1], RATES)},
        "credits": {"credits": (Credit(wallet=5, amount_minor=1),)},
    }
    assert inconsistency(altered(whole, **meddled[field])) is not None


def test_a_card_payment_alone_has_a_terminals_receipt() -> None:
    assert CARD.card is not None
    odd = msgspec.structs.replace(CARD, method=PaymentMethod.CASH)
    with pytest.raises(ValueError, match="card payment"):
        order(OrderKind.SALE, make_line(BEER, 1), payment=odd)


def test_a_cancellation_of_what_stays_is_refused() -> None:
    reopened = altered(
        ORDERS["shift_end"],
        kind=OrderKind.CANCELLATION,
        cancels=ORDERS["shift_end"].id,
        undoes=OrderKind.SHIFT_END,
    )
    assert "can't be canceled" in str(inconsistency(reopened))
    twice = altered(reopened, undoes=OrderKind.CANCELLATION)
    assert "can't be canceled" in str(inconsistency(twice))


def test_money_can_move_without_a_till() -> None:
    moved = order(
        OrderKind.CASH_MOVEMENT,
        cash=CashMove(source=BAG, target=VAULT, amount_minor=100),
    )
    assert inconsistency(moved) is None
    assert moved.payment is None
    assert inconsistency(altered(moved, lines=(transit(100),))) is not None

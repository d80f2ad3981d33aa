from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.fiscal import (
    BusinessCase,
    container_sums,
    fiscal_lines,
    fiscal_payments,
    fiscal_taxes,
    process_data,
)
from contract.forms import FORMS
from contract.money import plain_amount
from contract.order import (
    BookingModel,
    Order,
    Outcome,
    Payment,
    PaymentMethod,
    inconsistency,
    undone,
)
from tests.contract import orders
from tests.contract.fiscal_examples import COMPLETED
from tests.contract.orders import ORDERS, altered

if TYPE_CHECKING:
    from contract.catalogue import Product

MODELS = tuple(BookingModel)
CARD = Payment(method=PaymentMethod.CARD)


def check(order: Order) -> None:
    """Hold lines, payments and what is signed to one another."""
    lines, payments = fiscal_lines(order), fiscal_payments(order)
    assert [each.number for each in lines] == [*range(1, len(lines) + 1)]
    for each in lines:
        assert each.gross_minor == each.net_minor + each.tax_minor
        assert each.gross_minor == each.quantity * each.unit_price_minor
    taxes = fiscal_taxes(lines)
    paid = sum(each.amount_minor for each in payments)
    assert sum(tax.gross_minor for tax in taxes) == paid
    own = {tax.code: tax for tax in order.taxes if tax.rate_bp}
    assert {tax.code: tax for tax in taxes if tax.rate_bp} == own

    data = process_data(order, Outcome.COMPLETED)
    if "^" not in data:
        assert not lines
        assert paid == 0
        return
    _, sums, written = data.split("^")
    assert sums == "_".join(plain_amount(each) for each in container_sums(taxes))
    in_cash = order.payment is not None and order.payment.method is PaymentMethod.CASH
    kind = "Bar" if in_cash else "Unbar"
    code = "" if order.currency.value == "EUR" else f":{order.currency.value}"
    assert written == (f"{plain_amount(paid)}:{kind}{code}" if paid else "")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", COMPLETED)
def test_each_kind_adds_up_by_either_model(name: str, model: BookingModel) -> None:
    check(altered(COMPLETED[name][1], booking_model=model))


picks = st.lists(
    st.tuples(
        st.sampled_from(
            (
                orders.BEER,
                orders.CUP,
                orders.PRETZEL,
                orders.CHICKEN,
                orders.TIP,
                orders.SERVICE,
            )
        ),
        st.integers(-5, 40).filter(bool),
    ),
    max_size=9,
)


@given(
    picks,
    st.integers(0, 20),
    st.sampled_from((orders.CASH, CARD, orders.wallet(5))),
    st.sampled_from(MODELS),
    st.booleans(),
)
def test_any_sale_and_its_cancellation_add_up(
    picked: list[tuple[Product, int]],
    vouchers: int,
    payment: Payment,
    model: BookingModel,
    training: bool,
) -> None:
    picked = [each for each in picked if each[1] > 0 or each[0] is orders.CUP]
    sale = altered(
        orders.sale(*picked, vouchers=vouchers),
        payment=payment,
        booking_model=model,
        training=training,
    )
    check(sale)
    if picked:
        back = altered(undone(sale), attempt=1, payment=payment)
        check(back)
        turned = [-each.gross_minor for each in fiscal_lines(sale)]
        assert [each.gross_minor for each in fiscal_lines(back)] == turned
        assert [each.case for each in fiscal_lines(back)] == [
            each.case for each in fiscal_lines(sale)
        ]
        line = altered(undone(sale, [1]), attempt=1, payment=payment)
        check(line)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "name", [name for name in ORDERS if FORMS[ORDERS[name].kind].cancelable]
)
def test_a_cancellation_is_a_receipt_with_every_amount_turned(
    name: str, model: BookingModel
) -> None:
    given_order = altered(ORDERS[name], booking_model=model)
    back = altered(undone(given_order), attempt=1, payment=given_order.payment)

    assert inconsistency(back) is None
    assert back.cancels == given_order.id
    assert back.booking_model is model
    assert [
        (each.case, each.voucher_number, -each.gross_minor, -each.tax_minor)
        for each in fiscal_lines(back)
    ] == [
        (each.case, each.voucher_number, each.gross_minor, each.tax_minor)
        for each in fiscal_lines(given_order)
    ]
    if fiscal_lines(back):
        assert process_data(back, Outcome.COMPLETED).startswith("Beleg^")


def test_money_on_wristbands_is_told_by_wristband() -> None:
    bought = [
        (each.voucher_number, each.gross_minor, each.source_line)
        for each in fiscal_lines(ORDERS["ticket"])
        if each.case is BusinessCase.VOUCHER_BOUGHT
    ]
    assert bought == [("5", 1_000, 2), ("6", 500, 2)]
    redeemed = fiscal_lines(altered(ORDERS["sale"], booking_model=BookingModel.VOUCHER))
    assert redeemed[-1].voucher_number == "4711"
    assert redeemed[-1].source_line is None


def test_credit_that_contradicts_its_lines_is_told_as_the_lines_say() -> None:
    odd = altered(ORDERS["top_up"], credits=())
    assert [each.gross_minor for each in fiscal_lines(odd)] == [2_000]
    assert fiscal_lines(odd)[0].voucher_number == ""


def test_the_remainder_goes_where_it_is_largest() -> None:
    # 4.50 + 4.50 + 2.00 with 19 %: 9.2437 net, but 3.7815 + 3.7815 + 1.6807.
    sale = orders.sale((orders.BEER, 1), (orders.BEER, 1), (orders.CUP, 1))
    assert [each.net_minor for each in fiscal_lines(sale)] == [378, 378, 168]
    assert fiscal_taxes(fiscal_lines(sale)) == sale.taxes

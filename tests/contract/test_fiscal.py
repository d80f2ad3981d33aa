from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contract.fiscal import (
    BusinessCase,
    ReceiptType,
    container,
    container_sums,
    fiscal_lines,
    process_data,
    process_type,
    receipt_name,
    receipt_type,
)
from contract.money import Currency
from contract.order import (
    BookingModel,
    OrderKind,
    Outcome,
    Payment,
    PaymentMethod,
    TaxSum,
)
from contract.receipt import log_time_text, qr_text
from tests.contract.fiscal_examples import kinds_told, other_table, table
from tests.contract.orders import ORDERS
from tests.contract.samples import AT, ORDER, SIGNATURE

BOOK = (Path(__file__).parents[2] / "docs" / "accountant.md").read_text("utf-8")


def test_a_wallet_sale_is_signed_as_unbar() -> None:
    text = process_data(ORDER, Outcome.COMPLETED)
    assert text == "Beleg^9.00_3.00_0.00_0.00_0.00^12.00:Unbar"


def test_a_cash_sale_is_signed_as_bar() -> None:
    cash = msgspec.structs.replace(ORDER, payment=Payment(method=PaymentMethod.CASH))
    text = process_data(cash, Outcome.COMPLETED)
    assert text == "Beleg^9.00_3.00_0.00_0.00_0.00^12.00:Bar"


def test_foreign_money_carries_its_code() -> None:
    francs = msgspec.structs.replace(ORDER, currency=Currency.CHF)
    assert process_data(francs, Outcome.COMPLETED).endswith("^12.00:Unbar:CHF")


def test_an_aborted_order_is_signed_as_empty() -> None:
    # The example of DSFinV-K annex I for an aborted receipt.
    text = process_data(ORDER, Outcome.ABORTED)
    assert text == "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^"


def test_what_was_practiced_is_signed_as_training() -> None:
    practiced = msgspec.structs.replace(ORDER, training=True)
    text = process_data(practiced, Outcome.COMPLETED)
    assert text == "AVTraining^9.00_3.00_0.00_0.00_0.00^12.00:Unbar"
    aborted = process_data(practiced, Outcome.ABORTED)
    assert aborted == "AVTraining^0.00_0.00_0.00_0.00_0.00^"
    assert process_type(text) == process_type(aborted) == "Kassenbeleg-V1"
    swap = msgspec.structs.replace(ORDERS["swap"], training=True)
    assert process_data(swap, Outcome.COMPLETED) == aborted


def test_vouchers_for_many_purposes_are_redeemed_by_their_model() -> None:
    redeemed = msgspec.structs.replace(ORDER, booking_model=BookingModel.VOUCHER)
    text = process_data(redeemed, Outcome.COMPLETED)
    assert text == "Beleg^9.00_3.00_0.00_0.00_-12.00^"


def test_only_what_moves_no_money_is_told_in_words() -> None:
    told = {
        name
        for name, order in ORDERS.items()
        if receipt_type(order, Outcome.COMPLETED) is ReceiptType.OTHER
    }
    assert told == {
        "grant",
        "register",
        "swap",
        "block",
        "annotate",
        "bank_deposit",
        "handed_over",
    }
    for name in told:
        assert receipt_name(ORDERS[name], Outcome.COMPLETED) == ORDERS[name].kind.value
        text = process_data(ORDERS[name], Outcome.COMPLETED)
        assert process_type(text) == "SonstigerVorgang"
        assert not fiscal_lines(ORDERS[name])
    assert receipt_name(ORDERS["sale"], Outcome.COMPLETED) == ""


def test_the_accountants_table_is_what_is_signed() -> None:
    """Where this fails, print `table()` and `other_table()` of the examples."""
    told = [line for line in BOOK.splitlines() if line.startswith("| ")]
    missing = [row for row in (*table(), *other_table()) if row not in told]
    assert not missing, "docs/accountant.md says otherwise: " + "\n".join(missing)
    assert kinds_told() == set(OrderKind)
    cases = {each.value for each in BusinessCase}
    assert {case for case in cases if any(case in row for row in table())} == (
        cases - {BusinessCase.VOUCHER_REDEEMED.value}
    )


def test_an_order_of_nothing_keeps_its_second_separator() -> None:
    free = msgspec.structs.replace(ORDER, total_minor=0, lines=(), taxes=())
    assert process_data(free, Outcome.COMPLETED) == "Beleg^0.00_0.00_0.00_0.00_0.00^"


CONTAINERS = {
    1: (1, 11, 21),
    2: (2, 12, 22),
    3: (3, 13, 23, 33, 43),
    4: (4,),
    5: (5, 6, 7, 8, 1000, 1337),
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [(code, number) for number, codes in CONTAINERS.items() for code in codes],
)
def test_each_tax_code_has_its_container(code: int, expected: int) -> None:
    assert container(code) == expected


def test_codes_of_one_container_are_added() -> None:
    sums = container_sums(
        TaxSum(code=code, rate_bp=0, gross_minor=100, net_minor=100, tax_minor=0)
        for code in (5, 6, 1)
    )
    assert sums == [100, 0, 0, 0, 200]


def test_the_receipt_code_has_its_twelve_fields() -> None:
    fields = qr_text(SIGNATURE).split(";")
    assert fields[:6] == [
        "V0",
        "bar-1",
        "Kassenbeleg-V1",
        "Beleg^9.00_3.00_0.00_0.00_0.00^12.00:Unbar",
        "13",
        "44131",
    ]
    assert fields[6] == "2026-07-04T21:15:30.000Z"
    assert fields[8:10] == ["ecdsa-plain-SHA384", "unixTime"]
    assert len(fields) == 12


def test_log_times_are_written_in_utc_with_milliseconds() -> None:
    assert log_time_text(AT) == "2026-07-04T21:15:30.250Z"

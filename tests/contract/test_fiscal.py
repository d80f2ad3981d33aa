from __future__ import annotations

import msgspec
import pytest

from contract.fiscal import container, container_sums, process_data
from contract.money import Currency
from contract.order import Outcome, Payment, PaymentMethod, TaxSum
from contract.receipt import log_time_text, qr_text
from tests.contract.samples import AT, ORDER, SIGNATURE


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

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.fiscal import Outage
from contract.receipt import qr_text
from hub.web.formats import Formats, load_zone
from hub.web.receipt_view import ReceiptView, view_receipt
from hub.web.texts import Language, texts
from tests.contract.orders import ORDERS
from tests.contract.samples import ORDER, SIGNATURE
from tests.hub.web import receipts

if TYPE_CHECKING:
    from contract.receipt import Receipt

ENGLISH = texts(Language.EN)


def view(receipt: Receipt) -> ReceiptView:
    formats = Formats(ENGLISH.numbers, load_zone("Europe/Berlin"))
    return view_receipt(receipt, ENGLISH, formats)


def test_lines_point_to_their_tax() -> None:
    shown = view(receipts.SALE)
    assert [(line.quantity, line.total, line.mark) for line in shown.lines] == [
        ("2", "9.00", "A"),
        ("1", "3.00", "B"),
    ]
    assert [(tax.mark, tax.rate, tax.gross) for tax in shown.taxes] == [
        ("A", "19%", "9.00"),
        ("B", "7%", "3.00"),
    ]


def test_no_tax_has_its_reason() -> None:
    assert [tax.rate for tax in view(receipts.UNTAXED).taxes] == [
        "not taxable",
        "exempt from VAT",
        "VAT not determinable",
        "0% (§ 12(3) UStG)",
    ]


def test_a_signed_receipt_has_everything_the_law_asks_for() -> None:
    fiscal = view(receipts.SALE).fiscal
    assert fiscal is not None
    assert fiscal.qr_text == qr_text(SIGNATURE)
    assert "".join(fiscal.tse_serial_groups) == SIGNATURE.tse_serial
    assert {len(group) for group in fiscal.tse_serial_groups} == {4}
    assert (fiscal.number, fiscal.counter) == ("13", "44131")
    assert fiscal.started == "4 July 2026, 23:15:30 CEST"


def test_an_outage_takes_the_till_s_times() -> None:
    shown = view(receipts.OUTAGE)
    assert shown.fiscal is None
    assert shown.outage is not None
    assert shown.outage.started == "4 July 2026, 23:15:30 CEST"
    assert shown.outage.finished == "4 July 2026, 23:15:50 CEST"
    assert shown.outage.number == ""


def test_a_cancellation_refunds() -> None:
    shown = view(receipts.CANCELLATION)
    assert shown.cancels == ORDER.id
    assert shown.title == "Cancellation"
    assert shown.paid_by == "Refunded to the wristband"


def test_a_receipt_without_payment_says_nothing_of_one() -> None:
    order = msgspec.structs.replace(ORDER, attempt=0, payment=None)
    assert view(receipts.receipt_of(order)).paid_by == ""


@pytest.mark.parametrize(
    ("name", "title", "paid_by", "vouchers"),
    [
        ("sale", "Receipt", "Paid by wristband", [("Vouchers redeemed", "2")]),
        ("sale_in_cash", "Receipt", "Paid in cash", []),
        ("sale_by_card", "Receipt", "Paid by card", []),
        ("deposit_back", "Receipt", "Refunded to the wristband", []),
        ("top_up", "Top-up", "Paid in cash", []),
        ("payout", "Payout", "Refunded in cash", []),
        ("ticket", "Ticket receipt", "Paid by card", [("Vouchers added", "1")]),
        ("free_ticket", "Ticket receipt", "", []),
        ("grant", "Vouchers", "", [("Vouchers added", "3")]),
        ("bill_payment", "Bill payment", "Paid in cash", []),
        ("register", "Wristband registered", "", []),
        ("swap", "Wristband exchanged", "", []),
    ],
)
def test_every_kind_of_order_of_a_guest_is_shown(
    name: str, title: str, paid_by: str, vouchers: list[tuple[str, str]]
) -> None:
    shown = view(receipts.receipt_of(ORDERS[name]))
    assert (shown.title, shown.paid_by) == (title, paid_by)
    assert list(shown.vouchers) == vouchers


def test_only_a_closed_order_is_shown() -> None:
    both = msgspec.structs.replace(
        receipts.SALE, outage=Outage(since=ORDER.opened_at, reason="x")
    )
    for receipt in (receipts.NOT_CLOSED, both):
        with pytest.raises(AssertionError):
            view(receipt)

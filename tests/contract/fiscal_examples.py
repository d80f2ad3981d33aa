"""What docs/accountant.md tells of every kind of order, by an example of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.fiscal import (
    ReceiptType,
    fiscal_lines,
    fiscal_payments,
    process_data,
    receipt_type,
)
from contract.money import plain_amount
from contract.order import BookingModel, Order, OrderKind, Outcome, undone
from tests.contract import orders
from tests.contract.orders import BEER, CUP, ORDERS, altered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def canceled(name: str, lines: Collection[int] | None = None) -> Order:
    """Undo an order, paid back the way it was paid."""
    original = ORDERS[name]
    return altered(undone(original, lines), attempt=1, payment=original.payment)


COMPLETED: Mapping[str, tuple[str, Order]] = {
    "sale": (
        "sale from a wristband: 3 beers and a pretzel, 3 cups; two vouchers taken",
        ORDERS["sale"],
    ),
    "sale_in_cash": (
        "sale for cash: at a free price, with a donation",
        ORDERS["sale_in_cash"],
    ),
    "sale_by_card": ("sale by card", ORDERS["sale_by_card"]),
    "sale_with_tips": (
        "tips: 0.50 for the staff, 1.19 for the event itself",
        ORDERS["sale_with_tips"],
    ),
    "deposit_back": ("two cups back, to the wristband", ORDERS["deposit_back"]),
    "deposit_back_in_cash": (
        "two cups back, in cash",
        altered(ORDERS["deposit_back"], payment=orders.CASH),
    ),
    "deposit_only": ("only the deposit of a cup", orders.sale((CUP, 1))),
    "top_up": ("top-up for cash", ORDERS["top_up"]),
    "payout": (
        "payout in cash, in francs: 3.00 donated, 0.02 of rounding",
        ORDERS["payout"],
    ),
    "ticket": (
        "two entries with 10.00 and 5.00 on the wristbands, and a voucher",
        ORDERS["ticket"],
    ),
    "free_ticket": ("a free ticket", ORDERS["free_ticket"]),
    "presale_ticket": (
        "two entries, one of them bought beforehand, with 5.00 on a wristband",
        ORDERS["presale_ticket"],
    ),
    "grant": ("vouchers granted", ORDERS["grant"]),
    "bill_payment": ("a bill paid", ORDERS["bill_payment"]),
    "register": ("wristband registered", ORDERS["register"]),
    "swap": ("wristband swapped", ORDERS["swap"]),
    "block": ("wristband blocked, or no longer", ORDERS["block"]),
    "annotate": ("wristband commented, or restricted", ORDERS["annotate"]),
    "shift_start": ("stocking into the register", ORDERS["shift_start"]),
    "cash_movement": ("cash collected from the register", ORDERS["cash_movement"]),
    "bank_deposit": ("cash from the vault to the bank", ORDERS["bank_deposit"]),
    "cash_transfer": ("cash to another register", ORDERS["cash_transfer"]),
    "handed_over": (
        "a register handed to another cashier as it is",
        ORDERS["handed_over"],
    ),
    "shift_end": ("close-out: 2.00 are missing", ORDERS["shift_end"]),
    "cancellation": ("the sale canceled", canceled("sale")),
    "cancellation_by_line": ("only its pretzel canceled", canceled("sale", [3])),
    "cancellation_of_cups": (
        "the cups' return canceled",
        canceled("deposit_back"),
    ),
    "cancellation_of_top_up": ("the top-up canceled", canceled("top_up")),
    "cancellation_of_ticket": ("the entries canceled", canceled("ticket")),
    "cancellation_of_presale": (
        "the same canceled: the code is free again",
        canceled("presale_ticket"),
    ),
    "cancellation_of_bill": ("the bill's payment taken back", canceled("bill_payment")),
    "cancellation_of_grant": ("granted vouchers taken back", canceled("grant")),
    "training": (
        "a sale made for training",
        altered(orders.sale((BEER, 2)), training=True),
    ),
}
"""By name: what the document calls it, and the order."""

ABORTED: Mapping[str, tuple[str, Order]] = {
    "aborted": (
        "aborted before it was paid",
        altered(ORDERS["sale"], attempt=0, payment=None),
    ),
    "training_aborted": (
        "the same in training",
        altered(ORDERS["sale"], attempt=0, payment=None, training=True),
    ),
}


def kinds_told() -> set[OrderKind]:
    """Which kinds of order the document has an example of."""
    return {order.kind for _, order in COMPLETED.values()}


def table() -> list[str]:
    """Write the rows by the model "payment", as the code has them."""
    return _rows(BookingModel.PAYMENT)


def other_table() -> list[str]:
    """Write the rows that the model "voucher" has otherwise."""
    return [row for row in _rows(BookingModel.VOUCHER) if row not in table()]


def _rows(model: BookingModel) -> list[str]:
    told = ((COMPLETED, Outcome.COMPLETED), (ABORTED, Outcome.ABORTED))
    return [
        _row(name, about, altered(order, booking_model=model), outcome)
        for examples, outcome in told
        for name, (about, order) in examples.items()
    ]


def _row(name: str, about: str, order: Order, outcome: Outcome) -> str:
    kind = receipt_type(order, outcome)
    lines, payments = "", ""
    if outcome is Outcome.COMPLETED and kind is not ReceiptType.OTHER:
        lines = ", ".join(
            f"{each.case.value} {plain_amount(each.gross_minor)} ({each.tax_code})"
            for each in fiscal_lines(order)
        )
        payments = ", ".join(
            f"{each.type.value} {plain_amount(each.amount_minor)}"
            for each in fiscal_payments(order)
        )
    data = process_data(order, outcome).replace(str(order.id), "<order>")
    return (
        f"| {about} (`{name}`) | {kind.value} | {lines or '-'} | {payments or '-'} "
        f"| `{data}` |"
    )

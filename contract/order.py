"""The order: one business act at a till, and one numbered attempt to pay it.

Its parts are told in modules of their own: `lines` (what is sold, and its tax), `acts`
(who pays and gains, what becomes of wristbands and cash), `attempt` (the order and its
bytes), `forms` and `consistency` (which kind has which parts), `undoing`.
"""

from __future__ import annotations

from contract.acts import (
    BookingModel,
    CardReceipt,
    CashMove,
    CashPlace,
    Credit,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    PlaceRole,
    WristbandChange,
)
from contract.attempt import (
    Order,
    decode_order,
    encode_order,
    order_digest,
)
from contract.consistency import inconsistency
from contract.fields import Amount, Count, Serial, Utc, Variant
from contract.lines import (
    BASIS_POINTS,
    LINES_MAX,
    NO_PRODUCT,
    NO_TAX,
    QUANTITY_MAX,
    Line,
    LineRole,
    TaxSum,
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
    sum_taxes,
    voucher_lines,
)
from contract.undoing import Ask, ask_first, undone

__all__ = [
    "BASIS_POINTS",
    "LINES_MAX",
    "NO_PRODUCT",
    "NO_TAX",
    "QUANTITY_MAX",
    "Amount",
    "Ask",
    "BookingModel",
    "CardReceipt",
    "CashMove",
    "CashPlace",
    "Count",
    "Credit",
    "Line",
    "LineRole",
    "Order",
    "OrderKind",
    "Outcome",
    "Path",
    "Payment",
    "PaymentMethod",
    "PlaceRole",
    "Serial",
    "TaxSum",
    "Utc",
    "Variant",
    "WristbandChange",
    "ask_first",
    "decode_order",
    "discount_lines",
    "encode_order",
    "inconsistency",
    "make_line",
    "order_digest",
    "plain_line",
    "rounding_lines",
    "sum_taxes",
    "undone",
    "voucher_lines",
]

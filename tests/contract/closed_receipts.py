"""A closed receipt of each kind of order, signed or of an outage."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from contract.fiscal import Outage, process_data
from contract.order import Order, OrderKind, Outcome
from contract.receipt import Receipt
from tests.contract.orders import ORDERS
from tests.contract.samples import AT, SELLER, SIGNATURE

BERLIN = ZoneInfo("Europe/Berlin")
OUTAGE = Outage(
    since=AT - timedelta(minutes=3), reason="The TSE did not answer within 3 s."
)


def closed(
    order: Order, *, demo: bool = False, outage: Outage | None = None
) -> Receipt:
    """Close an order, signed unless the TSE was out of order."""
    signature = msgspec.structs.replace(
        SIGNATURE, process_data=process_data(order, Outcome.COMPLETED)
    )
    return Receipt(
        seller=SELLER,
        event_name="Summer 2026",
        till=order.till,
        order=order,
        issued_at=AT + timedelta(seconds=20),
        signature=None if outage else signature,
        outage=outage,
        demo=demo,
    )


def _cancellation() -> Order:
    sale = ORDERS["sale_in_cash"]
    return msgspec.structs.replace(
        sale,
        kind=OrderKind.CANCELLATION,
        cancels=sale.id,
        lines=tuple(
            msgspec.structs.replace(
                line, quantity=-line.quantity, total_minor=-line.total_minor
            )
            for line in sale.lines
        ),
        taxes=tuple(
            msgspec.structs.replace(
                tax,
                gross_minor=-tax.gross_minor,
                net_minor=-tax.net_minor,
                tax_minor=-tax.tax_minor,
            )
            for tax in sale.taxes
        ),
        total_minor=-sale.total_minor,
    )


CLOSED: dict[str, Receipt] = {
    **{name: closed(order) for name, order in ORDERS.items()},
    "cancellation": closed(_cancellation()),
    "training": closed(msgspec.structs.replace(ORDERS["sale"], training=True)),
    "demo": closed(ORDERS["sale"], demo=True),
    "outage": closed(ORDERS["sale"], outage=OUTAGE),
    "outage_of_a_top_up": closed(ORDERS["top_up"], outage=OUTAGE, demo=True),
}

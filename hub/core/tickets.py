"""Guests who come in: each has their wristband's ticket, and what comes with it.

Which ticket that is hangs on the wristband's variant, and so on what the ledger knows:
it is judged there, whether the till asks before it takes money or has the order booked
at once. What a till reports all the same is booked and flagged: the guest is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from contract.acts import Credit, OrderKind
from contract.catalogue import Catalogue
from contract.lines import LineRole
from contract.messages import AdviceFlag, DeclineReason

if TYPE_CHECKING:
    from contract.order import Order

FLAGS: Mapping[DeclineReason, AdviceFlag] = {
    DeclineReason.UNKNOWN_WRISTBAND: AdviceFlag.UNKNOWN_WRISTBAND,
    DeclineReason.UNKNOWN_PRODUCT: AdviceFlag.WRONG_TICKET,
    DeclineReason.WRONG_PRICE: AdviceFlag.WRONG_TICKET,
}
"""What is said of an advice whose guest is inside already."""

SENTENCES: Mapping[DeclineReason, str] = {
    DeclineReason.UNKNOWN_PRODUCT: (
        "There is no ticket for a wristband of this sort. "
        "Send the guest to the service desk."
    ),
    DeclineReason.WRONG_PRICE: (
        "These are not the tickets of these wristbands, or not what comes with them. "
        "Read the wristbands again."
    ),
}
"""What the cashier reads of tickets that are not their wristbands'."""


class Admission(msgspec.Struct, frozen=True):
    """Whom an order lets in, and by which of its catalogue version's tickets."""

    guests: tuple[Credit, ...]
    sold: Mapping[int, int]
    """Quantities by product."""
    catalogue: Catalogue


def admission_of(order: Order, catalogue: Catalogue | None) -> Admission | None:
    """Say whom an order lets in; None where it lets in nobody, or by unknown prices."""
    if order.kind is not OrderKind.TICKET or catalogue is None:
        return None
    sold: dict[int, int] = {}
    for line in order.lines:
        if line.role is LineRole.ITEM:
            sold[line.product] = sold.get(line.product, 0) + line.quantity
    return Admission(order.credits, sold, catalogue)


def objection(
    admission: Admission, variants: Mapping[int, int]
) -> DeclineReason | None:
    """Say what forbids letting guests in by these tickets.

    `variants` are those of their wristbands, by serial; who is missing is unknown.
    """
    due: dict[int, int] = {}
    for guest in admission.guests:
        variant = variants.get(guest.wallet)
        if variant is None:
            return DeclineReason.UNKNOWN_WRISTBAND
        ticket = admission.catalogue.ticket_for(variant)
        if ticket is None:
            return DeclineReason.UNKNOWN_PRODUCT
        if guest.vouchers != ticket.vouchers or (
            guest.amount_minor < ticket.top_up_minor
        ):
            return DeclineReason.WRONG_PRICE
        due[ticket.product] = due.get(ticket.product, 0) + 1
    return None if admission.sold == due else DeclineReason.WRONG_PRICE

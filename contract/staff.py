"""Who may do what at a till: rights, roles, and the staff list tills hold.

The list knows wristbands by keyed hash only, so that nobody reads UIDs off it.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.acts import OrderKind
from contract.fields import Digest, StaffId

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from contract.attempt import Order
    from contract.ids import WristbandUid

ROLE_NAME_PATTERN = r"^[a-z0-9_-]{1,30}$(?!\n)"

RoleName = Annotated[str, msgspec.Meta(pattern=ROLE_NAME_PATTERN)]


class Right(enum.Enum):
    """Something a member of staff may do."""

    LOG_IN = "log_in"
    LOG_IN_SUPERVISED = "log_in_supervised"
    """Only at a till where someone with `supervise` has logged in before."""
    SUPERVISE = "supervise"
    SELL = "sell"
    CANCEL_OWN = "cancel_own"
    """Cancel orders of the till one is logged in at."""
    CANCEL_ANY = "cancel_any"
    TOP_UP = "top_up"
    PAY_OUT = "pay_out"
    SELL_TICKETS = "sell_tickets"
    GRANT_TICKETS = "grant_tickets"
    GRANT_VOUCHERS = "grant_vouchers"
    TAKE_BILLS = "take_bills"
    MANAGE_WRISTBANDS = "manage_wristbands"
    SEE_WRISTBANDS = "see_wristbands"
    MOVE_CASH = "move_cash"
    CLOSE_SHIFTS = "close_shifts"
    FINANCE = "finance"
    """Answer for what is not cash: bank, bills, refunds and settlements."""


class StaffRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role and what those who have it may do."""

    name: RoleName
    rights: tuple[Right, ...]
    needs_register: bool = False


class StaffEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of staff as tills know them, for log-ins without the hub too.

    `uid_hash` is `staff_hash` of the wristband; `pin_hash` an Argon2id string in PHC
    form, without which nobody logs in offline.
    """

    id: StaffId
    name: Annotated[str, msgspec.Meta(max_length=50)]
    uid_hash: Digest
    roles: tuple[RoleName, ...]
    pin_hash: Annotated[str, msgspec.Meta(max_length=200)] = ""


RIGHTS: Mapping[OrderKind, Right] = {
    OrderKind.SALE: Right.SELL,
    OrderKind.TOP_UP: Right.TOP_UP,
    OrderKind.PAYOUT: Right.PAY_OUT,
    OrderKind.TICKET: Right.SELL_TICKETS,
    OrderKind.GRANT: Right.GRANT_VOUCHERS,
    OrderKind.BILL_PAYMENT: Right.TAKE_BILLS,
    OrderKind.REGISTER: Right.MANAGE_WRISTBANDS,
    OrderKind.SWAP: Right.MANAGE_WRISTBANDS,
    OrderKind.BLOCK: Right.MANAGE_WRISTBANDS,
    OrderKind.ANNOTATE: Right.MANAGE_WRISTBANDS,
    OrderKind.SHIFT_START: Right.CLOSE_SHIFTS,
    OrderKind.CASH_MOVEMENT: Right.MOVE_CASH,
    OrderKind.CASH_TRANSFER: Right.MOVE_CASH,
    OrderKind.SHIFT_END: Right.CLOSE_SHIFTS,
}
"""What each kind of order asks for; cancellations ask for a right of their own."""


def rights_for(order: Order, *, own_till: bool) -> frozenset[Right]:
    """Say which rights allow an order: any one of them is enough.

    `own_till`: whether a cancellation undoes an order of the till it is made at.
    """
    if order.kind is OrderKind.CANCELLATION:
        own = {Right.CANCEL_OWN} if own_till else set()
        return frozenset({Right.CANCEL_ANY, *own})
    if order.kind is OrderKind.TICKET and order.granted_by:
        return frozenset({Right.GRANT_TICKETS})
    return frozenset({RIGHTS[order.kind]})


def rights_of(roles: Collection[StaffRole], names: Collection[str]) -> frozenset[Right]:
    """Collect what someone with these roles may do."""
    return frozenset(
        right for role in roles if role.name in names for right in role.rights
    )


def staff_hash(key: bytes, uid: WristbandUid) -> str:
    """Return the keyed hash by which a staff list knows a wristband (HMAC-SHA-256)."""
    return hmac.new(key, uid.octets, hashlib.sha256).hexdigest()

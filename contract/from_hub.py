"""Every message of the hub to its tills."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from contract.acts import BookingModel
from contract.advice import (
    RecordedOrder,
)
from contract.closing import SequenceSpan
from contract.config import CatalogueLink, EventLimits, StandInLimits, TillProfile
from contract.facts import Facts, PastOrder
from contract.fields import (
    Amount,
    Count,
    PlaceKey,
    Serial,
    StaffId,
    Text,
    Variant,
)
from contract.ids import EventIdField, TillIdField
from contract.message import Message
from contract.money import Currency, Money
from contract.reasons import (
    ClosingFlag,
    DeclineReason,
    LoginRefusal,
    RejectReason,
)
from contract.receipt import Seller
from contract.staff import Right, RoleName, StaffEntry, StaffRole
from contract.stocking import Stocking
from contract.token import TokenKey
from contract.wallets import Anchor, WalletChange


class OrderBooked(Message, frozen=True, kw_only=True):
    """The attempt is booked; `balance` is the wallet's after it."""

    regarding: UUID
    order: UUID
    attempt: Count
    balance: Money | None
    anchor: Anchor
    vouchers: Count | None = None


class OrderChecked(Message, frozen=True, kw_only=True):
    """The order could be booked as things stand; the facts say how near the limits."""

    regarding: UUID
    order: UUID
    attempt: Count
    anchor: Anchor
    facts: Facts = Facts()


class OrderDeclined(Message, frozen=True, kw_only=True):
    """The attempt is refused for good; a new attempt may follow."""

    regarding: UUID
    order: UUID
    attempt: Count
    reason: DeclineReason
    text: Text
    facts: Facts = Facts()
    anchor: Anchor


class OrderConflict(Message, frozen=True, kw_only=True):
    """The hub knows this attempt with other bytes: one of the two is wrong."""

    regarding: UUID
    order: UUID
    attempt: Count
    text: Text
    anchor: Anchor


class AdviceRecorded(Message, frozen=True, kw_only=True):
    """These advices are in the ledger; the till need not send them again."""

    regarding: UUID
    recorded: tuple[RecordedOrder, ...]
    anchor: Anchor


class WristbandInfo(Message, frozen=True, kw_only=True):
    """What is known of a wristband; its orders newest first.

    `successor` has taken its wallet over. `restriction` is a variant laid upon it
    since its token was written.
    """

    regarding: UUID
    wristband: Serial
    balance: Money
    vouchers: Count
    variant: Variant
    blocked: bool
    anchor: Anchor
    restriction: Variant | None = None
    successor: Serial | None = None
    comment: Text = ""
    orders: tuple[PastOrder, ...] = ()


class OrderInfo(Message, frozen=True, kw_only=True):
    """A completed order as the ledger holds it; `order` are its bytes as advised.

    `canceled`: as a whole; `undone` are the lines canceled one by one.
    """

    regarding: UUID
    order: msgspec.Raw
    anchor: Anchor
    canceled: bool = False
    undone: tuple[Count, ...] = ()


class CashierLoggedIn(Message, frozen=True, kw_only=True):
    """The cashier works at the till from now on, with these rights.

    `register_minor` is what the ledger has in the cash register.
    """

    regarding: UUID
    cashier: StaffId
    name: str
    role: RoleName
    rights: tuple[Right, ...]
    supervised: bool = False
    register: PlaceKey | None = None
    register_minor: Amount | msgspec.UnsetType = msgspec.UNSET


class LoginRefused(Message, frozen=True, kw_only=True):
    """The cashier can't log in; `roles` are those to choose from."""

    regarding: UUID
    reason: LoginRefusal
    text: Text
    roles: tuple[RoleName, ...] = ()


class CashierLoggedOut(Message, frozen=True, kw_only=True):
    """The cashier has left the till, by own wish or (nothing regarded) by the hub's."""

    regarding: UUID | None
    cashier: StaffId


class ClosingRecorded(Message, frozen=True, kw_only=True):
    """The closing is in the books, and its orders are but those held back."""

    regarding: UUID
    till: TillIdField
    z_number: Count
    anchor: Anchor
    flags: tuple[ClosingFlag, ...] = ()
    held_back: tuple[SequenceSpan, ...] = ()


class ClosingIncomplete(Message, frozen=True, kw_only=True):
    """Advices are missing: deliver those orders, then send the closing again."""

    regarding: UUID
    till: TillIdField
    z_number: Count
    missing: tuple[SequenceSpan, ...]
    anchor: Anchor


class TokenIssued(Message, frozen=True, kw_only=True):
    """A token to be written on the wristband, with the portal link beside it."""

    regarding: UUID
    uid: bytes
    body: bytes
    signature: bytes
    url: str


class Rejected(Message, frozen=True, kw_only=True):
    """A message the hub could not take; `text` names what is wrong with it."""

    regarding: UUID | None
    reason: RejectReason
    text: Text
    order: UUID | None = None


class TillConfig(Message, frozen=True, kw_only=True):
    """Retained on the till's config topic: what a till needs to sell.

    `staff_key` is the key of the staff list's hashes, `wallets_path` where on the edge
    listener the wallet snapshot lies.
    """

    event: EventIdField
    event_name: str
    event_number: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    till: TillIdField
    label: str
    currency: Currency
    seller: Seller
    portal_url: str
    catalogue: CatalogueLink
    token_keys: tuple[TokenKey, ...]
    stand_in: StandInLimits
    demo: bool = False
    profile: TillProfile = TillProfile()
    limits: EventLimits = EventLimits()
    roles: tuple[StaffRole, ...] = ()
    staff: tuple[StaffEntry, ...] = ()
    staff_key: bytes = b""
    wallets_path: str = ""
    booking_model: BookingModel = BookingModel.PAYMENT
    stockings: tuple[Stocking, ...] = ()


class WalletChanges(Message, frozen=True, kw_only=True):
    """At most one per second; `number` grows by one, a gap means a lost message."""

    number: Count
    anchor: Anchor
    changes: tuple[WalletChange, ...]


class HubStatus(Message, frozen=True, kw_only=True):
    """Retained on the hub's status topic; the last will says offline."""

    online: bool
    anchor: Anchor | None = None

"""Every message between till and hub: JSON, tagged by type, versioned, with an id.

Whoever receives decodes with `decode_from_till` or `decode_from_hub`; what breaks the
contract raises `Malformed` with a reason that can be sent back or logged.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from contract.advice import (
    EarlierAttempt,
    OrderAdvice,
    RecordedOrder,
    encode_advice,
)
from contract.closing import SequenceSpan
from contract.config import CatalogueLink, EventLimits, StandInLimits, TillProfile
from contract.facts import Facts, Lamp, LampState, Note, PastOrder
from contract.fields import (
    TEXT_MAX,
    Count,
    Digest,
    PlaceKey,
    Serial,
    StaffId,
    Text,
    Utc,
    Variant,
)
from contract.fiscal import Outage, Signature
from contract.ids import EventIdField, TillIdField
from contract.money import Currency, Money
from contract.reasons import (
    AdviceFlag,
    ClosingFlag,
    DeclineReason,
    LoginRefusal,
    Malformed,
    RejectReason,
)
from contract.receipt import Seller
from contract.staff import Right, RoleName, StaffEntry, StaffRole
from contract.token import Credential, TokenKey
from contract.topics import ADVICES_PER_BATCH_MAX, MESSAGE_BYTES_MAX
from contract.wallets import Anchor, WalletChange

__all__ = [  # what messages hold, beside what stands here
    "TEXT_MAX",
    "AdviceFlag",
    "Anchor",
    "CatalogueLink",
    "ClosingFlag",
    "DeclineReason",
    "Digest",
    "EarlierAttempt",
    "EventLimits",
    "Facts",
    "Lamp",
    "LampState",
    "LoginRefusal",
    "Malformed",
    "Note",
    "OrderAdvice",
    "PastOrder",
    "RecordedOrder",
    "RejectReason",
    "Right",
    "SequenceSpan",
    "StaffEntry",
    "StaffRole",
    "StandInLimits",
    "Text",
    "TillProfile",
    "WalletChange",
    "encode_advice",
]

NOTES_MAX = 40
PAST_ORDERS_MAX = 50


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str):
    """What all messages have: a type (the tag), a version and an id of their own."""

    version: Literal[1] = 1
    id: UUID


# --- till to hub ---------------------------------------------------------------------


class OrderRequest(Message, frozen=True, kw_only=True):
    """Authorize and book this order now; sent again unchanged when unanswered."""

    order: msgspec.Raw
    answer_by: Utc
    credential: Credential | None = None
    note: Note | None = None


class OrderCheck(Message, frozen=True, kw_only=True):
    """Say whether this order could be booked; nothing is booked or remembered.

    Asked before money is taken, for what then is booked by its advice.
    """

    order: msgspec.Raw
    answer_by: Utc
    credential: Credential | None = None


class AdviceBatch(Message, frozen=True, kw_only=True):
    """Up to 40 advices, each as the bytes of an OrderAdvice that the journal keeps."""

    advices: Annotated[
        tuple[msgspec.Raw, ...],
        msgspec.Meta(min_length=1, max_length=ADVICES_PER_BATCH_MAX),
    ]
    notes: Annotated[tuple[Note, ...], msgspec.Meta(max_length=NOTES_MAX)] = ()


class WristbandQuery(Message, frozen=True, kw_only=True):
    """Tell what is known of a wristband: balance, state, its latest orders."""

    wristband: Serial
    cashier: StaffId = ""
    credential: Credential | None = None
    orders_max: Annotated[int, msgspec.Meta(ge=0, le=PAST_ORDERS_MAX)] = 20


class OrderQuery(Message, frozen=True, kw_only=True):
    """Tell what the ledger holds of an order, so that any till can cancel it."""

    order: UUID


class CashierLogin(Message, frozen=True, kw_only=True):
    """Let the bearer of this staff wristband work at the till.

    The till has checked the PIN against the staff list where one is set. Without a
    role the hub takes the only one there is, or asks to choose.
    """

    credential: Credential
    role: RoleName | None = None


class CashierLogout(Message, frozen=True, kw_only=True):
    """The cashier has left the till."""

    cashier: StaffId


class Closing(Message, frozen=True, kw_only=True):
    """A till's Z report, repeated unchanged until the hub has recorded it.

    `report` holds the bytes of a ClosingReport; what is signed is their digest.
    """

    report: msgspec.Raw
    signature: Signature | None = None
    outage: Outage | None = None


class TokenRequest(Message, frozen=True, kw_only=True):
    """Sign a token for this wristband; only an issuing desk's till may ask."""

    uid: bytes
    variant: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


class TillStatus(Message, frozen=True, kw_only=True):
    """Retained on the till's status topic: what the fleet page shows."""

    till: TillIdField
    software: str
    at: Utc
    hub: Lamp
    tse: Lamp
    reader: Lamp
    clock: Lamp
    undelivered: Count
    tse_serial: str = ""
    tse_expires: Utc | None = None


class TillOnline(Message, frozen=True, kw_only=True):
    """Retained on the till's online topic; the last will says offline."""

    till: TillIdField
    online: bool


# --- hub to till ---------------------------------------------------------------------


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
    """The cashier works at the till from now on, with these rights."""

    regarding: UUID
    cashier: StaffId
    name: str
    role: RoleName
    rights: tuple[Right, ...]
    supervised: bool = False
    register: PlaceKey | None = None


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


class WalletChanges(Message, frozen=True, kw_only=True):
    """At most one per second; `number` grows by one, a gap means a lost message."""

    number: Count
    anchor: Anchor
    changes: tuple[WalletChange, ...]


class HubStatus(Message, frozen=True, kw_only=True):
    """Retained on the hub's status topic; the last will says offline."""

    online: bool
    anchor: Anchor | None = None


FromTill = (
    OrderRequest
    | OrderCheck
    | AdviceBatch
    | WristbandQuery
    | OrderQuery
    | CashierLogin
    | CashierLogout
    | Closing
    | TokenRequest
    | TillStatus
    | TillOnline
)
FromHub = (
    OrderBooked
    | OrderChecked
    | OrderDeclined
    | OrderConflict
    | AdviceRecorded
    | WristbandInfo
    | OrderInfo
    | CashierLoggedIn
    | LoginRefused
    | CashierLoggedOut
    | ClosingRecorded
    | ClosingIncomplete
    | TokenIssued
    | Rejected
    | TillConfig
    | WalletChanges
    | HubStatus
)


class _Envelope(msgspec.Struct):
    type: str | None = None
    version: int | None = None
    id: UUID | None = None


# msgspec raises these two as they are: for text that is not UTF-8, and for JSON nested
# deeper than Python's stack.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_FROM_TILL: msgspec.json.Decoder[FromTill] = msgspec.json.Decoder(FromTill)
_FROM_HUB: msgspec.json.Decoder[FromHub] = msgspec.json.Decoder(FromHub)
_ADVICE = msgspec.json.Decoder(OrderAdvice)
_FROM_TILL_TYPES = frozenset(each.__name__ for each in FromTill.__args__)
_FROM_HUB_TYPES = frozenset(each.__name__ for each in FromHub.__args__)


def encode(message: Message) -> bytes:
    """Write a message as JSON, its type first."""
    return msgspec.json.encode(message)


def decode_from_till(data: bytes) -> FromTill:
    """Read what a till sent; raises Malformed."""
    _check_size(data)
    try:
        return _FROM_TILL.decode(data)
    except _UNREADABLE as error:
        raise _diagnose(data, error, _FROM_TILL_TYPES) from None


def decode_from_hub(data: bytes) -> FromHub:
    """Read what the hub sent; raises Malformed."""
    try:
        return _FROM_HUB.decode(data)
    except _UNREADABLE as error:
        raise _diagnose(data, error, _FROM_HUB_TYPES) from None


def decode_advice(data: bytes | msgspec.Raw) -> OrderAdvice:
    """Read one advice of a batch; raises Malformed."""
    try:
        return _ADVICE.decode(data)
    except _UNREADABLE as error:
        raise Malformed(RejectReason.INVALID, str(error)[:TEXT_MAX]) from None


def _check_size(data: bytes) -> None:
    if len(data) > MESSAGE_BYTES_MAX:
        raise Malformed(
            RejectReason.TOO_LARGE,
            f"The message has {len(data)} bytes; the limit is {MESSAGE_BYTES_MAX}.",
        )


def _diagnose(data: bytes, error: Exception, types: frozenset[str]) -> Malformed:
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except msgspec.ValidationError:
        return Malformed(RejectReason.INVALID, str(error)[:TEXT_MAX])
    except _UNREADABLE:
        return Malformed(RejectReason.NOT_JSON, f"The message is not JSON: {error}.")
    if envelope.type not in types:
        name = "without a type" if envelope.type is None else repr(envelope.type)[:60]
        text = f"Messages of type {name} are not known here."
        return Malformed(RejectReason.UNKNOWN_TYPE, text, envelope.id)
    if envelope.version not in {None, 1}:
        text = f"Version {envelope.version} of {envelope.type} is not spoken here."
        return Malformed(RejectReason.UNKNOWN_VERSION, text, envelope.id)
    return Malformed(RejectReason.INVALID, str(error)[:TEXT_MAX], envelope.id)

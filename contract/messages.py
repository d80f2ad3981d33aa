"""Every message between till and hub: JSON, tagged by type, versioned, with an id.

Whoever receives decodes with `decode_from_till` or `decode_from_hub`; what breaks the
contract raises `Malformed` with a reason that can be sent back or logged.
"""

from __future__ import annotations

import enum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from contract.fiscal import Outage, Signature
from contract.ids import EventIdField, TillIdField
from contract.money import Currency, Money
from contract.order import Amount, Count, Outcome, Path, Serial, Utc
from contract.receipt import Seller
from contract.token import Credential, TokenKey
from contract.topics import ADVICES_PER_BATCH_MAX, MESSAGE_BYTES_MAX

TEXT_MAX = 500

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]


class DeclineReason(enum.Enum):
    """Why the hub, or the till standing in, refused to book."""

    INSUFFICIENT_BALANCE = "insufficient_balance"
    UNKNOWN_WRISTBAND = "unknown_wristband"
    BLOCKED_WRISTBAND = "blocked_wristband"
    FORGED_WRISTBAND = "forged_wristband"
    HUB_SILENT = "hub_silent"
    ALLOWANCE_USED_UP = "allowance_used_up"
    INCONSISTENT_ORDER = "inconsistent_order"
    UNKNOWN_PRODUCT = "unknown_product"
    WRONG_PRICE = "wrong_price"
    WRONG_CURRENCY = "wrong_currency"
    UNKNOWN_TILL = "unknown_till"
    NOT_FINAL_YET = "not_final_yet"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    ALREADY_CANCELED = "already_canceled"
    ABORTED = "aborted"
    SUPERSEDED = "superseded"


class RejectReason(enum.Enum):
    """Why a message was not even looked into."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    INVALID = "invalid"
    FORGED_TILL = "forged_till"
    UNKNOWN_EVENT = "unknown_event"
    NOT_ALLOWED = "not_allowed"
    HUB_FAULT = "hub_fault"


class LampState(enum.Enum):
    """How one thing the till depends on is doing."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str):
    """What all messages have: a type (the tag), a version and an id of their own."""

    version: Literal[1] = 1
    id: UUID


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger answered, and how far it had come (hash chain head in hex)."""

    incarnation: UUID
    batch: Count
    chain_head: Digest


# --- till to hub ---------------------------------------------------------------------


class OrderRequest(Message, frozen=True, kw_only=True):
    """Authorize and book this order now; sent again unchanged when unanswered."""

    order: msgspec.Raw
    answer_by: Utc
    credential: Credential | None = None


class EarlierAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that was superseded: its number and the digest of its bytes."""

    attempt: Count
    digest: Digest


class OrderAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """How an order ended: exactly one per order, repeated until it is recorded.

    `order` holds the bytes of the deciding attempt (or of attempt 0), `earlier` names
    the attempts before it. `basis_batch` is the batch of the cached balance that a
    stand-in decision rested on.
    """

    order: msgspec.Raw
    earlier: tuple[EarlierAttempt, ...] = ()
    outcome: Outcome
    path: Path | None = None
    decided_at: Utc
    credential: Credential | None = None
    basis_batch: Count | None = None
    signature: Signature | None = None
    outage: Outage | None = None


class AdviceBatch(Message, frozen=True, kw_only=True):
    """Up to 40 advices, each as the bytes of an OrderAdvice that the journal keeps."""

    advices: Annotated[
        tuple[msgspec.Raw, ...],
        msgspec.Meta(min_length=1, max_length=ADVICES_PER_BATCH_MAX),
    ]


class TokenRequest(Message, frozen=True, kw_only=True):
    """Sign a token for this wristband; only an issuing desk's till may ask."""

    uid: bytes
    variant: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


class Lamp(msgspec.Struct, frozen=True, kw_only=True):
    """One lamp of the status row with its cause in plain words."""

    state: LampState
    text: Text = ""


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


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the cashier should know about a decline."""

    balance: Money | None = None


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


class AdviceFlag(enum.Enum):
    """What was odd about an advice that was booked all the same."""

    CONTRADICTS_DECLINE = "contradicts_decline"
    EXCEEDS_BALANCE = "exceeds_balance"
    STAND_IN_LOSS = "stand_in_loss"
    SUPERSEDED_CATALOGUE = "superseded_catalogue"
    INCONSISTENT_ORDER = "inconsistent_order"
    OTHER_BYTES = "other_bytes"
    CONTRADICTS_ADVICE = "contradicts_advice"
    BAD_SIGNATURE = "bad_signature"


class RecordedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose advice the ledger holds from now on."""

    order: UUID
    flags: tuple[AdviceFlag, ...] = ()


class AdviceRecorded(Message, frozen=True, kw_only=True):
    """These advices are in the ledger; the till need not send them again."""

    regarding: UUID
    recorded: tuple[RecordedOrder, ...]
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


class StandInLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How far a till may go while the hub is silent (minor units, seconds)."""

    allowance_minor: Amount
    till_total_minor: Amount
    unknown_wallet_minor: Amount = 0
    outage_age_s: Count = 4 * 3600


class CatalogueLink(msgspec.Struct, frozen=True, kw_only=True):
    """Where on the edge listener a catalogue version lies, and its SHA-256."""

    version: Count
    digest: Digest
    path: str


class TillConfig(Message, frozen=True, kw_only=True):
    """Retained on the till's config topic: what a till needs to sell."""

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


class WalletChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a till may know of a wallet: no more than it could stand in for."""

    wallet: Serial
    available_minor: Amount
    blocked: bool = False


class WalletChanges(Message, frozen=True, kw_only=True):
    """At most one per second; `number` grows by one, a gap means a lost message."""

    number: Count
    anchor: Anchor
    changes: tuple[WalletChange, ...]


class HubStatus(Message, frozen=True, kw_only=True):
    """Retained on the hub's status topic; the last will says offline."""

    online: bool
    anchor: Anchor | None = None


FromTill = OrderRequest | AdviceBatch | TokenRequest | TillStatus | TillOnline
FromHub = (
    OrderBooked
    | OrderDeclined
    | OrderConflict
    | AdviceRecorded
    | TokenIssued
    | Rejected
    | TillConfig
    | WalletChanges
    | HubStatus
)


class Malformed(Exception):
    """A message breaks the contract; `reason` and the text say how."""

    def __init__(
        self, reason: RejectReason, text: str, regarding: UUID | None = None
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.regarding = regarding


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


def encode_advice(advice: OrderAdvice) -> bytes:
    """Write an advice's one and only bytes, kept in the journal until recorded."""
    return msgspec.json.encode(advice)


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

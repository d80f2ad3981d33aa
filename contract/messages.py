"""Every message between till and hub: JSON, tagged by type, versioned, with an id.

Whoever receives decodes with `decode_from_till` or `decode_from_hub`; what breaks the
contract raises `Malformed` with a reason that can be sent back or logged.
"""

from __future__ import annotations

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
    Digest,
    Text,
)
from contract.from_hub import (
    AdviceRecorded,
    CashierLoggedIn,
    CashierLoggedOut,
    ClosingIncomplete,
    ClosingRecorded,
    HubStatus,
    LoginRefused,
    OrderBooked,
    OrderChecked,
    OrderConflict,
    OrderDeclined,
    OrderInfo,
    Rejected,
    TillConfig,
    TokenIssued,
    WalletChanges,
    WristbandInfo,
)
from contract.from_till import (
    NOTES_MAX,
    PAST_ORDERS_MAX,
    AdviceBatch,
    CashierLogin,
    CashierLogout,
    Closing,
    OrderCheck,
    OrderQuery,
    OrderRequest,
    TillOnline,
    TillStatus,
    TokenRequest,
    WristbandQuery,
)
from contract.message import Message
from contract.reasons import (
    AdviceFlag,
    ClosingFlag,
    DeclineReason,
    LoginRefusal,
    Malformed,
    RejectReason,
)
from contract.staff import Right, StaffEntry, StaffRole
from contract.topics import MESSAGE_BYTES_MAX
from contract.tse_news import (
    ClockConfirmation,
    TillDescribed,
    TillDescriptionRecorded,
    TillDevice,
    TseFacts,
    TseNotes,
    TseNotesRecorded,
    TseOutage,
)
from contract.wallets import Anchor, WalletChange

__all__ = [
    "NOTES_MAX",
    "PAST_ORDERS_MAX",
    "REMEDY",
    "TEXT_MAX",
    "AdviceBatch",
    "AdviceFlag",
    "AdviceRecorded",
    "Anchor",
    "CashierLoggedIn",
    "CashierLoggedOut",
    "CashierLogin",
    "CashierLogout",
    "CatalogueLink",
    "ClockConfirmation",
    "Closing",
    "ClosingFlag",
    "ClosingIncomplete",
    "ClosingRecorded",
    "DeclineReason",
    "Digest",
    "EarlierAttempt",
    "EventLimits",
    "Facts",
    "FromHub",
    "FromTill",
    "HubStatus",
    "Lamp",
    "LampState",
    "LoginRefusal",
    "LoginRefused",
    "Malformed",
    "Message",
    "Note",
    "OrderAdvice",
    "OrderBooked",
    "OrderCheck",
    "OrderChecked",
    "OrderConflict",
    "OrderDeclined",
    "OrderInfo",
    "OrderQuery",
    "OrderRequest",
    "PastOrder",
    "RecordedOrder",
    "RejectReason",
    "Rejected",
    "Right",
    "SequenceSpan",
    "StaffEntry",
    "StaffRole",
    "StandInLimits",
    "Text",
    "TillConfig",
    "TillDescribed",
    "TillDescriptionRecorded",
    "TillDevice",
    "TillOnline",
    "TillProfile",
    "TillStatus",
    "TokenIssued",
    "TokenRequest",
    "TseFacts",
    "TseNotes",
    "TseNotesRecorded",
    "TseOutage",
    "WalletChange",
    "WalletChanges",
    "WristbandInfo",
    "WristbandQuery",
    "decode_advice",
    "decode_from_hub",
    "decode_from_till",
    "encode",
    "encode_advice",
]

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
    | TillDescribed
    | TseNotes
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
    | TillDescriptionRecorded
    | TseNotesRecorded
    | Rejected
    | TillConfig
    | WalletChanges
    | HubStatus
)


class _Envelope(msgspec.Struct):
    type: str | None = None
    version: int | None = None
    id: UUID | None = None


REMEDY = "Update the till or the hub: they may be of different versions."

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
        raise Malformed(RejectReason.INVALID, _unusable(error)) from None


def _check_size(data: bytes) -> None:
    if len(data) > MESSAGE_BYTES_MAX:
        raise Malformed(
            RejectReason.TOO_LARGE,
            f"The message has {len(data)} bytes; the limit is {MESSAGE_BYTES_MAX}. "
            f"{REMEDY}",
        )


def _diagnose(data: bytes, error: Exception, types: frozenset[str]) -> Malformed:
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except msgspec.ValidationError:
        return Malformed(RejectReason.INVALID, _unusable(error))
    except _UNREADABLE:
        text = f"The message is not JSON: {error}. {REMEDY}"
        return Malformed(RejectReason.NOT_JSON, text)
    if envelope.type not in types:
        name = "without a type" if envelope.type is None else repr(envelope.type)[:60]
        text = f"Messages of type {name} are not known here. {REMEDY}"
        return Malformed(RejectReason.UNKNOWN_TYPE, text, envelope.id)
    if envelope.version not in {None, 1}:
        spoken = f"Version {envelope.version} of {envelope.type} is not spoken here."
        text = f"{spoken} {REMEDY}"
        return Malformed(RejectReason.UNKNOWN_VERSION, text, envelope.id)
    return Malformed(RejectReason.INVALID, _unusable(error), envelope.id)


def _unusable(error: Exception) -> str:
    """Make a sentence of what msgspec says, which names the field, and a remedy."""
    begun = "The message can't be used: "
    room = TEXT_MAX - len(begun) - len(REMEDY) - len(". ")
    # It quotes what was sent, which may be anything.
    shown = "".join(each if each.isprintable() else "?" for each in str(error))
    return f"{begun}{shown[:room].removesuffix('.')}. {REMEDY}"

"""Every message of a till to the hub."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from contract.facts import Lamp, Note
from contract.fields import (
    Count,
    Serial,
    StaffId,
    Utc,
    hold_times,
)
from contract.fiscal import Outage, Signature
from contract.ids import TillIdField
from contract.message import Message
from contract.staff import RoleName
from contract.token import Credential
from contract.topics import ADVICES_PER_BATCH_MAX

NOTES_MAX = 40
PAST_ORDERS_MAX = 50


class OrderRequest(Message, frozen=True, kw_only=True):
    """Authorize and book this order now; sent again unchanged when unanswered."""

    order: msgspec.Raw
    answer_by: Utc
    credential: Credential | None = None
    note: Note | None = None

    def __post_init__(self) -> None:
        hold_times(self, "answer_by")


class OrderCheck(Message, frozen=True, kw_only=True):
    """Say whether this order could be booked; nothing is booked or remembered.

    Asked before money is taken, for what then is booked by its advice.
    """

    order: msgspec.Raw
    answer_by: Utc
    credential: Credential | None = None

    def __post_init__(self) -> None:
        hold_times(self, "answer_by")


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
    """The cashier has left the till; repeated unchanged until it is answered.

    `at` is when, for a silent hub hears of it late; unset: now.
    """

    cashier: StaffId
    at: Utc | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.at is not msgspec.UNSET:
            hold_times(self, "at")


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
    """Retained on the till's status topic: what the fleet page shows.

    `printer` is of tills that have one.
    """

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
    printer: Lamp | None = None

    def __post_init__(self) -> None:
        hold_times(self, "at", "tse_expires")


class TillOnline(Message, frozen=True, kw_only=True):
    """Retained on the till's online topic; the last will says offline."""

    till: TillIdField
    online: bool

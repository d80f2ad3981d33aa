"""What happens to a till, apart from what its cashier wants (see intents).

Devices, link, journal and timers post these into the till's one queue. Times are
monotonic nanoseconds unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from contract.fiscal import Signature
    from contract.ids import OrderId, WristbandUid
    from contract.messages import Anchor, FromHub, Lamp, TseFacts, WalletChange
    from contract.order import CardReceipt
    from edge.core.records import (
        FiscalStart,
        ShiftOrder,
        StoredClosing,
        StoredOrder,
        TseNews,
    )


@dataclass(frozen=True, slots=True)
class WristbandRead:
    """A wristband arrived at an empty reader and was read whole.

    `message` is the NDEF message found on it (empty when there is none); what it means
    is for `edge.core.wristband` to say. `arrived_ns` is when the reader reported it.
    """

    uid: WristbandUid
    message: bytes
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class WristbandUnreadable:
    """What arrived could not be read: pulled away, torn or of a foreign kind."""

    text: str
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class WristbandLeft:
    """The reader is empty again."""


@dataclass(frozen=True, slots=True)
class ReaderLamp:
    """The reader's state changed; the lamp's text names cause and remedy."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class FiscalLamp:
    """The TSE's state changed; the lamp's text names cause and remedy."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class ArchiveStuck:
    """The hub does not take a part of the TSE's log, and why; empty: it has it all."""

    text: str


@dataclass(frozen=True, slots=True)
class HubLamp:
    """The way to the hub changed; the lamp's text names cause and remedy."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class PrinterLamp:
    """The receipt printer's state changed; the lamp's text names cause and remedy."""

    lamp: Lamp


# --- the TSE's answers ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FiscalOpened:
    """The TSE is in service; `open_numbers` are its unfinished transactions."""

    serial: str
    expires: datetime | None
    open_numbers: tuple[int, ...]
    facts: TseFacts | None = None


@dataclass(frozen=True, slots=True)
class FiscalStarted:
    """The TSE began an order's fiscal transaction."""

    order: OrderId
    start: FiscalStart


@dataclass(frozen=True, slots=True)
class FiscalFinished:
    """The TSE signed an order, or a signature it made unheard was found."""

    order: OrderId
    signature: Signature


@dataclass(frozen=True, slots=True)
class FiscalFailed:
    """The TSE did not begin, sign or find; `silent` when it may have signed unheard."""

    order: OrderId
    reason: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class FiscalNotFound:
    """The TSE knows no signature of this order."""

    order: OrderId


# --- the card terminal ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardPaid:
    """The terminal took the money (or gave it back); its receipt proves it."""

    order: OrderId
    reference: str
    receipt: CardReceipt


@dataclass(frozen=True, slots=True)
class CardFailed:
    """The terminal took nothing; `silent` when it may have done so unheard."""

    order: OrderId
    reference: str
    text: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class CardNotFound:
    """The terminal knows of no such payment: none was taken."""

    order: OrderId
    reference: str


@dataclass(frozen=True, slots=True)
class Printed:
    """An order's receipt is on paper; without an order: the last Z report."""

    order: OrderId | None


@dataclass(frozen=True, slots=True)
class PrintFailed:
    """It is not; `begun`: a part of it may be."""

    order: OrderId | None
    text: str
    begun: bool = False


@dataclass(frozen=True, slots=True)
class OrderFound:
    """What this till's journal holds of an order looked up; nothing if None.

    `undoing` are this till's cancellations of it.
    """

    order: OrderId
    found: StoredOrder | None
    undoing: tuple[StoredOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class SummedUp:
    """The journal's orders of a Z number, and the newest anchor it knows."""

    z_number: int
    orders: tuple[ShiftOrder, ...]
    anchor: Anchor | None


# --- the hub and the way to it -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The till is connected to the broker and subscribed."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The till is no longer connected; a HubLamp says why."""


@dataclass(frozen=True, slots=True)
class HubSaid:
    """A message from the hub."""

    message: FromHub


@dataclass(frozen=True, slots=True)
class NobodyListens:
    """The broker took a message, but no hub is subscribed to it."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """A message could not leave the till: the connection is gone."""


@dataclass(frozen=True, slots=True)
class ProbeImpossible:
    """The courier holds nothing that could be sent to probe a silent hub."""


@dataclass(frozen=True, slots=True)
class UndeliveredAgain:
    """The journal was asked anew: all sealed orders and closings the ledger lacks.

    `tse_news` is what the hub lacks of the TSE.
    """

    orders: tuple[OrderId, ...]
    closings: tuple[StoredClosing, ...] = ()
    tse_news: TseNews | None = None


@dataclass(frozen=True, slots=True)
class AdviceStuck:
    """The hub refuses this advice again and again; the others are not held up."""

    order: OrderId
    text: str


@dataclass(frozen=True, slots=True)
class CatalogueFetched:
    """The catalogue's bytes came from the hub's edge listener."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CatalogueFailed:
    """The catalogue could not be fetched; the text says why."""

    text: str


@dataclass(frozen=True, slots=True)
class WalletsFetched:
    """A part of the wallet snapshot as of a message's number; `is_last` ends it."""

    number: int
    anchor: Anchor
    changes: tuple[WalletChange, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class WalletsFailed:
    """The wallet snapshot could not be fetched; the text says why."""

    text: str


# --- the till itself -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen has painted this order's approval."""

    order: UUID
    at_ns: int


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """The journal could not be written; nothing of that step has happened."""

    text: str


@dataclass(frozen=True, slots=True)
class RepeatRequest:
    """Alarm: time to repeat the request of this attempt."""

    order: OrderId
    attempt: int


@dataclass(frozen=True, slots=True)
class RequestExpired:
    """Alarm: the hub has been silent about this attempt for too long."""

    order: OrderId
    attempt: int


@dataclass(frozen=True, slots=True)
class CountDue:
    """Alarm: time to ask again what the ledger has in a register that was counted."""

    order: OrderId
    attempt: int


@dataclass(frozen=True, slots=True)
class ProbeDue:
    """Alarm: time to see whether a silent hub answers again."""


@dataclass(frozen=True, slots=True)
class CancellationDue:
    """Alarm: time to ask the hub (again) to book this attempt of a cancellation."""

    order: OrderId
    attempt: int


@dataclass(frozen=True, slots=True)
class ChargeDue:
    """Alarm: time to ask the card terminal (again) what became of a payment."""

    order: OrderId
    reference: str


@dataclass(frozen=True, slots=True)
class ClosingDue:
    """Alarm: time to send this closing (again)."""

    closing: OrderId


@dataclass(frozen=True, slots=True)
class TseMissed:
    """Alarm: a closing has waited long enough for the TSE to come back to sign it."""

    closing: OrderId


@dataclass(frozen=True, slots=True)
class InquiryExpired:
    """Alarm: the hub has been silent about a log-in or a wristband for too long."""

    request: UUID


@dataclass(frozen=True, slots=True)
class CatalogueDue:
    """Alarm: time to fetch the catalogue (again)."""


@dataclass(frozen=True, slots=True)
class WalletsDue:
    """Alarm: time to fetch the wallet snapshot again."""


@dataclass(frozen=True, slots=True)
class TseNewsDue:
    """Alarm: time to tell the hub again what it has not recorded of the TSE."""

    request: UUID


Alarm = (
    RepeatRequest
    | RequestExpired
    | CountDue
    | ProbeDue
    | CancellationDue
    | ChargeDue
    | ClosingDue
    | TseMissed
    | InquiryExpired
    | CatalogueDue
    | WalletsDue
    | TseNewsDue
)

DeviceEvent = (
    WristbandRead
    | WristbandUnreadable
    | WristbandLeft
    | ReaderLamp
    | FiscalLamp
    | ArchiveStuck
    | PrinterLamp
)

FiscalEvent = (
    FiscalOpened | FiscalStarted | FiscalFinished | FiscalFailed | FiscalNotFound
)

TerminalEvent = CardPaid | CardFailed | CardNotFound

LinkEvent = (
    HubLamp
    | LinkUp
    | LinkDown
    | NobodyListens
    | NotSent
    | ProbeImpossible
    | UndeliveredAgain
    | AdviceStuck
    | CatalogueFetched
    | CatalogueFailed
    | WalletsFetched
    | WalletsFailed
)

Event = (
    DeviceEvent
    | FiscalEvent
    | TerminalEvent
    | LinkEvent
    | HubSaid
    | Alarm
    | OrderFound
    | SummedUp
    | Printed
    | PrintFailed
    | Shown
    | JournalFailed
)

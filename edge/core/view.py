"""What a screen shows: one frozen picture of the till, made anew at each step."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.messages import DeclineReason, Facts, Lamp, LampState, TillProfile
from contract.order import OrderKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from contract.catalogue import Catalogue
    from contract.messages import WristbandInfo
    from contract.money import Money
    from contract.stocking import Stocking


class Phase(enum.Enum):
    """Where the checkout stands; each phase is one screen."""

    STARTING = "starting"
    SELLING = "selling"
    PRESENT = "present"
    CHECKING = "checking"
    COLLECT = "collect"
    CHARGE = "charge"
    APPROVED = "approved"
    DECLINED = "declined"
    HANDED_OUT = "handed_out"
    HALTED = "halted"


class Tone(enum.Enum):
    """Who must act on a banner."""

    INFORM = "inform"
    TRY_AGAIN = "try_again"
    ASK_THE_GUEST = "ask_the_guest"
    CALL_THE_TECHNICIAN = "call_the_technician"


@dataclass(frozen=True, slots=True)
class Banner:
    """A sentence for the cashier: what happened, and what to do."""

    tone: Tone
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class BasketLine:
    """A row of the basket."""

    product: int
    name: str
    quantity: int
    total: Money


@dataclass(frozen=True, slots=True)
class Approval:
    """A completed order: what the cashier and the guest see of it.

    `vouchers` are those left on the wristband, where the hub said so.
    """

    order: UUID
    total: Money
    balance: Money | None
    stand_in: bool
    cash: bool
    receipt_url: str
    kind: OrderKind = OrderKind.SALE
    vouchers: int | None = None
    training: bool = False


class PrintState(enum.Enum):
    """Whether a receipt is on paper."""

    NO = "no"
    ASKED = "asked"
    """It is printed as soon as the order is signed and the printer ready."""
    PRINTED = "printed"


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A closed order whose receipt can be printed.

    `may_be_printed`: a part of it has left the printer, or all of it.
    """

    order: UUID
    number: int
    kind: OrderKind
    total: Money
    decided_at: datetime
    state: PrintState = PrintState.NO
    stand_in: bool = False
    may_be_printed: bool = False


@dataclass(frozen=True, slots=True)
class ClosedNumber:
    """The last Z number closed since the till started, and where its report is.

    `signed` is None while the TSE is at it, `printed` where there is no printer.
    """

    z_number: int
    signed: bool | None = None
    printed: bool | None = None
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class WaitingCancellation:
    """A cancellation that has not ended, the order it undoes, and what it waits for.

    `may_be_given_up`: nothing was given back for it.
    """

    order: UUID
    original: UUID
    reason: str
    may_be_given_up: bool


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Decline:
    """A refused attempt; the basket stays open. `reason` is None for a card's."""

    reason: DeclineReason | None
    title: str
    text: str
    balance: Money | None
    facts: Facts = NO_FACTS


UNKNOWN_LAMP = Lamp(state=LampState.UNKNOWN)
DEFAULT_PROFILE = TillProfile()


@dataclass(frozen=True, slots=True)
class Lamps:
    """The four things a till depends on, and its printer, where it has one."""

    hub: Lamp = UNKNOWN_LAMP
    tse: Lamp = UNKNOWN_LAMP
    reader: Lamp = UNKNOWN_LAMP
    clock: Lamp = UNKNOWN_LAMP
    printer: Lamp | None = None


@dataclass(frozen=True, slots=True)
class TillView:
    """Everything the screen needs, and nothing it could change.

    `kind` is that of the open order, `wristband` what the hub said of one asked about,
    `register_minor` the cash that should be in the register, `stockings` what one can
    be handed out with, `canceling` the cancellations that wait, `receipts`
    what can be printed, newest first,
    `prints` whether an approval offers that; `asks_for_clock` whether somebody must
    vouch for the clock before the TSE is used; `z_orders` the orders of this Z number,
    `not_closable` why it can't be closed now.
    """

    phase: Phase
    till: str
    label: str = ""
    event_name: str = ""
    demo: bool = False
    catalogue: Catalogue | None = None
    basket: tuple[BasketLine, ...] = ()
    total: Money | None = None
    approval: Approval | None = None
    decline: Decline | None = None
    banner: Banner | None = None
    lamps: Lamps = field(default_factory=Lamps)
    undelivered: int = 0
    cash_allowed: bool = True
    kind: OrderKind | None = None
    profile: TillProfile = DEFAULT_PROFILE
    cashier: str = ""
    register: str = ""
    register_minor: int = 0
    stockings: tuple[Stocking, ...] = ()
    wristband: WristbandInfo | None = None
    canceling: tuple[WaitingCancellation, ...] = ()
    training: bool = False
    receipts: tuple[ReceiptRow, ...] = ()
    prints: bool = False
    can_print_closing: bool = False
    asks_for_clock: bool = False
    z_number: int = 1
    z_orders: int = 0
    not_closable: Banner | None = None
    closed: ClosedNumber | None = None

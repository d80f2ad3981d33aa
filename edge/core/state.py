"""Everything a till keeps in mind between two steps, as frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid5

import msgspec

from contract.order import Ask
from contract.staff import Right
from edge.core.effects import Effects, gathered
from edge.core.records import TseNews
from edge.core.standin import StandInBook
from edge.core.view import UNKNOWN_LAMP, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from contract.catalogue import Catalogue
    from contract.fiscal import Outage, Signature
    from contract.from_till import CashierLogin, CashierLogout
    from contract.ids import EventId, OrderId, TillId, WalletSerial
    from contract.messages import Lamp, Note, TillConfig, TillDevice, WristbandInfo
    from contract.order import CardReceipt
    from edge.core.events import FiscalOpened
    from edge.core.intents import AskWristband, LogIn
    from edge.core.open_order import OpenOrder
    from edge.core.records import Decided, FiscalStart, StoredAttempt, StoredOrder
    from edge.core.settings import PrintPolicy
    from edge.core.view import Approval, Banner, ClosedNumber, Decline, ReceiptRow

UNDELIVERED_MAX = 20_000  # then the till refuses to sell, visibly


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step happens, and the one new id it may use (UUIDv7)."""

    now: datetime
    monotonic_ns: int
    fresh: UUID

    @property
    def second(self) -> UUID:
        """Another id, where a step needs two: one for an order, one for a message."""
        return uuid5(self.fresh, "second")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this till is and what it is made of, from its own configuration file."""

    till: TillId
    event: EventId
    device: TillDevice | None = None
    prints: PrintPolicy | None = None
    """When it prints receipts; None without a printer."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the hub set for this till: its configuration and the catalogue in force."""

    config: TillConfig
    catalogue: Catalogue
    digest: str


# --- the counter: where the checkout stands; each has one screen ---------------------


@dataclass(frozen=True, slots=True)
class Starting:
    """Configuration or catalogue are missing; nothing can be sold yet."""

    phase: ClassVar[Phase] = Phase.STARTING


@dataclass(frozen=True, slots=True)
class Selling:
    """The order: none yet, or being filled; `known` is a wristband asked about."""

    order: OpenOrder | None = None
    known: WristbandInfo | None = None
    phase: ClassVar[Phase] = Phase.SELLING


@dataclass(frozen=True, slots=True)
class Presenting:
    """Waiting for a wristband that arrives after this moment.

    `to_pay`: it pays the order; otherwise the order is about it.
    """

    order: OpenOrder
    waiting_since_ns: int
    to_pay: bool = True
    phase: ClassVar[Phase] = Phase.PRESENT


@dataclass(frozen=True, slots=True)
class Checking:
    """An attempt is journaled and the hub has been asked.

    `repriced`: it follows a decline whose facts led to another price; that once.
    `booked` is what the ledger had of this till's cash when it was asked, if all, and
    None once that ledger was restored;
    `answered`: nothing is wrong, but a count waits until the ledger has all of it.
    """

    order: OpenOrder
    wallet: WalletSerial | None
    card_ns: int | None
    request: UUID
    answer_by: datetime
    asked: Ask = Ask.REQUEST
    note: Note | None = None
    repriced: bool = False
    booked: Mapping[str, int] | None = None
    answered: bool = False
    phase: ClassVar[Phase] = Phase.CHECKING

    @property
    def attempt(self) -> StoredAttempt:
        """The attempt that waits for its verdict."""
        return self.order.attempts[-1]


@dataclass(frozen=True, slots=True)
class Collecting:
    """The guest is to give cash for what the hub has checked (or was silent about)."""

    order: OpenOrder
    checked: bool
    phase: ClassVar[Phase] = Phase.COLLECT


@dataclass(frozen=True, slots=True)
class Charging:
    """The card terminal has been asked to take the money of the last attempt."""

    order: OpenOrder
    checked: bool
    phase: ClassVar[Phase] = Phase.CHARGE


@dataclass(frozen=True, slots=True)
class Reading:
    """Waiting for a wristband that no order is about: a log-in, or a question."""

    errand: LogIn | AskWristband
    waiting_since_ns: int
    phase: ClassVar[Phase] = Phase.PRESENT


@dataclass(frozen=True, slots=True)
class Inquiring:
    """The hub has been asked about such a wristband; `booked` as in `Checking`.

    `held` is a log-in that waits until the hub has heard who left before.
    """

    errand: LogIn | AskWristband
    request: UUID
    entrant: LoggedIn | None = None
    booked: Mapping[str, int] | None = None
    held: CashierLogin | None = None
    phase: ClassVar[Phase] = Phase.CHECKING


@dataclass(frozen=True, slots=True)
class Summing:
    """The journal is being asked for the orders of a Z number to be closed."""

    phase: ClassVar[Phase] = Phase.CHECKING


@dataclass(frozen=True, slots=True)
class Approved:
    """The order is completed and on disk; `card_ns` is None for cash."""

    approval: Approval
    card_ns: int | None = None
    shown: bool = False
    phase: ClassVar[Phase] = Phase.APPROVED


@dataclass(frozen=True, slots=True)
class Declined:
    """The attempt failed; basket and fiscal transaction stay open."""

    order: OpenOrder
    decline: Decline
    phase: ClassVar[Phase] = Phase.DECLINED


@dataclass(frozen=True, slots=True)
class Asking:
    """After a restart: was the last completed order handed out?"""

    original: StoredOrder
    approval: Approval
    phase: ClassVar[Phase] = Phase.HANDED_OUT


@dataclass(frozen=True, slots=True)
class Halted:
    """The till refuses to sell; `for_good` until it is started anew."""

    banner: Banner
    for_good: bool
    phase: ClassVar[Phase] = Phase.HALTED


Counter = (
    Starting
    | Selling
    | Presenting
    | Checking
    | Collecting
    | Charging
    | Reading
    | Inquiring
    | Summing
    | Approved
    | Declined
    | Asking
    | Halted
)


class LoggedIn(msgspec.Struct, frozen=True):
    """The cashier who works at the till, and what the hub (or the list) allows."""

    id: str
    name: str
    role: str
    rights: frozenset[Right]
    register: str | None = None
    offline: bool = False


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """The latest turn of the shift at this till, and the Z number that it was in.

    `is_running`: somebody's shift goes on after it. `is_over`: one ended, and with it
    the Z number; both, where the register was handed to another cashier. `holder` is
    whose shift it is then, with which `register`.
    """

    z_number: int
    is_running: bool
    is_over: bool
    register: str = ""
    holder: str = ""


# --- what goes on behind the counter -------------------------------------------------


class Stage(enum.Enum):
    """How far a decided order is on its way to a signature."""

    WAITING = "waiting"
    FINISHING = "finishing"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class ClosedOrder:
    """A decided order that waits for its signature, or for the outage to be known.

    `look_first`: it was decided before a restart and may be signed already.
    `silent_since` is the begin of the outage in which the TSE was to sign it.
    """

    decision: Decided
    attempts: tuple[StoredAttempt, ...]
    stage: Stage = Stage.WAITING
    look_first: bool = False
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A cancellation that waits for the hub, while the till goes on selling.

    `asks` is what it still needs of the hub, `request` the id of the question that is
    under way, if one is; `receipt` is that of the card which gets its money back,
    `batch` the one that booked it, if its request has.
    """

    id: OrderId
    original: OrderId
    attempts: tuple[StoredAttempt, ...]
    request: UUID | None = None
    asks: Ask = Ask.REQUEST
    receipt: CardReceipt | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class PendingClosing:
    """A closing on its way to the hub; `searched`: the TSE was asked what it signed.

    `waits`: for the TSE, since a restart. `look_first`: it may be signed already.
    """

    id: OrderId
    z_number: int
    report: bytes
    start: FiscalStart | None = None
    searched: bool = False
    waits: bool = False
    look_first: bool = False
    signature: Signature | None = None
    outage: Outage | None = None
    request: UUID | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether it is signed, or known why not."""
        return self.signature is not None or self.outage is not None


@dataclass(frozen=True, slots=True)
class Part:
    """What of an order is to be canceled, by line; and of a group's: for which guest.

    `code`: which code of the presale is free again then, if there were several.
    """

    lines: tuple[int, ...] | None = None
    guest: int | None = None
    code: str | None = None


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Lookup:
    """An order that is looked for, to be canceled; `request` once the hub is asked."""

    order: OrderId
    part: Part = WHOLE
    request: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChargeInDoubt:
    """An order whose card payment nobody knows of since a restart; it is looked up."""

    order: StoredOrder

    @property
    def id(self) -> OrderId:
        """The order's id."""
        return self.order.id

    @property
    def attempts(self) -> tuple[StoredAttempt, ...]:
        """Its attempts, from 1."""
        return self.order.attempts[1:]


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of the way to the hub.

    `online` is the hub's own word (retained, last will), None before it came; `silent`
    the breaker: it opens at a silence and closes at the next sign of life.
    """

    linked: bool = False
    online: bool | None = None
    silent: bool = False
    lamp: Lamp = UNKNOWN_LAMP
    outage_since: datetime | None = None

    @property
    def up(self) -> bool:
        """Whether a request is worth sending."""
        return self.linked and self.online is not False and not self.silent


@dataclass(frozen=True, slots=True)
class FiscalUnit:
    """What is known of the TSE; `down_since` is when it began to fail.

    `leftovers` were open when it came into service, and no order is known to own them.
    `incoming` is another TSE than the one of this Z number: it is used after a closing.
    `archive_fault` is why the hub does not take a part of its log, if it does not.
    """

    lamp: Lamp = UNKNOWN_LAMP
    serial: str = ""
    expires: datetime | None = None
    down_since: datetime | None = None
    down_because: str = ""
    leftovers: tuple[int, ...] = ()
    incoming: FiscalOpened | None = None
    archive_fault: str = ""


@dataclass(frozen=True, slots=True)
class WalletNews:
    """The latest messages heard without a gap, from `first` to `last`.

    `complete`: a snapshot before them is known, and so all there is.
    """

    first: int | None = None
    last: int | None = None
    complete: bool = False
    fetching: bool = False


@dataclass(frozen=True, slots=True)
class Printing:
    """The printer's lamp, the newest orders first, and the last Z report."""

    lamp: Lamp = UNKNOWN_LAMP
    recent: tuple[ReceiptRow, ...] = ()
    closing: PendingClosing | None = None
    closing_printed: bool = False


@dataclass(frozen=True, slots=True)
class TillState:
    """The whole till; `registers` is the cash that it put into each, by the key.

    `elsewhere` is what else the ledger has in each, as it said last.
    `unsaid` are the log-outs the hub has yet to hear of. `restored`: the ledger went
    back, and what it lacks of this till's orders is not yet known.
    `training` is kept nowhere: who starts a till anew sells for real.
    """

    identity: Identity
    counter: Counter = field(default_factory=Starting)
    terms: Terms | None = None
    next_config: TillConfig | None = None
    banner: Banner | None = None
    next_sequence: int = 1
    z_number: int = 1
    last_at: datetime | None = None
    fiscal: Mapping[OrderId, FiscalStart | Outage | None] = field(default_factory=dict)
    signing: tuple[ClosedOrder, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()
    charges: tuple[ChargeInDoubt, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    closings: tuple[PendingClosing, ...] = ()
    cashier: LoggedIn | None = None
    unsaid: tuple[CashierLogout, ...] = ()
    training: bool = False
    registers: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    undelivered: Mapping[OrderId, None] = field(default_factory=dict)
    book: StandInBook = field(default_factory=StandInBook)
    news: WalletNews = field(default_factory=WalletNews)
    connection: Connection = field(default_factory=Connection)
    unit: FiscalUnit = field(default_factory=FiscalUnit)
    tse_news: TseNews = field(default_factory=TseNews)
    z_orders: int = 0  # of this Z number, aborted ones too
    is_summing: bool = False  # without having been told to
    shift: Shift | None = None
    closed: ClosedNumber | None = None
    reader: Lamp = UNKNOWN_LAMP
    clock: Lamp = UNKNOWN_LAMP
    printing: Printing = field(default_factory=Printing)
    incarnation: UUID | None = None
    batch: int = 0
    restored: bool = False


Step = tuple[TillState, Effects]


def chain(state: TillState, *moves: Callable[[TillState], Step]) -> Step:
    """Make moves one after the other; their commits become one."""
    effects: Effects = ()
    for move in moves:
        state, more = move(state)
        effects += more
    return state, gathered(effects)


def at_counter(state: TillState, counter: Counter) -> TillState:
    """Put the checkout elsewhere."""
    return replace(state, counter=counter)

"""Everything a till keeps in mind between two steps, as frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from edge.core.effects import Effects, gathered
from edge.core.standin import StandInBook
from edge.core.view import UNKNOWN_LAMP, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from contract.catalogue import Catalogue
    from contract.fiscal import Outage
    from contract.ids import EventId, OrderId, TillId, WalletSerial
    from contract.messages import Lamp, TillConfig
    from edge.core.basket import OpenOrder
    from edge.core.records import Decided, FiscalStart, StoredAttempt, StoredOrder
    from edge.core.view import Approval, Banner, Decline

UNDELIVERED_MAX = 20_000  # then the till refuses to sell, visibly


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step happens, and the one new id it may use (UUIDv7)."""

    now: datetime
    monotonic_ns: int
    fresh: UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this till is, from its own configuration file."""

    till: TillId
    event: EventId


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
    """The basket: empty and without an order, or being filled."""

    order: OpenOrder | None = None
    phase: ClassVar[Phase] = Phase.SELLING


@dataclass(frozen=True, slots=True)
class Presenting:
    """Waiting for a wristband that arrives after this moment."""

    order: OpenOrder
    waiting_since_ns: int
    phase: ClassVar[Phase] = Phase.PRESENT


@dataclass(frozen=True, slots=True)
class Checking:
    """An attempt is journaled and the hub has been asked."""

    order: OpenOrder
    wallet: WalletSerial
    card_ns: int
    request: UUID
    answer_by: datetime
    phase: ClassVar[Phase] = Phase.CHECKING

    @property
    def attempt(self) -> StoredAttempt:
        """The attempt that waits for its verdict."""
        return self.order.attempts[-1]


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
    Starting | Selling | Presenting | Checking | Approved | Declined | Asking | Halted
)


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
    """

    decision: Decided
    attempts: tuple[StoredAttempt, ...]
    stage: Stage = Stage.WAITING
    look_first: bool = False


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A cancellation that waits for the hub, while the till goes on selling.

    `request` is the id of the question that is under way, if one is.
    """

    id: OrderId
    original: OrderId
    attempts: tuple[StoredAttempt, ...]
    request: UUID | None = None


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
    """

    lamp: Lamp = UNKNOWN_LAMP
    serial: str = ""
    expires: datetime | None = None
    down_since: datetime | None = None
    leftovers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TillState:
    """The whole till."""

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
    undelivered: Mapping[OrderId, None] = field(default_factory=dict)
    book: StandInBook = field(default_factory=StandInBook)
    connection: Connection = field(default_factory=Connection)
    unit: FiscalUnit = field(default_factory=FiscalUnit)
    reader: Lamp = UNKNOWN_LAMP
    clock: Lamp = UNKNOWN_LAMP
    incarnation: UUID | None = None
    batch: int = 0


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

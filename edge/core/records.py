"""What a till writes into its journal, and what it finds there after a restart.

Records are facts, appended in the order they happened; those of one step are committed
together. A journal (edge.ports.Journal) keeps them and answers with `Recovered`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from contract.fiscal import Outage, Signature
    from contract.ids import OrderId, WalletSerial
    from contract.messages import (
        AdviceFlag,
        Anchor,
        ClockConfirmation,
        TillDescribed,
        TseNotes,
        TseOutage,
    )
    from contract.order import OrderKind, Outcome, Path
    from contract.token import Credential


@dataclass(frozen=True, slots=True)
class FiscalStart:
    """A fiscal transaction begun at the TSE: its number, counter and log time."""

    number: int
    counter: int
    started_at: datetime
    tse_serial: str = ""


# --- what is written -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderOpened:
    """An order exists from now on; `document` holds its bytes as attempt 0."""

    order: OrderId
    sequence: int
    z_number: int
    kind: OrderKind
    opened_at: datetime
    document: bytes
    cancels: OrderId | None = None


@dataclass(frozen=True, slots=True)
class AttemptMade:
    """A numbered try to pay; `document` is sent verbatim however often it is sent."""

    order: OrderId
    attempt: int
    document: bytes
    credential: Credential | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptAnswered:
    """What the hub said of an attempt, also when it said so too late."""

    order: OrderId
    attempt: int
    verdict: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Decided:
    """How an order ended; never undone. Written before any screen shows it.

    `wallet` and `total_minor` are who paid how much; `charges` what each wallet gave
    by it (negative: got back), `cash_minor` what the `register` gained.
    `card_to_decision_us` is measured by the monotonic clock, without this commit.
    """

    order: OrderId
    attempt: int
    document: bytes
    outcome: Outcome
    path: Path | None
    decided_at: datetime
    process_data: str
    total_minor: int
    wallet: WalletSerial | None = None
    batch: int | None = None
    basis_batch: int | None = None
    card_to_decision_us: int | None = None
    charges: tuple[tuple[WalletSerial, int], ...] = ()
    register: str = ""
    cash_minor: int = 0


@dataclass(frozen=True, slots=True)
class OrderShown:
    """The cashier has seen the decision; `card_to_shown_us` includes the commit."""

    order: OrderId
    card_to_shown_us: int | None = None


@dataclass(frozen=True, slots=True)
class FiscalBegun:
    """The TSE opened a fiscal transaction for this order."""

    order: OrderId
    start: FiscalStart


@dataclass(frozen=True, slots=True)
class AdviceSealed:
    """The advice's one and only bytes, with the signature or the outage in them."""

    order: OrderId
    advice: bytes
    signature: Signature | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class AdvicesRecorded:
    """The ledger holds these advices."""

    orders: tuple[tuple[OrderId, tuple[AdviceFlag, ...]], ...]
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class LedgerRestored:
    """The ledger went back to a batch, or is another one.

    All above `anchor.batch`, and all of another incarnation, is undelivered again.
    """

    anchor: Anchor


@dataclass(frozen=True, slots=True)
class ConfigKept:
    """The till's configuration as the hub last sent it (a TillConfig message)."""

    document: bytes


@dataclass(frozen=True, slots=True)
class CatalogueKept:
    """The catalogue that configuration names."""

    document: bytes


@dataclass(frozen=True, slots=True)
class CashierChanged:
    """Someone works at the till from now on (the JSON of a LoggedIn), or nobody."""

    document: bytes


@dataclass(frozen=True, slots=True)
class LogoutsUnsaid:
    """The log-outs the hub has yet to hear of (a JSON list of CashierLogout)."""

    document: bytes


@dataclass(frozen=True, slots=True)
class RegistersTold:
    """What the ledger has in registers beside this till's cash (JSON, by key)."""

    document: bytes


@dataclass(frozen=True, slots=True)
class ShiftTurned:
    """A shift at this till began, ended or was passed on (the JSON of a Shift)."""

    document: bytes


@dataclass(frozen=True, slots=True)
class ClosingMade:
    """A Z number is closed from now on; `report` are the bytes that are signed."""

    id: OrderId
    z_number: int
    report: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ClosingBegun:
    """The TSE opened a fiscal transaction for this closing."""

    id: OrderId
    start: FiscalStart


@dataclass(frozen=True, slots=True)
class ClosingSealed:
    """The closing's signature, or why it has none."""

    id: OrderId
    signature: Signature | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class ClosingEnded:
    """The hub has recorded the closing."""

    id: OrderId
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class TseDescribed:
    """A TSE is in use since a time, or something of it changed."""

    said: TillDescribed


@dataclass(frozen=True, slots=True)
class OutageNoted:
    """The TSE stopped to sign, or signs again."""

    outage: TseOutage


@dataclass(frozen=True, slots=True)
class ClockVouched:
    """A person said that the clock is right."""

    clock: ClockConfirmation


@dataclass(frozen=True, slots=True)
class TseNewsRecorded:
    """The hub has what it was told of the TSE, in these words."""

    told: TillDescribed | TseNotes


@dataclass(frozen=True, slots=True)
class AdvicesMissing:
    """The hub lacks the advices of these sequence numbers (first and last)."""

    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PaperNoted:
    """An order's receipt or a closing's Z report is about to be printed, or was not.

    It is said before the printer begins: what may be on paper is a copy from then on.
    """

    sheet: OrderId
    may_exist: bool


Record = (
    OrderOpened
    | AttemptMade
    | AttemptAnswered
    | Decided
    | OrderShown
    | FiscalBegun
    | AdviceSealed
    | AdvicesRecorded
    | LedgerRestored
    | ConfigKept
    | CatalogueKept
    | CashierChanged
    | LogoutsUnsaid
    | RegistersTold
    | ShiftTurned
    | ClosingMade
    | ClosingBegun
    | ClosingSealed
    | ClosingEnded
    | AdvicesMissing
    | TseDescribed
    | OutageNoted
    | ClockVouched
    | TseNewsRecorded
    | PaperNoted
)


# --- what is found -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CachedWallet:
    """What a wallet could spend as of a batch, as the hub last said."""

    available_minor: int
    blocked: bool
    batch: int
    vouchers: int = 0
    variant: int = 0


@dataclass(frozen=True, slots=True)
class Spend:
    """What a completed order took from a wallet; `batch` once the ledger said it."""

    order: OrderId
    attempt: int
    wallet: WalletSerial
    total_minor: int
    batch: int | None


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """An attempt as journaled."""

    number: int
    document: bytes
    credential: Credential | None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the journal knows it, while its life has not ended."""

    id: OrderId
    sequence: int
    z_number: int
    kind: OrderKind
    opened_at: datetime
    cancels: OrderId | None
    attempts: tuple[StoredAttempt, ...]
    decision: Decided | None = None
    shown: bool = False
    start: FiscalStart | None = None
    sealed: bool = False
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class StoredClosing:
    """A closing that the hub has not recorded; `start` while it is not signed."""

    id: OrderId
    z_number: int
    report: bytes
    start: FiscalStart | None = None
    signature: Signature | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class ShiftOrder:
    """An order as a closing sums it up; `counters` are the TSE's of its signatures."""

    sequence: int
    document: bytes
    outcome: Outcome
    counters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PastOrder:
    """A completed order whose receipt a guest may still ask for."""

    document: bytes
    decided_at: datetime
    printed: bool = False


@dataclass(frozen=True, slots=True)
class PastClosing:
    """The newest closing that is signed, or known why not; for its Z report."""

    stored: StoredClosing
    printed: bool = False


@dataclass(frozen=True, slots=True)
class TseNews:
    """What the hub has yet to record of this till's TSE, oldest first.

    `latest` is the TSE in use as last described and `outage` one that has not ended;
    the hub may have recorded both. `asked` is the message under way.
    """

    latest: TillDescribed | None = None
    outage: TseOutage | None = None
    described: tuple[TillDescribed, ...] = ()
    outages: tuple[TseOutage, ...] = ()
    clocks: tuple[ClockConfirmation, ...] = ()
    asked: TillDescribed | TseNotes | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Everything a till must know to go on where it stopped.

    `orders` are those not sealed yet, and completed ones that nobody may have seen;
    `undelivered` all sealed ones the ledger does not hold, oldest first, and
    `registers` the cash that this till put into each register. `cashier`, `unsaid`,
    `elsewhere` and `shift` are the latest documents of `CashierChanged`,
    `LogoutsUnsaid`, `RegistersTold` and `ShiftTurned`.
    """

    orders: tuple[StoredOrder, ...] = ()
    undelivered: tuple[OrderId, ...] = ()
    spends: tuple[Spend, ...] = ()
    next_sequence: int = 1
    z_number: int = 1
    incarnation: UUID | None = None
    batch: int = 0
    last_at: datetime | None = None
    standing_in_since: datetime | None = None
    config: bytes | None = None
    catalogue: bytes | None = None
    cashier: bytes = b""
    unsaid: bytes = b""
    closings: tuple[StoredClosing, ...] = ()
    tse_news: TseNews = TseNews()
    z_orders: int = 0
    registers: Mapping[str, int] = field(default_factory=dict)
    elsewhere: bytes = b""
    shift: bytes = b""
    wallets: Mapping[WalletSerial, CachedWallet] = field(default_factory=dict)
    recent: tuple[PastOrder, ...] = ()
    last_closing: PastClosing | None = None

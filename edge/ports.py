"""What till and world want of each other, as Protocols; adapters have their own rooms.

Devices report by posting events (`edge.core.events`) through the callback they were
made with; it may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from contract.fiscal import Signature
    from contract.ids import OrderId, WalletSerial
    from contract.messages import Anchor, CatalogueLink, FromTill, TseFacts
    from contract.money import Money
    from contract.order import CardReceipt
    from contract.sheet import Sheet
    from contract.sheet_words import SheetLanguage
    from contract.wallets import WalletSnapshot
    from edge.core.intents import Intent
    from edge.core.records import (
        CachedWallet,
        FiscalStart,
        Record,
        Recovered,
        ShiftOrder,
        StoredOrder,
    )
    from edge.core.view import TillView


@dataclass(frozen=True, slots=True)
class FiscalInfo:
    """What the status page says of the TSE."""

    serial: str
    expires: datetime | None
    open_numbers: tuple[int, ...]
    facts: TseFacts | None = None


class FiscalModule(Protocol):
    """The TSE, one command at a time; every call raises FiscalModuleDown in time.

    FiscalModuleSilent is raised where the module may have carried the command out
    although no answer came.
    """

    async def open(self, *, clock_confirmed: bool = False) -> FiscalInfo:
        """Bring the module into service: self-test, time, client. May be repeated.

        It is given this machine's time only if something or somebody vouches for it.
        """

    async def start(self) -> FiscalStart:
        """Begin a fiscal transaction, at the first item of an order."""

    async def finish(self, start: FiscalStart, process_data: str) -> Signature:
        """Sign and close it; the exact text is signed, so it is never changed."""

    async def find(self, start: FiscalStart) -> Signature | None:
        """Look up whether a fiscal transaction of unknown fate was finished."""

    async def export(self, serial: str, first: int, last: int) -> bytes:
        """Read the log of this TSE of these numbers: a TAR, or nothing of none."""

    async def close(self) -> None:
        """Let go of the port."""


class Archives(Protocol):
    """Archives of TSEs' logs, on disk until the hub has them.

    Every call raises ArchiveTrouble saying what is in the way.
    """

    async def reach(self, serial: str) -> int:
        """Say up to which number a TSE's log is archived; 0 if not at all."""

    async def begin(self, serial: str, first: int) -> None:
        """Begin an archive anew."""

    async def add(self, piece: bytes) -> None:
        """Add an export of some numbers."""

    async def seal(self, serial: str, last: int) -> None:
        """Verify what was gathered, and keep it until it is delivered."""

    async def deliver(self) -> None:
        """Deliver all that waits, oldest first; ArchiveRefused: some stays here."""


class Reader(Protocol):
    """The wristband reader; runs a thread of its own and posts events."""

    def start(self) -> None:
        """Begin to watch for wristbands."""

    def stop(self) -> None:
        """End the watch; returns when the thread has ended."""


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """The wall clock in UTC."""

    def monotonic_ns(self) -> int:
        """A clock that never jumps; deadlines use it."""


class Journal(Protocol):
    """The till's memory on disk; what it has committed survives a power cut.

    Every call raises JournalBroken when the disk refuses, and then nothing of it has
    happened.
    """

    async def commit(self, records: Sequence[Record]) -> None:
        """Write these records durably, all or none; returns when they are on disk."""

    async def recover(self) -> Recovered:
        """Read what a till must know to go on."""

    async def undelivered(self) -> tuple[OrderId, ...]:
        """List the sealed orders the ledger does not hold, oldest first."""

    async def advices(self, orders: Sequence[OrderId]) -> dict[OrderId, bytes]:
        """Read the sealed advices of these orders."""

    async def find(
        self, order: OrderId
    ) -> tuple[StoredOrder | None, tuple[StoredOrder, ...]]:
        """Read an order, and those that cancel it."""

    async def shift(
        self, z_number: int
    ) -> tuple[tuple[ShiftOrder, ...], Anchor | None]:
        """Read the decided orders of a Z number by sequence, and the newest anchor."""

    async def fiscal_spans(self) -> dict[str, tuple[int, int]]:
        """Say which number this till began first at each TSE, and which last."""

    async def latest_recorded(self) -> OrderId | None:
        """Name the order whose advice was recorded last; it serves as a probe."""

    async def cache(self, wallets: Iterable[tuple[WalletSerial, CachedWallet]]) -> None:
        """Remember what the hub said of wallets; a power cut may lose it."""

    async def forget_wallets(self) -> None:
        """Drop every cached wallet."""


class CardTerminal(Protocol):
    """The card terminal, one payment at a time.

    A reference names a payment for good: the same one again takes nothing twice.
    Calls raise CardRefused when no money moved, TerminalDown when the terminal can't be
    used, and TerminalSilent where it may have moved money although no answer came.
    """

    async def charge(self, reference: str, amount: Money) -> CardReceipt:
        """Take an amount from the guest's card; returns when it is taken."""

    async def refund(
        self, reference: str, amount: Money, receipt: CardReceipt | None
    ) -> CardReceipt:
        """Give an amount back that was taken by this receipt."""

    async def find(self, reference: str) -> CardReceipt | None:
        """Look up what became of a charge or a refund; None: no money moved."""


class Printer(Protocol):
    """The receipt printer; prints one sheet after the other, and posts its lamp."""

    @property
    def language(self) -> SheetLanguage:
        """What its sheets are written in."""

    @property
    def zone(self) -> tzinfo:
        """Whose time its sheets tell."""

    async def print(self, sheet: Sheet) -> None:
        """Print and cut off a sheet; returns when it is done.

        Raises PrinterDown when nothing was printed, PrinterTorn when a part may be.
        """


class Hub(Protocol):
    """The way to the hub; what comes from there is posted as events."""

    def send(self, message: FromTill, *, expires_s: int | None = None) -> None:
        """Publish at once, or raise NotConnected; nothing is ever queued."""


class TillPort(Protocol):
    """The till as screens and scripted cashiers see it: intents in, views out."""

    @property
    def view(self) -> TillView:
        """The latest picture of the till."""

    def submit(self, intent: Intent, /) -> None:
        """Say what the cashier wants; returns at once."""

    def watch(self, callback: Callable[[TillView], None], /) -> Callable[[], None]:
        """Call back at each new view, from any thread; the result ends the watch."""

    def shown(self, order: UUID, /) -> None:
        """Report that the approval of this order was seen."""


class CatalogueSource(Protocol):
    """Where catalogue versions, and all wallets at once, are downloaded."""

    async def fetch(self, link: CatalogueLink) -> bytes:
        """Download a version's bytes; raises CatalogueUnavailable saying why."""

    async def wallets(self, path: str) -> WalletSnapshot:
        """Download the wallet snapshot; raises WalletsUnavailable saying why."""

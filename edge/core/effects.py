"""What a step wants done; the till performs it through its ports, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from contract.closing_sheet import ClosedShift
    from contract.ids import OrderId, WalletSerial
    from contract.messages import (
        CashierLogin,
        CashierLogout,
        CatalogueLink,
        Closing,
        OrderCheck,
        OrderQuery,
        OrderRequest,
        Rejected,
        TillConfig,
        TillDescribed,
        TseNotes,
        WristbandQuery,
    )
    from contract.money import Money
    from contract.order import CardReceipt
    from edge.core.events import Alarm
    from edge.core.records import CachedWallet, FiscalStart, Record

    Question = (
        OrderRequest
        | OrderCheck
        | OrderQuery
        | WristbandQuery
        | CashierLogin
        | Closing
        | TillDescribed
        | TseNotes
    )


@dataclass(frozen=True, slots=True)
class Commit:
    """Write these records durably, all or none, before anything that follows."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class CacheWallets:
    """Remember what the hub said of wallets; may be lost."""

    wallets: tuple[tuple[WalletSerial, CachedWallet], ...]


@dataclass(frozen=True, slots=True)
class ForgetWallets:
    """Drop every cached wallet: their ledger is gone."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Publish a question, to be dropped by the broker when its time has passed."""

    request: Question
    expires_s: int


@dataclass(frozen=True, slots=True)
class ChargeCard:
    """Let the card terminal take an amount; `reference` names it from then on."""

    order: OrderId
    reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundCard:
    """Let the card terminal give an amount back that it took by this receipt."""

    order: OrderId
    reference: str
    amount: Money
    receipt: CardReceipt | None


@dataclass(frozen=True, slots=True)
class FindCharge:
    """Ask the card terminal what became of a charge or a refund."""

    order: OrderId
    reference: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Look an order up in this till's journal."""

    order: OrderId


@dataclass(frozen=True, slots=True)
class SumUp:
    """Read the orders of a Z number from this till's journal."""

    z_number: int


@dataclass(frozen=True, slots=True)
class SetAlarm:
    """Post this alarm after some time."""

    alarm: Alarm
    after_ms: int


@dataclass(frozen=True, slots=True)
class OpenFiscal:
    """Bring the TSE into service; a person may have vouched for the clock."""

    clock_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class BeginFiscal:
    """Let the TSE begin this order's fiscal transaction, beside everything else."""

    order: OrderId


@dataclass(frozen=True, slots=True)
class FinishFiscal:
    """Let the TSE sign and close it."""

    order: OrderId
    start: FiscalStart
    process_data: str


@dataclass(frozen=True, slots=True)
class FindFiscal:
    """Let the TSE look for a signature it may have made unheard."""

    order: OrderId
    start: FiscalStart


@dataclass(frozen=True, slots=True)
class ArchiveTse:
    """Have the TSE's log at the hub, up to this number, when no basket is open."""

    serial: str
    last: int


@dataclass(frozen=True, slots=True)
class CloseStray:
    """Close a fiscal transaction that belongs to no order of this till.

    At no other TSE than that which began it, where it is known.
    """

    number: int
    tse_serial: str = ""


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand sealed advices to the courier."""

    orders: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """Tell the courier that the ledger holds these, in answer to which batch."""

    orders: tuple[OrderId, ...]
    regarding: UUID


@dataclass(frozen=True, slots=True)
class SayLogouts:
    """Let the courier say these log-outs, before any advice, until there are others."""

    logouts: tuple[CashierLogout, ...]


@dataclass(frozen=True, slots=True)
class DeliverNow:
    """Let the courier send at once what it holds: the hub is there again."""


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Let the courier ask the journal anew for all that is undelivered."""


@dataclass(frozen=True, slots=True)
class RefusedByHub:
    """Tell the courier that the hub refused a message which no order waits for."""

    rejected: Rejected


@dataclass(frozen=True, slots=True)
class Probe:
    """Let the courier send something the hub must answer."""


@dataclass(frozen=True, slots=True)
class FetchCatalogue:
    """Download a catalogue version."""

    link: CatalogueLink


@dataclass(frozen=True, slots=True)
class FetchWallets:
    """Download what the till may know of all wallets."""

    path: str


@dataclass(frozen=True, slots=True)
class PrintReceipt:
    """Print a sealed order's receipt, with the seller's name as configured."""

    order: OrderId
    config: TillConfig
    is_copy: bool


@dataclass(frozen=True, slots=True)
class PrintClosing:
    """Print a Z report."""

    shift: ClosedShift
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line to the log; `urgent` ones ask for a person."""

    text: str
    urgent: bool = False


Durable = Commit | CacheWallets | ForgetWallets | Redeliver

ForFiscal = BeginFiscal | FinishFiscal | FindFiscal | CloseStray

ForTerminal = ChargeCard | RefundCard | FindCharge

ForCourier = Deliver | Delivered | SayLogouts | DeliverNow | RefusedByHub | Probe

ForPress = PrintReceipt | PrintClosing

Immediate = (
    SendRequest
    | SetAlarm
    | FetchCatalogue
    | FetchWallets
    | OpenFiscal
    | ArchiveTse
    | Note
    | LookUp
    | SumUp
    | ForFiscal
    | ForTerminal
    | ForCourier
    | ForPress
)

Effect = Durable | Immediate

Effects = tuple[Effect, ...]


def gathered(effects: Effects) -> Effects:
    """Join all commits into the first place: one write to disk per step."""
    records = tuple(
        record
        for effect in effects
        if isinstance(effect, Commit)
        for record in effect.records
    )
    if not records:
        return effects
    others = (effect for effect in effects if not isinstance(effect, Commit))
    return (Commit(records), *others)

"""What the ledger is asked to book, and what it answers."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.advice import without_credential
from contract.ids import TillId
from contract.messages import AdviceFlag, DeclineReason
from contract.order import (
    Credit,
    Line,
    OrderKind,
    Outcome,
    Path,
    PaymentMethod,
    order_digest,
)
from hub.core.baskets import NOTHING_FOUND, Found
from hub.core.changes import (
    BandChange,
    ClosingWords,
    ShiftChange,
    band_changes,
    shift_change,
)
from hub.core.ledger import (
    Account,
    Posting,
    Role,
    Unit,
    order_entry,
    top_up_entry,
)
from hub.core.tickets import Admission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.messages import OrderAdvice
    from contract.order import Order
    from hub.core.ledger import Entry

LOSS_ACCOUNTS: Mapping[DeclineReason, Account] = {
    reason: Account(Role.STAND_IN_LOSS, reason.value)
    for reason in (
        DeclineReason.INSUFFICIENT_BALANCE,
        DeclineReason.UNKNOWN_WRISTBAND,
        DeclineReason.BLOCKED_WRISTBAND,
        DeclineReason.FORGED_WRISTBAND,
        DeclineReason.ALLOWANCE_USED_UP,
    )
}
"""Where goes what a wallet could not be charged for, by the reason why."""


class Step(enum.Enum):
    """Which word an item carries; the values are the database's."""

    REQUEST = "request"
    COMPLETED = "completed"
    ABORTED = "aborted"
    CLOSING = "closing"
    """No word about an order, but a till's Z report."""


class Fiscal(msgspec.Struct, frozen=True):
    """What identifies a signature: the TSE, its fiscal number and its counter."""

    tse_serial: str
    number: int
    counter: int


class Move(msgspec.Struct, frozen=True):
    """What the wallet of a wristband gains; negative amounts are paid."""

    serial: int
    minor: int
    vouchers: int = 0


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One word about one order, ready to be judged.

    `postings` are those on all accounts but wallets. `refusal`: for a request why it
    is declined whatever the balance says, for a completed order why its wallet can't
    be charged (the amount is then a loss). `lines` matter where lines are undone.
    `barred`: variants of wristbands that may not buy all of it; `is_capped`: whether
    what wallets gain counts against their limits; `excess_minor`: how far a till went
    beyond its allowance, which no wallet is charged for.
    """

    step: Step
    order: UUID
    attempt: int
    digest: bytes
    body: bytes
    till: TillId | None
    payer: int | None = None
    method: PaymentMethod | None = None
    moves: tuple[Move, ...] = ()
    postings: tuple[Posting, ...] = ()
    lines: tuple[Line, ...] = ()
    credits: tuple[Credit, ...] = ()
    bands: tuple[BandChange, ...] = ()
    shift: ShiftChange | None = None
    closing: ClosingWords | None = None
    z_number: int = 0
    sequence: int = 0
    stand_in: bool = False
    refusal: DeclineReason | None = None
    cancels: UUID | None = None
    flags: tuple[AdviceFlag, ...] = ()
    advice_digest: bytes | None = None
    fiscal: Fiscal | None = None
    barred: frozenset[int] = frozenset()
    is_capped: bool = False
    excess_minor: int = 0
    kind: OrderKind = OrderKind.SALE
    """What it does; a cancellation: what it undoes."""
    bill: str | None = None
    admission: Admission | None = None
    """Whom it lets in by which tickets."""
    presale: tuple[str, ...] = ()
    """Digests of the codes that guests come in by."""
    frees: tuple[str, ...] = ()
    """Cancellation: those of the codes that are free again."""
    own_only: bool = False
    """Cancellation: whether it may undo an order of its own till only."""
    is_forced: bool = False
    """Whether its money has moved already, so that no wallet can refuse it."""
    books: bool = True
    """Whether it has an entry when it completes; what was practiced has none."""


class ResultCode(enum.Enum):
    """What became of an item."""

    BOOKED = "booked"
    DECLINED = "declined"
    CONFLICT = "conflict"
    RECORDED = "recorded"


class Standing(msgspec.Struct, frozen=True):
    """How the wallet stands that a request was about, whatever was answered to it.

    `variant` says what its wristband may buy, `cap_room_minor` what it may still gain.
    """

    balance_minor: int
    vouchers: int
    variant: int
    cap_room_minor: int | None


class Result(msgspec.Struct, frozen=True):
    """The ledger's answer to an item; for a repeat it is the original one.

    Its standing is that of now.
    """

    code: ResultCode
    reason: DeclineReason | None
    balance_minor: int | None
    flags: tuple[AdviceFlag, ...]
    batch: int
    chain_head: bytes
    standing: Standing | None = None


CAPPED = frozenset({OrderKind.TOP_UP, OrderKind.TICKET})
"""What brings money in; giving back what was paid is never refused for a limit."""


def request_item(
    order: Order,
    body: bytes,
    refusal: DeclineReason | None,
    found: Found = NOTHING_FOUND,
) -> Item:
    """Make the item of an order that a till asks to book from a wallet.

    `refusal` is what `request_refusal` found; None says that the order adds up.
    `found`: what is known of its lines, which are then not looked into again.
    """
    moves: tuple[Move, ...] = ()
    postings: tuple[Posting, ...] = ()
    if order.attempt > 0 and refusal is None:
        moves, postings = _booked(order, found, adds_up=True)
    return Item(
        step=Step.REQUEST,
        order=order.id,
        attempt=order.attempt,
        digest=order_digest(body),
        body=body,
        till=order.till,
        payer=order.payment.wallet if order.payment else None,
        method=order.payment.method if order.payment else None,
        moves=moves,
        postings=postings,
        lines=order.lines,
        credits=order.credits,
        bands=band_changes(order) if order.wristband else (),
        shift=shift_change(order) if order.cash else None,
        z_number=order.z_number,
        sequence=order.sequence,
        refusal=refusal,
        cancels=order.cancels,
        barred=found.barred,
        is_capped=order.kind in CAPPED,
        kind=order.acts_as,
        bill=order.bill,
        admission=found.admission,
        presale=() if order.cancels else order.presale,
        frees=order.presale if order.cancels else (),
    )


def closing_item(
    till: TillId, closing: UUID, report: bytes, words: ClosingWords
) -> Item:
    """Make the item of a till's Z report, of which no order is missing."""
    return Item(
        step=Step.CLOSING,
        order=closing,
        attempt=0,
        digest=order_digest(report),
        body=report,
        till=till,
        closing=words,
        z_number=words.z_number,
    )


def advice_item(
    advice: OrderAdvice,
    order: Order,
    body: bytes,
    *,
    refusal: DeclineReason | None = None,
    flags: tuple[AdviceFlag, ...] = (),
    found: Found = NOTHING_FOUND,
) -> Item:
    """Make the item of an advice; `body` is the advice's own bytes.

    What is kept of them, digested and chained, says nothing of the wristband's UID.
    Of what was made for training it is known how it ended, and nothing is done.
    """
    if advice.credential is not None:
        body = without_credential(body)
    completed = advice.outcome is Outcome.COMPLETED
    moves: tuple[Move, ...] = ()
    postings: tuple[Posting, ...] = ()
    if completed:
        moves, postings = _booked(order, found)
    item = Item(
        step=Step.COMPLETED if completed else Step.ABORTED,
        order=order.id,
        attempt=order.attempt,
        digest=order_digest(advice.order),
        body=body,
        till=order.till,
        payer=order.payment.wallet if order.payment else None,
        method=order.payment.method if order.payment else None,
        moves=moves,
        postings=postings,
        lines=order.lines,
        credits=order.credits,
        bands=band_changes(order) if order.wristband else (),
        shift=shift_change(order) if order.cash else None,
        z_number=order.z_number,
        sequence=order.sequence,
        stand_in=advice.path is Path.STAND_IN,
        refusal=refusal,
        cancels=order.cancels,
        flags=flags,
        advice_digest=order_digest(body),
        fiscal=_fiscal(advice),
        barred=found.barred,
        kind=order.acts_as,
        bill=order.bill,
        admission=found.admission,
        presale=() if order.cancels else order.presale,
        frees=order.presale if order.cancels else (),
    )
    return _practiced(item) if order.training else item


def credit_item(payment: UUID, wallet: int, amount_minor: int, provider: str) -> Item:
    """Make the item of an online top-up; `payment` makes it book once only."""
    assert amount_minor > 0, "a top-up brings money"
    body = f"{provider}:{payment}:{wallet}:{amount_minor}".encode()
    entry = top_up_entry(wallet, amount_minor, provider)
    return Item(
        step=Step.REQUEST,
        order=payment,
        attempt=1,
        digest=order_digest(body),
        body=body,
        till=None,
        payer=wallet,
        moves=_moves(entry),
        postings=entry.elsewhere,
    )


def block_item(change: UUID, serial: int, *, blocked: bool) -> Item:
    """Make the item of the hub's own word that blocks a wristband, or frees it."""
    body = f"{change}:{serial}:{blocked}".encode()
    return Item(
        step=Step.REQUEST,
        order=change,
        attempt=1,
        digest=order_digest(body),
        body=body,
        till=None,
        payer=serial,
        bands=(BandChange(serial=serial, blocked=blocked),),
    )


def moves_of(order: Order) -> tuple[Move, ...]:
    """Say what an order moves on wallets."""
    return _moves(order_entry(order))


def _practiced(item: Item) -> Item:
    return msgspec.structs.replace(
        item,
        payer=None,
        method=None,
        moves=(),
        postings=(),
        lines=(),
        credits=(),
        bands=(),
        shift=None,
        stand_in=False,
        refusal=None,
        cancels=None,
        barred=frozenset(),
        bill=None,
        admission=None,
        presale=(),
        frees=(),
        books=False,
    )


def _booked(
    order: Order, found: Found, *, adds_up: bool | None = None
) -> tuple[tuple[Move, ...], tuple[Posting, ...]]:
    """Say what an order moves on wallets, and posts elsewhere."""
    payment = order.payment
    if found.postings is not None:
        assert payment is not None, "a sale was paid"
        assert payment.wallet is not None, "by a wallet"
        return (Move(payment.wallet, -order.total_minor),), found.postings
    entry = order_entry(order, adds_up=adds_up)
    return _moves(entry), entry.elsewhere


def _moves(entry: Entry) -> tuple[Move, ...]:
    money: dict[str, int] = {}
    vouchers: dict[str, int] = {}
    for posting in entry.postings:
        account = posting.account
        if account.role is Role.WALLET:
            kept = money if posting.unit is Unit.MONEY else vouchers
            kept[account.key] = kept.get(account.key, 0) + posting.amount_minor
    if not vouchers:
        return tuple([Move(int(key), minor) for key, minor in money.items()])
    return tuple(
        Move(int(key), money.get(key, 0), vouchers.get(key, 0))
        for key in {**money, **vouchers}
    )


def _fiscal(advice: OrderAdvice) -> Fiscal | None:
    signature = advice.signature
    if signature is None:
        return None
    return Fiscal(signature.tse_serial, signature.number, signature.counter)

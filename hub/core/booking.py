"""What the ledger books: items, their results, and how items form a batch."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import TillId
from contract.messages import AdviceFlag, DeclineReason
from contract.order import Outcome, Path, order_digest
from hub.core.ledger import Posting, order_entry, top_up_entry

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from contract.messages import OrderAdvice
    from contract.order import Order

BATCH_MAX = 1024


class Step(enum.Enum):
    """Which word about an order an item carries; the values are the database's."""

    REQUEST = "request"
    COMPLETED = "completed"
    ABORTED = "aborted"


class Fiscal(msgspec.Struct, frozen=True):
    """What identifies a signature: the TSE, its fiscal number and its counter."""

    tse_serial: str
    number: int
    counter: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One word about one order, ready to be booked.

    `refusal`: for a request why it is declined whatever the balance says, for a
    completed order why its wallet can't be charged (the amount is then a loss).
    """

    step: Step
    order: UUID
    attempt: int
    digest: bytes
    body: bytes
    till: TillId | None
    wallet: int | None = None
    wallet_minor: int = 0
    postings: tuple[Posting, ...] = ()
    stand_in: bool = False
    refusal: DeclineReason | None = None
    cancels: UUID | None = None
    flags: tuple[AdviceFlag, ...] = ()
    advice_digest: bytes | None = None
    fiscal: Fiscal | None = None

    @property
    def identity(self) -> Hashable:
        """What two deliveries of the same word have in common."""
        return (self.step, self.order, self.attempt, self.digest, self.advice_digest)

    @property
    def names(self) -> tuple[UUID, ...]:
        """The orders this item speaks of."""
        return (self.order,) if self.cancels is None else (self.order, self.cancels)


class ResultCode(enum.Enum):
    """What became of an item."""

    BOOKED = "booked"
    DECLINED = "declined"
    CONFLICT = "conflict"
    RECORDED = "recorded"


class Result(msgspec.Struct, frozen=True):
    """The ledger's answer to an item; for a repeat it is the original one."""

    code: ResultCode
    reason: DeclineReason | None
    balance_minor: int | None
    flags: tuple[AdviceFlag, ...]
    batch: int
    chain_head: bytes


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A batch and, per item looked at, its place in it (None: not in this batch)."""

    batch: tuple[Item, ...]
    places: tuple[int | None, ...]


def request_item(order: Order, body: bytes, refusal: DeclineReason | None) -> Item:
    """Make the item of an order that a till asks to book from a wallet.

    `refusal` is what `request_refusal` found; None says that the order adds up.
    """
    payable = order.payment is not None and refusal is None
    entry = order_entry(order, adds_up=True) if payable else None
    return Item(
        step=Step.REQUEST,
        order=order.id,
        attempt=order.attempt,
        digest=order_digest(body),
        body=body,
        till=order.till,
        wallet=order.payment.wallet if order.payment else None,
        wallet_minor=entry.wallet_minor if entry else 0,
        postings=entry.elsewhere if entry else (),
        refusal=refusal,
        cancels=order.cancels,
    )


def advice_item(
    advice: OrderAdvice,
    order: Order,
    body: bytes,
    *,
    refusal: DeclineReason | None = None,
    flags: tuple[AdviceFlag, ...] = (),
) -> Item:
    """Make the item of an advice; `body` is the advice's own bytes."""
    completed = advice.outcome is Outcome.COMPLETED
    entry = order_entry(order) if completed else None
    return Item(
        step=Step.COMPLETED if completed else Step.ABORTED,
        order=order.id,
        attempt=order.attempt,
        digest=order_digest(advice.order),
        body=body,
        till=order.till,
        wallet=order.payment.wallet if order.payment else None,
        wallet_minor=entry.wallet_minor if entry else 0,
        postings=entry.elsewhere if entry else (),
        stand_in=advice.path is Path.STAND_IN,
        refusal=refusal,
        cancels=order.cancels,
        flags=flags,
        advice_digest=order_digest(body),
        fiscal=_fiscal(advice),
    )


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
        wallet=wallet,
        wallet_minor=entry.wallet_minor,
        postings=entry.elsewhere,
    )


def arrange(items: Sequence[Item], limit: int = BATCH_MAX) -> Arrangement:
    """Pick the next batch: in arrival order, each order named once.

    A repeat of a picked item shares its place. Another word about an order already
    named waits for the next batch, and so does all that is said of it later.
    """
    batch: list[Item] = []
    places: list[int | None] = []
    picked: dict[Hashable, int] = {}
    named: set[UUID] = set()
    for item in items:
        place = picked.get(item.identity)
        if place is None and len(batch) < limit and named.isdisjoint(item.names):
            place = picked[item.identity] = len(batch)
            batch.append(item)
        places.append(place)
        named.update(item.names)
    return Arrangement(tuple(batch), tuple(places))


def _fiscal(advice: OrderAdvice) -> Fiscal | None:
    signature = advice.signature
    if signature is None:
        return None
    return Fiscal(signature.tse_serial, signature.number, signature.counter)

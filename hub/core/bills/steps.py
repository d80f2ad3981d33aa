"""What a bill has the ledger book: one step for each thing that happens to it.

A step is written down with what caused it, as the very bytes that the ledger keeps, and
is booked under an id of its own. From these bytes alone follows the entry: so it is
made once, by the booker, and again by `verify`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from contract.order import order_digest
from hub.core.bills.bill import LineKind, MovementKind
from hub.core.bills.postings import (
    Channel,
    fee_entry,
    payment_entry,
    return_entry,
    turn_entry,
)
from hub.core.booking import Item, Move
from hub.core.booking import Step as Word
from hub.core.ledger import Role

if TYPE_CHECKING:
    from uuid import UUID

    from hub.core.bills.bill import Bill, Movement, Standing
    from hub.core.ledger import Entry


class StepKind(enum.Enum):
    """What happened; the values are the database's."""

    PAYMENT = "payment"
    FEE = "fee"
    """Bank or provider kept something."""
    RETURN = "return"
    """Money went back to the payer, by refund or chargeback."""
    RELEASE = "release"
    """The bill is paid: what is due is passed on."""
    RETAKE = "retake"
    """Less is covered than was passed on: the difference is taken back."""


_TURNS = {StepKind.RELEASE: 1, StepKind.RETAKE: -1}
_WITHIN = _TURNS.keys()


class Share(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a bill is for whom; no names, for the ledger forgets nothing."""

    kind: LineKind
    amount_minor: int
    wallet: int | None = None


class BillStep(msgspec.Struct, frozen=True, kw_only=True, tag="bill"):
    """One thing that happened to a bill, as the ledger keeps it."""

    step: StepKind
    reference: str
    organizer: str
    lines: tuple[Share, ...]
    channel: Channel | None = None
    """Where the money lies; None where none moved in or out."""
    principal_minor: int = 0
    surcharge_minor: int = 0
    fee_minor: int = 0
    """What was kept; below zero what was given back of it."""
    before_minor: int = 0
    """How much is passed on before a release or retake."""
    after_minor: int = 0
    """How much is passed on after it."""

    def __post_init__(self) -> None:
        amounts = [each.amount_minor for each in self.lines]
        moved = (self.principal_minor, self.surcharge_minor)
        if sum(amounts) <= 0 or min(*amounts, *moved) < 0:
            raise ValueError("A bill collects something, and no amount is negative.")
        if self.fee_minor and self.step is not StepKind.FEE:
            raise ValueError("A fee is a step of its own.")
        if any(
            (each.kind is LineKind.TOP_UP) is not (each.wallet is not None)
            for each in self.lines
        ):
            raise ValueError("A top-up, and nothing else, names its wallet.")
        if (self.channel is None) is not (self.step in _WITHIN):
            raise ValueError("Money that moved in or out lies somewhere.")
        turns = (self.after_minor > self.before_minor) - (
            self.after_minor < self.before_minor
        )
        passed = (self.before_minor, self.after_minor)
        if turns != _TURNS.get(self.step, 0) or not (
            0 <= min(passed) <= max(passed) <= sum(amounts)
        ):
            raise ValueError("No more is passed on than is due, and none taken twice.")


def moved_step(
    bill: Bill,
    organizer: str,
    channel: Channel,
    movement: Movement,
    surcharge_minor: int = 0,
) -> BillStep:
    """Have money booked that moved between payer and bill."""
    is_payment = movement.kind is MovementKind.PAYMENT
    return BillStep(
        step=StepKind.PAYMENT if is_payment else StepKind.RETURN,
        reference=bill.reference,
        organizer=organizer,
        lines=_shares(bill),
        channel=channel,
        principal_minor=movement.principal_minor,
        surcharge_minor=surcharge_minor,
    )


def fee_step(bill: Bill, organizer: str, channel: Channel, fee_minor: int) -> BillStep:
    """Have booked what bank or provider kept, or below zero gave back of that."""
    return BillStep(
        step=StepKind.FEE,
        reference=bill.reference,
        organizer=organizer,
        lines=_shares(bill),
        channel=channel,
        fee_minor=fee_minor,
    )


def passed_on(before_minor: int, *, due_minor: int, kept_minor: int) -> int:
    """Say how much is passed on of a bill, of which so much was before.

    All of it as soon as the bill is paid. Of what goes back later only as much is taken
    back as is covered no longer; what comes then waits until the bill is paid again.
    Nothing is due on a canceled bill: what comes in late is given back.
    """
    if kept_minor >= due_minor:
        return due_minor
    return min(before_minor, max(0, kept_minor))


def turn_of(
    bill: Bill, organizer: str, at: Standing, *, passed_minor: int
) -> BillStep | None:
    """Say what must now be passed on, or taken back; None if nothing."""
    wanted = passed_on(
        passed_minor, due_minor=bill.total_minor, kept_minor=at.kept_minor
    )
    if wanted == passed_minor:
        return None
    return BillStep(
        step=StepKind.RELEASE if wanted > passed_minor else StepKind.RETAKE,
        reference=bill.reference,
        organizer=organizer,
        lines=_shares(bill),
        before_minor=passed_minor,
        after_minor=wanted,
    )


def passed_after(step: BillStep) -> int | None:
    """Say how much is passed on after a release or retake; None of other steps."""
    return step.after_minor if step.step in _TURNS else None


def entry_of(step: BillStep) -> Entry:
    """Make the balanced entry of a step."""
    organizer, channel = step.organizer, step.channel
    match step.step:
        case StepKind.RELEASE | StepKind.RETAKE:
            return turn_entry(step, organizer, step.before_minor, step.after_minor)
    assert channel is not None, "checked when it was made"
    match step.step:
        case StepKind.PAYMENT:
            paid = (step.principal_minor, step.surcharge_minor)
            return payment_entry(step, channel, *paid, organizer)
        case StepKind.RETURN:
            gone = (step.principal_minor, step.surcharge_minor)
            return return_entry(step, channel, *gone, organizer)
        case StepKind.FEE:
            return fee_entry(step, channel, step.fee_minor, organizer)


def earned(step: BillStep) -> int:
    """Say what a step puts on the organizer's account, or takes from it."""
    return sum(
        posting.amount_minor
        for posting in entry_of(step).postings
        if posting.account.role is Role.ORGANIZER_PAYABLE
    )


def amount_of(step: BillStep) -> int:
    """Say how much money a step is about; below zero if a fee was given back."""
    match step.step:
        case StepKind.RELEASE | StepKind.RETAKE:
            return abs(step.after_minor - step.before_minor)
        case StepKind.FEE:
            return step.fee_minor
    return step.principal_minor + step.surcharge_minor


def encode_step(step: BillStep) -> bytes:
    """Write a step as the ledger keeps it."""
    return _ENCODER.encode(step)


def decode_step(body: bytes) -> BillStep | None:
    """Read a step; None if it is none."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def step_item(order: UUID, body: bytes) -> Item:
    """Make the item of a step, which is never refused: its money has moved.

    A wallet is credited above its limits and by a wristband that was swapped since,
    and charged even if it then holds less than nothing.
    """
    step = decode_step(body)
    assert step is not None, "we wrote it ourselves"
    entry = entry_of(step)
    return Item(
        step=Word.REQUEST,
        order=order,
        attempt=1,
        digest=order_digest(body),
        body=body,
        till=None,
        moves=tuple(
            Move(int(each.account.key), each.amount_minor)
            for each in entry.postings
            if each.account.role is Role.WALLET
        ),
        postings=entry.elsewhere,
        is_forced=True,
    )


def _shares(bill: Bill) -> tuple[Share, ...]:
    return tuple(
        Share(each.kind, each.amount_minor, each.wallet) for each in bill.lines
    )


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(BillStep)

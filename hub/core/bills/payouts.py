"""Payouts through the bank as the ledger keeps them: what organizers are sent.

As with the steps of a bill, the entry follows from the bytes that are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.order import order_digest
from hub.core.bills.postings import Channel
from hub.core.booking import Item, Step
from hub.core.ledger import Account, Entry, Posting, Role

if TYPE_CHECKING:
    from uuid import UUID


class SettlementPaid(msgspec.Struct, frozen=True, kw_only=True, tag="settlement"):
    """A settlement's payout has left for the organizer's account."""

    organizer: str
    number: int
    channel: Channel
    payout_minor: int


def settlement_entry(paid: SettlementPaid) -> Entry:
    """Make the balanced entry: the organizer is owed less, the bank holds less."""
    organizer = Account(Role.ORGANIZER_PAYABLE, paid.organizer)
    return Entry(
        (
            Posting(organizer, -paid.payout_minor),
            Posting(paid.channel.account, paid.payout_minor),
        )
    )


def encode_paid(paid: SettlementPaid) -> bytes:
    """Write a payout as the ledger keeps it."""
    return _ENCODER.encode(paid)


def decode_paid(body: bytes) -> SettlementPaid | None:
    """Read a payout; None if it is none."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def paid_item(order: UUID, body: bytes) -> Item:
    """Make the item of a payout, booked once under its id however often handed in."""
    paid = decode_paid(body)
    assert paid is not None, "we wrote it ourselves"
    return Item(
        step=Step.REQUEST,
        order=order,
        attempt=1,
        digest=order_digest(body),
        body=body,
        till=None,
        postings=settlement_entry(paid).postings,
    )


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(SettlementPaid)

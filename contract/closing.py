"""The closing of a till's shift (Z report): what it sums up, and the bytes it signs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from contract.acts import OrderKind, PaymentMethod
from contract.fields import Amount, Count, Digest, StaffId, Utc, hold_times
from contract.ids import EventIdField, TillIdField
from contract.lines import TaxSum
from contract.money import Currency
from contract.wallets import Anchor

if TYPE_CHECKING:
    from collections.abc import Iterable

PROCESS_TYPE = "SonstigerVorgang"  # DSFinV-K: free text; a closing sells nothing


class ClosingTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What completed orders of one kind, paid one way, add up to."""

    kind: OrderKind
    method: PaymentMethod | None
    orders: Count
    total_minor: Amount


class SequenceSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of a till from one sequence number to another, both included."""

    first: Count
    last: Count


class ClosingReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A closed Z number of a till: every sequence number in it, aborted ones too.

    `digest` is `orders_digest` of its orders. The counters are the TSE's signature
    counters of its first and last signature; `anchor` is the newest the till knows.
    """

    event: EventIdField
    till: TillIdField
    z_number: Count
    currency: Currency
    opened_at: Utc
    closed_at: Utc
    span: SequenceSpan
    completed: Count
    aborted: Count
    """Without what was made for training, which is in no total either."""
    totals: tuple[ClosingTotal, ...]
    taxes: tuple[TaxSum, ...]
    digest: Digest
    cashier: StaffId = ""
    tse_serial: Annotated[str, msgspec.Meta(max_length=64)] = ""
    counters: SequenceSpan | None = None
    anchor: Anchor | None = None
    trained: Count = 0
    """What was made for training, completed or not."""

    def __post_init__(self) -> None:
        hold_times(self, "opened_at", "closed_at")


def encode_closing(report: ClosingReport) -> bytes:
    """Write a closing's one and only bytes: journaled, signed, sent as they are."""
    return msgspec.json.encode(report)


def decode_closing(data: bytes | msgspec.Raw) -> ClosingReport:
    """Read a closing; raises msgspec.DecodeError naming the field that is wrong."""
    try:
        return msgspec.json.decode(data, type=ClosingReport)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None


def orders_digest(digests: Iterable[bytes]) -> str:
    """Digest a closing's orders: their advices' order digests, by sequence number."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def closing_process_data(data: bytes | msgspec.Raw) -> str:
    """Write what the TSE signs when a shift closes: the report's SHA-256."""
    return f"Closing {hashlib.sha256(bytes(data)).hexdigest()}"

"""What tills may know of wallets: numbered changes, and all of them at once.

A till that starts, or finds a number missing, fetches the snapshot from the edge
listener, then applies the changes above its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.fields import Amount, Count, Digest, Serial, Variant
from contract.ids import EventIdField

if TYPE_CHECKING:
    from collections.abc import Iterator


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger answered, and how far it had come (hash chain head in hex)."""

    incarnation: UUID
    batch: Count
    chain_head: Digest


class WalletChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a till may know of a wallet: no more than it could stand in for.

    `swapped`: another wristband has taken the wallet over; this one counts as blocked.
    """

    wallet: Serial
    available_minor: Amount
    blocked: bool = False
    vouchers: Count = 0
    variant: Variant = 0
    swapped: bool = False


class WalletRow(msgspec.Struct, frozen=True, array_like=True):
    """A wallet in a snapshot: `[serial, available, vouchers, variant, state]`.

    `state`: 0 good, 1 blocked, 2 swapped.
    """

    wallet: Serial
    available_minor: Amount
    vouchers: Count = 0
    variant: Variant = 0
    state: Count = 0


class WalletSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All wallets of an event as of one number; some 25 bytes of JSON per wallet."""

    event: EventIdField
    number: Count
    anchor: Anchor
    wallets: tuple[WalletRow, ...]

    def changes(self) -> Iterator[WalletChange]:
        """Tell the same as changes do, wallet by wallet."""
        for row in self.wallets:
            yield WalletChange(
                wallet=row.wallet,
                available_minor=row.available_minor,
                blocked=row.state != _GOOD,
                vouchers=row.vouchers,
                variant=row.variant,
                swapped=row.state == _SWAPPED,
            )


_GOOD, _BLOCKED, _SWAPPED = range(3)


def row_of(change: WalletChange) -> WalletRow:
    """Write a change as a snapshot's row."""
    state = _BLOCKED if change.blocked else _GOOD
    return WalletRow(
        change.wallet,
        change.available_minor,
        change.vouchers,
        change.variant,
        _SWAPPED if change.swapped else state,
    )


def encode_snapshot(snapshot: WalletSnapshot) -> bytes:
    """Write a snapshot as the bytes that tills download."""
    return msgspec.json.encode(snapshot)


def decode_snapshot(data: bytes) -> WalletSnapshot:
    """Read a snapshot; raises msgspec.DecodeError when it breaks a rule."""
    try:
        return msgspec.json.decode(data, type=WalletSnapshot)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec's, undocumented
        raise msgspec.DecodeError(str(error)) from None

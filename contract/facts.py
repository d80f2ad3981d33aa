"""What people are told: of a decline, a wristband, a till's lamps."""

from __future__ import annotations

import enum
from uuid import UUID

import msgspec

from contract.acts import OrderKind
from contract.fields import Amount, Count, Text, Utc, Variant, hold_times
from contract.ids import TillIdField
from contract.money import Money


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the cashier should know, and what the till needs to price the order anew.

    `variant` is the wristband's, and `restricted` the products it may not buy of those
    in the order; `cap_room` what could still be topped up, `due` what a bill asks for,
    `suggested` the amount next to the one asked for that would be taken. `in_register`
    is what the ledger has in the cash register that is counted at a close-out.
    """

    balance: Money | None = None
    vouchers: Count | None = None
    variant: Variant | None = None
    restricted: tuple[int, ...] = ()
    cap_room: Money | None = None
    due: Money | None = None
    suggested: Money | None = None
    in_register: Money | None = None


class PastOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a wristband's history; `amount_minor` is what its wallet gained."""

    order: UUID
    kind: OrderKind
    till: TillIdField
    at: Utc
    amount_minor: Amount
    vouchers: int = 0
    canceled: bool = False

    def __post_init__(self) -> None:
        hold_times(self, "at")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote of a wristband, under the random key that an order names.

    It lies beside the chained bytes of orders and advices, never in them: erasing it
    leaves the chain as it is, and a key that leads nowhere.
    """

    key: UUID
    text: Text


class LampState(enum.Enum):
    """How one thing the till depends on is doing."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


class Lamp(msgspec.Struct, frozen=True, kw_only=True):
    """One lamp of the status row with its cause in plain words."""

    state: LampState
    text: Text = ""

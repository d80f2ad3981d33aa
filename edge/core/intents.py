"""What a cashier can want, whoever asks: a screen, a key or a scripted cashier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from contract.fields import Serial
    from edge.core.acts import Act

# --- the basket ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """Put one more of a product into the basket (opens an order if none is open).

    `price_minor` is what the cashier entered for a product with a free price.
    """

    product: int
    price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PressButton:
    """Put all products of a button into the basket."""

    button: int
    price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """Take a deposit back: one less of it, down to negative quantities."""

    product: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Take one of a product out of the basket."""

    product: int


@dataclass(frozen=True, slots=True)
class LimitVouchers:
    """Use at most so many of the guest's vouchers; None: as many as save."""

    vouchers_max: int | None


# --- other orders --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """Open an order that is no sale; the till fills in who grants and what it knows."""

    act: Act


@dataclass(frozen=True, slots=True)
class AddWristband:
    """Wait for one more wristband of a group."""


@dataclass(frozen=True, slots=True)
class ScanTicket:
    """Take a ticket bought beforehand, whose code was scanned or typed, or leave it."""

    code: str

    def __repr__(self) -> str:  # it lets somebody in: not for a log
        return "ScanTicket()"


@dataclass(frozen=True, slots=True)
class Submit:
    """Ask the hub for an order that nobody pays, once more after a decline."""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Undo an order, whole or by line (numbers from 1), whoever made it.

    Only one's own orders can be undone while the hub is silent. By line of an order
    for several wristbands, `guest` says whose part it is, and `code` the digest of the
    presale code that is free again, if there were several.
    """

    order: UUID
    lines: tuple[int, ...] | None = None
    guest: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class GiveUpCancellation:
    """End a cancellation that waits and gave nothing back; what it undid stands."""

    order: UUID


# --- paying --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AbortOrder:
    """Give the open order up; its fiscal transaction ends as AVBelegabbruch."""


@dataclass(frozen=True, slots=True)
class PayByWristband:
    """Ask the guest to present a wristband."""


@dataclass(frozen=True, slots=True)
class PayByCash:
    """Take the total in cash; completes a sale, other orders ask the hub first."""


@dataclass(frozen=True, slots=True)
class PayByCard:
    """Let the card terminal take the total."""


@dataclass(frozen=True, slots=True)
class MoneyTaken:
    """The guest has given the cash that the till asked for; completes the order."""


@dataclass(frozen=True, slots=True)
class BackToBasket:
    """Return from 'present wristband' or from a decline to the basket."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Leave the result of the last order behind."""


@dataclass(frozen=True, slots=True)
class AnswerHandedOut:
    """Answer the question after a restart: were the goods handed out?"""

    handed_out: bool


# --- staff and shifts ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogIn:
    """Wait for a staff wristband; the PIN counts where its owner has one."""

    role: str | None = None
    pin: str = ""

    def __repr__(self) -> str:  # no PIN in a log
        return f"LogIn(role={self.role!r})"


@dataclass(frozen=True, slots=True)
class LogOut:
    """Let the cashier leave the till."""


@dataclass(frozen=True, slots=True)
class AskWristband:
    """Tell what is known of a wristband: the one named, or the next one presented."""

    wristband: Serial | None = None


@dataclass(frozen=True, slots=True)
class CloseTill:
    """End this Z number: sum it up, sign it, send it; the next order has the next."""


@dataclass(frozen=True, slots=True)
class SwitchTraining:
    """Practice from now on, or sell for real again; needs an empty basket."""

    on: bool


@dataclass(frozen=True, slots=True)
class RestartTse:
    """Bring the TSE into service anew, as its lamp asks for; possible at any time."""


@dataclass(frozen=True, slots=True)
class ConfirmClock:
    """Vouch for the till's clock, which nothing else does: its TSE may be used then."""


@dataclass(frozen=True, slots=True)
class PrintReceipt:
    """Print an order's receipt, or a copy of it; the newest one's if None is named."""

    order: UUID | None = None


@dataclass(frozen=True, slots=True)
class PrintClosing:
    """Print the last Z report again."""


BasketIntent = Pick | PressButton | Return | Remove | LimitVouchers
PayIntent = (
    PayByWristband
    | PayByCash
    | PayByCard
    | MoneyTaken
    | Submit
    | AddWristband
    | ScanTicket
)
LeaveIntent = AbortOrder | BackToBasket | Dismiss | AnswerHandedOut
IdleIntent = (
    Begin
    | CancelOrder
    | GiveUpCancellation
    | CloseTill
    | LogIn
    | LogOut
    | AskWristband
    | SwitchTraining
)
"""Needs an empty counter."""

CounterIntent = BasketIntent | PayIntent | LeaveIntent | IdleIntent

AnytimeIntent = RestartTse | ConfirmClock | PrintReceipt | PrintClosing
"""What leaves the counter as it is."""

Intent = CounterIntent | AnytimeIntent

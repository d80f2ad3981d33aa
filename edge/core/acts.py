"""What an order can be about beside selling: one class per sort of business.

Each is a frozen draft that gathers what it still needs, wristbands above all, and then
says which parts its order has. `wants_wristband` is asked before anything is paid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from contract.attempt import WALLETS_MAX
from contract.money import Money, total
from contract.order import (
    CashMove,
    CashPlace,
    Credit,
    LineRole,
    OrderKind,
    PaymentMethod,
    PlaceRole,
    WristbandChange,
    discount_lines,
    make_line,
    plain_line,
    rounding_lines,
)
from edge.core.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.catalogue import Catalogue, Ticket
    from contract.ids import WalletSerial
    from contract.messages import Note
    from contract.money import Currency
    from contract.order import Line, Payment
    from contract.stocking import Stocking
    from edge.core.wristband import Wristband


@dataclass(frozen=True, slots=True)
class _OneWallet:
    """Money that goes onto one wristband, or leaves it, as the sign says."""

    amount_minor: int
    wallet: WalletSerial | None = None
    kind: ClassVar[OrderKind]
    sign: ClassVar[int]
    name: ClassVar[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to book."""
        return self.amount_minor <= 0

    @property
    def wants_wristband(self) -> bool:
        """Whether the wristband is still to be presented."""
        return self.wallet is None

    def naming(self, wristband: Wristband) -> Self:
        """Take the wristband that gains or gives."""
        return replace(self, wallet=wristband.serial)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the order says before it is rounded for cash."""
        minor = self.sign * self.amount_minor
        return (plain_line(LineRole.CREDIT, minor, self.name),)

    def parts(
        self, payment: Payment | None, currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down as it is paid, or paid out."""
        credits_ = _credits(self.wallet, self.sign * self.amount_minor)
        return Parts(_rounded(self.lines, payment, currency), credits_)


@dataclass(frozen=True, slots=True)
class TopUp(_OneWallet):
    """Money that goes onto a wristband."""

    kind: ClassVar[OrderKind] = OrderKind.TOP_UP
    sign: ClassVar[int] = 1
    name: ClassVar[str] = "Top-up"


@dataclass(frozen=True, slots=True)
class Payout(_OneWallet):
    """Money that leaves a wristband in cash."""

    kind: ClassVar[OrderKind] = OrderKind.PAYOUT
    sign: ClassVar[int] = -1
    name: ClassVar[str] = "Payout"


@dataclass(frozen=True, slots=True)
class Entry:
    """A wristband of a ticket sale with the ticket its variant gets."""

    wallet: WalletSerial
    ticket: Ticket
    presale: str = ""
    """The digest of the code by which it was bought beforehand."""


@dataclass(frozen=True, slots=True)
class TicketSale:
    """Entry for one guest or a group; `top_up_minor` goes onto each beside the ticket.

    A free one is a gift of `granted_by`: its price is discounted whole. So is that of
    one bought beforehand, which a code says.
    """

    catalogue: Catalogue
    top_up_minor: int = 0
    free: bool = False
    granted_by: str = ""
    entries: tuple[Entry, ...] = ()
    kind: ClassVar[OrderKind] = OrderKind.TICKET

    @property
    def is_empty(self) -> bool:
        """Whether nobody has presented a wristband yet."""
        return not self.entries

    @property
    def wants_wristband(self) -> bool:
        """Whether a first wristband is still to be presented; more may follow."""
        return not self.entries

    def naming(self, wristband: Wristband) -> TicketSale | None:
        """Add a guest; None when there is no ticket or no room for one more."""
        ticket = self.catalogue.ticket_for(wristband.variant)
        if ticket is None or len(self.entries) >= WALLETS_MAX:
            return None
        if any(each.wallet == wristband.serial for each in self.entries):
            return self
        entry = Entry(wristband.serial, ticket)
        return replace(self, entries=(*self.entries, entry))

    def with_code(self, digest: str) -> TicketSale | None:
        """Take a code for the latest wristband that has none, or off the one it is on.

        None where there is no such wristband, or the tickets are free anyway.
        """
        for place in range(len(self.entries))[::-1]:
            if self.entries[place].presale == digest:
                return self._with_entry(place, "")
        for place in range(len(self.entries))[::-1]:
            if not self.entries[place].presale and not self.free:
                return self._with_entry(place, digest)
        return None

    @property
    def lines(self) -> tuple[Line, ...]:
        """The tickets, what comes with them, and what is taken off their prices."""
        lines = self._tickets(self.entries)
        bought = self._tickets([each for each in self.entries if each.presale])
        if self.free:
            lines += discount_lines(lines, "Free entry")
        elif bought:
            lines += discount_lines(bought, "Presale")
        credited = sum(self._top_up(each) for each in self.entries)
        if credited:
            lines += (plain_line(LineRole.CREDIT, credited, "Top-up"),)
        return lines

    def parts(
        self, payment: Payment | None, currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down as it is paid."""
        credits_ = tuple(
            Credit(
                wallet=each.wallet,
                amount_minor=self._top_up(each),
                vouchers=each.ticket.vouchers,
            )
            for each in self.entries
        )
        lines = _rounded(self.lines, payment, currency)
        codes = tuple(each.presale for each in self.entries if each.presale)
        return Parts(lines, credits_, granted_by=self.granted_by, presale=codes)

    def _tickets(self, entries: Iterable[Entry]) -> tuple[Line, ...]:
        counts: dict[int, int] = {}
        for each in entries:
            counts[each.ticket.product] = counts.get(each.ticket.product, 0) + 1
        products = {each.id: each for each in self.catalogue.products}
        return tuple(
            make_line(products[number], counts[number]) for number in sorted(counts)
        )

    def _with_entry(self, place: int, digest: str) -> TicketSale:
        entries = list(self.entries)
        entries[place] = replace(entries[place], presale=digest)
        return replace(self, entries=tuple(entries))

    def _top_up(self, entry: Entry) -> int:
        return entry.ticket.top_up_minor + self.top_up_minor


@dataclass(frozen=True, slots=True)
class VoucherGrant:
    """Vouchers given to a wristband."""

    vouchers: int
    granted_by: str = ""
    wallet: WalletSerial | None = None
    kind: ClassVar[OrderKind] = OrderKind.GRANT
    lines: ClassVar[tuple[Line, ...]] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to book."""
        return self.vouchers <= 0

    @property
    def wants_wristband(self) -> bool:
        """Whether the wristband is still to be presented."""
        return self.wallet is None

    def naming(self, wristband: Wristband) -> VoucherGrant:
        """Take the wristband that gains."""
        return replace(self, wallet=wristband.serial)

    def parts(
        self, _payment: Payment | None, _currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down; nobody pays for it."""
        credits_ = _credits(self.wallet, 0, self.vouchers)
        return Parts(credits=credits_, granted_by=self.granted_by)


@dataclass(frozen=True, slots=True)
class BillPayment:
    """A bill paid at the till; the hub says what is due when the amount differs."""

    reference: str
    amount_minor: int = 0
    kind: ClassVar[OrderKind] = OrderKind.BILL_PAYMENT
    is_empty: ClassVar[bool] = False
    wants_wristband: ClassVar[bool] = False

    def naming(self, _wristband: Wristband) -> None:
        """Refuse: a bill has no wristband."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the order says before it is rounded for cash."""
        return (plain_line(LineRole.BILL, self.amount_minor, "Bill"),)

    def parts(
        self, payment: Payment | None, currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down as it is paid."""
        return Parts(_rounded(self.lines, payment, currency), bill=self.reference)


@dataclass(frozen=True, slots=True)
class WristbandAct:
    """A wristband is registered, swapped, blocked or annotated.

    `wristband` is named beforehand where it is lost; `successor` is the one presented
    in a swap. `comment` travels beside the order as a note.
    """

    kind: OrderKind
    wristband: WalletSerial | None = None
    successor: WalletSerial | None = None
    blocked: bool | None = None
    variant: int | None = None
    comment: Note | None = None
    lines: ClassVar[tuple[Line, ...]] = ()
    is_empty: ClassVar[bool] = False

    @property
    def wants_wristband(self) -> bool:
        """Whether a wristband is still to be presented."""
        if self.kind is OrderKind.SWAP:
            return self.successor is None
        return self.wristband is None

    def naming(self, wristband: Wristband) -> WristbandAct | None:
        """Take the wristband presented; None for a swap with itself."""
        if self.kind is not OrderKind.SWAP:
            return replace(self, wristband=wristband.serial)
        if self.wristband in {None, wristband.serial}:
            return None
        return replace(self, successor=wristband.serial)

    def parts(
        self, _payment: Payment | None, _currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down; nobody pays for it."""
        if self.wristband is None:
            return Parts()
        change = WristbandChange(
            wristband=self.wristband,
            successor=self.successor,
            blocked=self.blocked,
            variant=self.variant,
            note=self.comment.key if self.comment else None,
        )
        return Parts(wristband=change)


@dataclass(frozen=True, slots=True)
class CashAct:
    """Cash is handed out, moved or counted; `register` is this till's, which it says.

    A close-out needs the count only: the till knows what it expects.
    """

    kind: OrderKind
    move: CashMove
    register: str = ""
    is_empty: ClassVar[bool] = False
    wants_wristband: ClassVar[bool] = False

    @classmethod
    def of_stocking(
        cls, stocking: Stocking, *, source: CashPlace, register: str, holder: str
    ) -> CashAct:
        """Hand a register out to a cashier with the rolls and notes of a template."""
        move = CashMove(
            source=source,
            target=CashPlace(role=PlaceRole.REGISTER, key=register),
            amount_minor=stocking.total_minor,
            holder=holder,
            stocking=stocking,
        )
        return cls(OrderKind.SHIFT_START, move)

    def naming(self, _wristband: Wristband) -> None:
        """Refuse: cash has no wristband."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """What enters or leaves this till's register, and what a count found."""
        ours = CashPlace(role=PlaceRole.REGISTER, key=self.register)
        sign = (self.move.target == ours) - (self.move.source == ours)
        amounts = (
            (LineRole.TRANSIT, self.move.amount_minor * sign, "Cash moved"),
            (LineRole.DIFFERENCE, self.move.difference_minor, "Difference"),
        )
        return tuple(
            plain_line(role, minor, name) for role, minor, name in amounts if minor
        )

    def parts(
        self, _payment: Payment | None, _currency: Currency, _vouchers: int = 0
    ) -> Parts:
        """Write it down."""
        return Parts(self.lines, cash=self.move)


Act = TopUp | Payout | TicketSale | VoucherGrant | BillPayment | WristbandAct | CashAct


def total_of(lines: tuple[Line, ...], currency: Currency) -> Money:
    """Add lines up."""
    return total((Money(each.total_minor, currency) for each in lines), currency)


def _credits(
    wallet: WalletSerial | None, amount_minor: int, vouchers: int = 0
) -> tuple[Credit, ...]:
    if wallet is None:
        return ()
    return (Credit(wallet=wallet, amount_minor=amount_minor, vouchers=vouchers),)


def _rounded(
    lines: tuple[Line, ...], payment: Payment | None, currency: Currency
) -> tuple[Line, ...]:
    if payment is None or payment.method is not PaymentMethod.CASH:
        return lines
    return lines + rounding_lines(total_of(lines, currency))

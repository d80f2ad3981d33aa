"""What the ledger's one writer keeps in mind: wallets, wristbands and recent orders.

Whatever is not here is in the database, and is loaded before it is needed; what is
here was committed, or is in a batch on its way there. All of it can be forgotten at
any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from contract.order import OrderKind
from hub.core.booking import LOSS_ACCOUNTS, Step
from hub.core.ledger import Account, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from contract.messages import AdviceFlag, DeclineReason
    from contract.order import Credit, Line, PaymentMethod
    from hub.core.booking import Item, Move
    from hub.core.changes import ShiftChange

ORDERS_KEPT = 20_000

Amounts: TypeAlias = "tuple[tuple[int, str, int], ...]"
"""Account, unit and amount of each posting."""


Changed: TypeAlias = "tuple[tuple[int, Band, Band], ...]"
"""Wristbands that were changed: serial, how each stood before, and after."""


@dataclass(slots=True)
class Wallet:
    """A wallet's holdings; what exceeds a limit is told apart, and only ever forced."""

    number: int
    balance: int = 0
    overdraft: int = 0
    vouchers: int = 0
    cap: int | None = None
    excess: int = 0
    used: bool = False
    """Whether anything was ever posted on it."""


@dataclass(slots=True)
class GuestsMoney:
    """What all wallets hold together, and how much of it is beyond the limit."""

    held: int = 0
    cap: int | None = None
    excess: int = 0


@dataclass(slots=True)
class Band:
    """A wristband: the wallet it opens, and whether it still does."""

    wallet: int
    blocked: bool = False
    registered: bool = False
    restriction: int | None = None
    successor: int | None = None
    note: UUID | None = None
    variant: int = 0
    """As its token says; a restriction laid upon it since goes before."""

    @property
    def bound_as(self) -> int:
        """The variant that says what it may buy."""
        return self.variant if self.restriction is None else self.restriction


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was answered to an attempt, once and for all."""

    digest: bytes
    reason: DeclineReason | None
    balance: int | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a booking really moved on a wallet."""

    wallet: int
    minor: int
    vouchers: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """The one booking of an order that is not reversed."""

    entry: int
    attempt: int
    postings: Amounts
    charges: tuple[Charge, ...] = ()
    cancels: UUID | None = None
    bands: Changed = ()
    presale: tuple[str, ...] = ()
    """Codes that it took; of a cancellation: that it freed."""


@dataclass(frozen=True, slots=True)
class Presale:
    """A ticket bought beforehand, and the order by which its guest came in."""

    product: int
    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What is known of a Z number that was closed."""

    digest: bytes
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How an order ended, in its till's words."""

    step: Step
    attempt: int
    digest: bytes
    advice_digest: bytes
    flags: tuple[AdviceFlag, ...]
    payer: int | None
    lines: tuple[Line, ...] = ()
    moves: tuple[Move, ...] = ()
    till: str | None = None
    kind: OrderKind = OrderKind.SALE
    bill: str | None = None
    method: PaymentMethod | None = None
    credits: tuple[Credit, ...] = ()


@dataclass(slots=True)
class OrderState:
    """All that was said of an order so far."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    live: Live | None = None
    end: End | None = None
    undone: dict[UUID, Undone] = field(default_factory=dict)
    """What live cancellations took back of it, by their order."""
    contradictions: set[bytes] = field(default_factory=set)
    """Digests of the advices that said otherwise than the first one."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What one cancellation gave wallets back, and which quantities by line number."""

    minor: int
    vouchers: int
    quantities: Mapping[int, int] | None
    """None: the whole order."""
    losses: Amounts = ()
    """What it posted on the accounts of losses."""
    back: Credit | None = None
    """By line of an order that credits wallets: what which wristband gave back."""
    is_out: bool = False
    """Whether it took a ticket back."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What must be loaded before some items can be judged."""

    bands: frozenset[int]
    orders: frozenset[UUID]
    originals: frozenset[UUID]
    accounts: frozenset[Account]
    presales: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(
            self.bands
            or self.orders
            or self.originals
            or self.accounts
            or self.presales
        )


_LOSSES = frozenset(LOSS_ACCOUNTS.values())


class LedgerState:
    """The ledger as of the last item judged."""

    def __init__(self, batch: int, chain_head: bytes, last_entry: int) -> None:
        self.batch = batch
        self.chain_head = chain_head
        self.last_entry = last_entry
        self.wallets: dict[int, Wallet] = {}
        self.bands: dict[int, Band | None] = {}
        self.orders: dict[UUID, OrderState] = {}
        self.originals: set[UUID] = set()
        """Orders whose cancellations are all known, too."""
        self.accounts: dict[Account, int] = {}
        self.presales: dict[str, Presale] = {}
        """By the digests of codes; what is missing after it was loaded nobody knows:
        whoever makes codes up must not fill the memory."""
        self.guests_money = GuestsMoney()
        self.holdings: dict[int, int] = {}
        """What each place for cash holds, by its account; negative, as all assets."""
        self.holders: dict[str, str | None] = {}
        """Whose each cash register is whose account is here; None: nobody's."""
        self.closings: dict[tuple[str, int], Closed] = {}
        """Every Z number that was closed, by its till: all of them are here."""
        self.is_wary = False
        """Whether to look up orders that should be new, since the last one was not."""

    def missing(self, items: Iterable[Item]) -> Missing:
        """List what judging these items needs and is not here.

        An order's first word needs nothing: that it is the first is checked again by
        the database when it books.
        """
        bands: set[int] = set()
        orders: set[UUID] = set()
        originals: set[UUID] = set()
        accounts: set[Account] = set()
        presales: set[str] = set()
        for item in items:
            if item.payer is not None and self.bands.get(item.payer) is None:
                bands.add(item.payer)
            for move in item.moves:
                if self.bands.get(move.serial) is None:
                    bands.add(move.serial)
            if item.bands or item.admission is not None:
                bands.update(_unknown(item, self.bands))
            if item.presale:
                held = self.presales
                presales.update(each for each in item.presale if each not in held)
            known = self.accounts
            accounts.update(
                [each.account for each in item.postings if each.account not in known]
            )
            if item.shift is not None:
                accounts.update(_register(item.shift) - self.accounts.keys())
            if item.order not in self.orders and (self.is_wary or follows(item)):
                orders.add(item.order)
            if item.cancels is not None and item.cancels not in self.originals:
                originals.add(item.cancels)
        accounts.update(_LOSSES - self.accounts.keys())
        return Missing(
            frozenset(bands),
            frozenset(orders),
            frozenset(originals),
            frozenset(accounts),
            frozenset(presales),
        )

    def order(self, number: UUID) -> OrderState:
        """Return what is known of an order, which may be nothing.

        It counts as spoken of: what a batch on its way says of an order must be
        remembered until the database knows it, too.
        """
        found = self.orders.pop(number, None) or OrderState()
        self.orders[number] = found
        return found

    def wallet(self, serial: int) -> tuple[Band | None, Wallet | None]:
        """Return a wristband and its wallet, which has been looked for."""
        band = self.bands[serial]
        return band, None if band is None else self.wallets[band.wallet]

    def shed(self) -> None:
        """Forget the orders not spoken of for longest, if they are too many."""
        for number in list(islice(self.orders, max(0, len(self.orders) - ORDERS_KEPT))):
            del self.orders[number]
            self.originals.discard(number)


def _unknown(item: Item, known: Mapping[int, Band | None]) -> Iterable[int]:
    """List the wristbands that an item changes, or lets in, and that are not here."""
    named = [
        serial
        for change in item.bands
        for serial in (change.serial, change.opens_wallet_of)
    ]
    if item.admission is not None:
        named += [guest.wallet for guest in item.admission.guests]
    return [
        serial for serial in named if serial is not None and known.get(serial) is None
    ]


def _register(shift: ShiftChange) -> frozenset[Account]:
    return frozenset({Account(Role.CASH_REGISTER, shift.register)})


def follows(item: Item) -> bool:
    """Say whether an item is, by its looks, not the first word about its order."""
    if item.step is Step.CLOSING:
        return False
    if item.step is Step.REQUEST or item.stand_in:
        return item.attempt > 1
    return item.attempt > 1 or item.payer is not None

"""What a batch adds to the ledger: its records by table, column by column."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.core import chain
from hub.core.ledger import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from contract.messages import AdviceFlag, DeclineReason
    from hub.core.booking import Item
    from hub.core.changes import ClosingWords, ShiftChange
    from hub.core.state import Amounts, Band, Wallet

MONEY, VOUCHER = Unit.MONEY.value, Unit.VOUCHER.value


class Table:
    """Rows of one table; they go to the database as columns."""

    __slots__ = ("add", "octets", "rows", "width")

    def __init__(self, width: int, octets: tuple[int, ...] = ()) -> None:
        self.width = width
        self.octets = octets
        """The columns that hold bytes."""
        self.rows: list[tuple[Any, ...]] = []
        self.add = self.rows.append

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """All values of each column."""
        return list(zip(*self.rows, strict=True)) or [()] * self.width


class Entry(NamedTuple):
    """One entry of the ledger, as it is written."""

    number: int
    cause: str
    order: UUID
    attempt: int
    reverses: int | None
    cancels: UUID | None
    postings: Amounts


@dataclass(slots=True)
class Records:
    """Everything one batch writes, and the chain's lines that say so."""

    fresh: list[UUID] = field(default_factory=list)
    """Orders this batch takes to be unheard of; the database checks it."""
    attempts: Table = field(default_factory=lambda: Table(7, octets=(2, 4)))
    outcomes: Table = field(default_factory=lambda: Table(12, octets=(3, 7, 8)))
    contradictions: Table = field(default_factory=lambda: Table(3, octets=(1, 2)))
    signatures: Table = field(default_factory=lambda: Table(4))
    entries: Table = field(default_factory=lambda: Table(9))
    """Each with the places, from 1, of its postings: the first and last of money, and
    the last of vouchers, which follow."""
    postings: Table = field(default_factory=lambda: Table(2))
    """Account and amount; their entries know which are theirs, and of what."""
    movements: Table = field(default_factory=lambda: Table(3))
    bands: Table = field(default_factory=lambda: Table(9))
    shifts: Table = field(default_factory=lambda: Table(5, octets=(2,)))
    closings: Table = field(default_factory=lambda: Table(8, octets=(4, 5, 6)))
    presales: Table = field(default_factory=lambda: Table(5))
    holdings: dict[int, int] = field(default_factory=dict)
    """What places for cash that this batch changes held before it."""
    wallets: dict[int, tuple[Wallet, int, int]] = field(default_factory=dict)
    """Wallets this batch changes, with their balance and vouchers before it."""
    lines: list[bytes] = field(default_factory=list)

    def touch(self, wallet: Wallet) -> None:
        """Remember how a wallet stood before this batch changed it."""
        if wallet.number not in self.wallets:
            self.wallets[wallet.number] = wallet, wallet.balance, wallet.vouchers

    def attempt(
        self, item: Item, reason: DeclineReason | None, balance: int | None
    ) -> None:
        """Add what was asked with what is answered."""
        why = None if reason is None else reason.value
        order, attempt, digest, till = item.order, item.attempt, item.digest, item.till
        self.attempts.add((order, attempt, digest, till, item.body, why, balance))
        self.lines.append(
            chain.line("attempt", order, attempt, digest, till, why, balance)
        )

    def outcome(self, item: Item, flags: Sequence[AdviceFlag]) -> None:
        """Add how an order ended, and its signature."""
        assert item.advice_digest is not None, "an outcome comes by an advice"
        words = [flag.value for flag in flags]
        order = item.order
        self.outcomes.add(
            (
                order,
                item.step.value,
                item.attempt,
                item.digest,
                item.till,
                item.payer,
                item.cancels,
                item.advice_digest,
                item.body,
                "+".join(words) or None,
                item.z_number,
                item.sequence,
            )
        )
        self.lines.append(
            chain.line(
                "outcome",
                order,
                item.step.value,
                item.attempt,
                item.advice_digest,
                words,
            )
        )
        if item.fiscal is not None:
            said = item.fiscal
            signed = (order, said.tse_serial, said.number, said.counter)
            self.signatures.add(signed)
            self.lines.append(chain.line("signature", *signed))

    def contradiction(self, item: Item) -> None:
        """Add an advice that says otherwise than the first one."""
        assert item.advice_digest is not None, "only advices contradict each other"
        self.contradictions.add((item.order, item.advice_digest, item.body))
        self.lines.append(chain.line("contradiction", item.order, item.advice_digest))

    def band(self, serial: int, band: Band, entry: int, order: UUID) -> None:
        """Add what became of a wristband."""
        changed = (
            serial,
            entry,
            band.wallet,
            band.blocked,
            band.registered,
            band.restriction,
            band.successor,
            band.note,
            order,
        )
        self.bands.add(changed)
        self.lines.append(chain.line("band", *changed))

    def shift(self, change: ShiftChange, entry: int, order: UUID) -> None:
        """Add whose a cash register became."""
        changed = (change.register, entry, change.holder, change.z_number, order)
        self.shifts.add(changed)
        self.lines.append(chain.line("shift", *changed))

    def presale(
        self,
        code: str,
        entry: int,
        before: UUID | None,
        holder: UUID | None,
        order: UUID,
    ) -> None:
        """Add who came in by a code; nobody when it is free again."""
        self.presales.add((code, entry, before, holder, order))
        self.lines.append(chain.line("presale", code, entry, holder, order))

    def closing(self, item: Item, words: ClosingWords) -> None:
        """Add a till's Z report."""
        flags = [flag.value for flag in words.flags]
        span = (item.till, words.z_number, words.first, words.last, item.digest)
        signed = words.signature
        self.closings.add((*span, item.body, signed, "+".join(flags) or None))
        seal = None if signed is None else hashlib.sha256(signed).digest()
        self.lines.append(chain.line("closing", *span, seal, flags))

    def entry(self, entry: Entry) -> None:
        """Add an entry with all its postings: those of money, and then of vouchers."""
        *said, postings = entry
        add, first, vouchers = self.postings.add, len(self.postings), []
        for account, unit, amount in postings:
            if unit == MONEY:
                add((account, amount))
            else:
                vouchers.append((account, amount))
        middle = len(self.postings)
        for each in vouchers:
            add(each)
        self.entries.add((*said, first + 1, middle, middle + len(vouchers)))
        self.lines.append(chain.line("entry", *said, sorted(postings)))


def read_postings(row: Mapping[str, Any]) -> list[tuple[int, str, int]]:
    """Give the postings of a row of `entry` as the chain has them, sorted.

    What was tampered with may lack an account or an amount; that becomes a zero.
    """
    return sorted(
        (_number(account), unit, _number(amount))
        for unit, accounts, amounts in _columns(row)
        for account, amount in zip_longest(accounts or (), amounts or ())
    )


def is_well_formed(row: Mapping[str, Any]) -> bool:
    """Whether the postings of a row of `entry` are such as the hub writes.

    Numbers, as many amounts as accounts, and each account once in each unit.
    """
    for _, accounts, amounts in _columns(row):
        numbers = [*(accounts or ()), *(amounts or ())]
        if not all(isinstance(each, int) for each in numbers):
            return False
        if not len(set(accounts or ())) == len(accounts or ()) == len(amounts or ()):
            return False
    return True


def _columns(row: Mapping[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    return (
        (MONEY, row["accounts"], row["amounts"]),
        (VOUCHER, row["voucher_accounts"], row["voucher_amounts"]),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0

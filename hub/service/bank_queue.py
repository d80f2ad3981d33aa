"""Credits that wait for people: assigned to bills, set aside, or put back.

A decision is a row of its own and the latest holds, so who decided what is never lost.
Two people at once make one decision: the second is told to look again.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from contract.money import plain_amount
from hub.core.bills.bill import MovementKind
from hub.core.bills.credits import Credit, Direction
from hub.core.bills.errors import NotAllowed
from hub.core.bills.matching import Part, Payable, suggestions
from hub.service.bank_import import payable
from hub.service.bank_money import Money, assignment, moneys, take_money
from hub.service.rows import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hub.store.store import Row, Store, UnitOfWork

PAGE_ROWS = 50
NOTE_MAX = 500
WORD_MIN = 3
PARTS_MAX = 20
_WAITING = frozenset({"unassigned", "quarantined"})
_OPPOSITE = {
    MovementKind.PAYMENT: MovementKind.CHARGEBACK,
    MovementKind.CHARGEBACK: MovementKind.PAYMENT,
}


class BankCredit(msgspec.Struct, frozen=True, kw_only=True):
    """A credit as a bank reported it, and what became of it so far."""

    id: int
    file: str
    imported_at: datetime
    entry: int
    part: int
    direction: str
    amount_minor: int
    currency: str
    value_on: date | None
    payer_name: str
    payer_iban: str
    texts: tuple[str, ...]
    structured: tuple[str, ...]
    disposition: str
    """What the import made of it."""
    reason: str | None
    about: str
    turn: int
    """How often staff have decided about it; the next decision is one more."""
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    note: str

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to decide about it."""
        if self.decision is None:
            return self.disposition in _WAITING
        return self.decision == "undone"

    @property
    def is_booked(self) -> bool:
        """Whether it counts towards bills now."""
        if self.decision is None:
            return self.disposition == "booked"
        return self.decision == "assigned"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A credit with what it may pay, or pays."""

    credit: BankCredit
    suggestions: tuple[Payable, ...]
    parts: tuple[Part, ...]
    """The bills it is assigned to, if it is."""


class BankQueue:
    """What staff do about the credits of one event."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def waiting(self, after: int = 0) -> tuple[BankCredit, ...]:
        """List what somebody has to decide about, oldest first, a page of it."""
        rows = await self._store.fetch(
            "bank_credits_waiting", self._event, after, PAGE_ROWS
        )
        return tuple(_credit(row) for row in rows)

    async def decided(self) -> tuple[BankCredit, ...]:
        """List what staff decided last."""
        rows = await self._store.fetch("bank_credits_decided", self._event, PAGE_ROWS)
        return tuple(_credit(row) for row in rows)

    async def find(self, text: str) -> tuple[BankCredit, ...]:
        """Find credits by a piece of their name, text, reference or amount."""
        rows = await self._store.fetch(
            "bank_credits_found", self._event, text, PAGE_ROWS
        )
        return tuple(_credit(row) for row in rows)

    async def open(self, credit: int) -> Opened | None:
        """Show one credit with what it may pay; None if there is none."""
        row = await self._store.fetch_row("bank_credit", self._event, credit)
        if row is None:
            return None
        found = _credit(row)
        likely = await self._likely(row) if found.is_waiting else ()
        parts: tuple[Part, ...] = ()
        if found.is_booked:
            rows = await self._store.fetch("bank_assignments", found.id, found.turn)
            parts = tuple(Part(row["reference"], row["amount_minor"]) for row in rows)
        return Opened(credit=found, suggestions=likely, parts=parts)

    async def assign(
        self,
        credit: int,
        parts: Sequence[Part],
        *,
        turn: int,
        by: str,
        note: str = "",
    ) -> None:
        """Book a credit to one bill or several; together they take all of it.

        `turn` is that of the decision, one more than was seen. Money that left the
        account (a payment taken back) is taken off the bills.
        """
        async with self._store.unit_of_work() as unit:
            row = await self._begin(unit, credit, turn)
            found = _credit(row)
            if not found.is_waiting:
                raise NotAllowed("This credit is not waiting. Look at it again.")
            await self._check(unit, found, parts)
            await self._decide(unit, credit, turn, "assigned", (by, note))
            await self._book(unit, row, turn, parts)
            # Only now is a sum taken in: its parts may come no more.
            kept: list[tuple[object, ...]] = [(mark, credit) for mark in row["marks"]]
            await unit.fetch("add_bank_marks", self._event, *columns(kept, 2))

    async def set_aside(self, credit: int, *, turn: int, by: str, note: str) -> None:
        """Have a credit wait no longer: it pays no bill. The note says why."""
        if not note.strip():
            raise NotAllowed("Say why it is set aside, for whoever looks for it later.")
        async with self._store.unit_of_work() as unit:
            found = _credit(await self._begin(unit, credit, turn))
            if not found.is_waiting:
                raise NotAllowed("This credit is not waiting. Look at it again.")
            await self._decide(unit, credit, turn, "set_aside", (by, note))

    async def undo(self, credit: int, *, turn: int, by: str, note: str) -> None:
        """Put a credit back into the queue; what it paid is taken off its bills."""
        async with self._store.unit_of_work() as unit:
            row = await self._begin(unit, credit, turn)
            found = _credit(row)
            if found.is_waiting or (found.decision is None and not found.is_booked):
                raise NotAllowed("There is nothing to undo. Look at it again.")
            await self._decide(unit, credit, turn, "undone", (by, note))
            if found.is_booked:
                rows = await unit.fetch("bank_assignments", credit, found.turn)
                parts = [Part(each["reference"], each["amount_minor"]) for each in rows]
                await self._lock(unit, parts)
                taken = _kind(found)
                await take_money(
                    unit,
                    self._event,
                    [
                        msgspec.structs.replace(money, kind=_OPPOSITE[taken])
                        for money in self._moneys(row, turn, parts)
                    ],
                )

    async def _begin(self, unit: UnitOfWork, credit: int, turn: int) -> Row:
        await unit.fetch("bank_turn", self._event)
        row = await unit.fetch_row("bank_credit", self._event, credit)
        if row is None:
            raise NotAllowed(f"There is no credit {credit}.")
        if turn != (row["turn"] or 0) + 1:
            raise NotAllowed(
                "Somebody else has decided about this credit meanwhile. Look again."
            )
        return row

    async def _check(
        self, unit: UnitOfWork, credit: BankCredit, parts: Sequence[Part]
    ) -> None:
        if not 1 <= len(parts) <= PARTS_MAX:
            raise NotAllowed(f"Name 1 to {PARTS_MAX} bills.")
        if credit.direction == Direction.UNKNOWN.value:
            raise NotAllowed(
                "The bank does not say which way the money went. Ask the bank, then "
                "set it aside."
            )
        if any(part.amount_minor <= 0 for part in parts):
            raise NotAllowed("Each bill gets more than zero.")
        total = sum(part.amount_minor for part in parts)
        if total != credit.amount_minor:
            raise NotAllowed(
                f"The parts add up to {plain_amount(total)}, the credit is "
                f"{plain_amount(credit.amount_minor)} {credit.currency}."
            )
        references = [part.reference for part in parts]
        if len(set(references)) != len(references):
            raise NotAllowed("A bill is named twice.")
        rows = await unit.fetch("bills_to_assign", self._event, references)
        currencies = {row["reference"]: row["currency"] for row in rows}
        for reference in references:
            if reference not in currencies:
                raise NotAllowed(f"There is no bill {reference[:40]}.")
            if currencies[reference] != credit.currency:
                raise NotAllowed(
                    f"The bill {reference} is in {currencies[reference]}, the credit "
                    f"in {credit.currency}."
                )
        await self._lock(unit, parts)

    async def _lock(self, unit: UnitOfWork, parts: Iterable[Part]) -> None:
        references = sorted(part.reference for part in parts)
        await unit.fetch("lock_bills", self._event, references)

    async def _decide(
        self,
        unit: UnitOfWork,
        credit: int,
        turn: int,
        kind: str,
        said: tuple[str, str],
    ) -> None:
        by, note = said
        if len(note) > NOTE_MAX:
            raise NotAllowed(f"A note has up to {NOTE_MAX} characters.")
        await unit.fetch("add_bank_decision", credit, turn, kind, by, note.strip())

    async def _book(
        self, unit: UnitOfWork, row: Row, turn: int, parts: Sequence[Part]
    ) -> None:
        made = list(self._moneys(row, turn, parts))
        kind = _kind(_credit(row))
        await take_money(
            unit,
            self._event,
            [msgspec.structs.replace(money, kind=kind) for money in made],
        )
        rows = [assignment(row["id"], turn, money) for money in made]
        await unit.fetch("add_bank_assignments", *columns(rows, 5))

    def _moneys(self, row: Row, turn: int, parts: Sequence[Part]) -> Iterable[Money]:
        """Make the movements; the bank's charge is booked with the first decision."""
        is_first = turn == 1 and row["disposition"] != "booked"
        return moneys(
            row["id"],
            turn,
            parts,
            fee_minor=(row["charges_minor"] or None) if is_first else None,
            value_on=row["value_on"] or row["booked_on"],
        )

    async def _likely(self, row: Row) -> tuple[Payable, ...]:
        credit = _as_reported(row)
        numbers = [mention.number for mention in credit.mentions]
        named = await self._store.fetch("named_bills", self._event, numbers)
        if named:
            return tuple(payable(each) for each in named)
        words = {
            word
            for text in (credit.payer_name, *credit.text)
            for word in text.lower().split()
            if len(word) >= WORD_MIN and word.isalpha()
        }
        found = await self._store.fetch(
            "bank_candidates",
            self._event,
            credit.currency,
            credit.amount_minor,
            [f"%{word}%" for word in sorted(words)],
        )
        return suggestions(credit, [payable(each) for each in found])


def _kind(credit: BankCredit) -> MovementKind:
    if credit.direction == Direction.DEBIT.value:
        return MovementKind.CHARGEBACK
    return MovementKind.PAYMENT


def _credit(row: Row) -> BankCredit:
    return BankCredit(
        id=row["id"],
        file=row["file_name"],
        imported_at=row["imported_at"],
        entry=row["entry"],
        part=row["part"],
        direction=row["direction"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        value_on=row["value_on"],
        payer_name=row["payer_name"],
        payer_iban=row["payer_iban"],
        texts=tuple(row["texts"]),
        structured=tuple(row["structured"]),
        disposition=row["disposition"],
        reason=row["reason"],
        about=row["about"],
        turn=row["turn"] or 0,
        decision=row["decision"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        note=row["note"] or "",
    )


def _as_reported(row: Row) -> Credit:
    return Credit(
        account=row["account"],
        entry=row["entry"],
        part=row["part"],
        direction=Direction(row["direction"]),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        end_to_end_id=row["end_to_end_id"],
        structured=tuple(row["structured"]),
        text=tuple(row["texts"]),
        payer_name=row["payer_name"],
    )
